/* SPDX-License-Identifier: MIT */
#ifndef FS_EXT2_FORMAT_H
#define FS_EXT2_FORMAT_H

/*
 * ext2_format.h - ext2 as it lies on the disk.
 *
 *   byte 1024     super block
 *   next block    group descriptors, 32 bytes each, one for each group
 *   group 0, 1, ...: [copies of the two] block bitmap, inode bitmap,
 *                 inode table, and then blocks of files
 *
 * All numbers are little-endian, as RISC-V is (and the host, where tests
 * run), and aligned: the structures are used in place.
 */

#include "kernel/lib/types.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	       "the disk's structures are used in place");

enum {
	EXT2_SUPER_OFFSET = 1024,
	EXT2_MAGIC = 0xef53,
	EXT2_ROOT_INO = 2,
	EXT2_JOURNAL_INO = 8, /* where the super block does not say else */
	EXT2_REV0_FIRST_INO = 11,
	EXT2_REV0_INODE_SIZE = 128,
	EXT2_LINK_MAX = 32000,
	EXT2_NAME_MAX = 255,
	EXT2_FAST_LINK_MAX = 60, /* bytes of a link's text in block[] */
};

/* ext2_super_block.state */
enum { EXT2_STATE_CLEAN = 1, EXT2_STATE_ERRORS = 2 };

/* Features: whoever does not know a compatible one may write, ... */
enum { EXT2_COMPAT_JOURNAL = 0x4 };
/* ... a "read-only compatible" one may read, ... */
enum {
	EXT2_RO_SPARSE_SUPER = 0x1, /* copies of super block in few groups */
	EXT2_RO_LARGE_FILE = 0x2,   /* some file has 2 GiB or more */
};
/* ... and an incompatible one may do neither. */
enum {
	EXT2_INCOMPAT_FILETYPE = 0x2, /* entries say what they name */
	EXT2_INCOMPAT_RECOVER = 0x4,  /* the journal must be replayed */
};

struct ext2_super_block {
	uint32_t ninodes, nblocks, nreserved, nfree_blocks, nfree_inodes;
	uint32_t first_data_block; /* 1 if blocks are 1 KiB, else 0 */
	uint32_t log_block_size;   /* 1 KiB << this */
	uint32_t log_fragment_size;
	uint32_t blocks_per_group, fragments_per_group, inodes_per_group;
	uint32_t mount_time, write_time;
	uint16_t mount_count, max_mount_count;
	uint16_t magic, state, on_error, minor_revision;
	uint32_t check_time, check_interval, creator_os;
	uint32_t revision; /* 0: fields below are unused */
	uint16_t reserved_uid, reserved_gid;
	uint32_t first_ino;
	uint16_t inode_size, group;
	uint32_t compat, incompat, ro_compat;
	uint8_t uuid[16];
	char volume_name[16], last_mounted[64];
	uint32_t algorithms;
	uint8_t prealloc_blocks, prealloc_dir_blocks;
	uint16_t reserved_descriptor_blocks; /* room for growth */
	uint8_t journal_uuid[16];
	uint32_t journal_ino, journal_device, last_orphan;
	uint32_t hash_seed[4];
	uint8_t hash_version, journal_backup_type;
	uint16_t descriptor_size;
	uint32_t mount_options, first_meta_group, created_time;
	uint32_t journal_backup[17];
	uint32_t nblocks_high, nreserved_high, nfree_blocks_high;
	uint16_t min_extra_size, wanted_extra_size;
	uint8_t reserved[1024 - 352];
};
_Static_assert(sizeof(struct ext2_super_block) == 1024, "super block");
_Static_assert(offsetof(struct ext2_super_block, magic) == 56, "magic");
_Static_assert(offsetof(struct ext2_super_block, compat) == 92, "features");
_Static_assert(offsetof(struct ext2_super_block, journal_ino) == 224,
	       "journal");
_Static_assert(offsetof(struct ext2_super_block, wanted_extra_size) == 350,
	       "extra");

struct ext2_group {
	uint32_t block_bitmap, inode_bitmap, inode_table; /* block numbers */
	uint16_t nfree_blocks, nfree_inodes, ndirs, flags;
	uint32_t reserved[3];
};
_Static_assert(sizeof(struct ext2_group) == 32, "group descriptor");

/* ext2_raw_inode.flags that change how an inode is read. */
enum {
	EXT2_INODE_INDEXED = 0x1000,   /* a directory with a hash tree */
	EXT2_INODE_EXTENTS = 0x80000,  /* ext4: no block map */
	EXT2_INODE_INLINE = 0x10000000 /* ext4: contents in the inode */
};

/* Slots of block[]: what they point to. */
enum {
	EXT2_NDIRECT = 12,
	EXT2_INDIRECT = 12, /* then double and triple indirect */
	EXT2_NSLOTS = 15,
};

struct ext2_raw_inode {
	uint16_t mode, uid;
	uint32_t size;
	uint32_t accessed, changed, modified, deleted; /* seconds */
	uint16_t gid, nlink;
	uint32_t nsectors; /* 512-byte units, indirect blocks included */
	uint32_t flags, os_specific;
	uint32_t block[EXT2_NSLOTS];
	uint32_t generation;
	uint32_t attributes; /* block of extended attributes, or 0 */
	uint32_t size_high;  /* regular files; revision 1 */
	uint32_t fragment;
	uint16_t nsectors_high, attributes_high, uid_high, gid_high;
	uint32_t checksum;
	/* From here on only where inodes are larger than 128 bytes, and
	 * only extra_size bytes of it. */
	uint16_t extra_size, checksum_high;
	/* Bits 0-1: bits 32-33 of the seconds; 2-31: nanoseconds. */
	uint32_t changed_extra, modified_extra, accessed_extra;
	uint32_t created, created_extra;
	uint32_t version_high, project;
};
_Static_assert(sizeof(struct ext2_raw_inode) == 160, "inode");
_Static_assert(offsetof(struct ext2_raw_inode, block) == 40, "inode");
_Static_assert(offsetof(struct ext2_raw_inode, extra_size) == 128, "inode");

/*
 * A directory is a sequence of blocks, each filled by its records to the
 * last byte.  A record with ino 0 is free; most have free space behind the
 * name, too.
 */
struct ext2_entry {
	uint32_t ino;
	uint16_t nbytes; /* to the next record; a multiple of 4 */
	uint8_t nname;
	uint8_t type; /* EXT2_TYPE_*; with INCOMPAT_FILETYPE, else 0 */
	char name[];
};
_Static_assert(sizeof(struct ext2_entry) == 8, "directory entry");

/* ext2_entry.type */
enum {
	EXT2_TYPE_UNKNOWN,
	EXT2_TYPE_REGULAR,
	EXT2_TYPE_DIRECTORY,
	EXT2_TYPE_CHARACTER,
	EXT2_TYPE_BLOCK,
	EXT2_TYPE_FIFO,
	EXT2_TYPE_SOCKET,
	EXT2_TYPE_LINK,
};

/* The header of a block of extended attributes, which inodes may share. */
struct ext2_attributes {
	uint32_t magic, refs, nblocks, hash;
};
enum { EXT2_ATTRIBUTES_MAGIC = 0xea020000 };

#endif
