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
	struct file *dir; /* counted, or NULL: the working directory */
	char *large;      /* a buffer, if it didn't fit into */
	char small[PATH_SHORT];
};

/* Fetch the string at @va, to start at @dirfd (or AT_FDCWD).  -EFAULT, -EBADF,
 * -ENAMETOOLONG, -ENOTDIR, -ENOMEM. */
int path_arg_get(struct path_arg *p, int dirfd, vaddr_t va);
void path_arg_put(struct path_arg *p);

static inline struct dentry *path_arg_base(const struct path_arg *p)
{
	return p->dir ? p->dir->dentry : NULL;
}

/* path_lookup() of it; done with it then. */
int path_arg_lookup(int dirfd, vaddr_t va, unsigned flags, struct dentry **out);

/* The inode behind (@dirfd, path), a reference; with AT_EMPTY_PATH that of any
 * open file, even one without a name.  @flags: AT_*. */
int path_arg_inode(int dirfd, vaddr_t va, int flags, struct inode **out);

static inline struct fdtable *caller_files(void)
{
	return task_current()->process->files;
}

static inline struct fs_context *caller_fs(void)
{
	return task_current()->process->fs;
}

static inline uint64_t caller_limit(unsigned which)
{
	return task_current()->process->limits[which].rlim_cur;
}

/* A reference to what the caller's @fd names, but not to a mere path. */
static inline int caller_file(int fd, struct file **out)
{
	int err = fdtable_get(caller_files(), fd, out);

	if (!err && ((*out)->flags & O_PATH)) {
		file_put(*out);
		return -EBADF;
	}
	return err;
}

#endif
