// SPDX-License-Identifier: MIT
/*
 * bench.c - what single operations cost, in nanoseconds of the machine's own
 * clock; under `scripts/quire run --icount` that is in instructions.
 *
 *	bench            all rows, one line each: its name, a tab, its cost, a
 *	                 tab, how many operations were measured
 *	bench NAME...    those whose names begin so
 *	bench names      the names alone
 *
 * The cost is that of one operation, from the second of two runs.  An ordinary
 * Linux program: the same binary is measured there.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int bench_file;
const char *const bench_file_name = "/tmp/bench-file";
char *bench_program;

static struct meter {
	long started, total;
} * meter; /* in memory that children share */

static long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000 + t.tv_nsec;
}

void meter_reset(void)
{
	meter->total = 0;
}

void meter_start(void)
{
	meter->started = now();
}

void meter_stop(void)
{
	meter->total += now() - meter->started;
}

void must(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(EXIT_FAILURE);
}

static void *map(size_t npages, int prot, int flags, int fd)
{
	void *p = mmap(NULL, npages * PAGE, prot, flags, fd, 0);

	must(p != MAP_FAILED, "mmap");
	return p;
}

/* Not reserved: it may be more than there is memory. */
void *map_anonymous(size_t npages)
{
	return map(npages, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
}

void *map_file(size_t npages, int prot, int flags)
{
	return map(npages, prot, flags, bench_file);
}

void unmap(volatile void *p, size_t npages)
{
	must(munmap((void *)p, npages * PAGE) == 0, "munmap");
}

int hole_file(size_t npages)
{
	const char *name = "/tmp/bench-hole";
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);

	must(fd >= 0 && ftruncate(fd, npages * PAGE) == 0, name);
	unlink(name);
	return fd;
}

void touch_read(volatile char *p, size_t npages)
{
	for (size_t i = 0; i < npages; i++)
		(void)p[i * PAGE];
}

void touch_write(volatile char *p, size_t npages)
{
	for (size_t i = 0; i < npages; i++)
		p[i * PAGE] = 1;
}

/* An odd factor permutes the numbers below a power of two. */
size_t shuffled(size_t i, size_t n)
{
	return i * 0x9e3779b1 & (n - 1);
}

/* One of them: say that we are here, then wait for the door to be shut. */
static void sleep_in_crowd(int ready, int door)
{
	char byte = 0;

	must(write(ready, &byte, 1) == 1, "write");
	must(read(door, &byte, 1) == 0, "read");
	_exit(0);
}

void beside_processes(size_t n, void (*run)(size_t n), size_t times)
{
	int ready[2], door[2];
	char byte;

	must(pipe(ready) == 0 && pipe(door) == 0, "pipe");
	for (size_t i = 0; i < n; i++) {
		pid_t child = fork();

		must(child >= 0, "fork");
		if (child == 0) {
			close(door[1]);
			sleep_in_crowd(ready[1], door[0]);
		}
		must(read(ready[0], &byte, 1) == 1, "read");
	}
	run(times);
	for (int i = 0; i < 2; i++) {
		close(ready[i]);
		close(door[i]);
	}
	while (wait(NULL) > 0)
		;
}

static void make_file(void)
{
	static char page[PAGE];

	bench_file = open(bench_file_name, O_RDWR | O_CREAT | O_TRUNC, 0644);
	for (size_t i = 0; i < FILE_PAGES; i++)
		must(write(bench_file, page, PAGE) == PAGE, bench_file_name);
	fsync(bench_file);
}

/* The row's figures are complete. */
void meter_report(void)
{
	fflush(stdout);
}

static int wanted(const struct row *row, char *const *names)
{
	if (!*names)
		return 1;
	for (; *names; names++)
		if (strncmp(row->name, *names, strlen(*names)) == 0)
			return 1;
	return 0;
}

static void run_rows(const struct row *row, char *const *names)
{
	for (; row->name; row++) {
		if (!wanted(row, names))
			continue;
		row->run(row->n);
		sync(); /* or the flusher would be counted, too */
		meter_reset();
		row->run(row->n);
		printf("%s\t%ld\t%zu\n", row->name, meter->total / (long)row->n,
		       row->n);
		meter_report();
	}
}

static void print_names(const struct row *row)
{
	for (; row->name; row++)
		puts(row->name);
}

int main(int argc, char **argv)
{
	const struct row *const tables[] = {
		fault_rows,   map_rows,  interval_rows, file_rows,
		process_rows, wait_rows, disk_rows,     huge_rows};
	const size_t ntables = sizeof(tables) / sizeof(*tables);

	if (argc == 2 && strcmp(argv[1], "exit") == 0)
		return 0;
	if (argc == 2 && strcmp(argv[1], "names") == 0) {
		for (size_t i = 0; i < ntables; i++)
			print_names(tables[i]);
		return 0;
	}
	meter = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(meter != MAP_FAILED, "mmap");
	bench_program = argv[0];
	make_file();
	for (size_t i = 0; i < ntables; i++)
		run_rows(tables[i], argv + 1);
	unlink(bench_file_name);
	return 0;
}
