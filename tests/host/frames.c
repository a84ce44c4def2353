/* SPDX-License-Identifier: MIT */
/* frames.c - physical memory for tests (frames.h), and what mm/page.c needs
 * of others. */
#include "tests/host/frames.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/riscv/boot.h"
#include "mm/page.h"
#include "mm/reclaim.h"

/* Frames [HOLE, HOLE_END) are somebody else's. */
enum { HOLE = 3001, HOLE_END = 3777 };

unsigned long checks;
static char *arena;
static unsigned seed;

void assert_failed(const char *expression, const char *file, int line,
		   const char *function)
{
	printf("%s:%d: %s: %s is false (seed %u)\n", file, line, function,
	       expression, seed);
	abort();
}

void panic(const char *format, ...)
{
	printf("panic: %s\n", format);
	abort();
}

bool reclaim_wait(void)
{
	return false;
}

size_t reclaim_clean(size_t npages)
{
	return 0;
}

bool reclaim_wanted(void)
{
	return false;
}

void reclaim_wake(void)
{
}

void page_lock_init(void)
{
}

void page_zero(void *page)
{
	memset(page, 0, PAGE_SIZE);
}

size_t frames_index(const struct page *pg)
{
	return ((char *)page_address(pg) - arena) / PAGE_SIZE;
}

bool frames_usable(size_t index)
{
	return index < FRAMES_MAX && (index < HOLE || index >= HOLE_END);
}

size_t frames_misalignment(unsigned order)
{
	return -(virt_to_phys(arena) / PAGE_SIZE) % (1ul << order);
}

void frames_start(const char *name, int argc, char **argv)
{
	static struct memory_range memory[3];
	char *block = malloc((FRAMES_MAX + 1) * PAGE_SIZE);

	seed = argc > 1 ? strtoul(argv[1], NULL, 0) : 1;
	printf("%s: seed %u\n", name, seed);
	srandom(seed);
	/* What memory held before must not matter. */
	memset(block, 0xa5, (FRAMES_MAX + 1) * PAGE_SIZE);
	arena = (char *)page_up((uintptr_t)block);

	paddr_t start = virt_to_phys(arena);

	memory[0] = (struct memory_range){start, HOLE * PAGE_SIZE};
	memory[1] = (struct memory_range){start + HOLE_END * PAGE_SIZE,
					  (FRAMES_MAX - HOLE_END) * PAGE_SIZE};
	page_init(memory);
}

int frames_end(const char *name)
{
	printf("%s: %lu passed\n", name, checks);
	return 0;
}
