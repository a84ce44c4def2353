// SPDX-License-Identifier: MIT
/*
 * faults.c - rows: the first touch of a page, of each kind.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* Count touching @n pages at @p, and unmap them. */
static long timed(volatile char *p, size_t n,
		  void (*touch)(volatile char *p, size_t npages))
{
	long start = now();

	touch(p, n);
	start = now() - start;
	unmap(p, n);
	return start;
}

static void touch_write_shuffled(volatile char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[shuffled(i, n) * PAGE] = 1;
}

static void touch_read_shuffled(volatile char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		(void)p[shuffled(i, n) * PAGE];
}

static long anonymous_read(size_t n)
{
	return timed(map_anonymous(n), n, touch_read);
}

static long anonymous_write(size_t n)
{
	return timed(map_anonymous(n), n, touch_write);
}

static long anonymous_write_shuffled(size_t n)
{
	return timed(map_anonymous(n), n, touch_write_shuffled);
}

/* Each page needs a page-table page of its own. */
static long anonymous_write_apart(size_t n)
{
	const size_t stride = 512;
	volatile char *p = map_anonymous(n * stride);
	long start = now();

	for (size_t i = 0; i < n; i++)
		p[i * stride * PAGE] = 1;
	start = now() - start;
	unmap(p, n * stride);
	return start;
}

static long write_after_read(size_t n)
{
	volatile char *p = map_anonymous(n);

	touch_read(p, n);
	return timed(p, n, touch_write);
}

static long shared_anonymous_write(size_t n)
{
	void *p = mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	must(p != MAP_FAILED, "mmap");
	return timed(p, n, touch_write);
}

static long populate(size_t n)
{
	long start = now();
	void *p = mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	start = now() - start;
	must(p != MAP_FAILED, "mmap");
	unmap(p, n);
	return start;
}

static long brk_growth(size_t n)
{
	char *end = sbrk(0);
	long start = now();

	must(brk(end + n * PAGE) == 0, "brk");
	touch_write((char *)(((uintptr_t)end + PAGE - 1) & -PAGE), n - 1);
	start = now() - start;
	must(brk(end) == 0, "brk");
	return start;
}

static long hot_read(size_t n)
{
	return timed(map_file(n, PROT_READ, MAP_SHARED), n, touch_read);
}

static long hot_read_shuffled(size_t n)
{
	return timed(map_file(n, PROT_READ, MAP_SHARED), n,
		     touch_read_shuffled);
}

/* One page in 16 of the file: no neighbour that came along is of use. */
static long hot_read_apart(size_t n)
{
	volatile char *p = map_file(16 * n, PROT_READ, MAP_SHARED);
	long start = now();

	for (size_t i = 0; i < n; i++)
		(void)p[shuffled(i, n) * 16 * PAGE];
	start = now() - start;
	unmap(p, 16 * n);
	return start;
}

static long shared_write(size_t n)
{
	return timed(map_file(n, PROT_READ | PROT_WRITE, MAP_SHARED), n,
		     touch_write);
}

static long shared_write_after_read(size_t n)
{
	volatile char *p = map_file(n, PROT_READ | PROT_WRITE, MAP_SHARED);

	touch_read(p, n);
	return timed(p, n, touch_write);
}

static long shared_write_after_msync(size_t n)
{
	volatile char *p = map_file(n, PROT_READ | PROT_WRITE, MAP_SHARED);

	touch_write(p, n);
	must(msync((void *)p, n * PAGE, MS_SYNC) == 0, "msync");
	return timed(p, n, touch_write);
}

static long private_write(size_t n)
{
	return timed(map_file(n, PROT_READ | PROT_WRITE, MAP_PRIVATE), n,
		     touch_write);
}

/* A hole in a file, mapped and read; the file is new each time. */
static long mapped_hole_read(size_t n)
{
	int fd = hole_file(n);
	volatile char *p = mmap(NULL, n * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	must(p != MAP_FAILED, "mmap");
	close(fd);
	return timed(p, n, touch_read);
}

/* The child stores first, to pages that its parent still has. */
static long write_after_fork_copied(size_t n)
{
	long *result = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	volatile char *p = map_anonymous(n);
	long cost;
	pid_t child;

	touch_write(p, n);
	child = fork();
	if (child == 0) {
		long start = now();

		touch_write(p, n);
		*result = now() - start;
		_exit(0);
	}
	waitpid(child, NULL, 0);
	cost = *result;
	unmap(result, 1);
	unmap(p, n);
	return cost;
}

/* The child is gone: the pages are the parent's alone again. */
static long write_after_fork_last(size_t n)
{
	volatile char *p = map_anonymous(n);
	pid_t child;

	touch_write(p, n);
	child = fork();
	if (child == 0)
		_exit(0);
	waitpid(child, NULL, 0);
	return timed(p, n, touch_write);
}

/* Down the stack, a page at a time. */
static long stack_growth(size_t n)
{
	pid_t child;
	long *result = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	long cost;

	child = fork();
	if (child == 0) {
		volatile char *sp = __builtin_frame_address(0);
		const size_t used = 40; /* pages that may be there already */
		long start;

		for (size_t i = 0; i < used; i++)
			sp[-(long)(i * PAGE)] = 1;
		sp -= used * PAGE;
		start = now();
		for (size_t i = 0; i < n; i++)
			sp[-(long)(i * PAGE)] = 1;
		*result = now() - start;
		_exit(0);
	}
	waitpid(child, NULL, 0);
	cost = *result;
	unmap(result, 1);
	return cost;
}

const struct row fault_rows[] = {
	{"first read of a fresh anonymous page", anonymous_read, 2048},
	{"first write of a fresh anonymous page", anonymous_write, 2048},
	{"the same in random order", anonymous_write_shuffled, 2048},
	{"the same, one page per 2 MiB", anonymous_write_apart, 512},
	{"write to a page that was only read", write_after_read, 2048},
	{"first write, MAP_SHARED anonymous", shared_anonymous_write, 2048},
	{"MAP_POPULATE, per page", populate, 2048},
	{"brk growth and touch, per page", brk_growth, 1024},
	{"read fault on a hot file, in order", hot_read, 4096},
	{"read fault on a hot file, random order", hot_read_shuffled, 4096},
	{"read fault on a hot file, one page in 16", hot_read_apart, 512},
	{"read a mapped hole, per page", mapped_hole_read, 2048},
	{"first write to a MAP_SHARED page", shared_write, 2048},
	{"first write to one mapped read-only", shared_write_after_read, 2048},
	{"first write after msync", shared_write_after_msync, 1024},
	{"first write to a MAP_PRIVATE file page", private_write, 2048},
	{"write after fork, page copied", write_after_fork_copied, 1024},
	{"write after fork, last sharer", write_after_fork_last, 1024},
	{"stack growth, per page", stack_growth, 1024},
	{0},
};
