// SPDX-License-Identifier: MIT
/*
 * trap.c - commands to execute when a signal comes, or at the end.
 *
 * A signal handler may do next to nothing, and certainly not run a command,
 * so it only makes a note; the shell looks at the notes between two
 * commands.  "Signal" 0 is the end of the shell.
 */

#define _GNU_SOURCE
#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sh.h"
#include "trap.h"

enum { EXIT_TRAP = 0 };

static char *actions[NSIG]; /* NULL: none; "": the signal is ignored */
static volatile sig_atomic_t pending[NSIG], any_pending;

static void on_signal(int signal)
{
	pending[signal] = any_pending = 1;
}

/* By number or name, with or without SIG; -1 if there is none such. */
static int signal_number(const char *name)
{
	if (isdigit((unsigned char)*name))
		return atoi(name) < NSIG ? atoi(name) : -1;
	if (strcmp(name, "EXIT") == 0)
		return EXIT_TRAP;
	if (strncmp(name, "SIG", 3) == 0)
		name += 3;
	for (int signal = 1; signal < NSIG; signal++) {
		const char *abbreviation = sigabbrev_np(signal);

		if (abbreviation && strcmp(abbreviation, name) == 0)
			return signal;
	}
	return -1;
}

static void trap_set(int signal, const char *action)
{
	struct sigaction new = {.sa_handler = SIG_DFL};

	free(actions[signal]);
	actions[signal] = action ? strdup(action) : NULL;
	if (signal == EXIT_TRAP)
		return;
	if (action)
		new.sa_handler = *action ? on_signal : SIG_IGN;
	sigaction(signal, &new, NULL);
}

static void print_all(void)
{
	for (int signal = 0; signal < NSIG; signal++)
		if (actions[signal])
			printf("trap -- '%s' %s\n", actions[signal],
			       signal ? sigabbrev_np(signal) : "EXIT");
}

int builtin_trap(char **argv)
{
	const char *action = *++argv;
	int status = 0;

	if (action && strcmp(action, "--") == 0)
		action = *++argv;
	if (!action) {
		print_all();
		return 0;
	}
	if (strcmp(action, "-") == 0 || isdigit((unsigned char)*action))
		action = NULL;
	if (!isdigit((unsigned char)**argv))
		argv++;
	for (; *argv; argv++) {
		int signal = signal_number(*argv);

		if (signal >= 0) {
			trap_set(signal, action);
		} else {
			complain("trap: %s: no such signal", *argv);
			status = 1;
		}
	}
	return status;
}

void traps_run(void)
{
	int status = sh.status;

	while (any_pending) {
		any_pending = 0;
		for (int signal = 1; signal < NSIG; signal++) {
			if (!pending[signal])
				continue;
			pending[signal] = 0;
			if (actions[signal])
				run_string(actions[signal]);
		}
	}
	sh.status = status;
}

void trap_exit(void)
{
	char *action = actions[EXIT_TRAP];

	actions[EXIT_TRAP] = NULL;
	if (action) {
		sh.skip = SKIP_NONE;
		run_string(action);
	}
	free(action);
}

bool trap_exit_is_set(void)
{
	return actions[EXIT_TRAP];
}

void traps_forget(void)
{
	for (int signal = 0; signal < NSIG; signal++)
		if (actions[signal] && (*actions[signal] || !signal))
			trap_set(signal, NULL);
	any_pending = 0;
}
