// SPDX-License-Identifier: MIT
/*
 * tee [-a] [FILE...]
 *
 * Copy the standard input to the standard output and to each file.
 *   -a  append to the files
 */

#include <fcntl.h>
#include <unistd.h>

#include "include/usage.h"

static int status;

static void write_all(int fd, const char *name, const char *bytes,
		      size_t nbytes)
{
	while (nbytes > 0) {
		ssize_t n = write(fd, bytes, nbytes);

		if (n < 0) {
			warn("%s", name);
			status = EXIT_FAILURE;
			return;
		}
		bytes += n;
		nbytes -= n;
	}
}

int main(int argc, char **argv)
{
	static char buffer[65536];
	int mode = O_TRUNC, *fds;
	ssize_t n;

	while (option(argc, argv, "a") != -1)
		mode = O_APPEND;
	fds = calloc(argc, sizeof(*fds));
	for (int i = optind; i < argc; i++) {
		fds[i] = open(argv[i], O_WRONLY | O_CREAT | mode, 0666);
		if (fds[i] < 0) {
			warn("%s", argv[i]);
			status = EXIT_FAILURE;
		}
	}
	while ((n = read(STDIN_FILENO, buffer, sizeof(buffer))) > 0) {
		write_all(STDOUT_FILENO, "standard output", buffer, n);
		for (int i = optind; i < argc; i++)
			if (fds[i] >= 0)
				write_all(fds[i], argv[i], buffer, n);
	}
	if (n < 0)
		err(1, "standard input");
	return status;
}
