// SPDX-License-Identifier: MIT
/*
 * swapoff AREA...
 *
 * Bring back into memory what is in the AREAs that swapon(1) has begun to use,
 * and use them no longer.
 */

#include <sys/swap.h>

#include "include/usage.h"

int main(int argc, char **argv)
{
	int status = EXIT_SUCCESS;

	option(argc, argv, "");
	if (optind == argc)
		usage(EXIT_FAILURE);
	for (; optind < argc; optind++)
		if (swapoff(argv[optind]) != 0) {
			warn("%s", argv[optind]);
			status = EXIT_FAILURE;
		}
	return status;
}
