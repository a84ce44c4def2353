// SPDX-License-Identifier: MIT
/*
 * pseudo.c - inodes that live in memory only.
 *
 * Pipes, devices, the files of /proc and of tmpfs are files like others to
 * everybody above: they have an inode, times, a mode.  But nothing stands
 * behind them: an inode without a link disappears with its last reference.
 *
 * Tests: usertests.
 */
#include "fs/pseudo.h"

#include <linux/magic.h>

#include "fs/file.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "mm/slab.h"

static atomic_ulong next_ino = 1;

static const struct inode_ops nothing_goes = {0};

void pseudo_inode_init(struct inode *inode, uint32_t mode, unsigned nlink)
{
	struct timestamp now = timestamp_now();

	inode->mode = mode;
	inode->nlink = nlink;
	inode->accessed = inode->modified = inode->changed = now;
	inode->ops = &nothing_goes;
}

struct inode *pseudo_inode_new(struct super *super, uint32_t mode)
{
	struct inode *inode = inode_new(super, atomic_fetch_add(&next_ino, 1));

	if (inode)
		pseudo_inode_init(inode, mode, 0);
	return inode;
}

static const struct super_ops anonymous_ops = {.magic = ANON_INODE_FS_MAGIC};

static struct super anonymous_super = {
	.ops = &anonymous_ops,
	.type = "anon_inode",
	.dev = PSEUDO_DEV_ANONYMOUS,
};

int pseudo_file_new(const struct file_ops *ops, void *private, unsigned flags,
		    struct file **out)
{
	struct inode *inode = pseudo_inode_new(&anonymous_super, 0600);

	if (!inode)
		return -ENOMEM;
	inode->file_ops = ops;
	*out = file_new(inode, NULL, O_RDWR | flags);
	inode_put(inode);
	if (!*out)
		return -ENOMEM;
	(*out)->private = private;
	return 0;
}

int pseudo_mount(const struct super_ops *ops, const char *type, uint32_t dev,
		 bool transient, uint64_t root_ino, struct super **out)
{
	struct super *super = kmalloc_zeroed(sizeof(*super));

	if (!super)
		return -ENOMEM;
	super->ops = ops;
	super->type = type;
	super->dev = dev;
	super->max_size = INT64_MAX;
	super->transient = transient;

	int err = inode_get(super, root_ino, &super->root);

	if (err) {
		kfree(super);
		return err;
	}
	*out = super;
	return 0;
}

void pseudo_unmount(struct super *super)
{
	kfree(super);
}

int pseudo_read_dir(struct inode *dir, uint64_t parent, pseudo_next *next,
		    uint64_t position, struct dir_visit *visit)
{
	struct pseudo_entry entry;

	if (position == 0 && !visit->entry(visit, ".", 1, dir->ino, DT_DIR, 1))
		return 0;
	if (position < 2 && !visit->entry(visit, "..", 2, parent, DT_DIR, 2))
		return 0;
	position = max_u64(position, 2);
	while (next(dir, &position, &entry))
		if (!visit->entry(visit, entry.name, strlen(entry.name),
				  entry.ino, entry.type, position))
			break;
	return 0;
}
