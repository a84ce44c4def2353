// SPDX-License-Identifier: MIT
/*
 * radix.c - a sparse array of pointers.
 *
 * The index is read six bits at a time, most significant first; each group
 * chooses one of the 64 slots of a node.  With two levels:
 *
 *     index 130 = 2 * 64 + 2:   root --slot 2--> node --slot 2--> item
 *
 * The tree is just as high as its largest index needs: an index that does not
 * fit makes a new root whose slot 0 is the old one.
 *
 * Each node has a mask per tag: bit i says that something below slot i has
 * the tag.  RADIX_PRESENT is simply the tag that every item has, so finding
 * the next item and finding the next dirty one are the same walk.
 *
 * Locking: the owner's.  Insertion allocates, without sleeping.
 * Tests: tests/host/radix_test.c.
 */

#include "mm/radix.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "mm/slab.h"

enum { BITS = 6, NSLOTS = 1 << BITS, HEIGHT_MAX = (64 + BITS - 1) / BITS };

struct radix_node {
	uint64_t mask[RADIX_NTAGS];
	void *slot[NSLOTS]; /* nodes, or items in the lowest level */
};

static struct slab_cache *nodes;

void radix_init(void)
{
	nodes = slab_cache_create("radix", sizeof(struct radix_node), 0);
}

/* The number of the lowest set bit; @mask is not 0. */
static unsigned lowest_bit(uint64_t mask)
{
	unsigned n = 0;

	for (unsigned half = 32; half; half /= 2)
		if (!(mask & ((1ul << half) - 1))) {
			mask >>= half;
			n += half;
		}
	return n;
}

static unsigned slot_of(uint64_t index, unsigned level)
{
	return index >> level * BITS & (NSLOTS - 1);
}

static bool fits(const struct radix *radix, uint64_t index)
{
	return radix->height * BITS >= 64 || !(index >> radix->height * BITS);
}

void *radix_find(const struct radix *radix, uint64_t index)
{
	if (!fits(radix, index))
		return NULL;

	void *at = radix->root;

	for (unsigned level = radix->height; level-- && at;)
		at = ((struct radix_node *)at)->slot[slot_of(index, level)];
	return at;
}

void **radix_slots(const struct radix *radix, uint64_t index, size_t *n)
{
	struct radix_node *node = radix->root;

	*n = min_u64(*n, NSLOTS - slot_of(index, 0));
	if (!fits(radix, index))
		return NULL;
	for (unsigned level = radix->height; --level && node;)
		node = node->slot[slot_of(index, level)];
	return node ? &node->slot[slot_of(index, 0)] : NULL;
}

/*
 * The nodes on the way to @index, path[height - 1] being the root; false if
 * it ends early.
 */
static bool radix_path(const struct radix *radix, uint64_t index,
		       struct radix_node **path)
{
	struct radix_node *node = radix->root;

	if (!fits(radix, index))
		return false;
	for (unsigned level = radix->height; level--;) {
		if (!node)
			return false;
		path[level] = node;
		node = node->slot[slot_of(index, level)];
	}
	return node;
}

/* The first node of an empty tree, at the right height at once. */
static int radix_start(struct radix *radix, uint64_t index)
{
	radix->root = slab_alloc_zeroed(nodes);
	if (!radix->root)
		return -ENOMEM;
	do
		radix->height++;
	while (!fits(radix, index));
	return 0;
}

/* Make the tree high enough for @index: a new root above the old one. */
static int radix_grow(struct radix *radix, uint64_t index)
{
	if (!radix->root)
		return radix_start(radix, index);
	while (!fits(radix, index)) {
		struct radix_node *node = slab_alloc_zeroed(nodes);

		if (!node)
			return -ENOMEM;
		for (int tag = 0; tag < RADIX_NTAGS; tag++)
			node->mask[tag] = radix->root->mask[tag] != 0;
		node->slot[0] = radix->root;
		radix->root = node;
		radix->height++;
	}
	return 0;
}

/* Free the empty nodes on the way to @index, and the tree if it is empty. */
static void radix_prune(struct radix *radix, uint64_t index)
{
	struct radix_node *path[HEIGHT_MAX];
	struct radix_node *node = radix->root;
	unsigned level = radix->height;

	while (level-- && node) {
		path[level] = node;
		node = node->slot[slot_of(index, level)];
	}
	for (level++; level < radix->height; level++) {
		if (path[level]->mask[RADIX_PRESENT])
			return;
		slab_free(nodes, path[level]);
		if (level + 1 == radix->height)
			break;

		unsigned slot = slot_of(index, level + 1);

		path[level + 1]->slot[slot] = NULL;
		path[level + 1]->mask[RADIX_PRESENT] &= ~(1ul << slot);
	}
	radix->root = NULL;
	radix->height = 0;
}

int radix_insert(struct radix *radix, uint64_t index, void *item)
{
	int err = radix_grow(radix, index);

	if (err)
		return err;

	struct radix_node *node = radix->root;

	for (unsigned level = radix->height - 1; level; level--) {
		void **slot = &node->slot[slot_of(index, level)];

		if (!*slot)
			*slot = slab_alloc_zeroed(nodes);
		if (!*slot) {
			radix_prune(radix, index);
			return -ENOMEM;
		}
		node = *slot;
	}
	if (node->slot[slot_of(index, 0)])
		return -EEXIST;
	node->slot[slot_of(index, 0)] = item;
	radix_set_tag(radix, RADIX_PRESENT, index);
	return 0;
}

void *radix_remove(struct radix *radix, uint64_t index)
{
	struct radix_node *path[HEIGHT_MAX];

	if (!radix->root || !radix_path(radix, index, path))
		return NULL;
	for (int tag = 0; tag < RADIX_NTAGS; tag++)
		radix_clear_tag(radix, tag, index);

	void **slot = &path[0]->slot[slot_of(index, 0)];
	void *item = *slot;

	*slot = NULL;
	radix_prune(radix, index);
	return item;
}

void radix_set_tag(struct radix *radix, enum radix_tag tag, uint64_t index)
{
	struct radix_node *path[HEIGHT_MAX];
	bool found = radix_path(radix, index, path);

	assert(found);
	for (unsigned level = 0; level < radix->height; level++)
		path[level]->mask[tag] |= 1ul << slot_of(index, level);
}

void radix_clear_tag(struct radix *radix, enum radix_tag tag, uint64_t index)
{
	struct radix_node *path[HEIGHT_MAX];
	bool found = radix_path(radix, index, path);

	assert(found);
	for (unsigned level = 0; level < radix->height; level++) {
		path[level]->mask[tag] &= ~(1ul << slot_of(index, level));
		if (path[level]->mask[tag])
			break; /* something else below has it */
	}
}

bool radix_any(const struct radix *radix, enum radix_tag tag)
{
	return radix->root && radix->root->mask[tag];
}

/*
 * Go down towards @index, always to the first slot at or after its own that
 * has the tag.  Where a node has none, start again at the first index that
 * lies behind it.
 */
void *radix_next(const struct radix *radix, enum radix_tag tag, uint64_t *index)
{
	uint64_t at = *index;

again:
	if (!radix->root || !fits(radix, at))
		return NULL;

	void *item = radix->root;

	for (unsigned level = radix->height; level--;) {
		const struct radix_node *node = item;
		unsigned slot = slot_of(at, level);
		uint64_t mask = node->mask[tag] >> slot << slot;

		if (!mask) {
			unsigned shift = (level + 1) * BITS;

			if (level + 1 == radix->height)
				return NULL;
			at = ((at >> shift) + 1) << shift;
			if (!at)
				return NULL;
			goto again;
		}

		unsigned next = lowest_bit(mask);

		if (next != slot)
			at = ((at >> level * BITS) - slot + next)
			     << level * BITS;
		item = node->slot[next];
	}
	*index = at;
	return item;
}
