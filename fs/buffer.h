/* SPDX-License-Identifier: MIT */
#ifndef FS_BUFFER_H
#define FS_BUFFER_H

/*
 * buffer.h - the cache of metadata blocks: bitmaps, inode tables, indirect
 * blocks and directories, each one filesystem block.
 *
 * (File contents are in the page cache instead; no block is in both.)
 *
 * To look at a block: buffer_read(), look, buffer_put().  What it means is
 * protected by its filesystem's own locks, not by the buffer.  To change it:
 *
 *	buffer_begin(b);	waits while it is being written
 *	... store into b->data ...
 *	buffer_end(b);		dirty now: the next sync writes it
 *
 * A task changes one buffer at a time and takes no lock, reads no block
 * and allocates nothing between the two calls; so they nest below every
 * other lock that sleeps.  All changes of metadata pass through this pair:
 * it is where a journal learns of them.
 */

#include "kernel/block/block.h"
#include "kernel/lib/tree.h"

/*
 * Field locks: (b) begin/end, (h) the cache's spinlock, (j) the journal's,
 * (a) atomic, (c) constant.
 *
 * Invariants:
 *   B1  DIRTY  <=>  dirty_node is in the tree of dirty buffers; then UPTODATE
 *   B2  on the list of unused ones  <=>  refs is 0 and not DIRTY
 *   B3  BUSY: one task between begin and end, or one transfer under way
 *   B4  HELD (by a journal: fs/journal.h): not DIRTY, and one of refs
 */
struct buffer {
	struct block_device *device; /* (c) */
	uint64_t block;              /* (c) in units of nbytes */
	uint32_t nbytes;             /* (c) 1024, 2048 or 4096 */
	atomic_uint refs;            /* (a) 0 to 1 only under (h) */
	atomic_uint state;           /* (a) BUFFER_*; DIRTY, HELD under (h) */
	uint8_t *data;               /* (c); contents (b) */
	struct buffer *hash_next;    /* (h) */
	struct list unused_link;     /* (h) */
	struct tree_node dirty_node; /* (h) */
	struct list running_link;    /* (j) journal->running */
	struct list logged_link;     /* (j) journal->logged, as part of ... */
	uint32_t log_tid, log_start; /* (j) ... this transaction, found there */
};

enum {
	BUFFER_UPTODATE = 1,
	BUFFER_DIRTY = 2,
	BUFFER_BUSY = 4,
	BUFFER_WAITERS = 8,    /* somebody sleeps for BUSY */
	BUFFER_HELD = 16,      /* not to be written before it is let go of */
	BUFFER_RUNNING = 32,   /* changed by the running transaction */
	BUFFER_FORGOTTEN = 64, /* and its block was freed by it */
};

void buffer_init_cache(void);

/* The block, referenced, read if it is not cached.  0; -EIO; -ENOMEM. */
int buffer_read(struct block_device *device, uint64_t block, uint32_t nbytes,
		struct buffer **out);

/* The block, referenced, zeroed and uptodate, without reading it: newly
 * allocated.  0 or -ENOMEM. */
int buffer_zeroed(struct block_device *device, uint64_t block, uint32_t nbytes,
		  struct buffer **out);

void buffer_put(struct buffer *b);

/* Bracket a change of the contents (see above).  begin may sleep. */
void buffer_begin(struct buffer *b);
void buffer_end(struct buffer *b);

/* The block was freed: its contents must not be written any more.  Waits
 * for a write under way, so that the block may have a new owner on return. */
void buffer_forget(struct block_device *device, uint64_t block,
		   uint32_t nbytes);

/* Write all of a device's dirty ones, and wait (for the device's completion:
 * block_flush() is the caller's).  0 or -EIO: then what could not be written
 * is dirty still. */
int buffer_sync(struct block_device *device);

/* --- for whoever writes buffers: buffer_sync.c --- */

/* BUSY, if it can be had without sleeping; and no longer.  Any context. */
bool buffer_try(struct buffer *b);
void buffer_release(struct buffer *b);
/* Mark it dirty, unless the block was freed. */
void buffer_dirty(struct buffer *b);
/* For the journal: HELD, with one more reference, and not dirty; no longer
 * HELD, but dirty if @dirty: buffer_put() is the caller's. */
void buffer_hold(struct buffer *b);
void buffer_unhold(struct buffer *b, bool dirty);
/* No longer dirty; was it? */
bool buffer_clean(struct buffer *b);
/* The first dirty one at or after @block, referenced, or NULL. */
struct buffer *buffer_next_dirty(struct block_device *device, uint64_t block);
void buffer_init_sync(void);

/* Free up to @max clean unused ones (@device NULL: of any, but for a reserve),
 * those unused for longest first; how many went. */
size_t buffer_shrink(struct block_device *device, size_t max);

/* Bytes of metadata that are cached: for /proc/meminfo. */
size_t buffer_cached_bytes(void);

/* The device is let go of: drop all its buffers, dirty ones too. */
void buffer_discard(struct block_device *device);

#endif
