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
 * Book: chapter 1.  Tests: mmaptest.
 */

#include "mm/mmap.h"

#include <linux/mman.h>

#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "mm/commit.h"
#include "mm/dirty.h"
#include "mm/fault.h"
#include "mm/page.h"
#include "mm/unmap.h"

static_assert(VM_R == PROT_READ && VM_W == PROT_WRITE && VM_X == PROT_EXEC,
	      "rights have the ABI's values");

enum { VM_ALL = VM_R | VM_W | VM_X };

/* What MAP_SHARED_VALIDATE knows; other types ignore the rest. */
static const int MAP_KNOWN =
	MAP_TYPE | MAP_FIXED | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_DENYWRITE |
	MAP_EXECUTABLE | MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE |
	MAP_NONBLOCK | MAP_STACK | MAP_HUGETLB | MAP_HUGE_2MB | MAP_HUGE_1GB;

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

int mmap_place(struct mm *mm, const struct mmap_request *r, uint64_t nbytes,
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

bool mmap_may_replace(struct mm *mm, vaddr_t start, vaddr_t end,
		      uint64_t npages, bool data)
{
	uint64_t gone = vma_npages_in(&mm->vmas, start, end);

	return npages <= gone || mm_may_add(mm, npages - gone, data);
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
		   (r->flags & MAP_NORESERVE && commit_mode < 2 ? VMA_NORESERVE
								: 0) |
		   (r->flags & MAP_LOCKED ? VMA_LOCKED : 0);
	v->flags |= commit_vma_flag(v->prot, v->flags);
	if (r->file) {
		file_get(r->file);
		v->file = r->file;
		v->pgoff = r->offset >> PAGE_SHIFT;
		if (is_shared(r) && (!r->may_write || r->sealed))
			v->maxprot &= ~VM_W;
	} else if (is_shared(r)) {
		err = file_new_shared_anonymous(
			nbytes, !(v->flags & VMA_NORESERVE), &v->file);
	}
	if (err)
		vma_free(v);
	*out = v;
	return err;
}

/* --- mmap: commit --- */

/* The list is cut where it must be: this can't fail. */
static void commit(struct mm *mm, struct vma *v, vaddr_t start, vaddr_t end,
		   struct list *dead)
{
	if (!vma_range_free(&mm->vmas, start, end))
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

/* mm->lock is held for writing; @v is used up, or else still the caller's. */
static int map_locked(struct mm *mm, const struct mmap_request *r,
		      uint64_t nbytes, struct vma *v, vaddr_t *out,
		      struct list *dead)
{
	int err = mmap_place(mm, r, nbytes, out);

	if (!err)
		err = r->flags & MAP_ANONYMOUS ? check_anonymous(r)
					       : check_file(r, nbytes);
	if (!err &&
	    !mmap_may_replace(mm, *out, *out + nbytes, nbytes >> PAGE_SHIFT,
			      vma_is_data(v->prot, v->flags)))
		err = -ENOMEM;
	if (!err && (v->flags & VMA_ACCOUNTED) &&
	    !commit_may_add(nbytes >> PAGE_SHIFT))
		err = -ENOMEM;
	if (!err && r->sealed && (r->prot & PROT_WRITE))
		err = -EPERM;
	if (!err)
		err = vma_cut_range(&mm->vmas, *out, *out + nbytes);
	if (!err)
		commit(mm, v, *out, *out + nbytes, dead);
	return err;
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
	v->flags |= mm->new_flags;

	bool want = (v->flags & VMA_LOCKED) ||
		    (r->flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE;

	err = map_locked(mm, r, nbytes, v, out, &dead);
	if (err)
		list_add(&dead, &v->link);
	mm_edit_done(mm);
	unmap_free(&dead);
	/* What can't be had now is for the touch to tell. */
	if (!err && want)
		mmap_populate(mm, *out, *out + nbytes);
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

	int err = unmap_cut_range(mm, addr, addr + nbytes, &dead);

	mm_edit_done(mm);
	unmap_free(&dead);
	return err;
}

/* --- the heap --- */

/* The heap's VMA, if it ends at @va and is what it would be now. */
static struct vma *heap_before(struct mm *mm, vaddr_t va, unsigned flags)
{
	struct vma *v = va > mm->heap_start ? vma_at(&mm->vmas, va - 1) : NULL;

	return v && v->flags == flags && v->prot == (VM_R | VM_W) ? v : NULL;
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
	unsigned flags = VMA_HEAP | VMA_ACCOUNTED | mm->new_flags;

	/* One page more than is needed stays free, as on Linux. */
	if (end < start || end > USER_END - PAGE_SIZE ||
	    !mm_may_add(mm, (end - start) >> PAGE_SHIFT, true) ||
	    !commit_may_add((end - start) >> PAGE_SHIFT) ||
	    vma_find_gap(&mm->vmas, end + PAGE_SIZE - start, start,
			 end + PAGE_SIZE) != start)
		return -ENOMEM;

	struct vma *v = heap_before(mm, start, flags);

	if (v) {
		vma_set_bounds(&mm->vmas, v, v->start, end);
		return 0;
	}
	v = new_private(mm, start, end, VM_R | VM_W, VM_ALL, flags);
	if (!v)
		return -ENOMEM;
	vma_insert(&mm->vmas, v);
	return 0;
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
		err = unmap_cut_range(mm, new_page, old_page, &dead);
	if (!err)
		mm->heap_end = end;
	end = mm->heap_end;

	bool want = mm->new_flags & VMA_LOCKED;

	mm_edit_done(mm);
	unmap_free(&dead);
	if (!err && want && new_page > old_page)
		mmap_populate(mm, old_page, new_page);
	return end;
}

void mmap_set_heap(struct mm *mm, vaddr_t start)
{
	mm->heap_start = page_up(start);
	mm->heap_end = mm->heap_start;
}

/* --- the stack --- */

/* May @v, above @va, grow down to it? */
static bool may_grow(struct mm *mm, struct vma *v, vaddr_t va)
{
	struct vma *prev = vma_prev(&mm->vmas, v);

	if (!(v->flags & VMA_STACK) ||
	    v->end - va > process_limit(RLIMIT_STACK) || va < MMAP_LOWEST ||
	    !mm_may_add(mm, (v->start - va) >> PAGE_SHIFT, false) ||
	    ((v->flags & VMA_ACCOUNTED) &&
	     !commit_may_add((v->start - va) >> PAGE_SHIFT)))
		return false;
	/* Memory below that can be touched must stay out of reach. */
	return !prev || (prev->flags & VMA_STACK) || !prev->prot ||
	       va - prev->end >= STACK_GUARD_GAP;
}

int mmap_grow_stack(struct mm *mm, vaddr_t va)
{
	int err = -EFAULT;

	write_lock(&mm->lock);

	struct vma *v = vma_find(&mm->vmas, va);

	if (v && v->start <= va) {
		err = 0; /* another thread was first */
	} else if (v && may_grow(mm, v, va)) {
		vma_set_bounds(&mm->vmas, v, va, v->end);
		atomic_fetch_add(&fault_counts.stack_growths, 1);
		err = 0;
	}
	mm_edit_done(mm);
	return err;
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
	return insert_private(mm, top - nbytes, top, prot, VM_ALL,
			      VMA_STACK | VMA_ACCOUNTED);
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
