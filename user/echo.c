// SPDX-License-Identifier: MIT
/*
 * echo [-n] [WORD...]
 *
 * Print the words, with blanks between them and a newline at the end.
 *   -n  without the newline
 */

#include <stdbool.h>

#include "include/usage.h"

int main(int argc, char **argv)
{
	bool newline = true;
	int i = 1;

	/* Not option(): all other words are there to be printed. */
	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		usage(EXIT_SUCCESS);
	if (argc > 1 && strcmp(argv[1], "-n") == 0) {
		newline = false;
		i++;
	}
	for (; i < argc; i++)
		printf("%s%s", argv[i], i + 1 < argc ? " " : "");
	if (newline)
		putchar('\n');
	return finish(EXIT_SUCCESS);
}
