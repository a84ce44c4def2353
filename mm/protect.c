// SPDX-License-Identifier: MIT
/*
 * protect.c - calls on mappings that are there: mprotect, msync, madvise,
 * mincore.
 *
 * A range given by a program may begin in one mapping, run over others and
 * over holes.  Linux does what it can and then says ENOMEM, so these calls
 * walk from mapping to mapping and remember that there was a hole.
 *
 * mprotect changes entries that are there in place: a page keeps its A and D
 * (a store that was made must reach its file even if the page is read-only
 * now), and PROT_NONE hides the entry without losing the page.  W is only
 * given where a store needs no fault.
 *
 * Locking: mprotect takes mm->lock for writing, the others for reading; msync
 * releases it while it waits for the disk, and looks everything up again.
 * Book: chapter 8.
 */

#include <linux/mman.h>

#include "arch/riscv/usercopy.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "mm/fault.h"
#include "mm/mapping.h"
#include "mm/mmap.h"
#include "mm/page.h"
#include "mm/unmap.h"

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
	for (int right = VM_R; right <= VM_X; right <<= 1)
		if (pte_present(old) && pte_allows(old, right) &&
		    !(pte_present(new) && pte_allows(new, right)))
			return true;
	return false;
}

/* @v has new rights: so have its pages. */
static void protect_pages(struct vma *v)
{
	struct pte_span span = pte_span_start(v->start, v->end);
	bool lost = false;
	bool fetch = false;

	spin_lock(&v->mm->ptl);
	while (pte_span_next(&v->mm->pagetable, &span))
		for (size_t i = 0; i < span.nslots; i++)
			if (!pte_none(pte_read(&span.slot[i])))
				lost |= protect_entry(v, &span.slot[i], &fetch);
	if (lost)
		tlb_flush_range(&v->mm->pagetable, v->start, v->end);
	spin_unlock(&v->mm->ptl);
	if (fetch)
		icache_flush_all();
}

/* What of [va, end) lies in the VMA at @va: *va moves on behind it. */
static int protect_next(struct mm *mm, vaddr_t *va, vaddr_t end, int prot)
{
	struct vma *v = vma_at(&mm->vmas, *va);

	if (!v)
		return -ENOMEM;
	if (prot & ~v->maxprot)
		return -EACCES;

	vaddr_t stop = min_u64(v->end, end);

	if (v->prot != prot) {
		int err = vma_cut_range(&mm->vmas, *va, stop);

		if (err)
			return err;
		v = vma_at(&mm->vmas, *va);
		v->prot = prot;
		protect_pages(v);
	}
	*va = stop;
	return 0;
}

int mmap_protect(struct mm *mm, vaddr_t addr, uint64_t nbytes, int prot)
{
	const int grows = prot & (PROT_GROWSDOWN | PROT_GROWSUP);
	vaddr_t end = addr + page_up(nbytes);
	int err = 0;

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

	vaddr_t va = addr;
	struct vma *v = vma_at(&mm->vmas, addr);

	if (v && grows) {
		if (!(v->flags & VMA_STACK) || grows == PROT_GROWSUP)
			err = -EINVAL;
		va = v->start;
	}
	while (!err && va < end)
		err = protect_next(mm, &va, end, prot & ~PROT_SEM);
	vma_merge(&mm->vmas, min_u64(addr, va), va);
	mm_edit_done(mm);
	return err;
}

/* --- msync --- */

/* Write back what [*va, end) shows of the file at *va or after it; *va moves
 * on.  -ENOMEM: there is nothing any more. */
static int sync_next(struct mm *mm, vaddr_t *va, vaddr_t end, bool wait)
{
	int err = 0;

	read_lock(&mm->lock);

	struct vma *v = vma_find(&mm->vmas, *va);

	if (!v || v->start >= end) {
		read_unlock(&mm->lock);
		*va = end;
		return -ENOMEM;
	}

	vaddr_t start = max_u64(*va, v->start);
	vaddr_t stop = min_u64(end, v->end);
	pgoff_t first = vma_pgoff(v, start);
	struct file *f = wait && (v->flags & VMA_SHARED) ? v->file : NULL;

	if (f)
		file_get(f);
	read_unlock(&mm->lock);
	if (f) {
		err = file_sync_range(f, first,
				      first + ((stop - start) >> PAGE_SHIFT));
		file_put(f);
	}
	if (!err && start > *va)
		err = -ENOMEM;
	*va = stop;
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
		int err = sync_next(mm, &va, end, flags & MS_SYNC);

		if (err == -ENOMEM)
			hole = err;
		else if (err)
			return err;
	}
	return hole;
}

/* --- madvise --- */

static int advice_valid(int advice)
{
	switch (advice) {
	case MADV_NORMAL:
	case MADV_RANDOM:
	case MADV_SEQUENTIAL:
	case MADV_WILLNEED:
	case MADV_DONTNEED:
	case MADV_FREE:
	case MADV_COLD:
	case MADV_PAGEOUT:
	case MADV_DONTDUMP:
	case MADV_DODUMP:
	case MADV_HUGEPAGE:
	case MADV_NOHUGEPAGE:
		return 0;
	default:
		return -EINVAL;
	}
}

/* FREE may throw the pages away at any time: it does so now. */
static int advise_vma(struct vma *v, vaddr_t start, vaddr_t end, int advice)
{
	if (advice != MADV_DONTNEED && advice != MADV_FREE)
		return 0;
	if ((v->flags & VMA_SPECIAL) || (advice == MADV_FREE && v->file))
		return -EINVAL;
	unmap_pages(v, start, end);
	return 0;
}

int mmap_advise(struct mm *mm, vaddr_t addr, uint64_t nbytes, int advice)
{
	vaddr_t end = addr + page_up(nbytes);
	int err = advice_valid(advice);
	int hole = 0;

	if (err || page_offset(addr) || (nbytes && !page_up(nbytes)) ||
	    end < addr)
		return -EINVAL;
	read_lock(&mm->lock);
	for (vaddr_t va = addr; !err && va < end;) {
		struct vma *v = vma_find(&mm->vmas, va);

		if (!v || v->start > va)
			hole = -ENOMEM;
		if (!v || v->start >= end)
			break;
		va = max_u64(va, v->start);
		err = advise_vma(v, va, min_u64(end, v->end), advice);
		va = v->end;
	}
	read_unlock(&mm->lock);
	return err ? err : hole;
}

/* --- mincore --- */

static bool is_cached(const struct vma *v, vaddr_t va)
{
	if (!v->file)
		return false;

	struct page *pg =
		mapping_find_page(file_mapping(v->file), vma_pgoff(v, va));
	bool uptodate = pg && (page_flags(pg) & PAGE_UPTODATE);

	if (pg)
		page_put(pg);
	return uptodate;
}

/* One byte for each page from @va on; -ENOMEM: not all are mapped. */
static int resident(struct mm *mm, vaddr_t va, uint8_t *vec, size_t npages)
{
	int err = 0;

	read_lock(&mm->lock);
	for (size_t i = 0; i < npages && !err; i++, va += PAGE_SIZE) {
		struct vma *v = vma_at(&mm->vmas, va);

		if (!v) {
			err = -ENOMEM;
			break;
		}
		spin_lock(&mm->ptl);

		pte_slot *slot = pagetable_find(&mm->pagetable, va);

		vec[i] = slot && pte_has_page(pte_read(slot));
		spin_unlock(&mm->ptl);
		if (!vec[i])
			vec[i] = is_cached(v, va);
	}
	read_unlock(&mm->lock);
	return err;
}

int mmap_resident(struct mm *mm, vaddr_t addr, uint64_t nbytes, vaddr_t vec)
{
	uint64_t npages = page_up(nbytes) >> PAGE_SHIFT;
	uint8_t part[256];

	if (page_offset(addr))
		return -EINVAL;
	if (!range_ok(addr, nbytes, USER_END))
		return -ENOMEM;
	if (!range_ok(vec, npages, USER_END))
		return -EFAULT;
	while (npages) {
		size_t n = min_u64(npages, sizeof(part));
		int err = resident(mm, addr, part, n);

		if (err)
			return err;
		if (copy_to_user(vec, part, n))
			return -EFAULT;
		addr += n * PAGE_SIZE;
		vec += n;
		npages -= n;
	}
	return 0;
}
