// SPDX-License-Identifier: MIT
/*
 * path_args.c - fetching paths from user memory.
 *
 * Nearly all paths are short, so they are copied to the stack first; only
 * where there is no end in sight is a buffer of PATH_MAX bytes allocated.
 *
 * Book: chapter 6.  Tests: usertests.
 */
#include "kernel/syscall/path_args.h"

#include "arch/riscv/usercopy.h"
#include "mm/slab.h"

static int fetch(struct path_arg *p, vaddr_t va)
{
	ssize_t n = copy_string_from_user(p->small, va, PATH_SHORT);

	p->name = p->small;
	if (n != -ENAMETOOLONG)
		return n < 0 ? n : 0;
	p->large = kmalloc(PATH_MAX);
	if (!p->large)
		return -ENOMEM;
	p->name = p->large;
	n = copy_string_from_user(p->large, va, PATH_MAX);
	return n < 0 ? n : 0;
}

int path_arg_get(struct path_arg *p, int dirfd, vaddr_t va)
{
	int err;

	p->dir = NULL;
	p->large = NULL;
	err = fetch(p, va);
	if (!err && p->name[0] != '/' && dirfd != AT_FDCWD)
		err = fdtable_get(caller_files(), dirfd, &p->dir);
	if (!err && p->dir && !p->dir->dentry)
		err = -ENOTDIR;
	if (err)
		path_arg_put(p);
	return err;
}

void path_arg_put(struct path_arg *p)
{
	if (p->dir)
		file_put(p->dir);
	kfree(p->large);
}

int path_arg_lookup(int dirfd, vaddr_t va, unsigned flags, struct dentry **out)
{
	struct path_arg p;
	int err = path_arg_get(&p, dirfd, va);

	if (err)
		return err;
	err = path_lookup(caller_fs(), path_arg_base(&p), p.name, flags, out);
	path_arg_put(&p);
	return err;
}

/* Is there an empty string at @va?  1, 0 or -EFAULT. */
static int is_empty(vaddr_t va)
{
	char first;

	return copy_from_user(&first, va, 1) ? -EFAULT : first == '\0';
}

int path_arg_inode(int dirfd, vaddr_t va, int flags, struct inode **out)
{
	unsigned lookup = flags & AT_SYMLINK_NOFOLLOW ? 0 : PATH_FOLLOW;
	struct dentry *d;
	struct file *f;
	int err = 0;

	if ((flags & AT_EMPTY_PATH) && dirfd != AT_FDCWD)
		err = is_empty(va);
	if (err == 1) {
		err = fdtable_get(caller_files(), dirfd, &f);
		if (err)
			return err;
		*out = inode_hold(f->inode);
		file_put(f);
		return 0;
	}
	if (flags & AT_EMPTY_PATH)
		lookup |= PATH_EMPTY;
	if (!err)
		err = path_arg_lookup(dirfd, va, lookup, &d);
	if (err)
		return err;
	*out = inode_hold(d->inode);
	dentry_put(d);
	return 0;
}
