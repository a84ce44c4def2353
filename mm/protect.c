// SPDX-License-Identifier: MIT
/*
 * protect.c - calls on mappings that are there: mprotect and msync.
 *
 * A range given by a program may begin in one mapping, run over others and
 * over holes.  Linux does what it can and then says ENOMEM, so these calls
 * walk from mapping to mapping and remember that there was a hole.
 *
 * mprotect changes entries that are there in place: a page keeps its A and D
 * (a store that was made must reach its file even if the page is read-only
 * now), and PROT_NONE hides the entry without losing the page.  W is only
 * given where a store needs no fault.  Locked memory that may be stored to
 * now gets its private copies at once.
 *
 * Locking: mprotect takes mm->lock for writing, none to fill; msync for
 * reading, and it is released while that waits for the disk; then everything is
 * looked up again. Book: chapter 9.
 */

#include <linux/mman.h>

#include "kernel/lib/errno.h"
#include "mm/commit.h"
#include "mm/fault.h"
#include "mm/huge.h"
#include "mm/mapping.h"
#include "mm/mmap.h"
#include "mm/page.h"

/* --- mprotect --- */

/* Give the entry the rights of its VMA; true if it lost one.  ptl held. */
static bool protect_entry(struct vma *v, pte_slot *slot, bool *fetch)
{
	struct page *pg = page_from_pfn(pte_pfn(pte_read(slot)));
	int prot = v->prot;
	pte_t old, new;

	if ((prot & VM_W) && !fault_store_ready(v, pg))
		prot = fault_unwritable(prot);
	if ((prot & VM_X) && !(page_set_flags(pg, PAGE_FETCHED) & PAGE_FETCHED))
		*fetch = true;
	do { /* the hart may set A or D meanwhile */
		old = pte_read(slot);
		new = pte_with_prot(old, prot);
	} while (!pte_replace(slot, old, new));
	return pte_lost_right(old, new);
}

/* @v has new rights: so have its pages. */
static void protect_pages(struct vma *v)
{
	struct pte_span span = pte_span_start(v->start, v->end);
	bool lost = false;
	bool fetch = false;

	huge_split(v->mm, v->start, v->end);
	spin_lock(&v->mm->ptl);
	while (pte_span_next(&v->mm->pagetable, &span))
		for (size_t i = 0; pte_span_used(&span, &i); i++)
			if (pte_has_page(pte_read(&span.slot[i])))
				lost |= protect_entry(v, &span.slot[i], &fetch);
	if (lost)
		tlb_flush_range(&v->mm->pagetable, v->start, v->end);
	spin_unlock(&v->mm->ptl);
	if (fetch)
		icache_flush_all();
}

/* Do @npages of @v that were none become data, beyond RLIMIT_DATA? */
static bool becomes_data(struct mm *mm, const struct vma *v, int prot,
			 uint64_t npages)
{
	return vma_is_data(prot, v->flags) && !vma_is_data(v->prot, v->flags) &&
	       mm_may_add(mm, npages, false) && !mm_may_add(mm, npages, true);
}

/* Do they become a promise that can't be made? */
static bool overcommits(const struct vma *v, int prot, uint64_t npages)
{
	return (commit_vma_flag(prot, v->flags) & ~v->flags) &&
	       !commit_may_add(npages);
}

/* What of [va, end) lies in the VMA at @va: *va moves on behind it.  *fill:
 * it is locked, and may have private copies now. */
static int protect_next(struct mm *mm, vaddr_t *va, vaddr_t end, int prot,
			bool *fill)
{
	struct vma *v = vma_at(&mm->vmas, *va);

	*fill = false;

	if (!v)
		return -ENOMEM;
	if (prot & ~v->maxprot)
		return -EACCES;

	vaddr_t stop = min_u64(v->end, end);

	if (v->prot != prot) {
		uint64_t npages = (stop - *va) >> PAGE_SHIFT;
		int err = becomes_data(mm, v, prot, npages) ||
					  overcommits(v, prot, npages)
				  ? -ENOMEM
				  : vma_cut_range(&mm->vmas, *va, stop);

		if (err)
			return err;
		v = vma_at(&mm->vmas, *va);
		*fill = (v->flags & VMA_LOCKED) && !(v->flags & VMA_SHARED) &&
			(prot & ~v->prot & VM_W);
		vma_set_flags(&mm->vmas, v, v->start, v->end,
			      v->flags | commit_vma_flag(prot, v->flags));
		v->prot = prot;
		protect_pages(v);
	}
	*va = stop;
	return 0;
}

/* mm->lock is held for writing, but released where there is to be filled. */
static int protect_range(struct mm *mm, vaddr_t addr, vaddr_t end, int prot)
{
	vaddr_t va = addr;
	int err = 0;

	while (!err && va < end) {
		vaddr_t start = va;
		bool fill;

		err = protect_next(mm, &va, end, prot, &fill);
		if (!fill)
			continue;
		vma_merge(&mm->vmas, addr, va);
		mm_edit_done(mm);
		/* What can't be had is no error. */
		(void)mmap_populate_next(mm, &start, va, 0);
		write_lock(&mm->lock);
	}
	vma_merge(&mm->vmas, addr, va);
	mm_edit_done(mm);
	return err;
}

int mmap_protect(struct mm *mm, vaddr_t addr, uint64_t nbytes, int prot)
{
	const int grows = prot & (PROT_GROWSDOWN | PROT_GROWSUP);
	vaddr_t end = addr + page_up(nbytes);

	prot &= ~grows;
	if (grows == (PROT_GROWSDOWN | PROT_GROWSUP) || page_offset(addr))
		return -EINVAL;
	if (!nbytes)
		return 0;
	if (end <= addr)
		return -ENOMEM;
	if (prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM))
		return -EINVAL;
	write_lock(&mm->lock);

	struct vma *v = grows ? vma_at(&mm->vmas, addr) : NULL;

	if (v && (!(v->flags & VMA_STACK) || grows == PROT_GROWSUP)) {
		mm_edit_done(mm);
		return -EINVAL;
	}
	return protect_range(mm, v ? v->start : addr, end, prot & ~PROT_SEM);
}

/* --- msync --- */

/* Write back what [*va, end) shows of the file at *va or after it; *va moves
 * on.  -ENOMEM: there is nothing any more.  There is never a copy to be made
 * invalid; but locked memory says so. */
static int sync_next(struct mm *mm, vaddr_t *va, vaddr_t end, int flags)
{
	bool wait = flags & MS_SYNC;
	vaddr_t start = *va;
	int err = 0;

	read_lock(&mm->lock);

	struct vma *v = vma_part(&mm->vmas, &start, &end);

	if (!v) {
		read_unlock(&mm->lock);
		*va = end;
		return -ENOMEM;
	}

	pgoff_t first = vma_pgoff(v, start);
	struct file *f = wait && (v->flags & VMA_SHARED) ? v->file : NULL;

	if ((flags & MS_INVALIDATE) && (v->flags & VMA_LOCKED)) {
		read_unlock(&mm->lock);
		return -EBUSY;
	}
	if (f)
		file_get(f);
	read_unlock(&mm->lock);
	if (f) {
		err = file_sync_range(f, first,
				      first + ((end - start) >> PAGE_SHIFT));
		file_put(f);
	}
	if (!err && start > *va)
		err = -ENOMEM;
	*va = end;
	return err;
}

int mmap_sync(struct mm *mm, vaddr_t addr, uint64_t nbytes, int flags)
{
	vaddr_t end = addr + page_up(nbytes);
	int hole = 0;

	if ((flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) ||
	    page_offset(addr) || ((flags & MS_ASYNC) && (flags & MS_SYNC)))
		return -EINVAL;
	if (end < addr)
		return -ENOMEM;
	/* MS_ASYNC promises nothing that the flusher doesn't do anyway. */
	for (vaddr_t va = addr; va < end;) {
		int err = sync_next(mm, &va, end, flags);

		if (err == -ENOMEM)
			hole = err;
		else if (err)
			return err;
	}
	return hole;
}
