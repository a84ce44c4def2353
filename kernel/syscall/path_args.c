// SPDX-License-Identifier: MIT
/*
 * path_args.c - from the arguments of calls about files to the things.
 *
 * Nearly all paths are short, so they are copied to the stack first; only
 * where there is no end in sight is a buffer of PATH_MAX bytes allocated.
 *
 * Tests: usertests.
 */
#include "kernel/syscall/path_args.h"

#include "arch/riscv/usercopy.h"
#include "mm/slab.h"

static int fetch(struct path_arg *p, vaddr_t va)
{
	ssize_t n = copy_string_from_user(p->small, va, PATH_SHORT);

	p->name = p->small;
	if (n == -ENAMETOOLONG) {
		p->large = kmalloc(PATH_MAX);
		if (!p->large)
			return -ENOMEM;
		p->name = p->large;
		n = copy_string_from_user(p->large, va, PATH_MAX);
	}
	return n < 0 ? n : 0;
}

int path_arg_get(struct path_arg *p, int dirfd, vaddr_t va)
{
	int err;

	p->base = NULL;
	p->dir = NULL;
	p->large = NULL;
	err = fetch(p, va);
	if (!err && p->name[0] != '/' && dirfd != AT_FDCWD) {
		err = fdtable_get(caller_files(), dirfd, &p->dir);
		if (!err)
			p->base = p->dir->dentry;
		if (!err && !p->base)
			err = -ENOTDIR;
	}
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

int path_args_get(struct path_arg *old, struct path_arg *new,
		  const uint64_t *arg)
{
	int err = path_arg_get(old, arg[0], arg[1]);

	if (err)
		return err;
	err = path_arg_get(new, arg[2], arg[3]);
	if (err)
		path_arg_put(old);
	return err;
}

void path_args_put(struct path_arg *old, struct path_arg *new)
{
	path_arg_put(new);
	path_arg_put(old);
}

int path_arg_lookup(int dirfd, vaddr_t va, unsigned flags, struct dentry **out)
{
	struct path_arg p;
	int err = path_arg_get(&p, dirfd, va);

	if (err)
		return err;
	err = path_lookup(caller_fs(), p.base, p.name, flags, out);
	path_arg_put(&p);
	return err;
}

long caller_install_two(struct file *f[2], bool close_on_exec, vaddr_t va)
{
	int fds[2];
	long err = 0;

	for (int i = 0; i < 2; i++) {
		fds[i] = caller_install(f[i], close_on_exec);
		if (fds[i] < 0)
			err = fds[i];
	}
	if (!err)
		err = user_write(va, fds, sizeof(fds));
	for (int i = 0; i < 2 && err; i++)
		if (fds[i] >= 0)
			fdtable_close(caller_files(), fds[i]);
	return err;
}

long with_file(int fd, file_call *call, const uint64_t *arg)
{
	struct file *f;
	long result = fdtable_get(caller_files(), fd, &f);

	if (result)
		return result;
	result = f->flags & O_PATH ? -EBADF : call(f, arg);
	file_put(f);
	return result;
}

long with_inode_fd(int fd, bool may_be_path, inode_call *call, const void *what)
{
	struct file *f;
	long result = fdtable_get(caller_files(), fd, &f);

	if (result)
		return result;
	result = !may_be_path && f->flags & O_PATH ? -EBADF
						   : call(f->inode, what);
	file_put(f);
	return result;
}

/* Is there an empty string at @va? */
static bool is_empty(vaddr_t va)
{
	char first;

	return user_read(&first, va, 1) == 0 && first == '\0';
}

long with_inode(int dirfd, vaddr_t va, unsigned flags, unsigned allowed,
		inode_call *call, const void *what)
{
	unsigned lookup = flags & AT_SYMLINK_NOFOLLOW ? 0 : PATH_FOLLOW;
	struct dentry *d;
	long result;

	if (flags & ~(allowed | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (flags & AT_EMPTY_PATH) {
		if (dirfd != AT_FDCWD && is_empty(va))
			return with_inode_fd(dirfd, true, call, what);
		lookup |= PATH_EMPTY;
	}
	result = path_arg_lookup(dirfd, va, lookup, &d);
	if (result)
		return result;
	result = call(d->inode, what);
	dentry_put(d);
	return result;
}
