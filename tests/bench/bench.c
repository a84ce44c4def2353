/* SPDX-License-Identifier: MIT */
/*
 * bench.c - what single operations cost, in nanoseconds of the machine's own
 * clock; under `scripts/quire run --icount` that is in instructions.
 *
 * Each row is a function that does its operation n times; the cost printed is
 * that of one, from the second of two runs.  An ordinary Linux program.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096 };

static int file; /* 8 MiB, in the page cache */
static const size_t FILE_PAGES = 2048;

static long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000 + t.tv_nsec;
}

static void *map(size_t npages, int prot, int flags, int fd)
{
	void *p = mmap(NULL, npages * PAGE, prot, flags, fd, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return p;
}

/* Touch each page; the cost of mapping and unmapping is not counted. */
static long touch(volatile char *p, size_t npages, int store)
{
	long start = now();

	for (size_t i = 0; i < npages; i++)
		if (store)
			p[i * PAGE] = 1;
		else
			(void)p[i * PAGE];
	start = now() - start;
	munmap((void *)p, npages * PAGE);
	return start;
}

static long null_call(size_t n)
{
	long start = now();

	for (size_t i = 0; i < n; i++)
		syscall(SYS_getppid);
	return now() - start;
}

static long anonymous_read(size_t n)
{
	return touch(map(n, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1), n, 0);
}

static long anonymous_write(size_t n)
{
	return touch(
		map(n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1),
		n, 1);
}

static long file_read(size_t n)
{
	return touch(map(n, PROT_READ, MAP_SHARED, file), n, 0);
}

static long file_shared_write(size_t n)
{
	return touch(map(n, PROT_READ | PROT_WRITE, MAP_SHARED, file), n, 1);
}

static long file_private_write(size_t n)
{
	return touch(map(n, PROT_READ | PROT_WRITE, MAP_PRIVATE, file), n, 1);
}

static long map_touch_unmap(size_t n)
{
	long start = now();

	for (size_t i = 0; i < n; i++) {
		volatile char *p = map(1, PROT_READ | PROT_WRITE,
				       MAP_PRIVATE | MAP_ANONYMOUS, -1);

		*p = 1;
		munmap((void *)p, PAGE);
	}
	return now() - start;
}

static long protect(size_t n)
{
	volatile char *p =
		map(1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	long start;

	*p = 1;
	start = now();
	for (size_t i = 0; i < n; i++)
		mprotect((void *)p, PAGE,
			 i & 1 ? PROT_READ | PROT_WRITE : PROT_READ);
	start = now() - start;
	munmap((void *)p, PAGE);
	return start;
}

/* A store after msync, which left the mapping clean. */
static long store_after_msync(size_t n)
{
	volatile char *p = map(n, PROT_READ | PROT_WRITE, MAP_SHARED, file);

	for (size_t i = 0; i < n; i++)
		p[i * PAGE] = 1;
	msync((void *)p, n * PAGE, MS_SYNC);
	return touch(p, n, 1);
}

static long pread_one(size_t n)
{
	char byte;
	long start = now();

	for (size_t i = 0; i < n; i++)
		if (pread(file, &byte, 1, 0) != 1)
			exit(1);
	return now() - start;
}

static long read_pages(size_t n)
{
	static char page[PAGE];
	long start = now();

	for (size_t i = 0; i < n; i++)
		if (pread(file, page, PAGE, i % FILE_PAGES * PAGE) != PAGE)
			exit(1);
	return now() - start;
}

static long stat_path(size_t n)
{
	struct stat st;
	long start = now();

	for (size_t i = 0; i < n; i++)
		stat("/tmp/bench", &st);
	return now() - start;
}

static long open_close(size_t n)
{
	long start = now();

	for (size_t i = 0; i < n; i++)
		close(open("/tmp/bench", O_RDONLY));
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

static long pipe_alone(size_t n)
{
	int fds[2];
	char byte = 0;
	long start;

	if (pipe(fds))
		exit(1);
	start = now();
	for (size_t i = 0; i < n; i++)
		if (write(fds[1], &byte, 1) != 1 || read(fds[0], &byte, 1) != 1)
			exit(1);
	start = now() - start;
	close(fds[0]);
	close(fds[1]);
	return start;
}

/* One byte there and back between two processes. */
static long pipe_round_trip(size_t n)
{
	int there[2], back[2];
	char byte = 0;
	long start;
	pid_t child;

	if (pipe(there) || pipe(back))
		exit(1);
	child = fork();
	if (child == 0) {
		close(there[1]);
		while (read(there[0], &byte, 1) == 1)
			if (write(back[1], &byte, 1) != 1)
				break;
		_exit(0);
	}
	start = now();
	for (size_t i = 0; i < n; i++)
		if (write(there[1], &byte, 1) != 1 ||
		    read(back[0], &byte, 1) != 1)
			exit(1);
	start = now() - start;
	for (int i = 0; i < 2; i++) {
		close(there[i]);
		close(back[i]);
	}
	waitpid(child, NULL, 0);
	return start;
}

static long yield_alone(size_t n)
{
	long start = now();

	for (size_t i = 0; i < n; i++)
		sched_yield();
	return now() - start;
}

static const struct {
	const char *name;
	long (*run)(size_t n);
	size_t n;
} rows[] = {
	{"null system call", null_call, 2000},
	{"first read of a fresh anonymous page", anonymous_read, 2000},
	{"first write of a fresh anonymous page", anonymous_write, 2000},
	{"mmap 1 page, touch, munmap", map_touch_unmap, 500},
	{"mprotect 1 resident page", protect, 500},
	{"read fault on a hot file", file_read, 2000},
	{"first write to a MAP_SHARED page", file_shared_write, 2000},
	{"first write to a MAP_PRIVATE file page", file_private_write, 2000},
	{"first write after msync", store_after_msync, 1000},
	{"pread of 1 byte, hot", pread_one, 1000},
	{"read(2) by 4 KiB, per page", read_pages, 2000},
	{"stat", stat_path, 500},
	{"open and close", open_close, 500},
	{"fork, exit, wait, small", fork_exit_wait, 50},
	{"1 byte through a pipe, one process", pipe_alone, 1000},
	{"1 byte there and back, two processes", pipe_round_trip, 500},
	{"sched_yield, alone", yield_alone, 1000},
};

int main(void)
{
	static char page[PAGE];

	file = open("/tmp/bench", O_RDWR | O_CREAT | O_TRUNC, 0644);
	for (size_t i = 0; i < FILE_PAGES; i++)
		if (write(file, page, PAGE) != PAGE) {
			perror("/tmp/bench");
			return 1;
		}
	fsync(file);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		rows[i].run(rows[i].n);
		printf("%s\t%ld\n", rows[i].name,
		       rows[i].run(rows[i].n) / (long)rows[i].n);
	}
	unlink("/tmp/bench");
	return 0;
}
