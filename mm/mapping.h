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

/* Writes that failed: a count that only grows, and the latest errno.  Whoever
 * is to hear of each once remembers the count up to which he has. */
struct write_errors {
	atomic_uint count;
	atomic_int latest; /* negative */
};

struct mapping_ops {
	/*
	 * Start filling @n locked, not uptodate pages with consecutive
	 * indices.  Each page, when its data is there: bytes beyond the
	 * mapping's size zeroed, PAGE_UPTODATE set, page_unlock()ed; on an
	 * error unlocked without it.  May complete before it returns (holes).
	 * May sleep.  @pages itself is only valid until it returns; the cache
	 * keeps the pages while they are locked.
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
	 * Make sure the page's bytes below @size (the mapping's, or what an
	 * extending write is about to make it) have a place on disk, before a
	 * store dirties it.  Page locked.  -ENOSPC, -EIO; -EBUSY: let go of
	 * the page, wait(), and try again.  After 0 reserved() must follow when
	 * the page is dirty and the size is set, without sleeping in between.
	 */
	int (*reserve)(struct mapping *mapping, struct page *pg, uint64_t size);
	/* It has happened, up to @size (what reserve() was told, or 0: the
	 * inode isn't locked).  NULL: no -EBUSY either. */
	void (*reserved)(struct mapping *mapping, uint64_t size);
	void (*wait)(struct mapping *mapping);
	/* Pages were stored to: the inode needs a writeback and new
	 * timestamps.  No locks of mm/ but mm->lock held; sleeps not. */
	void (*dirtied)(struct mapping *mapping);
	/* Keep the owner alive while sync or the flusher works on it: called
	 * under the lock of the list of dirty mappings, so never sleeps; false
	 * if the owner is on its way out (and will write back by itself). */
	bool (*hold)(struct mapping *mapping);
	void (*release)(struct mapping *mapping); /* may sleep */
};

/*
 * Field locks: (m) lock, (a) atomic, (c) constant, (D) the dirty list's.
 *
 * Order: mapping->lock -> mm->ptl (harvest, truncation).  mapping->lock is
 * never taken in an interrupt.
 */
struct mapping {
	struct spinlock lock;
	struct radix pages; /* (m) index -> struct page, one reference each;
			       tagged RADIX_DIRTY, RADIX_WRITING */
	size_t npages;      /* (m) */
	struct tree vmas;   /* (m) that map it, by pgoff: reverse mapping */
	unsigned nwritable; /* (m) VMAs that are shared and may be written */
	atomic_ulong size;  /* (a) bytes; changed with the inode lock held */
	atomic_bool tail_stored; /* (a) stores past the size may have been made
				    through a mapping of the last page */
	pgoff_t readahead_end;   /* (m) where the last window read ends */
	size_t readahead_npages; /* (m) how large it was */
	struct mutex writeback;  /* one writer-back at a time */
	atomic_bool abandoned;   /* (a) nobody will see the pages again, ... */
	atomic_bool promised;    /* (a) ... but they must be written */
	struct write_errors errors;
	struct write_errors *all_errors; /* (c) its filesystem's, or NULL */
	const struct mapping_ops *ops;   /* (c) */
	void *owner;                     /* (c) the inode */
	bool memory_only;  /* (c) never written back (tmpfs, shared anon) */
	atomic_long *room; /* (c) pages that it, and others like it, may still
			      take: then -ENOSPC; NULL: any number */
	struct list dirty_link; /* (D) among those that may hold dirty pages */
	uint64_t dirtied_at;    /* (D) when it was put there */
};

void mapping_init(struct mapping *mapping, const struct mapping_ops *ops,
		  void *owner);

/* A hole: pages [first, end) of a memory_only mapping go, and are zero from
 * then on.  Private copies stay.  Inode lock held. */
void mapping_punch(struct mapping *mapping, pgoff_t first, pgoff_t end);

/* All pages go, dirty ones too; nothing may be mapped or in use.  Waits for
 * I/O under way.  Before the inode is freed. */
void mapping_destroy(struct mapping *mapping);

/*
 * The page at @index, referenced and uptodate (read with readahead if need
 * be), unlocked.  0; -EIO; -ENOMEM; -ENOSPC; -ERANGE if it lies beyond the
 * size.
 */
int mapping_get_page(struct mapping *mapping, pgoff_t index, struct page **out);

/* The page at @index, referenced and locked, made if need be, not
 * necessarily uptodate, and not checked against the size.  0, -ENOMEM or
 * -ENOSPC. */
int mapping_get_locked(struct mapping *mapping, pgoff_t index,
		       struct page **out);

/* The same for a reader who wants @want pages from there on, or as many as
 * are ever read at once, or (0) none beside this one. */
int mapping_get_pages(struct mapping *mapping, pgoff_t index, size_t want,
		      struct page **out);

/* Start reading what is missing of [first, end), unless memory is short. */
void mapping_read_ahead(struct mapping *mapping, pgoff_t first, pgoff_t end);

/* The first page with @tag in [*index, end), referenced, or NULL; *index is
 * where it is. */
struct page *mapping_next_page(struct mapping *mapping, enum radix_tag tag,
			       pgoff_t *index, pgoff_t end);

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

/* Count an error, for the mapping and its filesystem.  Any context. */
void mapping_note_error(struct mapping *mapping, int error);

/* What fsync and syncfs report: the latest, if there was one since *seen,
 * which is updated. */
int write_error_since(struct write_errors *errors, unsigned *seen);

/* reserve() for a locked page about to be stored to, unless that was done
 * (0): afterwards (1) it is PAGE_BACKED, must be marked dirty, and reserved()
 * called.  Or an error. */
int mapping_reserve_page(struct mapping *mapping, struct page *pg,
			 uint64_t size);

/* Out of the index, with the cache's reference: page locked (or unreachable),
 * mapping->lock held, mapped nowhere. */
void mapping_remove_page_locked(struct mapping *mapping, struct page *pg);

/* Drop a page (the caller has a reference) from its cache if it is clean and
 * nobody else holds it; with @unmap, mappings don't count that have not used
 * it since they were last asked.  Only tries the page's lock, and others'
 * unless @wait. */
bool mapping_drop_page(struct page *pg, bool wait, bool unmap);

/* Is page @index, at this moment, within the size?  (See fault.c.) */
static inline bool mapping_covers(struct mapping *mapping, pgoff_t index)
{
	return index < (atomic_load(&mapping->size) + PAGE_SIZE - 1) >>
	       PAGE_SHIFT;
}

/* The number of the file that it caches; fs/inode.c provides it. */
uint64_t mapping_ino(const struct mapping *mapping);

/* --- what mm/ needs of an open file; fs/file.c provides it --- */
struct file;
struct mapping *file_mapping(struct file *f);
void file_get(struct file *f);
void file_put(struct file *f); /* may sleep; no locks held */

/* Make pages [first, end) of the file durable, and the metadata that is
 * needed to find them: msync.  0 or the error, reported once. */
int file_sync_range(struct file *f, pgoff_t first, pgoff_t end);

/* fallocate(2): FALLOC_FL_* for bytes [start, end); -EOPNOTSUPP where the
 * filesystem can't.  Takes the inode lock; @f may be written. */
int file_allocate(struct file *f, int mode, uint64_t start, uint64_t end);

/* Memory shared by nothing but mappings (MAP_SHARED | MAP_ANONYMOUS): an
 * unlinked file that never goes to a disk.  @promised: see commit.c. */
int file_new_shared_anonymous(uint64_t nbytes, bool promised,
			      struct file **out);

#endif
