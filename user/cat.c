// SPDX-License-Identifier: MIT
/*
 * cat [FILE...]
 *
 * Copy the files, one after the other, to the standard output.  "-", or no
 * FILE at all, is the standard input.
 */

#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

#include "include/usage.h"

static bool write_all(int fd, const char *bytes, size_t nbytes)
{
	while (nbytes > 0) {
		ssize_t n = write(fd, bytes, nbytes);

		if (n < 0)
			return false;
		bytes += n;
		nbytes -= n;
	}
	return true;
}

static int cat(const char *path)
{
	static char buffer[65536];
	bool is_input = strcmp(path, "-") == 0;
	int fd = is_input ? STDIN_FILENO : open(path, O_RDONLY);
	ssize_t n = -1;

	if (fd >= 0)
		while ((n = read(fd, buffer, sizeof(buffer))) > 0)
			if (!write_all(STDOUT_FILENO, buffer, n))
				err(1, "standard output");
	if (n < 0)
		warn("%s", path);
	if (fd > STDIN_FILENO)
		close(fd);
	return n < 0;
}

int main(int argc, char **argv)
{
	int status = EXIT_SUCCESS;

	option(argc, argv, "");
	if (optind == argc)
		return cat("-");
	for (; optind < argc; optind++)
		status |= cat(argv[optind]);
	return status;
}
