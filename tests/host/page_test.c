/* host-test: mm/page.c mm/slab.c kernel/sync/spinlock.c tests/host/frames.c */
/* SPDX-License-Identifier: MIT */
/*
 * page_test.c - the frame allocator: blocks are aligned, disjoint and inside
 * memory, all of it can be had, and everything joins again in the end.
 */
#include <stdlib.h>
#include <string.h>

#include "mm/page.h"
#include "tests/host/frames.h"

enum { NBLOCKS = 600, STEPS = 400000 };

static struct block {
	struct page *head;
	unsigned order;
} blocks[NBLOCKS];

static uint8_t taken[FRAMES_MAX]; /* by a block, from the arena's start */

static void mark(const struct page *head, unsigned order, bool take)
{
	size_t first = frames_index(head);

	CHECK(first % (1ul << order) == frames_misalignment(order));
	for (size_t i = first; i < first + (1ul << order); i++) {
		CHECK(frames_usable(i) && taken[i] == !take);
		taken[i] = take;
	}
}

static void step(void)
{
	struct block *b = &blocks[random() % NBLOCKS];

	if (b->head) {
		mark(b->head, b->order, false);
		memset(page_address(b->head), 0xee, PAGE_SIZE << b->order);
		page_put(b->head);
		b->head = NULL;
		return;
	}
	b->order = random() % 4 ? 0 : random() % (PAGE_ORDER_MAX + 1);
	b->head = b->order ? page_alloc_order(b->order) : page_alloc_try();
	if (!b->head)
		return;
	CHECK(b->head->refs == 1 && page_flags(b->head) == 0);
	CHECK(page_from_address(page_address(b->head)) == b->head);
	CHECK(page_from_pfn(page_to_pfn(b->head)) == b->head);
	mark(b->head, b->order, true);
}

static void free_all(void)
{
	for (struct block *b = blocks; b < blocks + NBLOCKS; b++)
		if (b->head) {
			mark(b->head, b->order, false);
			page_put(b->head);
			b->head = NULL;
		}
}

/* Every frame can be had one by one; then all are free again. */
static void exhaust(size_t nfree)
{
	struct page **all = calloc(nfree + 1, sizeof(*all));
	size_t n = 0;

	while ((all[n] = page_alloc_try()))
		mark(all[n++], 0, true);
	CHECK(n == nfree && page_nfree() == 0 && !page_alloc_order(1));
	while (n) {
		mark(all[--n], 0, false);
		page_put(all[n]);
	}
	free(all);
	CHECK(page_nfree() == nfree);
}

/* After all was freed, blocks have joined: the largest can be had again (a
 * stock of 32 single frames may still keep some apart). */
static void coalesced(size_t nfree)
{
	size_t n = 0;

	while (n < NBLOCKS &&
	       (blocks[n].head = page_alloc_order(PAGE_ORDER_MAX))) {
		blocks[n].order = PAGE_ORDER_MAX;
		mark(blocks[n].head, PAGE_ORDER_MAX, true);
		n++;
	}
	CHECK((n + 6) << PAGE_ORDER_MAX >= nfree);
	free_all();
}

/* A block whose frames are each their own. */
static void row(void)
{
	size_t nfree = page_nfree();
	struct page *pg = page_take_row(3, 0);

	CHECK(pg && page_to_pfn(pg) % 8 == 0 && page_nfree() == nfree - 8);
	CHECK(!page_take_row(3, nfree - 15));
	for (size_t i = 0; i < 8; i++) {
		CHECK(pg[i].refs == 1 && pg[i].order == 0);
		page_put(&pg[i]);
		CHECK(page_nfree() == nfree - 7 + i);
	}
}

static void references(void)
{
	size_t nfree = page_nfree();
	struct page *pg = page_alloc_try();

	page_get(pg);
	CHECK(pg->refs == 2);
	page_put(pg);
	CHECK(page_nfree() == nfree - 1);
	page_put(pg);
	CHECK(page_nfree() == nfree);
	CHECK(!page_from_pfn(0) && !page_from_pfn(UINT64_MAX));
}

int main(int argc, char **argv)
{
	frames_start("page", argc, argv);

	size_t nfree = page_nfree();

	CHECK(nfree + 1 == page_ntotal); /* the page of zeros */
	exhaust(nfree);
	coalesced(nfree);
	for (int i = 0; i < STEPS; i++)
		step();
	free_all();
	CHECK(page_nfree() == nfree);
	coalesced(nfree);
	exhaust(nfree);
	references();
	row();
	coalesced(nfree);
	return frames_end("page");
}
