// SPDX-License-Identifier: MIT
/*
 * uniq [-cdu] [FILE]
 *
 * Print the lines, but of equal ones that follow each other only one.
 *   -c  with their number
 *   -d  only those that come several times
 *   -u  only those that come once
 */

#define _GNU_SOURCE
#include <stdbool.h>

#include "include/usage.h"

static bool numbers, several, single;

static void show(const char *line, unsigned long times)
{
	if (times == 0 || (several && times == 1) || (single && times > 1))
		return;
	if (numbers)
		printf("%7lu ", times);
	fputs(line, stdout);
}

int main(int argc, char **argv)
{
	char *line = NULL, *before = NULL;
	size_t room = 0;
	unsigned long times = 0;
	FILE *file = stdin;

	for (int letter; (letter = option(argc, argv, "cdu")) != -1;) {
		numbers |= letter == 'c';
		several |= letter == 'd';
		single |= letter == 'u';
	}
	if (optind < argc && !(file = fopen(argv[optind], "r")))
		err(1, "%s", argv[optind]);
	while (getline(&line, &room, file) >= 0) {
		if (times > 0 && strcmp(line, before) == 0) {
			times++;
			continue;
		}
		show(before, times);
		free(before);
		before = strdup(line);
		times = 1;
	}
	show(before, times);
	free(before);
	free(line);
	if (ferror(file))
		err(1, "%s", optind < argc ? argv[optind] : "standard input");
	return finish(EXIT_SUCCESS);
}
