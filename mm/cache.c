// SPDX-License-Identifier: MIT
/*
 * cache.c - the pages of a file in memory.
 *
 * There is one copy of each page of a file, and read(2), write(2), mmap and
 * exec all use that one; so they agree without any copying back and forth.
 * A page is found by its index in the mapping's radix tree.
 *
 * Reading ahead: a miss reads a whole window of pages.  One page in it is
 * marked; whoever gets as far starts reading the next window, twice as large,
 * and does not wait for it:
 *
 *     |. . M .|M . . . . . . .|M . . .      M: mark; a window per |...|
 *
 * A reader who jumps about starts over with a small window.
 *
 * Locking: mapping->lock (spin) for the tree; the page lock for contents and
 * identity.  User memory is touched with no page lock held, or with faults
 * off.  Book: chapter 6.
 */

#include "mm/mapping.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "mm/reclaim.h"
#include "mm/rmap.h"
#include "mm/unmap.h"

enum { WINDOW_MIN = 4, WINDOW_AROUND = 16, WINDOW_MAX = 32 };

void mapping_init(struct mapping *mapping, const struct mapping_ops *ops,
		  void *owner)
{
	memset(mapping, 0, sizeof(*mapping));
	spin_init(&mapping->lock, "mapping", RANK_MAPPING);
	mutex_init(&mapping->writeback, "writeback", RANK_WRITEBACK);
	list_init(&mapping->dirty_link);
	mapping->ops = ops;
	mapping->owner = owner;
}

/* --- the index --- */

struct page *mapping_find_page(struct mapping *mapping, pgoff_t index)
{
	spin_lock(&mapping->lock);

	struct page *pg = radix_find(&mapping->pages, index);

	if (pg)
		page_get(pg);
	spin_unlock(&mapping->lock);
	return pg;
}

struct page *mapping_next_page(struct mapping *mapping, enum radix_tag tag,
			       pgoff_t *index, pgoff_t end)
{
	spin_lock(&mapping->lock);

	struct page *pg = radix_next(&mapping->pages, tag, index);

	if (pg && *index >= end)
		pg = NULL;
	if (pg)
		page_get(pg);
	spin_unlock(&mapping->lock);
	return pg;
}

/* One more page of the owner's share of memory. */
static bool take_room(struct mapping *mapping)
{
	if (!mapping->room || atomic_fetch_sub(mapping->room, 1) > 0)
		return true;
	atomic_fetch_add(mapping->room, 1);
	return false;
}

/* Enter a fresh page, locked; the cache takes a reference of its own.  0;
 * -EEXIST; -ENOMEM; -ENOSPC. */
static int cache_add(struct mapping *mapping, struct page *pg, pgoff_t index)
{
	pg->mapping = mapping;
	pg->index = index;
	page_set_flags(pg, PAGE_LOCKED);
	spin_lock(&mapping->lock);

	int err = radix_insert(&mapping->pages, index, pg);

	if (!err && !take_room(mapping)) {
		radix_remove(&mapping->pages, index);
		err = -ENOSPC;
	}
	if (!err) {
		page_get(pg);
		mapping->npages++;
		reclaim_add(pg);
	}
	spin_unlock(&mapping->lock);
	if (err) {
		pg->mapping = NULL;
		page_unlock(pg);
	}
	return err;
}

void mapping_remove_page_locked(struct mapping *mapping, struct page *pg)
{
	assert(pg->mapping == mapping);
	radix_remove(&mapping->pages, pg->index);
	mapping->npages--;
	if (mapping->room)
		atomic_fetch_add(mapping->room, 1);
	if (page_clear_flags(pg, PAGE_DIRTY | PAGE_BACKED) & PAGE_DIRTY)
		atomic_fetch_sub(&page_tally.dirty, 1);
	reclaim_remove(pg);
	pg->mapping = NULL;
	page_put(pg);
}

int mapping_get_locked(struct mapping *mapping, pgoff_t index,
		       struct page **out)
{
	for (;;) {
		struct page *pg = mapping_find_page(mapping, index);

		if (pg) {
			page_lock(pg);
			if (pg->mapping == mapping) {
				*out = pg;
				return 0;
			}
			page_unlock(pg); /* truncated while we slept */
			page_put(pg);
			continue;
		}
		pg = page_alloc();
		if (!pg)
			return -ENOMEM;

		int err = cache_add(mapping, pg, index);

		if (!err) {
			*out = pg;
			return 0;
		}
		page_put(pg);
		if (err != -EEXIST)
			return err;
	}
}

/* Has the page been used through @v since we last asked? */
static bool used_through(struct vma *v, struct page *pg)
{
	vaddr_t va = v->start + ((pg->index - v->pgoff) << PAGE_SHIFT);
	bool used = false;

	spin_lock(&v->mm->ptl);

	pte_slot *slot = pagetable_find(&v->mm->pagetable, va);

	if (slot && pte_has_page(pte_read(slot)) &&
	    pte_pfn(pte_read(slot)) == page_to_pfn(pg))
		used = pte_test_and_clear_accessed(slot);
	if (used) /* or the hart would not set it again */
		tlb_flush_page(&v->mm->pagetable, va);
	spin_unlock(&v->mm->ptl);
	return used;
}

/* Do those who map the page need it, or does mlock keep it?  mapping->lock
 * held. */
static bool page_is_used(struct mapping *mapping, struct page *pg)
{
	struct vma *v = rmap_first(mapping, pg->index, pg->index);
	bool used = false;

	for (; v; v = rmap_next(v, pg->index, pg->index))
		used |= (v->flags & VMA_LOCKED) || used_through(v, pg);
	return used;
}

bool mapping_drop_page(struct page *pg, bool wait, bool unmap)
{
	if (!page_trylock(pg))
		return false;

	struct mapping *mapping = pg->mapping;
	const unsigned busy = PAGE_DIRTY | PAGE_WRITEBACK;
	bool dropped = false;

	if (mapping && !mapping->memory_only && !(page_flags(pg) & busy) &&
	    spin_lock_or_try(&mapping->lock, wait)) {
		if (unmap && pg->refs > 2 && !page_is_used(mapping, pg))
			unmap_file_locked(mapping, pg->index, pg->index + 1,
					  false);
		/* Ours and the cache's: nobody else has it, and nobody can
		 * get it without the lock. */
		dropped = pg->refs == 2 && !(page_flags(pg) & busy);
		if (dropped)
			mapping_remove_page_locked(mapping, pg);
		spin_unlock(&mapping->lock);
	}
	page_unlock(pg);
	return dropped;
}

/* --- reading --- */

/* Start reading what is missing of [first, end), up to the first page that is
 * there.  Fails only if not even the first page can be had. */
static int cache_fill(struct mapping *mapping, pgoff_t first, pgoff_t end,
		      pgoff_t mark)
{
	struct page *pages[WINDOW_MAX];
	size_t n = 0;
	int err = 0;

	for (pgoff_t index = first; index < end && !err; index++) {
		/* Only the first may wait: then no page is locked yet.  If it
		 * had to, there is room for the next ones, too. */
		struct page *pg = n ? page_take(page_low()) : page_alloc();

		if (!pg) {
			err = -ENOMEM;
			break;
		}
		err = cache_add(mapping, pg, index);
		if (!err)
			pages[n++] = pg;
		if (!err && index == mark)
			page_set_flags(pg, PAGE_READAHEAD);
		page_put(pg);
	}
	if (n)
		mapping->ops->read_pages(mapping, pages, n);
	return n || err == -EEXIST ? 0 : err;
}

/* Pages that there are, within the size. */
static pgoff_t size_npages(struct mapping *mapping)
{
	return (mapping->size + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

void mapping_read_ahead(struct mapping *mapping, pgoff_t first, pgoff_t end)
{
	if (mapping->memory_only)
		return;
	end = min_u64(end, size_npages(mapping));
	/* Advice is no reason to throw out what others use. */
	for (; first < end && page_nfree() > 4 * page_low(); first++) {
		struct page *pg = mapping_find_page(mapping, first);

		if (pg)
			page_put(pg);
		else if (cache_fill(mapping, first,
				    min_u64(end, first + WINDOW_MAX), end))
			return;
	}
}

/* Page @index is missing, or (@ahead) its reader will soon want the window
 * after it; he wants @want pages at once (0: this one and no other). */
static int read_window(struct mapping *mapping, pgoff_t index, size_t want,
		       bool ahead)
{
	pgoff_t end = size_npages(mapping);

	if (mapping->memory_only || !want)
		return cache_fill(mapping, index, index + 1, index + 1);
	spin_lock(&mapping->lock);

	bool sequential = ahead || index == mapping->readahead_end;
	size_t npages = sequential ? 2 * mapping->readahead_npages : WINDOW_MIN;

	npages = min_u64(max_u64(npages, want), WINDOW_MAX);
	/* It is not to drive out what is in use. */
	npages = min_u64(npages, page_nfree() / WINDOW_AROUND + 1);
	if (ahead)
		index = mapping->readahead_end;
	end = min_u64(end, index + npages);
	mapping->readahead_npages = npages;
	mapping->readahead_end = end;
	spin_unlock(&mapping->lock);
	if (index >= end)
		return 0;
	return cache_fill(mapping, index, end,
			  sequential ? index : index + npages / 2);
}

/* Wait until a page that is there is also filled; if its read failed, read
 * it once more by itself. */
static int wait_uptodate(struct mapping *mapping, struct page *pg)
{
	for (int tries = 0;; tries++) {
		page_lock(pg);
		if (pg->mapping != mapping) {
			page_unlock(pg);
			return -EAGAIN;
		}
		if ((page_flags(pg) & PAGE_UPTODATE) || tries == 1) {
			page_unlock(pg);
			return page_flags(pg) & PAGE_UPTODATE ? 0 : -EIO;
		}
		mapping->ops->read_pages(mapping, &pg, 1); /* unlocks */
	}
}

int mapping_get_pages(struct mapping *mapping, pgoff_t index, size_t want,
		      struct page **out)
{
	int err;

	do {
		struct page *pg = mapping_find_page(mapping, index);

		if (!mapping_covers(mapping, index)) {
			if (pg)
				page_put(pg);
			return -ERANGE;
		}
		if (!pg) {
			err = read_window(mapping, index, want, false);
			if (!err)
				err = -EAGAIN; /* look again */
			continue;
		}
		if ((page_flags(pg) & PAGE_READAHEAD) &&
		    (page_clear_flags(pg, PAGE_READAHEAD) & PAGE_READAHEAD))
			read_window(mapping, index, want, true);
		err = page_flags(pg) & PAGE_UPTODATE
			      ? 0
			      : wait_uptodate(mapping, pg);
		if (!err)
			*out = pg;
		else
			page_put(pg);
	} while (err == -EAGAIN);
	return err;
}

int mapping_get_page(struct mapping *mapping, pgoff_t index, struct page **out)
{
	/* A fault: its neighbours in the aligned block are wanted soon. */
	return mapping_get_pages(mapping, index,
				 WINDOW_AROUND - index % WINDOW_AROUND, out);
}

/* The same for read(2), which leaves a hole in memory one. */
static int get_for_read(struct mapping *mapping, pgoff_t index, size_t want,
			struct page **out)
{
	if (mapping->memory_only) {
		*out = mapping_find_page(mapping, index);
		if (!*out) {
			*out = page_of_zeros;
			page_get(*out);
			return 0;
		}
		page_put(*out);
	}
	return mapping_get_pages(mapping, index, want, out);
}

/* Once is not often: see reclaim.c. */
static void mark_used(struct page *pg)
{
	unsigned flags = page_flags(pg);

	if (!(flags & PAGE_ONCE))
		page_set_flags(pg, PAGE_ONCE);
	else if (!(flags & PAGE_ACTIVE))
		page_set_flags(pg, PAGE_ACTIVE);
}

ssize_t mapping_read(struct mapping *mapping, struct uio *uio, uint64_t offset)
{
	uint64_t start = offset;
	int err = 0;

	while (uio->left && !err) {
		uint64_t size = mapping->size;
		size_t from = page_offset(offset);
		struct page *pg;

		if (offset >= size)
			break;

		size_t n = min_u64(min_u64(PAGE_SIZE - from, uio->left),
				   size - offset);
		size_t want = (from + uio->left + PAGE_SIZE - 1) >> PAGE_SHIFT;

		err = get_for_read(mapping, offset >> PAGE_SHIFT, want, &pg);
		if (err)
			break;

		size_t done =
			uio_copy_to(uio, (char *)page_address(pg) + from, n);

		mark_used(pg);
		page_put(pg);
		offset += done;
		if (done < n)
			err = -EFAULT;
	}
	if (offset > start || err == -ERANGE)
		return offset - start;
	return err;
}
