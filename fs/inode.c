// SPDX-License-Identifier: MIT
/*
 * inode.c - the cache of inodes: one struct for each file in use, and for
 * many that were.
 *
 * A hash table finds the struct for (super, number).  Those that nobody
 * refers to stay in it, on a list with the least recently used first, until
 * they are too many, or the filesystem is unmounted.  Those with something
 * to write stand on the dirty list too, and stay until it is written.
 *
 * The last inode_put() of a file without links frees its storage instead:
 * this is what lets a file be unlinked while it is open.
 *
 * While an inode is read in, or on its way out, its struct stays in the hash
 * table in the state LOADING or GOING: whoever wants the same file meanwhile
 * waits.  So no two structs of one file are ever alive, and none is read
 * from the disk while its last pages are still on their way there.
 *
 * Whoever writes files back holds them meanwhile.  To a program a file is gone
 * when its last name and its last descriptor are, and then its blocks must be
 * free: so inode_put_wait() waits for a writer, and makes it stop early.
 *
 * Locking: cache_lock guards the table, the lists and states; it may be taken
 * under a mapping's lock (inode_mapping_hold).  Contents are under inode->lock.
 *
 * Tests: usertests, mmaptest.
 */
#include "fs/inode.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "mm/slab.h"

enum { INODE_HASH_SIZE = 1024, INODE_SHRINK_BATCH = 16 };

static struct spinlock cache_lock = SPINLOCK_INIT("inodes", RANK_CACHE);
static struct list hash_table[INODE_HASH_SIZE];
static struct list unused, dirty;     /* by lru_link, dirty_link */
static size_t ncached, nunused;       /* structs in the table; on `unused` */
static size_t nunused_max;            /* constant: more are shrunk */
static struct waitq state_changed;    /* LOADING, GOING or a writer's hold
					 has ended */
static struct mutex sync_mutex;       /* one inode_sync_all() at a time */
static struct slab_cache *inode_slab; /* constant */

void inode_init_cache(void)
{
	struct page_counts frames;

	for (size_t i = 0; i < INODE_HASH_SIZE; i++)
		list_init(&hash_table[i]);
	list_init(&unused);
	list_init(&dirty);
	waitq_init(&state_changed);
	mutex_init(&sync_mutex, "inode sync", RANK_SYNC);
	inode_slab = slab_cache_create("inode", sizeof(struct inode), 0);
	page_count(&frames);
	nunused_max = max_u64(256, min_u64(frames.total / 16, 65536));
}

static struct list *hash_chain(const struct super *super, uint64_t ino)
{
	uint64_t key = (ino ^ (uintptr_t)super >> 4) * 0x9e3779b97f4a7c15;

	return &hash_table[key >> 32 & (INODE_HASH_SIZE - 1)];
}

static struct inode *cache_find_locked(const struct super *super, uint64_t ino)
{
	struct list *chain = hash_chain(super, ino);

	list_for_each_entry (struct inode, inode, chain, cache_link) {
		if (inode->ino == ino && inode->super == super)
			return inode;
	}
	return NULL;
}

static void cache_insert_locked(struct inode *inode)
{
	list_add(hash_chain(inode->super, inode->ino), &inode->cache_link);
	ncached++;
}

/* 0 to 1 references only here: the inode is READY. */
static void hold_locked(struct inode *inode)
{
	if (atomic_fetch_add(&inode->refs, 1) == 0) {
		list_remove(&inode->lru_link);
		nunused--;
	}
}

static struct inode *inode_alloc(struct super *super, uint64_t ino)
{
	struct inode *inode = slab_alloc_zeroed(inode_slab);

	if (!inode)
		return NULL;
	inode->super = super;
	inode->ino = ino;
	inode->refs = 1;
	mutex_init(&inode->lock, "inode", RANK_INODE);
	mapping_init(&inode->mapping, NULL, inode);
	inode->mapping.all_errors = &super->errors;
	list_init(&inode->cache_link);
	list_init(&inode->lru_link);
	list_init(&inode->dirty_link);
	list_init(&inode->locks);
	return inode;
}

/* Out of the table and of existence.  It is LOADING or GOING: nobody but the
 * caller and those who wait for the state to end know it. */
static void inode_discard(struct inode *inode)
{
	assert(list_empty(&inode->locks));
	spin_lock(&cache_lock);
	list_remove(&inode->cache_link);
	list_remove(&inode->dirty_link);
	ncached--;
	waitq_wake_all(&state_changed);
	spin_unlock(&cache_lock);
	slab_free(inode_slab, inode);
}

struct inode *inode_new(struct super *super, uint64_t ino)
{
	struct inode *inode = inode_alloc(super, ino);

	if (!inode)
		return NULL;
	inode->state = INODE_READY;
	spin_lock(&cache_lock);
	cache_insert_locked(inode);
	spin_unlock(&cache_lock);
	return inode;
}

/* Referenced and READY, or NULL if it is not cached. */
static struct inode *cache_hold_locked(struct super *super, uint64_t ino)
{
	struct inode *inode;

	while ((inode = cache_find_locked(super, ino))) {
		if (inode->state == INODE_READY) {
			hold_locked(inode);
			return inode;
		}
		waitq_wait(&state_changed, &cache_lock);
	}
	return NULL;
}

/* Fill in a LOADING inode, and let those in who wait for it. */
static int inode_load(struct inode *inode, struct inode **out)
{
	int err = inode->super->ops->read_inode(inode);

	if (err) {
		inode_discard(inode);
		return err;
	}
	spin_lock(&cache_lock);
	inode->state = INODE_READY;
	waitq_wake_all(&state_changed);
	spin_unlock(&cache_lock);
	*out = inode;
	return 0;
}

int inode_get(struct super *super, uint64_t ino, struct inode **out)
{
	struct inode *fresh = NULL;

	spin_lock(&cache_lock);
	*out = cache_hold_locked(super, ino);
	if (!*out && (fresh = inode_alloc(super, ino)))
		cache_insert_locked(fresh); /* LOADING is state 0 */
	spin_unlock(&cache_lock);
	if (*out)
		return 0;
	return fresh ? inode_load(fresh, out) : -ENOMEM;
}

struct inode *inode_hold(struct inode *inode)
{
	unsigned before = atomic_fetch_add(&inode->refs, 1);

	assert(before > 0);
	return inode;
}

/* GOING, with no reference: end its contents, then the struct. */
static void inode_evict(struct inode *inode)
{
	const struct super_ops *ops = inode->super->ops;

	if (inode->nlink == 0 && ops->free_inode)
		ops->free_inode(inode);
	mapping_destroy(&inode->mapping);
	if (ops->forget_inode)
		ops->forget_inode(inode);
	inode_discard(inode);
}

/* Drop a reference; cache_lock is held, and released. */
static void put_and_unlock(struct inode *inode)
{
	if (atomic_fetch_sub(&inode->refs, 1) != 1) {
		spin_unlock(&cache_lock);
		return;
	}
	if (inode->nlink == 0 || inode->super->transient) {
		inode->state = INODE_GOING;
		spin_unlock(&cache_lock);
		inode_evict(inode);
		return;
	}
	list_add_tail(&unused, &inode->lru_link);

	bool many = ++nunused > nunused_max;

	spin_unlock(&cache_lock);
	if (many)
		inode_shrink(NULL, INODE_SHRINK_BATCH);
}

void inode_put(struct inode *inode)
{
	unsigned refs =
		atomic_load_explicit(&inode->refs, memory_order_relaxed);

	while (refs > 1)
		if (atomic_compare_exchange_weak(&inode->refs, &refs, refs - 1))
			return;
	spin_lock(&cache_lock);
	put_and_unlock(inode);
}

/* Is it without a name, and kept by writers-back alone, or just going? */
static bool lingers_locked(struct inode *inode)
{
	if (!inode || inode->nlink)
		return false;
	return inode->state == INODE_GOING ||
	       (inode->nkeepers && inode->refs == inode->nkeepers);
}

void inode_put_wait(struct inode *inode)
{
	struct super *super = inode->super;
	uint64_t ino = inode->ino;
	bool removed = inode->nlink == 0;

	inode_put(inode);
	if (!removed)
		return;
	spin_lock(&cache_lock);
	/* The struct may be gone, or another file's: look it up each time. */
	while (lingers_locked(inode = cache_find_locked(super, ino))) {
		inode->mapping.abandoned = true;
		waitq_wait(&state_changed, &cache_lock);
	}
	spin_unlock(&cache_lock);
}

/* Hold it for writing back; only if it is READY. */
static bool keep_locked(struct inode *inode)
{
	if (inode->state != INODE_READY)
		return false;
	hold_locked(inode);
	inode->nkeepers++;
	inode->super->nkeepers++;
	return true;
}

static void keep_end(struct inode *inode)
{
	struct super *super = inode->super;

	spin_lock(&cache_lock);
	inode->nkeepers--;
	waitq_wake_all(&state_changed);
	put_and_unlock(inode); /* it may be the last, and free the file */
	spin_lock(&cache_lock);
	super->nkeepers--;
	waitq_wake_all(&state_changed);
	spin_unlock(&cache_lock);
}

/* Take the least recently used inode that can go off the list, or NULL.
 * @forced: it can, even if it has something to write. */
static struct inode *unused_take_locked(const struct super *super, bool forced)
{
	list_for_each_entry (struct inode, inode, &unused, lru_link) {
		bool clean =
			!inode->dirty && list_empty(&inode->mapping.dirty_link);

		if ((super && inode->super != super) || !(clean || forced))
			continue;
		list_remove(&inode->lru_link);
		nunused--;
		inode->state = INODE_GOING;
		return inode;
	}
	return NULL;
}

size_t inode_shrink(struct super *super, size_t max)
{
	for (size_t n = 0; n < max; n++) {
		spin_lock(&cache_lock);
		struct inode *inode = unused_take_locked(super, false);

		spin_unlock(&cache_lock);
		if (!inode)
			return n;
		inode_evict(inode);
	}
	return max;
}

void inode_abandon(struct super *super)
{
	struct inode *inode;

	do {
		spin_lock(&cache_lock);
		while (super->nkeepers)
			waitq_wait(&state_changed, &cache_lock);
		inode = unused_take_locked(super, true);
		spin_unlock(&cache_lock);
		if (inode)
			inode_evict(inode);
	} while (inode);
}

void inode_lock(struct inode *inode)
{
	mutex_lock(&inode->lock);
}

void inode_lock_child(struct inode *inode)
{
	mutex_lock_ranked(&inode->lock, RANK_INODE_CHILD);
}

void inode_unlock(struct inode *inode)
{
	mutex_unlock(&inode->lock);
}

void inode_dirty(struct inode *inode)
{
	if (atomic_load_explicit(&inode->dirty, memory_order_relaxed) ||
	    !inode->super->ops->sync) /* there is nowhere to write it */
		return;
	spin_lock(&cache_lock);
	if (!inode->dirty) {
		inode->dirty = true;
		list_add_tail(&dirty, &inode->dirty_link);
	}
	spin_unlock(&cache_lock);
}

void inode_mapping_dirtied(struct mapping *mapping)
{
	struct inode *inode = mapping->owner;

	inode->stored = true;
	inode_dirty(inode);
}

bool inode_mapping_hold(struct mapping *mapping)
{
	struct inode *inode = mapping->owner;

	spin_lock(&cache_lock);

	bool ready = keep_locked(inode);

	spin_unlock(&cache_lock);
	return ready;
}

void inode_mapping_release(struct mapping *mapping)
{
	keep_end(mapping->owner);
}

uint64_t mapping_ino(const struct mapping *mapping)
{
	const struct inode *inode = mapping->owner;

	return inode->ino;
}

int inode_write(struct inode *inode, bool sync)
{
	int err = 0;

	inode_lock(inode);
	inode_settle(inode);
	spin_lock(&cache_lock);

	/* Clean from here on: a change during the write makes it dirty again.
	 */
	bool was_dirty = inode->dirty;

	inode->dirty = false;
	list_remove(&inode->dirty_link);
	spin_unlock(&cache_lock);
	if ((was_dirty || sync) && inode->ops->write_inode)
		err = inode->ops->write_inode(inode, sync);
	inode_unlock(inode);
	if (err)
		inode_dirty(inode);
	return err;
}

/* The first of @work, referenced; those of other filesystems go back. */
static struct inode *dirty_take(struct list *work, const struct super *super)
{
	struct inode *found = NULL;
	struct list *link;

	spin_lock(&cache_lock);
	while (!found && (link = list_pop(work))) {
		struct inode *inode =
			list_entry(link, struct inode, dirty_link);

		list_add_tail(&dirty, link);
		if ((!super || inode->super == super) && keep_locked(inode))
			found = inode;
	}
	spin_unlock(&cache_lock);
	return found;
}

int inode_sync_all(struct super *super)
{
	struct list work;
	struct inode *inode;
	int first_error = 0;

	list_init(&work);
	mutex_lock(&sync_mutex);
	spin_lock(&cache_lock);
	list_splice_tail(&work, &dirty);
	spin_unlock(&cache_lock);
	while ((inode = dirty_take(&work, super))) {
		int err = inode_write(inode, false);

		if (err && !first_error)
			first_error = err;
		keep_end(inode);
	}
	mutex_unlock(&sync_mutex);
	return first_error;
}

int inode_writers_add(struct inode *inode, int by)
{
	int n = inode->nwriters;

	do {
		if (n * by < 0)
			return -ETXTBSY;
	} while (!atomic_compare_exchange_weak(&inode->nwriters, &n, n + by));
	return 0;
}

void inode_writers_drop(struct inode *inode, int by)
{
	int before = atomic_fetch_sub(&inode->nwriters, by);

	assert(before * by > 0);
}

size_t inode_count_cached(void)
{
	return ncached;
}

size_t inode_count_in_use(void)
{
	spin_lock(&cache_lock);

	size_t n = ncached - nunused;

	spin_unlock(&cache_lock);
	return n;
}
