// SPDX-License-Identifier: MIT
/*
 * mm.c - an address space from birth to death.
 *
 * Two counts keep it: users are the tasks that run in it, and when the last
 * one leaves its mappings go, so that stores reach their files and frames
 * come back at once; refs also counts those who only look (/proc), and when
 * the last one leaves the struct goes.
 *
 *     mm_create --exec, fork--> used --last mm_drop_user--> empty --last
 *     mm_put--> freed
 *
 * Locking: mm->lock is a sleeping lock, taken for reading by faults and for
 * writing by whoever changes the interval list.  mm->ptl is a spinlock for
 * the entries of the page table.  Order: mm->lock, mapping->lock, mm->ptl.
 */

#include "mm/mm.h"

#include "arch/riscv/hart.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/sync/sched.h"
#include "mm/dirty.h"
#include "mm/fault.h"
#include "mm/page.h"
#include "mm/radix.h"
#include "mm/reclaim.h"
#include "mm/slab.h"
#include "mm/uio.h"
#include "mm/unmap.h"

static struct slab_cache *mms;

/* All address spaces; under mm_list_lock. */
static struct spinlock mm_list_lock =
	SPINLOCK_INIT("address spaces", RANK_MAPPING_LIST);
static struct list mm_list;
static size_t nlisted;

void mm_account(struct mm *mm, const struct page *pg, int n)
{
	atomic_long *resident = !pg->mapping               ? &mm->resident_anon
				: pg->mapping->memory_only ? &mm->resident_shmem
							   : &mm->resident_file;
	long now = atomic_load_explicit(resident, memory_order_relaxed);

	atomic_store_explicit(resident, now + n, memory_order_relaxed);
}

/* Counted only where there is a limit to compare it with. */
static uint64_t data_npages(struct mm *mm)
{
	uint64_t npages = 0;

	for (struct vma *v = vma_next(&mm->vmas, NULL); v;
	     v = vma_next(&mm->vmas, v))
		if (vma_is_data(v->prot, v->flags))
			npages += vma_npages(v);
	return npages;
}

bool mm_may_add(struct mm *mm, uint64_t npages, bool data)
{
	uint64_t limit = process_limit(RLIMIT_DATA);

	if (!range_ok(mm->vmas.npages, npages,
		      process_limit(RLIMIT_AS) >> PAGE_SHIFT))
		return false;
	return !data || limit == UINT64_MAX ||
	       range_ok(data_npages(mm), npages, limit >> PAGE_SHIFT);
}

struct mm *mm_create(void)
{
	struct mm *mm = slab_alloc_zeroed(mms);

	if (!mm)
		return NULL;
	if (pagetable_init(&mm->pagetable)) {
		slab_free(mms, mm);
		return NULL;
	}
	rwlock_init(&mm->lock, "mm", RANK_MM);
	spin_init(&mm->ptl, "page table", RANK_PAGETABLE);
	vma_list_init(&mm->vmas);
	mm->refs = 1;
	mm->users = 1;
	list_init(&mm->link);
	return mm;
}

void mm_publish(struct mm *mm)
{
	spin_lock(&mm_list_lock);
	list_add_tail(&mm_list, &mm->link);
	nlisted++;
	spin_unlock(&mm_list_lock);
}

size_t mm_nlisted(void)
{
	return nlisted;
}

struct mm *mm_rotate(void)
{
	struct mm *mm = NULL;

	spin_lock(&mm_list_lock);

	struct list *link = list_pop(&mm_list);
	unsigned refs = 0;

	if (link) {
		mm = list_entry(link, struct mm, link);
		list_add_tail(&mm_list, link);
		refs = mm->refs;
		while (refs && !atomic_compare_exchange_weak(&mm->refs, &refs,
							     refs + 1))
			;
	}
	spin_unlock(&mm_list_lock);
	return refs ? mm : NULL;
}

struct mm *mm_add_user(struct mm *mm)
{
	assert(mm->users);
	mm->users++;
	return mm;
}

void mm_drop_user(struct mm *mm)
{
	struct list dead;
	struct file *executable;

	if (atomic_fetch_sub(&mm->users, 1) != 1)
		return;
	list_init(&dead);
	write_lock(&mm->lock);
	unmap_all(mm, &dead);
	executable = mm->executable;
	mm->executable = NULL;
	write_unlock(&mm->lock);
	unmap_free(&dead);
	if (executable)
		file_put(executable);
	mm_put(mm);
}

struct mm *mm_get(struct mm *mm)
{
	mm->refs++;
	return mm;
}

void mm_put(struct mm *mm)
{
	if (atomic_fetch_sub(&mm->refs, 1) != 1)
		return;
	assert(!mm->users && !mm->vmas.nvmas && !mm->nhuge);
	if (hart_current()->pagetable == &mm->pagetable)
		mm_switch(NULL);
	spin_lock(&mm_list_lock);
	nlisted -= !list_empty(&mm->link);
	list_remove(&mm->link);
	spin_unlock(&mm_list_lock);
	pagetable_destroy(&mm->pagetable);
	slab_free(mms, mm);
}

void mm_switch(struct mm *mm)
{
	pagetable_switch(mm ? &mm->pagetable : NULL);
}

/* --- reaching into an address space --- */

/* Between @buffer and [va, va + n), all in one page, as its owner would; false:
 * a fault that ends in a signal. */
static bool copy_in_page(struct mm *mm, vaddr_t va, void *buffer, size_t n,
			 bool write)
{
	const int access = write ? VM_W : VM_R;
	bool done = false;

	while (!done && !fault_handle(mm, va, access)) {
		read_lock(&mm->lock);
		spin_lock(&mm->ptl);

		pte_slot *slot = pagetable_find(&mm->pagetable, va);

		/* For a store this also sets D, as the hart would.  The bytes
		 * follow under the same lock: a harvest or a fork in between
		 * would take them for the next owner's. */
		if (slot && pte_mend_accessed_dirty(slot, access)) {
			pfn_t pfn = pte_pfn(pte_part(pte_read(slot), va));
			char *at = (char *)page_address(page_from_pfn(pfn)) +
				   page_offset(va);

			memcpy(write ? at : buffer, write ? buffer : at, n);
			done = true;
		}
		spin_unlock(&mm->ptl);
		read_unlock(&mm->lock);
	}
	return done;
}

size_t mm_copy(struct mm *mm, vaddr_t va, void *buffer, size_t nbytes,
	       bool write)
{
	size_t done = 0;

	while (done < nbytes) {
		size_t n = min_u64(nbytes - done,
				   PAGE_SIZE - page_offset(va + done));

		if (!copy_in_page(mm, va + done, (char *)buffer + done, n,
				  write))
			break;
		done += n;
	}
	return done;
}

/* Within a page of @mm's. */
static ssize_t move_part(struct mm *mm, vaddr_t va, size_t nbytes,
			 struct uio *uio, void *page, bool write)
{
	size_t n = write ? uio_copy_from(uio, page, nbytes)
			 : mm_copy(mm, va, page, nbytes, false);

	if (n == 0)
		return write ? -EFAULT : -EIO;
	n = write ? mm_copy(mm, va, page, n, true) : uio_copy_to(uio, page, n);
	if (n == 0)
		return write ? -EIO : -EFAULT;
	return n;
}

ssize_t mm_move(struct mm *mm, vaddr_t va, size_t nbytes, struct uio *uio,
		void *page, bool write)
{
	size_t done = 0, n = 0;
	ssize_t moved = 0;

	nbytes = min_u64(nbytes, uio->left);
	while (moved == (ssize_t)n && done < nbytes && !sched_killed()) {
		n = min_u64(nbytes - done, PAGE_SIZE - page_offset(va + done));
		moved = move_part(mm, va + done, n, uio, page, write);
		if (moved > 0)
			done += moved;
		sched_point();
	}
	return done ? (ssize_t)done : moved;
}

/* --- counting --- */

void page_count(struct page_counts *counts)
{
	slab_shrink();
	kernel_stack_shrink();
	*counts = (struct page_counts){
		.total = page_ntotal,
		.free = page_nfree(),
		.cached = page_tally.cached,
		.dirty = page_tally.dirty,
		.writeback = page_tally.writeback,
		.tables = page_tally.tables,
		.slab = page_tally.slab,
		.stacks = page_tally.stacks,
		.shmem = page_tally.shmem,
		.swap_cached = page_tally.swap_cached,
	};
	spin_lock(&mm_list_lock);
	list_for_each_entry (struct mm, mm, &mm_list, link) {
		counts->anonymous += mm->resident_anon;
		counts->mapped += mm->resident_file + mm->resident_shmem;
	}
	spin_unlock(&mm_list_lock);
}

void mm_init(void)
{
	list_init(&mm_list);
	radix_init();
	vma_init();
	reclaim_init();
	dirty_init();
	mms = slab_cache_create("mm", sizeof(struct mm), 0);
}
