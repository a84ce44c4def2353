// SPDX-License-Identifier: MIT
/*
 * around.c - a read fault on a file brings the page's neighbours along.
 *
 * A fault costs hundreds of instructions, an entry for a page that is cached
 * anyway a few dozen, and programs tend to go on to the next page.  So the
 * whole aligned window of 16 pages around the fault gets its entries, as far
 * as the VMA shows it and the cache has it:
 *
 *      cache   | 0 | 1 | 2 |   | 4 | 5 | ...     3 isn't there: it waits for
 *      fault               ^                     a fault of its own, which
 *      entries | x   x   x   -   x   x   ...     reads it from the disk
 *
 * Nothing is read here, and nothing waits.  What a page would need besides
 * its entry leaves it out: a place on disk before it may be stored to (it
 * becomes read-only), an icache flush before it may be executed, the next
 * window of readahead that its first use starts.
 *
 * Locking: the caller holds mm->lock.  mapping->lock and mm->ptl together:
 * truncation sets the size and then takes both to unmap, so either it finds
 * these entries or they are not made.
 *
 * Book: chapter 6.
 */

#include "mm/fault.h"
#include "mm/mapping.h"

static const uint64_t WINDOW = 16 * PAGE_SIZE;

/* Give @pg its entry, if it is fit and there is none; both locks held. */
static bool map_neighbour(struct vma *v, struct mapping *mapping,
			  pte_slot *slot, struct page *pg)
{
	const unsigned needed =
		PAGE_UPTODATE | (v->prot & VM_X ? PAGE_FETCHED : 0);
	int prot = fault_unwritable(v->prot);

	if (!pg || !pte_none(pte_read(slot)) ||
	    (page_flags(pg) & (needed | PAGE_READAHEAD)) != needed ||
	    !mapping_covers(mapping, pg->index))
		return false;
	if ((v->prot & VM_W) && (v->flags & VMA_SHARED) &&
	    fault_store_ready(v, pg))
		prot = v->prot;
	page_get(pg);
	pte_set(slot, pte_make_user(page_to_pfn(pg), prot, false));
	return true;
}

void fault_around(struct vma *v, vaddr_t va, pte_slot *slot)
{
	struct mapping *mapping = file_mapping(v->file);
	vaddr_t at = max_u64(va & -WINDOW, v->start);
	vaddr_t end = min_u64((va & -WINDOW) + WINDOW, v->end);
	struct page *mapped = NULL;
	int nmapped = 0;

	slot -= (va - at) >> PAGE_SHIFT;
	spin_lock(&mapping->lock);
	spin_lock(&v->mm->ptl);
	while (at < end) {
		size_t n = (end - at) >> PAGE_SHIFT;
		void **item =
			radix_slots(&mapping->pages, vma_pgoff(v, at), &n);

		for (size_t i = 0; item && i < n; i++)
			if (map_neighbour(v, mapping, &slot[i], item[i])) {
				mapped = item[i];
				nmapped++;
			}
		at += n << PAGE_SHIFT;
		slot += n;
	}
	if (mapped)
		mm_account(v->mm, mapped, nmapped);
	spin_unlock(&v->mm->ptl);
	spin_unlock(&mapping->lock);
}
