/* SPDX-License-Identifier: MIT */
#ifndef FS_JOURNAL_H
#define FS_JOURNAL_H

/*
 * journal.h - all or nothing: changes of metadata go to a journal first.
 *
 *   journal_recover.c  a journal that is found: its super block, and replay
 *   journal.c          the running transaction, and writing it
 *   journal_buffers.c  which buffers are in which transaction
 *
 * An operation brackets its changes with a handle: journal_start(), changes of
 * buffers, journal_stop().  Many handles make one transaction.  To commit it:
 *
 *	journal_freeze(j);	no handle is open, none can start
 *	... last changes, to make the transaction complete by itself ...
 *	journal_log(j);		it goes to the journal; the next one has begun
 *	... file data that must be there before it counts ...
 *	journal_seal(j);	it counts, and may go home
 *
 * A buffer on its way:
 *
 *   clean -> RUNNING, HELD -> HELD -> DIRTY -> clean
 *            changed          frozen  sealed   home: a sync wrote it
 *
 * It is HELD from its first change until the seal: no sync writes it home.
 * From the freeze on until it is home it is logged: on the list by which the
 * journal knows what must be kept (journal_checkpoint).
 */

#include "fs/buffer.h"
#include "kernel/sync/waitq.h"
#include "mm/radix.h"

/* Blocks [first, first + n) of the journal lie at @disk, @disk + 1, ... */
struct journal_run {
	uint32_t first, n, disk;
};

/* Field locks: (c) constant, (a) atomic, (l) lock, (C) only who commits, one at
 * a time, (H) an open handle and the lock under which the filesystem frees
 * blocks. */
struct journal {
	struct block_device *device;   /* (c) */
	uint32_t block_size;           /* (c) */
	uint32_t nblocks;              /* (c) of the filesystem */
	struct journal_run *runs;      /* (c) sorted, from block 0 on */
	uint32_t nruns;                /* (c) */
	struct journal_super *super;   /* (C) a block */
	uint32_t first, end;           /* (c) the ring */
	uint32_t head, tail;           /* (C) next block to write, and the
					  first one needed, by the disk */
	uint32_t limit;                /* (c) blocks in a transaction */
	uint8_t *descriptor, *escaped; /* (C) a block each */
	struct block_request request;  /* (C) blocks on their way */
	struct buffer *sending[BLOCK_SEGMENTS_MAX]; /* (C) in it, or NULL */
	uint32_t request_next;       /* (C) disk block after it */
	struct buffer *first_logged; /* (C) of the transaction being written */
	int error;                   /* (C) what has aborted it */

	struct spinlock lock;    /* interrupts off */
	struct waitq changed;    /* frozen, nhandles */
	bool frozen;             /* (l) */
	atomic_bool aborted;     /* (a) nothing is written any more */
	unsigned nhandles;       /* (l) open */
	atomic_uint tid;         /* (l) the running transaction's number */
	atomic_uint sealed;      /* (C) the last one that counts */
	struct list running;     /* (l) buffers, by running_link */
	unsigned nrunning;       /* (l) */
	struct list logged;      /* (l) buffers, oldest first */
	struct radix revokes;    /* (H) blocks freed */
	atomic_uint nrevokes;    /* (H) */
	struct lock_class class; /* of a handle, for lockcheck */
};

/* One without runs; NULL: no memory.  (What is in it and not home is lost.) */
struct journal *journal_new(struct block_device *device, uint32_t block_size,
			    uint32_t nblocks);
void journal_free(struct journal *j);

/* --- journal_recover.c: before the filesystem is in use --- */

/* Read the super block of a journal that has its runs.  0; -EINVAL with *why
 * set; -EIO, -ENOMEM. */
int journal_load(struct journal *j, const char **why);

/* Is there something to replay? */
bool journal_has_work(const struct journal *j);

/* Had it been aborted when it was last in use? */
bool journal_had_failed(const struct journal *j);

/* Bring home all transactions that count, and empty the journal.  Nothing may
 * be cached.  Same results. */
int journal_recover(struct journal *j, const char **why);

/* Write the super block: replay starts at block @start (0: none) with
 * transaction @sequence. */
int journal_write_super(struct journal *j, uint32_t start, uint32_t sequence);

/* Where journal block @block lies, and in *n how many follow it there. */
uint32_t journal_locate(const struct journal *j, uint32_t block, uint32_t *n);

/* Ring arithmetic. */
uint32_t journal_next(const struct journal *j, uint32_t block, uint32_t n);

/* --- journal.c --- */

/* Blocks that one handle may change. */
enum { JOURNAL_CREDITS = 40 };

/* Make a loaded and empty journal ready for writing.  -EIO, -ENOMEM. */
int journal_open(struct journal *j);

/*
 * Open a handle; waits while a commit freezes the transaction.  False if the
 * transaction must be committed first; @force: go on all the same.  Handles
 * don't nest, and take their place in the order of locks below a page.
 */
bool journal_start(struct journal *j, bool force);
void journal_stop(struct journal *j);

/* Nothing was changed since the last commit. */
bool journal_is_idle(struct journal *j);

/* The steps of a commit.  log and seal: 0, or the error that has aborted the
 * journal. */
void journal_freeze(struct journal *j);
int journal_log(struct journal *j);
int journal_seal(struct journal *j);

/* Write home all that counts, if the journal is short of room (or @all), and
 * let go of its place there. */
int journal_checkpoint(struct journal *j, bool all);

/* Metadata blocks [start, start + n) are about to be freed by the running
 * transaction: no older copy of them may be replayed.  0; or -ENOMEM, or
 * -EEXIST (it has freed one already), and nothing is changed. */
int journal_revoke(struct journal *j, uint32_t start, uint32_t n);

/* --- journal_buffers.c: for buffer.c; the buffer is BUSY --- */

/* It has been changed: it belongs to the running transaction. */
void journal_changed(struct journal *j, struct buffer *b);
/* Its block was freed. */
void journal_forgot(struct journal *j, struct buffer *b);
/* It was written home.  Any context. */
void journal_home(struct journal *j, struct buffer *b);

/* --- and for journal.c --- */

/* The next buffer of the frozen transaction, BUSY, and logged as what lies in
 * the journal from @start on; or NULL. */
struct buffer *journal_take(struct journal *j, uint32_t start);
/* The logged buffer after @b, or NULL. */
struct buffer *journal_after(struct journal *j, struct buffer *b);
/* The logged buffers from @first on may go home. */
void journal_let_home(struct journal *j, struct buffer *first);
/* Where the oldest transaction of a logged buffer is: false if there is none.
 */
bool journal_oldest(struct journal *j, uint32_t *tid, uint32_t *start);
/* Let go of all buffers. */
void journal_drop_buffers(struct journal *j);

#endif
