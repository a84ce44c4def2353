// SPDX-License-Identifier: MIT
/*
 * buffer_sync.c - writing dirty metadata blocks to the disk.
 *
 * A sweep walks the tree of dirty buffers upwards once.  What was dirty when
 * it started is ahead of the cursor, so one sweep meets it all.  Neighbours
 * on disk join in one request, and several requests are in flight together:
 *
 *     dirty blocks     3 4 5   9   20 21      80 ...
 *     writeouts       [0    ] [1] [2    ]    [3] ...  the 9th waits for the 1st
 *
 * A buffer is clean from the moment it is added to a writeout, and BUSY until
 * the disk is done with it.  If the write failed it is dirty again.  While a
 * sweep waits for BUSY, all that it holds itself is already on its way to the
 * device: so it can't be waiting for itself, nor two of them for each other.
 *
 * Locking: sync_lock for the writeouts, one sweep at a time.
 * Tests: tests/host/buffer_test.c.
 */

#include "arch/riscv/layout.h"
#include "fs/journal.h"
#include "kernel/sync/mutex.h"

enum { WRITEOUTS = 8 };

/* One request, and the buffers it carries. */
struct writeout {
	struct block_request request;
	struct buffer *buffers[BLOCK_SEGMENTS_MAX];
	unsigned n;     /* how many */
	bool in_flight; /* (flight_lock) */
	int error;
};

static struct mutex sync_lock;
static struct writeout writeouts[WRITEOUTS]; /* (sync_lock) */
static struct spinlock flight_lock =
	SPINLOCK_INIT("buffer flight", RANK_IO_DONE); /* interrupts off */
static struct waitq landed = WAITQ_INIT(landed);

void buffer_init_sync(void)
{
	mutex_init(&sync_lock, "buffer sync", RANK_BUFFER);
}

static void writeout_done(struct block_request *request, int error)
{
	struct writeout *w = request->owner;

	for (unsigned i = 0; i < w->n; i++) {
		struct buffer *b = w->buffers[i];

		if (b->device->journal && !error)
			journal_home(b->device->journal, b);
		buffer_release(b);
	}
	unsigned long irq = spin_lock_irq(&flight_lock);
	w->error = error;
	w->in_flight = false;
	waitq_wake_all(&landed);
	spin_unlock_irq(&flight_lock, irq);
}

/* Wait for the writeout's request, if it has one, and let its buffers go. */
static int writeout_finish(struct writeout *w)
{
	unsigned long irq = spin_lock_irq(&flight_lock);
	while (w->in_flight)
		waitq_wait(&landed, &flight_lock);
	spin_unlock_irq(&flight_lock, irq);

	for (unsigned i = 0; i < w->n; i++) {
		if (w->error)
			buffer_dirty(w->buffers[i]);
		buffer_put(w->buffers[i]);
	}
	int err = w->n ? w->error : 0;

	w->n = 0;
	return err;
}

/* Add a BUSY buffer.  False, and let go of it: somebody has forgotten it since
 * it was found dirty. */
static bool writeout_add(struct writeout *w, struct buffer *b)
{
	if (!buffer_clean(b)) {
		buffer_release(b);
		buffer_put(b);
		return false;
	}
	w->request.segment[w->n] = (struct block_segment){
		.pa = virt_to_phys(b->data),
		.nbytes = b->nbytes,
	};
	w->buffers[w->n++] = b;
	return true;
}

/* Add the dirty buffer at exactly @block, if it can be had at once. */
static bool writeout_add_neighbour(struct writeout *w,
				   struct block_device *device, uint64_t block)
{
	struct buffer *b = buffer_next_dirty(device, block);

	if (b && b->block == block && buffer_try(b))
		return writeout_add(w, b);
	if (b)
		buffer_put(b);
	return false;
}

/* Write @b (referenced) and dirty neighbours above it. */
static void writeout_start(struct writeout *w, struct buffer *b)
{
	struct block_device *device = b->device;
	uint64_t block = b->block;

	w->request.op = BLOCK_WRITE;
	w->request.sector = block * (b->nbytes >> SECTOR_SHIFT);
	w->request.done = writeout_done;
	w->request.owner = w;
	buffer_begin(b);
	if (!writeout_add(w, b))
		return;
	while (w->n < BLOCK_SEGMENTS_MAX &&
	       writeout_add_neighbour(w, device, block + w->n))
		;
	w->request.nsegments = w->n;
	w->in_flight = true;
	block_submit(device, &w->request);
}

int buffer_sync(struct block_device *device)
{
	struct buffer *b;
	uint64_t next = 0;
	int err = 0;

	mutex_lock(&sync_lock);
	for (unsigned i = 0; (b = buffer_next_dirty(device, next)); i++) {
		struct writeout *w = &writeouts[i % WRITEOUTS];
		int failed = writeout_finish(w);

		err = err ? err : failed;
		next = b->block;
		writeout_start(w, b);
		next += w->n;
	}
	for (unsigned i = 0; i < WRITEOUTS; i++) {
		int failed = writeout_finish(&writeouts[i]);

		err = err ? err : failed;
	}
	mutex_unlock(&sync_lock);
	return err;
}
