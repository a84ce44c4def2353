// SPDX-License-Identifier: MIT
/*
 * free [-b | -m]
 *
 * Show how much memory there is and what it is used for, in KiB: free; in
 * the page cache (files' contents, which can be dropped when there is need);
 * otherwise used; and available to programs without swapping.
 *   -b  in bytes
 *   -m  in MiB
 */

#include "include/usage.h"

static unsigned long divisor = 1; /* of KiB */
static unsigned long factor = 1;

/* A line of /proc/meminfo, in KiB; 0 if it is not there. */
static unsigned long field(const char *name)
{
	FILE *file = fopen("/proc/meminfo", "r");
	unsigned long value = 0;
	char line[200];

	if (!file)
		err(1, "/proc/meminfo");
	while (fgets(line, sizeof(line), file))
		if (strncmp(line, name, strlen(name)) == 0 &&
		    line[strlen(name)] == ':')
			value = strtoul(line + strlen(name) + 1, NULL, 10);
	fclose(file);
	return value;
}

static void show(unsigned long kib)
{
	printf(" %11lu", kib * factor / divisor);
}

int main(int argc, char **argv)
{
	unsigned long total, unused, cached, swap;

	for (int letter; (letter = option(argc, argv, "bm")) != -1;) {
		factor = letter == 'b' ? 1024 : 1;
		divisor = letter == 'm' ? 1024 : 1;
	}
	total = field("MemTotal");
	unused = field("MemFree");
	cached = field("Cached") + field("Buffers");
	swap = field("SwapTotal");
	puts("              total        used        free      cached   "
	     "available");
	fputs("Memory:", stdout);
	show(total);
	show(total - unused - cached);
	show(unused);
	show(cached);
	show(field("MemAvailable"));
	fputs("\nSwap:  ", stdout);
	show(swap);
	show(swap - field("SwapFree"));
	show(field("SwapFree"));
	putchar('\n');
	return finish(EXIT_SUCCESS);
}
