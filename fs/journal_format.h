/* SPDX-License-Identifier: MIT */
#ifndef FS_JOURNAL_FORMAT_H
#define FS_JOURNAL_FORMAT_H

/*
 * journal_format.h - the journal as it lies on the disk: the format of
 * Linux's jbd2, which makes an ext2 an ext3.
 *
 * The journal is a file (inode 8).  Its block 0 is the journal's super block;
 * the others, from `first` on, are a ring in which transactions follow each
 * other, numbered without a gap:
 *
 *   | descriptor 7 | block | block | revoke 7 | commit 7 | descriptor 8 | ...
 *
 * A descriptor names the home of each of the blocks behind it, a revoke block
 * names blocks whose older copies must not be used any more, and only a commit
 * block makes a transaction count.
 *
 * All numbers are big-endian.
 */

#include "kernel/lib/types.h"

/* To big-endian and from it. */
static inline uint32_t journal_be32(uint32_t value)
{
	return value >> 24 | (value >> 8 & 0xff00) | (value << 8 & 0xff0000) |
	       value << 24;
}

enum {
	JOURNAL_MAGIC = 0xc03b3998,
	JOURNAL_BLOCKS_MIN = 1024,
};

/* journal_header.type */
enum {
	JOURNAL_DESCRIPTOR = 1,
	JOURNAL_COMMIT = 2,
	JOURNAL_SUPER_V1 = 3,
	JOURNAL_SUPER_V2 = 4,
	JOURNAL_REVOKE = 5,
};

/* What each block that belongs to the journal itself starts with. */
struct journal_header {
	uint32_t magic, type;
	uint32_t sequence; /* the transaction's number */
};

/* journal_super.compat, .incompat */
enum { JOURNAL_COMPAT_CHECKSUM = 1 };
enum { JOURNAL_INCOMPAT_REVOKE = 1 };

struct journal_super {
	struct journal_header header;
	uint32_t block_size;
	uint32_t length;   /* blocks of the journal, this one included */
	uint32_t first;    /* where the ring begins */
	uint32_t sequence; /* of the first transaction to replay */
	uint32_t start;    /* and its block; 0: nothing to replay */
	uint32_t error;    /* what ended its use, as -errno, or 0 */
	uint32_t compat, incompat, ro_compat;
	uint8_t uuid[16];
	uint32_t nusers;
	uint32_t unused[47];
	uint8_t users[768];
};
_Static_assert(sizeof(struct journal_super) == 1024, "journal super block");
_Static_assert(offsetof(struct journal_super, compat) == 36, "features");

/* A descriptor is a header and tags; behind a tag without SAME_UUID there are
 * 16 bytes of UUID. */
struct journal_tag {
	uint32_t block; /* its home */
	uint32_t flags; /* JOURNAL_TAG_* */
};

enum {
	JOURNAL_TAG_ESCAPED = 1,   /* the block began with the magic: it is
				      0 in the journal */
	JOURNAL_TAG_SAME_UUID = 2, /* no UUID follows */
	JOURNAL_TAG_LAST = 8,
	JOURNAL_UUID_SIZE = 16,
};

/* A revoke block: a header, how many of its bytes are used, this structure
 * included, and block numbers. */
struct journal_revoke {
	struct journal_header header;
	uint32_t nbytes;
	uint32_t blocks[];
};
_Static_assert(sizeof(struct journal_revoke) == 16, "revoke block");

#endif
