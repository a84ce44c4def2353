// SPDX-License-Identifier: MIT
/*
 * date [-u] [-d @SECONDS] [+FORMAT]
 *
 * Print the date and the time, as FORMAT (of strftime(3)) says.
 *   -d  of so many seconds after the first of January 1970
 *   -u  of the time zone UTC
 */

#include <time.h>

#include "include/usage.h"

int main(int argc, char **argv)
{
	const char *format = "%a %b %e %H:%M:%S %Z %Y";
	time_t when = time(NULL);
	char text[1000];

	for (int letter; (letter = option(argc, argv, "d:u")) != -1;) {
		if (letter == 'u')
			setenv("TZ", "UTC0", 1);
		else
			when = atol(optarg + (*optarg == '@'));
	}
	if (optind < argc && *argv[optind] == '+')
		format = argv[optind++] + 1;
	if (optind < argc)
		usage(EXIT_FAILURE);
	text[strftime(text, sizeof(text), format, localtime(&when))] = '\0';
	puts(text);
	return finish(EXIT_SUCCESS);
}
