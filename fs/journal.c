// SPDX-License-Identifier: MIT
/*
 * journal.c - the running transaction, and how it is written.
 *
 * The order of writes is the whole point.  FLUSH is where the disk must have
 * forgotten nothing of what came before:
 *
 *   descriptors and blocks into the journal, file data to its place
 *   FLUSH     else the commit block could be there without them
 *   the commit block               <- from here on the transaction counts
 *   FLUSH     else a block could go home, and the transaction be lost
 *   blocks go home, whenever
 *   FLUSH     else the journal could forget what is not there
 *   the super block: the journal begins later
 *   FLUSH     else the old beginning could be overwritten while it is in force
 *
 * Nothing is copied for a commit: buffers are BUSY from the freeze until they
 * are in the journal, so that an operation of the next transaction that
 * changes one of them waits for so long.
 *
 * How much room there must be.  A transaction has at most `limit` blocks, a
 * quarter of the ring.  After a commit that leaves less than two of these free
 * all that counts goes home.  What can't, since the running transaction has
 * changed it again, keeps its old place in the journal, but only until that
 * one's commit.  So a commit always finds the room that it needs.
 *
 * Locking: j->lock.  Whoever commits excludes others who do (ext2_commit.c).
 * Tests: tests/host/journal_test.c, tests/host/ext2_model_test.c.
 */

#include "fs/journal.h"

#include "arch/riscv/layout.h"
#include "fs/journal_format.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "mm/page.h"
#include "mm/slab.h"

/* A transaction's buffers can't be reclaimed: at most this part of memory. */
enum { MEMORY_PART = 64 };

/* --- handles --- */

static uint32_t tags_per_block(const struct journal *j)
{
	return (j->block_size - sizeof(struct journal_header) -
		JOURNAL_UUID_SIZE) /
	       sizeof(struct journal_tag);
}

static uint32_t revokes_per_block(const struct journal *j)
{
	return (j->block_size - sizeof(struct journal_revoke)) /
	       sizeof(uint32_t);
}

/* Blocks that the running transaction will need in the journal. */
static uint32_t blocks_needed(const struct journal *j)
{
	return j->nrunning + j->nrunning / tags_per_block(j) +
	       j->nrevokes / revokes_per_block(j) + 3;
}

bool journal_start(struct journal *j, bool force)
{
	bool fits = true;

	lockcheck_order(&j->class, RANK_JOURNAL);
	unsigned long irq = spin_lock_irq(&j->lock);
	for (;;) {
		uint32_t needed = blocks_needed(j) + JOURNAL_CREDITS;

		fits = force || j->aborted || needed <= j->limit;
		needed += j->nhandles * JOURNAL_CREDITS;
		/* If it will fit once others have used less than they may. */
		if (!j->frozen &&
		    (!fits || force || j->aborted || needed <= j->limit))
			break;
		waitq_wait(&j->changed, &j->lock);
	}
	if (fits)
		j->nhandles++;
	spin_unlock_irq(&j->lock, irq);
	if (fits)
		lockcheck_taken(&j->class, RANK_JOURNAL);
	return fits;
}

void journal_stop(struct journal *j)
{
	lockcheck_dropped(&j->class);
	unsigned long irq = spin_lock_irq(&j->lock);

	assert(j->nhandles);
	j->nhandles--;
	waitq_wake_all(&j->changed);
	spin_unlock_irq(&j->lock, irq);
}

bool journal_is_idle(struct journal *j)
{
	unsigned long irq = spin_lock_irq(&j->lock);
	bool idle = !j->nrunning && !j->nhandles;

	spin_unlock_irq(&j->lock, irq);
	return idle;
}

int journal_revoke(struct journal *j, uint32_t start, uint32_t n)
{
	int err = 0;
	uint32_t i;

	for (i = 0; i < n && !err; i++)
		err = radix_insert(&j->revokes, start + i, j);
	if (!err) {
		j->nrevokes += n;
		return 0;
	}
	for (i--; i-- > 0;)
		radix_remove(&j->revokes, start + i);
	return err;
}

/* --- blocks into the journal --- */

/* Write what was collected, and let its buffers go. */
static void send(struct journal *j)
{
	if (!j->request.nsegments)
		return;
	int err = j->error ? 0 : block_submit_wait(j->device, &j->request);

	if (err)
		j->error = err;
	for (unsigned i = 0; i < j->request.nsegments; i++)
		if (j->sending[i])
			buffer_release(j->sending[i]);
	j->request.nsegments = 0;
}

/* The next block of the journal is @data, which belongs to @b (or NULL). */
static void append(struct journal *j, const void *data, struct buffer *b)
{
	uint32_t n, disk = journal_locate(j, j->head, &n);
	struct block_request *request = &j->request;

	if (request->nsegments == BLOCK_SEGMENTS_MAX || disk != j->request_next)
		send(j);
	if (!request->nsegments) {
		request->op = BLOCK_WRITE;
		request->sector =
			(uint64_t)disk * (j->block_size >> SECTOR_SHIFT);
	}
	j->sending[request->nsegments] = b;
	request->segment[request->nsegments++] = (struct block_segment){
		.pa = virt_to_phys((void *)data),
		.nbytes = j->block_size,
	};
	j->request_next = disk + 1;
	j->head = journal_next(j, j->head, 1);
}

/* One of the journal's own blocks, empty but for its header. */
static void *own_block(struct journal *j, uint32_t type, uint32_t tid)
{
	struct journal_header *header = (void *)j->descriptor;

	send(j); /* it may be in there */
	memset(header, 0, j->block_size);
	header->magic = journal_be32(JOURNAL_MAGIC);
	header->type = journal_be32(type);
	header->sequence = journal_be32(tid);
	return header;
}

static void log_revokes(struct journal *j, struct radix *revokes, uint32_t tid)
{
	struct journal_revoke *revoke = NULL;
	uint64_t block = 0;
	uint32_t n = 0;

	while (radix_next(revokes, RADIX_PRESENT, &block)) {
		radix_remove(revokes, block);
		if (!revoke)
			revoke = own_block(j, JOURNAL_REVOKE, tid);
		revoke->blocks[n++] = journal_be32((uint32_t)block);
		revoke->nbytes = journal_be32(sizeof(*revoke) + n * 4);
		if (n < revokes_per_block(j))
			continue;
		append(j, revoke, NULL);
		revoke = NULL;
		n = 0;
	}
	if (revoke)
		append(j, revoke, NULL);
}

/* A block that would look like one of the journal's own. */
static bool is_escaped(const struct buffer *b)
{
	return *(const uint32_t *)b->data == journal_be32(JOURNAL_MAGIC);
}

static void append_buffer(struct journal *j, struct buffer *b)
{
	if (!is_escaped(b)) {
		append(j, b->data, b);
		return;
	}
	send(j); /* the last escaped one may be in there */
	memcpy(j->escaped, b->data, j->block_size);
	memset(j->escaped, 0, sizeof(uint32_t));
	append(j, j->escaped, b);
}

/* A descriptor for @b and as many after it as it can name: how many. */
static uint32_t append_descriptor(struct journal *j, struct buffer *b,
				  uint32_t tid)
{
	uint8_t *at = own_block(j, JOURNAL_DESCRIPTOR, tid);
	struct journal_tag *tag = NULL;
	uint32_t n = 0;

	at += sizeof(struct journal_header);
	for (; b && n < tags_per_block(j); b = journal_after(j, b)) {
		uint32_t flags = n ? JOURNAL_TAG_SAME_UUID : 0;

		if (is_escaped(b))
			flags |= JOURNAL_TAG_ESCAPED;
		tag = (void *)at;
		tag->block = journal_be32((uint32_t)b->block);
		tag->flags = journal_be32(flags);
		at += sizeof(*tag);
		if (n++ == 0) {
			memcpy(at, j->super->uuid, JOURNAL_UUID_SIZE);
			at += JOURNAL_UUID_SIZE;
		}
	}
	tag->flags |= journal_be32(JOURNAL_TAG_LAST);
	append(j, j->descriptor, NULL);
	return n;
}

static void log_buffers(struct journal *j, struct buffer *b, uint32_t tid)
{
	while (b) {
		uint32_t n = append_descriptor(j, b, tid);

		for (; n > 0; n--) {
			struct buffer *next = journal_after(j, b);

			append_buffer(j, b);
			b = next;
		}
	}
}

/* --- commit --- */

/* Free blocks of the journal. */
static uint32_t room(const struct journal *j)
{
	uint32_t size = j->end - j->first;

	return size - 1 - (j->head + size - j->tail) % size;
}

/* Nothing is written from now on, but why: that is for e2fsck, or for the next
 * mount.  If it can't be written, too, the disk is to blame. */
static int abort_if_failed(struct journal *j)
{
	struct journal_super *s = j->super;

	if (!j->error || j->aborted)
		return j->error;
	j->aborted = true;
	s->error = journal_be32((uint32_t)j->error);
	if (!journal_write_super(j, journal_be32(s->start),
				 journal_be32(s->sequence)))
		block_flush(j->device);
	return j->error;
}

void journal_freeze(struct journal *j)
{
	unsigned long irq = spin_lock_irq(&j->lock);

	assert(!j->frozen);
	j->frozen = true;
	while (j->nhandles)
		waitq_wait(&j->changed, &j->lock);
	spin_unlock_irq(&j->lock, irq);
}

/* Take all buffers of the frozen transaction, and let the next one begin. */
static void take_all(struct journal *j)
{
	struct buffer *b = journal_take(j, j->head);

	j->first_logged = b;
	while (b)
		b = journal_take(j, j->head);
	j->revokes = (struct radix){0};
	j->nrevokes = 0;
	unsigned long irq = spin_lock_irq(&j->lock);

	j->tid++;
	j->frozen = false;
	waitq_wake_all(&j->changed);
	spin_unlock_irq(&j->lock, irq);
}

int journal_log(struct journal *j)
{
	struct radix revokes = j->revokes;
	uint32_t tid = j->tid;

	if (!j->error && blocks_needed(j) > room(j))
		j->error = -EIO; /* `limit` has not been kept to */
	take_all(j);
	log_revokes(j, &revokes, tid);
	log_buffers(j, j->first_logged, tid);
	send(j);
	return abort_if_failed(j);
}

int journal_seal(struct journal *j)
{
	uint32_t tid = j->tid - 1;

	if (!j->error)
		j->error = block_flush(j->device);
	append(j, own_block(j, JOURNAL_COMMIT, tid), NULL);
	send(j);
	if (!j->error)
		j->error = block_flush(j->device);
	if (j->error)
		return abort_if_failed(j);
	journal_let_home(j, j->first_logged);
	j->sealed = tid;
	return 0;
}

int journal_checkpoint(struct journal *j, bool all)
{
	uint32_t tid = j->sealed + 1, start = j->head;

	if (j->error || (!all && room(j) >= 2 * j->limit))
		return j->error;
	int err = buffer_sync(j->device);

	/* Before the flush: what goes home after it may not be there. */
	journal_oldest(j, &tid, &start);
	if (!err)
		err = block_flush(j->device);
	if (!err)
		err = journal_write_super(j, start, tid);
	if (!err)
		err = block_flush(j->device);
	j->error = err;
	if (!err)
		j->tail = start;
	return abort_if_failed(j);
}

/* --- beginning and end --- */

struct journal *journal_new(struct block_device *device, uint32_t block_size,
			    uint32_t nblocks)
{
	struct journal *j = kmalloc_zeroed(sizeof(*j));

	if (!j)
		return NULL;
	j->device = device;
	j->block_size = block_size;
	j->nblocks = nblocks;
	spin_init(&j->lock, "journal", RANK_IO_DONE);
	waitq_init(&j->changed);
	list_init(&j->running);
	list_init(&j->logged);
	lock_class_init(&j->class, "journal handle", RANK_JOURNAL);
	return j;
}

int journal_open(struct journal *j)
{
	struct page_counts counts;
	uint32_t tid = journal_be32(j->super->sequence) + 1;

	page_count(&counts);
	uint64_t most = counts.total * PAGE_SIZE / MEMORY_PART / j->block_size;

	j->limit = (uint32_t)min_u64((j->end - j->first) / 4,
				     max_u64(most, 4 * JOURNAL_CREDITS));
	j->descriptor = kmalloc(j->block_size);
	j->escaped = kmalloc(j->block_size);
	if (!j->descriptor || !j->escaped)
		return -ENOMEM;
	j->head = j->tail = j->first;
	j->tid = tid;
	j->sealed = tid - 1;
	j->super->incompat |= journal_be32(JOURNAL_INCOMPAT_REVOKE);
	j->super->compat = 0;
	j->super->error = 0; /* noted: begin_writing() */
	int err = journal_write_super(j, j->first, tid);

	return err ? err : block_flush(j->device);
}

void journal_free(struct journal *j)
{
	uint64_t block = 0;

	journal_drop_buffers(j);
	while (radix_next(&j->revokes, RADIX_PRESENT, &block))
		radix_remove(&j->revokes, block);
	kfree(j->escaped);
	kfree(j->descriptor);
	kfree(j->super);
	kfree(j->runs);
	kfree(j);
}
