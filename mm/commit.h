/* SPDX-License-Identifier: MIT */
#ifndef MM_COMMIT_H
#define MM_COMMIT_H

/*
 * commit.h - how much memory may be promised (commit.c).
 */

#include "mm/vma.h"

/* Pages promised so far: vma.c and fs/memfile.c count. */
extern atomic_ulong commit_npages;

/* @v's pages come to the list (@sign: 1), or go (-1). */
static inline void commit_count(struct vma_list *list, const struct vma *v,
				int sign)
{
	uint64_t npages = sign * vma_npages(v);

	list->npages += npages;
	if (!(v->flags & VMA_ACCOUNTED))
		return;
	list->naccounted += npages;
	atomic_fetch_add(&commit_npages, npages);
}

/* /proc/sys/vm/overcommit_memory: 0, 1, 2; and overcommit_ratio. */
extern atomic_uint commit_mode, commit_ratio;

/* In mode 2. */
uint64_t commit_limit(void);

/* May one mapping's @npages be promised?  May a child's, which are the parent's
 * of all its mappings: in mode 0 each was small enough by itself? */
bool commit_may_add(uint64_t npages);
bool commit_may_copy(uint64_t npages);

/* VMA_ACCOUNTED, if memory like this is a promise, or 0. */
unsigned commit_vma_flag(int prot, unsigned flags);

#endif
