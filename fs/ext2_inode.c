// SPDX-License-Identifier: MIT
/*
 * ext2_inode.c - the life of an inode.
 *
 * In memory an inode is the VFS's struct inode, with struct ext2_node for what
 * only ext2 knows.  Changes happen in memory, and mark it dirty;
 * ext2_write_inode() stores them into the table's buffer later, when the VFS
 * says so.  Only an inode's birth and its death are stored at once.  (With a
 * journal a commit stores some of it, too: ext2_commit.c.)
 *
 * Locking: the inode's lock is held by whoever calls in, except at birth
 * and death, when nobody else can see it; map_lock for block[].
 * Tests: tests/host/ext2_model_test.c, ext2_hostile_test.c.
 */

#include "fs/ext2_core.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/slab.h"

static struct ext2_node *node_new(struct ext2 *fs)
{
	struct ext2_node *node = kmalloc_zeroed(sizeof(*node));

	if (!node)
		return NULL;
	mutex_init(&node->map_lock, "ext2 map", RANK_INODE_MAP);
	node->shrinks_to = UINT64_MAX;
	list_init(&node->joined_link[0]);
	list_init(&node->joined_link[1]);
	list_init(&node->held_link);
	list_init(&node->orphan_link);
	atomic_fetch_add(&fs->nnodes, 1);
	return node;
}

static void node_free(struct ext2 *fs, struct ext2_node *node)
{
	atomic_fetch_sub(&fs->nnodes, 1);
	kfree(node);
}

static bool is_journal(const struct inode *inode)
{
	const struct ext2 *fs = ext2_of(inode);

	return fs->mounting && inode->ino == fs->disk->journal_ino;
}

/* Without links, but to be looked at: the list of orphans names it. */
static bool is_orphan(const struct inode *inode)
{
	return ext2_of(inode)->mounting && inode->ino != EXT2_ROOT_INO &&
	       !is_journal(inode);
}

int ext2_read_inode(struct inode *inode)
{
	struct ext2 *fs = ext2_of(inode);
	struct ext2_raw_inode *raw;
	struct buffer *b;

	/* Numbers below first_ino are the filesystem's own. */
	if (inode->ino > fs->ninodes ||
	    (inode->ino < fs->first_ino && inode->ino != EXT2_ROOT_INO &&
	     !is_journal(inode)))
		return ext2_corrupt(fs, "inode number %lu", inode->ino);
	inode->private = node_new(fs);
	if (!inode->private)
		return -ENOMEM;
	ext2_node(inode)->inode = inode;
	int err = ext2_raw_read(inode, &b, &raw);

	if (!err) {
		ext2_load(inode, raw);
		buffer_put(b);
		err = inode->nlink || is_orphan(inode) ? ext2_check_inode(inode)
						       : -ESTALE;
	}
	if (err)
		ext2_forget_inode(inode);
	return err;
}

void ext2_forget_inode(struct inode *inode)
{
	ext2_leave(inode);
	ext2_orphan_forget(inode);
	ext2_index_drop(inode);
	node_free(ext2_of(inode), ext2_node(inode));
}

/* From memory into the table's buffer. */
static void raw_store(struct inode *inode, struct buffer *b,
		      struct ext2_raw_inode *raw, bool birth)
{
	mutex_lock(&ext2_node(inode)->map_lock);
	buffer_begin(b);
	if (birth)
		ext2_store_birth(inode, raw);
	ext2_store(inode, raw);
	buffer_end(b);
	mutex_unlock(&ext2_node(inode)->map_lock);
}

/* With a journal: what has not changed need not go there. */
static bool is_stored(struct inode *inode, const struct ext2_raw_inode *raw)
{
	struct ext2 *fs = ext2_of(inode);
	struct ext2_raw_inode now;
	size_t nbytes = min_u64(sizeof(now), fs->inode_size);

	if (!fs->journal)
		return false;
	memcpy(&now, raw, nbytes);
	mutex_lock(&ext2_node(inode)->map_lock);
	ext2_store(inode, &now);
	mutex_unlock(&ext2_node(inode)->map_lock);
	return memcmp(&now, raw, nbytes) == 0;
}

static int inode_store(struct inode *inode, bool birth)
{
	struct ext2_raw_inode *raw;
	struct buffer *b;
	int err = ext2_raw_read(inode, &b, &raw);

	if (err)
		return err;
	if (inode_is(inode, S_IFREG) && inode_size(inode) > INT32_MAX)
		ext2_set_large_file(ext2_of(inode));
	if (birth && raw->nlink)
		err = ext2_corrupt(ext2_of(inode), "inode %lu is not free",
				   inode->ino);
	else if (birth || !is_stored(inode, raw))
		err = ext2_join(inode);
	else
		goto put;
	if (!err)
		raw_store(inode, b, raw, birth);
put:
	buffer_put(b);
	return err;
}

int ext2_write_inode(struct inode *inode, bool sync)
{
	struct ext2 *fs = ext2_of(inode);

	if (!fs->writable)
		return 0;
	int err = ext2_may_write(fs) ? 0 : ext2_trim_surplus(inode);

	if (!err) {
		ext2_start(fs);
		err = inode_store(inode, false);
		ext2_stop(fs);
	}
	if (err || !sync)
		return err;
	if (fs->journal)
		return ext2_make_durable(inode);
	err = buffer_sync(fs->device);
	return err ? err : block_flush(fs->device);
}

/* --- birth and death --- */

static void fill_new(struct inode *inode, uint32_t mode, uint32_t rdev)
{
	struct ext2_node *node = ext2_node(inode);
	struct ext2 *fs = ext2_of(inode);

	mutex_lock(&fs->lock);
	inode->generation = fs->generation++;
	mutex_unlock(&fs->lock);
	inode->mode = mode;
	inode->nlink = 1;
	inode->rdev = rdev;
	inode->changed = timestamp_now();
	inode->modified = inode->accessed = inode->changed;
	/* The old encoding of device numbers has 8 bits for each half. */
	if (ext2_is_device(inode))
		node->block[rdev > UINT16_MAX] = rdev;
	ext2_set_ops(inode);
}

int ext2_new_inode(struct inode *dir, uint32_t mode, uint32_t rdev,
		   struct inode **out)
{
	struct ext2 *fs = ext2_of(dir);
	int err = ext2_may_write(fs);
	uint32_t ino;

	if (err)
		return err;
	struct ext2_node *node = node_new(fs);

	if (!node)
		return -ENOMEM;
	err = ext2_alloc_ino(dir, mode, &ino);
	if (err)
		goto free_node;
	struct inode *inode = inode_new(&fs->super, ino);

	if (!inode) {
		ext2_free_ino(fs, ino, (mode & S_IFMT) == S_IFDIR);
		err = -ENOMEM;
		goto free_node;
	}
	inode->private = node;
	node->inode = inode;
	fill_new(inode, mode, rdev);
	err = inode_store(inode, true);
	if (err)
		ext2_abandon(inode);
	*out = inode;
	return err;
free_node:
	node_free(fs, node);
	return err;
}

void ext2_abandon(struct inode *inode)
{
	inode->nlink = 0;
	ext2_orphan_add(inode);
}

/* Let go of the block of extended attributes, which may have other users. */
static int free_attributes(struct inode *inode)
{
	struct ext2_node *node = ext2_node(inode);
	struct ext2 *fs = ext2_of(inode);
	struct buffer *b;

	if (!node->attributes)
		return 0;
	int err = ext2_read(fs, node->attributes, &b);

	if (err)
		return err;
	struct ext2_attributes *header = (void *)b->data;
	bool valid = header->magic == EXT2_ATTRIBUTES_MAGIC;
	bool shared = valid && header->refs > 1;

	if (shared) {
		buffer_begin(b);
		header->refs--;
		buffer_end(b);
	}
	buffer_put(b);
	if (!valid)
		return ext2_corrupt(fs, "block %u of attributes",
				    node->attributes);
	if (!shared)
		err = ext2_free_blocks(fs, node->attributes, 1, true);
	if (!err) {
		node->attributes = 0;
		inode->nsectors = 0;
	}
	return err;
}

/* All that the inode has pages or a map for. */
static int free_contents(struct inode *inode)
{
	int err = 0;

	/* Pages first: none may reach a block that is another file's. */
	ext2_write_promised(inode, 0);
	if (inode_is(inode, S_IFREG))
		err = mapping_resize(&inode->mapping, 0);
	if (!err && ext2_has_map(inode))
		err = ext2_map_trim_all(inode, 0);
	return err;
}

/* The rest: its contents are freed, or @err says why not. */
static int free_record(struct inode *inode, struct buffer *b,
		       struct ext2_raw_inode *raw, int err)
{
	struct ext2_node *node = ext2_node(inode);
	struct ext2 *fs = ext2_of(inode);

	if (!err)
		err = ext2_join(inode);
	if (!err)
		err = free_attributes(inode);
	if (!err)
		err = ext2_orphan_remove(inode);
	if (!err) {
		inode->mapping.size = 0;
		node->deleted = (uint32_t)timestamp_now().seconds;
	}
	raw_store(inode, b, raw, false);
	ext2_leave(inode);
	if (err)
		return err;
	return ext2_free_ino(fs, (uint32_t)inode->ino,
			     inode_is(inode, S_IFDIR));
}

static int free_inode(struct inode *inode)
{
	struct ext2 *fs = ext2_of(inode);
	struct ext2_raw_inode *raw;
	struct buffer *b;
	int err = ext2_may_write(fs);

	/* Its place in the table is at hand before anything is freed, so
	 * that, come what may, the disk never names what is another's. */
	if (!err)
		err = ext2_raw_read(inode, &b, &raw);
	if (err)
		return err;
	err = free_contents(inode);
	ext2_start(fs);
	err = free_record(inode, b, raw, err);
	if (err)
		ext2_note_error(fs);
	ext2_stop(fs);
	buffer_put(b);
	return err;
}

void ext2_free_inode(struct inode *inode)
{
	int err = free_inode(inode);

	if (err)
		printk("ext2: %s: inode %lu not freed: error %d\n",
		       ext2_of(inode)->device->name, inode->ino, err);
}

/* --- directories and links: blocks as buffers --- */

int ext2_inode_block(struct inode *inode, uint32_t n, struct buffer **out)
{
	uint32_t disk, one;
	int err = ext2_map_find(inode, n, 1, &disk, &one);

	if (err)
		return err;
	if (!disk)
		return ext2_corrupt(ext2_of(inode), "a hole in inode %lu",
				    inode->ino);
	return ext2_read(ext2_of(inode), disk, out);
}

int ext2_inode_grow(struct inode *inode, uint32_t n, struct buffer **out)
{
	struct ext2 *fs = ext2_of(inode);
	uint32_t disk, one;
	bool fresh;
	int err = ext2_map_make(inode, n, 1, &disk, &one, &fresh);

	if (err)
		return err;
	if (!fresh)
		return ext2_corrupt(fs, "blocks past the end of inode %lu",
				    inode->ino);
	err = buffer_zeroed(fs->device, disk, fs->block_size, out);
	if (err)
		ext2_map_undo(inode, n, 1);
	return err;
}

static int ext2_read_link(struct inode *inode, char *target, size_t nbytes)
{
	size_t n = min_u64(inode_size(inode), nbytes - 1);
	struct buffer *b;

	if (ext2_is_short_link(inode)) {
		memcpy(target, ext2_node(inode)->block, n);
		target[n] = '\0';
		return 0;
	}
	int err = ext2_inode_block(inode, 0, &b);

	if (err)
		return err;
	memcpy(target, b->data, n);
	target[n] = '\0';
	buffer_put(b);
	return 0;
}

const struct inode_ops ext2_link_ops = {
	.read_link = ext2_read_link,
	.write_inode = ext2_write_inode,
};
