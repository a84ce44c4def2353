// SPDX-License-Identifier: MIT
/*
 * huge.c - megapages: 2 MiB of anonymous memory behind one page-table entry.
 *
 * A TLB has few entries, and each fault costs hundreds of instructions.  Sv39
 * allows a leaf one level up, which maps an aligned 2 MiB: one fault instead of
 * 512, one TLB entry instead of 512.
 *
 * Only the *entry* is huge.  The frames are a row of 512 ordinary anonymous
 * pages, each with its own count, of which nobody has to know that they came
 * together.  So to split a megapage means to put a table with 512 entries in
 * the place of the one, and nothing else; and since that table was there
 * before (the first fault made it, as for any page), it is kept, folded, and
 * splitting can't fail:
 *
 *      level 1    | table |  --fold-->  | 2 MiB |  --split-->  | table |
 *                     |                     |                      |
 *      level 0   none ... none         (kept: the first      page ... page
 *                                       frame's index)
 *
 * A megapage is made by the first store, if an aligned 2 MiB of an anonymous
 * private mapping has nothing in it yet but zeros, if the mapping wants that
 * (MADV_HUGEPAGE, or the boot option), and if there is a free block at hand and
 * memory enough.  It ends by the first change of any part: munmap, mprotect,
 * mremap, madvise, fork and swap split it and go on with pages, as they always
 * did.  Those who only look (faults, smaps, pagemap, mincore, mm_copy) leave it
 * whole.  Nobody makes one out of pages that are there (Linux: khugepaged).
 *
 * A megapage has the rights of its VMA, and D: so a fault there has nothing to
 * do, and all pages that come of it are dirty, as pages are that were stored
 * to.
 *
 * Locking: mm->lock, and ptl while entries change.
 * Book: chapter 20.  Tests: mmaptest "huge".
 */

#include "mm/huge.h"

#include "kernel/lib/string.h"
#include "mm/page.h"

enum { NPAGES = 1 << MEGAPAGE_ORDER };

enum huge_mode huge_mode = HUGE_MADVISE;
struct huge_counts huge_counts;

void huge_set_mode(const char *word)
{
	static const char *const words[] = {
		[HUGE_NEVER] = "never",
		[HUGE_MADVISE] = "madvise",
		[HUGE_ALWAYS] = "always",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(word, words[i]))
			huge_mode = i;
}

/* --- who gets one --- */

/* What is executed would need its instructions flushed, page by page. */
static bool allowed(const struct vma *v)
{
	const unsigned not = VMA_SHARED | VMA_SPECIAL | VMA_NOHUGEPAGE;
	enum huge_mode least =
		v->flags & VMA_HUGEPAGE ? HUGE_MADVISE : HUGE_ALWAYS;

	return huge_mode >= least && !v->file && !(v->flags & not ) &&
	       !(v->prot & VM_X) && !v->mm->no_huge;
}

static bool has_room(const struct vma *v, vaddr_t start)
{
	return start >= v->start && start < v->end &&
	       v->end - start >= MEGAPAGE;
}

bool huge_eligible(const struct vma *v)
{
	return allowed(v) && has_room(v, (v->start + MEGAPAGE - 1) & -MEGAPAGE);
}

/* Below that a program that uses little of each 2 MiB would take from others
 * what it has no use for. */
static size_t reserve(void)
{
	return page_ntotal / 4;
}

/* Is there a table at @start, with nothing but zeros in it? */
static bool is_untouched(struct mm *mm, vaddr_t start)
{
	struct pte_span span = pte_span_start(start, start + MEGAPAGE);

	if (!pte_span_next(&mm->pagetable, &span) || !span.nslots)
		return false;
	for (size_t i = 0; pte_span_used(&span, &i); i++) {
		pte_t pte = pte_read(&span.slot[i]);

		if (!pte_present(pte) ||
		    page_from_pfn(pte_pfn(pte)) != page_of_zeros)
			return false;
	}
	return true;
}

/* --- making one --- */

static struct page *take_zeroed(void)
{
	struct page *pg = page_take_row(MEGAPAGE_ORDER, reserve());

	for (size_t i = 0; pg && i < NPAGES; i++)
		page_zero(page_address(pg + i));
	return pg;
}

/* The table at @start gives its place to the pages at @pg; false: there is
 * something in it now. */
static bool install(struct vma *v, vaddr_t start, struct page *pg)
{
	struct mm *mm = v->mm;

	spin_lock(&mm->ptl);

	bool untouched = is_untouched(mm, start);

	if (untouched) {
		pg->index = pagetable_fold(
			&mm->pagetable, start,
			pte_make_user(page_to_pfn(pg), v->prot, true));
		mm_account(mm, pg, NPAGES);
		mm->nhuge++;
	}
	spin_unlock(&mm->ptl);
	return untouched;
}

bool huge_fault_try(struct vma *v, vaddr_t va)
{
	vaddr_t start = va & -MEGAPAGE;
	bool untouched;

	if (!allowed(v) || !has_room(v, start))
		return false;
	spin_lock(&v->mm->ptl);
	untouched = is_untouched(v->mm, start);
	spin_unlock(&v->mm->ptl);
	if (!untouched)
		return false;

	struct page *pg = take_zeroed();

	if (!pg) {
		atomic_fetch_add(&huge_counts.fallbacks, 1);
		return false;
	}
	v->has_copies = true;
	if (install(v, start, pg)) {
		atomic_fetch_add(&huge_counts.faults, 1);
		atomic_fetch_add(&huge_counts.now, 1);
	} else { /* another thread was first */
		for (size_t i = 0; i < NPAGES; i++)
			page_put(pg + i);
	}
	return true;
}

/* --- splitting --- */

void huge_split_locked(struct mm *mm, vaddr_t start, vaddr_t end)
{
	struct pte_span span = pte_span_start(start, end);
	size_t n = 0;

	while (mm->nhuge && pte_span_next(&mm->pagetable, &span)) {
		if (span.nslots)
			continue;
		pte_span_split(
			&span,
			page_from_pfn(pte_pfn(pte_read(span.above)))->index);
		mm->nhuge--;
		n++;
	}
	if (!n)
		return;
	/* A hart that remembers the old entry would not set the new ones' A. */
	tlb_flush_all(&mm->pagetable);
	atomic_fetch_add(&huge_counts.splits, n);
	atomic_fetch_sub(&huge_counts.now, n);
}
