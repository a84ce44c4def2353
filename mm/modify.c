// SPDX-License-Identifier: MIT
/*
 * modify.c - changing a file through its cache: write(2) and truncation.
 *
 * A write copies into the cache's pages and marks them dirty; the disk comes
 * later.  Before it does, the filesystem must have found a place for the
 * bytes (reserve), so that a full disk is an error here and not a loss later.
 *
 * The caller holds the inode lock, so user memory may only be touched with
 * faults off.  Where a page of the buffer is not there the write ends short,
 * and the caller faults it in without the lock and comes back.
 *
 * Past the end of the file memory is zero.  A program may store there through
 * a mapping of the last page; then tail_stored is set, and before the file
 * grows the tail is unmapped and zeroed again.
 *
 * Shrinking goes in this order only: 1 size  2 unmap  3 zero the tail  4 drop
 * the pages  5 (the caller) free the blocks.
 *
 * Locking: the inode lock, then page locks one at a time.  Book: chapter 7.
 */

#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "mm/dirty.h"
#include "mm/mapping.h"
#include "mm/unmap.h"

/* --- the end of the file --- */

/*
 * The file is about to end elsewhere: what programs stored past its end is
 * zeroed, and their next store must fault, because the page needs a new
 * reserve() then.  Page locked.
 */
static void reset_tail(struct mapping *mapping, struct page *pg)
{
	size_t from = page_offset(mapping->size);

	/* 1 no new entry to store through  2 those there are  3 the bytes */
	page_clear_flags(pg, PAGE_BACKED);
	mapping->tail_stored = false;
	unmap_file(mapping, pg->index, pg->index + 1, false);
	if (from)
		memset((char *)page_address(pg) + from, 0, PAGE_SIZE - from);
}

/* The file grows to @nbytes (or will, by writes behind the last page, and
 * @nbytes is its size still). */
static int grow(struct mapping *mapping, uint64_t nbytes)
{
	pgoff_t last = mapping->size >> PAGE_SHIFT;
	struct page *pg = NULL;
	int err = 0;

	if (page_offset(mapping->size)) {
		if (mapping->tail_stored && !mapping->memory_only)
			err = mapping_get_page(mapping, last, &pg);
		else /* what is not here has zeros there */
			pg = mapping_find_page(mapping, last);
	}
	if (err)
		return err;
	if (pg) {
		page_lock(pg);
		page_clear_flags(pg, PAGE_BACKED);
		if (mapping->tail_stored) {
			reset_tail(mapping, pg);
			mapping_dirty_page(mapping, pg);
		}
	}
	mapping->size = nbytes;
	if (pg) {
		page_unlock(pg);
		page_put(pg);
	}
	return 0;
}

/* --- writing --- */

void mapping_dirty_page(struct mapping *mapping, struct page *pg)
{
	spin_lock(&mapping->lock);
	if (pg->mapping == mapping)
		dirty_page_locked(mapping, pg);
	spin_unlock(&mapping->lock);
	dirty_announce(mapping, true);
}

int mapping_reserve_page(struct mapping *mapping, struct page *pg,
			 uint64_t size)
{
	int err = 0;

	if ((page_flags(pg) & PAGE_BACKED) && size <= mapping->size)
		return 0;
	if (mapping->ops->reserve)
		err = mapping->ops->reserve(mapping, pg, size);
	if (err)
		return err;
	page_set_flags(pg, PAGE_BACKED);
	return mapping->ops->reserved ? 1 : 0;
}

/* The locked page @index, uptodate unless @whole: all will be overwritten. */
static int get_for_write(struct mapping *mapping, pgoff_t index, bool whole,
			 struct page **out)
{
	for (;;) {
		int err = mapping_get_locked(mapping, index, out);

		if (err || (page_flags(*out) & PAGE_UPTODATE))
			return err;
		if (whole)
			return 0;
		if (!mapping_covers(mapping, index)) {
			page_zero(page_address(*out));
			page_set_flags(*out, PAGE_UPTODATE);
			return 0;
		}
		page_unlock(*out);
		page_put(*out);
		err = mapping_get_page(mapping, index, out);
		if (err)
			return err;
		page_put(*out);
	}
}

/*
 * Copy up to @n bytes into the locked page; how many, or an error.  -EAGAIN:
 * the page must be read first after all; -EBUSY: wait() first.
 */
static ssize_t write_page(struct mapping *mapping, struct page *pg,
			  struct uio *uio, uint64_t offset, size_t n)
{
	char *to = (char *)page_address(pg) + page_offset(offset);
	uint64_t size = mapping->size;
	uint64_t end = max_u64(size, offset + n);
	bool fresh = !(page_flags(pg) & PAGE_UPTODATE);
	struct uio before = *uio;
	size_t done = 0;

	bool reset = offset + n > size && mapping->tail_stored &&
		     pg->index == size >> PAGE_SHIFT;

	if (reset)
		reset_tail(mapping, pg);
	if (fresh) /* nobody looks at it yet: all of it, or nothing */
		done = uio_copy_from_nofault(uio, to, n);

	int reserved = fresh && done < n
			       ? -EAGAIN
			       : mapping_reserve_page(mapping, pg, end);

	if (reserved < 0) {
		*uio = before;
		return reserved;
	}
	if (!fresh)
		done = uio_copy_from_nofault(uio, to, n);
	page_set_flags(pg, PAGE_UPTODATE | PAGE_ACTIVE);
	page_clear_flags(pg, PAGE_FETCHED);
	/* If the caller's buffer was in this very page, it comes back for
	 * reading only, or we should take it away again, for ever. */
	if (reset && !done)
		page_clear_flags(pg, PAGE_BACKED);
	if (done && offset + done > size)
		mapping->size = offset + done;
	/* New blocks hold an old file's bytes until the page is written: it
	 * is dirty even if the copy moved nothing. */
	if (!(page_flags(pg) & PAGE_DIRTY))
		mapping_dirty_page(mapping, pg);
	if (reserved)
		mapping->ops->reserved(mapping, end);
	return done;
}

/* Nothing was written to the locked page.  In memory a page past the end
 * would stay there for nothing. */
static void drop_unwritten(struct mapping *mapping, struct page *pg)
{
	if (!mapping->memory_only || mapping_covers(mapping, pg->index))
		return;
	spin_lock(&mapping->lock);
	mapping_remove_page_locked(mapping, pg);
	spin_unlock(&mapping->lock);
}

ssize_t mapping_write(struct mapping *mapping, struct uio *uio, uint64_t offset)
{
	uint64_t start = offset;
	bool again = false;
	ssize_t done = 0;

	/* A store into the last page may now come before the new size, and
	 * reserve only what lies below the old one.  For the rest of the page
	 * writeback finds a place, or an error that fsync reports. */
	if (offset >> PAGE_SHIFT > mapping->size >> PAGE_SHIFT)
		done = grow(mapping, mapping->size);
	while (uio->left && done >= 0) {
		size_t n = min_u64(PAGE_SIZE - page_offset(offset), uio->left);
		struct page *pg;

		done = get_for_write(mapping, offset >> PAGE_SHIFT,
				     n == PAGE_SIZE && !again, &pg);
		if (done)
			break;
		done = write_page(mapping, pg, uio, offset, n);
		if (done <= 0)
			drop_unwritten(mapping, pg);
		page_unlock(pg);
		page_put(pg);
		if (done == -EBUSY)
			mapping->ops->wait(mapping);
		else
			again = done == -EAGAIN;
		if (done == -EBUSY || again) {
			done = 0;
			continue;
		}
		if (done > 0)
			offset += done;
		if (done < (ssize_t)n)
			break;
	}
	return offset > start ? (ssize_t)(offset - start) : done;
}

/* --- shrinking and the end --- */

/*
 * Drop the pages [first, end), whatever their state.  Those that were mapped
 * have been taken out of page tables, but a fault may just have found one: it
 * looks at UPTODATE under the lock that unmapping takes (fault.c).
 */
static void drop_pages(struct mapping *mapping, pgoff_t first, pgoff_t end)
{
	struct page *pg;

	while ((pg = mapping_next_page(mapping, RADIX_PRESENT, &first, end))) {
		page_lock(pg);
		page_wait_writeback(pg);
		spin_lock(&mapping->lock);
		if (pg->mapping == mapping) {
			page_clear_flags(pg, PAGE_UPTODATE);
			unmap_file_locked(mapping, first, first + 1, false);
			mapping_remove_page_locked(mapping, pg);
		}
		spin_unlock(&mapping->lock);
		page_unlock(pg);
		page_put(pg);
	}
}

void mapping_punch(struct mapping *mapping, pgoff_t first, pgoff_t end)
{
	unmap_file(mapping, first, end, false);
	drop_pages(mapping, first, end);
}

static int shrink(struct mapping *mapping, uint64_t nbytes)
{
	pgoff_t first = page_up(nbytes) >> PAGE_SHIFT;
	struct page *tail = NULL;

	if (page_offset(nbytes) && !mapping->memory_only) {
		int err =
			mapping_get_page(mapping, nbytes >> PAGE_SHIFT, &tail);

		if (err)
			return err;
	}
	/* 1 size  2 unmap  3 tail  4 drop.  A fault looks at the size under
	 * the lock that 2 takes, so it is before 2 or sees 1. */
	mapping->size = nbytes;
	unmap_file(mapping, first, UINT64_MAX >> PAGE_SHIFT, true);
	if (page_offset(nbytes) && mapping->memory_only) /* or it is a hole */
		tail = mapping_find_page(mapping, nbytes >> PAGE_SHIFT);
	if (tail) {
		page_lock(tail);
		reset_tail(mapping, tail);
		mapping_dirty_page(mapping, tail);
		page_unlock(tail);
		page_put(tail);
	}
	drop_pages(mapping, first, UINT64_MAX);
	return 0;
}

int mapping_resize(struct mapping *mapping, uint64_t nbytes)
{
	uint64_t size = mapping->size;

	return nbytes < size   ? shrink(mapping, nbytes)
	       : nbytes > size ? grow(mapping, nbytes)
			       : 0;
}

void mapping_destroy(struct mapping *mapping)
{
	dirty_forget(mapping);
	drop_pages(mapping, 0, UINT64_MAX);
	assert(!mapping->npages && !mapping->vmas.root);
}
