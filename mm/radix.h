/* SPDX-License-Identifier: MIT */
#ifndef MM_RADIX_H
#define MM_RADIX_H

/*
 * radix.h - a sparse array: page index to pointer, 64 slots a node, as deep
 * as the largest index needs.  Items carry tags; a walk over the items with a
 * tag costs in proportion to their number.  The owner locks.
 */

#include "kernel/lib/types.h"

struct radix_node;

struct radix {
	struct radix_node *root;
	unsigned height;
};

enum radix_tag {
	RADIX_PRESENT, /* kept by insert and remove */
	RADIX_DIRTY,
	RADIX_WRITING,
	RADIX_NTAGS
};

void radix_init(void);

void *radix_find(const struct radix *radix, uint64_t index);

/* The slots of [index, index + *n), or of the first *n of them, which the tree
 * keeps together: items or NULL.  NULL: it has none of these. */
void **radix_slots(const struct radix *radix, uint64_t index, size_t *n);

/* 0; -ENOMEM; -EEXIST.  The new item has no tags. */
int radix_insert(struct radix *radix, uint64_t index, void *item);

/* Returns the item that was there, or NULL. */
void *radix_remove(struct radix *radix, uint64_t index);

/* The first item with @tag at or after *index (updated to where it is), or
 * NULL. */
void *radix_next(const struct radix *radix, enum radix_tag tag,
		 uint64_t *index);

/* The item must be there. */
void radix_set_tag(struct radix *radix, enum radix_tag tag, uint64_t index);
void radix_clear_tag(struct radix *radix, enum radix_tag tag, uint64_t index);

static inline bool radix_empty(const struct radix *radix)
{
	return !radix->root;
}

/* Is there any item with @tag? */
bool radix_any(const struct radix *radix, enum radix_tag tag);

#endif
