// SPDX-License-Identifier: MIT
/*
 * mmap.c - making and removing mappings: mmap, munmap, brk.
 *
 * Each call has two halves.  The first checks the arguments, in Linux's
 * order, so that the errno is the same where several are wrong, and allocates
 * all it needs; it may fail, and then nothing has changed.  The second edits
 * the interval list and takes page tables down; it can't fail.  That is why
 * MAP_FIXED never removes an old mapping and then has nothing to put there.
 *
 * No page is touched here.  A new mapping is an interval and nothing else.
 *
 * The address space, as on Linux:
 *
 *   64 KiB   program, its data, heap ->      <- mmap    guard  <- stack
 *      |----|====|===|==------------------------====|..........====|
 *         heap_start  heap_end           mmap_top              stack_top
 *
 * Locking: mm->lock, for writing, around both halves that look at the list.
 * Files are let go after it was released: the last reference to one may have
 * to wait for its inode.
 *
 * Book: chapter 5.  Tests: mmaptest.
 */

#include "mm/mmap.h"

#include <linux/mman.h>

#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "mm/dirty.h"
#include "mm/fault.h"
#include "mm/page.h"
#include "mm/unmap.h"

static_assert(VM_R == PROT_READ && VM_W == PROT_WRITE && VM_X == PROT_EXEC,
	      "rights have the ABI's values");

enum { VM_ALL = VM_R | VM_W | VM_X };

/* Nothing is placed lower unless a program insists. */
static const vaddr_t MMAP_LOWEST = 64 << 10;

/* What MAP_SHARED_VALIDATE knows; other types ignore the rest. */
static const int MAP_KNOWN = MAP_TYPE | MAP_FIXED | MAP_ANONYMOUS |
			     MAP_GROWSDOWN | MAP_DENYWRITE | MAP_EXECUTABLE |
			     MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE |
			     MAP_NONBLOCK | MAP_STACK | MAP_HUGETLB;

static bool is_fixed(const struct mmap_request *r)
{
	return r->flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);
}

static bool is_shared(const struct mmap_request *r)
{
	return (r->flags & MAP_TYPE) != MAP_PRIVATE;
}

/* --- mmap: check --- */

static int check_anonymous(const struct mmap_request *r)
{
	int type = r->flags & MAP_TYPE;

	if (r->flags & MAP_HUGETLB)
		return -ENOMEM; /* we keep no pool of huge pages */
	if (type != MAP_SHARED && type != MAP_PRIVATE)
		return -EINVAL;
	return type == MAP_SHARED && (r->flags & MAP_GROWSDOWN) ? -EINVAL : 0;
}

static int check_file(const struct mmap_request *r, uint64_t nbytes)
{
	uint64_t pgoff = r->offset >> PAGE_SHIFT;

	/* A file's offsets are signed 64-bit numbers. */
	if (!range_ok(pgoff, nbytes >> PAGE_SHIFT, INT64_MAX >> PAGE_SHIFT))
		return -EOVERFLOW;
	switch (r->flags & MAP_TYPE) {
	case MAP_SHARED_VALIDATE:
		if (r->flags & ~MAP_KNOWN)
			return -EOPNOTSUPP;
		/* fall through */
	case MAP_SHARED:
		if ((r->prot & PROT_WRITE) && !r->may_write)
			return -EACCES;
		/* fall through */
	case MAP_PRIVATE:
		if (!r->may_read)
			return -EACCES;
		if (!file_mapping(r->file))
			return -ENODEV;
		return r->flags & (MAP_GROWSDOWN | MAP_HUGETLB) ? -EINVAL : 0;
	default:
		return -EINVAL;
	}
}

/* Where there is room for it, or where it must be.  mm->lock held. */
static int place(struct mm *mm, const struct mmap_request *r, uint64_t nbytes,
		 vaddr_t *out)
{
	vaddr_t va = is_fixed(r) ? r->addr : page_down(r->addr);

	if (nbytes > USER_END - MMAP_LOWEST)
		return -ENOMEM;
	if (is_fixed(r)) {
		*out = va;
		if (va > USER_END - nbytes)
			return -ENOMEM;
		if (page_offset(va))
			return -EINVAL;
		return (r->flags & MAP_FIXED_NOREPLACE) &&
				       !vma_range_free(&mm->vmas, va,
						       va + nbytes)
			       ? -EEXIST
			       : 0;
	}
	if (va && va < MMAP_LOWEST)
		va = MMAP_LOWEST;
	/* A hint is taken if there is room just there, and forgotten if not. */
	if (va && range_ok(va, nbytes, USER_END))
		*out = vma_find_gap(&mm->vmas, nbytes, va, va + nbytes);
	else
		*out = 0;
	if (!*out)
		*out = vma_find_gap(&mm->vmas, nbytes, MMAP_LOWEST,
				    mm->mmap_top);
	if (!*out)
		*out = vma_find_gap(&mm->vmas, nbytes, MMAP_LOWEST, USER_END);
	return *out ? 0 : -ENOMEM;
}

/* Does the limit allow [start, end), less what it replaces? */
static bool may_map(struct mm *mm, vaddr_t start, vaddr_t end)
{
	struct vma *v = vma_find(&mm->vmas, start);
	uint64_t npages = (end - start) >> PAGE_SHIFT;

	for (; v && v->start < end; v = vma_next(&mm->vmas, v))
		npages -= (min_u64(v->end, end) - max_u64(v->start, start)) >>
			  PAGE_SHIFT;
	return mm_may_add(mm, npages);
}

/* What Linux looks at before the place; *out is the rounded length. */
static int check(const struct mmap_request *r, uint64_t *out)
{
	uint64_t nbytes = page_up(r->nbytes);
	uint64_t pgoff = (int64_t)r->offset >> PAGE_SHIFT;

	if (page_offset(r->offset) || !r->nbytes)
		return -EINVAL;
	if (!nbytes)
		return -ENOMEM;
	/* The page's number after its last: even where there is no file. */
	if (pgoff + (nbytes >> PAGE_SHIFT) < pgoff)
		return -EOVERFLOW;
	*out = nbytes;
	return 0;
}

/* A VMA for it, with its file, but without a place yet. */
static int prepare(struct mm *mm, const struct mmap_request *r, uint64_t nbytes,
		   struct vma **out)
{
	struct vma *v = vma_new();
	int err = 0;

	if (!v)
		return -ENOMEM;
	v->mm = mm;
	v->prot = r->prot & VM_ALL;
	v->maxprot = VM_ALL;
	v->flags = (is_shared(r) ? VMA_SHARED : 0) |
		   (r->flags & MAP_GROWSDOWN ? VMA_STACK : 0) |
		   (r->flags & MAP_NORESERVE ? VMA_NORESERVE : 0);
	if (r->file) {
		file_get(r->file);
		v->file = r->file;
		if (!(r->flags & MAP_ANONYMOUS))
			v->pgoff = r->offset >> PAGE_SHIFT;
		if (is_shared(r) && !r->may_write)
			v->maxprot &= ~VM_W;
	} else if (is_shared(r)) {
		err = file_new_shared_anonymous(nbytes, &v->file);
	}
	if (err)
		vma_free(v);
	*out = v;
	return err;
}

/* --- mmap: commit --- */

/* Touch every page, for MAP_POPULATE; errors are for the real touch. */
static void populate(struct mm *mm, vaddr_t start, vaddr_t end, int prot,
		     bool shared)
{
	int access = (prot & VM_W) && !shared ? VM_W
		     : prot & (VM_R | VM_W)   ? VM_R
					      : prot & VM_X;

	for (vaddr_t va = start; access && va < end; va += PAGE_SIZE)
		if (fault_handle(mm, va, access))
			return;
}

static bool wants_populate(int flags)
{
	return (flags & MAP_LOCKED) ||
	       (flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE;
}

/* The list is cut where it must be: this can't fail. */
static void commit(struct mm *mm, struct vma *v, vaddr_t start, vaddr_t end,
		   struct list *dead)
{
	unmap_range(mm, start, end, dead);
	v->start = start;
	v->end = end;
	if (!v->file)
		v->pgoff = start >> PAGE_SHIFT;
	vma_insert(&mm->vmas, v);
	if ((v->flags & VMA_SHARED) && (v->maxprot & VM_W))
		dirty_announce(file_mapping(v->file), false);
	vma_merge(&mm->vmas, start, end); /* may have freed v */
}

int mmap_map(struct mm *mm, const struct mmap_request *r, vaddr_t *out)
{
	struct list dead;
	struct vma *v;
	uint64_t nbytes;
	int err = check(r, &nbytes);

	if (!err)
		err = prepare(mm, r, nbytes, &v);
	if (err)
		return err;
	list_init(&dead);
	write_lock(&mm->lock);
	err = place(mm, r, nbytes, out);
	if (!err)
		err = r->flags & MAP_ANONYMOUS ? check_anonymous(r)
					       : check_file(r, nbytes);
	if (!err && !may_map(mm, *out, *out + nbytes))
		err = -ENOMEM;
	if (!err)
		err = vma_cut_range(&mm->vmas, *out, *out + nbytes);
	if (!err)
		commit(mm, v, *out, *out + nbytes, &dead);
	else
		list_add(&dead, &v->link);
	mm_edit_done(mm);
	unmap_free(&dead);
	if (!err && wants_populate(r->flags))
		populate(mm, *out, *out + nbytes, r->prot & VM_ALL,
			 is_shared(r));
	return err;
}

/* --- munmap --- */

int mmap_unmap(struct mm *mm, vaddr_t addr, uint64_t nbytes)
{
	struct list dead;

	if (page_offset(addr) || !range_ok(addr, nbytes, USER_END) || !nbytes)
		return -EINVAL;
	nbytes = page_up(nbytes);
	list_init(&dead);
	write_lock(&mm->lock);

	int err = vma_cut_range(&mm->vmas, addr, addr + nbytes);

	if (!err)
		unmap_range(mm, addr, addr + nbytes, &dead);
	mm_edit_done(mm);
	unmap_free(&dead);
	return err;
}

/* --- the heap --- */

/* The heap's VMA, if it ends at @va. */
static struct vma *heap_before(struct mm *mm, vaddr_t va)
{
	struct vma *v = va > mm->heap_start ? vma_at(&mm->vmas, va - 1) : NULL;

	return v && (v->flags & VMA_HEAP) && v->prot == (VM_R | VM_W) ? v
								      : NULL;
}

/* A private anonymous VMA; NULL: no memory. */
static struct vma *new_private(struct mm *mm, vaddr_t start, vaddr_t end,
			       int prot, int maxprot, unsigned flags)
{
	struct vma *v = vma_new();

	if (!v)
		return NULL;
	v->mm = mm;
	v->start = start;
	v->end = end;
	v->pgoff = start >> PAGE_SHIFT;
	v->prot = prot;
	v->maxprot = maxprot;
	v->flags = flags;
	return v;
}

/* Map [start, end), the heap's next pages.  mm->lock held for writing. */
static int grow_heap(struct mm *mm, vaddr_t start, vaddr_t end)
{
	/* One page more than is needed stays free, as on Linux. */
	if (end < start || end > USER_END - PAGE_SIZE ||
	    !mm_may_add(mm, (end - start) >> PAGE_SHIFT) ||
	    vma_find_gap(&mm->vmas, end + PAGE_SIZE - start, start,
			 end + PAGE_SIZE) != start)
		return -ENOMEM;

	struct vma *v = heap_before(mm, start);

	if (v) {
		vma_set_bounds(&mm->vmas, v, v->start, end);
		return 0;
	}
	v = new_private(mm, start, end, VM_R | VM_W, VM_ALL, VMA_HEAP);
	if (!v)
		return -ENOMEM;
	vma_insert(&mm->vmas, v);
	return 0;
}

static int shrink_heap(struct mm *mm, vaddr_t start, vaddr_t end,
		       struct list *dead)
{
	int err = vma_cut_range(&mm->vmas, start, end);

	if (!err)
		unmap_range(mm, start, end, dead);
	return err;
}

vaddr_t mmap_brk(struct mm *mm, vaddr_t end)
{
	struct list dead;
	int err = 0;

	list_init(&dead);
	write_lock(&mm->lock);

	vaddr_t old_page = page_up(mm->heap_end);
	vaddr_t new_page = page_up(end);

	if (end < mm->heap_start || end > USER_END)
		err = -EINVAL;
	else if (new_page > old_page)
		err = grow_heap(mm, old_page, new_page);
	else if (new_page < old_page)
		err = shrink_heap(mm, new_page, old_page, &dead);
	if (!err)
		mm->heap_end = end;
	end = mm->heap_end;
	mm_edit_done(mm);
	unmap_free(&dead);
	return end;
}

void mmap_set_heap(struct mm *mm, vaddr_t start)
{
	mm->heap_start = page_up(start);
	mm->heap_end = mm->heap_start;
}

/* --- what exec makes by itself --- */

/* A private VMA at a free place. */
static int insert_private(struct mm *mm, vaddr_t start, vaddr_t end, int prot,
			  int maxprot, unsigned flags)
{
	struct vma *v = new_private(mm, start, end, prot, maxprot, flags);

	if (!v)
		return -ENOMEM;
	write_lock(&mm->lock);

	bool free = vma_range_free(&mm->vmas, start, end);

	if (free)
		vma_insert(&mm->vmas, v);
	mm_edit_done(mm);
	if (!free)
		vma_free(v);
	return free ? 0 : -EEXIST;
}

int mmap_stack(struct mm *mm, vaddr_t top, uint64_t nbytes, int prot)
{
	mm->stack_top = top;
	return insert_private(mm, top - nbytes, top, prot, VM_ALL, VMA_STACK);
}

int mmap_special(struct mm *mm, vaddr_t *out, struct page *pg)
{
	vaddr_t addr =
		vma_find_gap(&mm->vmas, PAGE_SIZE, MMAP_LOWEST, mm->mmap_top);
	int err = addr ? insert_private(mm, addr, addr + PAGE_SIZE, VM_R | VM_X,
					VM_R | VM_X, VMA_SPECIAL)
		       : -ENOMEM;

	if (err)
		return err;
	*out = addr;
	spin_lock(&mm->ptl);

	pte_slot *slot = pagetable_make(&mm->pagetable, addr);

	if (slot) {
		page_get(pg);
		mm_account(mm, pg, 1);
		pte_set(slot,
			pte_make_user(page_to_pfn(pg), VM_R | VM_X, false));
	}
	spin_unlock(&mm->ptl);
	if (!slot)
		mmap_unmap(mm, addr, PAGE_SIZE);
	return slot ? 0 : -ENOMEM;
}
