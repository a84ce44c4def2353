// SPDX-License-Identifier: MIT
/*
 * ext2_mount.c - mounting an ext2 filesystem, syncing, and unmounting it.
 *
 * While mounted for writing the super block on disk lacks EXT2_STATE_CLEAN,
 * so that after a crash e2fsck has a look; or, where there is a journal, it
 * says that this must be replayed (RECOVER).  The mark is durable before
 * anything else changes, and goes when everything else is durable.
 *
 * With a journal a mount mends what a crash has left: it replays, which
 * changes blocks that have been read already, so all begins anew; and it goes
 * through the list of orphans.
 *
 * Locking: none; the mount table's lock keeps others out.
 * Tests: tests/host/ext2_model_test.c, journal_test.c.
 */

#include "fs/ext2.h"
#include "fs/ext2_core.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "mm/slab.h"

/* Say on the disk whether somebody must have a look before the next mount:
 * e2fsck, or the journal. */
static int store_clean(struct ext2 *fs, bool clean)
{
	ext2_store_super(fs);
	mutex_lock(&fs->lock);
	buffer_begin(fs->super_buffer);
	if (fs->found && clean)
		fs->disk->incompat &= ~EXT2_INCOMPAT_RECOVER;
	else if (fs->found)
		fs->disk->incompat |= EXT2_INCOMPAT_RECOVER;
	else if (clean)
		fs->disk->state |= EXT2_STATE_CLEAN;
	else
		fs->disk->state &= ~EXT2_STATE_CLEAN;
	buffer_end(fs->super_buffer);
	mutex_unlock(&fs->lock);
	int err = buffer_sync(fs->device);

	return err ? err : block_flush(fs->device);
}

/* What is in buffers, to the disk, or into the journal, which is enough. */
static int sync_buffers(struct ext2 *fs)
{
	if (fs->journal) {
		int err = ext2_commit(fs);

		return err ? err : block_flush(fs->device);
	}
	ext2_store_super(fs);
	int err = buffer_sync(fs->device);
	int failed = block_flush(fs->device);

	return err ? err : failed;
}

static int ext2_sync(struct super *super)
{
	struct ext2 *fs = super->private;

	if (!fs->writable)
		return 0;
	int err = inode_sync_all(super);
	int failed = sync_buffers(fs);

	return err ? err : failed;
}

static void ext2_release(struct ext2 *fs)
{
	for (uint32_t i = 0; fs->descriptors && i < fs->ndescriptors; i++)
		if (fs->descriptors[i])
			buffer_put(fs->descriptors[i]);
	kfree(fs->descriptors);
	if (fs->super_buffer)
		buffer_put(fs->super_buffer);
	ext2_io_free(fs->io);
	ext2_free_journal(fs);
	buffer_discard(fs->device);
	kfree(fs);
}

/* First all else, then the mark that says so. */
static int end_writing(struct ext2 *fs)
{
	int err = ext2_sync(&fs->super);

	if (fs->journal) {
		int failed = ext2_end_journal(fs);

		err = err ? err : failed;
	}
	if (!err && fs->writable &&
	    (fs->found || (fs->was_clean && !fs->corrupt)))
		err = store_clean(fs, true);
	fs->writable = false;
	return err;
}

static void ext2_unmount(struct super *super)
{
	struct ext2 *fs = super->private;
	int err = end_writing(fs);

	if (err)
		printk("ext2: %s: errors while unmounting: %d\n",
		       fs->device->name, err);
	inode_abandon(super);
	/* At power-off some may be in use still. */
	if (!fs->nnodes)
		ext2_release(fs);
}

static const struct super_ops ext2_super_ops = {
	.magic = EXT2_MAGIC,
	.read_inode = ext2_read_inode,
	.free_inode = ext2_free_inode,
	.forget_inode = ext2_forget_inode,
	.sync = ext2_sync,
	.statfs = ext2_statfs,
	.unmount = ext2_unmount,
};

/* --- mounting --- */

static int begin_writing(struct ext2 *fs)
{
	mutex_lock(&fs->lock);
	buffer_begin(fs->super_buffer);
	fs->disk->mount_count++;
	fs->disk->mount_time = (uint32_t)timestamp_now().seconds;
	if (fs->found && journal_had_failed(fs->found))
		fs->disk->state |= EXT2_STATE_ERRORS; /* e2fsck is to look */
	buffer_end(fs->super_buffer);
	mutex_unlock(&fs->lock);
	int err = store_clean(fs, false);

	if (!err && fs->found)
		err = ext2_open_journal(fs);
	fs->writable = !err;
	if (!err && fs->journal)
		err = ext2_orphans_clean(fs);
	return err;
}

/* With a journal a read-only mount, too, first mends what a crash has left. */
static int make_ready(struct ext2 *fs)
{
	bool read_only = fs->super.read_only;

	fs->was_clean = fs->disk->state & EXT2_STATE_CLEAN &&
			!(fs->disk->state & EXT2_STATE_ERRORS);
	if (!fs->was_clean)
		printk("ext2: %s: was not unmounted cleanly: e2fsck it\n",
		       fs->device->name);
	if (read_only && !(fs->disk->incompat & EXT2_INCOMPAT_RECOVER))
		return 0;
	fs->super.read_only = false;
	int err = begin_writing(fs);

	if (!err && read_only)
		err = end_writing(fs);
	if (read_only)
		fs->super.read_only = true;
	return err;
}

static int read_root(struct ext2 *fs)
{
	int err = inode_get(&fs->super, EXT2_ROOT_INO, &fs->super.root);

	if (err)
		return err;
	if (inode_is(fs->super.root, S_IFDIR))
		err = make_ready(fs);
	else
		err = ext2_refuse(fs, "the root is no directory");
	if (err) {
		fs->writable = false;
		inode_put(fs->super.root);
		inode_abandon(&fs->super);
	}
	return err;
}

/* 0; 1 if a replay has changed the disk; an error. */
static int mount_steps(struct ext2 *fs)
{
	int err = ext2_read_super(fs);

	if (!err)
		err = ext2_read_descriptors(fs);
	if (err)
		return err;
	fs->io = ext2_io_new();
	if (!fs->io)
		return -ENOMEM;
	fs->mounting = true;
	err = ext2_find_journal(fs);
	if (!err)
		err = read_root(fs);
	fs->mounting = false;
	return err;
}

static int try_mount(struct block_device *device, bool read_only,
		     struct super **out)
{
	struct ext2 *fs = kmalloc_zeroed(sizeof(*fs));

	if (!fs)
		return -ENOMEM;
	fs->device = device;
	fs->super.ops = &ext2_super_ops;
	fs->super.type = "ext2";
	fs->super.device = device;
	fs->super.dev = device->rdev;
	fs->super.read_only = read_only || device->read_only;
	fs->super.private = fs;
	mutex_init(&fs->lock, "ext2", RANK_EXT2);
	mutex_init(&fs->commit_lock, "commit", RANK_COMMIT);
	spin_init(&fs->join_lock, "ext2 joined", RANK_MAPPING_LIST);
	list_init(&fs->joined[0]);
	list_init(&fs->joined[1]);
	list_init(&fs->written);
	list_init(&fs->held);
	list_init(&fs->orphans);
	waitq_init(&fs->left);

	int err = mount_steps(fs);

	if (err)
		ext2_release(fs);
	else
		*out = &fs->super;
	return err;
}

int ext2_mount(struct block_device *device, bool read_only, struct super **out)
{
	int err = try_mount(device, read_only, out);

	/* After a replay nothing that was read before it holds. */
	if (err == 1)
		err = try_mount(device, read_only, out);
	return err == 1 ? -EIO : err;
}
