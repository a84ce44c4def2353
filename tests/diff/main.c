// SPDX-License-Identifier: MIT
/*
 * differ - random sequences of memory and file operations (see differ.h).
 *
 *	differ SEED [STEP...]	one sequence, or some steps of it, in words
 *	differ			what standard input says, line by line:
 *		digests FIRST COUNT	"SEED DIGEST" of each
 *		words SEED [STEP...]	as above, and a line "end"
 *
 * It works in the current folder, on files "a" and "b" there or in the
 * folder "tmpfs", where it mounts one.  tests/diff/diff.py
 * runs it on two kernels and compares.
 */

#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "differ.h"

static void tell_digests(uint64_t first, uint64_t count)
{
	for (uint64_t seed = first; seed < first + count; seed++) {
		sequence_run(seed, NULL);
		printf("%lu %016lx\n", seed, log_digest());
		fflush(stdout);
	}
}

/* @words: "SEED [STEP...]". */
static void tell_words(char *words)
{
	bool wanted[STEPS] = {false};
	bool some = false;
	char *end;
	uint64_t seed = strtoul(words, &words, 0);

	for (;;) {
		unsigned long step = strtoul(words, &end, 0);
		if (end == words)
			break;
		words = end;
		some = true;
		if (step < STEPS)
			wanted[step] = true;
	}
	sequence_run(seed, some ? wanted : NULL);
	printf("%s", log_text());
	fflush(stdout);
}

static void obey(char *line)
{
	unsigned long first, count;

	if (sscanf(line, "digests %lu %lu", &first, &count) == 2) {
		tell_digests(first, count);
	} else if (strncmp(line, "words ", 6) == 0) {
		tell_words(line + 6);
		printf("end\n");
		fflush(stdout);
	} else {
		fprintf(stderr, "differ: what is \"%s\"?\n", line);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	static char line[STEPS * 5 + 100];

	if ((mkdir(MEMORY_FOLDER, 0755) != 0 && errno != EEXIST) ||
	    mount("tmpfs", MEMORY_FOLDER, "tmpfs", 0, NULL) != 0)
		err(1, MEMORY_FOLDER);
	if (argc > 1) {
		for (int i = 1; i < argc; i++) {
			strncat(line, " ", sizeof(line) - strlen(line) - 1);
			strncat(line, argv[i], sizeof(line) - strlen(line) - 1);
		}
		tell_words(line);
		return 0;
	}
	while (fgets(line, sizeof(line), stdin))
		obey(line);
	return 0;
}
