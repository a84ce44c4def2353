/* SPDX-License-Identifier: MIT */
#ifndef MM_MAPPING_H
#define MM_MAPPING_H

/*
 * mapping.h - the page cache of one object (a file's contents): the only
 * copy of its pages, shared by read(2), write(2), mmap and exec.
 *
 * Embedded in fs/'s struct inode.  The filesystem fills in mapping_ops.
 *
 * Life of a page in it, all under the page lock (page.h):
 *
 *   created (locked) --read--> UPTODATE --store, harvest, write(2)--> DIRTY
 *   DIRTY --writeback starts--> WRITEBACK (DIRTY cleared before the copy;
 *   a store from here on makes it DIRTY again) --done--> clean, or DIRTY and
 *   the mapping's error set, if it failed.
 */

#include "kernel/sync/mutex.h"
#include "mm/page.h"
#include "mm/radix.h"
#include "mm/uio.h"
#include "mm/vma.h"

struct mapping;

struct mapping_ops {
	/*
	 * Start filling @n locked, not uptodate pages with consecutive
	 * indices.  Each page, when its data is there: bytes beyond the
	 * mapping's size zeroed, PAGE_UPTODATE set, page_unlock()ed; on an
	 * error unlocked without it.  May complete before it returns (holes).
	 * May sleep.  The caller holds references until pages are unlocked.
	 */
	void (*read_pages)(struct mapping *mapping, struct page **pages,
			   size_t n);
	/*
	 * Start writing @n pages with consecutive indices, all PAGE_WRITEBACK
	 * and unlocked.  Bytes beyond the size must not reach the disk (write
	 * zeros or nothing).  Each, when done: mapping_write_done().  All
	 * their blocks exist (reserve() made them); one past the end, or
	 * without a block, is simply done.
	 */
	void (*write_pages)(struct mapping *mapping, struct page **pages,
			    size_t n);
	/*
	 * Make sure the page's bytes below the mapping's size have a place on
	 * disk, before a store dirties it.  Page locked.  0, -ENOSPC, -EIO.
	 */
	int (*reserve)(struct mapping *mapping, struct page *pg);
	/* Some page became dirty for the first time: the inode needs a
	 * writeback and new timestamps.  Spin context. */
	void (*dirtied)(struct mapping *mapping);
	/* Keep the owner alive while sync or the flusher works on it: called
	 * under the lock of the list of dirty mappings, so never sleeps; false
	 * if the owner is on its way out (and will write back by itself). */
	bool (*hold)(struct mapping *mapping);
	void (*release)(struct mapping *mapping); /* may sleep */
};

/*
 * Field locks: (m) lock, (a) atomic, (c) constant.
 */
struct mapping {
	struct spinlock lock;
	struct radix pages; /* (m) index -> struct page, one reference each */
	size_t npages;      /* (m) */
	struct list dirty;  /* (m) PAGE_DIRTY pages, by page->link */
	struct tree vmas;   /* (m) that map it, by pgoff: reverse mapping */
	unsigned nwritable; /* (m) VMAs that are shared and may be written */
	atomic_ulong size;  /* (a) bytes; changed with the inode lock held */
	struct mutex writeback; /* one writer-back at a time */
	/* Writeback errors: a count that only grows and the latest errno; each
	 * open file remembers the count it has reported. */
	atomic_uint nerrors;           /* (a) */
	atomic_int error;              /* (a) negative errno */
	const struct mapping_ops *ops; /* (c) */
	void *owner;                   /* (c) the inode */
	bool memory_only; /* (c) never written back (tmpfs, shared anon) */
	struct list dirty_link; /* among mappings that may hold dirty pages */
};

void mapping_init(struct mapping *mapping, const struct mapping_ops *ops,
		  void *owner);

/* All pages go, dirty ones too; nothing may be mapped or in use.  Waits for
 * I/O under way.  Before the inode is freed. */
void mapping_destroy(struct mapping *mapping);

/*
 * The page at @index, referenced and uptodate (read with readahead if need
 * be), unlocked.  0; -EIO; -ENOMEM; -ERANGE if it lies beyond the size.
 */
int mapping_get_page(struct mapping *mapping, pgoff_t index, struct page **out);

/* The page at @index, referenced and locked, made if need be, not
 * necessarily uptodate, and not checked against the size.  0 or -ENOMEM. */
int mapping_get_locked(struct mapping *mapping, pgoff_t index,
		       struct page **out);

/* Only if it is cached: referenced, or NULL. */
struct page *mapping_find_page(struct mapping *mapping, pgoff_t index);

/* Mark a page of it dirty (the page is locked, or mapped with D). */
void mapping_dirty_page(struct mapping *mapping, struct page *pg);

/* read(2): copy from @offset up to the size into @uio.  Bytes read or a
 * negative errno. */
ssize_t mapping_read(struct mapping *mapping, struct uio *uio, uint64_t offset);

/*
 * write(2): copy from @uio to @offset, extending the size.  The caller holds
 * the inode lock (user memory is only touched with faults off, or between
 * pages with no page lock; when a user page must be faulted in the write
 * ends short, and the caller drops its inode lock, calls uio_fault_in() and
 * goes on).  Bytes written (0: fault in and retry) or a negative errno.
 */
ssize_t mapping_write(struct mapping *mapping, struct uio *uio,
		      uint64_t offset);

/*
 * Set the size.  Shrinking: 1 size, 2 unmap whole pages past it from every
 * address space, 3 zero the tail of the last page, 4 drop the pages; the
 * caller then frees the blocks.  Inode lock held.  0, -EIO or -ENOMEM (the
 * last page could not be read for zeroing).
 */
int mapping_resize(struct mapping *mapping, uint64_t nbytes);

/*
 * Harvest, then write what is dirty in pages [first, end), and wait for it
 * (and for writeback already under way) if @wait.  0, or the first error of
 * this call's own writes.  No page or inode lock needed.
 */
int mapping_writeback(struct mapping *mapping, pgoff_t first, pgoff_t end,
		      bool wait);

/* For write_pages(): this page's write has ended.  Any context. */
void mapping_write_done(struct mapping *mapping, struct page *pg, int error);

/* fsync's report: the error, if there was one since *seen; updates it. */
int mapping_error_since(struct mapping *mapping, unsigned *seen);

/* Drop clean, unmapped, unlocked pages: drop_caches, and reclaim. */
size_t mapping_drop_clean(struct mapping *mapping);

/* sync(2)'s and the flusher's walk over all mappings with dirty pages is in
 * dirty.h. */

/* --- what mm/ needs of an open file; fs/file.c provides it --- */
struct file;
struct mapping *file_mapping(struct file *f);
void file_get(struct file *f);
void file_put(struct file *f); /* may sleep; no locks held */

#endif
