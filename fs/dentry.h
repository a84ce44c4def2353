/* SPDX-License-Identifier: MIT */
#ifndef FS_DENTRY_H
#define FS_DENTRY_H

/*
 * dentry.h - names, as a tree in memory: the cache of path components that
 * were looked up, found (inode) or not found (negative, inode NULL), and
 * which filesystem is mounted on which.
 */

#include <linux/limits.h>

#include "fs/inode.h"

/* Field locks: (d) the dentry cache's spinlock, (a) atomic, (c) constant. */
struct dentry {
	atomic_uint refs;           /* (a) 0 to 1 only under (d) */
	struct dentry *parent;      /* (d) counted; itself at a root */
	struct inode *inode;        /* (d) counted, or NULL: no such file */
	struct super *super;        /* (c) */
	struct super *mounted;      /* (d) what is mounted here, or NULL */
	struct dentry *mount_root;  /* (d) and its root dentry */
	struct dentry *mount_point; /* (d) at a root: where it is mounted */
	bool unlinked;              /* (d) the name is gone */
	bool volatile_name;         /* (c) always look up again: procfs */
	struct list hash_link;      /* (d) */
	struct list child_link, children; /* (d) */
	struct list lru_link;             /* (d) while refs is 0 */
	uint32_t hash;                    /* (d) of parent and name */
	uint16_t nname;                   /* (d) */
	char *name; /* (d) NUL-ended; short ones in place */
	char short_name[40];
};

void dentry_init_cache(void);

struct dentry *dentry_hold(struct dentry *d);
void dentry_put(struct dentry *d);

/* A root dentry for a filesystem that was just mounted; takes over a
 * reference to super->root. */
struct dentry *dentry_new_root(struct super *super);

/*
 * One component below @dir (not "." or "..", which path.c does), from the
 * cache or the filesystem.  0 with a reference to a dentry that may be
 * negative; or a negative errno.  Takes dir's inode lock on a miss.
 */
int dentry_lookup(struct dentry *dir, const char *name, size_t nname,
		  struct dentry **out);

/* The path from @root; "(unreachable)" and " (deleted)" as Linux says.
 * Returns its length or -ENAMETOOLONG. */
ssize_t dentry_path(struct dentry *d, struct dentry *root, char *out,
		    size_t nbytes);

/* Drop unused names; how many went. */
size_t dentry_shrink(struct super *super, size_t max);

#endif
