// SPDX-License-Identifier: MIT
/*
 * swap_out.c - the clock: which anonymous pages have not been used for a while.
 *
 * There is no list of anonymous pages, and no way from one to the entries that
 * name it.  The clock goes over the entries instead: address space by address
 * space, each of which remembers where its hand stands.  An entry whose A is
 * set loses it, and is left alone until the hand comes round again; one that
 * still has none is exchanged for its page's slot.  When the last entry of a
 * page has been, the page is written, with its neighbours on the disk.
 *
 *      entry    A=1 --hand--> A=0 --hand--> slot
 *                ^_____use_____|             |
 *                ^_____________fault_________|
 *
 * A megapage has one A for all its pages: once it lacks that it is split, and
 * each has its own.
 *
 * An address space gives in proportion to what it has, so the hands turn at
 * the same speed.
 *
 * Locked memory (mlock) is passed over, and so is an address space whose list
 * of intervals is just being changed.
 *
 * Locking: swap_mutex, so that one clears and writes at a time; mm->lock for
 * reading, only tried, because who needs memory may hold any; ptl.
 * Book: chapter 19.
 */

#include "kernel/lib/errno.h"
#include "kernel/sync/sched.h"
#include "mm/huge.h"
#include "mm/mm.h"
#include "mm/swap.h"

enum { BATCH = 32, SHARE_MIN = 32 };

struct mutex swap_mutex = MUTEX_INIT(swap_mutex, "swap", RANK_SWAP_OUT);

struct sweep {
	size_t npages;     /* found */
	size_t max;        /* enough */
	size_t nlooks;     /* entries still to be looked at */
	bool used_as_well; /* A is no reason to stay */
	struct page *page[BATCH];
};

static bool wants_more(const struct sweep *s)
{
	return s->npages < s->max && s->nlooks;
}

/* A page that was stored to will be written again, so its old copy serves for
 * nothing; where slots are short, neither does any other. */
static bool copy_is_useless(pte_t pte)
{
	return pte_dirty(pte) || swap_counts.used > swap_counts.total / 2;
}

/* ptl held. */
static void look_at(struct sweep *s, struct mm *mm, pte_slot *slot)
{
	pte_t pte = pte_read(slot);
	struct page *pg = page_from_pfn(pte_pfn(pte));

	if (!pte_has_page(pte) || pg->mapping || pg == page_of_zeros)
		return;
	s->nlooks--;
	if (pte_test_and_clear_accessed(slot) && !s->used_as_well) {
		if ((page_flags(pg) & PAGE_SWAPPED) && copy_is_useless(pte))
			swap_page_own(pg);
	} else if (swap_entry_make(mm, slot, pg)) {
		s->page[s->npages++] = pg;
	}
}

/* Has a megapage been used since the last look?  Then it stays, and stays
 * whole.  ptl held. */
static bool stays_whole(struct sweep *s, const struct pte_span *span)
{
	if (!pte_mega(pte_read(span->above)) || s->used_as_well ||
	    !pte_test_and_clear_accessed(span->above))
		return false;
	s->nlooks -= min_u64(s->nlooks, pte_span_npages(span));
	return true;
}

/* Entries in [start, end); the address behind the last.  mm->lock held. */
static vaddr_t sweep_vma(struct sweep *s, struct vma *v, vaddr_t start,
			 vaddr_t end)
{
	struct pte_span span = pte_span_start(start, end);
	vaddr_t at = start;

	while (wants_more(s) && pte_span_next(&v->mm->pagetable, &span)) {
		spin_lock(&v->mm->ptl);
		at = span.va;
		if (!span.nslots && stays_whole(s, &span)) {
			at = span.next;
		} else if (!span.nslots) {
			huge_split_locked(v->mm, at, span.next);
			span.next = at; /* once more, as a table's */
		}
		for (size_t i = 0; i < span.nslots && wants_more(s);
		     i++, at += PAGE_SIZE)
			look_at(s, v->mm, &span.slot[i]);
		/* 1 take the entries  2 nobody stores  3 (the caller) write */
		tlb_flush_range(&v->mm->pagetable, span.va, at);
		spin_unlock(&v->mm->ptl);
	}
	return wants_more(s) ? end : at;
}

static bool may_go(const struct vma *v)
{
	return v->has_copies && !(v->flags & (VMA_LOCKED | VMA_SPECIAL));
}

static void sweep_mm(struct sweep *s, struct mm *mm)
{
	vaddr_t at = mm->sweep_at;

	if (!read_trylock(&mm->lock))
		return;

	struct vma *v = vma_find(&mm->vmas, at);

	for (; v && wants_more(s); v = vma_next(&mm->vmas, v))
		at = may_go(v) ? sweep_vma(s, v, max_u64(at, v->start), v->end)
			       : v->end;
	mm->sweep_at = wants_more(s) ? 0 : at;
	read_unlock(&mm->lock);
}

size_t swap_out(size_t npages, unsigned priority)
{
	struct sweep s = {.max = min_u64(npages, BATCH), .nlooks = 1};
	size_t dropped;

	if (!swap_counts.total)
		return 0;
	mutex_lock(&swap_mutex);
	for (size_t left = mm_nlisted(); left && s.npages < s.max; left--) {
		struct mm *mm = mm_rotate();

		if (!mm)
			continue;
		s.nlooks = (mm->resident_anon >> priority) + SHARE_MIN;
		sweep_mm(&s, mm);
		mm_put(mm);
	}
	dropped = swap_pages_drop(s.page, s.npages, true);
	mutex_unlock(&swap_mutex);
	return dropped;
}

void swap_out_range(struct vma *v, vaddr_t start, vaddr_t end)
{
	struct sweep s = {.max = BATCH, .used_as_well = true};

	if (!swap_counts.total || !may_go(v))
		return;
	mutex_lock(&swap_mutex);
	while (start < end) {
		s.npages = 0;
		s.nlooks = SIZE_MAX;
		start = sweep_vma(&s, v, start, end);
		swap_pages_drop(s.page, s.npages, true);
	}
	mutex_unlock(&swap_mutex);
}

/* --- everything back --- */

/* What an entry of @v names in @area. */
static int bring_in(struct vma *v, vaddr_t va, pte_slot *slot,
		    const struct swap_area *area)
{
	pte_t pte = pte_read(slot);
	struct page *pg;
	bool read = false;
	int err;

	if (!pte_swapped(pte) ||
	    pte_swap_place(pte) % SWAP_AREAS_MAX != area->type)
		return 0;
	err = swap_page_get(pte_swap_place(pte), &pg, &read);
	if (!err)
		swap_entry_fill(v, va, slot, pte, pg, 0);
	return err == -EAGAIN ? 0 : err == -ERANGE ? -EIO : err;
}

static int bring_in_all(struct mm *mm, const struct swap_area *area)
{
	int err = 0;

	read_lock(&mm->lock);
	for (struct vma *v = vma_next(&mm->vmas, NULL); v && !err;
	     v = vma_next(&mm->vmas, v)) {
		struct pte_span span = pte_span_start(v->start, v->end);

		while (!err && pte_span_next(&mm->pagetable, &span))
			for (size_t i = 0; !err && i < span.nslots; i++)
				err = bring_in(v, span.va + i * PAGE_SIZE,
					       &span.slot[i], area);
		if (!err && sched_interrupted())
			err = -EINTR;
	}
	read_unlock(&mm->lock);
	return err;
}

int swap_in_all(struct swap_area *area)
{
	int err = 0;

	while (area->nused && !err) {
		for (size_t left = mm_nlisted(); left && !err; left--) {
			struct mm *mm = mm_rotate();

			if (!mm)
				continue;
			if (mm->swapped)
				err = bring_in_all(mm, area);
			mm_put(mm);
		}
		swap_area_forget(area);
		sched_point();
	}
	return err;
}
