// SPDX-License-Identifier: MIT
/*
 * ext2_size.c - the end of a regular file: it grows, it is cut.
 *
 * A write that makes the file longer first has its blocks made (reserve), then
 * the bytes are copied, then the size follows.  With a journal all of that is
 * in one handle, from ext2_reserve() to ext2_reserved(): a file never has
 * blocks past its size, nor a size without the blocks that were promised.
 *
 * Cutting may take many transactions.  The first one puts the file on the list
 * of orphans, with its new size; the last one takes it off.  After a crash in
 * between the mount finishes the work.
 *
 * reserved_end: the file may have blocks up to there, past its size, because a
 * copy ended short or freeing failed.  They go before it grows again.
 *
 * Locking: the inode's lock; a page's in reserve and reserved.
 * Tests: tests/host/ext2_model_test.c, journal_test.c.
 */

#include "fs/ext2_core.h"
#include "kernel/lib/errno.h"

/* The first block past the size. */
static uint64_t size_end(const struct inode *inode)
{
	uint32_t block_size = ext2_of(inode)->block_size;

	return (inode_size(inode) + block_size - 1) / block_size;
}

int ext2_trim_surplus(struct inode *inode)
{
	struct ext2_node *node = ext2_node(inode);
	uint64_t end = size_end(inode);
	int err = 0;

	if (node->reserved_end > end)
		err = ext2_map_trim_all(inode, end);
	if (!err)
		node->reserved_end = 0;
	return err;
}

/* The same in a handle: -EAGAIN if there is more. */
static int trim_surplus(struct inode *inode)
{
	struct ext2_node *node = ext2_node(inode);
	uint64_t end = size_end(inode);
	int err = 0;

	if (node->reserved_end > end)
		err = ext2_join(inode);
	if (!err && node->reserved_end > end)
		err = ext2_map_trim(inode, end);
	if (!err)
		node->reserved_end = 0;
	return err;
}

/* Give blocks [first, end), all in one page, a place on disk where they have
 * none; all or nothing. */
static int reserve_blocks(struct inode *inode, uint64_t first, uint64_t end)
{
	uint32_t disk, n, made = 0; /* bit i: block first + i is new */
	int err = 0;

	for (uint64_t at = first; at < end && !err; at += n) {
		bool fresh;

		err = ext2_map_make(inode, at, (uint32_t)(end - at), &disk, &n,
				    &fresh);
		if (!err && fresh)
			made |= ((1u << n) - 1) << (at - first);
	}
	/* New blocks hold whatever was on the disk: none may stay behind
	 * that is not going to be written. */
	for (unsigned i = 0; err && made >> i; i++)
		if (made >> i & 1)
			ext2_map_undo(inode, first + i, 1);
	return err;
}

/*
 * Before a write that makes the file @size long (inode locked), or a store to
 * a mapped page.  Blocks past the size that an earlier write was given but
 * did not use, because its buffer ended in a bad address, go first.
 */
static int reserve(struct inode *inode, uint64_t start, uint64_t size)
{
	struct ext2 *fs = ext2_of(inode);
	unsigned shift = fs->block_shift;
	uint64_t end = min_u64(size, start + PAGE_SIZE);
	bool grows = size > inode_size(inode);
	int err = 0;

	if (start >= end)
		return 0;
	end = (end + (1u << shift) - 1) >> shift;
	if (grows) {
		inode_dirty(inode);
		err = trim_surplus(inode);
	}
	if (!err && grows)
		err = ext2_join(inode);
	if (!err)
		err = reserve_blocks(inode, start >> shift, end);
	if (err || !grows)
		return err;
	ext2_order(inode);
	if (size > INT32_MAX)
		ext2_set_large_file(fs);
	ext2_node(inode)->reserved_end = end;
	return 0;
}

/* The handle stays open until ext2_reserved(). */
int ext2_reserve(struct mapping *mapping, struct page *pg, uint64_t size)
{
	struct inode *inode = mapping->owner;
	struct ext2 *fs = ext2_of(inode);

	if (!ext2_start_try(fs))
		return -EBUSY;
	int err = reserve(inode, pg->index << PAGE_SHIFT, size);

	if (err == -EAGAIN || (err == -ENOSPC && fs->wants_room))
		err = -EBUSY;
	if (err)
		ext2_stop(fs);
	return err;
}

void ext2_reserved(struct mapping *mapping, uint64_t size)
{
	struct inode *inode = mapping->owner;

	/* A copy that ended short: no transaction may have a file with blocks
	 * past its size.  If it fails it is done before the next write. */
	if (ext2_of(inode)->journal && size > mapping->size)
		trim_surplus(inode);
	ext2_stop(ext2_of(inode));
}

void ext2_wait(struct mapping *mapping)
{
	struct ext2 *fs = ext2_of(mapping->owner);

	if (ext2_make_room(fs))
		return;
	ext2_start(fs);
	ext2_stop(fs);
}

/* The end of the file moves forward. */
static int grow(struct inode *inode, uint64_t nbytes)
{
	struct ext2 *fs = ext2_of(inode);

	if (nbytes > INT32_MAX) {
		ext2_start(fs);
		ext2_set_large_file(fs);
		ext2_stop(fs);
	}
	return mapping_resize(&inode->mapping, nbytes);
}

/* From when on, and until when, a crash must cut it at @nbytes. */
static int shrink_begin(struct inode *inode, uint64_t nbytes)
{
	struct ext2 *fs = ext2_of(inode);

	ext2_start(fs);
	int err = ext2_join(inode);

	if (!err) {
		ext2_node(inode)->shrinks_to = nbytes;
		ext2_order(inode);
		ext2_orphan_add(inode);
	}
	ext2_stop(fs);
	return err;
}

/* @err: what the work has come to.  If blocks are left it stays an orphan. */
static int shrink_end(struct inode *inode, int err)
{
	struct ext2 *fs = ext2_of(inode);

	ext2_start(fs);
	ext2_node(inode)->shrinks_to = UINT64_MAX;
	if (!err)
		err = ext2_join(inode);
	if (!err && inode->nlink)
		err = ext2_orphan_remove(inode);
	ext2_stop(fs);
	return err;
}

static int shrink(struct inode *inode, uint64_t nbytes)
{
	int err = shrink_begin(inode, nbytes);

	if (err)
		return err;
	ext2_write_promised(inode, nbytes >> PAGE_SHIFT);
	err = mapping_resize(&inode->mapping, nbytes);
	if (!err) {
		/* If this fails, it is done before the file grows again, or
		 * after a crash. */
		ext2_node(inode)->reserved_end = UINT64_MAX;
		err = ext2_trim_surplus(inode);
	}
	return shrink_end(inode, err);
}

static int ext2_resize(struct inode *inode, uint64_t nbytes)
{
	int err = ext2_may_write(ext2_of(inode));

	if (err)
		return err;
	inode_dirty(inode);
	err = ext2_trim_surplus(inode);
	if (err)
		return err;
	if (nbytes < inode_size(inode))
		err = shrink(inode, nbytes);
	else
		err = grow(inode, nbytes);
	if (inode_size(inode) == nbytes)
		inode_touch(inode, INODE_MTIME | INODE_CTIME);
	return err;
}

static int ext2_place(struct inode *inode, pgoff_t index, uint64_t *sector,
		      uint64_t *npages)
{
	unsigned shift = ext2_of(inode)->block_shift;
	unsigned blocks_shift = PAGE_SHIFT - shift; /* in a page */
	uint32_t n = min_u64(*npages, UINT16_MAX) << blocks_shift, disk;
	int err = ext2_map_find(inode, index << blocks_shift, n, &disk, &n);

	*sector = (uint64_t)disk << (shift - SECTOR_SHIFT);
	*npages = n >> blocks_shift;
	return err ? err : disk && *npages ? 0 : -EINVAL;
}

const struct inode_ops ext2_file_ops = {
	.resize = ext2_resize,
	.place = ext2_place,
	.write_inode = ext2_write_inode,
};
