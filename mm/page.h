/* SPDX-License-Identifier: MIT */
#ifndef MM_PAGE_H
#define MM_PAGE_H

/*
 * page.h - frames of physical memory, one struct page each.
 *
 * A frame is free, or counted: refs says how many hold it (page-table
 * entries, the page cache, whoever works on it just now), and the last
 * page_put() frees it.  Whole orders (2^n frames, aligned) come from a buddy
 * allocator; single frames from a small stock on each hart in front of it.
 */

#include <stdatomic.h>

#include "arch/riscv/layout.h"
#include "kernel/lib/list.h"

struct mapping;
struct memory_range;

/* Page state bits (page->flags), changed atomically. */
enum {
	PAGE_LOCKED = 1 << 0,    /* page_lock() */
	PAGE_UPTODATE = 1 << 1,  /* contents are valid */
	PAGE_DIRTY = 1 << 2,     /* contents are newer than the disk's */
	PAGE_WRITEBACK = 1 << 3, /* being written just now */
	PAGE_WAITERS = 1 << 4,   /* somebody sleeps for LOCKED or WRITEBACK */
	PAGE_SLAB = 1 << 5,      /* belongs to the slab allocator */
	PAGE_FREE = 1 << 6,      /* in the buddy allocator, head of its order */
	PAGE_RESERVED = 1 << 7,  /* never handed out, never counted */
	PAGE_BACKED = 1 << 8,    /* reserve() made a place for all its bytes */
	PAGE_FAILED = 1 << 9,    /* its last write ended in an error */
	PAGE_READAHEAD = 1 << 10, /* whoever gets here starts the next window */
	PAGE_FETCHED = 1 << 11,   /* fence.i was done since it was filled */
	PAGE_ACTIVE = 1 << 12,    /* used since reclaim last came by */
	PAGE_ONCE = 1 << 14,      /* read once, so far */
	PAGE_SWAPPED = 1 << 13,   /* it has a slot of a swap area: index */
};

/*
 * Locks: (p) page lock, (m) mapping->lock, (a) atomic, (f) the frame
 * allocator's while free, (l) the LRU list's, (s) its slab cache's.
 */
struct page {
	atomic_uint refs;        /* (a) 0: free */
	atomic_uint flags;       /* (a) PAGE_* */
	unsigned order;          /* (f) of the block that this page heads */
	unsigned nobjects;       /* (s) handed out */
	struct mapping *mapping; /* (p,m) whose cache it is in, or NULL */
	pgoff_t index;           /* (p,m) where in it; PAGE_SWAPPED: its slot;
				    of a megapage's first: its table */
	struct list link;        /* (f) free list; (l) LRU; (s) partial slabs */
	void *owner;             /* (s) its slab cache */
	void *free_object;       /* (s) the first free one, or NULL */
};

/* All usable memory; called once, before anything else here. */
void page_init(const struct memory_range *memory);

/*
 * One frame with refs 1: contents undefined, or zeroed.  NULL: none left
 * after reclaim.  May sleep for that: no spinlock and no page lock held.
 */
struct page *page_alloc(void);
struct page *page_alloc_zeroed(void);

/* The same without sleeping, down to the last frame.  Any context but an
 * interrupt. */
struct page *page_alloc_try(void);

/* 2^order frames, contiguous, aligned to their size; refs 1 on the head.
 * Sleeps not. */
enum { PAGE_ORDER_MAX = 10 };
struct page *page_alloc_order(unsigned order);

/* As many, but each for itself, with refs 1; NULL: there is no such block, or
 * fewer than @reserve frames would be left. */
struct page *page_take_row(unsigned order, size_t reserve);

/* Straight from the free frames: NULL when fewer than @reserve are left. */
struct page *page_take(size_t reserve);

/* Free frames right now, and the level below which page_alloc() reclaims. */
size_t page_nfree(void);
size_t page_low(void);

/* From now on there is no more memory than what is in use, and @npages: to try
 * what happens then (the boot option mem_free=). */
void page_leave_free(size_t npages);

void page_get(struct page *pg);
/* Drop a reference; the last one frees (the whole order).  Any context. */
void page_put(struct page *pg);

/* All frames of memory, and of the holes in it; constant after page_init(). */
struct page_frames {
	struct page *page; /* of frame `first' */
	pfn_t first, n;
};
extern struct page_frames page_frames;

static inline pfn_t page_to_pfn(const struct page *pg)
{
	return page_frames.first + (pfn_t)(pg - page_frames.page);
}

/* NULL if there is no such frame. */
static inline struct page *page_from_pfn(pfn_t pfn)
{
	pfn_t i = pfn - page_frames.first;

	return i < page_frames.n ? &page_frames.page[i] : NULL;
}

/* Its contents, in the linear map. */
void *page_address(const struct page *pg);
struct page *page_from_address(const void *va);
paddr_t page_to_phys(const struct page *pg);

/* What reads of untouched anonymous memory see: PAGE_RESERVED, uncounted. */
extern struct page *page_of_zeros;

static inline unsigned page_flags(const struct page *pg)
{
	return atomic_load_explicit(&pg->flags, memory_order_acquire);
}

/* Set or clear bits; return the flags before. */
static inline unsigned page_set_flags(struct page *pg, unsigned bits)
{
	return atomic_fetch_or(&pg->flags, bits);
}

static inline unsigned page_clear_flags(struct page *pg, unsigned bits)
{
	return atomic_fetch_and(&pg->flags, ~bits);
}

/*
 * The page lock (pagelock.c) protects the page's contents against half-done
 * I/O, and its identity (mapping, index).  Sleeps.  It may be released in
 * another context than the one that took it: a completed read unlocks.
 */
void page_lock(struct page *pg);
bool page_trylock(struct page *pg);
void page_unlock(struct page *pg);
void page_wait_writeback(struct page *pg);
void page_end_writeback(struct page *pg);
void page_lock_init(void);

/* Counts of frames.  Frames in the harts' stocks count as free. */
struct page_counts {
	uint64_t total, free, cached, dirty, writeback, tables, slab, stacks,
		anonymous, mapped, shmem, swap_cached;
};

/* Gives back first what only lies idle: empty slabs, spare stacks. */
void page_count(struct page_counts *counts);

/* Where page_count() gets them from; each counted where it changes. */
struct page_tally {
	atomic_ulong tables, slab, stacks, cached, shmem, dirty, writeback,
		swap_cached;
};
extern struct page_tally page_tally;
extern size_t page_ntotal;

#endif
