// SPDX-License-Identifier: MIT
/*
 * grep [-EFchilnqrv] PATTERN [FILE...]
 *
 * Print the lines that match PATTERN, a regular expression.  The status is 0
 * if there were some, 1 if there were none, and 2 after an error.
 *   -E  an extended regular expression: + ? | ( ) { } are special
 *   -F  no regular expression: PATTERN is looked for as it is
 *   -c  only how many lines there are
 *   -h  without the names of the files
 *   -i  upper and lower case are the same
 *   -l  only the names of the files that have such lines
 *   -n  with line numbers
 *   -q  print nothing
 *   -r  in all files of the folders named (default: the current one)
 *   -v  the lines that do not match
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fts.h>
#include <regex.h>
#include <stdbool.h>

#include "include/usage.h"

static bool fixed, count_only, names_only, numbers, quiet, invert, names;
static int flags = REG_NOSUB;
static const char *pattern;
static regex_t expression;
static bool any, failed;

static bool matches(const char *line)
{
	bool found;

	if (!fixed)
		found = regexec(&expression, line, 0, NULL, 0) == 0;
	else if (flags & REG_ICASE)
		found = strcasestr(line, pattern);
	else
		found = strstr(line, pattern);
	return found != invert;
}

static void show(const char *path, unsigned long number, const char *line)
{
	if (names)
		printf("%s:", path);
	if (numbers)
		printf("%lu:", number);
	puts(line);
}

static void grep(FILE *file, const char *path)
{
	unsigned long number = 0, found = 0;
	char *line = NULL;
	size_t room = 0;
	ssize_t length;

	while ((length = getline(&line, &room, file)) >= 0) {
		if (length > 0 && line[length - 1] == '\n')
			line[length - 1] = '\0';
		number++;
		if (!matches(line))
			continue;
		found++;
		if (names_only || quiet)
			break;
		if (!count_only)
			show(path, number, line);
	}
	if (ferror(file)) {
		warn("%s", path);
		failed = true;
	}
	free(line);
	any |= found > 0;
	if (names_only && found && !quiet)
		puts(path);
	else if (count_only && !quiet)
		printf("%s%s%lu\n", names ? path : "", names ? ":" : "", found);
}

static void grep_path(const char *path)
{
	FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");

	if (file) {
		grep(file, path);
		fclose(file);
	} else {
		warn("%s", path);
		failed = true;
	}
}

static void grep_tree(char *path)
{
	char *roots[] = {path, NULL};
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *entry;

	if (!fts)
		err(2, "%s", path);
	while ((entry = fts_read(fts))) {
		if (entry->fts_info == FTS_F) {
			grep_path(entry->fts_path);
		} else if (entry->fts_errno) {
			errno = entry->fts_errno;
			warn("%s", entry->fts_path);
			failed = true;
		}
	}
	fts_close(fts);
}

static void compile(void)
{
	int error = regcomp(&expression, pattern, flags);
	char text[100];

	if (error) {
		regerror(error, &expression, text, sizeof(text));
		errx(2, "%s: %s", pattern, text);
	}
}

int main(int argc, char **argv)
{
	bool recursive = false, hide_names = false;

	usage_status = 2;
	for (int letter; (letter = option(argc, argv, "EFchilnqrv")) != -1;) {
		flags |= letter == 'E' ? REG_EXTENDED : 0;
		flags |= letter == 'i' ? REG_ICASE : 0;
		fixed |= letter == 'F';
		count_only |= letter == 'c';
		hide_names |= letter == 'h';
		names_only |= letter == 'l';
		numbers |= letter == 'n';
		quiet |= letter == 'q';
		recursive |= letter == 'r';
		invert |= letter == 'v';
	}
	if (optind == argc)
		usage(2);
	pattern = argv[optind++];
	if (!fixed)
		compile();
	names = !hide_names && (recursive || argc - optind > 1);
	if (optind == argc && recursive)
		grep_tree(".");
	else if (optind == argc)
		grep(stdin, "(standard input)");
	for (; optind < argc; optind++)
		if (recursive)
			grep_tree(argv[optind]);
		else
			grep_path(argv[optind]);
	return finish(failed && !(quiet && any) ? 2 : !any);
}
