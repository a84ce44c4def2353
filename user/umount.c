// SPDX-License-Identifier: MIT
/*
 * umount FOLDER...
 *
 * Take away the trees that mount(1) has put at the FOLDERs.
 */

#include <sys/mount.h>

#include "include/usage.h"

int main(int argc, char **argv)
{
	int status = EXIT_SUCCESS;

	option(argc, argv, "");
	if (optind == argc)
		usage(EXIT_FAILURE);
	for (; optind < argc; optind++)
		if (umount(argv[optind]) != 0) {
			warn("%s", argv[optind]);
			status = EXIT_FAILURE;
		}
	return status;
}
