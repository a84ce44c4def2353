// SPDX-License-Identifier: MIT
/*
 * truncate -s SIZE FILE...
 *
 * Make files as long as SIZE (with K, M, G: of 1024 and so on) says, and
 * those that do not exist.  What a file gets in addition reads as zeros and
 * takes no room: a hole.
 */

#include <fcntl.h>
#include <unistd.h>

#include "include/usage.h"

static off_t parse_size(const char *text)
{
	static const char units[] = "KMG";
	char *end;
	off_t size = strtoll(text, &end, 10);
	const char *unit = *end ? strchr(units, *end) : NULL;

	if (end == text || size < 0 || (*end && (!unit || end[1])))
		errx(1, "%s: not a size", text);
	return unit ? size << 10 * (unit - units + 1) : size;
}

int main(int argc, char **argv)
{
	int status = EXIT_SUCCESS;
	off_t size = -1;

	while (option(argc, argv, "s:") != -1)
		size = parse_size(optarg);
	if (size < 0 || optind == argc)
		usage(EXIT_FAILURE);
	for (; optind < argc; optind++) {
		int fd = open(argv[optind], O_WRONLY | O_CREAT, 0666);

		if (fd < 0 || ftruncate(fd, size) != 0) {
			warn("%s", argv[optind]);
			status = EXIT_FAILURE;
		}
		if (fd >= 0)
			close(fd);
	}
	return status;
}
