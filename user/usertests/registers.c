// SPDX-License-Identifier: MIT
/*
 * registers.c - what a program keeps in registers is its own.
 *
 * A trap, another process on the hart, a signal handler: each must leave all
 * integer and floating registers as they were.  The cases compute the same
 * sequence undisturbed and disturbed, and compare.
 */

#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testlib/test.h"

static volatile sig_atomic_t ncaught;

static double grow(double x, long nsteps)
{
	for (long i = 0; i < nsteps; i++)
		x = x * 1.0000001 + 0.5 / x;
	return x;
}

static void disturb(int signal)
{
	ncaught++;
	if (grow(signal, 10) < 0)
		abort();
}

TEST(registers_survive_handlers,
     "A computation in integer and floating registers gives the same result "
     "with hundreds of signals in it as with none.")
{
	struct itimerval timer = {.it_value = {.tv_usec = 500},
				  .it_interval = {.tv_usec = 500}};
	struct itimerval off = {0};
	double quiet = grow(1.5, 100000), disturbed;

	signal(SIGALRM, disturb);
	expect_ok(setitimer(ITIMER_REAL, &timer, NULL));
	while (ncaught < 50) {
		disturbed = grow(1.5, 100000);
		expect(disturbed == quiet);
	}
	expect_ok(setitimer(ITIMER_REAL, &off, NULL));
}

TEST(floating_registers_are_each_process_own,
     "Six processes compute different sequences at once; switching between "
     "them mixes nothing.")
{
	pid_t children[6];

	for (int i = 0; i < 6; i++) {
		children[i] = expect_ok(fork());
		if (children[i] == 0) {
			double first = grow(1.5 + i, 200000);

			for (int n = 0; n < 3; n++)
				expect(grow(1.5 + i, 200000) == first);
			_exit(0);
		}
	}
	for (int i = 0; i < 6; i++)
		expect_exit(children[i], 0);
}

TEST(trap_instruction_is_a_signal,
     "An instruction that can't be executed kills its process by SIGILL or "
     "SIGTRAP, and abort by SIGABRT.")
{
	pid_t child = expect_ok(fork());
	int status;

	if (child == 0)
		__builtin_trap();
	expect_ok(waitpid(child, &status, 0));
	expect(WIFSIGNALED(status));
	expect(WTERMSIG(status) == SIGILL || WTERMSIG(status) == SIGTRAP);
	child = expect_ok(fork());
	if (child == 0)
		abort();
	expect_killed(child, SIGABRT);
}
