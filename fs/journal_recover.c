// SPDX-License-Identifier: MIT
/*
 * journal_recover.c - a journal that is found at mount: what its super block
 * says, and replaying it.
 *
 * After a crash the journal holds some transactions that count (their commit
 * block is there) and perhaps the beginning of one that does not.  Replay
 * walks over them three times:
 *
 *   SCAN     find the end: the first block that does not belong to the
 *            transaction whose turn it is
 *   REVOKE   note for each revoked block in which transaction it was
 *   REPLAY   copy each block home, unless a transaction as late or later
 *            has revoked it
 *
 * To replay is to copy, so a crash in the middle of it does no harm: the next
 * mount begins again.  Only when all is home, and durable, does the journal's
 * super block say that there is nothing to do.
 *
 * Nothing here trusts the disk.  Home blocks are checked before the first one
 * is written; a walk that meets more blocks than the ring has ends.
 *
 * Tests: tests/host/journal_test.c, against e2fsck.
 */

#include "fs/journal.h"
#include "fs/journal_format.h"
#include "kernel/lib/errno.h"
#include "mm/radix.h"
#include "mm/slab.h"

enum pass { SCAN, REVOKE, REPLAY };

/* One walk over the journal, and what earlier ones have found. */
struct replay {
	struct journal *j;
	enum pass pass;
	uint32_t at;          /* the next block */
	uint32_t sequence;    /* whose turn it is */
	uint32_t end;         /* behind the last that counts (after SCAN) */
	uint32_t nread;       /* blocks walked over */
	uint8_t *block;       /* the journal's own, being looked at */
	uint8_t *data;        /* a block on its way home */
	struct radix revoked; /* block -> REVOKED | sequence */
	const char *why;      /* what is wrong with it */
};

static const uintptr_t REVOKED = 1ull << 32;

/* --- blocks --- */

uint32_t journal_locate(const struct journal *j, uint32_t block, uint32_t *n)
{
	const struct journal_run *run = j->runs;

	while (block - run->first >= run->n)
		run++;
	*n = run->n - (block - run->first);
	return run->disk + (block - run->first);
}

uint32_t journal_next(const struct journal *j, uint32_t block, uint32_t n)
{
	return j->first + (block - j->first + n) % (j->end - j->first);
}

static uint64_t sector_of(const struct journal *j, uint32_t disk)
{
	return (uint64_t)disk * (j->block_size >> SECTOR_SHIFT);
}

static int read_block(struct journal *j, uint32_t block, void *data)
{
	uint32_t n;

	return block_transfer(j->device, BLOCK_READ,
			      sector_of(j, journal_locate(j, block, &n)), data,
			      j->block_size);
}

/* --- the super block --- */

/* NULL, or what is wrong. */
static const char *check_super(const struct journal *j, uint32_t nblocks)
{
	const struct journal_super *s = j->super;
	uint32_t start = journal_be32(s->start);

	if (journal_be32(s->header.magic) != JOURNAL_MAGIC ||
	    journal_be32(s->header.type) != JOURNAL_SUPER_V2)
		return "no journal, or an old one";
	if (s->compat & ~journal_be32(JOURNAL_COMPAT_CHECKSUM) ||
	    s->incompat & ~journal_be32(JOURNAL_INCOMPAT_REVOKE) ||
	    s->ro_compat)
		return "the journal has unknown features";
	if (journal_be32(s->block_size) != j->block_size)
		return "the journal has other blocks";
	if (j->end < JOURNAL_BLOCKS_MIN || j->end > nblocks)
		return "the journal is too small";
	if (j->first == 0 || j->first >= j->end / 2)
		return "the journal begins nowhere";
	if (start && (start < j->first || start >= j->end))
		return "the journal starts outside";
	return NULL;
}

int journal_load(struct journal *j, const char **why)
{
	const struct journal_run *last = &j->runs[j->nruns - 1];

	j->super = kmalloc(j->block_size);
	if (!j->super)
		return -ENOMEM;
	int err = read_block(j, 0, j->super);

	if (err)
		return err;
	j->first = journal_be32(j->super->first);
	j->end = journal_be32(j->super->length);
	*why = check_super(j, last->first + last->n);
	return *why ? -EINVAL : 0;
}

bool journal_has_work(const struct journal *j)
{
	return j->super->start != 0;
}

bool journal_had_failed(const struct journal *j)
{
	return j->super->error != 0;
}

int journal_write_super(struct journal *j, uint32_t start, uint32_t sequence)
{
	uint32_t n;

	j->super->start = journal_be32(start);
	j->super->sequence = journal_be32(sequence);
	return block_transfer(j->device, BLOCK_WRITE,
			      sector_of(j, journal_locate(j, 0, &n)), j->super,
			      j->block_size);
}

/* --- replay --- */

/* Step over @n blocks.  A journal that has no end is a lie. */
static int step(struct replay *r, uint32_t n)
{
	struct journal *j = r->j;

	r->at = journal_next(j, r->at, n);
	r->nread += n;
	if (r->nread <= j->end - j->first)
		return 0;
	r->why = "the journal has no end";
	return -EINVAL;
}

static bool is_revoked(const struct replay *r, uint32_t block)
{
	uintptr_t found = (uintptr_t)radix_find(&r->revoked, block);

	return found && (int32_t)((uint32_t)found - r->sequence) >= 0;
}

static int note_revoked(struct replay *r, uint32_t block)
{
	/* Later ones come later. */
	radix_remove(&r->revoked, block);
	return radix_insert(&r->revoked, block,
			    (void *)(REVOKED | r->sequence));
}

static int visit_revoke(struct replay *r)
{
	const struct journal_revoke *revoke = (void *)r->block;
	uint32_t nbytes = journal_be32(revoke->nbytes);
	int err = 0;

	if (r->pass != REVOKE)
		return 0;
	if (nbytes < sizeof(*revoke) || nbytes > r->j->block_size) {
		r->why = "a revoke block has a bad size";
		return -EINVAL;
	}
	for (uint32_t i = 0; i < (nbytes - sizeof(*revoke)) / 4 && !err; i++)
		err = note_revoked(r, journal_be32(revoke->blocks[i]));
	return err;
}

/* The block that is next in the journal goes to @home. */
static int bring_home(struct replay *r, uint32_t home, uint32_t flags)
{
	struct journal *j = r->j;

	if (is_revoked(r, home))
		return 0;
	int err = read_block(j, r->at, r->data);

	if (err)
		return err;
	if (flags & JOURNAL_TAG_ESCAPED)
		*(uint32_t *)r->data = journal_be32(JOURNAL_MAGIC);
	return block_transfer(j->device, BLOCK_WRITE, sector_of(j, home),
			      r->data, j->block_size);
}

/* The descriptor's tags, and the block behind it for each. */
static int visit_descriptor(struct replay *r)
{
	uint32_t at = sizeof(struct journal_header), flags = 0;
	int err = 0;

	while (!err && !(flags & JOURNAL_TAG_LAST) &&
	       at + sizeof(struct journal_tag) <= r->j->block_size) {
		struct journal_tag *tag = (void *)(r->block + at);
		uint32_t home = journal_be32(tag->block);

		flags = journal_be32(tag->flags);
		at += sizeof(*tag);
		if (!(flags & JOURNAL_TAG_SAME_UUID))
			at += JOURNAL_UUID_SIZE;
		if (r->pass == REVOKE && home >= r->j->nblocks) {
			r->why = "the journal holds a block outside";
			return -EINVAL;
		}
		if (r->pass == REPLAY)
			err = bring_home(r, home, flags);
		if (!err)
			err = step(r, 1);
	}
	return err;
}

/* One of the journal's own blocks, and what belongs to it.  0; 1: the end;
 * an error. */
static int visit(struct replay *r)
{
	const struct journal_header *header = (void *)r->block;
	int err = read_block(r->j, r->at, r->block);

	if (err)
		return err;
	if (journal_be32(header->magic) != JOURNAL_MAGIC ||
	    journal_be32(header->sequence) != r->sequence)
		return 1;
	err = step(r, 1);
	if (err)
		return err;
	switch (journal_be32(header->type)) {
	case JOURNAL_DESCRIPTOR:
		return visit_descriptor(r);
	case JOURNAL_REVOKE:
		return visit_revoke(r);
	case JOURNAL_COMMIT:
		r->sequence++;
		return 0;
	}
	return 1;
}

static int walk(struct replay *r, enum pass pass)
{
	const struct journal_super *s = r->j->super;
	int err = 0;

	r->pass = pass;
	r->at = journal_be32(s->start);
	r->sequence = journal_be32(s->sequence);
	r->nread = 0;
	while (!err && (pass == SCAN || r->sequence != r->end))
		err = visit(r);
	if (pass == SCAN)
		r->end = r->sequence;
	return err < 0 ? err : 0;
}

static void forget_revoked(struct replay *r)
{
	uint64_t block = 0;

	while (radix_next(&r->revoked, RADIX_PRESENT, &block))
		radix_remove(&r->revoked, block);
}

static int walks(struct replay *r)
{
	int err = walk(r, SCAN);

	if (!err)
		err = walk(r, REVOKE);
	if (!err)
		err = walk(r, REPLAY);
	forget_revoked(r);
	if (!err)
		err = block_flush(r->j->device);
	if (err)
		return err;
	/* The number of the transaction that was cut off is not used again:
	 * its blocks are still there. */
	err = journal_write_super(r->j, 0, r->end + 1);
	return err ? err : block_flush(r->j->device);
}

int journal_recover(struct journal *j, const char **why)
{
	struct replay r = {
		.j = j,
		.block = kmalloc(j->block_size),
		.data = kmalloc(j->block_size),
	};
	int err = r.block && r.data ? walks(&r) : -ENOMEM;

	kfree(r.block);
	kfree(r.data);
	*why = r.why;
	return err;
}
