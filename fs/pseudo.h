/* SPDX-License-Identifier: MIT */
#ifndef FS_PSEUDO_H
#define FS_PSEUDO_H

/*
 * pseudo.h - filesystems without a disk: what procfs, devtmpfs, tmpfs, pipes
 * and shared anonymous memory have in common.
 */

#include "fs/inode.h"

/* Device numbers (st_dev) of those that have no device: major 0. */
enum {
	PSEUDO_DEV_PIPE = 10,
	PSEUDO_DEV_SOCKET,
	PSEUDO_DEV_SHARED,
	PSEUDO_DEV_ANONYMOUS,
	PSEUDO_DEV_PTS,
	PSEUDO_DEV_PROC,
	PSEUDO_DEV_TMPFS /* and up: one for each that is mounted */
};

/* A fresh inode, owned by root, with all times now, refs 1 and nlink 0: so it
 * goes with its last reference.  NULL: no memory. */
struct inode *pseudo_inode_new(struct super *super, uint32_t mode);

/* A file that is but its @ops and its @private, such as an epoll: for reading
 * and writing, and @flags.  0 or -ENOMEM: then @private is still the caller's.
 */
int pseudo_file_new(const struct file_ops *ops, void *private, unsigned flags,
		    struct file **out);

/* A pseudo inode, filled into a struct that inode_get() made. */
void pseudo_inode_init(struct inode *inode, uint32_t mode, unsigned nlink);

/* Mount one more of a kind: its root is inode @root_ino. */
int pseudo_mount(const struct super_ops *ops, const char *type, uint32_t dev,
		 bool transient, uint64_t root_ino, struct super **out);
void pseudo_unmount(struct super *super);

/*
 * A directory whose names are computed: positions 0 and 1 are "." and "..",
 * and next() finds the first entry at or after *position, and moves that on
 * behind it.  False: no more.
 */
struct pseudo_entry {
	char name[32];
	uint64_t ino;
	unsigned type; /* DT_* */
};

typedef bool pseudo_next(struct inode *dir, uint64_t *position,
			 struct pseudo_entry *entry);

/* inode_ops.read_dir by next(). */
int pseudo_read_dir(struct inode *dir, uint64_t parent, pseudo_next *next,
		    uint64_t position, struct dir_visit *visit);

#endif
