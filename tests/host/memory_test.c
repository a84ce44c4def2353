/* host-test: arch/riscv/memory.c */
/* SPDX-License-Identifier: MIT */
/*
 * memory_test.c - which memory is ours: random device trees against a bitmap.
 *
 * The device tree is replaced by lists of (start, size) pairs.  The model
 * marks each page: memory only if all of it is, reserved if any byte is.
 *
 * usage: [SEED]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/riscv/boot.h"
#include "arch/riscv/layout.h"
#include "kernel/lib/printk.h"

enum { ROUNDS = 20000, PAGES = 96, PAIRS_MAX = 6 };

struct pair {
	uint64_t start, nbytes;
};

/* Node 1 is the memory's, 2 is /reserved-memory, 3 its only child. */
static struct pair memory[PAIRS_MAX], reserved[PAIRS_MAX], block[PAIRS_MAX];
static uint32_t nmemory, nreserved, nblock;
struct fdt device_tree;

/* No image in these trees: it lies beyond all memory. */
asm(".data\n.balign 4096\n.globl image_start, image_end\n"
    "image_start: .skip 4096\nimage_end:\n.text");

void printk(const char *format, ...)
{
}

void panic(const char *format, ...)
{
	fprintf(stderr, "panic: %s\n", format);
	exit(1);
}

int fdt_next(const struct fdt *fdt, int node)
{
	return node < 3 ? node + 1 : -1;
}

int fdt_find_path(const struct fdt *fdt, const char *path)
{
	return nreserved && !strcmp(path, "/reserved-memory") ? 2 : -1;
}

int fdt_first_child(const struct fdt *fdt, int node)
{
	return node == 2 ? 3 : -1;
}

int fdt_next_sibling(const struct fdt *fdt, int node)
{
	return -1;
}

const char *fdt_string(const struct fdt *fdt, int node, const char *name)
{
	return node == 1 && !strcmp(name, "device_type") ? "memory" : NULL;
}

bool fdt_enabled(const struct fdt *fdt, int node)
{
	return true;
}

static bool pair_get(const struct pair *pairs, uint32_t n, uint32_t index,
		     uint64_t *start, uint64_t *nbytes)
{
	if (index >= n)
		return false;
	*start = pairs[index].start;
	*nbytes = pairs[index].nbytes;
	return true;
}

bool fdt_reg(const struct fdt *fdt, int node, uint32_t index, uint64_t *start,
	     uint64_t *nbytes)
{
	if (node == 1)
		return pair_get(memory, nmemory, index, start, nbytes);
	return node == 3 && pair_get(reserved, nreserved, index, start, nbytes);
}

bool fdt_reserved(const struct fdt *fdt, uint32_t index, uint64_t *start,
		  uint64_t *nbytes)
{
	return pair_get(block, nblock, index, start, nbytes);
}

static uint32_t random_pairs(struct pair *pairs, uint32_t least, bool ragged)
{
	uint32_t n = least + rand() % (PAIRS_MAX + 1 - least);

	for (uint32_t i = 0; i < n; i++) {
		pairs[i].start = rand() % PAGES * PAGE_SIZE;
		pairs[i].nbytes = rand() % 24 * PAGE_SIZE;
		if (ragged) {
			pairs[i].start += rand() % 3 * 1000;
			pairs[i].nbytes += rand() % 3 * 1000;
		}
	}
	return n;
}

/* Is the page wholly in some pair; or does it touch one? */
static bool covered(uint64_t page, const struct pair *pairs, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (pairs[i].start <= page &&
		    page + PAGE_SIZE <= pairs[i].start + pairs[i].nbytes)
			return true;
	return false;
}

static bool touched(uint64_t page, const struct pair *pairs, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (pairs[i].nbytes && pairs[i].start < page + PAGE_SIZE &&
		    page < pairs[i].start + pairs[i].nbytes)
			return true;
	return false;
}

static bool expected(uint64_t page, const struct pair *fdt)
{
	return page && covered(page, memory, nmemory) &&
	       !touched(page, reserved, nreserved) &&
	       !touched(page, block, nblock) && !touched(page, fdt, 1);
}

static void fail(int round, const char *why, uint64_t at)
{
	printf("round %d: %s at %lx\n", round, why, (unsigned long)at);
	exit(1);
}

/* One tree; the memory that is never reserved keeps the result not empty. */
static void check(int round)
{
	struct pair fdt = {PAGES * PAGE_SIZE / 2, 1 + rand() % 20000};
	const struct memory_range *m;
	uint64_t last = 0;

	nmemory = random_pairs(memory, 1, rand() % 2);
	memory[0] = (struct pair){200 * PAGE_SIZE, 2 * PAGE_SIZE};
	nreserved = random_pairs(reserved, 0, true);
	/* With none at all, everything below the kernel would be cut. */
	nblock = random_pairs(block, 1, true);
	m = memory_init(fdt.start, fdt.nbytes);
	for (uint64_t page = 0; page < 256 * PAGE_SIZE; page += PAGE_SIZE) {
		while (m->nbytes && page >= m->start + m->nbytes) {
			if (m->start < last)
				fail(round, "not sorted", m->start);
			last = m->start + m->nbytes;
			m++;
		}
		if ((m->nbytes && page >= m->start) != expected(page, &fdt))
			fail(round, "wrong", page);
	}
}

int main(int argc, char **argv)
{
	unsigned seed = argc > 1 ? atoi(argv[1]) : 1;

	printf("seed %u\n", seed);
	srand(seed);
	for (int round = 0; round < ROUNDS; round++)
		check(round);
	printf("memory: %d passed\n", ROUNDS);
}
