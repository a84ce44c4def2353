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

static void clock_vdso(size_t n)
{
	struct timespec t;

	meter_start();
	for (size_t i = 0; i < n; i++)
		clock_gettime(CLOCK_MONOTONIC, &t);
	meter_stop();
}

static void null_call(size_t n)
{
	meter_start();
	for (size_t i = 0; i < n; i++)
		syscall(SYS_getppid);
	meter_stop();
}

static void fork_exit_wait(size_t n)
{
	meter_start();
	for (size_t i = 0; i < n; i++) {
		pid_t child = fork();

		if (child == 0)
			_exit(0);
		waitpid(child, NULL, 0);
	}
	meter_stop();
}

static void fork_touched(size_t n)
{
	volatile char *p = map_anonymous(64 << 8);

	touch_write(p, 64 << 8);
	fork_exit_wait(n);
	unmap(p, 64 << 8);
}

static void fork_file(size_t n)
{
	volatile char *p = map_file(FILE_PAGES, PROT_READ, MAP_SHARED);

	touch_read(p, FILE_PAGES);
	fork_exit_wait(n);
	unmap(p, FILE_PAGES);
}

static void exec_wait(size_t n, int by_vfork)
{
	char *const argv[] = {bench_program, "exit", NULL};
	char *const envp[] = {NULL};
	int status;

	meter_start();
	for (size_t i = 0; i < n; i++) {
		pid_t child = by_vfork ? vfork() : fork();

		if (child == 0) {
			execve(bench_program, argv, envp);
			_exit(127);
		}
		must(waitpid(child, &status, 0) == child && status == 0,
		     bench_program);
	}
	meter_stop();
}

static void fork_exec_wait(size_t n)
{
	exec_wait(n, 0);
}

static void vfork_exec_wait(size_t n)
{
	exec_wait(n, 1);
}

static void *thread(void *unused)
{
	return unused;
}

static void create_join(size_t n)
{
	meter_start();
	for (size_t i = 0; i < n; i++) {
		pthread_t t;

		must(pthread_create(&t, NULL, thread, NULL) == 0,
		     "pthread_create");
		pthread_join(t, NULL);
	}
	meter_stop();
}

static void nothing(int signal)
{
	(void)signal;
}

static void set_action(size_t n)
{
	struct sigaction action = {.sa_handler = nothing};

	meter_start();
	for (size_t i = 0; i < n; i++)
		sigaction(SIGUSR1, &action, NULL);
	meter_stop();
}

static void signal_self(size_t n)
{
	pid_t pid = getpid();

	signal(SIGUSR1, nothing);
	meter_start();
	for (size_t i = 0; i < n; i++)
		kill(pid, SIGUSR1);
	meter_stop();
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
static void barrier(size_t n)
{
	volatile char *p = map_anonymous(1);

	catch_faults();
	*p = 1;
	meter_start();
	for (size_t i = 0; i < n; i++) {
		mprotect((void *)p, PAGE, PROT_READ);
		*p = 2;
	}
	meter_stop();
	unmap(p, 1);
}

static void barrier_shuffled(size_t n)
{
	volatile char *p = map_anonymous(n);

	catch_faults();
	touch_write(p, n);
	mprotect((void *)p, n * PAGE, PROT_READ);
	meter_start();
	for (size_t i = 0; i < n; i++)
		p[shuffled(i, n) * PAGE] = 2;
	meter_stop();
	unmap(p, n);
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
