// SPDX-License-Identifier: MIT
/*
 * advise.c - what a program expects of its memory, and what it has of it:
 * madvise, mincore.
 *
 * Advice comes in three kinds, which need three kinds of lock:
 *
 *   how it will be used         a flag of the interval: RANDOM, SEQUENTIAL,
 *                               DONTFORK, WIPEONFORK, HUGEPAGE; or nothing
 *   what to do with pages now   WILLNEED reads, DONTNEED and FREE throw away,
 *                               COLD and PAGEOUT let reclaim have them, REMOVE
 *                               punches a hole into the file
 *   faults, but all at once     POPULATE_READ, POPULATE_WRITE
 *
 * A range may run over holes: what is mapped gets the advice, and then the
 * answer is ENOMEM.  An error in one interval ends the walk there.
 *
 * FREE may throw the pages away at any time before they are stored to again:
 * it does so now.
 *
 * mincore looks at the page table by the span, and then at the file's cache
 * by the pages that it holds; never page by page at what is not there.
 *
 * Locking: mm->lock, for writing where flags change; none around faults, or
 * while a hole is made.  Book: chapter 9.  Tests: mmaptest "advice".
 */

#include <linux/falloc.h>
#include <linux/mman.h>

#ifndef MADV_DONTNEED_LOCKED /* headers before Linux 5.18 */
#define MADV_DONTNEED_LOCKED 24
#endif

#include "arch/riscv/layout.h"
#include "arch/riscv/usercopy.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "mm/mapping.h"
#include "mm/mmap.h"
#include "mm/page.h"
#include "mm/swap.h"
#include "mm/unmap.h"

/* No core is dumped: such advice is noted as taken. */
static const struct advice {
	uint8_t advice;
	enum { FLAGS, PAGES, REMOVE, POPULATE } kind;
	uint16_t set, clear; /* VMA_*; POPULATE: the access to set up */
} advices[] = {
	{MADV_NORMAL, FLAGS, 0, VMA_RANDOM | VMA_SEQUENTIAL},
	{MADV_RANDOM, FLAGS, VMA_RANDOM, VMA_SEQUENTIAL},
	{MADV_SEQUENTIAL, FLAGS, VMA_SEQUENTIAL, VMA_RANDOM},
	{MADV_DONTFORK, FLAGS, VMA_DONTFORK, 0},
	{MADV_DOFORK, FLAGS, 0, VMA_DONTFORK},
	{MADV_WIPEONFORK, FLAGS, VMA_WIPEONFORK, 0},
	{MADV_KEEPONFORK, FLAGS, 0, VMA_WIPEONFORK},
	{MADV_DONTDUMP, FLAGS, 0, 0},
	{MADV_DODUMP, FLAGS, 0, 0},
	{MADV_HUGEPAGE, FLAGS, VMA_HUGEPAGE, VMA_NOHUGEPAGE},
	{MADV_NOHUGEPAGE, FLAGS, VMA_NOHUGEPAGE, VMA_HUGEPAGE},
	{MADV_WILLNEED, PAGES, 0, 0},
	{MADV_DONTNEED, PAGES, 0, 0},
	{MADV_DONTNEED_LOCKED, PAGES, 0, 0},
	{MADV_FREE, PAGES, 0, 0},
	{MADV_COLD, PAGES, 0, 0},
	{MADV_PAGEOUT, PAGES, 0, 0},
	{MADV_REMOVE, REMOVE, 0, 0},
	{MADV_POPULATE_READ, POPULATE, VM_R, 0},
	{MADV_POPULATE_WRITE, POPULATE, VM_W, 0},
};

static const struct advice *advice_find(int advice)
{
	for (size_t i = 0; i < sizeof(advices) / sizeof(advices[0]); i++)
		if (advices[i].advice == advice)
			return &advices[i];
	return NULL;
}

/* --- pages --- */

/* The part of a file that [start, end) of @v shows. */
static pgoff_t end_pgoff(const struct vma *v, vaddr_t end)
{
	return v->pgoff + ((end - v->start) >> PAGE_SHIFT);
}

/* Let reclaim have what is cached of [start, end): at once (@now), if it is
 * clean, or before others. */
static void give_up(struct vma *v, vaddr_t start, vaddr_t end, bool now)
{
	struct mapping *mapping = v->file ? file_mapping(v->file) : NULL;
	pgoff_t index = vma_pgoff(v, start);
	struct page *pg;

	if (now)
		swap_out_range(v, start, end);
	while (mapping && (pg = mapping_next_page(mapping, RADIX_PRESENT,
						  &index, end_pgoff(v, end)))) {
		page_clear_flags(pg, PAGE_ACTIVE);
		if (now)
			/* The first look takes A. */
			(void)(mapping_drop_page(pg, true, true) ||
			       mapping_drop_page(pg, true, true));
		page_put(pg);
		index++;
	}
}

static int advise_pages(struct vma *v, vaddr_t start, vaddr_t end,
			const struct advice *a)
{
	if (a->advice == MADV_WILLNEED) {
		if (v->file)
			mapping_read_ahead(file_mapping(v->file),
					   vma_pgoff(v, start),
					   end_pgoff(v, end));
		return 0;
	}
	if ((v->flags & VMA_SPECIAL) ||
	    ((v->flags & VMA_LOCKED) && a->advice != MADV_DONTNEED_LOCKED) ||
	    (a->advice == MADV_FREE && v->file))
		return -EINVAL;
	if (a->advice == MADV_COLD || a->advice == MADV_PAGEOUT)
		give_up(v, start, end, a->advice == MADV_PAGEOUT);
	else
		unmap_pages(v, start, end);
	return 0;
}

static int advise_flags(struct vma *v, vaddr_t start, vaddr_t end,
			const struct advice *a)
{
	if ((a->advice == MADV_DODUMP && (v->flags & VMA_SPECIAL)) ||
	    (a->advice == MADV_WIPEONFORK && v->file))
		return -EINVAL;
	return vma_set_flags(&v->mm->vmas, v, start, end,
			     (v->flags & ~a->clear) | a->set);
}

/* Each mapped part of [start, end); mm->lock held. */
static int walk(struct mm *mm, vaddr_t start, vaddr_t end,
		const struct advice *a)
{
	int hole = 0;

	for (vaddr_t at = start, stop; at < end; start = at = stop) {
		stop = end;

		struct vma *v = vma_part(&mm->vmas, &at, &stop);

		if (!v || at > start)
			hole = -ENOMEM;
		if (!v)
			break;

		int err = a->kind == FLAGS ? advise_flags(v, at, stop, a)
					   : advise_pages(v, at, stop, a);

		if (err)
			return err;
	}
	return hole;
}

/* Punch a hole into what is mapped at *va or after it; *va moves on. */
static int remove_next(struct mm *mm, vaddr_t *va, vaddr_t end, int *hole)
{
	struct file *f = NULL;
	vaddr_t at = *va;
	uint64_t offset = 0;
	int err = 0;

	read_lock(&mm->lock);

	struct vma *v = vma_part(&mm->vmas, &at, &end);

	if (!v || at > *va)
		*hole = -ENOMEM;
	if (v) {
		offset = vma_pgoff(v, at) << PAGE_SHIFT;
		f = v->file;
		if ((v->flags & VMA_LOCKED) || !f)
			err = -EINVAL;
		else if (!(v->flags & VMA_SHARED) || !(v->maxprot & VM_W))
			err = -EACCES;
		else
			file_get(f);
	}
	read_unlock(&mm->lock);
	if (f && !err) {
		err = file_allocate(f,
				    FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				    offset, offset + end - at);
		file_put(f);
	}
	*va = end;
	return err;
}

int mmap_advise(struct mm *mm, vaddr_t addr, uint64_t nbytes, int advice)
{
	const struct advice *a = advice_find(advice);
	vaddr_t end = addr + page_up(nbytes);
	int hole = 0;
	int err = 0;

	if (!a || page_offset(addr) || (nbytes && !page_up(nbytes)) ||
	    end < addr)
		return -EINVAL;
	switch (a->kind) {
	case FLAGS:
		write_lock(&mm->lock);
		err = walk(mm, addr, end, a);
		vma_merge(&mm->vmas, addr, end);
		mm_edit_done(mm);
		break;
	case PAGES:
		read_lock(&mm->lock);
		err = walk(mm, addr, end, a);
		read_unlock(&mm->lock);
		break;
	case REMOVE:
		while (!err && addr < end)
			err = remove_next(mm, &addr, end, &hole);
		break;
	case POPULATE:
		while (!err && addr < end)
			err = mmap_populate_next(mm, &addr, end, a->set);
		if (err == -ERANGE || err == -EACCES)
			err = -EFAULT;
		break;
	}
	return err ? err : hole;
}

/* --- mincore --- */

/* One byte for each page at @va, as far as one mapping goes.  How many, or
 * -ENOMEM. */
static ssize_t resident(struct mm *mm, vaddr_t va, uint8_t *vec, size_t n)
{
	struct vma *v = vma_at(&mm->vmas, va);

	if (!v)
		return -ENOMEM;
	n = min_u64(n, (v->end - va) >> PAGE_SHIFT);
	memset(vec, 0, n);

	struct pte_span span = pte_span_start(va, va + n * PAGE_SIZE);
	struct mapping *mapping = v->file ? file_mapping(v->file) : NULL;
	pgoff_t first = vma_pgoff(v, va);
	pgoff_t index = first;
	struct page *pg;

	while (mapping && (pg = mapping_next_page(mapping, RADIX_PRESENT,
						  &index, first + n))) {
		vec[index++ - first] = !!(page_flags(pg) & PAGE_UPTODATE);
		page_put(pg);
	}
	spin_lock(&mm->ptl);
	while (pte_span_next(&mm->pagetable, &span)) {
		uint8_t *at = vec + ((span.va - va) >> PAGE_SHIFT);

		if (!span.nslots)
			memset(at, true, pte_span_npages(&span));
		for (size_t i = 0; i < span.nslots; i++)
			at[i] |= pte_has_page(pte_read(&span.slot[i]));
	}
	spin_unlock(&mm->ptl);
	return n;
}

int mmap_resident(struct mm *mm, vaddr_t addr, uint64_t nbytes, vaddr_t vec)
{
	uint64_t npages = page_up(nbytes) >> PAGE_SHIFT;
	uint8_t part[512];

	if (page_offset(addr))
		return -EINVAL;
	if (!range_ok(addr, nbytes, USER_END))
		return -ENOMEM;
	if (!range_ok(vec, npages, USER_END))
		return -EFAULT;
	while (npages) {
		read_lock(&mm->lock);

		ssize_t n =
			resident(mm, addr, part, min_u64(npages, sizeof(part)));

		read_unlock(&mm->lock);
		if (n < 0)
			return n;
		if (copy_to_user(vec, part, n))
			return -EFAULT;
		addr += n * PAGE_SIZE;
		vec += n;
		npages -= n;
	}
	return 0;
}
