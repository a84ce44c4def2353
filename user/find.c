// SPDX-License-Identifier: MIT
/*
 * find [PATH...] [TEST...] [-print | -delete | -exec PROGRAM [ARG...] ;]
 *
 * Walk through folders and all that is in them, and print the paths (or
 * remove them, or run PROGRAM, in whose arguments {} is the path) of what
 * passes every TEST:
 *   -name PATTERN    its name matches, as in the shell
 *   -type LETTER     f a file, d a folder, l a symbolic link
 *   -size [+-]N[ck]  it has N (+: more, -: fewer) blocks of 512 bytes,
 *                    c: bytes, k: KiB
 *   -links N         it has N names
 *   -maxdepth N      it is at most N folders below PATH
 */

#include <errno.h>
#include <fnmatch.h>
#include <fts.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "include/usage.h"

static char **tests; /* the command line behind the paths */
static int max_depth = -1;
static int status;

/* What `+3k` and the like say of @bytes. */
static bool size_matches(const char *word, long bytes)
{
	char sign = *word == '+' || *word == '-' ? *word++ : '=';
	char *end;
	long wanted = strtol(word, &end, 10);
	long unit = *end == 'c' ? 1 : *end == 'k' ? 1024 : 512;
	long size = (bytes + unit - 1) / unit;

	if (sign == '+')
		return size > wanted;
	return sign == '-' ? size < wanted : size == wanted;
}

static bool type_matches(char letter, mode_t mode)
{
	switch (letter) {
	case 'f':
		return S_ISREG(mode);
	case 'd':
		return S_ISDIR(mode);
	case 'l':
		return S_ISLNK(mode);
	default:
		errx(1, "-type %c: f, d or l", letter);
	}
}

/* Run the command that begins at @words with {} replaced. */
static bool run(char **words, size_t count, char *path)
{
	char **argv = calloc(count + 1, sizeof(*argv));
	int result = 1;
	pid_t child;

	for (size_t i = 0; argv && i < count; i++)
		argv[i] = strcmp(words[i], "{}") == 0 ? path : words[i];
	fflush(stdout);
	child = fork();
	if (child == 0) {
		execvp(argv[0], argv);
		err(127, "%s", argv[0]);
	}
	if (child < 0)
		err(1, "fork");
	waitpid(child, &result, 0);
	free(argv);
	return result == 0;
}

/* Do the test or action at @word; the next one is at *@next. */
static bool pass(const FTSENT *entry, char **word, char ***next)
{
	const struct stat *st = entry->fts_statp;

	*next = word + 1;
	if (strcmp(*word, "-print") == 0) {
		puts(entry->fts_path);
		return true;
	}
	if (strcmp(*word, "-delete") == 0) {
		if (remove(entry->fts_path) == 0)
			return true;
		warn("%s", entry->fts_path);
		status = EXIT_FAILURE;
		return false;
	}
	if (!word[1])
		errx(1, "%s: needs a value", *word);
	*next = word + 2;
	if (strcmp(*word, "-name") == 0)
		return fnmatch(word[1], entry->fts_name, 0) == 0;
	if (strcmp(*word, "-type") == 0)
		return type_matches(*word[1], st->st_mode);
	if (strcmp(*word, "-size") == 0)
		return size_matches(word[1], st->st_size);
	if (strcmp(*word, "-links") == 0)
		return st->st_nlink == strtoul(word[1], NULL, 10);
	if (strcmp(*word, "-maxdepth") == 0) {
		max_depth = atoi(word[1]);
		return entry->fts_level <= max_depth;
	}
	if (strcmp(*word, "-exec") != 0)
		errx(1, "%s: no such test", *word);
	while (**next && strcmp(**next, ";") != 0)
		++*next;
	if (!**next)
		errx(1, "-exec: missing ;");
	return run(word + 1, (*next)++ - word - 1, entry->fts_path);
}

static void visit(const FTSENT *entry)
{
	bool acted = false;
	char **next = tests;

	for (char **word = tests; *word; word = next) {
		acted |= strcmp(*word, "-print") == 0 ||
			 strcmp(*word, "-delete") == 0 ||
			 strcmp(*word, "-exec") == 0;
		if (!pass(entry, word, &next))
			return;
	}
	if (!acted)
		puts(entry->fts_path);
}

static void walk(char **paths, bool folder_last)
{
	FTS *fts = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *entry;

	if (!fts)
		err(1, "find");
	while ((entry = fts_read(fts))) {
		if (entry->fts_errno) {
			errno = entry->fts_errno;
			warn("%s", entry->fts_path);
			status = EXIT_FAILURE;
		} else if (entry->fts_info != (folder_last ? FTS_D : FTS_DP)) {
			visit(entry);
		}
		if (max_depth >= 0 && entry->fts_level >= max_depth &&
		    entry->fts_info == FTS_D)
			fts_set(fts, entry, FTS_SKIP);
	}
	fts_close(fts);
}

int main(int argc, char **argv)
{
	static char *here[] = {".", NULL};
	bool folder_last = false;
	size_t npaths = 0;
	char **paths;

	if (argc > 1 && strcmp(argv[1], "--help") == 0)
		usage(EXIT_SUCCESS);
	tests = argv + 1;
	while (*tests && **tests != '-') {
		tests++;
		npaths++;
	}
	paths = calloc(npaths + 1, sizeof(*paths));
	if (!paths)
		err(1, "find");
	memcpy(paths, argv + 1, npaths * sizeof(*paths));
	for (char **word = tests; *word; word++)
		folder_last |= strcmp(*word, "-delete") == 0;
	walk(npaths ? paths : here, folder_last);
	free(paths);
	return finish(status);
}
