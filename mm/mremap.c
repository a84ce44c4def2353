// SPDX-License-Identifier: MIT
/*
 * mremap.c - a mapping that grows, shrinks, or lives elsewhere.
 *
 * No page is copied: what moves are page-table entries, with their D and A.
 *
 *      |--------old--------|      (hole)      |--other--|
 *      |--moved----|--cut--|                  |--goes---|
 *           \_____________________________________^
 *
 * A program keeps the bytes; a shared page keeps the record that it was
 * stored to.  While entries move both intervals are in the file's tree, and
 * for each table's worth of them the file's lock is held: whoever harvests
 * or truncates finds an entry in the old place or in the new one.  The old
 * place is flushed from the TLBs before that lock is released, because a
 * hart that remembers the old entry with D set stores on without a trace,
 * and a harvest would flush the new place only.
 *
 * Everything that can fail comes first: checks, cuts, the new struct, and the
 * tables at the new place.  (Linux unmaps what is at a fixed place and may
 * fail after that; here the old mapping is still there then.)
 *
 * With an old length of 0 a shared mapping is doubled, and nothing moves;
 * with MREMAP_DONTUNMAP the old interval stays, without its pages.
 *
 * Locking: mm->lock for writing; mapping->lock, then mm->ptl to move.
 * Book: chapter 9.  Tests: mmaptest "remap".
 */

#include <linux/mman.h>

#include "arch/riscv/layout.h"
#include "kernel/lib/errno.h"
#include "mm/commit.h"
#include "mm/huge.h"
#include "mm/mmap.h"
#include "mm/reclaim.h"
#include "mm/rmap.h"
#include "mm/unmap.h"

/* --- checks --- */

/* And lengths become whole pages. */
static int check(struct mremap_request *r)
{
	const uint64_t moves = MREMAP_FIXED | MREMAP_DONTUNMAP;

	if (r->flags & ~(moves | MREMAP_MAYMOVE) ||
	    ((r->flags & moves) && !(r->flags & MREMAP_MAYMOVE)) ||
	    ((r->flags & MREMAP_DONTUNMAP) && r->old_nbytes != r->new_nbytes) ||
	    page_offset(r->addr))
		return -EINVAL;
	r->old_nbytes = page_up(r->old_nbytes);
	r->new_nbytes = page_up(r->new_nbytes);
	return r->new_nbytes ? 0 : -EINVAL;
}

/* Bytes of the old mapping that the new one shows. */
static uint64_t kept_nbytes(const struct mremap_request *r)
{
	return min_u64(r->old_nbytes, r->new_nbytes);
}

/* May the part of @v be that large?  What is at r->to goes, if FIXED. */
static int check_size(struct mm *mm, const struct mremap_request *r,
		      const struct vma *v)
{
	uint64_t kept = kept_nbytes(r);
	uint64_t more = r->new_nbytes;
	vaddr_t end = r->flags & MREMAP_FIXED ? r->to + r->new_nbytes : r->to;

	if (!r->old_nbytes && !(v->flags & VMA_SHARED))
		return -EINVAL;
	if (kept > v->end - r->addr || (v->flags & VMA_SPECIAL))
		return -EFAULT;
	if (!(r->flags & MREMAP_DONTUNMAP))
		more -= kept;
	if (!more)
		return 0;
	if ((v->flags & VMA_ACCOUNTED) && !commit_may_add(more >> PAGE_SHIFT))
		return -ENOMEM;
	return mmap_may_replace(mm, r->to, end, more >> PAGE_SHIFT,
				vma_is_data(v->prot, v->flags))
		       ? 0
		       : -ENOMEM;
}

/* --- moving --- */

/* Tables at @to for each entry in [start, end); false: no memory. */
static bool make_tables(struct mm *mm, vaddr_t start, vaddr_t end, vaddr_t to)
{
	struct pte_span span = pte_span_start(start, end);
	bool made = true;

	spin_lock(&mm->ptl);
	while (made && pte_span_next(&mm->pagetable, &span)) {
		vaddr_t first = span.va - start + to;
		vaddr_t last = first + (span.nslots - 1) * PAGE_SIZE;

		/* One table's entries go to two at most. */
		made = pagetable_make(&mm->pagetable, first) &&
		       pagetable_make(&mm->pagetable, last);
	}
	spin_unlock(&mm->ptl);
	return made;
}

/* The entries of @v to @to, where its other VMA is. */
static void move_entries(struct vma *v, vaddr_t to)
{
	struct mm *mm = v->mm;
	struct pte_span span = pte_span_start(v->start, v->end);

	while (pte_span_next(&mm->pagetable, &span)) {
		struct mapping *mapping = rmap_lock(v);

		spin_lock(&mm->ptl);
		pte_span_move(&mm->pagetable, &span, span.va - v->start + to);
		tlb_flush_range(&mm->pagetable, span.va,
				span.va + span.nslots * PAGE_SIZE);
		spin_unlock(&mm->ptl);
		rmap_unlock(mapping);
	}
}

/* All that can fail: @copy is made, and nothing crosses an end. */
static int prepare(struct mm *mm, const struct mremap_request *r,
		   struct vma *copy)
{
	uint64_t kept = kept_nbytes(r);
	int err;

	copy->pgoff =
		copy->file ? vma_pgoff(copy, r->addr) : r->to >> PAGE_SHIFT;
	copy->start = r->to;
	copy->end = r->to + r->new_nbytes;
	copy->flags &= ~VMA_HEAP;
	err = vma_cut_range(&mm->vmas, r->to, copy->end);
	if (!err && r->old_nbytes)
		err = vma_cut_range(&mm->vmas, r->addr,
				    r->addr + r->old_nbytes);
	if (!err && kept)
		err = vma_cut(&mm->vmas, r->addr + kept);
	huge_split(mm, r->addr, r->addr + kept);
	while (!err && !make_tables(mm, r->addr, r->addr + kept, r->to))
		if (!reclaim_wait())
			err = -ENOMEM;
	return err;
}

static void commit(struct mm *mm, const struct mremap_request *r,
		   struct vma *copy, struct list *dead)
{
	struct vma *v;

	/* 1 room  2 both are in the file's tree  3 move  4 the old one goes */
	unmap_vmas(mm, copy->start, copy->end, dead);
	vma_insert(&mm->vmas, copy);
	if (!r->old_nbytes)
		return;
	v = vma_at(&mm->vmas, r->addr);
	move_entries(v, r->to);
	if (r->flags & MREMAP_DONTUNMAP)
		vma_set_flags(&mm->vmas, v, v->start, v->end,
			      v->flags & ~VMA_LOCK_FLAGS);
	else
		unmap_range(mm, r->addr, r->addr + r->old_nbytes, dead);
}

static int move(struct mm *mm, const struct mremap_request *r, struct vma *v,
		struct list *dead)
{
	struct vma *copy = vma_copy(v);
	int err;

	if (!copy)
		return -ENOMEM;
	err = prepare(mm, r, copy);
	if (!err)
		commit(mm, r, copy, dead);
	else
		list_add(dead, &copy->link);
	/* Tables made in vain serve whoever is mapped there next. */
	vma_merge(&mm->vmas, r->to, r->to + r->new_nbytes);
	vma_merge(&mm->vmas, r->addr, r->addr + r->old_nbytes);
	return err;
}

/* --- the cases --- */

/* To where the program says (FIXED), or at least not here (DONTUNMAP). */
static int remap_to(struct mm *mm, struct mremap_request *r, struct vma *v,
		    struct list *dead)
{
	struct mmap_request place = {
		.addr = r->to,
		.flags = r->flags & MREMAP_FIXED ? MAP_FIXED : 0,
	};
	int err;

	if (page_offset(r->to) || !range_ok(r->to, r->new_nbytes, USER_END) ||
	    (r->addr + r->old_nbytes > r->to &&
	     r->to + r->new_nbytes > r->addr) ||
	    (r->old_nbytes > r->new_nbytes &&
	     !range_ok(r->addr, r->old_nbytes, USER_END)))
		return -EINVAL;
	err = check_size(mm, r, v);
	if (!err)
		err = mmap_place(mm, &place, r->new_nbytes, &r->to);
	return err ? err : move(mm, r, v, dead);
}

static int shrink(struct mm *mm, const struct mremap_request *r,
		  struct list *dead)
{
	if (r->new_nbytes == r->old_nbytes)
		return 0;
	if (!range_ok(r->addr, r->old_nbytes, USER_END))
		return -EINVAL;
	return unmap_cut_range(mm, r->addr + r->new_nbytes,
			       r->addr + r->old_nbytes, dead);
}

/* In place, if the part is the end of @v, with as much room behind it. */
static int grow(struct mm *mm, struct mremap_request *r, struct vma *v,
		struct list *dead)
{
	struct mmap_request anywhere = {0};
	uint64_t more = r->new_nbytes - r->old_nbytes;
	int err = check_size(mm, r, v);

	if (err)
		return err;
	if (r->addr + r->old_nbytes == v->end &&
	    range_ok(v->end, more, USER_END) &&
	    vma_find_gap(&mm->vmas, more, v->end, v->end + more)) {
		vma_set_bounds(&mm->vmas, v, v->start, v->end + more);
		vma_merge(&mm->vmas, v->end, v->end);
		return 0;
	}
	if (!(r->flags & MREMAP_MAYMOVE))
		return -ENOMEM;
	err = mmap_place(mm, &anywhere, r->new_nbytes, &r->to);
	return err ? err : move(mm, r, v, dead);
}

int mmap_remap(struct mm *mm, struct mremap_request *r)
{
	struct list dead;
	bool fill = false;
	int err = check(r);

	if (err)
		return err;
	list_init(&dead);
	write_lock(&mm->lock);

	struct vma *v = vma_at(&mm->vmas, r->addr);

	if (v)
		fill = v->flags & VMA_LOCKED;
	if (!v) {
		err = -EFAULT;
	} else if (r->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) {
		err = remap_to(mm, r, v, &dead);
	} else {
		r->to = r->addr;
		err = r->new_nbytes > r->old_nbytes ? grow(mm, r, v, &dead)
						    : shrink(mm, r, &dead);
	}
	mm_edit_done(mm);
	unmap_free(&dead);
	if (!err && fill) /* what was added */
		mmap_populate(mm, r->to + kept_nbytes(r),
			      r->to + r->new_nbytes);
	return err;
}
