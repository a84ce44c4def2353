// SPDX-License-Identifier: MIT
/*
 * path.c - the calls that take a name: opening, making, removing, moving.
 *
 * Each fetches its strings, resolves its directory descriptors, and leaves
 * the rest to fs/path.h.
 *
 * Tests: usertests.
 */
#include "arch/riscv/usercopy.h"
#include "kernel/lib/string.h"
#include "kernel/syscall/calls.h"
#include "kernel/syscall/path_args.h"
#include "mm/slab.h"

static long open_install(const struct path_arg *p, unsigned flags,
			 uint32_t mode)
{
	struct file *f;
	long n;

	/* No file may be made, or emptied, and then have no number. */
	if ((flags & (O_CREAT | O_TRUNC)) &&
	    !fdtable_has_room(caller_files(), caller_nofile()))
		return -EMFILE;
	n = path_open(caller_fs(), p->base, p->name, flags, mode, &f);
	return n ? n : caller_install(f, flags & O_CLOEXEC);
}

SYSCALL(openat)
{
	struct path_arg p;
	long n = path_arg_get(&p, arg[0], arg[1]);

	if (n)
		return n;
	n = open_install(&p, (unsigned)arg[2] | O_LARGEFILE, arg[3]);
	path_arg_put(&p);
	return n;
}

static long make(const uint64_t *arg, uint32_t mode, uint32_t rdev)
{
	struct path_arg p;
	long err = path_arg_get(&p, arg[0], arg[1]);

	if (err)
		return err;
	err = path_make(caller_fs(), p.base, p.name, mode, rdev, NULL);
	path_arg_put(&p);
	return err;
}

SYSCALL(mkdirat)
{
	return make(arg, S_IFDIR | (arg[2] & 01777), 0);
}

SYSCALL(mknodat)
{
	uint32_t mode = arg[2] & (S_IFMT | 07777);

	switch (mode & S_IFMT) {
	case 0:
		mode |= S_IFREG;
		/* fall through */
	case S_IFREG:
	case S_IFIFO:
	case S_IFSOCK:
		return make(arg, mode, 0);
	case S_IFCHR:
	case S_IFBLK:
		return make(arg, mode, arg[3]);
	case S_IFDIR:
		return -EPERM;
	default:
		return -EINVAL;
	}
}

SYSCALL(symlinkat)
{
	const uint64_t as_two[] = {AT_FDCWD, arg[0], arg[1], arg[2]};
	struct path_arg target, p;
	long err = path_args_get(&target, &p, as_two);

	if (err)
		return err;
	err = path_symlink(caller_fs(), target.name, p.base, p.name);
	path_args_put(&target, &p);
	return err;
}

SYSCALL(linkat)
{
	struct path_arg old, new;
	unsigned lookup = (arg[4] & AT_SYMLINK_FOLLOW ? PATH_FOLLOW : 0) |
			  (arg[4] & AT_EMPTY_PATH ? PATH_EMPTY : 0);
	long err;

	if (arg[4] & ~(uint64_t)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	err = path_args_get(&old, &new, arg);
	if (err)
		return err;
	err = path_link(caller_fs(), old.base, old.name, new.base, new.name,
			lookup);
	path_args_put(&old, &new);
	return err;
}

SYSCALL(renameat2)
{
	struct path_arg old, new;
	long err = path_args_get(&old, &new, arg);

	if (err)
		return err;
	err = path_rename(caller_fs(), old.base, old.name, new.base, new.name,
			  arg[4]);
	path_args_put(&old, &new);
	return err;
}

SYSCALL(unlinkat)
{
	struct path_arg p;
	long err;

	if (arg[2] & ~(uint64_t)AT_REMOVEDIR)
		return -EINVAL;
	err = path_arg_get(&p, arg[0], arg[1]);
	if (err)
		return err;
	err = path_unlink(caller_fs(), p.base, p.name, arg[2]);
	path_arg_put(&p);
	return err;
}

static long read_link_to(struct inode *inode, vaddr_t va, size_t nbytes)
{
	char *target = kmalloc(PATH_MAX);
	long n;

	if (!target)
		return -ENOMEM;
	n = inode->ops->read_link(inode, target, PATH_MAX);
	if (!n) {
		n = min_u64(strlen(target), nbytes);
		if (user_write(va, target, n))
			n = -EFAULT;
	}
	kfree(target);
	return n;
}

/* With an empty path: the link that an O_PATH descriptor is. */
SYSCALL(readlinkat)
{
	bool by_name = (int)arg[0] == AT_FDCWD;
	struct dentry *d;
	long n;

	if ((int)arg[3] <= 0)
		return -EINVAL;
	n = path_arg_lookup(arg[0], arg[1], by_name ? 0 : PATH_EMPTY, &d);
	if (n)
		return n;
	n = inode_is(d->inode, S_IFLNK)
		    ? read_link_to(d->inode, arg[2], (int)arg[3])
		    : -EINVAL;
	dentry_put(d);
	return n;
}

/* --- where the caller stands --- */

/* @place, of the caller's, shall be the folder that the string at @va names. */
static long change_place(struct dentry **place, vaddr_t va)
{
	struct dentry *d;
	long err =
		path_arg_lookup(AT_FDCWD, va, PATH_FOLLOW | PATH_DIRECTORY, &d);

	if (!err)
		fs_context_set(caller_fs(), place, d);
	return err;
}

SYSCALL(chdir)
{
	return change_place(&caller_fs()->cwd, arg[0]);
}

SYSCALL(chroot)
{
	return change_place(&caller_fs()->root, arg[0]);
}

SYSCALL(fchdir)
{
	struct file *f;
	long err = fdtable_get(caller_files(), arg[0], &f);

	if (err)
		return err;
	if (!f->dentry || !inode_is(f->inode, S_IFDIR))
		err = -ENOTDIR;
	else
		fs_context_set(caller_fs(), &caller_fs()->cwd,
			       dentry_hold(f->dentry));
	file_put(f);
	return err;
}

SYSCALL(getcwd)
{
	char *path = kmalloc(PATH_MAX);
	long n;

	if (!path)
		return -ENOMEM;
	n = fs_context_get_cwd(caller_fs(), path, PATH_MAX);
	if (n > 0 && (uint64_t)n > arg[1])
		n = -ERANGE;
	if (n > 0 && user_write(arg[0], path, n))
		n = -EFAULT;
	kfree(path);
	return n;
}

SYSCALL(umask)
{
	struct fs_context *fs = caller_fs();
	long old = fs->umask;

	fs->umask = arg[0] & 0777;
	return old;
}
