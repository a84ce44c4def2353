/* SPDX-License-Identifier: MIT */
#ifndef MM_RMAP_H
#define MM_RMAP_H

/*
 * rmap.h - which VMAs show a page of a file: the mapping's interval tree.
 *
 * A VMA with a file is in the tree from vma_insert() to vma_remove(), and its
 * bounds only change under mapping->lock: who holds that lock sees every
 * page-table entry that can name a page of the file, through v->mm.
 */

#include "mm/mapping.h"

/* Lock the tree that @v belongs in; NULL if it has no file. */
struct mapping *rmap_lock(const struct vma *v);
void rmap_unlock(struct mapping *mapping); /* NULL: nothing */

/* mapping->lock held (or mapping NULL: does nothing). */
void rmap_insert(struct mapping *mapping, struct vma *v);
void rmap_remove(struct mapping *mapping, struct vma *v);

/* The VMAs that show any page of [first, last], both included, in order of
 * pgoff.  mapping->lock held. */
struct vma *rmap_first(struct mapping *mapping, pgoff_t first, pgoff_t last);
struct vma *rmap_next(struct vma *v, pgoff_t first, pgoff_t last);

#endif
