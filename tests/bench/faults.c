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

enum { HUGE = 512 };

/* Count touching @n pages at @p, and unmap them. */
static void timed(volatile char *p, size_t n,
		  void (*touch)(volatile char *p, size_t npages))
{
	meter_start();
	touch(p, n);
	meter_stop();
	unmap(p, n);
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

static void anonymous_read(size_t n)
{
	timed(map_anonymous(n), n, touch_read);
}

static void anonymous_write(size_t n)
{
	timed(map_anonymous(n), n, touch_write);
}

static void anonymous_write_shuffled(size_t n)
{
	timed(map_anonymous(n), n, touch_write_shuffled);
}

/* Each page needs a page-table page of its own. */
static void anonymous_write_apart(size_t n)
{
	const size_t stride = 512;
	volatile char *p = map_anonymous(n * stride);

	meter_start();
	for (size_t i = 0; i < n; i++)
		p[i * stride * PAGE] = 1;
	meter_stop();
	unmap(p, n * stride);
}

/* @n pages, whole megapages, that want to be huge. */
static char *map_huge(size_t n)
{
	char *p = map_anonymous(n + HUGE);

	p += -(uintptr_t)p % (HUGE * PAGE);
	madvise(p, n * PAGE, MADV_HUGEPAGE);
	return p;
}

static void huge_write(size_t n)
{
	timed(map_huge(n), n, touch_write);
}

/* One store each, and the first change of a part. */
static void huge_split(size_t n)
{
	char *p = map_huge(n * HUGE);

	for (size_t i = 0; i < n; i++)
		p[i * HUGE * PAGE] = 1;
	meter_start();
	for (size_t i = 0; i < n; i++)
		mprotect(p + i * HUGE * PAGE, PAGE, PROT_READ);
	meter_stop();
	unmap(p, n * HUGE);
}

static void write_after_read(size_t n)
{
	volatile char *p = map_anonymous(n);

	touch_read(p, n);
	timed(p, n, touch_write);
}

static void shared_anonymous_write(size_t n)
{
	void *p = mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	must(p != MAP_FAILED, "mmap");
	timed(p, n, touch_write);
}

static void populate(size_t n)
{
	void *p;

	meter_start();
	p = mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	meter_stop();
	must(p != MAP_FAILED, "mmap");
	unmap(p, n);
}

static void brk_growth(size_t n)
{
	char *end = sbrk(0);

	meter_start();
	must(brk(end + n * PAGE) == 0, "brk");
	touch_write((char *)(((uintptr_t)end + PAGE - 1) & -PAGE), n - 1);
	meter_stop();
	must(brk(end) == 0, "brk");
}

static void hot_read(size_t n)
{
	timed(map_file(n, PROT_READ, MAP_SHARED), n, touch_read);
}

static void hot_read_shuffled(size_t n)
{
	timed(map_file(n, PROT_READ, MAP_SHARED), n, touch_read_shuffled);
}

/* One page in 16 of the file: no neighbour that came along is of use. */
static void hot_read_apart(size_t n)
{
	volatile char *p = map_file(16 * n, PROT_READ, MAP_SHARED);

	meter_start();
	for (size_t i = 0; i < n; i++)
		(void)p[shuffled(i, n) * 16 * PAGE];
	meter_stop();
	unmap(p, 16 * n);
}

static void shared_write(size_t n)
{
	timed(map_file(n, PROT_READ | PROT_WRITE, MAP_SHARED), n, touch_write);
}

static void shared_write_after_read(size_t n)
{
	volatile char *p = map_file(n, PROT_READ | PROT_WRITE, MAP_SHARED);

	touch_read(p, n);
	timed(p, n, touch_write);
}

static void shared_write_after_msync(size_t n)
{
	volatile char *p = map_file(n, PROT_READ | PROT_WRITE, MAP_SHARED);

	touch_write(p, n);
	must(msync((void *)p, n * PAGE, MS_SYNC) == 0, "msync");
	timed(p, n, touch_write);
}

static void private_write(size_t n)
{
	timed(map_file(n, PROT_READ | PROT_WRITE, MAP_PRIVATE), n, touch_write);
}

/* A hole in a file, mapped and read; the file is new each time. */
static void mapped_hole_read(size_t n)
{
	int fd = hole_file(n);
	volatile char *p = mmap(NULL, n * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	must(p != MAP_FAILED, "mmap");
	close(fd);
	timed(p, n, touch_read);
}

/* The child stores first, to pages that its parent still has. */
static void write_after_fork_copied(size_t n)
{
	volatile char *p = map_anonymous(n);
	pid_t child;

	touch_write(p, n);
	child = fork();
	if (child == 0) {
		meter_start();
		touch_write(p, n);
		meter_stop();
		_exit(0);
	}
	waitpid(child, NULL, 0);
	unmap(p, n);
}

/* The child is gone: the pages are the parent's alone again. */
static void write_after_fork_last(size_t n)
{
	volatile char *p = map_anonymous(n);
	pid_t child;

	touch_write(p, n);
	child = fork();
	if (child == 0)
		_exit(0);
	waitpid(child, NULL, 0);
	timed(p, n, touch_write);
}

/* Down the stack, a page at a time. */
static void stack_growth(size_t n)
{
	pid_t child = fork();

	if (child == 0) {
		volatile char *sp = __builtin_frame_address(0);
		const size_t used = 40; /* pages that may be there already */

		for (size_t i = 0; i < used; i++)
			sp[-(long)(i * PAGE)] = 1;
		sp -= used * PAGE;
		meter_start();
		for (size_t i = 0; i < n; i++)
			sp[-(long)(i * PAGE)] = 1;
		meter_stop();
		_exit(0);
	}
	waitpid(child, NULL, 0);
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

const struct row huge_rows[] = {
	{"first write with MADV_HUGEPAGE, per page", huge_write, 16384},
	{"mprotect that splits a huge page", huge_split, 32},
	{0},
};
