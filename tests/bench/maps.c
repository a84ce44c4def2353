// SPDX-License-Identifier: MIT
/*
 * maps.c - rows: making, changing and removing mappings.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <sys/mman.h>
#include <unistd.h>

enum { RW = PROT_READ | PROT_WRITE };

static long map_touch_unmap(size_t n)
{
	long start = now();

	for (size_t i = 0; i < n; i++) {
		volatile char *p = map_anonymous(1);

		*p = 1;
		unmap(p, 1);
	}
	return now() - start;
}

static long map_unmap(size_t n, size_t npages)
{
	long start = now();

	for (size_t i = 0; i < n; i++)
		unmap(map_anonymous(npages), npages);
	return now() - start;
}

static long map_unmap_page(size_t n)
{
	return map_unmap(n, 1);
}

static long map_unmap_gib(size_t n)
{
	return map_unmap(n, 1 << 18);
}

static long map_file_touch_unmap(size_t n)
{
	long start = now();

	for (size_t i = 0; i < n; i++) {
		volatile char *p = map_file(1, PROT_READ, MAP_SHARED);

		(void)*p;
		unmap(p, 1);
	}
	return now() - start;
}

static long map_fixed_over(size_t n)
{
	volatile char *p = map_anonymous(1);
	long start;

	*p = 1;
	start = now();
	for (size_t i = 0; i < n; i++) {
		mmap((void *)p, PAGE, RW,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		*p = 1;
	}
	start = now() - start;
	unmap(p, 1);
	return start;
}

static long unmap_touched(size_t n)
{
	volatile char *p = map_anonymous(n);
	long start;

	touch_write(p, n);
	start = now();
	unmap(p, n);
	return now() - start;
}

static long unmap_middle(size_t n)
{
	volatile char *p = map_anonymous(2 * n + 1);
	long start;

	for (size_t i = 0; i < n; i++)
		p[(2 * i + 1) * PAGE] = 1;
	start = now();
	for (size_t i = 0; i < n; i++)
		unmap(p + (2 * i + 1) * PAGE, 1);
	start = now() - start;
	unmap(p, 2 * n + 1);
	return start;
}

static long dontneed_touch(size_t n)
{
	volatile char *p = map_anonymous(1);
	long start;

	*p = 1;
	start = now();
	for (size_t i = 0; i < n; i++) {
		madvise((void *)p, PAGE, MADV_DONTNEED);
		*p = 1;
	}
	start = now() - start;
	unmap(p, 1);
	return start;
}

static long dontneed_many(size_t n)
{
	volatile char *p = map_anonymous(n);
	long start;

	touch_write(p, n);
	start = now();
	madvise((void *)p, n * PAGE, MADV_DONTNEED);
	start = now() - start;
	unmap(p, n);
	return start;
}

static long mincore_page(size_t n)
{
	volatile char *p = map_anonymous(1);
	unsigned char vec[1];
	long start;

	*p = 1;
	start = now();
	for (size_t i = 0; i < n; i++)
		mincore((void *)p, PAGE, vec);
	start = now() - start;
	unmap(p, 1);
	return start;
}

static long mincore_many(size_t n)
{
	static unsigned char vec[1 << 16];
	volatile char *p = map_anonymous(n);
	long start;

	touch_write(p, n);
	start = now();
	must(mincore((void *)p, n * PAGE, vec) == 0, "mincore");
	start = now() - start;
	unmap(p, n);
	return start;
}

static long brk_up_down(size_t n)
{
	char *end = sbrk(0);
	long start = now();

	for (size_t i = 0; i < n; i++) {
		must(brk(end + PAGE) == 0, "brk");
		must(brk(end) == 0, "brk");
	}
	return now() - start;
}

static long protect_page(size_t n)
{
	volatile char *p = map_anonymous(1);
	long start;

	*p = 1;
	start = now();
	for (size_t i = 0; i < n; i++)
		mprotect((void *)p, PAGE, i & 1 ? RW : PROT_READ);
	start = now() - start;
	unmap(p, 1);
	return start;
}

static long protect_many(size_t n)
{
	volatile char *p = map_anonymous(n);
	long start;

	touch_write(p, n);
	start = now();
	must(mprotect((void *)p, n * PAGE, PROT_READ) == 0, "mprotect");
	start = now() - start;
	unmap(p, n);
	return start;
}

/* Every second page of @n other rights, or (@merge) the same again. */
static long protect_alternate(size_t n, int merge)
{
	volatile char *p = map_anonymous(2 * n + 1);
	long start = 0;

	touch_write(p, 2 * n + 1);
	for (int round = 0; round <= merge; round++) {
		start = now();
		for (size_t i = 0; i < n; i++)
			mprotect((void *)(p + (2 * i + 1) * PAGE), PAGE,
				 round ? RW : PROT_READ);
		start = now() - start;
	}
	unmap(p, 2 * n + 1);
	return start;
}

static long protect_splits(size_t n)
{
	return protect_alternate(n, 0);
}

static long protect_merges(size_t n)
{
	return protect_alternate(n, 1);
}

static long remap_grow(size_t n)
{
	char *room = map_anonymous(n + 1);
	long start;

	unmap(room + PAGE, n);
	start = now();
	for (size_t i = 1; i <= n; i++)
		must(mremap(room, i * PAGE, (i + 1) * PAGE, 0) == room,
		     "mremap");
	start = now() - start;
	unmap(room, n + 1);
	return start;
}

static long remap_move(size_t n)
{
	char *to = map_anonymous(n), *from = map_anonymous(n);
	long start;

	touch_write(from, n);
	start = now();
	must(mremap(from, n * PAGE, n * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		    to) == to,
	     "mremap");
	start = now() - start;
	unmap(to, n);
	return start;
}

const struct row map_rows[] = {
	{"mmap 1 page, touch, munmap", map_touch_unmap, 500},
	{"mmap 1 page, munmap, untouched", map_unmap_page, 500},
	{"mmap 1 GiB, munmap, untouched", map_unmap_gib, 500},
	{"mmap a file page, touch, munmap", map_file_touch_unmap, 500},
	{"MAP_FIXED over a touched page, touch", map_fixed_over, 500},
	{"munmap of 64 MiB touched, per page", unmap_touched, 64 << 8},
	{"munmap in the middle of an interval", unmap_middle, 500},
	{"madvise(DONTNEED) one page, touch", dontneed_touch, 500},
	{"madvise(DONTNEED) 16 MiB, per page", dontneed_many, 16 << 8},
	{"mincore, 1 page", mincore_page, 500},
	{"mincore, 16 MiB, per page", mincore_many, 16 << 8},
	{"brk up and down a page", brk_up_down, 500},
	{"mprotect 1 resident page", protect_page, 500},
	{"mprotect 16 MiB resident, per page", protect_many, 16 << 8},
	{"mprotect that splits an interval", protect_splits, 500},
	{"mprotect that merges it again", protect_merges, 500},
	{"mremap growing in place", remap_grow, 500},
	{"mremap that moves, per page", remap_move, 16 << 8},
	{0},
};
