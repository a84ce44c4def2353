// SPDX-License-Identifier: MIT
/*
 * commit.c - how much memory may be promised.
 *
 * mmap promises pages, and the touch wants them.  Most programs never touch all
 * that they map, so Linux, and we, promise more than there is; who comes too
 * late is killed, or kills (oom.c).  What a promise is: a page of private
 * memory that may be written (VMA_ACCOUNTED), or of shared memory that has no
 * file.  Three modes, /proc/sys/vm/overcommit_memory:
 *
 *   0  a single promise larger than memory and swap is refused
 *   1  nothing is
 *   2  all promises together stay below swap and a part of memory: nobody is
 *      killed, but fork may fail
 *
 * Locking: none: the sum is atomic, and a promise made on another hart between
 * asking and counting goes beyond the limit once.
 *
 * Book: chapter 19.  Tests: mmaptest "commit".
 */

#include "mm/commit.h"

#include "mm/page.h"
#include "mm/swap.h"

atomic_uint commit_mode = 0, commit_ratio = 50;

uint64_t commit_limit(void)
{
	return page_ntotal * commit_ratio / 100 + swap_counts.total;
}

bool commit_may_add(uint64_t npages)
{
	switch (commit_mode) {
	case 0:
		return npages <= page_ntotal + swap_counts.total;
	case 1:
		return true;
	default:
		return !npages ||
		       range_ok(commit_npages, npages, commit_limit());
	}
}

bool commit_may_copy(uint64_t npages)
{
	return commit_mode != 2 || commit_may_add(npages);
}

unsigned commit_vma_flag(int prot, unsigned flags)
{
	const unsigned not = VMA_SHARED | VMA_NORESERVE | VMA_SPECIAL;

	return (prot & VM_W) && !(flags & not ) ? VMA_ACCOUNTED : 0;
}
