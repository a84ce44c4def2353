// SPDX-License-Identifier: MIT
/*
 * path.c - the calls that take a name: opening, making, removing, moving.
 *
 * Each fetches its strings, resolves its directory descriptors, and leaves
 * the rest to fs/path.h.
 *
 * Book: chapter 6.  Tests: usertests.
 */
#include "arch/riscv/usercopy.h"
#include "fs/mount.h"
#include "kernel/lib/string.h"
#include "kernel/syscall/calls_fs.h"
#include "kernel/syscall/path_args.h"
#include "mm/slab.h"

static long open_install(const struct path_arg *p, unsigned flags,
			 uint32_t mode)
{
	uint64_t limit = caller_limit(RLIMIT_NOFILE);
	struct file *f;
	long n;

	/* No file may be made, or emptied, and then have no number. */
	if ((flags & (O_CREAT | O_TRUNC)) &&
	    !fdtable_has_room(caller_files(), limit))
		return -EMFILE;
	n = path_open(caller_fs(), path_arg_base(p), p->name, flags, mode, &f);
	if (n)
		return n;
	n = fdtable_install(caller_files(), f, 0, limit, flags & O_CLOEXEC);
	if (n < 0)
		file_put(f);
	return n;
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

SYSCALL(mkdirat)
{
	struct path_arg p;
	long err = path_arg_get(&p, arg[0], arg[1]);

	if (err)
		return err;
	err = path_mkdir(caller_fs(), path_arg_base(&p), p.name, arg[2]);
	path_arg_put(&p);
	return err;
}

SYSCALL(mknodat)
{
	struct path_arg p;
	long err = path_arg_get(&p, arg[0], arg[1]);

	if (err)
		return err;
	err = path_mknod(caller_fs(), path_arg_base(&p), p.name, arg[2],
			 arg[3]);
	path_arg_put(&p);
	return err;
}

SYSCALL(symlinkat)
{
	struct path_arg target, p;
	long err = path_arg_get(&target, AT_FDCWD, arg[0]);

	if (err)
		return err;
	err = path_arg_get(&p, arg[1], arg[2]);
	if (!err) {
		err = path_symlink(caller_fs(), target.name, path_arg_base(&p),
				   p.name);
		path_arg_put(&p);
	}
	path_arg_put(&target);
	return err;
}

SYSCALL(linkat)
{
	struct path_arg old, new;
	unsigned flags = arg[4], lookup = 0;
	long err;

	if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (flags & AT_SYMLINK_FOLLOW)
		lookup |= PATH_FOLLOW;
	if (flags & AT_EMPTY_PATH)
		lookup |= PATH_EMPTY;
	err = path_arg_get(&old, arg[0], arg[1]);
	if (err)
		return err;
	err = path_arg_get(&new, arg[2], arg[3]);
	if (!err) {
		err = path_link(caller_fs(), path_arg_base(&old), old.name,
				path_arg_base(&new), new.name, lookup);
		path_arg_put(&new);
	}
	path_arg_put(&old);
	return err;
}

SYSCALL(unlinkat)
{
	struct path_arg p;
	unsigned flags = arg[2];
	long err;

	if (flags & ~AT_REMOVEDIR)
		return -EINVAL;
	err = path_arg_get(&p, arg[0], arg[1]);
	if (err)
		return err;
	err = path_unlink(caller_fs(), path_arg_base(&p), p.name,
			  flags & AT_REMOVEDIR);
	path_arg_put(&p);
	return err;
}

static long rename_args(const uint64_t *arg, unsigned flags)
{
	struct path_arg old, new;
	long err = path_arg_get(&old, arg[0], arg[1]);

	if (err)
		return err;
	err = path_arg_get(&new, arg[2], arg[3]);
	if (!err) {
		err = path_rename(caller_fs(), path_arg_base(&old), old.name,
				  path_arg_base(&new), new.name, flags);
		path_arg_put(&new);
	}
	path_arg_put(&old);
	return err;
}

SYSCALL(renameat)
{
	return rename_args(arg, 0);
}

SYSCALL(renameat2)
{
	return rename_args(arg, arg[4]);
}

static long read_link_to(struct inode *inode, bool was_empty, vaddr_t va,
			 size_t nbytes)
{
	char *target;
	long n;

	if (!inode_is(inode, S_IFLNK))
		return was_empty ? -ENOENT : -EINVAL;
	target = kmalloc(PATH_MAX);
	if (!target)
		return -ENOMEM;
	n = inode->ops->read_link(inode, target, PATH_MAX);
	if (!n) {
		n = min_u64(strlen(target), nbytes);
		if (copy_to_user(va, target, n))
			n = -EFAULT;
	}
	kfree(target);
	return n;
}

/* With an empty path: the link that an O_PATH descriptor is. */
SYSCALL(readlinkat)
{
	struct path_arg p;
	struct dentry *d;
	int nbytes = arg[3];
	long n;

	if (nbytes <= 0)
		return -EINVAL;
	n = path_arg_get(&p, arg[0], arg[1]);
	if (n)
		return n;
	n = path_lookup(caller_fs(), path_arg_base(&p), p.name,
			p.dir ? PATH_EMPTY : 0, &d);
	if (!n) {
		n = read_link_to(d->inode, !*p.name, arg[2], nbytes);
		dentry_put(d);
	}
	path_arg_put(&p);
	return n;
}

/* --- where the caller stands --- */

SYSCALL(chdir)
{
	struct dentry *d;
	long err = path_arg_lookup(AT_FDCWD, arg[0],
				   PATH_FOLLOW | PATH_DIRECTORY, &d);

	if (!err)
		fs_context_set_cwd(caller_fs(), d);
	return err;
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
		fs_context_set_cwd(caller_fs(), dentry_hold(f->dentry));
	file_put(f);
	return err;
}

SYSCALL(chroot)
{
	struct dentry *d;
	long err = path_arg_lookup(AT_FDCWD, arg[0],
				   PATH_FOLLOW | PATH_DIRECTORY, &d);

	if (!err)
		fs_context_set_root(caller_fs(), d);
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
	if (n > 0 && copy_to_user(arg[0], path, n))
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
