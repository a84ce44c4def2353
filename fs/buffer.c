// SPDX-License-Identifier: MIT
/*
 * buffer.c - the cache of metadata blocks.
 *
 * One struct buffer per (device, block) that is in memory, found by hash:
 *
 *     hash[] --> buffer --> buffer          all of them
 *     unused:    clean, refs 0, least recently used first
 *     dirty:     a tree by (device, block)
 *
 * A sync walks the dirty tree upwards once.  What was dirty when it started
 * is ahead of the cursor, so one sweep meets it; neighbours on disk join in
 * one request, and several requests are in flight together.
 *
 * BUSY is a lock that an interrupt may release: a task that changes the
 * buffer holds it, and so does the device while it reads or writes the
 * memory.  So a block reaches the disk either before or after a change,
 * never with half of it.  A sweep holds BUSY only of buffers that are
 * already on their way to the device when it waits for another one.
 *
 * The cache grows to a sixteenth of memory; beyond that a new buffer first
 * takes the place of unused ones, after a sync if all are dirty.
 *
 * Locking: cache.lock (spin) for the lists, sync_lock (sleeping) for sweeps.
 * Tests: tests/host/buffer_test.c.
 */

#include "fs/buffer.h"

#include "arch/riscv/layout.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/sync/mutex.h"
#include "mm/page.h"
#include "mm/slab.h"

enum {
	HASH_BITS = 12,
	HASH_SIZE = 1 << HASH_BITS,
	WRITEOUTS = 8,      /* requests in flight during a sweep */
	EVICT_AT_ONCE = 16, /* when the cache is full */
};

/* One write request of a sweep, and the neighbours it carries. */
struct writeout {
	struct block_request request;
	struct buffer *buffers[BLOCK_SEGMENTS_MAX];
	unsigned n;     /* how many */
	bool in_flight; /* (busy_lock) */
	int error;
};

static struct {
	struct spinlock lock;
	struct buffer *hash[HASH_SIZE]; /* (lock) */
	struct list unused;             /* (lock) */
	struct tree dirty;              /* (lock) */
	size_t nbytes;                  /* (lock) of data, in all buffers */
	size_t nbytes_max;              /* (c) before old ones must go */
	struct slab_cache *slab;        /* (c) */
	struct spinlock busy_lock;      /* interrupts off; for busy_wait */
	struct waitq busy_wait;
	struct mutex sync_lock; /* one sweep at a time; writeouts */
	struct writeout writeouts[WRITEOUTS];
} cache;

/* --- BUSY --- */

static bool busy_try(struct buffer *b)
{
	return !(atomic_fetch_or(&b->state, BUFFER_BUSY) & BUFFER_BUSY);
}

static void busy_acquire(struct buffer *b)
{
	const unsigned wanted = BUFFER_BUSY | BUFFER_WAITERS;

	if (busy_try(b))
		return;
	unsigned long irq = spin_lock_irq(&cache.busy_lock);
	/* WAITERS is set in the same step that finds it BUSY: whoever
	 * releases it from now on will come for the lock, and find us. */
	while (atomic_fetch_or(&b->state, wanted) & BUFFER_BUSY)
		waitq_wait(&cache.busy_wait, &cache.busy_lock);
	spin_unlock_irq(&cache.busy_lock, irq);
}

/* Any context. */
static void busy_release(struct buffer *b)
{
	unsigned old =
		atomic_fetch_and(&b->state, ~(BUFFER_BUSY | BUFFER_WAITERS));

	if (!(old & BUFFER_WAITERS))
		return;
	unsigned long irq = spin_lock_irq(&cache.busy_lock);
	waitq_wake_all(&cache.busy_wait);
	spin_unlock_irq(&cache.busy_lock, irq);
}

/* --- the lists; cache.lock is held --- */

static struct buffer **bucket_of(struct block_device *device, uint64_t block)
{
	uint64_t key = block ^ (uintptr_t)device;

	/* Fibonacci hashing: the top bits of a product with 2^64 / phi. */
	return &cache.hash[key * 0x9e3779b97f4a7c15 >> (64 - HASH_BITS)];
}

/* The cached buffer, with a reference, or NULL. */
static struct buffer *find_locked(struct block_device *device, uint64_t block,
				  uint32_t nbytes)
{
	struct buffer *b = *bucket_of(device, block);

	while (b && (b->block != block || b->device != device ||
		     b->nbytes != nbytes))
		b = b->hash_next;
	if (b && atomic_fetch_add(&b->refs, 1) == 0)
		list_remove(&b->unused_link);
	return b;
}

static void remove_locked(struct buffer *b)
{
	struct buffer **at = bucket_of(b->device, b->block);

	while (*at != b)
		at = &(*at)->hash_next;
	*at = b->hash_next;
	list_remove(&b->unused_link);
	cache.nbytes -= b->nbytes;
}

static struct buffer *dirty_entry(struct tree_node *node)
{
	return node ? container_of(node, struct buffer, dirty_node) : NULL;
}

static int dirty_compare(const struct buffer *b, struct block_device *device,
			 uint64_t block)
{
	if (b->device != device)
		return b->device < device ? -1 : 1;
	return b->block < block ? -1 : b->block > block;
}

static void dirty_insert_locked(struct buffer *b)
{
	struct tree_node *parent = NULL, *node = cache.dirty.root;
	int side = 0;

	if (atomic_fetch_or(&b->state, BUFFER_DIRTY) & BUFFER_DIRTY)
		return;
	while (node) {
		parent = node;
		side = dirty_compare(dirty_entry(node), b->device, b->block) <
		       0;
		node = node->child[side];
	}
	tree_insert(&cache.dirty, parent, side, &b->dirty_node);
}

static void dirty_remove_locked(struct buffer *b)
{
	unsigned old = atomic_fetch_and(&b->state, ~BUFFER_DIRTY);

	if (old & BUFFER_DIRTY)
		tree_remove(&cache.dirty, &b->dirty_node);
}

/* The first dirty buffer of @device at or after @block, or NULL. */
static struct buffer *dirty_first_locked(struct block_device *device,
					 uint64_t block)
{
	struct tree_node *node = cache.dirty.root;
	struct buffer *best = NULL;

	while (node) {
		bool before =
			dirty_compare(dirty_entry(node), device, block) < 0;

		if (!before)
			best = dirty_entry(node);
		node = node->child[before];
	}
	return best && best->device == device ? best : NULL;
}

/* --- getting and putting --- */

static void buffer_free(struct buffer *b)
{
	kfree(b->data);
	slab_free(cache.slab, b);
}

size_t buffer_shrink(struct block_device *device, size_t max)
{
	struct list victims;
	size_t n = 0;

	list_init(&victims);
	spin_lock(&cache.lock);
	for (struct list *at = cache.unused.next, *next;
	     at != &cache.unused && n < max; at = next) {
		struct buffer *b = list_entry(at, struct buffer, unused_link);

		next = at->next;
		if (device && b->device != device)
			continue;
		remove_locked(b);
		list_add_tail(&victims, &b->unused_link);
		n++;
	}
	spin_unlock(&cache.lock);
	for (struct list *at; (at = list_pop(&victims));)
		buffer_free(list_entry(at, struct buffer, unused_link));
	return n;
}

/* Before a new buffer is made: stay within bounds, if that can be done. */
static void make_room(struct block_device *device)
{
	spin_lock(&cache.lock);
	bool full = cache.nbytes >= cache.nbytes_max;
	bool none_unused = list_empty(&cache.unused);
	spin_unlock(&cache.lock);

	if (!full)
		return;
	/* An error stays with the buffers: they are dirty still, and the
	 * filesystem's own next sync reports it. */
	if (none_unused)
		buffer_sync(device);
	buffer_shrink(NULL, EVICT_AT_ONCE);
}

static struct buffer *buffer_new(struct block_device *device, uint64_t block,
				 uint32_t nbytes)
{
	make_room(device);
	struct buffer *b = slab_alloc_zeroed(cache.slab);

	if (!b)
		return NULL;
	b->data = kmalloc(nbytes);
	if (!b->data) {
		slab_free(cache.slab, b);
		return NULL;
	}
	b->device = device;
	b->block = block;
	b->nbytes = nbytes;
	b->refs = 1;
	list_init(&b->unused_link);
	return b;
}

/* The buffer, whatever its state, referenced.  NULL: no memory. */
static struct buffer *buffer_get(struct block_device *device, uint64_t block,
				 uint32_t nbytes)
{
	spin_lock(&cache.lock);
	struct buffer *b = find_locked(device, block, nbytes);
	spin_unlock(&cache.lock);
	if (b)
		return b;

	struct buffer *fresh = buffer_new(device, block, nbytes);

	if (!fresh)
		return NULL;
	spin_lock(&cache.lock);
	/* Another task may have made it while we allocated: look again. */
	b = find_locked(device, block, nbytes);
	if (!b) {
		struct buffer **at = bucket_of(device, block);

		fresh->hash_next = *at;
		*at = fresh;
		cache.nbytes += nbytes;
	}
	spin_unlock(&cache.lock);
	if (!b)
		return fresh;
	buffer_free(fresh);
	return b;
}

static uint64_t sector_of(const struct buffer *b)
{
	return b->block * (b->nbytes >> SECTOR_SHIFT);
}

int buffer_read(struct block_device *device, uint64_t block, uint32_t nbytes,
		struct buffer **out)
{
	struct buffer *b = buffer_get(device, block, nbytes);
	int err = 0;

	if (!b)
		return -ENOMEM;
	if (!(b->state & BUFFER_UPTODATE)) {
		busy_acquire(b);
		/* Another task may have read it while we waited. */
		if (!(b->state & BUFFER_UPTODATE))
			err = block_transfer(device, BLOCK_READ, sector_of(b),
					     b->data, nbytes);
		if (!err)
			atomic_fetch_or(&b->state, BUFFER_UPTODATE);
		busy_release(b);
	}
	if (err)
		buffer_put(b);
	else
		*out = b;
	return err;
}

int buffer_zeroed(struct block_device *device, uint64_t block, uint32_t nbytes,
		  struct buffer **out)
{
	struct buffer *b = buffer_get(device, block, nbytes);

	if (!b)
		return -ENOMEM;
	busy_acquire(b);
	memset(b->data, 0, nbytes);
	atomic_fetch_or(&b->state, BUFFER_UPTODATE);
	busy_release(b);
	*out = b;
	return 0;
}

void buffer_put(struct buffer *b)
{
	unsigned refs = b->refs;

	/* Any reference but the last goes without the lock. */
	while (refs > 1)
		if (atomic_compare_exchange_weak(&b->refs, &refs, refs - 1))
			return;
	spin_lock(&cache.lock);
	if (atomic_fetch_sub(&b->refs, 1) == 1 && !(b->state & BUFFER_DIRTY))
		list_add_tail(&cache.unused, &b->unused_link);
	spin_unlock(&cache.lock);
}

/* --- changing and writing --- */

/* After a change, or a write that failed; not if the block was freed. */
static void buffer_dirty(struct buffer *b)
{
	if (b->state & BUFFER_DIRTY)
		return;
	spin_lock(&cache.lock);
	if (b->state & BUFFER_UPTODATE)
		dirty_insert_locked(b);
	spin_unlock(&cache.lock);
}

void buffer_begin(struct buffer *b)
{
	busy_acquire(b);
}

void buffer_end(struct buffer *b)
{
	buffer_dirty(b);
	busy_release(b);
}

void buffer_forget(struct block_device *device, uint64_t block, uint32_t nbytes)
{
	spin_lock(&cache.lock);
	struct buffer *b = find_locked(device, block, nbytes);
	spin_unlock(&cache.lock);

	if (!b)
		return;
	busy_acquire(b);
	spin_lock(&cache.lock);
	dirty_remove_locked(b);
	atomic_fetch_and(&b->state, ~BUFFER_UPTODATE);
	spin_unlock(&cache.lock);
	busy_release(b);
	buffer_put(b);
}

int buffer_write(struct buffer *b)
{
	int err = 0;

	busy_acquire(b);
	spin_lock(&cache.lock);
	bool dirty = b->state & BUFFER_DIRTY;

	dirty_remove_locked(b);
	spin_unlock(&cache.lock);
	if (dirty)
		err = block_transfer(b->device, BLOCK_WRITE, sector_of(b),
				     b->data, b->nbytes);
	if (err)
		buffer_dirty(b);
	busy_release(b);
	return err;
}

static void writeout_done(struct block_request *request, int error)
{
	struct writeout *w = request->owner;

	for (unsigned i = 0; i < w->n; i++)
		busy_release(w->buffers[i]);
	unsigned long irq = spin_lock_irq(&cache.busy_lock);
	w->error = error;
	w->in_flight = false;
	waitq_wake_all(&cache.busy_wait);
	spin_unlock_irq(&cache.busy_lock, irq);
}

/* Wait for the writeout's request, if it has one, and let its buffers go. */
static int writeout_finish(struct writeout *w)
{
	unsigned long irq = spin_lock_irq(&cache.busy_lock);
	while (w->in_flight)
		waitq_wait(&cache.busy_wait, &cache.busy_lock);
	spin_unlock_irq(&cache.busy_lock, irq);

	int err = w->n ? w->error : 0;

	for (unsigned i = 0; i < w->n; i++) {
		if (err)
			buffer_dirty(w->buffers[i]);
		buffer_put(w->buffers[i]);
	}
	w->n = 0;
	return err;
}

/* Add a buffer, BUSY and referenced, and clean from here on. */
static void writeout_add(struct writeout *w, struct buffer *b)
{
	struct block_segment *segment = &w->request.segment[w->n];

	spin_lock(&cache.lock);
	dirty_remove_locked(b);
	spin_unlock(&cache.lock);
	segment->pa = virt_to_phys(b->data);
	segment->nbytes = b->nbytes;
	w->buffers[w->n++] = b;
}

/* The dirty buffer at exactly @block, if it can be had at once. */
static struct buffer *take_neighbour(struct block_device *device,
				     uint64_t block)
{
	spin_lock(&cache.lock);
	struct buffer *b = dirty_first_locked(device, block);

	if (b && (b->block != block || !busy_try(b)))
		b = NULL;
	if (b)
		atomic_fetch_add(&b->refs, 1);
	spin_unlock(&cache.lock);
	return b;
}

/* Write @b (referenced, BUSY) and the dirty neighbours above it.  Returns the
 * block after the last one. */
static uint64_t writeout_start(struct writeout *w, struct buffer *b)
{
	struct block_device *device = b->device;
	uint64_t next = b->block + 1;

	w->request.op = BLOCK_WRITE;
	w->request.sector = sector_of(b);
	w->request.done = writeout_done;
	w->request.owner = w;
	writeout_add(w, b);
	while (w->n < BLOCK_SEGMENTS_MAX &&
	       (b = take_neighbour(device, next))) {
		writeout_add(w, b);
		next++;
	}
	w->request.nsegments = w->n;
	w->in_flight = true;
	block_submit(device, &w->request);
	return next;
}

int buffer_sync(struct block_device *device)
{
	uint64_t next = 0;
	int err = 0;

	mutex_lock(&cache.sync_lock);
	for (unsigned i = 0;; i = (i + 1) % WRITEOUTS) {
		struct writeout *w = &cache.writeouts[i];
		int failed = writeout_finish(w);

		err = err ? err : failed;
		spin_lock(&cache.lock);
		struct buffer *b = dirty_first_locked(device, next);

		if (b)
			atomic_fetch_add(&b->refs, 1);
		spin_unlock(&cache.lock);
		if (!b)
			break;
		busy_acquire(b);
		if (b->state & BUFFER_DIRTY) {
			next = writeout_start(w, b);
			continue;
		}
		/* Somebody wrote or forgot it while we waited. */
		busy_release(b);
		buffer_put(b);
	}
	for (unsigned i = 0; i < WRITEOUTS; i++) {
		int failed = writeout_finish(&cache.writeouts[i]);

		err = err ? err : failed;
	}
	mutex_unlock(&cache.sync_lock);
	return err;
}

void buffer_discard(struct block_device *device)
{
	struct buffer *b;

	spin_lock(&cache.lock);
	while ((b = dirty_first_locked(device, 0))) {
		dirty_remove_locked(b);
		if (b->refs == 0)
			list_add_tail(&cache.unused, &b->unused_link);
	}
	spin_unlock(&cache.lock);
	buffer_shrink(device, SIZE_MAX);
}

void buffer_init_cache(void)
{
	struct page_counts counts;

	page_count(&counts);
	cache.nbytes_max = counts.total * PAGE_SIZE / 16;
	spin_init(&cache.lock, "buffer cache", RANK_CACHE);
	spin_init(&cache.busy_lock, "buffer busy", RANK_CACHE);
	waitq_init(&cache.busy_wait);
	mutex_init(&cache.sync_lock, "buffer sync", RANK_BUFFER);
	list_init(&cache.unused);
	cache.slab = slab_cache_create("buffer", sizeof(struct buffer), 0);
	assert(cache.slab);
}
