// SPDX-License-Identifier: MIT
/*
 * ext2_journal.c - finding the journal at mount, and letting go of it.
 *
 * The journal is a file without a name, inode 8.  Where its blocks lie is read
 * once, as a list of runs; from then on nobody looks at the inode any more.
 *
 *   the disk says     at mount
 *   RECOVER           replay, and read everything anew
 *   not RECOVER       the journal is empty, or there is no mount
 *
 * While mounted for writing the disk says RECOVER.  A read-only mount replays,
 * too (else it would show what never was), and so needs a disk that can be
 * written.
 *
 * Tests: tests/host/journal_test.c.
 */

#include "fs/ext2_core.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/slab.h"

/* --- where it lies --- */

/* Room for one more run: they double whenever they are a power of two. */
static bool grow_runs(struct journal *j)
{
	struct journal_run *runs;

	if (j->nruns & (j->nruns - 1))
		return true;
	runs = kmalloc(max_u64(1, 2ull * j->nruns) * sizeof(*runs));
	if (!runs)
		return false;
	if (j->nruns)
		memcpy(runs, j->runs, j->nruns * sizeof(*runs));
	kfree(j->runs);
	j->runs = runs;
	return true;
}

/* Add what lies at journal block @first to the runs: how many blocks. */
static int add_run(struct journal *j, struct inode *inode, uint32_t first)
{
	uint32_t nblocks = (uint32_t)(inode_size(inode) / j->block_size);
	uint32_t disk, n;
	int err = ext2_map_find(inode, first, nblocks - first, &disk, &n);

	if (err)
		return err;
	if (!disk)
		return ext2_refuse(ext2_of(inode), "its journal has a hole");
	if (!grow_runs(j))
		return -ENOMEM;
	j->runs[j->nruns++] = (struct journal_run){first, n, disk};
	return (int)n;
}

static int find_runs(struct ext2 *fs, struct journal *j, struct inode *inode)
{
	uint64_t nblocks = inode_size(inode) >> fs->block_shift;

	if (!inode_is(inode, S_IFREG) || !nblocks || nblocks > fs->nblocks)
		return ext2_refuse(fs, "its journal is no file");
	for (uint32_t first = 0; first < nblocks;) {
		int n = add_run(j, inode, first);

		if (n < 0)
			return n;
		first += (uint32_t)n;
	}
	return 0;
}

static int load(struct ext2 *fs, struct journal *j)
{
	const char *why = NULL;
	struct inode *inode;
	int err = inode_get(&fs->super, fs->disk->journal_ino, &inode);

	if (err)
		return err == -ESTALE
			       ? ext2_refuse(fs, "its journal is no file")
			       : err;
	err = find_runs(fs, j, inode);
	inode_put(inode);
	inode_shrink(&fs->super, SIZE_MAX);
	if (!err)
		err = journal_load(j, &why);
	return why ? ext2_refuse(fs, why) : err;
}

/* --- replay --- */

static int recover(struct ext2 *fs)
{
	const char *why = NULL;

	if (fs->device->read_only)
		return ext2_refuse(fs,
				   "its journal needs recovery, and the disk "
				   "can't be written");
	buffer_discard(fs->device);
	int err = journal_recover(fs->found, &why);

	if (why)
		return ext2_refuse(fs, why);
	if (!err)
		printk("ext2: %s: journal replayed\n", fs->device->name);
	return err ? err : 1;
}

int ext2_find_journal(struct ext2 *fs)
{
	bool must_recover = fs->disk->incompat & EXT2_INCOMPAT_RECOVER;

	if (!fs->disk->revision || !(fs->disk->compat & EXT2_COMPAT_JOURNAL))
		return must_recover ? ext2_refuse(fs, "it lacks its journal")
				    : 0;
	if (!fs->disk->journal_ino)
		return ext2_refuse(fs, "its journal is on another device");
	fs->found = journal_new(fs->device, fs->block_size, fs->nblocks);
	if (!fs->found)
		return -ENOMEM;
	fs->super.type = "ext3";
	int err = load(fs, fs->found);

	if (err || !journal_has_work(fs->found))
		return err;
	return must_recover ? recover(fs)
			    : ext2_refuse(fs, "its journal is not empty (run "
					      "e2fsck)");
}

/* --- use --- */

static bool alloc_pins(struct ext2 *fs)
{
	for (unsigned side = 0; side < 2; side++)
		fs->pins[side] =
			kmalloc_zeroed(fs->ngroups * sizeof(*fs->pins[side]));
	fs->scratch = kmalloc(fs->block_size);
	return fs->pins[0] && fs->pins[1] && fs->scratch;
}

int ext2_open_journal(struct ext2 *fs)
{
	if (!alloc_pins(fs))
		return -ENOMEM;
	int err = journal_open(fs->found);

	if (err)
		return err;
	fs->journal = fs->found;
	fs->device->journal = fs->found;
	return 0;
}

int ext2_end_journal(struct ext2 *fs)
{
	struct journal *j = fs->journal;

	mutex_lock(&fs->commit_lock);
	int err = journal_checkpoint(j, true);

	if (!err)
		err = journal_write_super(j, 0, j->tid);
	if (!err)
		err = block_flush(fs->device);
	fs->device->journal = NULL;
	fs->journal = NULL;
	mutex_unlock(&fs->commit_lock);
	return err;
}

void ext2_free_journal(struct ext2 *fs)
{
	fs->device->journal = NULL;
	ext2_unpin(fs, 0);
	ext2_unpin(fs, 1);
	kfree(fs->pins[0]);
	kfree(fs->pins[1]);
	kfree(fs->scratch);
	if (fs->found)
		journal_free(fs->found);
}
