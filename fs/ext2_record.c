// SPDX-License-Identifier: MIT
/*
 * ext2_record.c - an inode's record in its table, and what it says.
 *
 * Inode numbers count through the tables of all groups, from 1.
 *
 * block[] has several uses: the map of a regular file, a directory or a long
 * symbolic link; the text of a short link; the number of a device, in one
 * of two encodings.  ext2_has_map() knows.
 *
 * Times: seconds, in a signed 32-bit number; larger inodes have 30 bits of
 * nanoseconds and two more bits of seconds.
 *
 * Locking: the inode's lock is held by whoever calls in, and its map_lock by
 * who loads or stores; but see ext2_commit.c for ext2_store_joined().
 * Tests: tests/host/ext2_model_test.c, ext2_hostile_test.c.
 */

#include "fs/ext2_core.h"
#include "kernel/lib/string.h"

/* What new inodes use of the space beyond 128 bytes, where there is any. */
enum { EXTRA_SIZE = sizeof(struct ext2_raw_inode) - EXT2_REV0_INODE_SIZE };

/* Sectors that the block of extended attributes counts for. */
static uint64_t attribute_sectors(const struct inode *inode)
{
	return ext2_node(inode)->attributes
		       ? ext2_of(inode)->block_size >> SECTOR_SHIFT
		       : 0;
}

bool ext2_is_short_link(const struct inode *inode)
{
	return inode_is(inode, S_IFLNK) &&
	       inode->nsectors == attribute_sectors(inode);
}

bool ext2_has_map(const struct inode *inode)
{
	return inode_is(inode, S_IFREG) || inode_is(inode, S_IFDIR) ||
	       (inode_is(inode, S_IFLNK) && !ext2_is_short_link(inode));
}

/* --- the table --- */

int ext2_raw_read(struct inode *inode, struct buffer **out,
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
		return size &&
		       size < (ext2_is_short_link(inode) ? EXT2_FAST_LINK_MAX
							 : fs->block_size);
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
	case S_IFSOCK:
		return true;
	}
	return false; /* no such type */
}

void ext2_set_ops(struct inode *inode)
{
	inode->mapping.ops = &ext2_mapping_ops;
	if (inode_is(inode, S_IFDIR))
		inode->ops = &ext2_dir_ops;
	else if (inode_is(inode, S_IFLNK))
		inode->ops = &ext2_link_ops;
	else
		inode->ops = &ext2_file_ops;
}

void ext2_load(struct inode *inode, const struct ext2_raw_inode *raw)
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
	if (ext2_is_device(inode))
		inode->rdev = raw->block[0] ? raw->block[0] : raw->block[1];
	load_times(inode, raw);
	ext2_set_ops(inode);
}

int ext2_check_inode(struct inode *inode)
{
	struct ext2_node *node = ext2_node(inode);
	struct ext2 *fs = ext2_of(inode);
	uint64_t ino = inode->ino;

	if (node->flags & (EXT2_INODE_EXTENTS | EXT2_INODE_INLINE))
		return ext2_corrupt(fs, "inode %lu has no block map", ino);
	if (node->attributes && !ext2_block_valid(fs, node->attributes))
		return ext2_corrupt(fs, "attributes of inode %lu", ino);
	if (!size_valid(inode))
		return ext2_corrupt(fs, "type or size of inode %lu", ino);
	return 0;
}

/* The fields that only handles change. */
static void store_map(const struct inode *inode, struct ext2_raw_inode *raw)
{
	const struct ext2_node *node = ext2_node(inode);
	uint64_t size = min_u64(inode_size(inode), node->shrinks_to);

	raw->nlink = (uint16_t)inode->nlink;
	raw->size = (uint32_t)size;
	if (inode_is(inode, S_IFREG) && ext2_of(inode)->disk->revision)
		raw->size_high = size >> 32;
	raw->nsectors = (uint32_t)inode->nsectors;
	raw->flags = node->flags;
	raw->attributes = node->attributes;
	memcpy(raw->block, node->block, sizeof(raw->block));
	raw->deleted = node->deleted;
}

void ext2_store_joined(const struct inode *inode, struct buffer *b)
{
	const struct ext2 *fs = ext2_of(inode);
	uint32_t at = (inode->ino - 1) % fs->inodes_per_group * fs->inode_size;

	store_map(inode, (void *)(b->data + at % fs->block_size));
}

/* The record's fields, but for those only its birth sets. */
void ext2_store(const struct inode *inode, struct ext2_raw_inode *raw)
{
	raw->mode = (uint16_t)inode->mode;
	raw->uid = (uint16_t)inode->uid;
	raw->uid_high = inode->uid >> 16;
	raw->gid = (uint16_t)inode->gid;
	raw->gid_high = inode->gid >> 16;
	store_times(inode, raw);
	store_map(inode, raw);
}

void ext2_store_birth(struct inode *inode, struct ext2_raw_inode *raw)
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
