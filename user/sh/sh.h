/* SPDX-License-Identifier: MIT */
#ifndef USER_SH_SH_H
#define USER_SH_SH_H

/*
 * sh.h - what the shell's parts have in common: its state.
 *
 *   source.c   where the program's text comes from
 *   lexer.c    text to tokens         parser.c   tokens to a tree
 *   expand.c   words to arguments     dollar.c   $x ${x} $(..) $((..))
 *   arith.c    what is in $((..))     vars.c     variables
 *   exec.c     walks the tree         redirect.c < > and the rest
 *   jobs.c     processes and groups   builtins.c, environ.c, test.c
 */

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * How break, continue, return and errors leave what is being executed: each
 * part of exec.c that runs one thing after another stops when @skip is not
 * SKIP_NONE, until the one that was meant resets it.
 */
enum skip {
	SKIP_NONE,
	SKIP_BREAK,    /* @levels loops */
	SKIP_CONTINUE, /* @levels - 1 loops, and the rest of the last one */
	SKIP_RETURN,   /* the function, or the file read by "." */
	SKIP_ABORT,    /* all, up to the prompt: ^C, or a failed expansion */
};

struct shell {
	const char *name;  /* $0 */
	char **parameters; /* $1 ... up to a NULL */
	int status;        /* $? */
	int substituted;   /* the status of the last $(...) */
	pid_t pid;         /* $$: of the shell, also in its subshells */
	pid_t background;  /* $!: the last one started, or 0 */

	bool interactive; /* prompts, and does not end for an error */
	bool job_control; /* each job is a process group */
	bool subshell;    /* a child that goes on with the shell's work */

	bool exit_on_error, no_execute, trace, unset_is_error; /* -e -n -x -u */
	bool no_globbing;                                      /* -f */

	enum skip skip;
	int levels; /* of loops still to leave */
	int loops;  /* we are in */
	int calls;  /* of functions and "." we are in */
	int tested; /* > 0: a failure here is an answer, not an error (-e) */

	volatile sig_atomic_t interrupted; /* ^C came while we ran ourselves */
};

extern struct shell sh;

/* Print "sh: message" to fd 2. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same, and give up what is being executed, with status 2. */
void abort_command(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* End the shell (or subshell), running the trap on EXIT. */
_Noreturn void shell_exit(int status);

/* Execute a file or the standard input to its end. */
struct source;
int run_source(struct source *source);

/* Execute a text; the status of its last command. */
int run_string(const char *text);
/* The same when nothing comes afterwards: the process may become the last
 * command, so that `sh -c program` is one process and not two. */
int run_last_string(const char *text);

/* Execute a file as "." does; -1 and errno if it can't be opened. */
int run_file(const char *path);

#endif
