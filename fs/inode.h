/* SPDX-License-Identifier: MIT */
#ifndef FS_INODE_H
#define FS_INODE_H

/*
 * inode.h - files as filesystems know them, the cache of those in use, and
 * what a filesystem must provide.
 *
 * There is one struct inode per (super, ino) at a time.  It stays cached
 * after the last inode_put() until memory is wanted, unless it has no links
 * left: then its storage is freed.
 */

#include <asm/statfs.h>
#include <linux/stat.h>
#include <linux/time.h>

#include "mm/mapping.h"

struct dentry;
struct file_ops;
struct inode;
struct super;

struct timestamp {
	int64_t seconds;
	uint32_t nanoseconds;
};

/* Types of directory entries: S_IFMT >> 12. */
enum {
	DT_UNKNOWN = 0,
	DT_FIFO = 1,
	DT_CHR = 2,
	DT_DIR = 4,
	DT_BLK = 6,
	DT_REG = 8,
	DT_LNK = 10,
	DT_SOCK = 12,
};

/* Called for each entry of a directory; false stops the walk before it, true
 * has set position to @next. */
struct dir_visit {
	uint64_t position;
	bool (*entry)(struct dir_visit *visit, const char *name, size_t nname,
		      uint64_t ino, unsigned type /* DT_* */,
		      uint64_t next /* position after this entry */);
};

/*
 * What a filesystem does for its inodes.  The caller holds the locks named
 * here (of directories exclusively); names are components: no '/', not "."
 * or "..", 1 to NAME_MAX bytes, checked.  All may sleep; all return 0 or a
 * negative errno.  NULL: the operation is EPERM (or as noted).  After success
 * the VFS updates the dentry cache; times, nlink and size of the inodes are
 * the filesystem's to change.
 */
struct inode_ops {
	/* dir locked.  -ENOENT; else a new reference. */
	int (*lookup)(struct inode *dir, const char *name, size_t nname,
		      struct inode **out);
	/* dir locked; the name is known not to exist.  @mode has the type:
	 * regular, directory, FIFO, device (@rdev), socket. */
	int (*create)(struct inode *dir, const char *name, size_t nname,
		      uint32_t mode, uint32_t rdev, struct inode **out);
	int (*symlink)(struct inode *dir, const char *name, size_t nname,
		       const char *target, struct inode **out);
	/* dir and inode locked. */
	int (*link)(struct inode *dir, const char *name, size_t nname,
		    struct inode *inode);
	/* dir and inode locked.  For files and (empty, else -ENOTEMPTY)
	 * directories. */
	int (*unlink)(struct inode *dir, const char *name, size_t nname,
		      struct inode *inode);
	/* All inodes locked (RANK_RENAME held across directories); @target is
	 * what new_name names now, or NULL; already checked: types agree, no
	 * loop.  A directory target must be empty. */
	int (*rename)(struct inode *old_dir, const char *old_name, size_t nold,
		      struct inode *new_dir, const char *new_name, size_t nnew,
		      struct inode *inode, struct inode *target);
	/* Walk a directory from @position (0: the start; else a value of
	 * `next` seen before).  dir locked.  "." and ".." included. */
	int (*read_dir)(struct inode *dir, uint64_t position,
			struct dir_visit *visit);
	/* Copy a symbolic link's target, NUL-ended, at most @nbytes with it. */
	int (*read_link)(struct inode *inode, char *target, size_t nbytes);
	/* Set the size (inode locked): mapping_resize(), then blocks.
	 * -EFBIG beyond the format. */
	int (*resize)(struct inode *inode, uint64_t nbytes);
	/* fallocate(2) of bytes [start, end), inode locked.  NULL:
	 * -EOPNOTSUPP. */
	int (*allocate)(struct inode *inode, int mode /* FALLOC_FL_* */,
			uint64_t start, uint64_t end);
	/* Where pages [index, index + *npages) lie on the disk: *npages of
	 * them in a row.  -EINVAL: not even one.  For swapon(2); NULL: it has
	 * no blocks. */
	int (*place)(struct inode *inode, pgoff_t index, uint64_t *sector,
		     uint64_t *npages);
	/* Write the inode itself (its times, mode, size ...), not its pages,
	 * to the disk's cache, or, with @sync, to the disk with all metadata
	 * that is needed to find its data.  Inode locked. */
	int (*write_inode)(struct inode *inode, bool sync);
	/* Symbolic links that are not text but the thing itself
	 * (/proc/self/exe): a reference to where they lead. */
	int (*follow_link)(struct inode *inode, struct dentry **out);
};

/*
 * Life of a struct in the cache.  Whoever meets LOADING or GOING waits, and
 * looks again.
 *
 *   inode_get -> LOADING -> READY <-> READY, unused -> GOING -> freed
 *                   \______(error)_____________________^
 */
enum inode_state { INODE_LOADING, INODE_READY, INODE_GOING };

/*
 * Field locks: (i) lock, (c) constant, (a) atomic, (h) the cache's spinlock.
 */
struct inode {
	struct mutex lock;
	struct mapping mapping; /* contents; mapping.size is the file's size */
	uint64_t ino;           /* (c) */
	uint32_t mode;          /* (i) S_IFMT part constant */
	uint32_t nlink;         /* (i) */
	uint32_t uid, gid;      /* (i) */
	uint32_t rdev;          /* (c) devices, as new_encode_dev() */
	uint32_t generation;    /* (c) */
	enum inode_state state; /* (h) */
	uint64_t nsectors;      /* (i) 512-byte units in use: st_blocks */
	unsigned seals;         /* (i) F_SEAL_*: what can't be done any more */
	struct timestamp accessed, modified, changed; /* (i) */
	struct super *super;                          /* (c) */
	const struct inode_ops *ops;                  /* (c) */
	const struct file_ops *file_ops; /* (c) what open() gives; NULL: by
					    the type in mode */
	atomic_uint refs;                /* (a) 0 to 1 only under (h) */
	atomic_bool dirty;      /* (h) write_inode has something to do */
	atomic_bool stored;     /* (a) through mappings: times to be set */
	atomic_int nwriters;    /* (a) opened for writing; < 0: executed */
	unsigned nkeepers;      /* (h) of refs, those of writers-back */
	struct list cache_link; /* (h) hash chain */
	struct list lru_link;   /* (h) unused, least recent first */
	struct list dirty_link; /* (h) while dirty */
	struct list locks;      /* fs/locks.c's */
	struct pipe *pipe;      /* FIFOs: fs/pipe.c's */
	void *private;          /* the filesystem's own part */
};

struct super_ops {
	uint32_t magic; /* f_type, from <linux/magic.h> */
	/* Read inode @inode->ino into a fresh struct.  -EIO, or -ESTALE if
	 * there is no such inode. */
	int (*read_inode)(struct inode *inode);
	/* The last reference is gone and nlink is 0: free its blocks and its
	 * number.  mapping is still there. */
	void (*free_inode)(struct inode *inode);
	/* The struct leaves the cache: free ->private. */
	void (*forget_inode)(struct inode *inode);
	/* Everything in memory to the device, durable on return. */
	int (*sync)(struct super *super);
	/* Blocks and files, into *out, which says so far that there are none;
	 * NULL: so it is. */
	int (*statfs)(struct super *super, struct statfs *out);
	/* Sync, mark clean, let go of the device, and free @super. */
	void (*unmount)(struct super *super);
};

/* A mounted filesystem (or one that isn't seen: pipes).  Field locks: (c)
 * constant once mounted, (m) the mount table's. */
struct super {
	const struct super_ops *ops;
	const char *type;            /* (c) "ext2", "proc", ... */
	struct block_device *device; /* (c) or NULL */
	uint32_t dev;                /* (c) st_dev */
	unsigned mount_id;           /* (c) */
	unsigned nkeepers;           /* (h) all its inodes' */
	bool read_only;
	bool transient;             /* (c) nothing of it is cached */
	struct write_errors errors; /* of all its files' contents */
	uint64_t max_size;          /* (c) the largest file, in bytes */
	struct inode *root;         /* (c) counted by its dentry */
	struct dentry *root_dentry; /* (m) counted */
	struct list link;           /* (m) in the mount table */
	char source[32];            /* (m) what was mounted */
	void *private;              /* (c) the filesystem's own */
};

/* Start: caches. */
void inode_init_cache(void);

/* Inode @ino of @super, referenced, read by ops->read_inode if it is not
 * cached (there mapping is initialized, but for its ops).  May sleep. */
int inode_get(struct super *super, uint64_t ino, struct inode **out);

/* A fresh one for a number that the filesystem has just taken (locked by
 * nobody, refs 1, zeroed but for super, ino, mapping); NULL: no memory. */
struct inode *inode_new(struct super *super, uint64_t ino);

/* One more reference, to an inode that has one. */
struct inode *inode_hold(struct inode *inode);
/* May sleep: the last one frees an inode without links. */
void inode_put(struct inode *inode);
/* The same for a program's last reference: if the inode has no links it is
 * free on return, unless other programs have it.  No locks held. */
void inode_put_wait(struct inode *inode);

void inode_lock(struct inode *inode);
void inode_unlock(struct inode *inode);
/* With its directory's lock held. */
void inode_lock_child(struct inode *inode);

/* Times and size changed: write it sooner or later.  Any context. */
void inode_dirty(struct inode *inode);

/* mapping_ops.dirtied, .hold and .release of an inode's mapping.  After
 * stores the times follow at the next inode_settle(). */
void inode_mapping_dirtied(struct mapping *mapping);
bool inode_mapping_hold(struct mapping *mapping);
void inode_mapping_release(struct mapping *mapping);

/* Set the times that are asked for to now, and inode_dirty().  Locked. */
enum { INODE_ATIME = 1, INODE_MTIME = 2, INODE_CTIME = 4 };
void inode_touch(struct inode *inode, unsigned which);

/* Bring the times up to date with inode_stored().  Locked. */
void inode_settle(struct inode *inode);

/* Write it if it is dirty; with @sync (always) durably.  Takes the lock. */
int inode_write(struct inode *inode, bool sync);

/* Write back all inodes' own blocks (super NULL: of all filesystems). */
int inode_sync_all(struct super *super);

/* One more writer (@by 1), or program that runs it (-1); never both:
 * -ETXTBSY.  And one less. */
int inode_writers_add(struct inode *inode, int by);
void inode_writers_drop(struct inode *inode, int by);

/* Forget unused ones; how many went.  @super NULL: any; for unmount all. */
size_t inode_shrink(struct super *super, size_t max);
/* Forget all unused ones of @super, with what they could not write; waits for
 * who still tries to. */
void inode_abandon(struct super *super);

/* Wall-clock now. */
struct timestamp timestamp_now(void);

/* Counts for /proc and the leak tests. */
size_t inode_count_in_use(void);
size_t inode_count_cached(void);

static inline bool inode_is(const struct inode *inode, uint32_t type)
{
	return (inode->mode & S_IFMT) == type;
}

/* st_blocks. */
static inline uint64_t inode_nsectors(const struct inode *inode)
{
	return inode->mapping.memory_only
		       ? inode->mapping.npages << (PAGE_SHIFT - 9)
		       : inode->nsectors;
}

static inline uint64_t inode_size(const struct inode *inode)
{
	return inode->mapping.size;
}

#endif
