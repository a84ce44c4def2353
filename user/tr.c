// SPDX-License-Identifier: MIT
/*
 * tr [-c] [-s] FROM TO
 * tr [-c] -d FROM
 * tr [-c] -s FROM
 *
 * Translate the standard input: each character in FROM becomes the one at
 * the same place in TO, whose last character is repeated as needed.  Ranges
 * (a-z) and \n \t \r \\ \NNN are understood.
 *   -c  all characters that are not in FROM
 *   -d  characters in FROM are left out
 *   -s  of equal ones that follow each other only the first is kept, if they
 *       are in TO (or, without TO, in FROM)
 */

#include <stdbool.h>

#include "include/usage.h"

struct set {
	unsigned char list[256];
	size_t count;
	bool has[256];
};

static void set_add(struct set *set, unsigned char c)
{
	if (set->count < sizeof(set->list))
		set->list[set->count++] = c;
	set->has[c] = true;
}

/* The character that *@at begins with, which is moved behind it. */
static unsigned char next(const char **at)
{
	static const char letters[] = "nt\\r", meanings[] = "\n\t\\\r";
	const char *found;
	char *end;
	long value;

	if (**at != '\\' || !(*at)[1])
		return *(*at)++;
	++*at;
	found = strchr(letters, **at);
	if (found) {
		++*at;
		return meanings[found - letters];
	}
	value = strtol(*at, &end, 8);
	if (end == *at)
		return *(*at)++;
	*at = end;
	return value;
}

static void set_parse(struct set *set, const char *text)
{
	while (*text) {
		unsigned char first = next(&text), last = first;

		if (text[0] == '-' && text[1]) {
			text++;
			last = next(&text);
		}
		for (int c = first; c <= last; c++)
			set_add(set, c);
	}
}

static void set_complement(struct set *set)
{
	struct set other = {0};

	for (int c = 0; c < 256; c++)
		if (!set->has[c])
			set_add(&other, c);
	*set = other;
}

static void make_table(unsigned char table[256], const struct set *from,
		       const struct set *to)
{
	for (int c = 0; c < 256; c++)
		table[c] = c;
	for (size_t i = 0; i < from->count && to->count > 0; i++)
		table[from->list[i]] =
			to->list[i < to->count ? i : to->count - 1];
}

int main(int argc, char **argv)
{
	bool complement = false, leave_out = false, squeeze = false;
	struct set from = {0}, to = {0};
	unsigned char table[256];
	int before = EOF;

	for (int letter; (letter = option(argc, argv, "cds")) != -1;) {
		complement |= letter == 'c';
		leave_out |= letter == 'd';
		squeeze |= letter == 's';
	}
	if (argc - optind < (leave_out || squeeze ? 1 : 2))
		usage(EXIT_FAILURE);
	set_parse(&from, argv[optind]);
	if (complement)
		set_complement(&from);
	if (optind + 1 < argc)
		set_parse(&to, argv[optind + 1]);
	make_table(table, &from, &to);
	for (int c; (c = getchar_unlocked()) != EOF;) {
		if (leave_out && from.has[c])
			continue;
		c = table[c];
		if (squeeze && c == before && (to.count ? &to : &from)->has[c])
			continue;
		putchar_unlocked(before = c);
	}
	return finish(EXIT_SUCCESS);
}
