/* SPDX-License-Identifier: MIT */
#ifndef MM_RECLAIM_H
#define MM_RECLAIM_H

/*
 * reclaim.h - getting frames back when memory is short.
 */

#include "mm/page.h"

/* A page enters or leaves a cache's index (mapping->lock, or swap_lock, is
 * held). */
void reclaim_add(struct page *pg);
void reclaim_remove(struct page *pg);

/*
 * Drop up to @npages clean cache pages that nothing maps, oldest first, and
 * return how many went.  Takes locks only by trying, so any context but an
 * interrupt will do.
 */
size_t reclaim_clean(size_t npages);

/*
 * Memory is short: drop clean pages, mapped or not, swap, shrink the other
 * caches, have dirty pages written.  False if nothing came of it.  May sleep:
 * no spinlock and no page lock held.
 */
bool reclaim_wait(void);

/*
 * The same for work that wants many frames, has given them back, and would
 * begin anew: in vain, if no more than @nfree are free now, as many as it had
 * last time (0: the first).  What reclaim finds may be what it gave back.
 */
bool reclaim_more(size_t *nfree);

/* THREAD_RECLAIM: the caller took of the last frames, and holds no lock now. */
void reclaim_repay(void);

/* The body of a kernel thread that does so before it is needed; it is time
 * to; and tell it, in any context. */
void reclaim_thread(void *unused);
bool reclaim_wanted(void);
void reclaim_wake(void);

/* What fs/ provides: shrink its caches (inodes, names, blocks) by about
 * @npages worth; returns how many objects went.  Must not wait for locks. */
size_t reclaim_caches(size_t npages);

void reclaim_init(void);

#endif
