// SPDX-License-Identifier: MIT
/*
 * maps.c - rows: making, changing and removing mappings.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <sys/mman.h>
#include <unistd.h>

enum { RW = PROT_READ | PROT_WRITE };

static void map_touch_unmap(size_t n)
{
	meter_start();
	for (size_t i = 0; i < n; i++) {
		volatile char *p = map_anonymous(1);

		*p = 1;
		unmap(p, 1);
	}
	meter_stop();
}

static void map_unmap(size_t n, size_t npages)
{
	meter_start();
	for (size_t i = 0; i < n; i++)
		unmap(map_anonymous(npages), npages);
	meter_stop();
}

static void map_unmap_page(size_t n)
{
	map_unmap(n, 1);
}

static void map_unmap_gib(size_t n)
{
	map_unmap(n, 1 << 18);
}

static void map_unmap_16_gib(size_t n)
{
	map_unmap(n, 16ul << 18);
}

static void map_file_touch_unmap(size_t n)
{
	meter_start();
	for (size_t i = 0; i < n; i++) {
		volatile char *p = map_file(1, PROT_READ, MAP_SHARED);

		(void)*p;
		unmap(p, 1);
	}
	meter_stop();
}

static void map_fixed_over(size_t n)
{
	volatile char *p = map_anonymous(1);

	*p = 1;
	meter_start();
	for (size_t i = 0; i < n; i++) {
		mmap((void *)p, PAGE, RW,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		*p = 1;
	}
	meter_stop();
	unmap(p, 1);
}

static void unmap_touched(size_t n)
{
	volatile char *p = map_anonymous(n);

	touch_write(p, n);
	meter_start();
	unmap(p, n);
	meter_stop();
}

static void unmap_middle(size_t n)
{
	volatile char *p = map_anonymous(2 * n + 1);

	for (size_t i = 0; i < n; i++)
		p[(2 * i + 1) * PAGE] = 1;
	meter_start();
	for (size_t i = 0; i < n; i++)
		unmap(p + (2 * i + 1) * PAGE, 1);
	meter_stop();
	unmap(p, 2 * n + 1);
}

static void dontneed_touch(size_t n)
{
	volatile char *p = map_anonymous(1);

	*p = 1;
	meter_start();
	for (size_t i = 0; i < n; i++) {
		madvise((void *)p, PAGE, MADV_DONTNEED);
		*p = 1;
	}
	meter_stop();
	unmap(p, 1);
}

static void dontneed_many(size_t n)
{
	volatile char *p = map_anonymous(n);

	touch_write(p, n);
	meter_start();
	madvise((void *)p, n * PAGE, MADV_DONTNEED);
	meter_stop();
	unmap(p, n);
}

static void mincore_page(size_t n)
{
	volatile char *p = map_anonymous(1);
	unsigned char vec[1];

	*p = 1;
	meter_start();
	for (size_t i = 0; i < n; i++)
		mincore((void *)p, PAGE, vec);
	meter_stop();
	unmap(p, 1);
}

static void mincore_many(size_t n)
{
	static unsigned char vec[1 << 16];
	volatile char *p = map_anonymous(n);

	touch_write(p, n);
	meter_start();
	must(mincore((void *)p, n * PAGE, vec) == 0, "mincore");
	meter_stop();
	unmap(p, n);
}

static void brk_up_down(size_t n)
{
	char *end = sbrk(0);

	meter_start();
	for (size_t i = 0; i < n; i++) {
		must(brk(end + PAGE) == 0, "brk");
		must(brk(end) == 0, "brk");
	}
	meter_stop();
}

static void protect_page(size_t n)
{
	volatile char *p = map_anonymous(1);

	*p = 1;
	meter_start();
	for (size_t i = 0; i < n; i++)
		mprotect((void *)p, PAGE, i & 1 ? RW : PROT_READ);
	meter_stop();
	unmap(p, 1);
}

static void protect_many(size_t n)
{
	volatile char *p = map_anonymous(n);

	touch_write(p, n);
	meter_start();
	must(mprotect((void *)p, n * PAGE, PROT_READ) == 0, "mprotect");
	meter_stop();
	unmap(p, n);
}

/* Every second page of @p gets other rights, or the same again. */
static void protect_odd(volatile char *p, size_t n, int prot)
{
	for (size_t i = 0; i < n; i++)
		mprotect((void *)(p + (2 * i + 1) * PAGE), PAGE, prot);
}

static void protect_splits(size_t n)
{
	volatile char *p = map_anonymous(2 * n + 1);

	touch_write(p, 2 * n + 1);
	meter_start();
	protect_odd(p, n, PROT_READ);
	meter_stop();
	unmap(p, 2 * n + 1);
}

static void protect_merges(size_t n)
{
	volatile char *p = map_anonymous(2 * n + 1);

	touch_write(p, 2 * n + 1);
	protect_odd(p, n, PROT_READ);
	meter_start();
	protect_odd(p, n, RW);
	meter_stop();
	unmap(p, 2 * n + 1);
}

static void remap_grow(size_t n)
{
	char *room = map_anonymous(n + 1);

	unmap(room + PAGE, n);
	meter_start();
	for (size_t i = 1; i <= n; i++)
		must(mremap(room, i * PAGE, (i + 1) * PAGE, 0) == room,
		     "mremap");
	meter_stop();
	unmap(room, n + 1);
}

static void remap_move(size_t n)
{
	char *to = map_anonymous(n), *from = map_anonymous(n);

	touch_write(from, n);
	meter_start();
	must(mremap(from, n * PAGE, n * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		    to) == to,
	     "mremap");
	meter_stop();
	unmap(to, n);
}

const struct row map_rows[] = {
	{"mmap 1 page, touch, munmap", map_touch_unmap, 500},
	{"mmap 1 page, munmap, untouched", map_unmap_page, 500},
	{"mmap 1 GiB, munmap, untouched", map_unmap_gib, 500},
	{"mmap 16 GiB, munmap, untouched", map_unmap_16_gib, 500},
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
