/* SPDX-License-Identifier: MIT */
#ifndef FS_MOUNT_H
#define FS_MOUNT_H

/*
 * mount.h - which filesystems are mounted where, and what concerns all of
 * them.
 */

#include "fs/path.h"

/* Mount @device ("vda", "/dev/vda") on "/", and /dev, if there is one: -ENODEV,
 * or why the filesystem could not be mounted. */
int mount_root(const char *device, bool read_only);

/* mount(2), umount2(2).  @source: a block device's path, for those types that
 * need one.  @flags: MS_RDONLY.  @options: for those that have any. */
int mount_at(struct fs_context *fs, const char *source, const char *path,
	     const char *type, unsigned long flags, const char *options);
int mount_remove(struct fs_context *fs, const char *path, bool follow);

/* swap_on(), unless the disk is mounted: -EBUSY. */
struct swap_area;
int mount_swap_on(struct swap_area *area, int priority);

/* The root of everything, referenced. */
struct dentry *mount_root_dentry(void);

/* sync(2); syncfs(2) with one @super: the first error, but of files' contents
 * (super->errors). */
int mount_sync(struct super *super);

/* Sync everything and leave every filesystem clean: power-off.  No process is
 * left but the caller, and nobody uses a file afterwards. */
void mount_shutdown(void);

/* A kernel thread's body: now and then writes metadata back. */
void mount_flusher(void *unused);

#endif
