// SPDX-License-Identifier: MIT
/*
 * swap.c - anonymous pages between memory and disk.
 *
 * A page that is to leave memory gets a slot on a disk, and becomes the slot's
 * cached page.  Entry by entry the page tables that name it name the slot
 * instead; when the last has done so the page is written and its frame is free.
 * The first of them to be touched again reads it:
 *
 *      entries    page  page      page  slot      slot  slot      page  slot
 *                    \  /           |    |           |  |          |    |
 *      memory        page          page -+          (slot)        page -+
 *      disk                        slot              slot         slot
 *                                  refs 2            refs 2       refs 2
 *
 * Whoever wants the slot finds the page while it is cached: so a page that
 * forked processes share is written once and read once.  And a page that came
 * back and was only read since is still what the disk has: it can go without
 * being written.  PAGE_DIRTY says that the disk does not have it (yet); an
 * entry's D adds that.
 *
 * Invariants, under swap_lock:
 *   S1  PAGE_SWAPPED  <=>  slot(pg->index).pfn is the page; mapping is NULL;
 *       it holds one reference to the page, and one to the slot
 *   S2  slot.refs  =  entries that name it  +  1 if it is cached
 *   S3  the page is nobody else's  <=>  page refs, slot refs are 2, 1: the
 *       cache's and the one entry's; the cache's
 *
 * Who works on a page has a reference of its own, so that it is not S3 then:
 * nobody stores to a page, or frees its slot, while the disk reads it.
 *
 * Locking: ptl, then swap_lock.  A page is locked only while it is read.
 * Book: chapter 19.  Tests: mmaptest "swap", tests/guest/swap_test.py.
 */

#include "mm/swap.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/trace.h"
#include "mm/fault.h"
#include "mm/reclaim.h"

/* --- the cache; swap_lock held --- */

static bool is_cached(const struct page *pg)
{
	return page_flags(pg) & PAGE_SWAPPED;
}

static void cache_add(struct page *pg, uint64_t place, unsigned flags)
{
	struct swap_slot *slot = swap_slot(place);

	assert(!slot->pfn && !pg->mapping);
	slot->pfn = page_to_pfn(pg);
	pg->index = place;
	page_get(pg);
	page_set_flags(pg, PAGE_SWAPPED | flags);
	reclaim_add(pg);
}

/* The caller's reference to the page is not the last. */
static void cache_remove(struct page *pg)
{
	swap_slot(pg->index)->pfn = 0;
	reclaim_remove(pg);
	page_clear_flags(pg, PAGE_SWAPPED | PAGE_DIRTY);
	swap_slot_put(pg->index);
	page_put(pg);
}

/* Does only the cache have the page, and nobody the slot? */
static bool is_forgotten(const struct page *pg)
{
	return pg->refs == 1 && swap_slot(pg->index)->refs == 1;
}

/* --- references --- */

unsigned swap_nsharers(uint64_t place)
{
	spin_lock(&swap_lock);

	struct swap_slot *slot = swap_slot(place);
	unsigned n = slot->refs - (slot->pfn != 0);

	spin_unlock(&swap_lock);
	return n;
}

void swap_entry_get(uint64_t place)
{
	spin_lock(&swap_lock);
	swap_slot_get(place);
	spin_unlock(&swap_lock);
}

static void entry_put_locked(uint64_t place)
{
	struct swap_slot *slot = swap_slot(place);
	struct page *pg = slot->pfn ? page_from_pfn(slot->pfn) : NULL;

	swap_slot_put(place);
	if (pg && is_forgotten(pg))
		cache_remove(pg);
}

void swap_entry_put(uint64_t place)
{
	spin_lock(&swap_lock);
	entry_put_locked(place);
	spin_unlock(&swap_lock);
}

void swap_page_put(struct page *pg)
{
	if (!is_cached(pg)) {
		page_put(pg);
		return;
	}
	spin_lock(&swap_lock);

	bool cached = is_cached(pg);

	page_put(pg); /* not the last, if it is cached */
	if (cached && is_forgotten(pg))
		cache_remove(pg);
	spin_unlock(&swap_lock);
}

/* S3, or, of a page without a slot, the same. */
static bool is_own(const struct page *pg)
{
	return is_cached(pg) ? pg->refs == 2 && swap_slot(pg->index)->refs == 1
			     : pg->refs == 1;
}

bool swap_page_own(struct page *pg)
{
	if (!is_cached(pg)) /* nor will be: that takes ptl */
		return pg->refs == 1;
	spin_lock(&swap_lock);

	bool own = is_own(pg);

	if (own && is_cached(pg))
		cache_remove(pg);
	spin_unlock(&swap_lock);
	return own;
}

/* --- out --- */

bool swap_entry_make(struct mm *mm, pte_slot *slot, struct page *pg)
{
	uint64_t place;

	spin_lock(&swap_lock);
	if (!is_cached(pg)) {
		if (!swap_slot_alloc(&place)) {
			spin_unlock(&swap_lock);
			return false;
		}
		cache_add(pg, place, PAGE_UPTODATE | PAGE_DIRTY);
	}
	if (pte_dirty(pte_take(slot)))
		page_set_flags(pg, PAGE_DIRTY);
	swap_slot_get(pg->index);
	pte_set(slot, pte_make_swapped(pg->index));
	spin_unlock(&swap_lock);
	mm_account(mm, pg, -1);
	mm_account_swapped(mm, 1);
	return true;
}

/* Only the cache and the caller have it: then, if it has changed, its
 * writing may start. */
static bool start_write(struct page *pg)
{
	bool start = false;

	spin_lock(&swap_lock);
	if (is_cached(pg) && pg->refs == 2)
		start = page_clear_flags(pg, PAGE_DIRTY) & PAGE_DIRTY;
	spin_unlock(&swap_lock);
	return start;
}

/* Pages that have slots in a row. */
static void write_run(struct page **pages, size_t n)
{
	uint64_t began = trace_clock();
	int err = swap_transfer(BLOCK_WRITE, pages[0]->index, pages, n);

	trace_since(began, TRACE_SWAP_OUT, pages[0]->index, n, err);
	for (size_t i = 0; err && i < n; i++)
		page_set_flags(pages[i], PAGE_DIRTY);
}

static void write_pages(struct page **pages, size_t n)
{
	struct page *run[BLOCK_SEGMENTS_MAX];
	size_t nrun = 0;

	for (size_t i = 0; i < n; i++) {
		if (!start_write(pages[i]))
			continue;
		if (nrun && (nrun == BLOCK_SEGMENTS_MAX ||
			     pages[i]->index !=
				     run[nrun - 1]->index + SWAP_AREAS_MAX)) {
			write_run(run, nrun);
			nrun = 0;
		}
		run[nrun++] = pages[i];
	}
	if (nrun)
		write_run(run, nrun);
}

size_t swap_pages_drop(struct page **pages, size_t n, bool write)
{
	size_t dropped = 0;

	if (write)
		write_pages(pages, n);
	for (size_t i = 0; i < n; i++) {
		struct page *pg = pages[i];

		spin_lock(&swap_lock);
		/* It may have been stored to, or be mapped, by now. */
		if (is_cached(pg) && pg->refs == 2 &&
		    !(page_flags(pg) & PAGE_DIRTY)) {
			cache_remove(pg);
			dropped++;
		}
		spin_unlock(&swap_lock);
		swap_page_put(pg);
	}
	return dropped;
}

/* --- in --- */

/* Fill @pg, just cached and locked. */
static int read_page(struct page *pg)
{
	uint64_t began = trace_clock();
	int err = swap_transfer(BLOCK_READ, pg->index, &pg, 1);

	trace_since(began, TRACE_SWAP_IN, pg->index, err);
	if (!err) {
		page_set_flags(pg, PAGE_UPTODATE);
	} else {
		spin_lock(&swap_lock);
		cache_remove(pg);
		spin_unlock(&swap_lock);
	}
	page_unlock(pg);
	return err ? -ERANGE : 0;
}

/* The cached page, referenced; or @fresh, cached just now (*added) and locked;
 * or neither. */
static int find_or_add(uint64_t place, struct page *fresh, struct page **out,
		       bool *added)
{
	int err = 0;

	*added = false;
	*out = NULL;
	spin_lock(&swap_lock);

	struct swap_slot *slot = swap_slot(place);

	if (!slot || !slot->refs) {
		err = -EAGAIN;
	} else if (slot->pfn) {
		*out = page_from_pfn(slot->pfn);
		page_get(*out);
	} else if (fresh) {
		cache_add(fresh, place, PAGE_LOCKED);
		swap_slot_get(place);
		*out = fresh;
		*added = true;
	}
	spin_unlock(&swap_lock);
	return err;
}

static int wait_read(struct page *pg)
{
	if (page_flags(pg) & PAGE_UPTODATE)
		return 0;
	page_lock(pg);
	page_unlock(pg);
	return page_flags(pg) & PAGE_UPTODATE ? 0 : -ERANGE;
}

int swap_page_get(uint64_t place, struct page **out, bool *read)
{
	struct page *fresh = NULL;
	bool added;
	int err = find_or_add(place, NULL, out, &added);

	if (!err && !*out) {
		fresh = page_alloc();
		if (!fresh)
			return -ENOMEM;
		err = find_or_add(place, fresh, out, &added);
	}
	if (fresh && !added)
		page_put(fresh);
	if (err)
		return err;
	*read |= added;
	err = added ? read_page(*out) : wait_read(*out);
	if (err)
		swap_page_put(*out);
	return err;
}

void swap_entry_fill(struct vma *v, vaddr_t va, pte_slot *slot, pte_t old,
		     struct page *pg, int access)
{
	struct mm *mm = v->mm;
	int prot = v->prot;

	if ((prot & VM_X) && !(page_flags(pg) & PAGE_FETCHED)) {
		icache_flush_all();
		page_set_flags(pg, PAGE_FETCHED);
	}
	spin_lock(&mm->ptl);
	if (!pte_same(pte_read(slot), old)) {
		spin_unlock(&mm->ptl);
		swap_page_put(pg);
		return;
	}
	spin_lock(&swap_lock);
	entry_put_locked(pte_swap_place(old));
	if (!is_own(pg))
		prot = fault_unwritable(prot);
	else if (is_cached(pg) && access == VM_W)
		cache_remove(pg); /* what is on the disk is old now */
	spin_unlock(&swap_lock);
	mm_account_swapped(mm, -1);
	mm_account(mm, pg, 1);
	pte_set(slot, pte_with_prot(pte_make_user(page_to_pfn(pg), VM_R, false),
				    prot));
	spin_unlock(&mm->ptl);
	tlb_flush_page_local(&mm->pagetable, va);
}

/* --- an area is switched off --- */

/* Those of one chunk; swap_lock held. */
static void forget_chunk(struct swap_slot *slot)
{
	for (size_t i = 0; i < SLOTS_PER_CHUNK; i++) {
		struct page *pg =
			slot[i].pfn ? page_from_pfn(slot[i].pfn) : NULL;

		/* Not while it is being read. */
		if (!pg || slot[i].refs > 1 || (page_flags(pg) & PAGE_LOCKED))
			continue;
		page_get(pg);
		cache_remove(pg);
		page_put(pg);
	}
}

void swap_area_forget(struct swap_area *area)
{
	mutex_lock(&swap_mutex); /* nobody writes */
	for (size_t i = 0; i < area->nchunks; i++) {
		spin_lock(&swap_lock);
		forget_chunk(area->chunks[i].slot);
		spin_unlock(&swap_lock);
	}
	mutex_unlock(&swap_mutex);
}
