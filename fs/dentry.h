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

/* A name; several dentries share it after a rename. */
struct name {
	unsigned refs; /* (d) */
	unsigned nbytes;
	char text[]; /* NUL-ended */
};

/*
 * Locks: (d) the dentry cache's spinlock, (a) atomic, (c) constant,
 * (D) the directory's inode lock as well as (d): so either is enough to read.
 *
 * Invariants:
 *   D1  in the hash table  <=>  not a root, unlinked or volatile
 *   D2  on the lru list  <=>  refs == 0
 *   D3  a child that exists holds a reference to its parent
 *   D4  mount_root != NULL  =>  refs > 0
 */
struct dentry {
	atomic_uint refs;           /* (a) 0 to 1 only under (d) */
	struct dentry *parent;      /* (D) counted; itself at a root */
	struct inode *inode;        /* (D) counted, or NULL: no such file */
	struct super *super;        /* (c) */
	struct dentry *mount_root;  /* (d) root of what is mounted here */
	struct dentry *mount_point; /* (d) at a root: where it is mounted */
	bool unlinked;              /* (D) the name is gone */
	bool volatile_name;         /* (c) always look up again: procfs */
	struct list hash_link;      /* (d) */
	struct list child_link, children; /* (d) */
	struct list lru_link;             /* (d) while refs is 0 */
	uint32_t hash;                    /* (D) of parent and name */
	struct name *name;                /* (D) counted */
};

extern struct spinlock dentry_lock;

void dentry_init_cache(void);

struct dentry *dentry_hold(struct dentry *d);
/* Also to an unused one; dentry_lock held. */
struct dentry *dentry_hold_locked(struct dentry *d);
void dentry_put(struct dentry *d); /* may sleep */

/* A dentry that is its own parent, "/": a filesystem's root, or an inode
 * that has no name.  Takes over a reference to @inode; NULL: no memory. */
struct dentry *dentry_new_root(struct super *super, struct inode *inode);

/*
 * One component below @dir (not "." or "..", which walk.c does), from the
 * cache or the filesystem.  0 with a reference to a dentry that may be
 * negative; or a negative errno.  Takes dir's inode lock on a miss.
 */
int dentry_lookup(struct dentry *dir, const char *name, size_t nname,
		  struct dentry **out);

/* The same with dir's inode lock held: it stays true until that is dropped.
 * -ENOENT if @dir itself was removed. */
int dentry_lookup_locked(struct dentry *dir, const char *name, size_t nname,
			 struct dentry **out);

/* --- the directories' inode locks held: --- */

/* The negative @d now names @inode, whose reference is taken over. */
void dentry_instantiate(struct dentry *d, struct inode *inode);

/* The name is gone.  The inode whose reference the name held is returned, to
 * be put once the locks are released; NULL if others still use the name. */
struct inode *dentry_forget(struct dentry *d);

/* @d takes the place, and the name, of @target, which is unlinked. */
void dentry_move(struct dentry *d, struct dentry *target);

/* --- mounts --- */

/* Mount @root on @point: takes over references to both.  -EBUSY if the point
 * is taken, -ENOENT if it was removed. */
int dentry_mount(struct dentry *point, struct dentry *root);

/* Take @root, to which the caller and the mount hold the only references, off
 * its mount point, and give both references back: 0 or -EBUSY. */
int dentry_unmount(struct dentry *root);

/* A reference to what one finds at @d (whose reference is taken over): the
 * root of what is mounted there, if anything. */
struct dentry *dentry_cross(struct dentry *d);

/* A reference to ".." of @d, which doesn't lead out of @root. */
struct dentry *dentry_above(struct dentry *d, struct dentry *root);

/* Is @above on the way from @d to its filesystem's root, or @d itself? */
bool dentry_is_below(struct dentry *d, struct dentry *above);

/* The path from @root; "(unreachable)" and " (deleted)" as Linux says.
 * Returns its length or -ENAMETOOLONG. */
ssize_t dentry_path(struct dentry *d, struct dentry *root, char *out,
		    size_t nbytes);

/* Drop unused names (of @super, or NULL: any); how many went. */
size_t dentry_shrink(struct super *super, size_t max);

#endif
