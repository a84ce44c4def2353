// SPDX-License-Identifier: MIT
/*
 * page.c - the frame allocator.
 *
 * Free memory is a set of blocks of 2^order frames, aligned to their size.
 * Two such blocks that make up an aligned block of the next order are
 * buddies: a block's buddy differs from it in one bit of the frame number.
 * Allocating splits a larger block in halves; freeing joins buddies again:
 *
 *      order 3  |               8               |
 *      order 2  |       4       |       4       |   <- buddies
 *      order 1  |   2   |   2   |
 *
 * In front stands a stock of single frames on each hart, so that the common
 * case takes no lock that harts share.  What is in it no other hart can have:
 * so all stocks together stay below half of the low mark.
 *
 * The array of struct page is one for all memory, but nobody fills it in at
 * boot: only the *head* of a block is ever looked at, and a page becomes a
 * head by being split off, which writes it.  The buddy of a block, at the
 * block's own order, is always a head (of a smaller block, perhaps).  So boot
 * costs one struct per free block, not per frame.
 *
 * Locking: frame_lock guards the blocks; a stock belongs to its hart, with
 * interrupts off.  Book: chapter 6.  Tests: tests/host/page_test.c.
 */

#include "mm/page.h"

#include "arch/riscv/boot.h"
#include "arch/riscv/hart.h"
#include "arch/riscv/irq.h"
#include "arch/riscv/pagetable.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "kernel/sync/spinlock.h"
#include "mm/inject.h"
#include "mm/reclaim.h"

enum { STOCK_MAX = 32 };

struct stock {
	unsigned npages;
	struct page *page[STOCK_MAX];
};

static struct spinlock frame_lock = SPINLOCK_INIT("frame", RANK_FRAME);
static struct list free_blocks[PAGE_ORDER_MAX + 1]; /* under frame_lock */
static size_t nfree;                                /* frames in them */
static struct stock stocks[HARTS_MAX];
static unsigned stock_max; /* on each; when it is full, half of it goes */

struct page_frames page_frames;

size_t page_ntotal;
static size_t nwithheld; /* of them */
struct page_tally page_tally;
struct page *page_of_zeros;

/* --- numbers, structures, addresses --- */

paddr_t page_to_phys(const struct page *pg)
{
	return page_to_pfn(pg) << PAGE_SHIFT;
}

void *page_address(const struct page *pg)
{
	return phys_to_virt(page_to_phys(pg));
}

struct page *page_from_address(const void *va)
{
	return page_from_pfn(virt_to_phys(va) >> PAGE_SHIFT);
}

/* --- blocks; frame_lock held --- */

static void block_add(struct page *head, unsigned order)
{
	atomic_init(&head->flags, PAGE_FREE);
	atomic_init(&head->refs, 0);
	head->order = order;
	list_add(&free_blocks[order], &head->link);
}

/* Make @head the head of a block in use. */
static void block_start(struct page *head, unsigned order)
{
	atomic_init(&head->flags, 0);
	atomic_init(&head->refs, 1);
	head->order = order;
	head->mapping = NULL;
	list_init(&head->link);
}

static struct page *block_take(unsigned order)
{
	unsigned have = order;

	while (have <= PAGE_ORDER_MAX && list_empty(&free_blocks[have]))
		have++;
	if (have > PAGE_ORDER_MAX)
		return NULL;

	struct list *link = list_pop(&free_blocks[have]);
	struct page *head = list_entry(link, struct page, link);

	while (have > order) { /* keep the lower half */
		have--;
		block_add(head + (1ul << have), have);
	}
	block_start(head, order);
	nfree -= 1ul << order;
	return head;
}

static void block_put(struct page *head)
{
	unsigned order = head->order;

	nfree += 1ul << order;
	while (order < PAGE_ORDER_MAX) {
		pfn_t pfn = page_to_pfn(head);
		struct page *buddy = page_from_pfn(pfn ^ 1ul << order);

		if (!buddy || buddy->flags != PAGE_FREE ||
		    buddy->order != order)
			break;
		list_remove(&buddy->link);
		buddy->flags = 0;
		if (buddy < head)
			head = buddy;
		order++;
	}
	block_add(head, order);
}

/* --- stocks; this hart's interrupts off --- */

size_t page_low(void)
{
	return min_u64(max_u64((page_ntotal - nwithheld) / 64, 32), 1024);
}

static void limit_stocks(void)
{
	stock_max = min_u64(STOCK_MAX, page_low() / 2 / hart_count());
}

/* Memory is short: no frame more than is asked for, or the next one to ask,
 * who may have no right to the reserve, would find it here. */
static void stock_fill(struct stock *stock, size_t reserve)
{
	unsigned batch = nfree > page_low() + stock_max ? stock_max / 2 + 1 : 1;

	spin_lock(&frame_lock);
	while (stock->npages < batch && nfree > reserve) {
		struct page *pg = block_take(0);

		if (!pg)
			break;
		stock->page[stock->npages++] = pg;
	}
	spin_unlock(&frame_lock);
}

static void stock_drain(struct stock *stock, unsigned keep)
{
	spin_lock(&frame_lock);
	while (stock->npages > keep)
		block_put(stock->page[--stock->npages]);
	spin_unlock(&frame_lock);
}

struct page *page_take(size_t reserve)
{
	unsigned long saved = irq_save();
	struct stock *stock = &stocks[hart_index()];
	struct page *pg = NULL;
	bool fail = inject_failure();

	if (!stock->npages) {
		if (reclaim_wanted())
			reclaim_wake();
		stock_fill(stock, reserve);
	}
	if (stock->npages && !fail) {
		pg = stock->page[--stock->npages];
		block_start(pg, 0);
	}
	irq_restore(saved);
	return pg;
}

/* --- what others call --- */

size_t page_nfree(void)
{
	size_t n = nfree;

	for (unsigned i = 0; i < hart_count(); i++)
		n += stocks[i].npages;
	return n;
}

struct page *page_alloc(void)
{
	struct page *pg;

	do
		pg = page_take(page_low());
	while (!pg && reclaim_wait());
	return pg;
}

struct page *page_alloc_zeroed(void)
{
	struct page *pg = page_alloc();

	if (pg)
		page_zero(page_address(pg));
	return pg;
}

struct page *page_alloc_try(void)
{
	struct page *pg = page_take(0);

	if (!pg && reclaim_clean(STOCK_MAX / 2))
		pg = page_take(0);
	return pg;
}

void page_leave_free(size_t npages)
{
	while (page_nfree() > npages && page_take(npages))
		nwithheld++;
	limit_stocks();
}

static struct page *take_order(unsigned order)
{
	if (inject_failure())
		return NULL;

	unsigned long saved = spin_lock_irq(&frame_lock);
	struct page *head = block_take(order);

	spin_unlock_irq(&frame_lock, saved);
	return head;
}

struct page *page_alloc_order(unsigned order)
{
	if (!order)
		return page_alloc_try();
	if (order > PAGE_ORDER_MAX)
		return NULL;

	struct page *head = take_order(order);

	/* Frames that come back now may happen to be neighbours. */
	if (!head && reclaim_clean(8ul << order)) {
		unsigned long saved = irq_save();

		stock_drain(&stocks[hart_index()], 0);
		irq_restore(saved);
		head = take_order(order);
	}
	return head;
}

struct page *page_take_row(unsigned order, size_t reserve)
{
	const size_t n = 1ul << order;
	struct page *head =
		page_nfree() < reserve + n ? NULL : take_order(order);

	for (size_t i = 0; head && i < n; i++)
		block_start(head + i, 0);
	return head;
}

void page_get(struct page *pg)
{
	unsigned refs =
		atomic_fetch_add_explicit(&pg->refs, 1, memory_order_relaxed);

	assert(refs);
}

static void page_free(struct page *pg)
{
	assert(!(page_flags(pg) &
		 (PAGE_FREE | PAGE_RESERVED | PAGE_LOCKED | PAGE_SWAPPED)));
#ifdef CONFIG_DEBUG
	memset(page_address(pg), 0xdb, PAGE_SIZE << pg->order);
#endif
	if (pg->order) {
		unsigned long saved = spin_lock_irq(&frame_lock);

		block_put(pg);
		spin_unlock_irq(&frame_lock, saved);
		return;
	}

	unsigned long saved = irq_save();
	struct stock *stock = &stocks[hart_index()];

	if (stock->npages >= stock_max)
		stock_drain(stock, stock_max / 2);
	stock->page[stock->npages++] = pg;
	irq_restore(saved);
}

void page_put(struct page *pg)
{
	unsigned refs = atomic_fetch_sub(&pg->refs, 1);

	assert(refs);
	if (refs == 1)
		page_free(pg);
}

paddr_t pagetable_frame_alloc(void)
{
	struct page *pg = page_alloc_try();

	if (!pg)
		return 0;
	atomic_fetch_add(&page_tally.tables, 1);
	page_zero(page_address(pg));
	return page_to_phys(pg);
}

void pagetable_frame_free(paddr_t pa)
{
	atomic_fetch_sub(&page_tally.tables, 1);
	page_put(page_from_pfn(pa >> PAGE_SHIFT));
}

/* --- boot --- */

/* Frames that are not to be had must be seen not to be free. */
static void reserve_frames(pfn_t pfn, pfn_t end)
{
	for (; pfn < end; pfn++)
		atomic_init(&page_frames.page[pfn - page_frames.first].flags,
			    PAGE_RESERVED);
}

/* Cut [pfn, end) into the largest aligned blocks, low ones to be used first:
 * the first page tables only reach the first gigabytes. */
static void add_frames(pfn_t pfn, pfn_t end)
{
	page_ntotal += end - pfn;
	nfree += end - pfn;
	while (pfn < end) {
		unsigned order = 0;

		while (order < PAGE_ORDER_MAX && !(pfn >> order & 1) &&
		       pfn + (2ul << order) <= end)
			order++;

		struct page *head = &page_frames.page[pfn - page_frames.first];

		block_add(head, order);
		list_remove(&head->link);
		list_add_tail(&free_blocks[order], &head->link);
		pfn += 1ul << order;
	}
}

/* Put the array at the start of the first range that can hold it. */
static const struct memory_range *place_frames(const struct memory_range *r)
{
	for (; r->nbytes; r++) {
		pfn_t pfn = page_up(r->start) >> PAGE_SHIFT;
		uint64_t nbytes = page_frames.n * sizeof(struct page);

		if (page_up(r->start) + nbytes > r->start + r->nbytes)
			continue;
		page_frames.page = phys_to_virt(pfn << PAGE_SHIFT);
		return r;
	}
	panic("no stretch of memory can hold the frame array");
}

void page_init(const struct memory_range *memory)
{
	page_frames.first = page_up(memory->start) >> PAGE_SHIFT;
	for (const struct memory_range *r = memory; r->nbytes; r++)
		page_frames.n = ((r->start + r->nbytes) >> PAGE_SHIFT) -
				page_frames.first;
	for (unsigned order = 0; order <= PAGE_ORDER_MAX; order++)
		list_init(&free_blocks[order]);

	const struct memory_range *home = place_frames(memory);
	pfn_t done = page_frames.first;

	for (const struct memory_range *r = memory; r->nbytes; r++) {
		pfn_t pfn = page_up(r->start) >> PAGE_SHIFT;
		pfn_t end = (r->start + r->nbytes) >> PAGE_SHIFT;

		if (r == home)
			pfn = page_up(virt_to_phys(page_frames.page +
						   page_frames.n)) >>
			      PAGE_SHIFT;
		reserve_frames(done, pfn);
		add_frames(pfn, end);
		done = end;
	}
	limit_stocks();
	page_lock_init();
	page_of_zeros = page_alloc_try();
	page_zero(page_address(page_of_zeros));
	page_of_zeros->flags = PAGE_RESERVED | PAGE_UPTODATE;
}
