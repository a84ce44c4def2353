/* SPDX-License-Identifier: MIT */
#ifndef MM_FAULT_H
#define MM_FAULT_H

/*
 * fault.h - the lazy pager's one entry.
 */

#include "mm/mm.h"

struct page;

/*
 * Bring the page holding @va into @mm, for access @access (one of VM_R, VM_W,
 * VM_X).
 *   locks:   takes mm->lock for reading, may drop and retake it
 *   sleeps:  yes (disk).  Never call with a spinlock, page or inode lock.
 *   returns: 0        resolved: run the instruction again
 *            -EFAULT  no mapping there        (SIGSEGV, SEGV_MAPERR)
 *            -EACCES  no right to that access (SIGSEGV, SEGV_ACCERR)
 *            -ERANGE  a page past the end of the file, a full disk, an I/O
 *                     error                   (SIGBUS, BUS_ADRERR)
 *            -ENOMEM  no frame                (the process is killed)
 */
int fault_handle(struct mm *mm, vaddr_t va, int access);

/*
 * May an entry for @pg in @v be writable right away, or must the first store
 * fault, to copy it or find a place on disk for it?  ptl held.
 */
bool fault_store_ready(struct vma *v, struct page *pg);

/* @va, in a VMA of a file, has just got its entry, at @slot: so may its
 * neighbours (around.c).  mm->lock held. */
void fault_around(struct vma *v, vaddr_t va, pte_slot *slot);

/* Rights of an entry whose first store must fault: W implies R. */
static inline int fault_unwritable(int prot)
{
	return prot & VM_W ? (prot & ~VM_W) | VM_R : prot;
}

/* What faults did, since boot: for /proc/vmstat and the tests. */
struct fault_counts {
	atomic_ulong faults, anonymous_zero, anonymous_new, file_read,
		file_write, cow_copies, cow_reuses, mended, stack_growths,
		major, oom_kills;
};
extern struct fault_counts fault_counts;

#endif
