// SPDX-License-Identifier: MIT
/*
 * processes.c - rows: system calls, fork, exec, threads and signals.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long clock_vdso(size_t n)
{
	struct timespec t;
	long start = now();

	for (size_t i = 0; i < n; i++)
		clock_gettime(CLOCK_MONOTONIC, &t);
	return now() - start;
}

static long null_call(size_t n)
{
	long start = now();

	for (size_t i = 0; i < n; i++)
		syscall(SYS_getppid);
	return now() - start;
}

static long fork_exit_wait(size_t n)
{
	long start = now();

	for (size_t i = 0; i < n; i++) {
		pid_t child = fork();

		if (child == 0)
			_exit(0);
		waitpid(child, NULL, 0);
	}
	return now() - start;
}

static long fork_touched(size_t n)
{
	volatile char *p = map_anonymous(64 << 8);

	touch_write(p, 64 << 8);
	n = fork_exit_wait(n);
	unmap(p, 64 << 8);
	return n;
}

static long fork_file(size_t n)
{
	volatile char *p = map_file(FILE_PAGES, PROT_READ, MAP_SHARED);

	touch_read(p, FILE_PAGES);
	n = fork_exit_wait(n);
	unmap(p, FILE_PAGES);
	return n;
}

static long exec_wait(size_t n, int by_vfork)
{
	char *const argv[] = {bench_program, "exit", NULL};
	char *const envp[] = {NULL};
	long start = now();

	for (size_t i = 0; i < n; i++) {
		pid_t child = by_vfork ? vfork() : fork();

		if (child == 0) {
			execve(bench_program, argv, envp);
			_exit(127);
		}
		waitpid(child, NULL, 0);
	}
	return now() - start;
}

static long fork_exec_wait(size_t n)
{
	return exec_wait(n, 0);
}

static long vfork_exec_wait(size_t n)
{
	return exec_wait(n, 1);
}

static void *thread(void *unused)
{
	return unused;
}

static long create_join(size_t n)
{
	long start = now();

	for (size_t i = 0; i < n; i++) {
		pthread_t t;

		must(pthread_create(&t, NULL, thread, NULL) == 0,
		     "pthread_create");
		pthread_join(t, NULL);
	}
	return now() - start;
}

static void nothing(int signal)
{
	(void)signal;
}

static long set_action(size_t n)
{
	struct sigaction action = {.sa_handler = nothing};
	long start = now();

	for (size_t i = 0; i < n; i++)
		sigaction(SIGUSR1, &action, NULL);
	return now() - start;
}

static long signal_self(size_t n)
{
	pid_t pid = getpid();
	long start;

	signal(SIGUSR1, nothing);
	start = now();
	for (size_t i = 0; i < n; i++)
		kill(pid, SIGUSR1);
	return now() - start;
}

static void unprotect(int signal, siginfo_t *info, void *context)
{
	uintptr_t page = (uintptr_t)info->si_addr & -PAGE;

	(void)signal;
	(void)context;
	mprotect((void *)page, PAGE, PROT_READ | PROT_WRITE);
}

static void catch_faults(void)
{
	struct sigaction action = {.sa_sigaction = unprotect,
				   .sa_flags = SA_SIGINFO};

	sigaction(SIGSEGV, &action, NULL);
}

/* A collector's write barrier: the handler opens the page. */
static long barrier(size_t n)
{
	volatile char *p = map_anonymous(1);
	long start;

	catch_faults();
	*p = 1;
	start = now();
	for (size_t i = 0; i < n; i++) {
		mprotect((void *)p, PAGE, PROT_READ);
		*p = 2;
	}
	start = now() - start;
	unmap(p, 1);
	return start;
}

static long barrier_shuffled(size_t n)
{
	volatile char *p = map_anonymous(n);
	long start;

	catch_faults();
	touch_write(p, n);
	mprotect((void *)p, n * PAGE, PROT_READ);
	start = now();
	for (size_t i = 0; i < n; i++)
		p[shuffled(i, n) * PAGE] = 2;
	start = now() - start;
	unmap(p, n);
	return start;
}

const struct row process_rows[] = {
	{"clock_gettime(MONOTONIC)", clock_vdso, 2000},
	{"null system call", null_call, 2000},
	{"fork, exit, wait, small", fork_exit_wait, 50},
	{"the same with 64 MiB touched", fork_touched, 10},
	{"the same with 64 MiB of file mapped and read", fork_file, 20},
	{"fork, exec (static glibc), wait", fork_exec_wait, 20},
	{"vfork, exec, wait", vfork_exec_wait, 20},
	{"pthread_create and join", create_join, 100},
	{"rt_sigaction", set_action, 1000},
	{"signal to self, handled", signal_self, 500},
	{"SIGSEGV handler that mprotects the page", barrier, 500},
	{"the same at random over 16 MiB", barrier_shuffled, 4096},
	{0},
};
