// SPDX-License-Identifier: MIT
/*
 * tail [-f] [-n LINES | -LINES | -n +LINE] [FILE...]
 *
 * Print the last 10, or LINES, lines of each file; or all from LINE on.
 *   -f  go on when the (last) file grows, until ^C
 */

#define _GNU_SOURCE
#include <stdbool.h>
#include <unistd.h>

#include "include/usage.h"

static long limit = 10;
static bool from_start, follow;

static void print_from(FILE *file, long line)
{
	int c;

	while ((c = getc_unlocked(file)) != EOF) {
		if (line <= 1)
			putchar_unlocked(c);
		if (c == '\n')
			line--;
	}
}

/* Keep the last @limit lines in a ring while reading them all. */
static void print_last(FILE *file)
{
	char **ring = calloc(limit + 1, sizeof(*ring));
	size_t *rooms = calloc(limit + 1, sizeof(*rooms));
	long *lengths = calloc(limit + 1, sizeof(*lengths));
	long count = 0;

	if (!ring || !rooms || !lengths)
		err(1, "-n %ld", limit);
	for (;; count++) {
		long slot = count % (limit + 1);

		lengths[slot] = getline(&ring[slot], &rooms[slot], file);
		if (lengths[slot] < 0)
			break;
	}
	for (long i = count > limit ? count - limit : 0; i < count; i++)
		fwrite(ring[i % (limit + 1)], 1, lengths[i % (limit + 1)],
		       stdout);
	for (long i = 0; i <= limit; i++)
		free(ring[i]);
	free(ring);
	free(rooms);
	free(lengths);
}

static bool tail(const char *path, bool last)
{
	bool is_input = strcmp(path, "-") == 0;
	FILE *file = is_input ? stdin : fopen(path, "r");
	bool failed;

	if (!file)
		return false;
	if (from_start)
		print_from(file, limit);
	else
		print_last(file);
	while (follow && last && !ferror(file)) {
		fflush(stdout);
		sleep(1);
		clearerr(file);
		print_from(file, 0);
	}
	failed = ferror(file);
	if (!is_input)
		fclose(file);
	return !failed;
}

int main(int argc, char **argv)
{
	int status = EXIT_SUCCESS, files, letter, number = 0;

	while ((letter = option(argc, argv, "fn:0123456789")) != -1) {
		if (letter == 'f') {
			follow = true;
		} else if (letter == 'n') {
			from_start = *optarg == '+';
			limit = labs(atol(optarg));
		} else {
			limit = number = 10 * number + letter - '0';
		}
	}
	files = argc - optind;
	for (int i = 0; i < files || i == 0; i++) {
		const char *path = files ? argv[optind + i] : "-";

		if (files > 1)
			printf("%s==> %s <==\n", i ? "\n" : "", path);
		if (!tail(path, i + 1 >= files)) {
			warn("%s", path);
			status = EXIT_FAILURE;
		}
	}
	return finish(status);
}
