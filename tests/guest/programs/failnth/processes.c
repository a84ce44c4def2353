// SPDX-License-Identifier: MIT
/*
 * processes.c - fork, exec, threads and signals.
 */

#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testlib/where.h"
#include "trial.h"

/* The image that it becomes finds the same file open, and tells. */
static void execute(long n)
{
	static char fd[20 * PAGE]; /* what follows the number is ignored */

	memset(fd, ' ', sizeof(fd) - 1);
	fd[snprintf(fd, sizeof(fd), "%d", fail_fd)] = ' ';
	close(STDERR_FILENO); /* what its start-up complains of */
	arm_child(n);
	execl(program_path(), "failnth", "--executed", fd, NULL);
	if (errno != ENOMEM)
		_exit(errno);
	tell_parent();
}

TEST(exec_keeps_the_old_image,
     "execve is ENOMEM in the old image, or done (29, 44).")
{
	run_children(execute);
}

static pid_t made;

static int try_fork(void)
{
	made = fork();
	if (made == 0)
		_exit(memory[5 * PAGE - 1]);
	return outcome(made);
}

static void undo_fork(void)
{
	expect_exit(made, 'o');
	drop_memory();
}

TEST(fork_copies_all_or_nothing,
     "fork makes a process, or leaves no trace (29, 44).")
{
	run_trial(&(struct trial){prepare_memory, try_fork, memory_unchanged,
				  undo_fork, EAGAIN, false});
}

static int try_vfork(void)
{
	made = vfork();
	if (made == 0)
		_exit('o');
	return outcome(made);
}

static void undo_vfork(void)
{
	expect_exit(made, 'o');
}

TEST(vfork_waits_or_fails, "vfork makes a process, or not (29).")
{
	run_trial(&(struct trial){
		.try = try_vfork, .undo = undo_vfork, .errno_wanted = EAGAIN});
}

static pthread_t thread;

static void *return_argument(void *argument)
{
	return argument;
}

static int try_thread(void)
{
	return pthread_create(&thread, NULL, return_argument, memory);
}

static void undo_thread(void)
{
	void *result;

	expect_eq(pthread_join(thread, &result), 0);
	expect_eq(result, memory);
}

TEST(threads_are_made_or_not, "clone for a thread is EAGAIN, or done (29).")
{
	/* glibc keeps the first one's stack. */
	expect_eq(try_thread(), 0);
	undo_thread();
	run_trial(&(struct trial){.try = try_thread,
				  .undo = undo_thread,
				  .errno_wanted = EAGAIN});
}

/* --- signals --- */

static volatile sig_atomic_t handled;

static void count_signal(int sig)
{
	handled += sig == SIGUSR1;
}

/* A handler, on a stack that nobody has touched. */
static void prepare_signal(void)
{
	struct sigaction action = {.sa_handler = count_signal,
				   .sa_flags = SA_ONSTACK};
	stack_t stack = {.ss_size = 4 * PAGE};

	prepare_fresh();
	stack.ss_sp = memory;
	expect_ok(sigaltstack(&stack, NULL));
	expect_ok(sigaction(SIGUSR1, &action, NULL));
	handled = 0;
}

static int try_signal(void)
{
	return outcome(kill(getpid(), SIGUSR1));
}

static void undo_signal(void)
{
	stack_t none = {.ss_flags = SS_DISABLE};

	expect_eq(handled, 1);
	expect_ok(sigaltstack(&none, NULL));
	drop_memory();
}

TEST(signals_are_delivered, "A signal needs no memory to arrive (29).")
{
	run_trial(&(struct trial){prepare_signal, try_signal, NULL, undo_signal,
				  0, false});
}
