// SPDX-License-Identifier: MIT
/*
 * kill [-s SIGNAL | -SIGNAL] PID...
 * kill -l
 *
 * Send a signal (default: TERM), by name or number, to processes; a negative
 * PID is a process group, -1 everyone.
 *   -l  list the signals
 */

#define _GNU_SOURCE
#include <ctype.h>
#include <signal.h>

#include "include/usage.h"

static int signal_number(const char *name)
{
	if (isdigit((unsigned char)*name))
		return atoi(name);
	if (strncmp(name, "SIG", 3) == 0)
		name += 3;
	for (int number = 1; number < NSIG; number++) {
		const char *abbreviation = sigabbrev_np(number);

		if (abbreviation && strcmp(abbreviation, name) == 0)
			return number;
	}
	errx(1, "%s: no such signal", name);
}

static int list(void)
{
	for (int number = 1; number < NSIG; number++)
		if (sigabbrev_np(number))
			printf("%2d %-7s %s\n", number, sigabbrev_np(number),
			       sigdescr_np(number));
	return finish(EXIT_SUCCESS);
}

int main(int argc, char **argv)
{
	int number = SIGTERM, status = EXIT_SUCCESS, i = 1;

	/* Not option(): -9 and -INT are no letters, and -1 a process. */
	if (argc < 2)
		usage(EXIT_FAILURE);
	if (strcmp(argv[1], "--help") == 0)
		usage(EXIT_SUCCESS);
	if (strcmp(argv[1], "-l") == 0)
		return list();
	if (strcmp(argv[1], "-s") == 0 && argc > 2) {
		number = signal_number(argv[2]);
		i = 3;
	} else if (argv[1][0] == '-' && strcmp(argv[1], "--") != 0) {
		number = signal_number(argv[1] + 1);
		i = 2;
	}
	if (i < argc && strcmp(argv[i], "--") == 0)
		i++;
	if (i == argc)
		usage(EXIT_FAILURE);
	for (; i < argc; i++) {
		char *end;
		long pid = strtol(argv[i], &end, 10);

		if (end == argv[i] || *end) {
			warnx("%s: not a number", argv[i]);
			status = EXIT_FAILURE;
		} else if (kill(pid, number) != 0) {
			warn("%s", argv[i]);
			status = EXIT_FAILURE;
		}
	}
	return status;
}
