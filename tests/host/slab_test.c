/* host-test: mm/slab.c mm/page.c kernel/sync/spinlock.c tests/host/frames.c */
/* SPDX-License-Identifier: MIT */
/*
 * slab_test.c - kmalloc and caches: no two objects overlap, contents stay,
 * running out is survived, and all frames come back.
 */
#include <stdlib.h>
#include <string.h>

#include "mm/page.h"
#include "mm/slab.h"
#include "tests/host/frames.h"

enum { NOBJECTS = 3000, STEPS = 1000000 };

static struct object {
	uint8_t *bytes;
	size_t nbytes;
	uint8_t fill;
	struct slab_cache *cache;
} objects[NOBJECTS];

static struct slab_cache *odd, *aligned, *large;

static void check_contents(const struct object *o)
{
	for (size_t i = 0; i < o->nbytes; i++)
		if (o->bytes[i] != o->fill)
			CHECK(o->bytes[i] == o->fill);
	checks++;
}

static void allocate(struct object *o)
{
	static const size_t sizes[] = {1, 16, 17, 100, 500, 2048, 2049, 9000};

	o->cache = NULL;
	switch (random() % 4) {
	case 0:
		o->cache = odd;
		o->nbytes = 72;
		break;
	case 1:
		o->cache = random() % 2 ? aligned : large;
		o->nbytes = o->cache == large ? 4096 : 64;
		break;
	default:
		o->nbytes = sizes[random() % 8];
	}
	o->bytes = o->cache ? slab_alloc_zeroed(o->cache)
			    : kmalloc_zeroed(o->nbytes);
	if (!o->bytes)
		return;
	CHECK((uintptr_t)o->bytes % (o->cache == aligned ? 64 : 16) == 0);
	o->fill = 0;
	check_contents(o);
	o->fill = random();
	memset(o->bytes, o->fill, o->nbytes);
}

static void release(struct object *o)
{
	check_contents(o);
	if (o->cache)
		slab_free(o->cache, o->bytes);
	else
		kfree(o->bytes);
	o->bytes = NULL;
}

int main(int argc, char **argv)
{
	frames_start("slab", argc, argv);
	slab_init();
	odd = slab_cache_create("odd", 72, 0);
	aligned = slab_cache_create("aligned", 50, 64);
	large = slab_cache_create("large", 4096, 0);

	size_t nfree = page_nfree();

	for (int i = 0; i < STEPS; i++) {
		struct object *o = &objects[random() % NOBJECTS];

		if (o->bytes)
			release(o);
		else
			allocate(o);
	}
	for (size_t i = 0; i < NOBJECTS; i++)
		if (objects[i].bytes)
			release(&objects[i]);
	kfree(NULL);
	CHECK(!kmalloc((4 << 20) + 1));
	slab_shrink();
	CHECK(page_nfree() == nfree && page_tally.slab == 0);
	return frames_end("slab");
}
