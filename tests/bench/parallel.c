// SPDX-License-Identifier: MIT
/*
 * parallel.c - rows: all harts do the same at once, as threads of one process
 * or as processes.
 *
 * The @n operations are shared out among the harts.  What is executed on all
 * harts together is counted: so waiting for a lock, which is executing, too,
 * makes an operation dearer, as does interrupting the others.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* What each hart does: @work is counted, and gets what @prepare returns. */
struct job {
	void *(*prepare)(size_t n);
	void (*work)(volatile char *p, size_t n);
};

enum { HARTS = 64 };

static struct crew {
	const struct job *job;
	size_t n; /* for each */
	int ready[2], gate[2], door[2];
} crew;

static void pass(int fds[2])
{
	char byte;

	must(read(fds[0], &byte, 1) == 1, "read");
}

static void let_pass(int fds[2], size_t n)
{
	static const char bytes[HARTS];

	must(write(fds[1], bytes, n) == (ssize_t)n, "write");
}

static void *worker(void *number)
{
	size_t hart = (size_t)number;
	cpu_set_t own;
	void *p;

	CPU_ZERO(&own);
	CPU_SET(hart, &own);
	must(sched_setaffinity(0, sizeof(own), &own) == 0, "affinity");
	p = crew.job->prepare(crew.n);
	let_pass(crew.ready, 1);
	pass(crew.gate);
	crew.job->work(p, crew.n);
	let_pass(crew.ready, 1);
	pass(crew.door);
	return NULL;
}

static void pass_all(int fds[2], size_t n)
{
	for (size_t i = 0; i < n; i++)
		pass(fds);
}

static void run_crew(const struct job *job, size_t n, int threads)
{
	size_t nharts = sysconf(_SC_NPROCESSORS_ONLN);
	pthread_t ids[HARTS];

	must(nharts <= HARTS, "so many harts");
	crew = (struct crew){.job = job, .n = n / nharts};
	must(pipe(crew.ready) == 0 && pipe(crew.gate) == 0 &&
		     pipe(crew.door) == 0,
	     "pipe");
	for (size_t i = 0; i < nharts; i++)
		if (threads) {
			must(pthread_create(&ids[i], NULL, worker, (void *)i) ==
				     0,
			     "pthread_create");
		} else if (fork() == 0) {
			worker((void *)i);
			_exit(0);
		}
	pass_all(crew.ready, nharts);
	meter_start();
	let_pass(crew.gate, nharts);
	pass_all(crew.ready, nharts);
	meter_stop();
	let_pass(crew.door, nharts);
	for (size_t i = 0; i < nharts; i++)
		must(threads ? pthread_join(ids[i], NULL) == 0 : wait(NULL) > 0,
		     "wait");
	for (int i = 0; i < 2; i++) {
		close(crew.ready[i]);
		close(crew.gate[i]);
		close(crew.door[i]);
	}
}

/* --- jobs --- */

static void *nothing(size_t n)
{
	(void)n;
	return NULL;
}

static void call(volatile char *p, size_t n)
{
	(void)p;
	for (size_t i = 0; i < n; i++)
		syscall(SYS_getppid);
}

static void *map_hot_file(size_t n)
{
	return map_file(16 * n, PROT_READ, MAP_SHARED);
}

static void read_apart(volatile char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		(void)p[16 * i * PAGE];
}

static void map_touch_unmap(volatile char *unused, size_t n)
{
	(void)unused;
	for (size_t i = 0; i < n; i++) {
		volatile char *p = map_anonymous(1);

		*p = 1;
		unmap(p, 1);
	}
}

static const struct job calls = {nothing, call},
			writes = {map_anonymous, touch_write},
			reads = {map_hot_file, read_apart},
			maps = {nothing, map_touch_unmap};

static void calls_threads(size_t n)
{
	run_crew(&calls, n, 1);
}

static void calls_processes(size_t n)
{
	run_crew(&calls, n, 0);
}

static void writes_threads(size_t n)
{
	run_crew(&writes, n, 1);
}

static void writes_processes(size_t n)
{
	run_crew(&writes, n, 0);
}

static void reads_threads(size_t n)
{
	run_crew(&reads, n, 1);
}

static void reads_processes(size_t n)
{
	run_crew(&reads, n, 0);
}

static void maps_threads(size_t n)
{
	run_crew(&maps, n, 1);
}

static void maps_processes(size_t n)
{
	run_crew(&maps, n, 0);
}

const struct row parallel_rows[] = {
	{"all harts: null system call, one process", calls_threads, 12000},
	{"all harts: null system call, several", calls_processes, 12000},
	{"all harts: first write, one process", writes_threads, 1200},
	{"all harts: first write, several", writes_processes, 1200},
	{"all harts: file read fault, one process", reads_threads, 600},
	{"all harts: file read fault, several", reads_processes, 600},
	{"all harts: mmap, touch, munmap, one process", maps_threads, 600},
	{"all harts: mmap, touch, munmap, several", maps_processes, 600},
	{0},
};
