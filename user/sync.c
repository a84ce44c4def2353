// SPDX-License-Identifier: MIT
/*
 * sync [FILE...]
 *
 * Wait until everything that was written, or only these files, is on disk.
 */

#include <fcntl.h>
#include <unistd.h>

#include "include/usage.h"

int main(int argc, char **argv)
{
	int status = EXIT_SUCCESS;

	option(argc, argv, "");
	if (optind == argc)
		sync();
	for (; optind < argc; optind++) {
		int fd = open(argv[optind], O_RDONLY);

		if (fd < 0 || fsync(fd) != 0) {
			warn("%s", argv[optind]);
			status = EXIT_FAILURE;
		}
		if (fd >= 0)
			close(fd);
	}
	return status;
}
