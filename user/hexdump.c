// SPDX-License-Identifier: MIT
/*
 * hexdump [-C] [-n BYTES] [-s OFFSET] [FILE]
 *
 * Show bytes in hexadecimal and as characters, 16 in a line.  A line that
 * equals the one before it is shown as a star.
 *   -C  changes nothing: this is what -C means elsewhere
 *   -n  only so many bytes
 *   -s  beginning at this offset
 */

#include <ctype.h>
#include <stdbool.h>

#include "include/usage.h"

enum { WIDTH = 16 };

static void show(unsigned long offset, const unsigned char *line, size_t length)
{
	printf("%08lx ", offset);
	for (size_t i = 0; i < WIDTH; i++) {
		if (i % 8 == 0)
			putchar(' ');
		if (i < length)
			printf("%02x ", line[i]);
		else
			fputs("   ", stdout);
	}
	fputs(" |", stdout);
	for (size_t i = 0; i < length; i++)
		putchar(isprint(line[i]) ? line[i] : '.');
	puts("|");
}

static void dump(FILE *file, unsigned long offset, unsigned long limit)
{
	unsigned char line[WIDTH], before[WIDTH];
	unsigned long start = offset;
	bool starred = false;

	while (limit > 0) {
		size_t want = limit < WIDTH ? limit : WIDTH;
		size_t length = fread(line, 1, want, file);
		bool same = offset > start && length == WIDTH &&
			    memcmp(line, before, WIDTH) == 0;

		if (length == 0)
			break;
		if (!same)
			show(offset, line, length);
		else if (!starred)
			puts("*");
		starred = same;
		memcpy(before, line, length);
		offset += length;
		limit -= length;
	}
	if (offset > start)
		printf("%08lx\n", offset);
}

/* Pass over @offset bytes, also of what can't seek. */
static void skip(FILE *file, unsigned long offset)
{
	if (fseek(file, offset, SEEK_SET) != 0)
		while (offset-- > 0 && getc(file) != EOF)
			continue;
}

int main(int argc, char **argv)
{
	unsigned long limit = -1, offset = 0;
	FILE *file = stdin;

	for (int letter; (letter = option(argc, argv, "Cn:s:")) != -1;) {
		if (letter == 'n')
			limit = strtoul(optarg, NULL, 0);
		else if (letter == 's')
			offset = strtoul(optarg, NULL, 0);
	}
	if (optind < argc)
		file = fopen(argv[optind], "r");
	if (!file)
		err(1, "%s", argv[optind]);
	skip(file, offset);
	dump(file, offset, limit);
	if (ferror(file))
		err(1, "%s", optind < argc ? argv[optind] : "standard input");
	return finish(EXIT_SUCCESS);
}
