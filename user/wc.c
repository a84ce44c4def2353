// SPDX-License-Identifier: MIT
/*
 * wc [-clw] [FILE...]
 *
 * Count lines, words and bytes; of the standard input without FILE.
 *   -c  only bytes
 *   -l  only lines
 *   -w  only words
 */

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>

#include "include/usage.h"

struct counts {
	unsigned long lines, words, bytes;
};

static bool lines, words, bytes;

static void show(const struct counts *counts, const char *name)
{
	const unsigned long values[] = {counts->lines, counts->words,
					counts->bytes};
	const bool wanted[] = {lines, words, bytes};
	int width = lines + words + bytes == 1 ? 1 : 7;

	for (int i = 0, shown = 0; i < 3; i++)
		if (wanted[i])
			printf("%s%*lu", shown++ ? " " : "", width, values[i]);
	printf("%s%s\n", *name ? " " : "", name);
}

static bool count(const char *path, struct counts *counts)
{
	bool is_input = strcmp(path, "-") == 0, in_word = false;
	FILE *file = is_input ? stdin : fopen(path, "r");
	bool failed;

	if (!file)
		return false;
	for (int c; (c = getc_unlocked(file)) != EOF; counts->bytes++) {
		bool blank = isspace(c);

		counts->lines += c == '\n';
		counts->words += !blank && !in_word;
		in_word = !blank;
	}
	failed = ferror(file);
	if (!is_input)
		fclose(file);
	return !failed;
}

int main(int argc, char **argv)
{
	struct counts total = {0};
	int status = EXIT_SUCCESS, files;

	for (int letter; (letter = option(argc, argv, "clw")) != -1;) {
		bytes |= letter == 'c';
		lines |= letter == 'l';
		words |= letter == 'w';
	}
	if (!bytes && !lines && !words)
		bytes = lines = words = true;
	files = argc - optind;
	for (int i = 0; i < files || i == 0; i++) {
		const char *path = files ? argv[optind + i] : "-";
		struct counts counts = {0};

		if (!count(path, &counts)) {
			warn("%s", path);
			status = EXIT_FAILURE;
			continue;
		}
		show(&counts, files ? path : "");
		total.lines += counts.lines;
		total.words += counts.words;
		total.bytes += counts.bytes;
	}
	if (files > 1)
		show(&total, "total");
	return finish(status);
}
