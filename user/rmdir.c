// SPDX-License-Identifier: MIT
/*
 * rmdir FOLDER...
 *
 * Remove folders that are empty.
 */

#include <unistd.h>

#include "include/usage.h"

int main(int argc, char **argv)
{
	int status = EXIT_SUCCESS;

	option(argc, argv, "");
	if (optind == argc)
		usage(EXIT_FAILURE);
	for (; optind < argc; optind++)
		if (rmdir(argv[optind]) != 0) {
			warn("%s", argv[optind]);
			status = EXIT_FAILURE;
		}
	return status;
}
