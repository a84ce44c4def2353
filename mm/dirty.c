// SPDX-License-Identifier: MIT
/*
 * dirty.c - writeback by PTE_D.
 *
 * When a program stores through a shared mapping the kernel is not asked.
 * The only trace is the D bit that the hart sets in the page-table entry, so
 * whoever wants to know what must go to the disk *harvests* these bits:
 *
 *   1  take D out of the entry, atomically
 *   2  flush the page from every TLB that may hold it
 *   3  mark the cache page dirty
 *   4  copy the page to the disk
 *
 * A hart that has the entry in its TLB with D set stores on without asking.
 * Were 4 before 2, such a store could come after the copy and leave no trace.
 * After 2 the next store sets D anew, and the next harvest finds it: that
 * costs the program no fault, since the entry stays writable.
 *
 * 1 to 3 happen under mapping->lock, and so does the step from dirty to
 * "being written".  A page stored to during its own writeback is dirty again
 * when that ends, because DIRTY is taken before the copy and never after.
 *
 * The flusher is a kernel thread that does this for every file in turn.
 *
 * Book: chapter 7.  Tests: mmaptest "dirty", tests/guest.
 */

#include "mm/dirty.h"

#include "arch/riscv/time.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/trace.h"
#include "kernel/sync/sched.h"
#include "mm/mm.h"
#include "mm/rmap.h"

enum { CLUSTER = 32 }; /* pages in one write request */

static const uint64_t SECOND = 1000000000;
static const uint64_t FLUSH_AGE = 5 * SECOND;

struct dirty_counts dirty_counts;

/* Guards the list of mappings that may hold dirty pages, and what follows. */
static struct spinlock list_lock =
	SPINLOCK_INIT("dirty mappings", RANK_MAPPING_LIST);
static struct list mappings;
static struct waitq flusher_idle, flush_done;
static struct task *flusher;
static uint64_t flushes_wanted, flushes_done;

/* --- who may hold dirty pages --- */

void dirty_announce(struct mapping *mapping, bool stored)
{
	if (stored && mapping->ops->dirtied)
		mapping->ops->dirtied(mapping);
	if (mapping->memory_only || !list_empty(&mapping->dirty_link))
		return;
	spin_lock(&list_lock);
	if (list_empty(&mapping->dirty_link)) {
		list_add_tail(&mappings, &mapping->dirty_link);
		mapping->dirtied_at = time_now();
	}
	spin_unlock(&list_lock);
}

void dirty_forget(struct mapping *mapping)
{
	spin_lock(&list_lock);
	list_remove(&mapping->dirty_link);
	spin_unlock(&list_lock);
}

/* After a writeback: off the list, if nothing is dirty and nothing can
 * become so through a page table. */
static void settle(struct mapping *mapping)
{
	spin_lock(&list_lock);
	spin_lock(&mapping->lock);
	mapping->dirtied_at = time_now();
	if (!mapping->nwritable && !radix_any(&mapping->pages, RADIX_DIRTY))
		list_remove(&mapping->dirty_link);
	spin_unlock(&mapping->lock);
	spin_unlock(&list_lock);
}

/* --- harvest --- */

void dirty_page_locked(struct mapping *mapping, struct page *pg)
{
	assert(pg->mapping == mapping);
	if (mapping->memory_only ||
	    (page_set_flags(pg, PAGE_DIRTY) & PAGE_DIRTY))
		return;
	radix_set_tag(&mapping->pages, RADIX_DIRTY, pg->index);
	atomic_fetch_add(&page_tally.dirty, 1);
}

/* Take D out of a table's entries, from *lowest to *highest. */
static size_t harvest_span(struct mapping *mapping, const struct pte_span *span,
			   vaddr_t *lowest, vaddr_t *highest)
{
	pte_slot *slot = span->slot;
	size_t n = span->nslots;
	size_t npages = 0;

	for (size_t i = pte_next_dirty(slot, 0, n); i < n;
	     i = pte_next_dirty(slot, i + 1, n)) {
		pte_t pte = pte_read(&slot[i]);

		if (!pte_has_page(pte))
			continue;
		pte_test_and_clear_dirty(&slot[i]);
		dirty_page_locked(mapping, page_from_pfn(pte_pfn(pte)));
		*highest = span->va + i * PAGE_SIZE;
		*lowest = min_u64(*lowest, *highest);
		npages++;
	}
	return npages;
}

/* The pages [first, end) that @v shows.  How many had been stored to. */
static size_t harvest_vma(struct mapping *mapping, struct vma *v, pgoff_t first,
			  pgoff_t end)
{
	pgoff_t from = max_u64(first, v->pgoff);
	pgoff_t to = min_u64(end, v->pgoff + vma_npages(v));
	vaddr_t start = v->start + ((from - v->pgoff) << PAGE_SHIFT);
	struct pte_span span =
		pte_span_start(start, start + ((to - from) << PAGE_SHIFT));
	struct pagetable *pt = &v->mm->pagetable;
	vaddr_t lowest = USER_END, highest = 0;
	bool asleep = false;
	size_t npages = 0;

	spin_lock(&v->mm->ptl);
	while (pte_span_next(pt, &span)) {
		size_t n;

		if (pte_span_clean(&span))
			continue;
		n = harvest_span(mapping, &span, &lowest, &highest);
		if (!n)
			asleep |= pte_span_rest(pt, &span);
		npages += n;
	}
	if (asleep)
		tlb_flush_all(pt);
	else if (npages)
		tlb_flush_range(pt, lowest, highest + PAGE_SIZE);
	spin_unlock(&v->mm->ptl);
	return npages;
}

void dirty_harvest(struct mapping *mapping, pgoff_t first, pgoff_t end)
{
	uint64_t began = trace_clock();
	size_t npages = 0;

	if (mapping->memory_only || first >= end)
		return;
	spin_lock(&mapping->lock);
	if (mapping->nwritable) {
		struct vma *v = rmap_first(mapping, first, end - 1);

		for (; v; v = rmap_next(v, first, end - 1))
			if ((v->flags & VMA_SHARED) && (v->maxprot & VM_W))
				npages += harvest_vma(mapping, v, first, end);
	}
	spin_unlock(&mapping->lock);
	atomic_fetch_add(&dirty_counts.harvests, 1);
	atomic_fetch_add(&dirty_counts.harvested, npages);
	if (!npages)
		return;
	trace_since(began, TRACE_HARVEST, mapping_ino(mapping), first, end,
		    npages);
	dirty_announce(mapping, true);
}

/* --- writeback --- */

/* From dirty to being written; false if it has gone or was cleaned. */
static bool start_write(struct mapping *mapping, struct page *pg)
{
	page_lock(pg);
	spin_lock(&mapping->lock);

	bool dirty = pg->mapping == mapping && (page_flags(pg) & PAGE_DIRTY);

	if (dirty) {
		page_clear_flags(pg, PAGE_DIRTY);
		page_set_flags(pg, PAGE_WRITEBACK);
		radix_clear_tag(&mapping->pages, RADIX_DIRTY, pg->index);
		radix_set_tag(&mapping->pages, RADIX_WRITING, pg->index);
		atomic_fetch_sub(&page_tally.dirty, 1);
		atomic_fetch_add(&page_tally.writeback, 1);
	}
	spin_unlock(&mapping->lock);
	page_unlock(pg);
	return dirty;
}

/* Up to CLUSTER consecutive dirty pages from *index on, made ready. */
static size_t collect(struct mapping *mapping, pgoff_t *index, pgoff_t end,
		      struct page **batch)
{
	size_t n = 0;

	while (n < CLUSTER) {
		pgoff_t at = *index;
		struct page *pg =
			mapping_next_page(mapping, RADIX_DIRTY, &at, end);

		if (!pg)
			break;
		if (n && at != *index) {
			page_put(pg);
			break;
		}
		if (start_write(mapping, pg))
			batch[n++] = pg;
		page_put(pg);
		*index = at + 1;
	}
	return n;
}

/* Wait for what was started; what failed is dirty again.  The error. */
static int reap(struct mapping *mapping)
{
	uint64_t index = 0;
	int err = 0;

	spin_lock(&mapping->lock);
	for (;;) {
		struct page *pg =
			radix_next(&mapping->pages, RADIX_WRITING, &index);

		if (!pg)
			break;
		page_get(pg);
		spin_unlock(&mapping->lock);
		page_wait_writeback(pg);
		spin_lock(&mapping->lock);
		if (pg->mapping == mapping) { /* not truncated meanwhile */
			radix_clear_tag(&mapping->pages, RADIX_WRITING, index);
			if (page_clear_flags(pg, PAGE_FAILED) & PAGE_FAILED) {
				dirty_page_locked(mapping, pg);
				err = mapping->errors.latest;
			}
		}
		page_put(pg);
	}
	spin_unlock(&mapping->lock);
	return err;
}

int mapping_writeback(struct mapping *mapping, pgoff_t first, pgoff_t end,
		      bool wait)
{
	struct page *batch[CLUSTER];
	uint64_t began = trace_clock();
	size_t n, npages = 0;
	pgoff_t lowest = 0;

	if (mapping->memory_only)
		return 0;
	if (wait)
		mutex_lock(&mapping->writeback);
	else if (!mutex_trylock(&mapping->writeback))
		return 0;
	dirty_harvest(mapping, first, end);
	while ((!mapping->abandoned || mapping->promised) &&
	       (n = collect(mapping, &first, end, batch))) {
		if (!npages)
			lowest = batch[0]->index;
		npages += n;
		mapping->ops->write_pages(mapping, batch, n);
	}

	int err = reap(mapping);

	if (npages)
		trace_since(began, TRACE_WRITEBACK, mapping_ino(mapping),
			    lowest, npages, err);
	mutex_unlock(&mapping->writeback);
	return err;
}

static void note_error(struct write_errors *errors, int error)
{
	errors->latest = error;
	errors->count++;
}

void mapping_note_error(struct mapping *mapping, int error)
{
	note_error(&mapping->errors, error);
	if (mapping->all_errors)
		note_error(mapping->all_errors, error);
}

void mapping_write_done(struct mapping *mapping, struct page *pg, int error)
{
	atomic_fetch_sub(&page_tally.writeback, 1);
	if (error) {
		page_set_flags(pg, PAGE_FAILED);
		mapping_note_error(mapping, error);
		atomic_fetch_add(&dirty_counts.write_errors, 1);
	} else {
		atomic_fetch_add(&dirty_counts.pages_written, 1);
	}
	/* From here on page and mapping may go. */
	page_end_writeback(pg);
}

int write_error_since(struct write_errors *errors, unsigned *seen)
{
	unsigned now = errors->count;

	if (*seen == now)
		return 0;
	*seen = now;
	return errors->latest;
}

/* --- everything --- */

/* The mapping at the front of the list goes to its back; held, if it has
 * been waiting since @before and its owner lives. */
static struct mapping *next_mapping(uint64_t before)
{
	spin_lock(&list_lock);

	struct list *link = list_pop(&mappings);
	struct mapping *mapping = NULL;

	if (link) {
		mapping = list_entry(link, struct mapping, dirty_link);
		list_add_tail(&mappings, link);
		if (mapping->dirtied_at > before ||
		    !mapping->ops->hold(mapping))
			mapping = NULL;
	}
	spin_unlock(&list_lock);
	return mapping;
}

/* Write back all mappings that have been on the list since @before. */
static void flush_since(uint64_t before)
{
	size_t n = 0;

	spin_lock(&list_lock);
	list_for_each (link, &mappings)
		n++;
	spin_unlock(&list_lock);
	while (n--) {
		struct mapping *mapping = next_mapping(before);

		if (!mapping)
			continue;
		mapping_writeback(mapping, 0, UINT64_MAX, true);
		settle(mapping);
		mapping->ops->release(mapping);
	}
}

void dirty_sync_all(void)
{
	flush_since(UINT64_MAX);
}

bool dirty_wait_flushed(void)
{
	if (!flusher || sched_current() == flusher)
		return false;
	spin_lock(&list_lock);

	uint64_t wanted = flushes_done + 2; /* one may be half through */
	uint64_t deadline = time_now() + SECOND;

	flushes_wanted = max_u64(flushes_wanted, wanted);
	waitq_wake_one(&flusher_idle);
	while (flushes_done < wanted &&
	       waitq_wait_until(&flush_done, &list_lock, deadline) == 0)
		;
	spin_unlock(&list_lock);
	return true;
}

void dirty_flusher(void *unused)
{
	flusher = sched_current();
	for (;;) {
		spin_lock(&list_lock);
		if (flushes_done >= flushes_wanted)
			waitq_wait_until(&flusher_idle, &list_lock,
					 time_now() + FLUSH_AGE);

		bool all = flushes_done < flushes_wanted;

		spin_unlock(&list_lock);
		flush_since(all ? UINT64_MAX : time_now() - FLUSH_AGE);
		spin_lock(&list_lock);
		if (all)
			flushes_done++;
		waitq_wake_all(&flush_done);
		spin_unlock(&list_lock);
	}
}

void dirty_init(void)
{
	list_init(&mappings);
	waitq_init(&flusher_idle);
	waitq_init(&flush_done);
}
