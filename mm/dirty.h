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

/* Write back everything, and wait: sync(2).  The first error. */
int dirty_sync_all(void);

/* The periodic flusher's body: never returns; main.c gives it a thread. */
void dirty_flusher(void *unused);

struct dirty_counts {
	atomic_ulong harvests, harvested, pages_written, write_errors;
};
extern struct dirty_counts dirty_counts;

#endif
