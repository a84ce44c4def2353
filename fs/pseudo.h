/* SPDX-License-Identifier: MIT */
#ifndef FS_PSEUDO_H
#define FS_PSEUDO_H

/*
 * pseudo.h - filesystems without a disk: what procfs, devtmpfs, pipes and
 * shared anonymous memory have in common.
 */

#include "fs/inode.h"

/* Device numbers (st_dev) of those that have no device: major 0. */
enum {
	PSEUDO_DEV_PIPE = 10,
	PSEUDO_DEV_SHARED,
	PSEUDO_DEV_DEV,
	PSEUDO_DEV_PROC
};

/* For filesystems whose inodes are only structs in memory. */
extern const struct super_ops pseudo_super_ops;
extern const struct inode_ops pseudo_inode_ops; /* nothing goes */

/* A fresh inode, owned by root, with all times now, refs 1 and nlink 0: so it
 * goes with its last reference.  NULL: no memory. */
struct inode *pseudo_inode_new(struct super *super, uint32_t mode);

/* The same, filled into a struct that inode_get() made. */
void pseudo_inode_init(struct inode *inode, uint32_t mode, unsigned nlink);

/* statfs() of a filesystem of @magic (<linux/magic.h>) without blocks. */
void pseudo_statfs(struct statfs *out, uint32_t magic);

/* Mount one more of a kind: its root is inode @root_ino. */
int pseudo_mount(const struct super_ops *ops, const char *type, uint32_t dev,
		 uint64_t root_ino, struct super **out);

/* One name of a directory that is a table. */
struct pseudo_entry {
	const char *name;
	uint64_t ino;
	unsigned type; /* DT_* */
};

/* Show one entry; false: the visit ends. */
static inline bool pseudo_visit(struct dir_visit *visit, const char *name,
				uint64_t ino, unsigned type, uint64_t next)
{
	return visit->entry(visit, name, __builtin_strlen(name), ino, type,
			    next);
}

#endif
