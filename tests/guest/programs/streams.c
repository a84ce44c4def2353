/* SPDX-License-Identifier: MIT */
/*
 * Copy standard input to standard output to its end, and its length to
 * standard error; print an environment variable and the current directory
 * first where they are asked for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	static char buffer[70000];
	size_t total = 0;
	ssize_t n;

	if (argc > 2 && !strcmp(argv[1], "env")) {
		printf("%s\n", getenv(argv[2]));
		printf("%s\n", getcwd(buffer, sizeof(buffer)));
		return 0;
	}
	while ((n = read(0, buffer, sizeof(buffer))) > 0) {
		for (ssize_t done = 0, w; done < n; done += w) {
			w = write(1, buffer + done, n - done);
			if (w <= 0)
				return 1;
		}
		total += n;
	}
	fprintf(stderr, "%zu bytes\r\n", total);
	return n != 0;
}
