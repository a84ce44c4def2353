// SPDX-License-Identifier: MIT
/*
 * ext2_super.c - the super block and the group descriptors.
 *
 * Everything on the disk is somebody's claim.  What the super block and the
 * group descriptors say is checked once, at mount: sizes, counts, and that
 * each bitmap and table lies within the device.  From then on arithmetic
 * with it can't leave the device or overflow.  What inodes, directories and
 * map blocks say is checked where it is read; a contradiction there makes
 * the filesystem read-only (ext2_corrupt), since whatever else we wrote might
 * make it worse.
 *
 * Features decide what we may do: an incompatible one that we don't know, no
 * mount; a read-only compatible one, no writing.
 *
 * The counts of free blocks and inodes live in memory and are stored with the
 * super block by a sync.
 *
 * Locking: fs->lock for the super block's contents.
 * Tests: tests/host/ext2_model_test.c, ext2_hostile_test.c.
 */

#include "fs/ext2_core.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/slab.h"

static const uint32_t incompat_known =
	EXT2_INCOMPAT_FILETYPE | EXT2_INCOMPAT_RECOVER;
static const uint32_t ro_compat_known =
	EXT2_RO_SPARSE_SUPER | EXT2_RO_LARGE_FILE;

int ext2_corrupt(struct ext2 *fs, const char *format, ...)
{
	/* Only the first finding is worth a line. */
	if (atomic_exchange(&fs->corrupt, true))
		return -EIO;

	char what[120];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	printk("ext2: %s: corrupt: %s%s\n", fs->device->name, what,
	       fs->super.read_only ? "" : "; read-only from now on");
	fs->super.read_only = true;
	return -EIO;
}

void ext2_note_error(struct ext2 *fs)
{
	mutex_lock(&fs->lock);
	buffer_begin(fs->super_buffer);
	fs->disk->state |= EXT2_STATE_ERRORS;
	buffer_end(fs->super_buffer);
	mutex_unlock(&fs->lock);
}

int ext2_may_write(struct ext2 *fs)
{
	return fs->super.read_only ? -EROFS : 0;
}

bool ext2_block_valid(const struct ext2 *fs, uint32_t block)
{
	return block > fs->first_data_block + fs->ndescriptors &&
	       block < fs->nblocks;
}

int ext2_read(struct ext2 *fs, uint32_t block, struct buffer **out)
{
	return buffer_read(fs->device, block, fs->block_size, out);
}

/* --- the super block while mounted --- */

void ext2_store_super(struct ext2 *fs)
{
	mutex_lock(&fs->lock);
	buffer_begin(fs->super_buffer);
	fs->disk->nfree_blocks = fs->nfree_blocks;
	fs->disk->nfree_inodes = fs->nfree_inodes;
	fs->disk->write_time = (uint32_t)timestamp_now().seconds;
	if (fs->corrupt)
		fs->disk->state |= EXT2_STATE_ERRORS;
	buffer_end(fs->super_buffer);
	mutex_unlock(&fs->lock);
}

void ext2_set_large_file(struct ext2 *fs)
{
	mutex_lock(&fs->lock);
	if (!(fs->disk->ro_compat & EXT2_RO_LARGE_FILE)) {
		buffer_begin(fs->super_buffer);
		fs->disk->ro_compat |= EXT2_RO_LARGE_FILE;
		buffer_end(fs->super_buffer);
	}
	mutex_unlock(&fs->lock);
}

/* Blocks that no file can ever have. */
static uint32_t overhead(struct ext2 *fs)
{
	uint32_t n = fs->first_data_block;

	for (uint32_t g = 0; g < fs->ngroups; g++) {
		n += 2 + fs->table_blocks;
		if (ext2_group_has_super(fs, g))
			n += 1 + fs->ndescriptors;
	}
	return n;
}

int ext2_statfs(struct super *super, struct statfs *out)
{
	struct ext2 *fs = super->private;
	uint32_t reserved = fs->disk->nreserved;

	out->f_bsize = fs->block_size;
	out->f_frsize = fs->block_size;
	out->f_files = fs->ninodes;
	out->f_blocks = fs->nblocks - overhead(fs);
	mutex_lock(&fs->lock);
	out->f_bfree = fs->nfree_blocks;
	out->f_ffree = fs->nfree_inodes;
	mutex_unlock(&fs->lock);
	if ((uint64_t)out->f_bfree > reserved)
		out->f_bavail = out->f_bfree - reserved;
	memcpy(&out->f_fsid, fs->disk->uuid, sizeof(out->f_fsid));
	return 0;
}

/* --- what the disk says --- */

int ext2_refuse(struct ext2 *fs, const char *why)
{
	printk("ext2: %s: can't mount: %s\n", fs->device->name, why);
	return -EINVAL;
}

static bool is_power_of_2(uint32_t n)
{
	return n && !(n & (n - 1));
}

/* Which features there are, and so what kind of mount this can be. */
static int check_features(struct ext2 *fs, const struct ext2_super_block *sb)
{
	uint32_t incompat = sb->revision ? sb->incompat : 0;
	uint32_t ro_compat = sb->revision ? sb->ro_compat : 0;

	if (sb->revision > 1)
		return ext2_refuse(fs, "unknown revision");
	if (incompat & ~incompat_known) {
		printk("ext2: %s: can't mount: incompatible features 0x%x\n",
		       fs->device->name, incompat & ~incompat_known);
		return -EINVAL;
	}
	fs->has_types = incompat & EXT2_INCOMPAT_FILETYPE;
	if (ro_compat & ~ro_compat_known && !fs->super.read_only) {
		printk("ext2: %s: read-only, for features 0x%x\n",
		       fs->device->name, ro_compat & ~ro_compat_known);
		fs->super.read_only = true;
	}
	return 0;
}

/* Sizes and counts: NULL, or what is wrong with them. */
static const char *check_geometry(const struct ext2 *fs)
{
	uint32_t bits = fs->block_size * 8;
	uint32_t per_block = fs->block_size / fs->inode_size;

	if (fs->first_data_block != (fs->block_size == 1024))
		return "bad first data block";
	if (fs->nblocks <= fs->first_data_block + 1)
		return "no blocks";
	if ((uint64_t)fs->nblocks << fs->block_shift > fs->device->nsectors
							       << SECTOR_SHIFT)
		return "larger than the device";
	if (fs->inodes_per_group == 0 || fs->inodes_per_group > bits ||
	    fs->inodes_per_group % per_block)
		return "bad number of inodes in a group";
	if (fs->blocks_per_group % 8 || fs->blocks_per_group > bits ||
	    fs->blocks_per_group <= fs->table_blocks + 3)
		return "bad number of blocks in a group";
	if ((uint64_t)fs->ngroups * fs->inodes_per_group != fs->ninodes)
		return "bad number of inodes";
	if (fs->first_ino < EXT2_REV0_FIRST_INO || fs->first_ino > fs->ninodes)
		return "bad first inode";
	if (fs->first_data_block + 1 + fs->ndescriptors >= fs->nblocks)
		return "no room for the group descriptors";
	return NULL;
}

static int read_geometry(struct ext2 *fs, const struct ext2_super_block *sb)
{
	if (sb->magic != EXT2_MAGIC)
		return ext2_refuse(fs, "not ext2");
	int err = check_features(fs, sb);

	if (err)
		return err;
	if (sb->log_block_size > 2)
		return ext2_refuse(fs, "blocks larger than 4 KiB");
	fs->block_shift = 10 + sb->log_block_size;
	fs->block_size = 1u << fs->block_shift;
	fs->inode_size = sb->revision ? sb->inode_size : EXT2_REV0_INODE_SIZE;
	fs->first_ino = sb->revision ? sb->first_ino : EXT2_REV0_FIRST_INO;
	if (!is_power_of_2(fs->inode_size) ||
	    fs->inode_size < EXT2_REV0_INODE_SIZE ||
	    fs->inode_size > fs->block_size)
		return ext2_refuse(fs, "bad inode size");
	fs->nblocks = sb->nblocks;
	fs->first_data_block = sb->first_data_block;
	fs->blocks_per_group = sb->blocks_per_group;
	fs->ninodes = sb->ninodes;
	fs->inodes_per_group = sb->inodes_per_group;
	if (fs->blocks_per_group == 0 || fs->nblocks <= fs->first_data_block)
		return ext2_refuse(fs, "bad number of blocks");
	fs->ngroups = (fs->nblocks - fs->first_data_block - 1) /
			      fs->blocks_per_group +
		      1;
	fs->table_blocks =
		fs->inodes_per_group / (fs->block_size / fs->inode_size);

	uint32_t per_block = fs->block_size / sizeof(struct ext2_group);

	fs->ndescriptors = (fs->ngroups + per_block - 1) / per_block;

	const char *wrong = check_geometry(fs);

	return wrong ? ext2_refuse(fs, wrong) : 0;
}

/* The super block itself, and what it says of the rest. */
int ext2_read_super(struct ext2 *fs)
{
	/* Not through the buffer cache: the block size isn't known yet. */
	struct ext2_super_block *sb = kmalloc(sizeof(*sb));

	if (!sb)
		return -ENOMEM;
	int err = -EINVAL;

	if (fs->device->nsectors * SECTOR_SIZE >=
	    EXT2_SUPER_OFFSET + sizeof(*sb))
		err = block_transfer(fs->device, BLOCK_READ,
				     EXT2_SUPER_OFFSET / SECTOR_SIZE, sb,
				     sizeof(*sb));
	if (err)
		printk("ext2: %s: can't read the super block\n",
		       fs->device->name);
	else
		err = read_geometry(fs, sb);
	kfree(sb);
	if (err)
		return err;
	uint32_t block = EXT2_SUPER_OFFSET >> fs->block_shift;

	err = ext2_read(fs, block, &fs->super_buffer);
	if (err)
		return err;
	fs->disk = (void *)(fs->super_buffer->data +
			    EXT2_SUPER_OFFSET % fs->block_size);
	fs->super.max_size = ext2_max_size(fs);
	return 0;
}

static bool check_group(struct ext2 *fs, uint32_t g)
{
	const struct ext2_group *group = ext2_group(fs, g);
	/* Group 0's own blocks may be used by nobody else. */
	uint32_t low = fs->first_data_block + 1 + fs->ndescriptors;
	uint32_t high = fs->nblocks;

	return group->block_bitmap >= low && group->block_bitmap < high &&
	       group->inode_bitmap >= low && group->inode_bitmap < high &&
	       group->inode_table >= low && group->inode_table < high &&
	       fs->table_blocks <= high - group->inode_table &&
	       group->nfree_blocks <= fs->blocks_per_group &&
	       group->nfree_inodes <= fs->inodes_per_group;
}

int ext2_read_descriptors(struct ext2 *fs)
{
	fs->descriptors =
		kmalloc_zeroed(fs->ndescriptors * sizeof(*fs->descriptors));
	if (!fs->descriptors)
		return -ENOMEM;
	for (uint32_t i = 0; i < fs->ndescriptors; i++) {
		int err = ext2_read(fs, fs->first_data_block + 1 + i,
				    &fs->descriptors[i]);

		if (err)
			return err;
	}
	for (uint32_t g = 0; g < fs->ngroups; g++) {
		const struct ext2_group *group = ext2_group(fs, g);

		if (!check_group(fs, g))
			return ext2_refuse(fs, "bad group descriptor");
		fs->nfree_blocks += group->nfree_blocks;
		fs->nfree_inodes += group->nfree_inodes;
	}
	return 0;
}
