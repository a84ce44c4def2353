// SPDX-License-Identifier: MIT
/*
 * tmpfs.c - a filesystem in memory: folders, links, and the limits.
 *
 * What a regular file is was said in memfile.c.  A folder is a list of
 * entries, oldest first, and an entry holds a reference to its inode: so an
 * inode lives as long as it has a name or a user, like everywhere, and there
 * is nothing else that would have to be kept.
 *
 *	dir inode -> entries: | "a" 2 | "b" 3 | "sub" 7 |     position
 *	                         |       |       '-> inode -> entries ...
 *	                         '---.---'
 *	                          inode, nlink 2
 *
 * An entry's position is never given again, so that readdir goes on at the
 * right place whatever was added and removed meanwhile.
 *
 * Two counts limit a filesystem: pages left, which the page cache takes from
 * and gives back to, and inodes left, of which a hard link costs one, too.
 *
 * Unmounting finds no file in use.  The root inode is evicted, and takes with
 * it, level by level, what its entries name.
 *
 * Locking: the inode locks that the VFS holds.  Book: chapter 7.  Tests:
 * usertests.
 */
#include "fs/tmpfs.h"

#include <linux/magic.h>

#include "fs/device.h"
#include "fs/memfile.h"
#include "fs/pseudo.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "mm/slab.h"

enum { INO_ROOT = 1, POSITION_FIRST = 2, ENTRY_SIZE = 20 /* as on Linux */ };

/* Field locks: (a) atomic, (c) constant once mounted. */
struct tmpfs {
	atomic_long pages_left, inodes_left; /* (a) */
	long npages, ninodes;                /* (c) the limits; 0: none */
	atomic_ulong last_ino;               /* (a) */
};

/* A folder's ->private; (i) the inode's lock.  (A symbolic link's is its
 * target.) */
struct folder {
	struct list entries;    /* (i) by position */
	uint64_t next_position; /* (i) */
	uint64_t parent;        /* (i) its number */
};

struct entry {
	struct list link;
	struct inode *inode; /* counted */
	uint64_t position;
	size_t nname;
	char name[];
};

static struct tmpfs *tmpfs_of(const struct inode *inode)
{
	return inode->super->private;
}

static struct folder *folder_of(const struct inode *dir)
{
	return dir->private;
}

/* One of what is limited, or false. */
static bool take(atomic_long *left)
{
	if (atomic_fetch_sub(left, 1) > 0)
		return true;
	atomic_fetch_add(left, 1);
	return false;
}

/* --- entries --- */

static struct entry *entry_find(struct inode *dir, const char *name,
				size_t nname)
{
	struct list *entries = &folder_of(dir)->entries;

	list_for_each_entry (struct entry, e, entries, link) {
		if (e->nname == nname && memcmp(e->name, name, nname) == 0)
			return e;
	}
	return NULL;
}

static void folder_changed(struct inode *dir, int nbytes)
{
	dir->mapping.size += nbytes;
	inode_touch(dir, INODE_MTIME | INODE_CTIME);
}

static int entry_add(struct inode *dir, const char *name, size_t nname,
		     struct inode *inode)
{
	struct folder *folder = folder_of(dir);
	struct entry *e = kmalloc(sizeof(*e) + nname);

	if (!e)
		return -ENOMEM;
	e->inode = inode_hold(inode);
	e->position = folder->next_position++;
	e->nname = nname;
	memcpy(e->name, name, nname);
	list_add_tail(&folder->entries, &e->link);
	folder_changed(dir, ENTRY_SIZE);
	return 0;
}

/* The reference it held is not the last: the caller has one. */
static void entry_remove(struct inode *dir, struct entry *e)
{
	list_remove(&e->link);
	inode_put(e->inode);
	kfree(e);
	folder_changed(dir, -ENTRY_SIZE);
}

/* --- inodes --- */

static const struct inode_ops folder_ops, link_ops;

static int folder_init(struct inode *inode, uint64_t parent)
{
	struct folder *folder = kmalloc(sizeof(*folder));

	if (!folder)
		return -ENOMEM;
	list_init(&folder->entries);
	folder->next_position = POSITION_FIRST;
	folder->parent = parent;
	inode->private = folder;
	inode->ops = &folder_ops;
	inode->mapping.size = POSITION_FIRST * ENTRY_SIZE;
	return 0;
}

/* A fresh inode without a name, so nlink is 0: put, it is gone again. */
static int inode_make(struct inode *dir, uint32_t mode, struct inode **out)
{
	struct tmpfs *fs = tmpfs_of(dir);
	struct inode *inode = NULL;

	if (!take(&fs->inodes_left))
		return -ENOSPC;
	inode = inode_new(dir->super, atomic_fetch_add(&fs->last_ino, 1) + 1);
	if (!inode) {
		fs->inodes_left++;
		return -ENOMEM;
	}
	pseudo_inode_init(inode, mode, 0);
	*out = inode;
	return 0;
}

/* Its first name. */
static int inode_name(struct inode *dir, const char *name, size_t nname,
		      struct inode *inode, struct inode **out)
{
	int err = entry_add(dir, name, nname, inode);

	if (err) {
		inode_put(inode);
		return err;
	}
	inode->nlink = 1;
	if (inode_is(inode, S_IFDIR)) {
		inode->nlink++;
		dir->nlink++;
	}
	*out = inode;
	return 0;
}

static int tmpfs_read_inode(struct inode *inode)
{
	assert(inode->ino == INO_ROOT); /* all others are never forgotten */
	pseudo_inode_init(inode, S_IFDIR | 01777, 2);
	return folder_init(inode, INO_ROOT);
}

/* All that is below an evicted folder.  Those below its folders join its list,
 * so that depth costs no stack. */
static void empty(struct list *entries)
{
	struct list *first;

	while ((first = list_pop(entries))) {
		struct entry *e = list_entry(first, struct entry, link);

		if (inode_is(e->inode, S_IFDIR))
			list_splice_tail(entries,
					 &folder_of(e->inode)->entries);
		e->inode->nlink = 0;
		inode_put(e->inode);
		kfree(e);
	}
}

static void tmpfs_forget_inode(struct inode *inode)
{
	if (inode_is(inode, S_IFDIR) && inode->private)
		empty(&folder_of(inode)->entries);
	kfree(inode->private);
	tmpfs_of(inode)->inodes_left++;
}

/* --- operations on names --- */

static int tmpfs_lookup(struct inode *dir, const char *name, size_t nname,
			struct inode **out)
{
	struct entry *e = entry_find(dir, name, nname);

	if (!e)
		return -ENOENT;
	*out = inode_hold(e->inode);
	return 0;
}

static int tmpfs_create(struct inode *dir, const char *name, size_t nname,
			uint32_t mode, uint32_t rdev, struct inode **out)
{
	struct inode *inode;
	int err = inode_make(dir, mode, &inode);

	if (err)
		return err;
	inode->rdev = rdev;
	if (S_ISREG(mode))
		memfile_init(inode, &tmpfs_of(dir)->pages_left);
	else if (S_ISDIR(mode))
		err = folder_init(inode, dir->ino);
	if (!err)
		return inode_name(dir, name, nname, inode, out);
	inode_put(inode);
	return err;
}

static int tmpfs_symlink(struct inode *dir, const char *name, size_t nname,
			 const char *target, struct inode **out)
{
	size_t nbytes = strlen(target);
	struct inode *inode;
	int err = inode_make(dir, S_IFLNK | 0777, &inode);

	if (err)
		return err;
	inode->private = kmalloc(nbytes + 1);
	if (!inode->private) {
		inode_put(inode);
		return -ENOMEM;
	}
	memcpy(inode->private, target, nbytes + 1);
	inode->mapping.size = nbytes;
	inode->ops = &link_ops;
	return inode_name(dir, name, nname, inode, out);
}

static int tmpfs_link(struct inode *dir, const char *name, size_t nname,
		      struct inode *inode)
{
	struct tmpfs *fs = tmpfs_of(dir);
	int err;

	if (!take(&fs->inodes_left))
		return -ENOSPC;
	err = entry_add(dir, name, nname, inode);
	if (err) {
		fs->inodes_left++;
		return err;
	}
	inode->nlink++;
	inode_touch(inode, INODE_CTIME);
	return 0;
}

static int check_empty(const struct inode *dir)
{
	return list_empty(&folder_of(dir)->entries) ? 0 : -ENOTEMPTY;
}

/* A name in @dir that it had is gone. */
static void link_drop(struct inode *dir, struct inode *inode)
{
	if (inode_is(inode, S_IFDIR)) {
		inode->nlink = 0;
		dir->nlink--;
	} else if (--inode->nlink > 0) {
		tmpfs_of(inode)->inodes_left++; /* a hard link's */
	}
	inode_touch(inode, INODE_CTIME);
}

static int tmpfs_unlink(struct inode *dir, const char *name, size_t nname,
			struct inode *inode)
{
	if (inode_is(inode, S_IFDIR) && check_empty(inode))
		return -ENOTEMPTY;
	entry_remove(dir, entry_find(dir, name, nname));
	link_drop(dir, inode);
	return 0;
}

static int tmpfs_rename(struct inode *old_dir, const char *old_name,
			size_t nold, struct inode *new_dir,
			const char *new_name, size_t nnew, struct inode *inode,
			struct inode *target)
{
	struct entry *old = entry_find(old_dir, old_name, nold);
	int err = 0;

	if (target && inode_is(target, S_IFDIR))
		err = check_empty(target);
	if (!err && !target)
		err = entry_add(new_dir, new_name, nnew, inode);
	if (err)
		return err;
	if (target) {
		struct entry *e = entry_find(new_dir, new_name, nnew);

		e->inode = inode_hold(inode);
		link_drop(new_dir, target);
		inode_put(target);
		folder_changed(new_dir, 0);
	}
	entry_remove(old_dir, old);
	if (inode_is(inode, S_IFDIR)) {
		folder_of(inode)->parent = new_dir->ino;
		old_dir->nlink--;
		new_dir->nlink++;
	}
	inode_touch(inode, INODE_CTIME);
	return 0;
}

static int tmpfs_read_dir(struct inode *dir, uint64_t position,
			  struct dir_visit *visit)
{
	struct folder *folder = folder_of(dir);

	if (position == 0 && !visit->entry(visit, ".", 1, dir->ino, DT_DIR, 1))
		return 0;
	if (position < POSITION_FIRST &&
	    !visit->entry(visit, "..", 2, folder->parent, DT_DIR,
			  POSITION_FIRST))
		return 0;
	list_for_each_entry (struct entry, e, &folder->entries, link) {
		if (e->position >= position &&
		    !visit->entry(visit, e->name, e->nname, e->inode->ino,
				  (e->inode->mode & S_IFMT) >> 12,
				  e->position + 1))
			break;
	}
	return 0;
}

static const struct inode_ops folder_ops = {
	.lookup = tmpfs_lookup,
	.create = tmpfs_create,
	.symlink = tmpfs_symlink,
	.link = tmpfs_link,
	.unlink = tmpfs_unlink,
	.rename = tmpfs_rename,
	.read_dir = tmpfs_read_dir,
};

static int tmpfs_read_link(struct inode *inode, char *target, size_t nbytes)
{
	string_copy(target, inode->private, nbytes);
	return 0;
}

static const struct inode_ops link_ops = {.read_link = tmpfs_read_link};

/* --- the filesystem --- */

static uint64_t left(atomic_long *count)
{
	long n = *count; /* below 0 while somebody finds that there is none */

	return n > 0 ? n : 0;
}

static int tmpfs_statfs(struct super *super, struct statfs *out)
{
	struct tmpfs *fs = super->private;

	if (fs->npages) {
		out->f_blocks = fs->npages;
		out->f_bfree = out->f_bavail = left(&fs->pages_left);
	}
	if (fs->ninodes) {
		out->f_files = fs->ninodes;
		out->f_ffree = left(&fs->inodes_left);
	}
	return 0;
}

static void tmpfs_unmount(struct super *super)
{
	kfree(super->private);
	pseudo_unmount(super);
}

static const struct super_ops tmpfs_super_ops = {
	.magic = TMPFS_MAGIC,
	.read_inode = tmpfs_read_inode,
	.forget_inode = tmpfs_forget_inode,
	.statfs = tmpfs_statfs,
	.unmount = tmpfs_unmount,
};

/* 0 stands for no limit. */
static void set_limits(struct tmpfs *fs, long npages, long ninodes)
{
	fs->npages = npages;
	fs->ninodes = ninodes;
	fs->pages_left = npages ? npages : INT64_MAX;
	fs->inodes_left = (ninodes ? ninodes : INT64_MAX) - 1; /* the root */
}

int tmpfs_mount(struct block_device *none, bool read_only, struct super **out)
{
	static atomic_uint nmounts;
	struct tmpfs *fs = kmalloc_zeroed(sizeof(*fs));
	uint32_t dev;
	int err;

	if (!fs)
		return -ENOMEM;
	set_limits(fs, page_ntotal / 2, page_ntotal / 2);
	fs->last_ino = INO_ROOT;
	dev = device_number(0, PSEUDO_DEV_TMPFS + nmounts++);
	err = pseudo_mount(&tmpfs_super_ops, "tmpfs", dev, false, INO_ROOT,
			   out);
	if (err) {
		kfree(fs);
		return err;
	}
	(*out)->private = fs;
	(*out)->read_only = read_only;
	return 0;
}

int tmpfs_configure(struct super *super, const char *options)
{
	struct tmpfs *fs = super->private;
	struct inode *root = super->root;
	struct tmpfs_options o = {fs->npages, fs->ninodes, root->mode, 0, 0};
	int err = tmpfs_parse(options, &o);

	if (err)
		return err;
	set_limits(fs, o.npages, o.ninodes);
	root->mode = S_IFDIR | (o.mode & 07777);
	root->uid = o.uid;
	root->gid = o.gid;
	return 0;
}
