/* SPDX-License-Identifier: MIT */
#ifndef FS_PATH_H
#define FS_PATH_H

/*
 * path.h - walking path names, and the operations on names that the system
 * calls are made of.
 *
 * @base is where relative paths start: AT_FDCWD's directory or a
 * descriptor's.  All may sleep; all return 0 or a negative errno.
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
void fs_context_put(struct fs_context *fs);

enum {
	PATH_FOLLOW = 1,    /* follow a symbolic link in the last place */
	PATH_DIRECTORY = 2, /* it must be a directory */
	PATH_PARENT = 4,    /* path_lookup_parent() */
	PATH_EMPTY = 8,     /* AT_EMPTY_PATH */
};

/* The dentry a path names, positive, referenced. */
int path_lookup(struct fs_context *fs, struct dentry *base, const char *path,
		unsigned flags, struct dentry **out);

/* open(2).  @mode already without umask'd bits applied: fs->umask is applied
 * here. */
int path_open(struct fs_context *fs, struct dentry *base, const char *path,
	      unsigned flags, uint32_t mode, struct file **out);

int path_mkdir(struct fs_context *fs, struct dentry *base, const char *path,
	       uint32_t mode);
int path_mknod(struct fs_context *fs, struct dentry *base, const char *path,
	       uint32_t mode, uint32_t rdev);
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

/* Mounts.  @source: a device path or name, for those that need one. */
int mount_root(const char *device, bool read_only);
int mount_at(struct fs_context *fs, const char *source, const char *path,
	     const char *type, unsigned long flags);
int mount_remove(struct fs_context *fs, const char *path);
/* Sync everything and leave every filesystem clean: power-off. */
void mount_shutdown(void);
/* sync(2). */
int mount_sync_all(void);

#endif
