/* SPDX-License-Identifier: MIT */
#ifndef FS_BUFFER_H
#define FS_BUFFER_H

/*
 * buffer.h - the cache of metadata blocks: bitmaps, inode tables, indirect
 * blocks and directories, each one filesystem block.
 *
 * (File contents are in the page cache instead; no block is in both.)
 */

#include "kernel/block/block.h"
#include "kernel/sync/mutex.h"

/* Field locks: (b) lock, (h) the cache's spinlock, (a) atomic. */
struct buffer {
	struct mutex lock;           /* contents */
	struct block_device *device; /* (c) */
	uint64_t block;              /* (c) in units of nbytes */
	uint32_t nbytes;             /* (c) 1024, 2048 or 4096 */
	atomic_uint refs;            /* (a) 0 to 1 only under (h) */
	atomic_uint state;           /* (a) BUFFER_* */
	uint8_t *data;               /* (b) */
	struct list hash_link, lru_link, dirty_link; /* (h) */
};

enum { BUFFER_UPTODATE = 1, BUFFER_DIRTY = 2, BUFFER_WRITING = 4 };

void buffer_init_cache(void);

/* The block, referenced, read if it is not cached.  0; -EIO; -ENOMEM. */
int buffer_read(struct block_device *device, uint64_t block, uint32_t nbytes,
		struct buffer **out);

/* The block, referenced, zeroed and uptodate, without reading it: newly
 * allocated.  0 or -ENOMEM. */
int buffer_zeroed(struct block_device *device, uint64_t block, uint32_t nbytes,
		  struct buffer **out);

void buffer_put(struct buffer *b);

void buffer_lock(struct buffer *b);
void buffer_unlock(struct buffer *b);

/* The contents were changed (lock held). */
void buffer_dirty(struct buffer *b);

/* The block was freed: its contents must not be written any more. */
void buffer_forget(struct block_device *device, uint64_t block,
		   uint32_t nbytes);

/* Write one dirty buffer, or all of a device's, and wait.  0 or -EIO. */
int buffer_write(struct buffer *b);
int buffer_sync(struct block_device *device);

/* Forget all clean unused ones (device gone, or memory wanted). */
size_t buffer_shrink(struct block_device *device, size_t max);

#endif
