// SPDX-License-Identifier: MIT
/*
 * swapon [-p PRIORITY] AREA...
 * swapon
 *
 * Let programs' memory go to AREAs, disks or files that mkswap(8) has
 * prepared, when there is too little of it; without arguments, list those in
 * use.
 *   -p  take it before those of lower PRIORITY (0 to 32767; default: after
 *       all others)
 */

#include <sys/swap.h>

#include "include/usage.h"

static int list(void)
{
	FILE *swaps = fopen("/proc/swaps", "r");
	char line[1000];

	if (!swaps)
		err(1, "/proc/swaps");
	while (fgets(line, sizeof(line), swaps))
		fputs(line, stdout);
	fclose(swaps);
	return finish(EXIT_SUCCESS);
}

int main(int argc, char **argv)
{
	int status = EXIT_SUCCESS;
	int flags = 0;

	while (option(argc, argv, "p:") != -1)
		flags = SWAP_FLAG_PREFER | (atoi(optarg) & SWAP_FLAG_PRIO_MASK);
	if (argc == 1)
		return list();
	if (optind == argc)
		usage(EXIT_FAILURE);
	for (; optind < argc; optind++)
		if (swapon(argv[optind], flags) != 0) {
			warn("%s", argv[optind]);
			status = EXIT_FAILURE;
		}
	return status;
}
