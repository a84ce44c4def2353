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
 * BUSY is a lock that an interrupt may release: a task that changes the
 * buffer holds it, and so does the device while it reads or writes the
 * memory.  So a block reaches the disk either before or after a change,
 * never with half of it.
 *
 * The cache grows to a sixteenth of memory.  From then on, and when there is
 * no memory, a new buffer takes the place of the one unused for longest; if
 * all are dirty, after a sync.  Reclaim leaves RESERVE of them, so that blocks
 * can always be read, even to get memory back.
 *
 * Writing is in buffer_sync.c.
 *
 * Locking: cache.lock (spin) for hash, list and tree.
 * Tests: tests/host/buffer_test.c.
 */

#include "fs/buffer.h"

#include "fs/journal.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "mm/page.h"
#include "mm/slab.h"

enum { HASH_BITS = 12, HASH_SIZE = 1 << HASH_BITS, RESERVE = 32 };

static struct {
	struct spinlock lock;
	struct buffer *hash[HASH_SIZE]; /* (lock) */
	struct list unused;             /* (lock) */
	size_t nunused;                 /* (lock) on that list */
	struct tree dirty;              /* (lock) */
	size_t nbytes;                  /* (lock) of data, in all buffers */
	size_t nbytes_max;              /* (c) before old ones must go */
	struct slab_cache *slab;        /* (c) */
	struct spinlock busy_lock;      /* interrupts off; for busy_wait */
	struct waitq busy_wait;
} cache;

/* --- BUSY --- */

bool buffer_try(struct buffer *b)
{
	return !(atomic_fetch_or(&b->state, BUFFER_BUSY) & BUFFER_BUSY);
}

void buffer_begin(struct buffer *b)
{
	const unsigned wanted = BUFFER_BUSY | BUFFER_WAITERS;

	if (buffer_try(b))
		return;
	unsigned long irq = spin_lock_irq(&cache.busy_lock);
	/* WAITERS is set in the same step that finds it BUSY: whoever
	 * releases it from now on will come for the lock, and find us. */
	while (atomic_fetch_or(&b->state, wanted) & BUFFER_BUSY)
		waitq_wait(&cache.busy_wait, &cache.busy_lock);
	spin_unlock_irq(&cache.busy_lock, irq);
}

void buffer_release(struct buffer *b)
{
	const unsigned bits = BUFFER_BUSY | BUFFER_WAITERS;

	if (!(atomic_fetch_and(&b->state, ~bits) & BUFFER_WAITERS))
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

static void unused_remove_locked(struct buffer *b)
{
	list_remove(&b->unused_link);
	cache.nunused--;
}

/* The cached buffer, with a reference, or NULL. */
static struct buffer *find_locked(struct block_device *device, uint64_t block,
				  uint32_t nbytes)
{
	struct buffer *b = *bucket_of(device, block);

	while (b && (b->block != block || b->device != device ||
		     b->nbytes != nbytes))
		b = b->hash_next;
	if (b && atomic_fetch_add(&b->refs, 1) == 0 &&
	    !(b->state & BUFFER_DIRTY))
		unused_remove_locked(b);
	return b;
}

/* Out of the cache: an unused one. */
static void remove_locked(struct buffer *b)
{
	struct buffer **at = bucket_of(b->device, b->block);

	while (*at != b)
		at = &(*at)->hash_next;
	*at = b->hash_next;
	unused_remove_locked(b);
	cache.nbytes -= b->nbytes;
}

/* --- getting and putting --- */

static void buffer_free(struct buffer *b)
{
	kfree(b->data);
	slab_free(cache.slab, b);
}

size_t buffer_shrink(struct block_device *device, size_t max)
{
	size_t keep = device ? 0 : RESERVE, n = 0;
	struct list victims;

	list_init(&victims);
	spin_lock(&cache.lock);
	list_for_each_entry_safe (struct buffer, b, &cache.unused,
				  unused_link) {
		if (n == max || cache.nunused <= keep)
			break;
		if (device && b->device != device)
			continue;
		remove_locked(b);
		list_add_tail(&victims, &b->unused_link);
		n++;
	}
	spin_unlock(&cache.lock);
	list_for_each_entry_safe (struct buffer, b, &victims, unused_link)
		buffer_free(b);
	return n;
}

static struct buffer *buffer_alloc(uint32_t nbytes)
{
	struct buffer *b = slab_alloc_zeroed(cache.slab);

	if (!b)
		return NULL;
	b->data = kmalloc(nbytes);
	if (!b->data) {
		slab_free(cache.slab, b);
		return NULL;
	}
	b->nbytes = nbytes;
	list_init(&b->unused_link);
	list_init(&b->running_link);
	list_init(&b->logged_link);
	return b;
}

/* Take the one unused for longest out of the cache, or NULL. */
static struct buffer *recycle(uint32_t nbytes)
{
	struct buffer *found = NULL;

	spin_lock(&cache.lock);
	list_for_each_entry (struct buffer, b, &cache.unused, unused_link) {
		if (b->nbytes == nbytes) {
			remove_locked(b);
			found = b;
			break;
		}
	}
	spin_unlock(&cache.lock);
	return found;
}

static struct buffer *buffer_new(struct block_device *device, uint64_t block,
				 uint32_t nbytes)
{
	struct buffer *b = NULL;

	if (cache.nbytes < cache.nbytes_max)
		b = buffer_alloc(nbytes);
	if (!b)
		b = recycle(nbytes);
	if (!b) {
		/* An error stays with the buffers: they are dirty still, and
		 * the filesystem's own next sync reports it. */
		buffer_sync(device);
		b = recycle(nbytes);
	}
	if (!b)
		b = buffer_alloc(nbytes);
	if (!b)
		return NULL;
	b->device = device;
	b->block = block;
	b->refs = 1;
	b->state = 0;
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
	struct buffer **bucket = bucket_of(device, block);

	/* Another task may have made it while we allocated: look again. */
	b = find_locked(device, block, nbytes);
	if (!b) {
		fresh->hash_next = *bucket;
		*bucket = fresh;
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
		buffer_begin(b);
		/* Another task may have read it while we waited. */
		if (!(b->state & BUFFER_UPTODATE))
			err = block_transfer(device, BLOCK_READ, sector_of(b),
					     b->data, nbytes);
		if (!err)
			atomic_fetch_or(&b->state, BUFFER_UPTODATE);
		buffer_release(b);
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
	buffer_begin(b);
	memset(b->data, 0, nbytes);
	atomic_fetch_or(&b->state, BUFFER_UPTODATE);
	buffer_release(b);
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
	if (atomic_fetch_sub(&b->refs, 1) == 1 && !(b->state & BUFFER_DIRTY)) {
		list_add_tail(&cache.unused, &b->unused_link);
		cache.nunused++;
	}
	spin_unlock(&cache.lock);
}

/* --- dirty ones --- */

static struct buffer *dirty_entry(struct tree_node *node)
{
	return container_of(node, struct buffer, dirty_node);
}

/* Is @b before (@device, @block) in the tree? */
static bool is_before(const struct buffer *b, const struct block_device *device,
		      uint64_t block)
{
	return b->device == device ? b->block < block : b->device < device;
}

static void dirty_insert_locked(struct buffer *b)
{
	struct tree_node *parent = NULL, *node = cache.dirty.root;
	int side = 0;

	while (node) {
		parent = node;
		side = is_before(dirty_entry(node), b->device, b->block);
		node = node->child[side];
	}
	tree_insert(&cache.dirty, parent, side, &b->dirty_node);
	atomic_fetch_or(&b->state, BUFFER_DIRTY);
}

static void dirty_locked(struct buffer *b)
{
	const unsigned bits = BUFFER_UPTODATE | BUFFER_DIRTY | BUFFER_HELD;

	if ((b->state & bits) == BUFFER_UPTODATE)
		dirty_insert_locked(b);
}

void buffer_dirty(struct buffer *b)
{
	spin_lock(&cache.lock);
	dirty_locked(b);
	spin_unlock(&cache.lock);
}

static bool clean_locked(struct buffer *b)
{
	bool dirty = b->state & BUFFER_DIRTY;

	if (dirty)
		tree_remove(&cache.dirty, &b->dirty_node);
	atomic_fetch_and(&b->state, ~BUFFER_DIRTY);
	return dirty;
}

bool buffer_clean(struct buffer *b)
{
	spin_lock(&cache.lock);
	bool dirty = clean_locked(b);
	spin_unlock(&cache.lock);
	return dirty;
}

void buffer_hold(struct buffer *b)
{
	spin_lock(&cache.lock);
	clean_locked(b);
	if (!(atomic_fetch_or(&b->state, BUFFER_HELD) & BUFFER_HELD))
		atomic_fetch_add(&b->refs, 1);
	spin_unlock(&cache.lock);
}

void buffer_unhold(struct buffer *b, bool dirty)
{
	spin_lock(&cache.lock);
	atomic_fetch_and(&b->state, ~BUFFER_HELD);
	if (dirty)
		dirty_locked(b);
	spin_unlock(&cache.lock);
}

struct buffer *buffer_next_dirty(struct block_device *device, uint64_t block)
{
	struct buffer *best = NULL;

	spin_lock(&cache.lock);
	for (struct tree_node *node = cache.dirty.root; node;) {
		bool before = is_before(dirty_entry(node), device, block);

		if (!before)
			best = dirty_entry(node);
		node = node->child[before];
	}
	if (best && best->device != device)
		best = NULL;
	if (best)
		atomic_fetch_add(&best->refs, 1);
	spin_unlock(&cache.lock);
	return best;
}

void buffer_end(struct buffer *b)
{
	if (b->device->journal)
		journal_changed(b->device->journal, b);
	else if (!(b->state & BUFFER_DIRTY))
		buffer_dirty(b);
	buffer_release(b);
}

void buffer_forget(struct block_device *device, uint64_t block, uint32_t nbytes)
{
	spin_lock(&cache.lock);
	struct buffer *b = find_locked(device, block, nbytes);
	spin_unlock(&cache.lock);

	if (!b)
		return;
	buffer_begin(b);
	buffer_clean(b);
	atomic_fetch_and(&b->state, ~BUFFER_UPTODATE);
	if (device->journal)
		journal_forgot(device->journal, b);
	buffer_release(b);
	buffer_put(b);
}

size_t buffer_cached_bytes(void)
{
	size_t nbytes;

	spin_lock(&cache.lock);
	nbytes = cache.nbytes;
	spin_unlock(&cache.lock);
	return nbytes;
}

void buffer_discard(struct block_device *device)
{
	struct buffer *b;

	while ((b = buffer_next_dirty(device, 0))) {
		buffer_forget(device, b->block, b->nbytes);
		buffer_put(b);
	}
	buffer_shrink(device, SIZE_MAX);
}

void buffer_init_cache(void)
{
	struct page_counts counts;

	page_count(&counts);
	cache.nbytes_max = counts.total * PAGE_SIZE / 16;
	spin_init(&cache.lock, "buffer cache", RANK_CACHE);
	spin_init(&cache.busy_lock, "buffer busy", RANK_IO_DONE);
	waitq_init(&cache.busy_wait);
	list_init(&cache.unused);
	cache.slab = slab_cache_create("buffer", sizeof(struct buffer), 0);
	assert(cache.slab);
	buffer_init_sync();
}
