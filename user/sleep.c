// SPDX-License-Identifier: MIT
/*
 * sleep SECONDS
 *
 * Do nothing for so many seconds, which may have a fraction: 0.5.
 */

#include <errno.h>
#include <time.h>

#include "include/usage.h"

int main(int argc, char **argv)
{
	struct timespec left;
	double seconds;
	char *end;

	option(argc, argv, "");
	if (argc - optind != 1)
		usage(EXIT_FAILURE);
	seconds = strtod(argv[optind], &end);
	if (end == argv[optind] || *end || !(seconds >= 0 && seconds < 1e9))
		errx(1, "%s: not a time in seconds", argv[optind]);
	left.tv_sec = seconds;
	left.tv_nsec = (seconds - left.tv_sec) * 1e9;
	while (nanosleep(&left, &left) != 0)
		if (errno != EINTR)
			err(1, "%s", argv[optind]);
	return EXIT_SUCCESS;
}
