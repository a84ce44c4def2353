// SPDX-License-Identifier: MIT
/*
 * bench.c - what single operations cost, in nanoseconds of the machine's own
 * clock; under `scripts/quire run --icount` that is in instructions.
 *
 *	bench            all rows, one line each: its name, a tab, its cost, a
 *	                 tab, how many operations were measured
 *	bench NAME...    those whose names begin so; also rows of parallel.c
 *	                 and, as "SETTING: ROW", those in settings of scaling.c
 *	bench names      all names
 *	bench on DEVICE TYPE NAME...
 *	                 with the files of the rows "disk:" on that disk, else
 *	                 in the working directory
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
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int bench_file;
const char *const bench_file_name = "/tmp/bench-file";
char *bench_program;

static const struct row *const tables[] = {
	fault_rows, map_rows,  interval_rows, file_rows,    process_rows,
	wait_rows,  disk_rows, huge_rows,     parallel_rows};
enum { NTABLES = sizeof(tables) / sizeof(*tables) };
enum { SCALED_PAGES = 1024 }; /* of the file: 64 MiB of memory are enough */

static char **wanted_names;           /* beginnings; none: all */
static const struct setting *setting; /* the one that is run */

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

void beside_processes(size_t n, void (*run)(void))
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
	run();
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

static int wanted(const char *name)
{
	if (!*wanted_names)
		return 1;
	for (char **w = wanted_names; *w; w++)
		if (strncmp(name, *w, strlen(*w)) == 0)
			return 1;
	return 0;
}

static void run_row(const char *name, const struct row *row, size_t n)
{
	row->run(n);
	sync(); /* or the flusher would be counted, too */
	meter_reset();
	row->run(n);
	printf("%s\t%ld\t%zu\n", name, meter->total / (long)n, n);
	meter_report();
}

static void run_table(const struct row *row)
{
	for (; row->name; row++)
		if (wanted(row->name))
			run_row(row->name, row, row->n);
}

static const struct row *row_find(const char *name)
{
	for (size_t i = 0; i < NTABLES; i++)
		for (const struct row *row = tables[i]; row->name; row++)
			if (strcmp(row->name, name) == 0)
				return row;
	must(0, name);
	return NULL;
}

/* A name asked for is of this setting's rows: complete up to the colon. */
static int setting_wanted(void)
{
	for (char **w = wanted_names; *w; w++)
		if (strncmp(*w, setting->name, strlen(setting->name)) == 0)
			return 1;
	return 0;
}

/* The name of a row in this setting. */
static const char *scaled_name(const char *row)
{
	static char name[100];

	snprintf(name, sizeof(name), "%s: %s", setting->name, row);
	return name;
}

static void run_scaled(void)
{
	for (const char *const *name = scaled; *name; name++) {
		const struct row *row = row_find(*name);

		if (wanted(scaled_name(*name)))
			run_row(scaled_name(*name), row, row->n / 8);
	}
}

static void print_names(void)
{
	for (size_t i = 0; i < NTABLES; i++)
		for (const struct row *row = tables[i]; row->name; row++)
			puts(row->name);
	for (setting = settings; setting->name; setting++)
		for (const char *const *name = scaled; *name; name++)
			puts(scaled_name(*name));
}

static void mount_disk(const char *device, const char *type)
{
	mkdir("/mnt", 0755);
	must(mount(device, "/mnt", type, 0, NULL) == 0, device);
	must(chdir("/mnt") == 0, "/mnt");
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "exit") == 0)
		return 0;
	if (argc == 2 && strcmp(argv[1], "names") == 0) {
		print_names();
		return 0;
	}
	bench_program = realpath("/proc/self/exe", NULL);
	must(bench_program != NULL, "/proc/self/exe");
	meter = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(meter != MAP_FAILED, "mmap");
	if (argc > 3 && strcmp(argv[1], "on") == 0) {
		mount_disk(argv[2], argv[3]);
		argv += 3;
		argc -= 3;
	}
	wanted_names = argv + 1;
	make_file();
	for (size_t i = 0; i < NTABLES; i++)
		if (argc > 1 || tables[i] != parallel_rows)
			run_table(tables[i]);
	must(ftruncate(bench_file, SCALED_PAGES * PAGE) == 0, "ftruncate");
	for (setting = settings; setting->name; setting++)
		if (setting_wanted())
			setting->within(run_scaled);
	unlink(bench_file_name);
	return 0;
}
