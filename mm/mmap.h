/* SPDX-License-Identifier: MIT */
#ifndef MM_MMAP_H
#define MM_MMAP_H

/*
 * mmap.h - the memory system calls, on a given address space.
 *
 * All take mm->lock themselves and may sleep.  Lengths are as the user gave
 * them: they are checked here, in Linux's order.  All but mmap_protect(),
 * mmap_sync() and mmap_unmap() across a failing cut leave everything as it
 * was when they fail.
 */

#include "mm/mm.h"

struct page;

struct mmap_request {
	vaddr_t addr; /* hint, or place (MAP_FIXED) */
	uint64_t nbytes;
	int prot, flags;   /* PROT_*, MAP_* as the user gave them */
	struct file *file; /* NULL: anonymous.  Borrowed: mmap takes its own
			      reference */
	uint64_t offset;   /* in bytes */
	bool may_read, may_write; /* how the descriptor was opened */
	bool sealed; /* the file refuses stores that others would see */
};

/* mmap(2).  On success *out is the address. */
int mmap_map(struct mm *mm, const struct mmap_request *request, vaddr_t *out);

/* mremap(2) (mremap.c).  On success request->to is the address. */
struct mremap_request {
	vaddr_t addr;
	uint64_t old_nbytes, new_nbytes;
	uint64_t flags; /* MREMAP_* */
	vaddr_t to;
};
int mmap_remap(struct mm *mm, struct mremap_request *request);

int mmap_unmap(struct mm *mm, vaddr_t addr, uint64_t nbytes);
int mmap_protect(struct mm *mm, vaddr_t addr, uint64_t nbytes, int prot);
int mmap_sync(struct mm *mm, vaddr_t addr, uint64_t nbytes, int flags);
int mmap_advise(struct mm *mm, vaddr_t addr, uint64_t nbytes, int advice);
int mmap_resident(struct mm *mm, vaddr_t addr, uint64_t nbytes, vaddr_t vec);

/* mlock(2) with VMA_LOCKED and perhaps VMA_ONFAULT, munlock(2) with 0; and of
 * all there is and will be, with MCL_* or 0 (mlock.c). */
int mmap_lock(struct mm *mm, vaddr_t addr, uint64_t nbytes, unsigned flags);
int mmap_lock_all(struct mm *mm, int flags);

/*
 * Bring in all that is mapped of [start, end) and not VMA_ONFAULT, a private
 * page that may be written as its first store would.  Goes on after a page
 * that can't be had, except for want of memory.  0, or the first error, as of
 * fault_handle(); -EINTR: killed.
 */
int mmap_populate(struct mm *mm, vaddr_t start, vaddr_t end);

/*
 * The same for the first mapping at or after *start, which moves on behind it.
 * Or, if @access is not 0, for that access, ONFAULT or not: a hole before it
 * is -ENOMEM then, and a mapping that does not allow it -EINVAL.
 */
int mmap_populate_next(struct mm *mm, vaddr_t *start, vaddr_t end, int access);

/* brk(2): the new end, or the old one where it can't be. */
vaddr_t mmap_brk(struct mm *mm, vaddr_t end);

/* A fault at @va, a page that nothing covers: is there a stack above it that
 * wants to grow?  0 or -EFAULT. */
int mmap_grow_stack(struct mm *mm, vaddr_t va);

/* exec: the stack's first page(s), ending at @top; it grows down by faults. */
int mmap_stack(struct mm *mm, vaddr_t top, uint64_t nbytes, int prot);

/* exec: where the heap starts, after the last segment. */
void mmap_set_heap(struct mm *mm, vaddr_t start);

/* exec: one page of the kernel's own (the vDSO), read and execute, where mmap
 * would put it. */
int mmap_special(struct mm *mm, vaddr_t *addr, struct page *pg);

/* --- for mremap.c; mm->lock held for writing --- */

/* Where there is room for @nbytes, or where they must be. */
int mmap_place(struct mm *mm, const struct mmap_request *request,
	       uint64_t nbytes, vaddr_t *out);

/* May @npages more be mapped, less what [start, end) holds? */
bool mmap_may_replace(struct mm *mm, vaddr_t start, vaddr_t end,
		      uint64_t npages, bool data);

#endif
