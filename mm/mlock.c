// SPDX-License-Identifier: MIT
/*
 * mlock.c - memory that stays: mlock, munlock, mlockall, and bringing pages
 * in, which MAP_POPULATE and madvise ask for, too.
 *
 * A lock is a flag of the interval, so locking a part of one cuts it, and two
 * that differ in it are not merged.  What the flag does: reclaim leaves a
 * file's page mapped where a locked interval shows it (cache.c), nor swaps what
 * is in one (swap_out.c), and madvise won't throw the pages away.
 *
 * Locked intervals are filled at once, as the first store would where that
 * makes a private copy, or else reading; unless MLOCK_ONFAULT says that each
 * page may wait for its touch.  mlock ends at the first page that can't be
 * had, all others go on with the next mapping.  mlockall(MCL_FUTURE) is a set
 * of flags that each new mapping of the address space starts with.
 *
 * Linux stops at a hole, with ENOMEM, and what lies before it is locked; so
 * do we.  A child of fork has no locks.
 *
 * Locking: mm->lock for writing while flags change; none to fill, so that
 * each page is a fault of its own.  Book: chapter 9.  Tests: mmaptest "lock".
 */

#include <linux/mman.h>

#include "arch/riscv/layout.h"
#include "kernel/lib/errno.h"
#include "kernel/sync/sched.h"
#include "mm/fault.h"
#include "mm/mmap.h"

/* --- bringing in --- */

static int touch(struct mm *mm, vaddr_t va, vaddr_t end, int access)
{
	int err = 0;

	for (; va < end && !err; va += PAGE_SIZE) {
		err = fault_handle(mm, va, access);
		sched_point();
		if (!err && sched_killed())
			err = -EINTR;
	}
	return err;
}

/* The access that fills @v; 0: PROT_NONE has none. */
static int fill_access(const struct vma *v)
{
	if ((v->prot & VM_W) && !(v->flags & VMA_SHARED))
		return VM_W;
	return v->prot & (VM_R | VM_W) ? VM_R : v->prot & VM_X;
}

int mmap_populate_next(struct mm *mm, vaddr_t *start, vaddr_t end, int access)
{
	bool strict = access;
	vaddr_t va = *start;
	int err = 0;

	read_lock(&mm->lock);

	struct vma *v = vma_part(&mm->vmas, &va, &end);

	if (strict && (!v || va > *start))
		err = -ENOMEM;
	else if (strict && !(v->prot & access))
		err = -EINVAL;
	else if (!v || (!strict && (v->flags & VMA_ONFAULT)))
		va = end;
	else if (!strict)
		access = fill_access(v);
	read_unlock(&mm->lock);
	*start = end;
	if (err || va >= end)
		return err;
	return access ? touch(mm, va, end, access) : -EACCES;
}

int mmap_populate(struct mm *mm, vaddr_t start, vaddr_t end)
{
	int first = 0;

	while (start < end && first != -ENOMEM && first != -EINTR) {
		int err = mmap_populate_next(mm, &start, end, 0);

		if (!first || err == -ENOMEM || err == -EINTR)
			first = err;
	}
	return first;
}

/* --- locking --- */

/* The kernel's own page is always there, and has no flag. */
static int lock_vma(struct mm *mm, struct vma *v, vaddr_t start, vaddr_t end,
		    unsigned flags)
{
	if (v->flags & VMA_SPECIAL)
		return 0;
	return vma_set_flags(&mm->vmas, v, start, end,
			     (v->flags & ~VMA_LOCK_FLAGS) | flags);
}

static int lock_range(struct mm *mm, vaddr_t start, vaddr_t end, unsigned flags)
{
	vaddr_t va = start;
	int err = 0;

	while (!err && va < end) {
		struct vma *v = vma_at(&mm->vmas, va);
		vaddr_t stop = v ? min_u64(v->end, end) : va;

		err = v ? lock_vma(mm, v, va, stop, flags) : -ENOMEM;
		va = stop;
	}
	vma_merge(&mm->vmas, start, va);
	return err;
}

int mmap_lock(struct mm *mm, vaddr_t addr, uint64_t nbytes, unsigned flags)
{
	vaddr_t start = page_down(addr);
	vaddr_t end = start + page_up(nbytes + page_offset(addr));
	int err;

	if (end < start)
		return -EINVAL;
	write_lock(&mm->lock);
	err = lock_range(mm, start, end, flags);
	mm_edit_done(mm);
	if (err || !flags)
		return err;
	while (!err && start < end)
		err = mmap_populate_next(mm, &start, end, 0);
	if (!err || err == -EINTR)
		return err;
	return err == -ENOMEM ? -EAGAIN : -ENOMEM; /* as POSIX has it */
}

int mmap_lock_all(struct mm *mm, int flags)
{
	unsigned lock = VMA_LOCKED | (flags & MCL_ONFAULT ? VMA_ONFAULT : 0);
	bool now = flags & MCL_CURRENT;

	write_lock(&mm->lock);
	mm->new_flags = flags & MCL_FUTURE ? lock : 0;
	/* Whole intervals: there is nothing to cut, and nothing can fail. */
	for (struct vma *v = vma_next(&mm->vmas, NULL); v && (now || !flags);
	     v = vma_next(&mm->vmas, v))
		lock_vma(mm, v, v->start, v->end, now ? lock : 0);
	vma_merge(&mm->vmas, 0, USER_END);
	mm_edit_done(mm);
	/* What can't be had (PROT_NONE, past the end of a file) is no error. */
	return now && mmap_populate(mm, 0, USER_END) == -EINTR ? -EINTR : 0;
}
