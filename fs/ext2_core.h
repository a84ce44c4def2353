/* SPDX-License-Identifier: MIT */
#ifndef FS_EXT2_CORE_H
#define FS_EXT2_CORE_H

/*
 * ext2_core.h - what the parts of ext2 share.
 *
 *   ext2_super.c   the super block and the group descriptors
 *   ext2_mount.c   mounting, sync, unmounting
 *   ext2_alloc.c   the bitmaps: blocks and inode numbers
 *   ext2_map.c     which disk block is block n of a file
 *   ext2_record.c  inodes: what lies in the tables
 *   ext2_inode.c   inodes: read, born, written, freed
 *   ext2_pages.c   contents of regular files, between page cache and disk
 *   ext2_size.c    the end of a regular file
 *   ext2_dir.c     the records of one directory
 *   ext2_names.c   create, link, unlink, rename, ...
 *   ext2_commit.c  with a journal: handles, and commits
 *   ext2_orphan.c  with a journal: inodes to be freed or cut after a crash
 *   ext2_journal.c finding the journal at mount, and letting go of it
 *
 * Locks, outermost first: the inode's (taken by the VFS, for directories,
 * size and attributes), commit_lock, a page's, a handle, the inode's map_lock,
 * the filesystem's lock, a buffer's begin/end.
 *
 * All metadata changes go through buffer_begin() and buffer_end(), of one
 * buffer at a time.  What an operation changes:
 *
 *   growing a map      per group: bitmap and descriptor; <= 4 map blocks
 *   trimming a map     in steps, each complete by itself: one run of blocks
 *                      in one group, and the map block that named it
 *   an inode's number  bitmap, descriptor; then its table block
 *   a directory entry  one directory block (two when records move)
 *
 * With a journal they happen between ext2_start() and ext2_stop(), and what is
 * changed between the two is on disk after a crash together or not at all.
 * The fields of an inode in memory belong to this: ext2_join() before they are
 * changed, and the commit stores those that must agree with other blocks.
 */

#include "fs/buffer.h"
#include "fs/ext2_format.h"
#include "fs/inode.h"
#include "fs/journal.h"
#include "kernel/lib/tree.h"

struct ext2_io;

/* A mounted filesystem.  Locks: (c) constant, (l) lock, (a) atomic, (J)
 * join_lock; index tid & 1 of two: the running transaction, and the one being
 * committed. */
struct ext2 {
	struct super super;
	struct block_device *device;      /* (c) */
	struct mutex lock;                /* bitmaps, descriptors, counts */
	struct buffer *super_buffer;      /* (c) counted */
	struct ext2_super_block *disk;    /* (l) in super_buffer */
	struct buffer **descriptors;      /* (c) counted, all of them */
	uint32_t ndescriptors;            /* (c) blocks of descriptors */
	uint32_t block_size, block_shift; /* (c) */
	uint32_t nblocks, first_data_block, ngroups;   /* (c) */
	uint32_t blocks_per_group;                     /* (c) */
	uint32_t ninodes, first_ino, inodes_per_group; /* (c) */
	uint32_t inode_size;                           /* (c) */
	uint32_t table_blocks; /* (c) inode table, of each group */
	uint32_t nfree_blocks; /* (l) */
	uint32_t nfree_inodes; /* (l) */
	uint32_t generation;   /* (l) of the next new inode */
	uint32_t spread;       /* (l) where the next directory goes */
	bool has_types;        /* (c) INCOMPAT_FILETYPE */
	bool writable;         /* (c) mounted for writing */
	bool was_clean;        /* (c) when mounted */
	bool mounting;         /* (c) once mounted false */
	atomic_uint corrupt;   /* (a) found so while mounted */
	atomic_uint nnodes;    /* (a) of its inodes in memory */
	struct ext2_io *io;    /* (c) ext2_pages.c */

	/* With a journal only. */
	struct journal *journal;   /* (c) while it is in use, or NULL */
	struct journal *found;     /* (c) the same, or not in use */
	struct mutex commit_lock;  /* one commit at a time */
	struct spinlock join_lock; /* RANK_MAPPING_LIST */
	struct list joined[2];     /* (J) inodes, by joined_link */
	struct list written;       /* (J) those whose pages are on disk */
	struct list held;          /* (J) inodes to be put, by held_link */
	struct waitq left;         /* (J) an inode has left `joined` */
	uint8_t **pins[2];         /* (l) by group: blocks freed, or NULL */
	atomic_uint npinned[2];    /* (l) how many */
	uint8_t *scratch;          /* (l) a block */
	atomic_uint wants_room;    /* (a) a commit may bring what was freed */
	struct list orphans;       /* (l) inodes, by orphan_link, as on disk */
};

/* An inode's own part.  Locks: (m) map_lock, (i) inode lock, (c) constant, (J)
 * fs->join_lock, (l) fs->lock. */
struct ext2_node {
	struct inode *inode; /* (c) */
	struct mutex map_lock;
	uint32_t block[EXT2_NSLOTS]; /* (m) the map, or a short link's text */
	uint32_t goal_for, goal;     /* (m) file block goal_for: try disk
					block goal, just behind the last */
	uint64_t reserved_end;       /* (i) block behind those that the last
				      extending write was given; 0: none */
	uint32_t flags;              /* (i) as on disk */
	uint32_t attributes;         /* (c) block, or 0 */
	uint32_t deleted;            /* (l) the next orphan; time, once freed */
	uint32_t room_from;          /* (i) directories: no room for a short
					name in blocks before this one */
	struct tree index;           /* (i) directories: ext2_index.c */
	uint64_t shrinks_to;         /* (i) while it does; else UINT64_MAX */
	atomic_uint tid;             /* (J) the last transaction it joined */
	struct list joined_link[2];  /* (J) */
	bool ordered[2];      /* (J) its pages are written before that commit */
	struct buffer *table; /* (J) of the running one: where it is stored */
	struct list held_link;       /* (J) then with a reference */
	struct list orphan_link;     /* (l) */
	struct buffer *orphan_table; /* (l) pinned, while an orphan */
};

static inline struct ext2 *ext2_of(const struct inode *inode)
{
	return inode->super->private;
}

static inline struct ext2_node *ext2_node(const struct inode *inode)
{
	return inode->private;
}

static inline bool ext2_is_device(const struct inode *inode)
{
	return inode_is(inode, S_IFCHR) || inode_is(inode, S_IFBLK);
}

/* Directories and links keep their blocks in the buffer cache. */
static inline bool ext2_in_buffers(const struct inode *inode)
{
	return !inode_is(inode, S_IFREG);
}

/* --- ext2_super.c --- */

/* The disk says something impossible: one line on the log, read-only from
 * now on.  Returns -EIO. */
int ext2_corrupt(struct ext2 *fs, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Blocks or an inode are lost to everybody, because of an I/O error: e2fsck is
 * to look for them.  In a handle, without fs->lock. */
void ext2_note_error(struct ext2 *fs);

/* 0, or -EROFS: every operation that changes something asks first. */
int ext2_may_write(struct ext2 *fs);

/* Say why there is no mount.  Returns -EINVAL. */
int ext2_refuse(struct ext2 *fs, const char *why);

/* Read and check: 0, -EINVAL, -EIO, -ENOMEM. */
int ext2_read_super(struct ext2 *fs);
int ext2_read_descriptors(struct ext2 *fs);

int ext2_statfs(struct super *super, struct statfs *out);

/* A block that a file may own: on the device, behind the descriptors. */
bool ext2_block_valid(const struct ext2 *fs, uint32_t block);

/* Read block @block of @fs.  -EIO, -ENOMEM. */
int ext2_read(struct ext2 *fs, uint32_t block, struct buffer **out);

/* A file has come to need EXT2_RO_LARGE_FILE. */
void ext2_set_large_file(struct ext2 *fs);

/* Bring the super block's buffer up to date. */
void ext2_store_super(struct ext2 *fs);

/* --- ext2_commit.c; without a journal all of it does nothing --- */

/* Open a handle; commits first, if the transaction is full.  No page locked. */
void ext2_start(struct ext2 *fs);
/* With a page locked: false if a commit must come first. */
bool ext2_start_try(struct ext2 *fs);
/* In writeback: whether the transaction is full or not. */
void ext2_start_anyway(struct ext2 *fs);
void ext2_stop(struct ext2 *fs);

/* In a handle: @inode is about to be changed.  -EIO, -ENOMEM. */
int ext2_join(struct inode *inode);
/* It has joined, and got blocks, or lost some: its pages are to be on disk
 * before the transaction counts. */
void ext2_order(struct inode *inode);
/* In no transaction any more: it is stored. */
void ext2_leave(struct inode *inode);
/* The pages from @first on are about to be dropped: write those that the
 * transaction being committed promises.  The inode has joined a newer one. */
void ext2_write_promised(struct inode *inode, pgoff_t first);

/* Commit the running transaction, if it is @tid (or whatever it is).  0 once
 * it is durable. */
int ext2_commit_tid(struct ext2 *fs, uint32_t tid);
int ext2_commit(struct ext2 *fs);
/* What the inode is, and how to find its data. */
int ext2_make_durable(struct inode *inode);
/* After -ENOSPC: has a commit made free what was freed?  Then try again. */
bool ext2_make_room(struct ext2 *fs);

/* --- ext2_journal.c --- */

/* If the filesystem has a journal: find it, and replay it.  0; 1 if the disk
 * has changed: start anew. */
int ext2_find_journal(struct ext2 *fs);
/* Begin to use it. */
int ext2_open_journal(struct ext2 *fs);
/* Bring everything home, and use it no longer. */
int ext2_end_journal(struct ext2 *fs);
void ext2_free_journal(struct ext2 *fs);

/* --- ext2_orphan.c; in a handle, the inode has joined --- */

/* After a crash: free it if it has no name, else cut off what is past its
 * size. */
void ext2_orphan_add(struct inode *inode);
/* No longer. */
int ext2_orphan_remove(struct inode *inode);
/* It leaves memory, but not the list on the disk: it could not be freed. */
void ext2_orphan_forget(struct inode *inode);
/* At mount: do it, to all that are found. */
int ext2_orphans_clean(struct ext2 *fs);

/* --- ext2_alloc.c --- */

/* Group @g's descriptor, to look at, under fs->lock; pinned. */
struct ext2_group *ext2_group(struct ext2 *fs, uint32_t g);
uint32_t ext2_group_start(const struct ext2 *fs, uint32_t g);
bool ext2_group_has_super(const struct ext2 *fs, uint32_t g);

/*
 * Take 1 to @wanted neighbouring free blocks, as near behind @goal as can be:
 * [*start, *start + *n).  Their contents are whatever was there.  Takes
 * fs->lock.  -ENOSPC, -EIO, -ENOMEM.
 */
int ext2_alloc_blocks(struct ext2 *fs, uint32_t goal, uint32_t wanted,
		      uint32_t *start, uint32_t *n);
/* Give back @n blocks; @in_buffers: the buffer cache may have them.  -EIO if
 * some were not in use, or can't be a file's. */
int ext2_free_blocks(struct ext2 *fs, uint32_t start, uint32_t n,
		     bool in_buffers);

/* A free inode number for something of type @mode in @dir. */
int ext2_alloc_ino(struct inode *dir, uint32_t mode, uint32_t *ino);
int ext2_free_ino(struct ext2 *fs, uint32_t ino, bool directory);
/* The blocks that transactions of this parity have freed can be used again. */
void ext2_unpin(struct ext2 *fs, unsigned side);

/* --- ext2_map.c --- */

/* The largest file a map can describe, in bytes. */
uint64_t ext2_max_size(const struct ext2 *fs);

/*
 * Where file blocks [@first, @first + @max) lie: the first *n of them at disk
 * blocks *disk, ..., or *disk is 0: a hole.  Takes map_lock.
 */
int ext2_map_find(struct inode *inode, uint64_t first, uint32_t max,
		  uint32_t *disk, uint32_t *n);

/* The same, filling a hole with new blocks, whose contents are undefined
 * (*fresh is set).  -ENOSPC, -EFBIG too. */
int ext2_map_make(struct inode *inode, uint64_t first, uint32_t max,
		  uint32_t *disk, uint32_t *n, bool *fresh);

/* Free file blocks [@first, infinity) (inode_dirty() is the caller's; -EAGAIN:
 * there is more, for another handle), or just [@first, @first + @n), all in
 * one map block, after a failure. */
int ext2_map_trim(struct inode *inode, uint64_t first);
int ext2_map_trim_all(struct inode *inode, uint64_t first); /* no handle open */
int ext2_map_undo(struct inode *inode, uint64_t first, uint32_t n);

/* --- ext2_record.c --- */

bool ext2_is_short_link(const struct inode *inode);
bool ext2_has_map(const struct inode *inode);

/* From the record into memory; is it possible what it says? */
void ext2_load(struct inode *inode, const struct ext2_raw_inode *raw);
int ext2_check_inode(struct inode *inode);
void ext2_set_ops(struct inode *inode);

/* Into the record: all; and what only a new one needs, first. */
void ext2_store(const struct inode *inode, struct ext2_raw_inode *raw);
void ext2_store_birth(struct inode *inode, struct ext2_raw_inode *raw);

/* Where @inode lies in its table: *raw points into *out. */
int ext2_raw_read(struct inode *inode, struct buffer **out,
		  struct ext2_raw_inode **raw);

/* What other blocks of its transaction rely on, into the buffer @b. */
void ext2_store_joined(const struct inode *inode, struct buffer *b);

/* --- ext2_inode.c --- */

extern const struct inode_ops ext2_link_ops;

int ext2_read_inode(struct inode *inode);
void ext2_free_inode(struct inode *inode);
void ext2_forget_inode(struct inode *inode);
int ext2_write_inode(struct inode *inode, bool sync);

/*
 * A new inode of type and rights @mode in @dir, on disk with nlink 1 and in
 * memory; no name yet.  To undo it: ext2_abandon(), and when the handle is
 * closed inode_put().  *out may be set on failure: then that is left to do.
 */
int ext2_new_inode(struct inode *dir, uint32_t mode, uint32_t rdev,
		   struct inode **out);
/* It has no name any more: it dies with its last reference. */
void ext2_abandon(struct inode *inode);

/* Block @n of a directory or link, as a buffer; a hole is corruption. */
int ext2_inode_block(struct inode *inode, uint32_t n, struct buffer **out);
/* A zeroed block @n for it. */
int ext2_inode_grow(struct inode *inode, uint32_t n, struct buffer **out);

/* --- ext2_pages.c --- */

extern const struct mapping_ops ext2_mapping_ops;

struct ext2_io *ext2_io_new(void);
void ext2_io_free(struct ext2_io *io);

/* --- ext2_size.c --- */

extern const struct inode_ops ext2_file_ops;

/* For ext2_mapping_ops. */
int ext2_reserve(struct mapping *mapping, struct page *pg, uint64_t size);
void ext2_reserved(struct mapping *mapping, uint64_t size);
void ext2_wait(struct mapping *mapping);

/* Free what lies past the size: what an extending write was given and did not
 * use, or what could not be freed before.  inode_dirty() is the caller's.  No
 * handle is open. */
int ext2_trim_surplus(struct inode *inode);

/* --- ext2_dir.c; dir locked --- */

extern const struct inode_ops ext2_dir_ops;

/* The number behind @name.  -ENOENT, -EIO. */
int ext2_dir_find(struct inode *dir, const char *name, size_t nname,
		  uint32_t *ino);
/* Add a name that is not there. */
int ext2_dir_add(struct inode *dir, const char *name, size_t nname,
		 const struct inode *inode);
int ext2_dir_remove(struct inode *dir, const char *name, size_t nname);
/* Let an existing name (also "..") mean @inode. */
int ext2_dir_replace(struct inode *dir, const char *name, size_t nname,
		     const struct inode *inode);
/* The first block, with "." and "..". */
int ext2_dir_start(struct inode *dir, const struct inode *parent);
/* 0, or -ENOTEMPTY. */
int ext2_dir_check_empty(struct inode *dir);
int ext2_dir_read(struct inode *dir, uint64_t position,
		  struct dir_visit *visit);

/* --- ext2_index.c; dir locked --- */

static inline bool ext2_index_exists(const struct inode *dir)
{
	return ext2_node(dir)->index.root;
}

/* A name is in that block.  False: no memory, and the index is gone. */
bool ext2_index_add(struct inode *dir, const char *name, size_t nname,
		    uint32_t block);
void ext2_index_remove(struct inode *dir, const char *name, size_t nname,
		       uint32_t block);

/* The first block from *block on that may have the name; false: none has. */
bool ext2_index_find(struct inode *dir, const char *name, size_t nname,
		     uint32_t *block);
void ext2_index_drop(struct inode *dir);

#endif
