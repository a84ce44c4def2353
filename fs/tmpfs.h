/* SPDX-License-Identifier: MIT */
#ifndef FS_TMPFS_H
#define FS_TMPFS_H

/*
 * tmpfs.h - a filesystem in memory.
 */

#include "fs/inode.h"

/* An empty one, with Linux's limits: as many pages as half of memory, and as
 * many inodes. */
int tmpfs_mount(struct block_device *none, bool read_only, struct super **out);

/* Give it mount(2)'s options, before it is used.  -EINVAL. */
int tmpfs_configure(struct super *super, const char *options);

/* size= or nr_blocks=, nr_inodes= (0: no limit), mode=, uid=, gid=. */
struct tmpfs_options {
	uint64_t npages, ninodes, mode, uid, gid;
};

/* Change in @o what @options name (tmpfs_options.c).  -EINVAL. */
int tmpfs_parse(const char *options, struct tmpfs_options *o);

#endif
