/* SPDX-License-Identifier: MIT */
#ifndef MM_SLAB_H
#define MM_SLAB_H

/*
 * slab.h - memory for the kernel's own objects: caches of one size each, and
 * kmalloc() on top of a row of them.
 *
 * Never sleeps; freeing is allowed in interrupts, allocating is not.  Freed
 * objects are poisoned in the debug build.
 */

#include <stdatomic.h>

#include "kernel/lib/types.h"

struct slab_cache;

void slab_init(void);

/* A cache of objects of @nbytes (a page at most), aligned to 16 (or to
 * @align, a power of 2). */
struct slab_cache *slab_cache_create(const char *name, size_t nbytes,
				     size_t align);
void *slab_alloc(struct slab_cache *cache);        /* NULL: no memory */
void *slab_alloc_zeroed(struct slab_cache *cache); /* NULL: no memory */
void slab_free(struct slab_cache *cache, void *object);

/* Any size up to 4 MiB (whole pages above 2 KiB); NULL: no memory.
 * kfree(NULL) does nothing. */
void *kmalloc(size_t nbytes);
void *kmalloc_zeroed(size_t nbytes);
void kfree(void *object);

#ifdef CONFIG_DEBUG
extern atomic_ulong slab_nobjects; /* handed out, by all caches */
#endif

/* Give empty slabs back: before counting, and under pressure. */
void slab_shrink(void);

#endif
