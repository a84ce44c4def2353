// SPDX-License-Identifier: MIT
/*
 * slab_stub.c - the kernel's allocator on the host's malloc, so that ASan sees
 * every overrun and leak, and a test can make the next allocation fail.
 */
#include "tests/host/slab_stub.h"

#include <stdlib.h>

struct slab_cache {
	size_t nbytes;
};

static bool fail_next;
static size_t in_use;

void slab_stub_fail_next(bool fail)
{
	fail_next = fail;
}

size_t slab_stub_in_use(void)
{
	return in_use;
}

void *kmalloc_zeroed(size_t nbytes)
{
	if (fail_next) {
		fail_next = false;
		return NULL;
	}
	in_use++;
	return calloc(1, nbytes);
}

void *kmalloc(size_t nbytes)
{
	return kmalloc_zeroed(nbytes);
}

void kfree(void *object)
{
	in_use -= object != NULL;
	free(object);
}

struct slab_cache *slab_cache_create(const char *name, size_t nbytes,
				     size_t align)
{
	static struct slab_cache caches[16];
	static unsigned ncaches;
	struct slab_cache *cache = &caches[ncaches++ % 16];

	cache->nbytes = nbytes;
	return cache;
}

void *slab_alloc(struct slab_cache *cache)
{
	return kmalloc_zeroed(cache->nbytes);
}

void *slab_alloc_zeroed(struct slab_cache *cache)
{
	return kmalloc_zeroed(cache->nbytes);
}

void slab_free(struct slab_cache *cache, void *object)
{
	kfree(object);
}
