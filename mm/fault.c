// SPDX-License-Identifier: MIT
/*
 * fault.c - the lazy pager.
 *
 * mmap only makes promises; the first touch of a page keeps one.  What a
 * fault must do follows from the VMA, the access and what the page-table
 * entry holds:
 *
 *   entry        VMA               read or execute      write
 *   ---------    ---------------   ------------------   -------------------
 *   none         anonymous         the page of zeros    a new zeroed page
 *   none         file, private     the cache's page     a copy of it
 *   none         file, shared      the cache's page     the same; reserve()
 *   page, no W   file, shared      -                    the same; reserve()
 *   page, no W   private           -                    a copy, or the page
 *                                                       itself if no one else
 *                                                       has it (COW)
 *   swap slot    private           the page that is read from there, without
 *                                  W if others share it
 *   page, right  any               nothing to do: another hart was first, or
 *                                  only A or D was missing
 *
 * The cache's page is mapped without W until the first store, because a store
 * needs a place on disk first: that is where a full disk shows, as SIGBUS.
 *
 * mm->lock is held for reading all the time, so VMAs and tables stay; entries
 * and pages do not.  Each case works out what it wants without a spinlock and
 * then install()s it, if under mm->ptl nothing has changed; otherwise it does
 * nothing, and the instruction faults again.
 *
 * Truncation: it sets the size, and then takes entries out under mm->ptl.
 * install() looks at the size under mm->ptl.  So either it sees the new size,
 * or truncation sees the entry.  In the same way whoever moves the end of the
 * file inside a page first makes it not PAGE_BACKED (modify.c), and install()
 * lets nobody store to it then.
 *
 * Book: chapter 6.  Tests: mmaptest.
 */

#include "mm/fault.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/lib/trace.h"
#include "mm/huge.h"
#include "mm/mapping.h"
#include "mm/mmap.h"
#include "mm/reclaim.h"
#include "mm/swap.h"

struct fault_counts fault_counts;

/* In the table's order, but for the first. */
enum fault_kind {
	FAULT_UNKNOWN, /* nothing there, or no right, or no page table */
	FAULT_ANONYMOUS_READ,
	FAULT_ANONYMOUS_WRITE,
	FAULT_FILE_READ,
	FAULT_FILE_COPY,
	FAULT_SHARED_WRITE,
	FAULT_COPY_ON_WRITE,
	FAULT_SWAPPED,
	FAULT_MENDED,
	FAULT_ANONYMOUS_HUGE, /* a write that got 2 MiB (huge.c) */
};

struct fault {
	struct mm *mm;
	struct vma *v; /* valid while mm->lock is held */
	vaddr_t va;    /* of the page */
	int access;
	pte_slot *slot;      /* stays while mm->lock is held */
	pte_t old;           /* what it held when we looked, ... */
	unsigned long nnaps; /* ... and how many naps tables had had */
	bool major;          /* the disk was asked */
	enum fault_kind kind;
	uint64_t began; /* trace_clock() */
};

static void count(atomic_ulong *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* --- installing --- */

/* Is the entry as it was when we looked, and its table still awake? */
static bool unchanged(const struct fault *f)
{
	return pte_same(pte_read(f->slot), f->old) &&
	       f->nnaps == f->mm->pagetable.nnaps;
}

/* The page is still its mapping's, and within the file.  Who is about to
 * remove it makes it not uptodate first. */
static bool still_cached(const struct page *pg, struct mapping *mapping)
{
	return mapping_covers(mapping, pg->index) && pg->mapping == mapping &&
	       (page_flags(pg) & PAGE_UPTODATE);
}

/* If it is the file's last page, stores may go past the end. */
static void note_tail(struct mapping *mapping, const struct page *pg)
{
	if (pg->index == mapping->size >> PAGE_SHIFT && !mapping->tail_stored)
		mapping->tail_stored = true;
}

bool fault_store_ready(struct vma *v, struct page *pg)
{
	if (!(v->flags & VMA_SHARED))
		return pg != page_of_zeros && !pg->mapping && swap_page_own(pg);
	if (!(page_flags(pg) & PAGE_BACKED))
		return false;
	/* 1 say so  2 look again: who clears BACKED looks at it after that */
	note_tail(file_mapping(v->file), pg);
	atomic_thread_fence(memory_order_seq_cst);
	return page_flags(pg) & PAGE_BACKED;
}

static struct page *old_page(const struct fault *f)
{
	return pte_none(f->old) ? NULL : page_from_pfn(pte_pfn(f->old));
}

/*
 * Put @pg where f->old was, with rights @prot, and take over the caller's
 * reference.  @cached: the cache page that it is, or is a copy of, which must
 * not have been truncated meanwhile (NULL: none).
 */
static int install(struct fault *f, struct page *pg, int prot, bool dirty,
		   const struct page *cached)
{
	struct page *old = old_page(f);
	struct mm *mm = f->mm;

	/* In this order: who finds the flag set executes without a flush. */
	if ((prot & VM_X) && !(page_flags(pg) & PAGE_FETCHED)) {
		icache_flush_all();
		page_set_flags(pg, PAGE_FETCHED);
	}
	spin_lock(&mm->ptl);
	if (!unchanged(f) ||
	    (cached && !still_cached(cached, file_mapping(f->v->file))) ||
	    ((prot & VM_W) && !fault_store_ready(f->v, pg))) {
		spin_unlock(&mm->ptl);
		if (pg != page_of_zeros)
			page_put(pg);
		return 0; /* the access is tried again */
	}
	if (old && old != page_of_zeros)
		mm_account(mm, old, -1);
	if (pg != page_of_zeros)
		mm_account(mm, pg, 1);
	if (old && old != pg) {
		/* 1 no entry  2 no hart sees the old page  3 the new one: who
		 * is told of a store to it reads it, too  4 let the old go */
		pte_take(f->slot);
		tlb_flush_page(&mm->pagetable, f->va);
	}
	pte_set(f->slot, pte_make_user(page_to_pfn(pg), prot, dirty));
	spin_unlock(&mm->ptl);
	/* Other harts may fault on a stale entry once more. */
	tlb_flush_page_local(&mm->pagetable, f->va);
	if (old && old != page_of_zeros)
		swap_page_put(old);
	return 0;
}

/* --- anonymous memory --- */

static int anonymous_read(struct fault *f)
{
	count(&fault_counts.anonymous_zero);
	return install(f, page_of_zeros, fault_unwritable(f->v->prot), false,
		       NULL);
}

static int anonymous_write(struct fault *f)
{
	if (huge_fault(f->v, f->va)) {
		f->kind = FAULT_ANONYMOUS_HUGE;
		return 0;
	}

	struct page *pg = page_alloc_zeroed();

	if (!pg)
		return -ENOMEM;
	count(&fault_counts.anonymous_new);
	f->v->has_copies = true;
	return install(f, pg, f->v->prot, true, NULL);
}

/* --- files --- */

/* The cache's page for f->va. */
static int get_cached(struct fault *f, struct page **out)
{
	struct mapping *mapping = file_mapping(f->v->file);
	pgoff_t index = vma_pgoff(f->v, f->va);
	struct page *pg = mapping_find_page(mapping, index);

	if (pg) {
		const unsigned want = PAGE_UPTODATE | PAGE_READAHEAD;

		if ((page_flags(pg) & want) == PAGE_UPTODATE &&
		    mapping_covers(mapping, index)) {
			*out = pg;
			return 0;
		}
		page_put(pg);
	} else {
		f->major = true;
	}

	int err = f->v->flags & VMA_RANDOM
			  ? mapping_get_pages(mapping, index, 0, out)
		  : f->v->flags & VMA_SEQUENTIAL
			  ? mapping_get_pages(mapping, index, SIZE_MAX, out)
			  : mapping_get_page(mapping, index, out);

	return err == -EIO || err == -ENOSPC ? -ERANGE : err;
}

static int file_read(struct fault *f)
{
	int prot = fault_unwritable(f->v->prot);
	struct page *pg;
	int err = get_cached(f, &pg);

	if (err)
		return err;
	count(&fault_counts.file_read);
	/* If it has its place on disk, save the second fault. */
	if ((f->v->flags & VMA_SHARED) && (page_flags(pg) & PAGE_BACKED))
		prot = f->v->prot;
	err = install(f, pg, prot, false, pg);
	fault_around(f->v, f->va, f->slot);
	return err;
}

/* A private mapping's first store: a copy straight from the cache. */
static int file_copy(struct fault *f)
{
	struct page *cached;
	int err = get_cached(f, &cached);

	if (err)
		return err;

	struct page *pg = page_alloc();

	if (pg) {
		count(&fault_counts.file_write);
		page_copy(page_address(pg), page_address(cached));
		f->v->has_copies = true;
		err = install(f, pg, f->v->prot, true, cached);
	}
	page_put(cached);
	return pg ? err : -ENOMEM;
}

/* Make sure the store has a place on disk; -EBUSY: wait() first. */
static int reserve_page(struct mapping *mapping, struct page *pg)
{
	int reserved = 0;

	page_lock(pg);
	if (pg->mapping == mapping)
		reserved = mapping_reserve_page(mapping, pg, mapping->size);
	if (reserved >= 0 && pg->mapping == mapping)
		mapping_dirty_page(mapping, pg);
	if (reserved > 0)
		mapping->ops->reserved(mapping, 0);
	page_unlock(pg);
	return reserved < 0 ? reserved : 0;
}

static int reserve(struct mapping *mapping, struct page *pg)
{
	int err = 0;

	if (page_flags(pg) & PAGE_BACKED)
		return 0;
	while ((err = reserve_page(mapping, pg)) == -EBUSY)
		mapping->ops->wait(mapping);
	return err == -ENOMEM ? err : err ? -ERANGE : 0;
}

static int shared_write(struct fault *f)
{
	struct mapping *mapping = file_mapping(f->v->file);
	struct page *pg;
	int err = get_cached(f, &pg);

	if (err)
		return err;
	err = reserve(mapping, pg);
	if (err) {
		page_put(pg);
		return err;
	}
	count(&fault_counts.file_write);
	return install(f, pg, f->v->prot, true, pg);
}

/* --- copy on write --- */

/* Take @old, if the entry's reference is the only one: it is nobody's cache
 * page, and no other entry's.  Else get a reference for copying it. */
static bool reuse_or_get(struct fault *f, struct page *old, bool *changed)
{
	bool reused = false;

	spin_lock(&f->mm->ptl);
	*changed = !unchanged(f);
	if (!*changed && !old->mapping && swap_page_own(old)) {
		pte_set(f->slot,
			pte_make_user(page_to_pfn(old), f->v->prot, true));
		reused = true;
	} else if (!*changed) {
		page_get(old);
	}
	spin_unlock(&f->mm->ptl);
	return reused;
}

static int copy_on_write(struct fault *f)
{
	struct page *old = old_page(f);
	bool changed;

	if (reuse_or_get(f, old, &changed)) {
		count(&fault_counts.cow_reuses);
		trace(TRACE_COW_REUSE, f->va);
		tlb_flush_page_local(&f->mm->pagetable, f->va);
		return 0;
	}
	if (changed)
		return 0;

	struct page *pg = page_alloc();

	if (pg)
		page_copy(page_address(pg), page_address(old));
	swap_page_put(old); /* the entry's reference goes in install() */
	if (!pg)
		return -ENOMEM;
	count(&fault_counts.cow_copies);
	trace(TRACE_COW_COPY, f->va);
	f->v->has_copies = true;
	return install(f, pg, f->v->prot, true, NULL);
}

/* --- swap --- */

static int swapped(struct fault *f)
{
	struct page *pg;
	int err = swap_page_get(pte_swap_place(f->old), &pg, &f->major);

	if (err)
		return err == -EAGAIN ? 0 : err; /* another hart was first */
	swap_entry_fill(f->v, f->va, f->slot, f->old, pg, f->access);
	return 0;
}

/* --- which case --- */

/* Does @prot allow @access?  Memory that may be written may be read: the
 * hardware has no other way (Priv. spec: W without R is reserved). */
static bool allows(int prot, int access)
{
	return prot & (access == VM_R ? VM_R | VM_W : access);
}

static enum fault_kind fault_kind(const struct fault *f)
{
	bool write = f->access == VM_W;

	if (pte_none(f->old)) {
		if (!f->v->file)
			return write ? FAULT_ANONYMOUS_WRITE
				     : FAULT_ANONYMOUS_READ;
		if (!write)
			return FAULT_FILE_READ;
		return f->v->flags & VMA_SHARED ? FAULT_SHARED_WRITE
						: FAULT_FILE_COPY;
	}
	if (pte_swapped(f->old))
		return FAULT_SWAPPED;
	if (pte_present(f->old) && pte_allows(f->old, f->access))
		return FAULT_MENDED;
	assert(write); /* entries allow what the VMA does, but for W */
	if (f->v->flags & VMA_SHARED)
		return FAULT_SHARED_WRITE;
	return old_page(f) == page_of_zeros ? FAULT_ANONYMOUS_WRITE
					    : FAULT_COPY_ON_WRITE;
}

/* Find the entry; if only A or D was missing, that is mended. */
static int look(struct fault *f)
{
	spin_lock(&f->mm->ptl);
	f->slot = pagetable_make(&f->mm->pagetable, f->va);
	if (f->slot) {
		f->old = pte_read(f->slot);
		f->nnaps = f->mm->pagetable.nnaps;
		pte_mend_accessed_dirty(f->slot, f->access);
	}
	spin_unlock(&f->mm->ptl);
	return f->slot ? 0 : -ENOMEM;
}

/* mm->lock is held for reading. */
static int resolve(struct fault *f)
{
	f->v = vma_at(&f->mm->vmas, f->va);
	if (!f->v)
		return -EFAULT;
	if (!allows(f->v->prot, f->access))
		return -EACCES;
	while (look(f))
		if (!reclaim_wait())
			return -ENOMEM;
	f->kind = fault_kind(f);
	switch (f->kind) {
	case FAULT_UNKNOWN:
	case FAULT_ANONYMOUS_HUGE:
		break;
	case FAULT_MENDED:
		count(&fault_counts.mended);
		tlb_flush_page_local(&f->mm->pagetable, f->va);
		return 0;
	case FAULT_ANONYMOUS_READ:
		return anonymous_read(f);
	case FAULT_ANONYMOUS_WRITE:
		return anonymous_write(f);
	case FAULT_FILE_READ:
		return file_read(f);
	case FAULT_FILE_COPY:
		return file_copy(f);
	case FAULT_SHARED_WRITE:
		return shared_write(f);
	case FAULT_COPY_ON_WRITE:
		return copy_on_write(f);
	case FAULT_SWAPPED:
		return swapped(f);
	}
	return -EFAULT;
}

/* --- the trace --- */

static const char *access_name(int access)
{
	return access == VM_R ? "read" : access == VM_W ? "write" : "execute";
}

static const char *const kind_names[] = {
	[FAULT_UNKNOWN] = "none",
	[FAULT_ANONYMOUS_READ] = "anonymous-read",
	[FAULT_ANONYMOUS_WRITE] = "anonymous-write",
	[FAULT_FILE_READ] = "file-read",
	[FAULT_FILE_COPY] = "file-copy",
	[FAULT_SHARED_WRITE] = "shared-write",
	[FAULT_COPY_ON_WRITE] = "copy-on-write",
	[FAULT_SWAPPED] = "swapped",
	[FAULT_MENDED] = "mended",
	[FAULT_ANONYMOUS_HUGE] = "anonymous-huge",
};

int fault_handle(struct mm *mm, vaddr_t va, int access)
{
	struct fault f = {
		.mm = mm,
		.va = page_down(va),
		.access = access,
		.began = trace_clock(),
	};
	int err;

	if (va >= USER_END)
		return -EFAULT;
	do {
		read_lock(&mm->lock);
		err = resolve(&f);
		read_unlock(&mm->lock);
	} while (err == -EFAULT && !mmap_grow_stack(mm, f.va));
	count(&fault_counts.faults);
	count(f.major ? &mm->faults_major : &mm->faults_minor);
	if (f.major)
		count(&fault_counts.major);
	trace_since(f.began, TRACE_FAULT, va, (uintptr_t)access_name(f.access),
		    (uintptr_t)kind_names[f.kind], err);
	return err;
}
