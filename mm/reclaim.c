// SPDX-License-Identifier: MIT
/*
 * reclaim.c - getting frames back from the page cache.
 *
 * Cached pages stand in one queue, oldest first.  When frames are short the
 * oldest are looked at: one that was read or written since the last look goes
 * to the back again (second chance); a clean one that nobody holds is
 * dropped.
 *
 * Whoever needs memory may hold locks, so everything here only *tries* them.
 * A caller that may sleep can have more: spinlocks are waited for, since the
 * hart that has one may be stopped for longer than any number of tries takes;
 * mapped pages are taken out of their address spaces, other caches are shrunk,
 * and at last it waits for the flusher to write dirty pages.
 *
 * Locking: lru_lock, for the queue.
 */

#include "mm/reclaim.h"

#include "kernel/sync/spinlock.h"
#include "mm/dirty.h"
#include "mm/inject.h"
#include "mm/mm.h"
#include "mm/slab.h"

enum { BATCH = 32, ROUNDS = 3 };

static struct spinlock lru_lock = SPINLOCK_INIT("lru", RANK_LRU);
static struct list lru;
static size_t nlru;

void reclaim_add(struct page *pg)
{
	atomic_fetch_add(&page_tally.cached, 1);
	if (pg->mapping->memory_only) {
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
	atomic_fetch_sub(&page_tally.cached, 1);
	if (pg->mapping->memory_only) {
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

size_t reclaim_clean(size_t npages, bool unmap)
{
	/* Programs' last pages stay: to take the code of who asks for memory
	 * would not bring him further. */
	const size_t keep = page_low() / 2;
	size_t dropped = 0;

	if (inject_in_vain())
		return 0;
	for (size_t left = 2 * nlru; left && dropped < npages; left--) {
		struct page *pg = next_oldest(unmap);

		if (!pg)
			break;
		if (!(page_clear_flags(pg, PAGE_ACTIVE) & PAGE_ACTIVE))
			dropped += mapping_drop_page(pg, unmap && nlru > keep);
		page_put(pg);
	}
	return dropped;
}

static bool reclaim_round(void)
{
	size_t before = page_nfree();

	if (reclaim_clean(BATCH, true))
		return true;
	reclaim_caches(BATCH);
	slab_shrink();
	kernel_stack_shrink();
	if (page_nfree() > before)
		return true;
	if (page_tally.dirty || page_tally.writeback)
		dirty_wait_flushed();
	return reclaim_clean(BATCH, true) || page_nfree() > before;
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

void reclaim_init(void)
{
	list_init(&lru);
}
