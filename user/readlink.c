// SPDX-License-Identifier: MIT
/*
 * readlink [-f] PATH...
 *
 * Print where a symbolic link leads.
 *   -f  in the end: the path without any symbolic links
 */

#include <limits.h>
#include <stdbool.h>
#include <unistd.h>

#include "include/usage.h"

int main(int argc, char **argv)
{
	int status = EXIT_SUCCESS;
	bool to_the_end = false;

	while (option(argc, argv, "f") != -1)
		to_the_end = true;
	if (optind == argc)
		usage(EXIT_FAILURE);
	for (; optind < argc; optind++) {
		const char *path = argv[optind];
		char target[PATH_MAX] = "";

		if (to_the_end ? realpath(path, target) != NULL
			       : readlink(path, target, PATH_MAX - 1) >= 0) {
			puts(target);
		} else {
			warn("%s", path);
			status = EXIT_FAILURE;
		}
	}
	return finish(status);
}
