/* SPDX-License-Identifier: MIT */
#ifndef FS_EXT2_CORE_H
#define FS_EXT2_CORE_H

/*
 * ext2_core.h - what the parts of ext2 share.
 *
 *   ext2_super.c   mounting, the super block, statfs, sync
 *   ext2_alloc.c   the bitmaps: blocks and inode numbers
 *   ext2_map.c     which disk block is block n of a file
 *   ext2_inode.c   inodes
 *   ext2_pages.c   contents of regular files, between page cache and disk
 *   ext2_dir.c     the records of one directory
 *   ext2_names.c   create, link, unlink, rename, ...
 *
 * Locks, outermost first: the inode's (taken by the VFS, for directories,
 * size and attributes), its map_lock, the filesystem's lock, a buffer's
 * begin/end.
 *
 * All metadata changes go through buffer_begin() and buffer_end(), of one
 * buffer at a time.  What an operation changes:
 *
 *   growing a map      per group: bitmap and descriptor; <= 4 map blocks
 *   trimming a map     in steps, each complete by itself: one run of blocks
 *                      in one group, and the map block that named it
 *   an inode's number  bitmap, descriptor; then its table block
 *   a directory entry  one directory block (two when records move)
 */

#include "fs/buffer.h"
#include "fs/ext2_format.h"
#include "fs/inode.h"

struct ext2_io;

/* A mounted filesystem.  Locks: (c) constant, (l) lock, (a) atomic. */
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
	atomic_uint corrupt;   /* (a) found so while mounted */
	atomic_uint nnodes;    /* (a) of its inodes in memory */
	struct ext2_io *io;    /* (c) ext2_pages.c */
};

/* An inode's own part.  Locks: (m) map_lock, (i) inode lock, (c) constant. */
struct ext2_node {
	struct mutex map_lock;
	uint32_t block[EXT2_NSLOTS]; /* (m) the map, or a short link's text */
	uint32_t goal_for, goal;     /* (m) file block goal_for: try disk
					block goal, just behind the last */
	uint64_t reserved_end;       /* (i) block behind those that the last
				      extending write was given; 0: none */
	uint32_t flags;              /* (i) as on disk */
	uint32_t attributes;         /* (c) block, or 0 */
	uint32_t deleted;            /* (i) time, once freed */
	uint32_t room_from;          /* (i) directories: no room for a short
					name in blocks before this one */
};

static inline struct ext2 *ext2_of(const struct inode *inode)
{
	return inode->super->private;
}

static inline struct ext2_node *ext2_node(const struct inode *inode)
{
	return inode->private;
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

/* 0, or -EROFS: every operation that changes something asks first. */
int ext2_may_write(struct ext2 *fs);

/* A block that a file may own: on the device, behind the descriptors. */
bool ext2_block_valid(const struct ext2 *fs, uint32_t block);

/* Read block @block of @fs.  -EIO, -ENOMEM. */
int ext2_read(struct ext2 *fs, uint32_t block, struct buffer **out);

/* A file has come to need EXT2_RO_LARGE_FILE. */
void ext2_set_large_file(struct ext2 *fs);

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

/* Free file blocks [@first, infinity) (inode_dirty() is the caller's), or just
 * [@first, @first + @n), all in one map block, after a failure. */
int ext2_map_trim(struct inode *inode, uint64_t first);
int ext2_map_undo(struct inode *inode, uint64_t first, uint32_t n);

/* Block @n of a directory or link, as a buffer; a hole is corruption. */
int ext2_inode_block(struct inode *inode, uint32_t n, struct buffer **out);
/* A zeroed block @n for it. */
int ext2_inode_grow(struct inode *inode, uint32_t n, struct buffer **out);

/* --- ext2_inode.c --- */

extern const struct inode_ops ext2_link_ops;

int ext2_read_inode(struct inode *inode);
void ext2_free_inode(struct inode *inode);
void ext2_forget_inode(struct inode *inode);
int ext2_write_inode(struct inode *inode, bool sync);

/*
 * A new inode of type and rights @mode in @dir, on disk with nlink 1 and in
 * memory; no name yet.  To undo it: nlink = 0, inode_put().
 */
int ext2_new_inode(struct inode *dir, uint32_t mode, uint32_t rdev,
		   struct inode **out);

/* --- ext2_pages.c --- */

extern const struct inode_ops ext2_file_ops;
extern const struct mapping_ops ext2_mapping_ops;

/* Free what lies past the size: what an extending write was given and did not
 * use, or what could not be freed before.  inode_dirty() is the caller's. */
int ext2_trim_surplus(struct inode *inode);

struct ext2_io *ext2_io_new(void);
void ext2_io_free(struct ext2_io *io);

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

#endif
