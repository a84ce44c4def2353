/* SPDX-License-Identifier: MIT */
#ifndef MM_VMA_H
#define MM_VMA_H

/*
 * vma.h - the sorted list of intervals that is an address space (vma.c).
 *
 * All functions: the caller holds mm->lock, for writing where the list
 * changes.  Nothing here sleeps on disk or touches a page table.
 */

#include "kernel/lib/list.h"
#include "kernel/lib/tree.h"

struct file;
struct mm;

enum {
	VMA_SHARED = 1 << 0, /* MAP_SHARED */
	VMA_STACK = 1 << 1,  /* grows down, with a guard gap below */
	VMA_HEAP = 1 << 2,   /* brk's */
	VMA_NORESERVE = 1 << 3,
	VMA_SPECIAL = 1 << 4, /* the kernel's own page: [vdso] */
};

/*
 * One mapping.  Field locks: (M) mm->lock, (m) the file's mapping->lock,
 * (c) constant after insert.
 *
 * Invariants (vma_check):
 *   V1  start < end, both page-aligned, end <= USER_END
 *   V2  prev->end <= start
 *   V3  file == NULL  <=>  anonymous
 *   V4  (prot & ~maxprot) == 0
 *   V5  no two neighbours could be merged (except while an edit runs)
 */
struct vma {
	struct list link;              /* (M) in the list, by start */
	struct tree_node node;         /* (M) in the list's tree, by start */
	uint64_t gap, gap_max;         /* (M) hole below; largest in subtree */
	vaddr_t start, end;            /* (M,m) [start, end) */
	pgoff_t pgoff;                 /* (M,m) page offset of start in file; of
					  start in memory where anonymous */
	uint8_t prot, maxprot;         /* (M),(c) VM_R | VM_W | VM_X */
	uint16_t flags;                /* (c) VMA_* */
	struct file *file;             /* (c) counted reference, or NULL */
	struct mm *mm;                 /* (c) */
	struct tree_node mapping_node; /* (m) in the mapping's tree, by pgoff */
	pgoff_t mapping_last_max;      /* (m) largest last page in subtree */
};

struct vma_list {
	struct list vmas;
	struct tree tree;
	struct vma *hint; /* what vma_find() found last, or NULL */
	size_t nvmas;
	uint64_t npages; /* mapped in all */
};

/* The first VMA that ends after @va (it may start after it too), or NULL. */
struct vma *vma_find(struct vma_list *list, vaddr_t va);

/* The VMA that covers @va, or NULL. */
struct vma *vma_at(struct vma_list *list, vaddr_t va);

/* Neighbours in address order; vma_next(list, NULL) is the first. */
struct vma *vma_next(struct vma_list *list, struct vma *v);
struct vma *vma_prev(struct vma_list *list, struct vma *v);

/* Assert the invariants of the whole list: debug builds and tests. */
void vma_check(struct vma_list *list);

#endif
