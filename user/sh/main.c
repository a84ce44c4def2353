// SPDX-License-Identifier: MIT
/*
 * sh [-efinux] [FILE [ARG...]]
 * sh [-efinux] -c COMMAND [NAME [ARG...]]
 *
 * The shell: execute the commands in FILE, or in COMMAND, or those typed or
 * piped in.
 *   -e  end at the first command that fails
 *   -f  do not expand patterns to file names
 *   -i  be interactive: prompt, and go on after errors
 *   -n  only check the syntax
 *   -u  using a variable that is not set is an error
 *   -x  print each command before it is executed
 *
 * Builtin commands: . : [ bg break cd command continue echo eval exec exit
 * export false fg jobs kill local pwd read readonly return set shift test
 * trap true type umask unset wait
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../include/usage.h"
#include "builtins.h"
#include "exec.h"
#include "jobs.h"
#include "sh.h"
#include "trap.h"
#include "vars.h"

struct shell sh = {.name = "sh"};

static void complain_list(const char *format, va_list list)
{
	fprintf(stderr, "%s: ", sh.name);
	vfprintf(stderr, format, list);
	fputc('\n', stderr);
}

void complain(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	complain_list(format, list);
	va_end(list);
}

void abort_command(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	complain_list(format, list);
	va_end(list);
	sh.status = 2;
	if (!sh.interactive)
		shell_exit(2);
	sh.skip = SKIP_ABORT;
}

void shell_exit(int status)
{
	sh.status = status;
	trap_exit();
	fflush(stdout);
	_exit(status);
}

/* What could not be parsed ends a script, and at a prompt only the line. */
static void after_error(struct source *source)
{
	if (!sh.interactive)
		shell_exit(2);
	sh.status = sh.interrupted ? 128 + SIGINT : 2;
	if (sh.interrupted)
		fputc('\n', stderr);
	source_discard(source);
}

int run_source(struct source *source)
{
	enum parse_result result;
	struct program *program;
	int status = 0;

	while (sh.skip == SKIP_NONE || source->prompts) {
		sh.skip = SKIP_NONE;
		if (source->prompts)
			sh.interrupted = 0;
		result = program_parse(source, &program);
		if (result == PARSE_END)
			break;
		if (result == PARSE_ERROR) {
			after_error(source);
			continue;
		}
		if (program->root)
			status = execute(program->root, false);
		program_put(program);
	}
	return status;
}

int run_last_string(const char *text)
{
	struct source source;
	struct program *program;
	enum parse_result result;
	int status = 0;

	source_from_string(&source, text);
	while ((result = program_parse(&source, &program)) == PARSE_OK)
		status = execute(program->root, source_peek(&source) < 0);
	return result == PARSE_ERROR ? 2 : status;
}

int run_string(const char *text)
{
	struct source source;
	int status;

	source_from_string(&source, text);
	status = run_source(&source);
	source_close(&source);
	return status;
}

int run_file(const char *path)
{
	int low = open(path, O_RDONLY | O_CLOEXEC), fd, status;
	struct source source;

	if (low < 0)
		return -1;
	/* Out of the way of the descriptors that scripts use. */
	fd = fcntl(low, F_DUPFD_CLOEXEC, 10);
	close(low);
	if (fd < 0)
		return -1;
	source_from_fd(&source, fd);
	status = run_source(&source);
	source_close(&source);
	return status;
}

static int run_input(void)
{
	struct source source;

	source_from_fd(&source, STDIN_FILENO);
	run_source(&source);
	source_close(&source);
	if (sh.interactive)
		fputs("exit\n", stderr);
	return sh.status;
}

/* What the shell finds when it starts. */
static void start(void)
{
	char parent[16];

	sh.pid = getpid();
	snprintf(parent, sizeof(parent), "%d", (int)getppid());
	vars_import(environ);
	var_set("PPID", parent);
	if (!var_get("PATH")) { /* started by the kernel itself */
		var_set("PATH", "/bin:/sbin:/usr/bin:/usr/sbin");
		var_mark("PATH", VAR_EXPORTED);
	}
	remember_folder();
}

int main(int argc, char **argv)
{
	const char *command = NULL, *file;
	char set[] = "-?";
	int status;

	usage_status = 2;
	for (int letter; (letter = option(argc, argv, "+c:efinux")) != -1;) {
		set[1] = letter;
		if (letter == 'c')
			command = optarg;
		else if (letter == 'i')
			sh.interactive = true;
		else
			set_options(set);
	}
	argv += optind;
	start();
	if (!command && !*argv && isatty(STDIN_FILENO) && isatty(STDERR_FILENO))
		sh.interactive = true;
	jobs_init();
	if (*argv)
		sh.name = *argv;
	file = command ? NULL : *argv;
	sh.parameters = argv + (*argv != NULL);
	if (command)
		shell_exit(run_last_string(command));
	if (!file)
		shell_exit(run_input());
	status = run_file(file);
	if (status < 0) {
		complain("%s", strerror(errno));
		status = 127;
	}
	shell_exit(status);
}
