/* SPDX-License-Identifier: MIT */
#ifndef MM_HUGE_H
#define MM_HUGE_H

/*
 * huge.h - 2 MiB of anonymous memory behind one page-table entry (huge.c).
 */

#include "mm/mm.h"

/* The boot option transparent_hugepage=: who gets megapages. */
enum huge_mode { HUGE_NEVER, HUGE_MADVISE, HUGE_ALWAYS };
extern enum huge_mode huge_mode;

/* `always', `madvise' or `never'; other words change nothing. */
void huge_set_mode(const char *word);

/* Is there room in @v for one, and may it be had? */
bool huge_eligible(const struct vma *v);

/* A store to @va, where nothing or the page of zeros is, may bring 2 MiB: true
 * if it did, or if it is to be tried again.  mm->lock held for reading; sleeps
 * not. */
bool huge_fault_try(struct vma *v, vaddr_t va);

static inline bool huge_fault(struct vma *v, vaddr_t va)
{
	return (v->flags & VMA_HUGEPAGE || huge_mode == HUGE_ALWAYS) &&
	       huge_fault_try(v, va);
}

/*
 * Put tables in the place of all megapages that reach into [start, end), so
 * that each page has an entry of its own.  Can't fail.  mm->lock held: for
 * reading only, others may make new ones meanwhile.
 */
void huge_split_locked(struct mm *mm, vaddr_t start, vaddr_t end); /* ptl */

static inline void huge_split(struct mm *mm, vaddr_t start, vaddr_t end)
{
	if (!mm->nhuge)
		return;
	spin_lock(&mm->ptl);
	huge_split_locked(mm, start, end);
	spin_unlock(&mm->ptl);
}

/* For /proc/vmstat: how many there are; since boot, how many faults got one,
 * and how many found no memory for it, and how many were split. */
extern struct huge_counts {
	atomic_ulong now, faults, fallbacks, splits;
} huge_counts;

#endif
