// SPDX-License-Identifier: MIT
/*
 * sequence.c - one seed's steps, in a process of their own.
 */

#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "differ.h"

/* A sequence that takes so long hangs. */
enum { SEQUENCE_SECONDS = 120, CHILD_STEPS = 12 };

static void step_fork(void);

static const struct step {
	unsigned weight;
	void (*run)(void);
} steps[] = {
	{14, step_map},      {5, step_unmap},       {10, step_protect},
	{4, step_sync},      {6, step_advise},      {3, step_resident},
	{2, step_heap},      {36, step_access},     {3, step_jump},
	{10, step_transfer}, {6, step_read_write},  {2, step_seek},
	{3, step_truncate},  {2, step_sync_file},   {2, step_fork},
	{6, step_remap},     {4, step_lock},        {3, step_allocate},
	{3, step_seal},      {4, step_copy_across}, {2, step_free},
	{1, step_stack},
};

enum { KINDS = sizeof(steps) / sizeof(steps[0]) };

static const struct step *step_any(void)
{
	unsigned all = 0;

	for (int i = 0; i < KINDS; i++)
		all += steps[i].weight;
	unsigned n = below(all);
	const struct step *step = steps;
	for (; n >= step->weight; step++)
		n -= step->weight;
	return step;
}

static void snapshot(void)
{
	maps_snapshot();
	arena_snapshot();
	files_snapshot();
}

/* --- children ------------------------------------------------------------ */

/* What Linux tells of pages that only the parent has touched depends on how
 * it copied them: a child does not ask. */
static bool step_is_for_children(const struct step *step)
{
	return step->run != step_fork && step->run != step_resident;
}

static _Noreturn void child_run(void)
{
	unsigned n = below(CHILD_STEPS + 1);

	probe_forked();
	for (unsigned i = 0; i < n; i++) {
		const struct step *step = step_any();
		if (step_is_for_children(step)) {
			say("    child ");
			step->run();
		}
	}
	switch (below(3)) {
	case 0:
		kill(getpid(), SIGKILL);
		break;
	case 1:
		signal(SIGSEGV, SIG_DFL);
		*(volatile char *)NULL = 1;
		break;
	}
	_exit(n);
}

/* Until then it has the log to itself. */
static void wait_and_say(pid_t pid, const char *what)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		say("no %s\n", what);
	else if (WIFSIGNALED(status))
		say("%s killed by %d\n", what, WTERMSIG(status));
	else
		say("%s exit %d\n", what, WEXITSTATUS(status));
}

static void step_fork(void)
{
	say("fork\n");
	pid_t pid = fork();
	if (pid == 0)
		child_run();
	wait_and_say(pid, "    child");
}

/* --- all of it ----------------------------------------------------------- */

static void steps_run(uint64_t seed, const bool *wanted)
{
	draw_from(seed, STEPS);
	odd_sizes = one_in(4);
	in_memory = one_in(3);
	if (in_memory && chdir(MEMORY_FOLDER) != 0)
		abort();
	files_open();
	probe_start();
	memory_start();
	for (unsigned n = 0; n < STEPS; n++) {
		if (wanted && !wanted[n])
			continue;
		draw_from(seed, n);
		say("%u ", n);
		if (n % SNAPSHOT_STEPS == SNAPSHOT_STEPS - 1)
			snapshot();
		else
			step_any()->run();
	}
	snapshot();
	files_close();
}

void sequence_run(uint64_t seed, const bool *wanted)
{
	log_new();
	pid_t pid = fork();
	if (pid == 0) {
		alarm(SEQUENCE_SECONDS);
		steps_run(seed, wanted);
		_exit(0);
	}
	wait_and_say(pid, "sequence");
}
