// SPDX-License-Identifier: MIT
/*
 * env [-i] [-u NAME] [NAME=VALUE...] [PROGRAM [ARG...]]
 *
 * Run PROGRAM with a changed environment; without PROGRAM, print it.
 *   -i  begin with an empty one
 *   -u  without the variable NAME
 */

#define _GNU_SOURCE
#include <errno.h>
#include <unistd.h>

#include "include/usage.h"

int main(int argc, char **argv)
{
	usage_status = 125;
	for (int letter; (letter = option(argc, argv, "+iu:")) != -1;) {
		if (letter == 'i')
			clearenv();
		else
			unsetenv(optarg);
	}
	for (; optind < argc && strchr(argv[optind], '='); optind++)
		putenv(argv[optind]);
	if (optind < argc) {
		execvp(argv[optind], argv + optind);
		err(errno == ENOENT ? 127 : 126, "%s", argv[optind]);
	}
	for (char **entry = environ; entry && *entry; entry++)
		puts(*entry);
	return finish(EXIT_SUCCESS);
}
