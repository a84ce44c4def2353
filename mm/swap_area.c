// SPDX-License-Identifier: MIT
/*
 * swap_area.c - the places on disk where anonymous pages go.
 *
 * An area is a disk, or a file, that mkswap(8) has prepared: an array of slots
 * of one page each, the first of which holds a header.  In memory there are
 * eight bytes for each slot: how many entries name it, and the frame that is
 * cached for it.  They come a page at a time, so that an area of any size
 * needs no more than single frames, once, when it is switched on; giving out
 * a slot needs no memory, and must not: that is how memory is got.
 *
 *      header | slot | slot | slot | ...        on disk
 *        1      0      2,pfn  1                 refs, frame
 *
 * Slots are given out one after the other, round and round, so that pages
 * that go together lie together and are one transfer.
 *
 * A file's blocks are looked up once, too, and become extents: later nothing
 * but the disk is asked.
 *
 * Locking: areas_mutex for switching on and off; swap_lock for slots.
 * Book: chapter 19.  Tests: tests/guest/swap_test.py.
 */

#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/slab.h"
#include "mm/swap.h"

struct spinlock swap_lock = SPINLOCK_INIT("swap", RANK_SWAP);
struct swap_counts swap_counts;

static struct mutex areas_mutex =
	MUTEX_INIT(areas_mutex, "swap areas", RANK_SWAP_AREAS);
static struct swap_area *areas[SWAP_AREAS_MAX]; /* changed under both */

/* --- the header --- */

int swap_header_check(const void *page, uint64_t npages, bool file,
		      uint64_t *nslots)
{
	const struct swap_header *h = page;
	const char *magic = (const char *)page + PAGE_SIZE - SWAP_MAGIC;

	if (memcmp(magic, "SWAPSPACE2", SWAP_MAGIC) || h->version != 1 ||
	    !h->last_page || h->last_page >= npages || h->nbad > SWAP_BAD_MAX ||
	    (file && h->nbad))
		return -EINVAL;
	for (uint32_t i = 0; i < h->nbad; i++)
		if (!h->bad[i] || h->bad[i] > h->last_page)
			return -EINVAL;
	*nslots = h->last_page + 1ul;
	return 0;
}

/* --- slots; swap_lock held --- */

static struct swap_slot *slot_at(struct swap_area *area, uint64_t offset)
{
	return &area->chunks[offset / SLOTS_PER_CHUNK]
			.slot[offset % SLOTS_PER_CHUNK];
}

static struct swap_area *area_of(uint64_t place)
{
	return areas[place % SWAP_AREAS_MAX];
}

struct swap_slot *swap_slot(uint64_t place)
{
	struct swap_area *area = area_of(place);
	uint64_t offset = place >> SWAP_TYPE_BITS;

	return area && offset < area->nslots ? slot_at(area, offset) : NULL;
}

static void take_slot(struct swap_area *area, uint64_t offset)
{
	slot_at(area, offset)->refs = 1;
	area->chunks[offset / SLOTS_PER_CHUNK].nfree--;
}

/* A free slot at @offset or after it, round and round; there is one. */
static uint64_t find_free(struct swap_area *area, uint64_t offset)
{
	for (;;) {
		if (offset >= area->nslots)
			offset = 0;
		if (!area->chunks[offset / SLOTS_PER_CHUNK].nfree)
			offset = (offset / SLOTS_PER_CHUNK + 1) *
				 SLOTS_PER_CHUNK;
		else if (slot_at(area, offset)->refs)
			offset++;
		else
			return offset;
	}
}

/* The best area that has room. */
static struct swap_area *area_with_room(void)
{
	struct swap_area *best = NULL;

	for (unsigned i = 0; i < SWAP_AREAS_MAX; i++) {
		struct swap_area *area = areas[i];

		if (area && !area->closing && area->nused < area->ngood &&
		    (!best || area->priority > best->priority))
			best = area;
	}
	return best;
}

bool swap_slot_alloc(uint64_t *place)
{
	struct swap_area *area = area_with_room();

	if (!area)
		return false;

	uint64_t offset = find_free(area, area->next);

	take_slot(area, offset);
	area->nused++;
	area->next = offset + 1;
	atomic_fetch_add(&swap_counts.used, 1);
	*place = offset << SWAP_TYPE_BITS | area->type;
	return true;
}

void swap_slot_get(uint64_t place)
{
	struct swap_slot *slot = swap_slot(place);

	assert(slot->refs);
	slot->refs++;
}

void swap_slot_put(uint64_t place)
{
	struct swap_area *area = area_of(place);
	uint64_t offset = place >> SWAP_TYPE_BITS;
	struct swap_slot *slot = slot_at(area, offset);

	assert(slot->refs);
	if (--slot->refs)
		return;
	assert(!slot->pfn);
	area->chunks[offset / SLOTS_PER_CHUNK].nfree++;
	area->nused--;
	atomic_fetch_sub(&swap_counts.used, 1);
}

/* --- the disk --- */

/* The extent that slot @offset is in. */
static const struct swap_extent *extent_at(const struct swap_area *area,
					   uint64_t offset)
{
	size_t low = 0, high = area->nextents;

	while (high - low > 1) {
		size_t middle = (low + high) / 2;

		if (area->extents[middle].first <= offset)
			low = middle;
		else
			high = middle;
	}
	return &area->extents[low];
}

static int transfer(const struct swap_area *area, enum block_op op,
		    uint64_t offset, struct page **pages, size_t n)
{
	struct block_request request;
	int err = 0;

	while (n && !err) {
		const struct swap_extent *e = extent_at(area, offset);
		uint64_t skip = offset - e->first;
		size_t part = min_u64(min_u64(n, e->npages - skip),
				      BLOCK_SEGMENTS_MAX);

		request.op = op;
		request.sector =
			e->sector + (skip << (PAGE_SHIFT - SECTOR_SHIFT));
		request.nsegments = part;
		for (size_t i = 0; i < part; i++)
			request.segment[i] = (struct block_segment){
				page_to_phys(pages[i]), PAGE_SIZE};
		err = block_submit_wait(area->device, &request);
		offset += part;
		pages += part;
		n -= part;
	}
	return err ? -EIO : 0;
}

int swap_transfer(enum block_op op, uint64_t place, struct page **pages,
		  size_t n)
{
	/* It is not switched off while one of its slots is in use. */
	struct swap_area *area = area_of(place);
	int err = transfer(area, op, place >> SWAP_TYPE_BITS, pages, n);

	atomic_fetch_add(op == BLOCK_READ ? &swap_counts.in : &swap_counts.out,
			 n);
	if (err && !area->failed) {
		area->failed = true;
		printk("swap: %s %s failed\n", area->name,
		       op == BLOCK_READ ? "read" : "write");
	}
	return err;
}

/* --- on and off --- */

void swap_area_free(struct swap_area *area)
{
	for (size_t i = 0; i < area->nchunks; i++)
		if (area->chunks[i].slot)
			page_put(page_from_address(area->chunks[i].slot));
	kfree(area->chunks);
	kfree(area->extents);
	kfree(area);
}

/* A record for each slot; the header's and the bad ones are taken. */
static int make_slots(struct swap_area *area, const struct swap_header *h)
{
	size_t n = (area->nslots + SLOTS_PER_CHUNK - 1) / SLOTS_PER_CHUNK;

	area->chunks = kmalloc_zeroed(n * sizeof(*area->chunks));
	if (!area->chunks)
		return -ENOMEM;
	area->nchunks = n;
	for (size_t i = 0; i < n; i++) {
		struct page *pg = page_alloc_zeroed();

		if (!pg)
			return -ENOMEM;
		area->chunks[i].slot = page_address(pg);
		area->chunks[i].nfree = min_u64(
			SLOTS_PER_CHUNK, area->nslots - i * SLOTS_PER_CHUNK);
	}
	area->ngood = area->nslots - 1;
	take_slot(area, 0);
	for (uint32_t i = 0; i < h->nbad; i++)
		if (!slot_at(area, h->bad[i])->refs) {
			take_slot(area, h->bad[i]);
			area->ngood--;
		}
	return area->ngood ? 0 : -EINVAL;
}

/* Give it a number; areas_mutex held. */
static int enter(struct swap_area *area, int priority)
{
	int lowest = -1;
	unsigned type = SWAP_AREAS_MAX;

	for (unsigned i = SWAP_AREAS_MAX; i-- > 0;) {
		if (!areas[i])
			type = i;
		else if (areas[i]->owner == area->owner)
			return -EBUSY;
		else if (areas[i]->priority < lowest)
			lowest = areas[i]->priority;
	}
	if (type == SWAP_AREAS_MAX)
		return -EPERM;
	area->type = type;
	area->priority = priority < 0 ? lowest - 1 : priority;
	area->next = 1;
	spin_lock(&swap_lock);
	areas[type] = area;
	spin_unlock(&swap_lock);
	atomic_fetch_add(&swap_counts.total, area->ngood);
	return 0;
}

int swap_on(struct swap_area *area, int priority)
{
	struct page *pg = page_alloc();
	int err = -ENOMEM;

	if (!pg)
		return err;
	err = transfer(area, BLOCK_READ, 0, &pg, 1);
	if (!err)
		err = swap_header_check(page_address(pg), area->nslots,
					area->is_file, &area->nslots);
	if (!err)
		err = make_slots(area, page_address(pg));
	page_put(pg);
	if (err)
		return err;
	mutex_lock(&areas_mutex);
	err = enter(area, priority);
	mutex_unlock(&areas_mutex);
	return err;
}

static struct swap_area *find(const void *owner)
{
	for (unsigned i = 0; i < SWAP_AREAS_MAX; i++)
		if (areas[i] && areas[i]->owner == owner)
			return areas[i];
	return NULL;
}

bool swap_is_on(const void *owner)
{
	mutex_lock(&areas_mutex);

	bool on = find(owner);

	mutex_unlock(&areas_mutex);
	return on;
}

static void set_closing(struct swap_area *area, bool closing)
{
	spin_lock(&swap_lock);
	area->closing = closing;
	spin_unlock(&swap_lock);
}

/* areas_mutex held. */
static int off_locked(struct swap_area *area)
{
	int err;

	set_closing(area, true);
	err = swap_in_all(area);
	if (err) {
		set_closing(area, false);
		return err;
	}
	atomic_fetch_sub(&swap_counts.total, area->ngood);
	spin_lock(&swap_lock);
	areas[area->type] = NULL;
	spin_unlock(&swap_lock);
	return 0;
}

int swap_off(const void *owner, struct swap_area **out)
{
	int err = -EINVAL;

	mutex_lock(&areas_mutex);
	*out = find(owner);
	if (*out)
		err = off_locked(*out);
	mutex_unlock(&areas_mutex);
	return err;
}

void swap_areas_lock(void)
{
	mutex_lock(&areas_mutex);
}

void swap_areas_unlock(void)
{
	mutex_unlock(&areas_mutex);
}

struct swap_area *swap_area_next(unsigned *type)
{
	while (*type < SWAP_AREAS_MAX && !areas[*type])
		++*type;
	return *type < SWAP_AREAS_MAX ? areas[(*type)++] : NULL;
}
