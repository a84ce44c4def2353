/* SPDX-License-Identifier: MIT */
#ifndef MM_RADIX_H
#define MM_RADIX_H

/*
 * radix.h - a sparse array: page index to pointer, 64 slots a node, as deep
 * as the largest index needs.  The owner locks.
 */

#include "kernel/lib/types.h"

struct radix_node;

struct radix {
	struct radix_node *root;
	unsigned height;
};

void *radix_find(const struct radix *radix, uint64_t index);

/* 0; -ENOMEM; -EEXIST.  (Preloads nothing: see radix_reserve.) */
int radix_insert(struct radix *radix, uint64_t index, void *item);
void *radix_remove(struct radix *radix, uint64_t index);

/* The first item at or after *index (updated to where it is), or NULL. */
void *radix_next(const struct radix *radix, uint64_t *index);

#endif
