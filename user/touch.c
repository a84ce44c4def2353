// SPDX-License-Identifier: MIT
/*
 * touch [-c] [-d @SECONDS | -r FILE] PATH...
 *
 * Set the times of files to now; make those that do not exist.
 *   -c  do not make files
 *   -d  to so many seconds after the first of January 1970
 *   -r  to the times of FILE
 */

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "include/usage.h"

static bool touch(const char *path, bool make, const struct timespec times[2])
{
	int fd;

	if (utimensat(AT_FDCWD, path, times, 0) == 0)
		return true;
	if (errno != ENOENT)
		return false;
	if (!make)
		return true;
	fd = open(path, O_WRONLY | O_CREAT, 0666);
	if (fd < 0)
		return false;
	futimens(fd, times);
	return close(fd) == 0;
}

int main(int argc, char **argv)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_NOW},
				    {.tv_nsec = UTIME_NOW}};
	int status = EXIT_SUCCESS;
	bool make = true;
	struct stat st;

	for (int letter; (letter = option(argc, argv, "cd:r:")) != -1;) {
		if (letter == 'c') {
			make = false;
		} else if (letter == 'd') {
			times[0] = (struct timespec){
				.tv_sec = atol(optarg + (*optarg == '@'))};
			times[1] = times[0];
		} else {
			if (stat(optarg, &st) != 0)
				err(1, "%s", optarg);
			times[0] = st.st_atim;
			times[1] = st.st_mtim;
		}
	}
	if (optind == argc)
		usage(EXIT_FAILURE);
	for (; optind < argc; optind++)
		if (!touch(argv[optind], make, times)) {
			warn("%s", argv[optind]);
			status = EXIT_FAILURE;
		}
	return status;
}
