// SPDX-License-Identifier: MIT
/*
 * ext2_inode.c - inodes: from the disk's table to memory and back.
 *
 * Inode numbers count through the tables of all groups, from 1.  In memory an
 * inode is the VFS's struct inode, with struct ext2_node for what only ext2
 * knows.  Changes happen in memory, and mark it dirty; ext2_write_inode()
 * stores them into the table's buffer later, when the VFS says so.  Only an
 * inode's birth and its death are stored at once.
 *
 * block[] has several uses: the map of a regular file, a directory or a long
 * symbolic link; the text of a short link; the number of a device, in one
 * of two encodings.  has_map() knows.
 *
 * Times: seconds, in a signed 32-bit number; larger inodes have 30 bits of
 * nanoseconds and two more bits of seconds.
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

/* What new inodes use of the space beyond 128 bytes, where there is any. */
enum { EXTRA_SIZE = sizeof(struct ext2_raw_inode) - EXT2_REV0_INODE_SIZE };

/* Sectors that the block of extended attributes counts for. */
static uint64_t attribute_sectors(const struct inode *inode)
{
	return ext2_node(inode)->attributes
		       ? ext2_of(inode)->block_size >> SECTOR_SHIFT
		       : 0;
}

static bool is_short_link(const struct inode *inode)
{
	return inode_is(inode, S_IFLNK) &&
	       inode->nsectors == attribute_sectors(inode);
}

static bool has_map(const struct inode *inode)
{
	return inode_is(inode, S_IFREG) || inode_is(inode, S_IFDIR) ||
	       (inode_is(inode, S_IFLNK) && !is_short_link(inode));
}

static bool is_device(const struct inode *inode)
{
	return inode_is(inode, S_IFCHR) || inode_is(inode, S_IFBLK);
}

/* --- the table --- */

/* Where @inode lies in its table: *raw points into *out. */
static int raw_read(struct inode *inode, struct buffer **out,
		    struct ext2_raw_inode **raw)
{
	struct ext2 *fs = ext2_of(inode);
	uint32_t g = (inode->ino - 1) / fs->inodes_per_group;
	uint32_t at = (inode->ino - 1) % fs->inodes_per_group * fs->inode_size;
	int err = ext2_read(
		fs, ext2_group(fs, g)->inode_table + (at >> fs->block_shift),
		out);

	if (!err)
		*raw = (void *)((*out)->data + at % fs->block_size);
	return err;
}

/* Does this inode's record have room for the finer parts of times? */
static bool has_extra(const struct ext2 *fs, const struct ext2_raw_inode *raw)
{
	return fs->inode_size > EXT2_REV0_INODE_SIZE &&
	       raw->extra_size >= offsetof(struct ext2_raw_inode, created) -
					  EXT2_REV0_INODE_SIZE;
}

static struct timestamp time_load(uint32_t seconds, uint32_t extra)
{
	return (struct timestamp){
		.seconds = (int32_t)seconds + ((int64_t)(extra & 3) << 32),
		.nanoseconds = extra >> 2,
	};
}

static uint32_t time_extra(struct timestamp t)
{
	int64_t epoch = (t.seconds - (int32_t)t.seconds) >> 32;

	return ((uint32_t)epoch & 3) | t.nanoseconds << 2;
}

static void load_times(struct inode *inode, const struct ext2_raw_inode *raw)
{
	bool extra = has_extra(ext2_of(inode), raw);

	inode->accessed =
		time_load(raw->accessed, extra ? raw->accessed_extra : 0);
	inode->modified =
		time_load(raw->modified, extra ? raw->modified_extra : 0);
	inode->changed =
		time_load(raw->changed, extra ? raw->changed_extra : 0);
}

static void store_times(const struct inode *inode, struct ext2_raw_inode *raw)
{
	raw->accessed = (uint32_t)inode->accessed.seconds;
	raw->modified = (uint32_t)inode->modified.seconds;
	raw->changed = (uint32_t)inode->changed.seconds;
	raw->deleted = ext2_node(inode)->deleted;
	if (!has_extra(ext2_of(inode), raw))
		return;
	raw->accessed_extra = time_extra(inode->accessed);
	raw->modified_extra = time_extra(inode->modified);
	raw->changed_extra = time_extra(inode->changed);
}

/* Is what the disk says of a size possible? */
static bool size_valid(const struct inode *inode)
{
	const struct ext2 *fs = ext2_of(inode);
	uint64_t size = inode_size(inode);

	switch (inode->mode & S_IFMT) {
	case S_IFREG:
		return size <= fs->super.max_size;
	case S_IFDIR:
		/* Directories have no holes, so no more than the disk. */
		return size && size % fs->block_size == 0 &&
		       size >> fs->block_shift <= fs->nblocks;
	case S_IFLNK:
		return size && size < (is_short_link(inode) ? EXT2_FAST_LINK_MAX
							    : fs->block_size);
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
	case S_IFSOCK:
		return true;
	}
	return false; /* no such type */
}

static void set_ops(struct inode *inode)
{
	inode->mapping.ops = &ext2_mapping_ops;
	if (inode_is(inode, S_IFDIR))
		inode->ops = &ext2_dir_ops;
	else if (inode_is(inode, S_IFLNK))
		inode->ops = &ext2_link_ops;
	else
		inode->ops = &ext2_file_ops;
}

static void load(struct inode *inode, const struct ext2_raw_inode *raw)
{
	struct ext2_node *node = ext2_node(inode);

	inode->mode = raw->mode;
	inode->nlink = raw->nlink;
	inode->uid = raw->uid | (uint32_t)raw->uid_high << 16;
	inode->gid = raw->gid | (uint32_t)raw->gid_high << 16;
	inode->generation = raw->generation;
	inode->nsectors = raw->nsectors;
	inode->mapping.size = raw->size;
	if (inode_is(inode, S_IFREG) && ext2_of(inode)->disk->revision)
		inode->mapping.size |= (uint64_t)raw->size_high << 32;
	node->flags = raw->flags;
	node->attributes = raw->attributes;
	memcpy(node->block, raw->block, sizeof(node->block));
	if (is_device(inode))
		inode->rdev = raw->block[0] ? raw->block[0] : raw->block[1];
	load_times(inode, raw);
	set_ops(inode);
}

static int check(struct inode *inode)
{
	struct ext2_node *node = ext2_node(inode);
	struct ext2 *fs = ext2_of(inode);
	unsigned long long ino = inode->ino;

	if (node->flags & (EXT2_INODE_EXTENTS | EXT2_INODE_INLINE))
		return ext2_corrupt(fs, "inode %llu has no block map", ino);
	if (node->attributes && !ext2_block_valid(fs, node->attributes))
		return ext2_corrupt(fs, "attributes of inode %llu", ino);
	if (!size_valid(inode))
		return ext2_corrupt(fs, "type or size of inode %llu", ino);
	return 0;
}

static struct ext2_node *node_new(struct ext2 *fs)
{
	struct ext2_node *node = kmalloc_zeroed(sizeof(*node));

	if (!node)
		return NULL;
	mutex_init(&node->map_lock, "ext2 map", RANK_INODE_MAP);
	atomic_fetch_add(&fs->nnodes, 1);
	return node;
}

static void node_free(struct ext2 *fs, struct ext2_node *node)
{
	atomic_fetch_sub(&fs->nnodes, 1);
	kfree(node);
}

int ext2_read_inode(struct inode *inode)
{
	struct ext2 *fs = ext2_of(inode);
	struct ext2_raw_inode *raw;
	struct buffer *b;

	/* Numbers below first_ino are the filesystem's own: the journal. */
	if (inode->ino > fs->ninodes ||
	    (inode->ino < fs->first_ino && inode->ino != EXT2_ROOT_INO))
		return ext2_corrupt(fs, "inode number %llu",
				    (unsigned long long)inode->ino);
	inode->private = node_new(fs);
	if (!inode->private)
		return -ENOMEM;
	int err = raw_read(inode, &b, &raw);

	if (!err) {
		load(inode, raw);
		buffer_put(b);
		err = inode->nlink ? check(inode) : -ESTALE;
	}
	if (err)
		ext2_forget_inode(inode);
	return err;
}

void ext2_forget_inode(struct inode *inode)
{
	node_free(ext2_of(inode), ext2_node(inode));
}

/* The record's fields, but for those only its birth sets. */
static void store(const struct inode *inode, struct ext2_raw_inode *raw)
{
	const struct ext2_node *node = ext2_node(inode);

	raw->mode = (uint16_t)inode->mode;
	raw->nlink = (uint16_t)inode->nlink;
	raw->uid = (uint16_t)inode->uid;
	raw->uid_high = inode->uid >> 16;
	raw->gid = (uint16_t)inode->gid;
	raw->gid_high = inode->gid >> 16;
	raw->size = (uint32_t)inode_size(inode);
	if (inode_is(inode, S_IFREG) && ext2_of(inode)->disk->revision)
		raw->size_high = inode_size(inode) >> 32;
	raw->nsectors = (uint32_t)inode->nsectors;
	raw->flags = node->flags;
	raw->attributes = node->attributes;
	memcpy(raw->block, node->block, sizeof(raw->block));
	store_times(inode, raw);
}

static void store_birth(struct inode *inode, struct ext2_raw_inode *raw)
{
	struct ext2 *fs = ext2_of(inode);

	memset(raw, 0, fs->inode_size);
	raw->generation = inode->generation;
	if (fs->inode_size < sizeof(*raw))
		return;
	raw->extra_size = EXTRA_SIZE;
	raw->created = (uint32_t)inode->changed.seconds;
	raw->created_extra = time_extra(inode->changed);
}

/* From memory into the table's buffer. */
static void raw_store(struct inode *inode, struct buffer *b,
		      struct ext2_raw_inode *raw, bool birth)
{
	mutex_lock(&ext2_node(inode)->map_lock);
	buffer_begin(b);
	if (birth)
		store_birth(inode, raw);
	store(inode, raw);
	buffer_end(b);
	mutex_unlock(&ext2_node(inode)->map_lock);
}

static int inode_store(struct inode *inode, bool birth)
{
	struct ext2_raw_inode *raw;
	struct buffer *b;
	int err = raw_read(inode, &b, &raw);

	if (err)
		return err;
	if (inode_is(inode, S_IFREG) && inode_size(inode) > INT32_MAX)
		ext2_set_large_file(ext2_of(inode));
	if (birth && raw->nlink)
		err = ext2_corrupt(ext2_of(inode), "inode %llu is not free",
				   (unsigned long long)inode->ino);
	else
		raw_store(inode, b, raw, birth);
	buffer_put(b);
	return err;
}

int ext2_write_inode(struct inode *inode, bool sync)
{
	struct ext2 *fs = ext2_of(inode);

	if (!fs->writable)
		return 0;
	int err = ext2_may_write(fs) ? 0 : ext2_trim_surplus(inode);

	if (!err)
		err = inode_store(inode, false);
	if (err || !sync)
		return err;
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
	if (is_device(inode))
		node->block[rdev > UINT16_MAX] = rdev;
	set_ops(inode);
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
	fill_new(inode, mode, rdev);
	err = inode_store(inode, true);
	if (!err) {
		*out = inode;
		return 0;
	}
	inode->nlink = 0;
	inode_put(inode);
	return err;
free_node:
	node_free(fs, node);
	return err;
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

/* All that the inode owns but its number. */
static int free_contents(struct inode *inode)
{
	int err = 0;

	/* Pages first: none may reach a block that is another file's. */
	if (inode_is(inode, S_IFREG))
		err = mapping_resize(&inode->mapping, 0);
	if (!err && has_map(inode))
		err = ext2_map_trim(inode, 0);
	return err ? err : free_attributes(inode);
}

static int free_inode(struct inode *inode)
{
	struct ext2_node *node = ext2_node(inode);
	struct ext2 *fs = ext2_of(inode);
	struct ext2_raw_inode *raw;
	struct buffer *b;
	int err = ext2_may_write(fs);

	/* Its place in the table is at hand before anything is freed, so
	 * that, come what may, the disk never names what is another's. */
	if (!err)
		err = raw_read(inode, &b, &raw);
	if (err)
		return err;
	err = free_contents(inode);
	if (!err) {
		inode->mapping.size = 0;
		node->deleted = (uint32_t)timestamp_now().seconds;
	}
	raw_store(inode, b, raw, false);
	buffer_put(b);
	if (err)
		return err;
	return ext2_free_ino(fs, (uint32_t)inode->ino,
			     inode_is(inode, S_IFDIR));
}

void ext2_free_inode(struct inode *inode)
{
	int err = free_inode(inode);

	if (err)
		printk("ext2: %s: inode %llu not freed: error %d\n",
		       ext2_of(inode)->device->name,
		       (unsigned long long)inode->ino, err);
}

static int ext2_read_link(struct inode *inode, char *target, size_t nbytes)
{
	size_t n = min_u64(inode_size(inode), nbytes - 1);
	struct buffer *b;

	if (is_short_link(inode)) {
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
