// SPDX-License-Identifier: MIT
/*
 * mkdir [-p] [-m MODE] FOLDER...
 *
 * Make folders.
 *   -m  with this mode (octal) instead of what the umask leaves of 777
 *   -p  also the folders on the way; it is no error if FOLDER exists
 */

#include <errno.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "include/usage.h"

static bool exists(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* All folders that @path names, from left to right. */
static int make_path(char *path, mode_t mode)
{
	for (char *slash = path + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		if (mkdir(path, 0777) != 0 && !exists(path))
			return -1;
		*slash = '/';
	}
	return mkdir(path, mode) == 0 || exists(path) ? 0 : -1;
}

int main(int argc, char **argv)
{
	int status = EXIT_SUCCESS;
	bool parents = false;
	mode_t mode = 0777;

	for (int letter; (letter = option(argc, argv, "m:p")) != -1;) {
		if (letter == 'p')
			parents = true;
		else
			mode = strtol(optarg, NULL, 8);
	}
	if (optind == argc)
		usage(EXIT_FAILURE);
	for (; optind < argc; optind++) {
		char *path = argv[optind];

		if ((parents ? make_path(path, mode) : mkdir(path, mode)) !=
		    0) {
			warn("%s", path);
			status = EXIT_FAILURE;
		}
	}
	return status;
}
