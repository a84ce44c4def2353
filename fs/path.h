/* SPDX-License-Identifier: MIT */
#ifndef FS_PATH_H
#define FS_PATH_H

/*
 * path.h - walking path names, and the operations on names that the system
 * calls are made of.
 *
 * @base is where relative paths start: a descriptor's directory, or NULL for
 * the caller's own.  All may sleep; all return 0 or a negative errno.
 */

#include "fs/file.h"

/* Where a process stands; shared by clone with CLONE_FS. */
struct fs_context {
	atomic_uint refs;
	struct spinlock lock;
	struct dentry *root, *cwd; /* counted */
	uint32_t umask;
};

struct fs_context *fs_context_new(void); /* at the root of everything */
struct fs_context *fs_context_copy(struct fs_context *from);
struct fs_context *fs_context_hold(struct fs_context *fs);
void fs_context_put(struct fs_context *fs);

/* chdir, chroot: @place is one of the two; the reference to @d is taken
 * over. */
void fs_context_set(struct fs_context *fs, struct dentry **place,
		    struct dentry *d);
/* getcwd: the length with its NUL, -ENOENT if it was removed, -ERANGE. */
ssize_t fs_context_get_cwd(struct fs_context *fs, char *out, size_t nbytes);

enum {
	PATH_FOLLOW = 1,    /* follow a symbolic link in the last place */
	PATH_DIRECTORY = 2, /* it must be a directory */
	PATH_EMPTY = 4,     /* AT_EMPTY_PATH: "" is @base itself */
};

/* The dentry a path names, positive, referenced. */
int path_lookup(struct fs_context *fs, struct dentry *base, const char *path,
		unsigned flags, struct dentry **out);

/* open(2).  @mode already without umask'd bits applied: fs->umask is applied
 * here. */
int path_open(struct fs_context *fs, struct dentry *base, const char *path,
	      unsigned flags, uint32_t mode, struct file **out);

/* For execve: a regular file that somebody may execute (-EACCES), and that
 * nobody writes (-ETXTBSY) until it is closed again.  @flags: PATH_*. */
int path_open_executable(struct fs_context *fs, struct dentry *base,
			 const char *path, unsigned flags, struct file **out);

/* What @mode says: a folder, a file, a FIFO, a socket, a device (@rdev).
 * fs->umask is applied here.  *@made (or NULL): a reference to its inode. */
int path_make(struct fs_context *fs, struct dentry *base, const char *path,
	      uint32_t mode, uint32_t rdev, struct inode **made);
int path_symlink(struct fs_context *fs, const char *target, struct dentry *base,
		 const char *path);
int path_link(struct fs_context *fs, struct dentry *old_base,
	      const char *old_path, struct dentry *new_base,
	      const char *new_path, unsigned flags);
/* @directory: rmdir instead of unlink. */
int path_unlink(struct fs_context *fs, struct dentry *base, const char *path,
		bool directory);
/* RENAME_NOREPLACE in flags. */
int path_rename(struct fs_context *fs, struct dentry *old_base,
		const char *old_path, struct dentry *new_base,
		const char *new_path, unsigned flags);

#endif
