// SPDX-License-Identifier: MIT
/*
 * head [-n LINES | -LINES | -c BYTES] [FILE...]
 *
 * Print the first 10, or LINES, lines of each file, or its first BYTES.
 */

#include <stdbool.h>

#include "include/usage.h"

static long limit = 10;
static bool by_bytes;

static bool head(const char *path)
{
	bool is_input = strcmp(path, "-") == 0;
	FILE *file = is_input ? stdin : fopen(path, "r");
	long left = limit;
	bool failed;
	int c;

	if (!file)
		return false;
	while (left > 0 && (c = getc_unlocked(file)) != EOF) {
		putchar_unlocked(c);
		if (by_bytes || c == '\n')
			left--;
	}
	failed = ferror(file);
	if (!is_input)
		fclose(file);
	return !failed;
}

int main(int argc, char **argv)
{
	int status = EXIT_SUCCESS, files, letter, number = 0;

	while ((letter = option(argc, argv, "c:n:0123456789")) != -1) {
		by_bytes = letter == 'c';
		if (optarg)
			limit = atol(optarg);
		else
			limit = number = 10 * number + letter - '0';
	}
	files = argc - optind;
	for (int i = 0; i < files || i == 0; i++) {
		const char *path = files ? argv[optind + i] : "-";

		if (files > 1)
			printf("%s==> %s <==\n", i ? "\n" : "", path);
		if (!head(path)) {
			warn("%s", path);
			status = EXIT_FAILURE;
		}
	}
	return finish(status);
}
