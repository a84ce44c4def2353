// SPDX-License-Identifier: MIT
/*
 * cmp [-l] [-s] FILE1 FILE2
 *
 * Compare two files and say where they first differ.  The status is 0 if
 * they are equal, 1 if they differ, 2 after an error.
 *   -l  list all bytes that differ: number, and both in octal
 *   -s  say nothing
 */

#include <stdbool.h>

#include "include/usage.h"

static bool list, silent;

static FILE *open_file(const char *path)
{
	FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");

	if (!file)
		err(2, "%s", path);
	return file;
}

static int compare(FILE *file1, FILE *file2, char **names)
{
	unsigned long byte = 1, line = 1;
	int status = 0;

	for (;; byte++) {
		int c1 = getc_unlocked(file1), c2 = getc_unlocked(file2);

		if (c1 == EOF && c2 == EOF)
			return status;
		if (c1 == EOF || c2 == EOF) {
			if (!silent)
				warnx("%s ends after byte %lu",
				      names[c1 != EOF], byte - 1);
			return 1;
		}
		if (c1 != c2 && list) {
			printf("%lu %3o %3o\n", byte, c1, c2);
			status = 1;
		} else if (c1 != c2) {
			if (!silent)
				printf("%s %s differ: byte %lu, line %lu\n",
				       names[0], names[1], byte, line);
			return 1;
		}
		line += c1 == '\n';
	}
}

int main(int argc, char **argv)
{
	FILE *file1, *file2;
	int status;

	usage_status = 2;
	for (int letter; (letter = option(argc, argv, "ls")) != -1;) {
		list |= letter == 'l';
		silent |= letter == 's';
	}
	if (argc - optind != 2)
		usage(2);
	file1 = open_file(argv[optind]);
	file2 = open_file(argv[optind + 1]);
	status = compare(file1, file2, argv + optind);
	if (ferror(file1))
		err(2, "%s", argv[optind]);
	if (ferror(file2))
		err(2, "%s", argv[optind + 1]);
	return finish(status);
}
