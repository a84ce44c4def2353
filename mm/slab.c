// SPDX-License-Identifier: MIT
/*
 * slab.c - memory for objects smaller than a page.
 *
 * A cache hands out objects of one size.  It gets memory a frame at a time
 * and cuts the frame into objects; a free object's first word points at the
 * next free one of its frame.  What there is to know about a frame lies in
 * its struct page, so that an object's address finds it all:
 *
 *   struct page: owner -> cache, nobjects handed out, free_object -> o -> o
 *
 * Frames with something free are on the cache's list; full ones are on none;
 * a frame all of whose objects came back is kept if it is the only one.
 *
 * kmalloc() is a row of such caches, and whole pages above them.
 *
 * Locking: each cache has a spinlock, taken with interrupts off, because a
 * completed disk request frees its memory in the interrupt.
 * Tests: tests/host/slab_test.c.
 */

#include "mm/slab.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "kernel/sync/spinlock.h"
#include "mm/inject.h"
#include "mm/page.h"

enum { NCACHES = 64, POISON = 0x6b };

struct slab_cache {
	struct spinlock lock;
	const char *name;
	size_t nbytes;       /* distance of two objects */
	struct list partial; /* frames with a free object, by page->link */
	unsigned nempty;     /* of those, frames with nothing handed out */
};

static struct slab_cache caches[NCACHES];
static unsigned ncaches;

static const uint16_t kmalloc_sizes[] = {16,  32,  64,  96,   128, 192,
					 256, 384, 512, 1024, 2048};
enum { NSIZES = sizeof(kmalloc_sizes) / sizeof(*kmalloc_sizes) };
static struct slab_cache *kmalloc_caches[NSIZES];

#ifdef CONFIG_DEBUG
static void poison(struct slab_cache *cache, void *object)
{
	memset((char *)object + sizeof(void *), POISON,
	       cache->nbytes - sizeof(void *));
}

static void check_poison(struct slab_cache *cache, void *object)
{
	for (size_t i = sizeof(void *); i < cache->nbytes; i++)
		assert(((uint8_t *)object)[i] == POISON);
}

atomic_ulong slab_nobjects;

static void count_objects(long n)
{
	atomic_fetch_add(&slab_nobjects, n);
}
#else
static void poison(struct slab_cache *cache, void *object)
{
}

static void check_poison(struct slab_cache *cache, void *object)
{
}

static void count_objects(long n)
{
}
#endif

static void push_free(struct slab_cache *cache, struct page *pg, void *object)
{
	poison(cache, object);
	*(void **)object = pg->free_object;
	pg->free_object = object;
}

/* Cut a fresh frame into objects.  cache->lock held. */
static void slab_add(struct slab_cache *cache, struct page *pg)
{
	char *base = page_address(pg);

	page_set_flags(pg, PAGE_SLAB);
	pg->owner = cache;
	pg->nobjects = 0;
	pg->free_object = NULL;
	for (size_t i = PAGE_SIZE / cache->nbytes; i--;)
		push_free(cache, pg, base + i * cache->nbytes);
	list_add(&cache->partial, &pg->link);
	cache->nempty++;
	atomic_fetch_add(&page_tally.slab, 1);
}

/* Take an empty frame off the cache.  cache->lock held. */
static void slab_remove(struct slab_cache *cache, struct page *pg)
{
	list_remove(&pg->link);
	cache->nempty--;
	page_clear_flags(pg, PAGE_SLAB);
	atomic_fetch_sub(&page_tally.slab, 1);
	page_put(pg);
}

/* An object from the first frame on the list.  cache->lock held. */
static void *take_object(struct slab_cache *cache)
{
	struct page *pg = list_entry(cache->partial.next, struct page, link);
	void *object = pg->free_object;

	pg->free_object = *(void **)object;
	if (!pg->nobjects++)
		cache->nempty--;
	if (!pg->free_object)
		list_remove(&pg->link);
	check_poison(cache, object);
	count_objects(1);
	return object;
}

void *slab_alloc(struct slab_cache *cache)
{
	if (inject_failure())
		return NULL;

	unsigned long saved = spin_lock_irq(&cache->lock);

	while (list_empty(&cache->partial)) {
		spin_unlock_irq(&cache->lock, saved);

		struct page *pg = page_alloc_try();

		if (!pg)
			return NULL;
		saved = spin_lock_irq(&cache->lock);
		slab_add(cache, pg);
	}

	void *object = take_object(cache);

	spin_unlock_irq(&cache->lock, saved);
	return object;
}

void *slab_alloc_zeroed(struct slab_cache *cache)
{
	void *object = slab_alloc(cache);

	return object ? memset(object, 0, cache->nbytes) : NULL;
}

void slab_free(struct slab_cache *cache, void *object)
{
	struct page *pg = page_from_address(object);
	unsigned long saved = spin_lock_irq(&cache->lock);

	assert(pg->owner == cache && pg->nobjects);
	if (!pg->free_object)
		list_add(&cache->partial, &pg->link);
	push_free(cache, pg, object);
	count_objects(-1);
	if (!--pg->nobjects && ++cache->nempty > 1)
		slab_remove(cache, pg);
	spin_unlock_irq(&cache->lock, saved);
}

struct slab_cache *slab_cache_create(const char *name, size_t nbytes,
				     size_t align)
{
	assert(ncaches < NCACHES);

	struct slab_cache *cache = &caches[ncaches++];

	if (align < 16)
		align = 16;
	cache->name = name;
	cache->nbytes = (nbytes + align - 1) & ~(align - 1);
	assert(cache->nbytes <= PAGE_SIZE);
	spin_init(&cache->lock, name, RANK_SLAB);
	list_init(&cache->partial);
	return cache;
}

void slab_shrink(void)
{
	for (unsigned i = 0; i < ncaches; i++) {
		struct slab_cache *cache = &caches[i];
		unsigned long saved = spin_lock_irq(&cache->lock);
		struct list *link = cache->partial.next;

		while (cache->nempty) {
			struct page *pg = list_entry(link, struct page, link);

			link = link->next;
			if (!pg->nobjects)
				slab_remove(cache, pg);
		}
		spin_unlock_irq(&cache->lock, saved);
	}
}

/* --- kmalloc --- */

static unsigned order_of(size_t nbytes)
{
	unsigned order = 0;

	while (PAGE_SIZE << order < nbytes)
		order++;
	return order;
}

void *kmalloc(size_t nbytes)
{
	for (unsigned i = 0; i < NSIZES; i++)
		if (nbytes <= kmalloc_sizes[i])
			return slab_alloc(kmalloc_caches[i]);
	if (nbytes > PAGE_SIZE << PAGE_ORDER_MAX)
		return NULL;

	struct page *pg = page_alloc_order(order_of(nbytes));

	return pg ? page_address(pg) : NULL;
}

void *kmalloc_zeroed(size_t nbytes)
{
	void *object = kmalloc(nbytes);

	return object ? memset(object, 0, nbytes) : NULL;
}

void kfree(void *object)
{
	if (!object)
		return;

	struct page *pg = page_from_address(object);

	if (page_flags(pg) & PAGE_SLAB)
		slab_free(pg->owner, object);
	else
		page_put(pg);
}

void slab_init(void)
{
	for (unsigned i = 0; i < NSIZES; i++)
		kmalloc_caches[i] =
			slab_cache_create("kmalloc", kmalloc_sizes[i], 16);
}
