// SPDX-License-Identifier: MIT
/*
 * seq [FIRST [STEP]] LAST
 *
 * Print the whole numbers from FIRST (default: 1) to LAST.
 */

#include "include/usage.h"

static long number(const char *text)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (end == text || *end)
		errx(1, "%s: not a whole number", text);
	return value;
}

int main(int argc, char **argv)
{
	long first = 1, step = 1, last;

	/* Not option(): -1 is a number here. */
	if (argc < 2 || argc > 4)
		usage(EXIT_FAILURE);
	if (strcmp(argv[1], "--help") == 0)
		usage(EXIT_SUCCESS);
	last = number(argv[argc - 1]);
	if (argc > 2)
		first = number(argv[1]);
	if (argc > 3)
		step = number(argv[2]);
	if (step == 0)
		errx(1, "the step can't be 0");
	for (long i = first; step > 0 ? i <= last : i >= last; i += step)
		printf("%ld\n", i);
	return finish(EXIT_SUCCESS);
}
