// SPDX-License-Identifier: MIT
/*
 * reclaim.c - getting frames back.
 *
 * Two clocks find what is not used.  Cached pages stand in a queue, oldest
 * first: one that was used since the last look goes to the back again, a clean
 * one that nobody holds is dropped.  Used is what was read or written more than
 * once, or through an entry that has A: so a program that reads a large file
 * once, from end to end, does not drive out what others work with.  The other
 * clock goes over programs' own pages (swap_out.c).
 *
 *      free  |---------|------|------|-------------------------|
 *            0        low   2 low  3 low                      all
 *                      |      '------'- a thread works, until there are so many
 *                      '- who wants one works himself, or is refused
 *
 * Both clocks look at a small part first, the files' before the programs', and
 * at twice as much if that was not enough, up to everything.  Half-way files'
 * dirty pages are written, in clusters: the flusher does that, and is waited
 * for.  What lies below the low mark is for those who can't wait, which are
 * those, too, who write.
 *
 * Whoever needs memory may hold locks, so everything here only *tries* them.
 * A caller that may sleep can have more: spinlocks are waited for, since the
 * hart that has one may be stopped for longer than any number of tries takes.
 *
 * Locking: lru_lock, for the queue.
 * Book: chapter 18.
 */

#include "mm/reclaim.h"

#include "arch/riscv/thread.h"
#include "arch/riscv/time.h"
#include "kernel/sync/sched.h"
#include "kernel/sync/spinlock.h"
#include "mm/dirty.h"
#include "mm/inject.h"
#include "mm/mm.h"
#include "mm/slab.h"
#include "mm/swap.h"

enum { BATCH = 32, ROUNDS = 3 };

/* A look at 1 page in 2^n; before which n all else is tried. */
enum { PRIORITY_FIRST = 5, PRIORITY_REST = 3 };

/* After all was looked at in vain. */
static const uint64_t REST = 50 * 1000000;

static struct spinlock lru_lock = SPINLOCK_INIT("lru", RANK_LRU);
static struct list lru;
static size_t nlru;

static struct task *thread;
static atomic_bool resting;

void reclaim_add(struct page *pg)
{
	atomic_fetch_add(
		pg->mapping ? &page_tally.cached : &page_tally.swap_cached, 1);
	if (pg->mapping && pg->mapping->memory_only) {
		atomic_fetch_add(&page_tally.shmem, 1);
		return; /* it has nowhere else to live */
	}
	spin_lock(&lru_lock);
	list_add_tail(&lru, &pg->link);
	nlru++;
	spin_unlock(&lru_lock);
}

void reclaim_remove(struct page *pg)
{
	atomic_fetch_sub(
		pg->mapping ? &page_tally.cached : &page_tally.swap_cached, 1);
	if (pg->mapping && pg->mapping->memory_only) {
		atomic_fetch_sub(&page_tally.shmem, 1);
		return;
	}
	spin_lock(&lru_lock);
	list_remove(&pg->link);
	nlru--;
	spin_unlock(&lru_lock);
}

/* The oldest page, referenced; it becomes the youngest. */
static struct page *next_oldest(bool wait)
{
	struct page *pg = NULL;

	if (!spin_lock_or_try(&lru_lock, wait))
		return NULL;

	struct list *link = list_pop(&lru);

	if (link) {
		list_add_tail(&lru, link);
		pg = list_entry(link, struct page, link);
		/* The cache drops its reference after it took the page off
		 * the queue, so there is one. */
		page_get(pg);
	}
	spin_unlock(&lru_lock);
	return pg;
}

/* One page's turn; our reference goes.  Is its frame free? */
static bool drop_page(struct page *pg, bool wait, bool unmap)
{
	bool dropped = false;

	if (page_flags(pg) & PAGE_SWAPPED) {
		if (pg->refs > 2) { /* mapped: the other clock's */
			swap_page_put(pg);
			return false;
		}
		if (wait)
			mutex_lock(&swap_mutex);
		dropped = swap_pages_drop(&pg, 1, wait);
		if (wait)
			mutex_unlock(&swap_mutex);
		return dropped;
	}
	if (!(page_clear_flags(pg, PAGE_ACTIVE) & PAGE_ACTIVE))
		dropped = mapping_drop_page(pg, wait, unmap);
	page_put(pg);
	return dropped;
}

/* Up to @npages of the @nlooks oldest. */
static size_t drop_oldest(size_t npages, size_t nlooks, bool wait)
{
	/* Programs' last pages stay: to take the code of who asks for memory
	 * would not bring him further. */
	const size_t keep = page_low() / 2;
	size_t dropped = 0;

	while (nlooks-- && nlru && dropped < npages) {
		struct page *pg = next_oldest(wait);

		if (!pg)
			break;
		dropped += drop_page(pg, wait, wait && nlru > keep);
	}
	return dropped;
}

size_t reclaim_clean(size_t npages)
{
	return inject_in_vain() ? 0 : drop_oldest(npages, 2 * nlru, false);
}

/* Files' dirty pages, and what the kernel keeps for itself. */
static void reclaim_rest(void)
{
	size_t before = page_nfree();

	reclaim_caches(BATCH);
	slab_shrink();
	kernel_stack_shrink();
	if (page_nfree() < before + BATCH &&
	    (page_tally.dirty || page_tally.writeback))
		dirty_wait_flushed();
}

/* Both clocks, at parts of memory that grow, but at none smaller than 1 in
 * 2^@last; only until something is found from PRIORITY_REST on. */
static size_t look_around(int first, int last)
{
	size_t n = 0;

	for (int priority = first;
	     priority >= last && n < (priority > PRIORITY_REST ? BATCH : 1);
	     priority--) {
		n += drop_oldest(BATCH, (nlru >> priority) + BATCH, true);
		if (n < BATCH)
			n += swap_out(BATCH - n, priority);
	}
	return n;
}

static bool reclaim_round(void)
{
	size_t before = page_nfree();

	if (look_around(PRIORITY_FIRST, PRIORITY_REST))
		return true;
	reclaim_rest();
	return look_around(PRIORITY_REST - 1, 0) || page_nfree() > before;
}

void reclaim_repay(void)
{
	if (!resting) /* else it is in vain */
		look_around(PRIORITY_FIRST, 0);
}

bool reclaim_wait(void)
{
	if (inject_in_vain())
		return false;
	/* A vain round may only have met others' page locks, or a page between
	 * dirty and clean; somebody is killed when we say no. */
	for (int round = 0; round < ROUNDS; round++)
		if (reclaim_round())
			return true;
	return false;
}

bool reclaim_more(size_t *nfree)
{
	size_t last = *nfree;

	return reclaim_wait() && (*nfree = page_nfree()) > last;
}

/* --- the thread --- */

bool reclaim_wanted(void)
{
	return page_nfree() < 2 * page_low();
}

void reclaim_wake(void)
{
	if (thread && !resting)
		sched_wake(thread);
	if (page_nfree() < page_low())
		atomic_fetch_or(&thread_current()->pending, THREAD_RECLAIM);
}

void reclaim_thread(void *unused)
{
	thread = sched_current();
	for (;;) {
		bool found = true;

		sched_prepare();
		if (reclaim_wanted())
			sched_cancel();
		else
			sched_block();
		while (found && page_nfree() < 3 * page_low()) {
			found = reclaim_round();
			sched_point();
		}
		if (found)
			continue;
		resting = true;
		sched_prepare();
		sched_block_until(time_now() + REST);
		resting = false;
	}
}

void reclaim_init(void)
{
	list_init(&lru);
}
