// SPDX-License-Identifier: MIT
/*
 * exec.c - walking the tree.
 *
 * execute() has a function for each kind of node, and each returns a status.
 * What runs within the shell (builtins, functions, loops, groups) changes the
 * shell; what runs in a child (programs, the stages of a pipeline, subshells,
 * what stands before a &) can't.  A child does not come back here: it ends
 * with shell_exit(), or becomes the program.
 *
 * break, return and errors travel upwards as sh.skip (sh.h): after each part
 * it is looked at before the next one begins.
 *
 * With -e the shell ends at the first command that fails, but not where the
 * failure is what was asked for (`if`, `while`, `&&`, `||`, `!`): there
 * sh.tested is raised.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "builtins.h"
#include "exec.h"
#include "expand.h"
#include "jobs.h"
#include "redirect.h"
#include "sh.h"
#include "trap.h"
#include "vars.h"

enum { MAX_CALLS = 2000 }; /* well before our own stack ends */

void become(char **argv)
{
	char **environment = vars_environment();
	int error;

	environ = environment;
	execvp(argv[0], argv);
	error = errno;
	if (error == ENOENT && !strchr(argv[0], '/'))
		complain("%s: not found", argv[0]);
	else
		complain("%s: %s", argv[0], strerror(error));
	_exit(error == ENOENT ? 127 : 126);
}

/* The assignments before a command; @exported: for that command only. */
static bool assign(const struct word *assignments, bool exported, bool undone)
{
	for (; assignments; assignments = assignments->next) {
		const char *assignment = expand_assignment(assignments->raw);
		size_t length = name_length(assignment);
		char *name = arena_copy(&scratch, assignment, length);

		if (sh.skip == SKIP_ABORT)
			return false;
		if (undone)
			var_save(name);
		if (!var_assign(assignment))
			return false;
		if (exported)
			var_mark(name, VAR_EXPORTED);
	}
	return true;
}

static int call_function(struct node *function, char **argv)
{
	char **parameters = sh.parameters;
	int loops = sh.loops, status;

	if (sh.calls == MAX_CALLS) {
		abort_command("%s: too many calls within calls", argv[0]);
		return 2;
	}
	sh.parameters = argv + 1;
	sh.loops = 0;
	sh.calls++;
	function->program->users++; /* it may redefine itself */
	status = execute(function->first, false);
	program_put(function->program);
	sh.calls--;
	sh.loops = loops;
	sh.parameters = parameters;
	if (sh.skip == SKIP_RETURN)
		sh.skip = SKIP_NONE;
	return status;
}

static int call_builtin(const struct builtin *builtin, char **argv)
{
	int status = builtin->run(argv);

	if (fflush(stdout) != 0 || ferror(stdout)) {
		complain("%s: write: %s", argv[0], strerror(errno));
		clearerr(stdout);
		status = 1;
	}
	return status;
}

/* A builtin or a function: the shell itself, for a while with the command's
 * assignments and redirections. */
static int run_here(struct node *node, char **argv, struct node *function,
		    const struct builtin *builtin)
{
	bool special = builtin && builtin->special;
	bool for_good = builtin && strcmp(argv[0], "exec") == 0;
	struct saved_var *vars = vars_begin();
	struct saved_fd *fds = NULL;
	int status = 2;

	if (redirect(node->redirects, for_good ? NULL : &fds) &&
	    assign(node->assignments, !special, !special))
		status = function ? call_function(function, argv)
				  : call_builtin(builtin, argv);
	else if (special && !sh.interactive)
		shell_exit(2);
	redirect_undo(fds);
	if (!special)
		vars_end(vars);
	return status;
}

/* In a child, or in a shell that has nothing more to do. */
static _Noreturn void become_command(struct node *node, char **argv)
{
	if (!redirect(node->redirects, NULL) ||
	    !assign(node->assignments, true, false))
		_exit(2);
	become(argv);
}

static int run_program(struct node *node, char **argv, bool last)
{
	struct job *job;

	if (last && !trap_exit_is_set())
		become_command(node, argv);
	job = job_new(argv[0], false);
	if (job_fork(job) == 0)
		become_command(node, argv);
	return job_wait(job);
}

/* No command: only "x=1", or ">file". */
static int run_nothing(struct node *node)
{
	struct saved_fd *fds = NULL;
	bool done = redirect(node->redirects, &fds);

	redirect_undo(fds);
	if (!done || !assign(node->assignments, false, false))
		return 2;
	return sh.substituted;
}

static void trace(const struct word *assignments, char **argv)
{
	fputc('+', stderr);
	for (; assignments; assignments = assignments->next)
		fprintf(stderr, " %s", expand_assignment(assignments->raw));
	for (; *argv; argv++)
		fprintf(stderr, " %s", *argv);
	fputc('\n', stderr);
}

static int execute_simple(struct node *node, bool last)
{
	struct mark mark = arena_mark(&scratch);
	int status;
	char **argv;

	sh.substituted = 0;
	argv = expand_words(node->words);
	if (sh.skip == SKIP_ABORT) {
		arena_release(&scratch, mark);
		return sh.status;
	}
	if (sh.trace)
		trace(node->assignments, argv);
	if (!argv[0]) {
		status = run_nothing(node);
	} else {
		struct node *function = function_find(argv[0]);
		const struct builtin *builtin = builtin_find(argv[0]);

		if (function || builtin)
			status = run_here(node, argv, function, builtin);
		else
			status = run_program(node, argv, last);
	}
	arena_release(&scratch, mark);
	return status;
}

/*
 * Start the stages from left to right.  @input is where the one before
 * writes to; each stage has its output's read end only until it has started
 * the next.
 */
static int execute_pipeline(struct node *node)
{
	struct job *job = job_new("(pipeline)", false);
	int input = STDIN_FILENO;

	for (struct node *stage = node->first; stage; stage = stage->next) {
		int ends[2] = {-1, STDOUT_FILENO};
		pid_t child;

		if (stage->next && pipe(ends) != 0) {
			complain("pipe: %s", strerror(errno));
			break;
		}
		child = job_fork(job);
		if (child == 0) {
			if (stage->next)
				close(ends[0]);
			dup2(input, STDIN_FILENO);
			dup2(ends[1], STDOUT_FILENO);
			if (input != STDIN_FILENO)
				close(input);
			if (stage->next)
				close(ends[1]);
			shell_exit(execute(stage, true));
		}
		if (input != STDIN_FILENO)
			close(input);
		if (stage->next)
			close(ends[1]);
		input = ends[0];
		if (child < 0)
			break;
	}
	if (input > STDIN_FILENO)
		close(input);
	return job_wait(job);
}

static int execute_background(struct node *node)
{
	struct job *job = job_new(node->name, true);

	if (job_fork(job) == 0)
		shell_exit(execute(node->first, true));
	job_leave(job);
	return 0;
}

static int execute_subshell(struct node *node, bool last)
{
	struct job *job;

	if (last && sh.subshell && !trap_exit_is_set())
		return execute(node->first, true);
	job = job_new("(...)", false);
	if (job_fork(job) == 0)
		shell_exit(execute(node->first, true));
	return job_wait(job);
}

/* Execute what is only asked whether it succeeds. */
static int execute_tested(struct node *node)
{
	int status;

	sh.tested++;
	status = execute(node, false);
	sh.tested--;
	return status;
}

static int execute_and_or(struct node *node, bool last)
{
	int status = execute_tested(node->first);

	if (sh.skip || (status == 0) == (node->kind == NODE_OR))
		return status;
	return execute(node->second, last);
}

static int execute_list(struct node *node, bool last)
{
	int status = execute(node->first, false);

	return sh.skip ? status : execute(node->second, last);
}

static int execute_if(struct node *node, bool last)
{
	int status = execute_tested(node->first);

	if (sh.skip)
		return status;
	if (status == 0)
		return execute(node->second, last);
	return node->third ? execute(node->third, last) : 0;
}

/* After a turn of a loop: is it over?  Takes the skip that was meant for
 * this loop. */
static bool loop_is_over(void)
{
	enum skip skip = sh.skip;

	if (skip != SKIP_BREAK && skip != SKIP_CONTINUE)
		return skip != SKIP_NONE;
	if (--sh.levels > 0)
		return true;
	sh.skip = SKIP_NONE;
	return skip == SKIP_BREAK;
}

static int execute_while(struct node *node)
{
	bool go_on_if = node->kind == NODE_WHILE;
	int status = 0;

	sh.loops++;
	for (;;) {
		bool success = execute_tested(node->first) == 0;

		if (sh.skip ? loop_is_over() : success != go_on_if)
			break;
		if (success != go_on_if)
			continue; /* "continue" in the condition */
		status = execute(node->second, false);
		if (loop_is_over())
			break;
	}
	sh.loops--;
	return status;
}

static int execute_for(struct node *node)
{
	struct mark mark = arena_mark(&scratch);
	char **value = node->every_parameter ? sh.parameters
					     : expand_words(node->words);
	int status = 0;

	sh.loops++;
	for (; sh.skip == SKIP_NONE && *value; value++) {
		if (!var_set(node->name, *value))
			break;
		status = execute(node->second, false);
		if (loop_is_over())
			break;
	}
	sh.loops--;
	arena_release(&scratch, mark);
	return status;
}

static bool item_matches(const struct case_item *item, const char *subject)
{
	for (struct word *word = item->patterns; word; word = word->next)
		if (fnmatch(expand_pattern(word->raw), subject, 0) == 0)
			return true;
	return false;
}

static int execute_case(struct node *node, bool last)
{
	struct mark mark = arena_mark(&scratch);
	const char *subject = expand_string(node->words->raw, CONTEXT_WORD);
	struct case_item *item = node->items;

	while (item && sh.skip == SKIP_NONE && !item_matches(item, subject))
		item = item->next;
	arena_release(&scratch, mark);
	if (sh.skip)
		return sh.status;
	return item && item->body ? execute(item->body, last) : 0;
}

static int execute_kind(struct node *node, bool last)
{
	switch (node->kind) {
	case NODE_SIMPLE:
		return execute_simple(node, last);
	case NODE_PIPELINE:
		return execute_pipeline(node);
	case NODE_NOT:
		return !execute_tested(node->first);
	case NODE_AND:
	case NODE_OR:
		return execute_and_or(node, last);
	case NODE_LIST:
		return execute_list(node, last);
	case NODE_BACKGROUND:
		return execute_background(node);
	case NODE_SUBSHELL:
		return execute_subshell(node, last);
	case NODE_GROUP:
		return execute(node->first, last);
	case NODE_IF:
		return execute_if(node, last);
	case NODE_WHILE:
	case NODE_UNTIL:
		return execute_while(node);
	case NODE_FOR:
		return execute_for(node);
	case NODE_CASE:
		return execute_case(node, last);
	case NODE_FUNCTION:
		function_define(node);
		return 0;
	}
	return 2;
}

/* A compound command with redirections: they hold for all of it. */
static int execute_redirected(struct node *node)
{
	struct mark mark = arena_mark(&scratch);
	struct saved_fd *fds = NULL;
	int status = 2;

	if (redirect(node->redirects, &fds))
		status = execute_kind(node, false);
	redirect_undo(fds);
	arena_release(&scratch, mark);
	return status;
}

/* Kinds whose failure ends a shell with -e; the others consist of these. */
static bool counts_as_command(enum node_kind kind)
{
	return kind == NODE_SIMPLE || kind == NODE_PIPELINE ||
	       kind == NODE_SUBSHELL;
}

int execute(struct node *node, bool last)
{
	if (!node || sh.no_execute)
		return 0;
	if (sh.interrupted) {
		sh.interrupted = 0;
		sh.skip = SKIP_ABORT;
		return sh.status = 128 + SIGINT;
	}
	if (node->redirects && node->kind != NODE_SIMPLE)
		sh.status = execute_redirected(node);
	else
		sh.status = execute_kind(node, last);
	traps_run();
	if (sh.status != 0 && sh.exit_on_error && !sh.tested && !sh.skip &&
	    counts_as_command(node->kind))
		shell_exit(sh.status);
	return sh.status;
}
