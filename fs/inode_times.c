// SPDX-License-Identifier: MIT
/*
 * inode_times.c - when a file was read, written and changed.
 *
 * System calls set the times that they are about at once (inode_touch).
 * Stores through mappings can't be seen one by one: a harvest only notes that
 * there were some, in inode->stored, and whoever looks at the times or writes
 * the inode next settles that first.  So a store's time is that of the first
 * look after it, as POSIX allows.
 *
 * Locking: the inode's lock.  Tests: mmaptest, usertests.
 */
#include "arch/riscv/time.h"
#include "fs/inode.h"
#include "kernel/dev/dev.h"

struct timestamp timestamp_now(void)
{
	uint64_t now = time_now();

	return (struct timestamp){
		.seconds = (int64_t)(rtc_boot_seconds() + now / 1000000000),
		.nanoseconds = now % 1000000000,
	};
}

static void set_times(struct inode *inode, unsigned which)
{
	struct timestamp now = timestamp_now();

	if (which & INODE_ATIME)
		inode->accessed = now;
	if (which & INODE_MTIME) {
		inode->modified = now;
		inode->stored = false;
	}
	if (which & INODE_CTIME)
		inode->changed = now;
}

void inode_touch(struct inode *inode, unsigned which)
{
	set_times(inode, which);
	inode_dirty(inode);
}

void inode_settle(struct inode *inode)
{
	if (!atomic_load_explicit(&inode->stored, memory_order_relaxed))
		return;
	inode_touch(inode, INODE_MTIME | INODE_CTIME);
}
