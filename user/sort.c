// SPDX-License-Identifier: MIT
/*
 * sort [-nru] [-k FIELD] [FILE...]
 *
 * Print the lines of all files, sorted.
 *   -k  by the line's FIELD-th word and what follows (default: all of it)
 *   -n  by the number at its start
 *   -r  the other way round
 *   -u  of equal lines only the first
 */

#define _GNU_SOURCE
#include <stdbool.h>

#include "include/usage.h"

struct line {
	char *text;
	size_t place; /* lines that are equal keep their order */
};

static struct line *lines;
static size_t count, room;
static bool numeric, reverse, unique;
static int field = 1;

static const char *key(const char *text)
{
	for (int i = 1; i < field; i++) {
		text += strspn(text, " \t");
		text += strcspn(text, " \t");
	}
	return text;
}

static int compare_keys(const struct line *a, const struct line *b)
{
	const char *ka = key(a->text), *kb = key(b->text);
	int order = 0;

	if (numeric) {
		double na = strtod(ka, NULL), nb = strtod(kb, NULL);

		order = (na > nb) - (na < nb);
	} else {
		order = strcmp(ka, kb);
	}
	return reverse ? -order : order;
}

static int compare(const void *left, const void *right)
{
	const struct line *a = left, *b = right;
	int order = compare_keys(a, b);

	if (order == 0 && !unique)
		order = reverse ? strcmp(b->text, a->text)
				: strcmp(a->text, b->text);
	return order ? order : (a->place > b->place) - (a->place < b->place);
}

static void read_lines(FILE *file, const char *path)
{
	size_t size = 0;
	ssize_t length;
	char *text = NULL;

	while ((length = getline(&text, &size, file)) >= 0) {
		if (length > 0 && text[length - 1] == '\n')
			text[length - 1] = '\0';
		if (count == room)
			lines = realloc(lines, (room = 2 * room + 256) *
						       sizeof(*lines));
		if (!lines)
			err(2, "%s", path);
		lines[count] = (struct line){text, count};
		count++;
		text = NULL;
		size = 0;
	}
	free(text);
	if (ferror(file))
		err(2, "%s", path);
}

int main(int argc, char **argv)
{
	usage_status = 2;
	for (int letter; (letter = option(argc, argv, "k:nru")) != -1;) {
		numeric |= letter == 'n';
		reverse |= letter == 'r';
		unique |= letter == 'u';
		if (letter == 'k')
			field = atoi(optarg);
	}
	if (optind == argc)
		read_lines(stdin, "standard input");
	for (; optind < argc; optind++) {
		FILE *file = fopen(argv[optind], "r");

		if (!file)
			err(2, "%s", argv[optind]);
		read_lines(file, argv[optind]);
		fclose(file);
	}
	if (count > 0)
		qsort(lines, count, sizeof(*lines), compare);
	for (size_t i = 0; i < count; i++)
		if (!unique || i == 0 || compare_keys(&lines[i - 1], &lines[i]))
			puts(lines[i].text);
	return finish(EXIT_SUCCESS);
}
