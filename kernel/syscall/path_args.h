/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_SYSCALL_PATH_ARGS_H
#define KERNEL_SYSCALL_PATH_ARGS_H

/*
 * path_args.h - the arguments that calls about files have in common: a path
 * and where it starts, and descriptors.
 */

#include "fs/fdtable.h"
#include "fs/path.h"
#include "kernel/lib/errno.h"
#include "kernel/task/task.h"

enum { PATH_SHORT = 120 };

/* A path from user memory, and the descriptor it is relative to. */
struct path_arg {
	const char *name;
	struct dentry *base; /* of dir; NULL: the working directory */
	struct file *dir;    /* counted, or NULL */
	char *large;         /* a buffer, if it didn't fit into */
	char small[PATH_SHORT];
};

/* Fetch the string at @va, to start at @dirfd (or AT_FDCWD).  -EFAULT, -EBADF,
 * -ENAMETOOLONG, -ENOTDIR, -ENOMEM. */
int path_arg_get(struct path_arg *p, int dirfd, vaddr_t va);
void path_arg_put(struct path_arg *p);

/* Two at once, of link and rename. */
int path_args_get(struct path_arg *old, struct path_arg *new,
		  const uint64_t *arg);
void path_args_put(struct path_arg *old, struct path_arg *new);

/* path_lookup() of it; done with it then.  @flags: PATH_*. */
int path_arg_lookup(int dirfd, vaddr_t va, unsigned flags, struct dentry **out);

/* Call @call(file, arg) on what descriptor @fd is, but not on a mere path. */
typedef long file_call(struct file *f, const uint64_t *arg);
long with_file(int fd, file_call *call, const uint64_t *arg);

/* Call @call(inode, what) on what (@dirfd, path) names; with AT_EMPTY_PATH on
 * any open file, even one without a name.  @flags: AT_*, those in @allowed or
 * AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH; else -EINVAL. */
typedef long inode_call(struct inode *inode, const void *what);
long with_inode(int dirfd, vaddr_t va, unsigned flags, unsigned allowed,
		inode_call *call, const void *what);
/* The same on what descriptor @fd is; -EBADF if it is a mere path, unless
 * @may_be_path. */
long with_inode_fd(int fd, bool may_be_path, inode_call *call,
		   const void *what);

static inline struct fdtable *caller_files(void)
{
	return task_current()->process->files;
}

static inline struct fs_context *caller_fs(void)
{
	return task_current()->process->fs;
}

static inline uint64_t caller_nofile(void)
{
	return task_current()->process->limits[RLIMIT_NOFILE].rlim_cur;
}

/* The caller's lowest free number for @f, whose reference is taken over. */
static inline long caller_install(struct file *f, bool close_on_exec)
{
	return fdtable_install(caller_files(), f, 0, caller_nofile(),
			       close_on_exec);
}

/* Numbers for both files, written to @va; or for none. */
long caller_install_two(struct file *f[2], bool close_on_exec, vaddr_t va);

#endif
