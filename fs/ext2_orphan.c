// SPDX-License-Identifier: MIT
/*
 * ext2_orphan.c - what a crash must not leave behind: inodes without a name
 * that somebody had open, and files that were half cut.
 *
 * They stand on a list on the disk.  The super block names the first, and each
 * names the next in the field that will tell when it was deleted:
 *
 *      super block --> inode 40 --> inode 17 --> 0
 *
 * Going onto the list and coming off it happen in the same transactions as
 * what makes it necessary and what makes it so no longer.  After a crash the
 * mount goes through the list, as e2fsck does: an inode without links is
 * freed, the blocks of another past its size are.
 *
 * In memory fs->orphans is the same list, so that the one before is at hand
 * when one comes off.  Each pins its table's block: storing can't fail.
 *
 * Locking: fs->lock.  Tests: tests/host/journal_test.c.
 */

#include "fs/ext2_core.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"

static struct ext2_node *orphan_at(struct list *link)
{
	return list_entry(link, struct ext2_node, orphan_link);
}

/* fs->lock is held. */
static void set_first(struct ext2 *fs, uint32_t ino)
{
	buffer_begin(fs->super_buffer);
	fs->disk->last_orphan = ino;
	buffer_end(fs->super_buffer);
}

void ext2_orphan_add(struct inode *inode)
{
	struct ext2_node *node = ext2_node(inode);
	struct ext2 *fs = ext2_of(inode);
	struct ext2_raw_inode *raw;

	if (!fs->journal)
		return;
	mutex_lock(&fs->lock);
	/* It has joined, if it could, so its block is at hand. */
	if (list_empty(&node->orphan_link) && !ext2_join(inode) &&
	    !ext2_raw_read(inode, &node->orphan_table, &raw)) {
		node->deleted = fs->disk->last_orphan;
		list_add(&fs->orphans, &node->orphan_link);
		set_first(fs, (uint32_t)inode->ino);
	}
	mutex_unlock(&fs->lock);
}

/* Let the one before @node, or the super block, name the one after it. */
static int bypass_locked(struct ext2 *fs, struct ext2_node *node)
{
	struct ext2_node *before = orphan_at(node->orphan_link.prev);

	if (node->orphan_link.prev == &fs->orphans) {
		set_first(fs, node->deleted);
		return 0;
	}
	int err = ext2_join(before->inode);

	if (err)
		return err;
	before->deleted = node->deleted;
	inode_dirty(before->inode);
	return 0;
}

static void drop_locked(struct ext2_node *node)
{
	list_remove(&node->orphan_link);
	buffer_put(node->orphan_table);
	node->orphan_table = NULL;
	node->deleted = 0;
}

int ext2_orphan_remove(struct inode *inode)
{
	struct ext2_node *node = ext2_node(inode);
	struct ext2 *fs = ext2_of(inode);
	int err = 0;

	if (list_empty(&node->orphan_link))
		return 0;
	mutex_lock(&fs->lock);
	err = bypass_locked(fs, node);
	if (!err)
		drop_locked(node);
	mutex_unlock(&fs->lock);
	return err;
}

void ext2_orphan_forget(struct inode *inode)
{
	struct ext2_node *node = ext2_node(inode);
	struct ext2 *fs = ext2_of(inode);

	if (list_empty(&node->orphan_link))
		return;
	mutex_lock(&fs->lock);
	drop_locked(node);
	mutex_unlock(&fs->lock);
}

/* A file that was to be cut at its size. */
static int cut(struct inode *inode)
{
	struct ext2 *fs = ext2_of(inode);
	uint64_t size = inode_size(inode);
	int err = 0;

	if (inode_is(inode, S_IFREG)) {
		/* By one byte, so that the rest of the last page is zeroed. */
		inode->mapping.size = size + (page_offset(size) != 0);
		err = mapping_resize(&inode->mapping, size);
		ext2_node(inode)->reserved_end = UINT64_MAX;
		if (!err)
			err = ext2_trim_surplus(inode);
	}
	if (err)
		return err;
	ext2_start(fs);
	err = ext2_join(inode);
	if (!err)
		err = ext2_orphan_remove(inode);
	ext2_stop(fs);
	inode_dirty(inode);
	return err;
}

/* The first of the list on the disk, which nobody has seen yet. */
static int clean_first(struct ext2 *fs, uint32_t ino)
{
	struct ext2_raw_inode *raw;
	struct inode *inode;
	int err = inode_get(&fs->super, ino, &inode);

	if (err)
		return err;
	struct ext2_node *node = ext2_node(inode);

	err = ext2_raw_read(inode, &node->orphan_table, &raw);
	if (!err) {
		node->deleted = raw->deleted;
		list_add(&fs->orphans, &node->orphan_link);
		if (inode->nlink)
			err = cut(inode);
	}
	inode_put(inode);
	return err;
}

int ext2_orphans_clean(struct ext2 *fs)
{
	uint32_t ino, n = 0;
	int err = 0;

	/* Each comes off the list, or we end: so it ends, whatever it says. */
	while (!err && (ino = fs->disk->last_orphan)) {
		err = clean_first(fs, ino);
		if (!err && (fs->disk->last_orphan == ino || ++n > fs->ninodes))
			err = -EIO;
	}
	if (n)
		printk("ext2: %s: %u files without a name, or half cut\n",
		       fs->device->name, n);
	return err;
}
