/* SPDX-License-Identifier: MIT */
#ifndef MM_SWAP_H
#define MM_SWAP_H

/*
 * swap.h - anonymous pages that live on a disk: areas of page-sized slots
 * (swap_area.c), the cache of pages that have a slot (swap.c), and the clock
 * that puts them there (swap_out.c).
 *
 * A place is a slot's name: area and offset, as in a page-table entry and in
 * /proc/<pid>/pagemap.
 */

#include "arch/riscv/pte.h"
#include "kernel/block/block.h"
#include "kernel/sync/mutex.h"
#include "kernel/sync/spinlock.h"
#include "mm/page.h"

struct mm;
struct text;
struct vma;

/* The first page of an area, as mkswap(8) writes it: the header, and at the
 * page's end the magic word. */
enum { SWAP_LABEL = 16, SWAP_BAD_MAX = 637, SWAP_MAGIC = 10 };

struct swap_header {
	uint8_t boot[1024];
	uint32_t version;   /* 1 */
	uint32_t last_page; /* the header is page 0 */
	uint32_t nbad;
	uint8_t uuid[16];
	char label[SWAP_LABEL];
	uint32_t padding[117];
	uint32_t bad[SWAP_BAD_MAX];
};

enum { SWAP_AREAS_MAX = 32, SWAP_TYPE_BITS = 5, SLOTS_PER_CHUNK = 512 };

/*
 * A slot is free while refs is 0.  Each entry that names it counts one, and
 * so does the cache while it has the page: frame @pfn.
 */
struct swap_slot {
	uint32_t refs;
	uint32_t pfn; /* 0: not cached */
};

struct swap_chunk {
	struct swap_slot *slot; /* a page of them */
	unsigned nfree;
};

/* Slots [first, first + npages) lie on the disk from @sector on. */
struct swap_extent {
	uint64_t first, npages, sector;
};

/* Field locks: (c) constant while in use, (s) swap_lock. */
struct swap_area {
	struct block_device *device; /* (c) */
	const void *owner;           /* (c) the device, or the file */
	struct swap_extent *extents; /* (c) kmalloc()ed, by @first, no gaps */
	size_t nextents;             /* (c) */
	uint64_t nslots;             /* (c) with the header's */
	char name[64];               /* (c) for /proc/swaps */
	bool is_file;                /* (c) */
	void *inode;                 /* (c) the file's, or the disk's node */
	int priority;                /* (c) */
	unsigned type;               /* (c) its number */
	size_t nchunks;              /* (c) */
	struct swap_chunk *chunks;   /* (s) what is in them */
	uint64_t ngood;              /* (c) slots that can be used */
	uint64_t nused;              /* (s) refs is not 0 */
	uint64_t next;               /* (s) where to look for a free one */
	bool closing;                /* (s) no new pages */
	bool failed;                 /* (s) a write went wrong: said once */
};

/* Slots, areas, and which page is cached where. */
extern struct spinlock swap_lock;

extern struct swap_counts {
	atomic_ulong total, used, in, out; /* slots, slots, pages, pages */
} swap_counts;

/* --- swap_area.c --- */

/*
 * Is that a header for a device of @npages pages?  0 and *nslots; -EINVAL.
 */
int swap_header_check(const void *page, uint64_t npages, bool file,
		      uint64_t *nslots);

/* swapon(2): read the header and use the area, which is filled in up to inode,
 * from now on.  @priority < 0: below all others.  0: it is ours now.  -EBUSY,
 * -EINVAL, -EIO, -ENOMEM, -EPERM: too many. */
int swap_on(struct swap_area *area, int priority);

/* Is the area of @owner in use? */
bool swap_is_on(const void *owner);

/* swapoff(2): bring in what is in the area of @owner; *out is the caller's
 * again.  -EINVAL: there is none; -ENOMEM, -EINTR, -EIO: it stays. */
int swap_off(const void *owner, struct swap_area **out);

void swap_area_free(struct swap_area *area);

/* Each area, by number: NULL when there are none from *type on.  Between
 * these two calls none is switched on or off. */
void swap_areas_lock(void);
void swap_areas_unlock(void);
struct swap_area *swap_area_next(unsigned *type);

/* Below, (s) is held. */

/* The slot; NULL: there is no such place. */
struct swap_slot *swap_slot(uint64_t place);
/* A free slot, which has one reference then.  False: none is left. */
bool swap_slot_alloc(uint64_t *place);
void swap_slot_get(uint64_t place);
void swap_slot_put(uint64_t place);

/* Without it: move @n pages between the disk and as many slots from @place on,
 * all of one area.  Sleeps.  0 or -EIO. */
int swap_transfer(enum block_op op, uint64_t place, struct page **pages,
		  size_t n);

/* --- swap.c --- */

/* How many entries name @place. */
unsigned swap_nsharers(uint64_t place);

/* One more, or less, entry names @place. */
void swap_entry_get(uint64_t place);
void swap_entry_put(uint64_t place);

/* page_put() for pages that may be anonymous. */
void swap_page_put(struct page *pg);

/* Does only one entry name this anonymous page?  Then it has no copy on disk
 * any more.  ptl of that entry held. */
bool swap_page_own(struct page *pg);

/* Exchange the entry at @slot, for @pg, by one that names the page's slot;
 * the reference is the caller's.  False: no slot is free.  ptl held. */
bool swap_entry_make(struct mm *mm, pte_slot *slot, struct page *pg);

/* The page at @place, referenced.  *read: it had to be.  -EAGAIN: it is gone;
 * -ENOMEM; -ERANGE: it could not be read. */
int swap_page_get(uint64_t place, struct page **out, bool *read);

/* Let the entry at @slot, if it is @old still, be @pg, whose reference is
 * taken over.  mm->lock held. */
void swap_entry_fill(struct vma *v, vaddr_t va, pte_slot *slot, pte_t old,
		     struct page *pg, int access);

/* Let go of all cached pages of @area whose slots nobody names any more. */
void swap_area_forget(struct swap_area *area);

/* Let go of frames that nobody but the cache and the caller, once each, has,
 * after writing those that have changed; and of the caller's references.  How
 * many went.  swap_mutex held, unless !@write. */
size_t swap_pages_drop(struct page **pages, size_t n, bool write);

/* --- swap_out.c --- */

/* One at a time looks for pages, and writes. */
extern struct mutex swap_mutex;

/* Free up to @npages frames, by looking at a part, 1 in 2^@priority, of what
 * programs have in memory of their own. */
size_t swap_out(size_t npages, unsigned priority);

/* MADV_PAGEOUT: all in [start, end) of @v.  mm->lock held for reading. */
void swap_out_range(struct vma *v, vaddr_t start, vaddr_t end);

/* Bring in all that is in @area; 0, -ENOMEM, -EINTR, -EIO. */
int swap_in_all(struct swap_area *area);

#endif
