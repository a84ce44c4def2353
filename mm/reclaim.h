/* SPDX-License-Identifier: MIT */
#ifndef MM_RECLAIM_H
#define MM_RECLAIM_H

/*
 * reclaim.h - getting frames back from the page cache when memory is short.
 */

#include "mm/page.h"

/* A page enters or leaves a cache's index (mapping->lock held). */
void reclaim_add(struct page *pg);
void reclaim_remove(struct page *pg);

/*
 * Drop up to @npages clean cache pages, oldest first, and return how many
 * went.  Takes locks only by trying, so any context but an interrupt will
 * do; only if @unmap (no spinlock held) are spinlocks waited for, and mapped
 * ones taken out of their address spaces.
 */
size_t reclaim_clean(size_t npages, bool unmap);

/*
 * Memory is short: drop clean pages, shrink the other caches, or wait for
 * the flusher to make dirty pages clean.  False if nothing came of it.  May
 * sleep: no spinlock and no page lock held.
 */
bool reclaim_wait(void);

/* What fs/ provides: shrink its caches (inodes, names, blocks) by about
 * @npages worth; returns how many objects went.  Must not wait for locks. */
size_t reclaim_caches(size_t npages);

void reclaim_init(void);

#endif
