// SPDX-License-Identifier: MIT
/*
 * devpts.c - the directory of the pseudo-terminals there are just now.
 *
 * Nothing is stored: the names are the numbers in use, and a name goes when
 * its master is closed.  Inode 1 is the directory, 2 + N is that of number N.
 *
 * Tests: usertests.
 */
#include <linux/magic.h>
#include <linux/major.h>

#include "fs/device.h"
#include "fs/pseudo.h"
#include "kernel/dev/pty.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"

enum { INO_ROOT = 1, INO_FIRST };

static bool pts_next(struct inode *dir, uint64_t *position,
		     struct pseudo_entry *entry)
{
	int number = pty_next(*position - INO_FIRST);

	if (number < 0)
		return false;
	snprintf(entry->name, sizeof(entry->name), "%d", number);
	entry->type = DT_CHR;
	entry->ino = INO_FIRST + number;
	*position = entry->ino + 1;
	return true;
}

static int pts_lookup(struct inode *dir, const char *name, size_t nname,
		      struct inode **out)
{
	uint64_t position = INO_FIRST;
	struct pseudo_entry entry;

	while (pts_next(dir, &position, &entry))
		if (strlen(entry.name) == nname &&
		    memcmp(entry.name, name, nname) == 0)
			return inode_get(dir->super, entry.ino, out);
	return -ENOENT;
}

static int pts_read_dir(struct inode *dir, uint64_t position,
			struct dir_visit *visit)
{
	return pseudo_read_dir(dir, INO_ROOT, pts_next, position, visit);
}

static const struct inode_ops pts_dir_ops = {
	.lookup = pts_lookup,
	.read_dir = pts_read_dir,
};

static int pts_read_inode(struct inode *inode)
{
	if (inode->ino == INO_ROOT) {
		pseudo_inode_init(inode, S_IFDIR | 0755, 2);
		inode->ops = &pts_dir_ops;
	} else {
		pseudo_inode_init(inode, S_IFCHR | 0620, 1);
		inode->rdev = device_number(UNIX98_PTY_SLAVE_MAJOR,
					    inode->ino - INO_FIRST);
	}
	return 0;
}

static const struct super_ops devpts_super_ops = {
	.magic = DEVPTS_SUPER_MAGIC,
	.read_inode = pts_read_inode,
	.unmount = pseudo_unmount,
};

int devpts_mount(struct block_device *none, bool read_only, struct super **out)
{
	return pseudo_mount(&devpts_super_ops, "devpts", PSEUDO_DEV_PTS, true,
			    INO_ROOT, out);
}
