// SPDX-License-Identifier: MIT
/*
 * ln [-fs] FILE NAME
 * ln [-fs] FILE... FOLDER
 *
 * Give a file another name.
 *   -f  NAME may exist, and is replaced
 *   -s  a symbolic link: a file that says where to look
 */

#define _GNU_SOURCE
#include <unistd.h>

#include "include/target.h"

int main(int argc, char **argv)
{
	bool symbolic = false, force = false;
	int status = EXIT_SUCCESS;
	const char *target;

	for (int letter; (letter = option(argc, argv, "fs")) != -1;) {
		force |= letter == 'f';
		symbolic |= letter == 's';
	}
	target = target_of(argc, argv);
	for (; optind < argc - 1; optind++) {
		char *name = target_name(target, argv[optind]);

		if (force)
			unlink(name);
		if ((symbolic ? symlink : link)(argv[optind], name) != 0) {
			warn("%s", name);
			status = EXIT_FAILURE;
		}
		free(name);
	}
	return status;
}
