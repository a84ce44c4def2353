// SPDX-License-Identifier: MIT
/*
 * builtins.c - the table of builtin commands, and those that steer the shell.
 *
 * Each gets its arguments like main() and returns its status.  What it
 * prints goes through stdout, which execute() flushes when it is done.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "builtins.h"
#include "exec.h"
#include "jobs.h"
#include "sh.h"
#include "trap.h"
#include "vars.h"

static int builtin_true(char **argv)
{
	(void)argv;
	return 0;
}

static int builtin_false(char **argv)
{
	(void)argv;
	return 1;
}

static int builtin_echo(char **argv)
{
	bool newline = !argv[1] || strcmp(argv[1], "-n") != 0;

	argv += newline ? 1 : 2;
	for (; *argv; argv++)
		printf("%s%s", *argv, argv[1] ? " " : "");
	if (newline)
		putchar('\n');
	return 0;
}

/* The number that may follow exit, return, break, continue. */
static int number_argument(char **argv, int otherwise)
{
	char *end;
	long number;

	if (!argv[1])
		return otherwise;
	number = strtol(argv[1], &end, 10);
	if (end == argv[1] || *end) {
		abort_command("%s: %s: not a number", argv[0], argv[1]);
		return 2;
	}
	return number;
}

static int builtin_exit(char **argv)
{
	shell_exit(number_argument(argv, sh.status) & 255);
}

static int builtin_return(char **argv)
{
	int status = number_argument(argv, sh.status);

	if (sh.calls == 0)
		shell_exit(status & 255);
	if (sh.skip == SKIP_NONE)
		sh.skip = SKIP_RETURN;
	return status;
}

static int leave_loops(char **argv, enum skip skip)
{
	int levels = number_argument(argv, 1);

	if (sh.loops == 0 || levels < 1)
		return levels < 1;
	sh.levels = levels < sh.loops ? levels : sh.loops;
	sh.skip = skip;
	return 0;
}

static int builtin_break(char **argv)
{
	return leave_loops(argv, SKIP_BREAK);
}

static int builtin_continue(char **argv)
{
	return leave_loops(argv, SKIP_CONTINUE);
}

/* What exec.c did for its redirections stays. */
static int builtin_exec(char **argv)
{
	if (argv[1])
		become(argv + 1);
	return 0;
}

static int builtin_eval(char **argv)
{
	struct text text = {0};
	char *command;

	while (*++argv) {
		text_append(&text, *argv, strlen(*argv));
		if (argv[1])
			text_add(&text, ' ');
	}
	command = text_finish(&text, &scratch);
	return run_string(command);
}

static int builtin_dot(char **argv)
{
	int status;

	if (!argv[1]) {
		complain(".: which file?");
		return 2;
	}
	sh.calls++;
	status = run_file(argv[1]);
	sh.calls--;
	if (sh.skip == SKIP_RETURN)
		sh.skip = SKIP_NONE;
	if (status < 0)
		abort_command(".: %s: %s", argv[1], strerror(errno));
	return status < 0 ? 2 : status;
}

/* Where @name would be found in $PATH; NULL: nowhere. */
static const char *find_program(const char *name)
{
	const char *path = var_get("PATH");
	static char candidate[4096];

	if (strchr(name, '/'))
		return access(name, X_OK) == 0 ? name : NULL;
	for (; path && *path; path += strspn(path, ":")) {
		int length = strcspn(path, ":");

		snprintf(candidate, sizeof(candidate), "%.*s/%s", length, path,
			 name);
		if (access(candidate, X_OK) == 0)
			return candidate;
		path += length;
	}
	return NULL;
}

/* Say what @name means; @terse: just enough to call it. */
static int say_what(const char *name, bool terse)
{
	const char *program = find_program(name);

	if (function_find(name))
		printf(terse ? "%s\n" : "%s is a function\n", name);
	else if (builtin_find(name))
		printf(terse ? "%s\n" : "%s is a builtin\n", name);
	else if (program && terse)
		puts(program);
	else if (program)
		printf("%s is %s\n", name, program);
	else if (!terse)
		complain("%s: not found", name);
	return program || function_find(name) || builtin_find(name) ? 0 : 127;
}

static int builtin_type(char **argv)
{
	int status = 0;

	while (*++argv)
		status |= say_what(*argv, false);
	return status;
}

/* Execute a command, but not a function of that name. */
static int builtin_command(char **argv)
{
	const struct builtin *builtin;
	struct job *job;

	if (!*++argv)
		return 0;
	if (strcmp(*argv, "-v") == 0)
		return argv[1] ? say_what(argv[1], true) : 2;
	builtin = builtin_find(*argv);
	if (builtin)
		return builtin->run(argv);
	job = job_new(*argv, false);
	if (job_fork(job) == 0)
		become(argv);
	return job_wait(job);
}

static const struct builtin builtins[] = {
	{".", builtin_dot, true},
	{":", builtin_true, true},
	{"[", builtin_test, false},
	{"bg", builtin_bg, false},
	{"break", builtin_break, true},
	{"cd", builtin_cd, false},
	{"command", builtin_command, false},
	{"continue", builtin_continue, true},
	{"echo", builtin_echo, false},
	{"eval", builtin_eval, true},
	{"exec", builtin_exec, true},
	{"exit", builtin_exit, true},
	{"export", builtin_export, true},
	{"false", builtin_false, false},
	{"fg", builtin_fg, false},
	{"jobs", builtin_jobs, false},
	{"kill", builtin_kill, false},
	{"local", builtin_local, true},
	{"pwd", builtin_pwd, false},
	{"read", builtin_read, false},
	{"readonly", builtin_readonly, true},
	{"return", builtin_return, true},
	{"set", builtin_set, true},
	{"shift", builtin_shift, true},
	{"test", builtin_test, false},
	{"trap", builtin_trap, true},
	{"true", builtin_true, false},
	{"type", builtin_type, false},
	{"umask", builtin_umask, false},
	{"unset", builtin_unset, true},
	{"wait", builtin_wait, false},
};

const struct builtin *builtin_find(const char *name)
{
	for (size_t i = 0; i < sizeof(builtins) / sizeof(*builtins); i++)
		if (strcmp(builtins[i].name, name) == 0)
			return &builtins[i];
	return NULL;
}
