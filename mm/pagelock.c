// SPDX-License-Identifier: MIT
/*
 * pagelock.c - locking a page, and waiting for its writeback.
 *
 * A page has one bit for each of the two conditions somebody may wait for,
 * and no room for a wait queue.  So there is a small table of queues, and a
 * page's address says which is its own.  Whoever sleeps first sets
 * PAGE_WAITERS; whoever clears a bit and finds that set wakes the queue:
 *
 *   sleeper                         waker
 *   set WAITERS, look at the bit    clear the bit, look at WAITERS
 *
 * Each is one atomic operation on the same word, so one of the two sees the
 * other.  Pages that share a queue wake each other in vain: sleepers look
 * again.
 *
 * Locking: the queue's lock is taken in interrupts (a completed read unlocks
 * its pages there).
 */

#include "kernel/lib/assert.h"
#include "kernel/sync/waitq.h"
#include "mm/page.h"

enum { NQUEUES = 64 };

static struct page_queue {
	struct spinlock lock;
	struct waitq waiters;
} queues[NQUEUES];

static struct page_queue *queue_of(const struct page *pg)
{
	return &queues[(uintptr_t)pg / sizeof(*pg) % NQUEUES];
}

void page_lock_init(void)
{
	for (unsigned i = 0; i < NQUEUES; i++) {
		spin_init(&queues[i].lock, "page queue", RANK_PAGE_WAIT);
		waitq_init(&queues[i].waiters);
	}
}

/* Sleep until none of @bits is set. */
static void wait_clear(struct page *pg, unsigned bits)
{
	struct page_queue *queue = queue_of(pg);
	unsigned long saved = spin_lock_irq(&queue->lock);

	while (page_set_flags(pg, PAGE_WAITERS) & bits)
		waitq_wait(&queue->waiters, &queue->lock);
	spin_unlock_irq(&queue->lock, saved);
}

static void clear_and_wake(struct page *pg, unsigned bit)
{
	unsigned before = page_clear_flags(pg, bit);

	assert(before & bit);
	if (!(before & PAGE_WAITERS))
		return;

	struct page_queue *queue = queue_of(pg);
	unsigned long saved = spin_lock_irq(&queue->lock);

	page_clear_flags(pg, PAGE_WAITERS);
	waitq_wake_all(&queue->waiters);
	spin_unlock_irq(&queue->lock, saved);
}

bool page_trylock(struct page *pg)
{
	return !(page_set_flags(pg, PAGE_LOCKED) & PAGE_LOCKED);
}

void page_lock(struct page *pg)
{
	while (!page_trylock(pg))
		wait_clear(pg, PAGE_LOCKED);
}

void page_unlock(struct page *pg)
{
	clear_and_wake(pg, PAGE_LOCKED);
}

void page_wait_writeback(struct page *pg)
{
	if (page_flags(pg) & PAGE_WRITEBACK)
		wait_clear(pg, PAGE_WRITEBACK);
}

void page_end_writeback(struct page *pg)
{
	clear_and_wake(pg, PAGE_WRITEBACK);
}
