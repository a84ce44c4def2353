/* SPDX-License-Identifier: MIT */
#ifndef MM_DIRTY_H
#define MM_DIRTY_H

/*
 * dirty.h - writeback by PTE_D (dirty.c).
 */

#include "mm/mapping.h"

/*
 * Move the record of user stores to the pages [first, end) from page-table
 * entries, in all address spaces, to the cache pages' PAGE_DIRTY.  On return
 * no hart holds a TLB entry with D for them.  Sleeps not.
 */
void dirty_harvest(struct mapping *mapping, pgoff_t first, pgoff_t end);

/* mapping->lock is held: note that @pg, in it, is newer than the disk.  Once
 * the lock is released the caller says so, by dirty_announce(). */
void dirty_page_locked(struct mapping *mapping, struct page *pg);

/* The mapping may hold dirty pages, or get them through page tables: put it
 * on the flusher's list; @stored: tell its owner that there are new ones. */
void dirty_announce(struct mapping *mapping, bool stored);

/* The mapping goes away: off the list. */
void dirty_forget(struct mapping *mapping);

/* Write back everything, and wait: sync(2). */
void dirty_sync_all(void);

/* The periodic flusher's body: never returns; main.c gives it a thread. */
void dirty_flusher(void *unused);

/* Have the flusher write everything now, and wait until it has (or for a
 * second).  False if the caller is the flusher.  Sleeps. */
bool dirty_wait_flushed(void);

void dirty_init(void);

struct dirty_counts {
	atomic_ulong harvests, harvested, pages_written, write_errors;
};
extern struct dirty_counts dirty_counts;

#endif
