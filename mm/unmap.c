// SPDX-License-Identifier: MIT
/*
 * unmap.c - taking pages out of page tables.
 *
 * A page that was mapped may still be in the TLB of any hart that ran the
 * address space, and a store may be on its way through it.  So pages are
 * gathered, and let go in this order only:
 *
 *   1  take the entry (with the D it had in that instant)
 *   2  flush the range from the TLBs of all harts
 *   3  drop the references: now the frame may be anyone's
 *
 * D says that the cache page is newer than the disk.  It is noted in the
 * page between 1 and 3, under mapping->lock, and that lock is not released
 * before 2 is done: otherwise a writeback on another hart could clean the
 * page, and then a last store through a stale TLB entry would be lost.
 *
 * Pages go before their VMA leaves the file's tree, so that a harvest finds
 * a store either in the page or in a table that it can see.
 *
 * Locking: munmap and exit hold mm->lock for writing, madvise for reading,
 * truncation none: entries are taken under mm->ptl in all cases.
 * Book: chapter 7.
 */

#include "mm/unmap.h"

#include "kernel/lib/assert.h"
#include "mm/dirty.h"
#include "mm/huge.h"
#include "mm/rmap.h"
#include "mm/swap.h"

enum { GATHER_MAX = 128 };

struct gather {
	struct mm *mm;
	vaddr_t start, end;               /* what to flush; empty: nothing */
	vaddr_t tables_start, tables_end; /* where there are tables */
	bool stored; /* a D was found; zap_range() takes note of it */
	unsigned npages;
	struct page *page[GATHER_MAX];
};

static void gather_start(struct gather *g, struct mm *mm)
{
	g->mm = mm;
	g->start = USER_END;
	g->end = 0;
	g->tables_start = USER_END;
	g->tables_end = 0;
	g->npages = 0;
	g->stored = false;
}

static void gather_flush(struct gather *g)
{
	if (g->start < g->end)
		tlb_flush_range(&g->mm->pagetable, g->start, g->end);
	for (unsigned i = 0; i < g->npages; i++)
		swap_page_put(g->page[i]);
	g->start = USER_END;
	g->end = 0;
	g->npages = 0;
}

/* Take one entry; mm->ptl held, and the lock of @shared, the mapping whose
 * pages it may have dirtied (NULL: none). */
static void zap_slot(struct gather *g, struct mapping *shared, pte_slot *slot,
		     vaddr_t va)
{
	pte_t pte = pte_take(slot);

	if (pte_swapped(pte)) { /* no TLB has that */
		swap_entry_put(pte_swap_place(pte));
		mm_account_swapped(g->mm, -1);
		return;
	}
	assert(pte_has_page(pte));
	g->start = min_u64(g->start, va);
	g->end = max_u64(g->end, va + PAGE_SIZE);

	struct page *pg = page_from_pfn(pte_pfn(pte));

	if (pg == page_of_zeros)
		return;
	mm_account(g->mm, pg, -1);
	if (shared && pte_dirty(pte)) {
		dirty_page_locked(shared, pg);
		g->stored = true;
	}
	g->page[g->npages++] = pg;
	if (g->npages == GATHER_MAX)
		gather_flush(g);
}

static struct mapping *shared_mapping(const struct vma *v)
{
	return v->flags & VMA_SHARED ? file_mapping(v->file) : NULL;
}

/* All pages in [start, end) of @v. */
static void zap_range(struct gather *g, struct vma *v, vaddr_t start,
		      vaddr_t end)
{
	struct mapping *shared = shared_mapping(v);
	struct pte_span span = pte_span_start(start, end);
	bool stored = false;

	huge_split(v->mm, start, end);
	while (pte_span_next(&v->mm->pagetable, &span)) {
		g->tables_start = min_u64(g->tables_start, span.va);
		g->tables_end = span.next;
		if (shared)
			spin_lock(&shared->lock);
		spin_lock(&v->mm->ptl);
		for (size_t i = 0; pte_span_used(&span, &i); i++)
			zap_slot(g, shared, &span.slot[i],
				 span.va + i * PAGE_SIZE);
		if (g->stored)
			gather_flush(g);
		stored |= g->stored;
		g->stored = false;
		spin_unlock(&v->mm->ptl);
		if (shared)
			spin_unlock(&shared->lock);
	}
	if (stored)
		dirty_announce(shared, true);
}

void unmap_pages(struct vma *v, vaddr_t start, vaddr_t end)
{
	struct gather g;

	gather_start(&g, v->mm);
	zap_range(&g, v, start, end);
	gather_flush(&g);
}

static void zap_vmas(struct gather *g, vaddr_t start, vaddr_t end,
		     struct list *dead)
{
	struct vma_list *list = &g->mm->vmas;
	struct vma *v = vma_find(list, start);

	while (v && v->start < end) {
		struct vma *next = vma_next(list, v);

		assert(v->start >= start && v->end <= end);
		zap_range(g, v, v->start, v->end);
		vma_remove(list, v);
		list_add_tail(dead, &v->link);
		v = next;
	}
	gather_flush(g);
}

void unmap_vmas(struct mm *mm, vaddr_t start, vaddr_t end, struct list *dead)
{
	struct gather g;

	gather_start(&g, mm);
	zap_vmas(&g, start, end, dead);
}

void unmap_range(struct mm *mm, vaddr_t start, vaddr_t end, struct list *dead)
{
	struct gather g;

	gather_start(&g, mm);
	zap_vmas(&g, start, end, dead);
	if (g.tables_start >= g.tables_end)
		return;

	struct vma *next = vma_find(&mm->vmas, start);
	struct vma *prev = vma_prev(&mm->vmas, next);

	pagetable_trim(&mm->pagetable, g.tables_start, g.tables_end,
		       prev ? prev->end : 0, next ? next->start : USER_END);
}

void unmap_all(struct mm *mm, struct list *dead)
{
	struct gather g;

	gather_start(&g, mm);
	for (struct vma *v = vma_next(&mm->vmas, NULL); v;
	     v = vma_next(&mm->vmas, v))
		zap_range(&g, v, v->start, v->end);
	gather_flush(&g);
	vma_remove_all(&mm->vmas, dead);
}

int unmap_cut_range(struct mm *mm, vaddr_t start, vaddr_t end,
		    struct list *dead)
{
	int err = vma_cut_range(&mm->vmas, start, end);

	if (!err)
		unmap_range(mm, start, end, dead);
	return err;
}

void unmap_free(struct list *dead)
{
	struct list *link;

	while ((link = list_pop(dead))) {
		struct vma *v = list_entry(link, struct vma, link);

		if (v->file)
			file_put(v->file);
		vma_free(v);
	}
}

/* Pages [first, end) of the file, as far as @v shows them. */
static void unmap_file_in(struct mapping *mapping, struct vma *v, pgoff_t first,
			  pgoff_t end, bool copies)
{
	pgoff_t from = max_u64(first, v->pgoff);
	pgoff_t to = min_u64(end, v->pgoff + vma_npages(v));
	struct pte_span span =
		pte_span_start(v->start + ((from - v->pgoff) << PAGE_SHIFT),
			       v->start + ((to - v->pgoff) << PAGE_SHIFT));
	struct mapping *shared = v->flags & VMA_SHARED ? mapping : NULL;
	struct gather g;

	gather_start(&g, v->mm);
	spin_lock(&v->mm->ptl);
	while (pte_span_next(&v->mm->pagetable, &span))
		for (size_t i = 0; pte_span_used(&span, &i); i++) {
			pte_t pte = pte_read(&span.slot[i]);

			if (copies ||
			    (pte_has_page(pte) &&
			     page_from_pfn(pte_pfn(pte))->mapping == mapping))
				zap_slot(&g, shared, &span.slot[i],
					 span.va + i * PAGE_SIZE);
		}
	gather_flush(&g);
	spin_unlock(&v->mm->ptl);
}

void unmap_file_locked(struct mapping *mapping, pgoff_t first, pgoff_t end,
		       bool copies)
{
	struct vma *v = rmap_first(mapping, first, end - 1);

	for (; v; v = rmap_next(v, first, end - 1))
		unmap_file_in(mapping, v, first, end, copies);
}

void unmap_file(struct mapping *mapping, pgoff_t first, pgoff_t end,
		bool copies)
{
	if (first >= end)
		return;
	spin_lock(&mapping->lock);
	unmap_file_locked(mapping, first, end, copies);

	bool dirty = radix_any(&mapping->pages, RADIX_DIRTY);

	spin_unlock(&mapping->lock);
	if (dirty)
		dirty_announce(mapping, false);
}
