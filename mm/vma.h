/* SPDX-License-Identifier: MIT */
#ifndef MM_VMA_H
#define MM_VMA_H

/*
 * vma.h - the sorted list of intervals that is an address space (vma.c).
 *
 * All functions: the caller holds mm->lock, for writing where the list
 * changes.  Nothing here sleeps or touches a page table.
 */

#include <stdatomic.h>

#include "kernel/lib/list.h"
#include "kernel/lib/tree.h"

struct file;
struct mm;

enum {
	VMA_SHARED = 1 << 0, /* MAP_SHARED */
	VMA_STACK = 1 << 1,  /* grows down, with a guard gap below */
	VMA_HEAP = 1 << 2,   /* brk's */
	VMA_NORESERVE = 1 << 3,
	VMA_SPECIAL = 1 << 4,  /* the kernel's own page: [vdso] */
	VMA_LOCKED = 1 << 5,   /* mlock: reclaim leaves its pages mapped */
	VMA_ONFAULT = 1 << 6,  /* locked, but not brought in before the touch */
	VMA_DONTFORK = 1 << 7, /* a child doesn't get it */
	VMA_WIPEONFORK = 1 << 8,  /* a child gets it empty */
	VMA_RANDOM = 1 << 9,      /* MADV_RANDOM: read only what is touched */
	VMA_SEQUENTIAL = 1 << 10, /* MADV_SEQUENTIAL: read far ahead */
	VMA_HUGEPAGE = 1 << 11,   /* MADV_HUGEPAGE */
	VMA_ACCOUNTED = 1 << 12,  /* its pages are promised (commit.c) */
	VMA_NOHUGEPAGE = 1 << 13, /* MADV_NOHUGEPAGE */

	VMA_LOCK_FLAGS = VMA_LOCKED | VMA_ONFAULT,
};

/* Nothing is placed lower unless a program insists. */
static const vaddr_t MMAP_LOWEST = 64 << 10;

/* Nothing else is placed this close below a stack, as on Linux. */
static const uint64_t STACK_GUARD_GAP = 256 * 4096;

/*
 * One mapping.  Field locks: (M) mm->lock, (m) the file's mapping->lock,
 * (c) constant after insert, (a) atomic.
 *
 * Invariants (vma_check):
 *   V1  start < end, both page-aligned, end <= USER_END
 *   V2  prev->end <= start
 *   V3  VMA_SHARED  =>  file != NULL
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
	uint16_t flags;                /* (M,m) VMA_* */
	atomic_bool has_copies;        /* (a) private pages were put in it */
	struct file *file;             /* (c) counted reference, or NULL */
	struct mm *mm;                 /* (c) */
	struct tree_node mapping_node; /* (m) in the mapping's tree, by pgoff */
	pgoff_t mapping_last_max;      /* (m) largest last page in subtree */
};

struct vma_list {
	struct list vmas;
	struct tree tree;
	_Atomic(struct vma *) hint; /* what vma_find() found last, or NULL */
	size_t nvmas;
	uint64_t npages;     /* mapped in all */
	uint64_t naccounted; /* of those, promised */
};

static inline uint64_t vma_npages(const struct vma *v)
{
	return (v->end - v->start) >> PAGE_SHIFT;
}

/* The page of its file (or of memory, if anonymous) that @va shows. */
static inline pgoff_t vma_pgoff(const struct vma *v, vaddr_t va)
{
	return v->pgoff + ((va - v->start) >> PAGE_SHIFT);
}

/* Does memory like this count against RLIMIT_DATA? */
static inline bool vma_is_data(int prot, unsigned flags)
{
	return (prot & VM_W) && !(flags & (VMA_SHARED | VMA_STACK));
}

/* [start, start + nbytes) does not wrap and ends at or below @limit. */
static inline bool range_ok(uint64_t start, uint64_t nbytes, uint64_t limit)
{
	return nbytes <= limit && start <= limit - nbytes;
}

void vma_init(void);
void vma_list_init(struct vma_list *list);

/* A zeroed struct, not yet in any list; NULL: no memory. */
struct vma *vma_new(void);
/* What @v is, with a reference to its file, in no list; NULL: no memory. */
struct vma *vma_copy(const struct vma *v);
/* Free a struct that is in no list; the reference to its file is the
 * caller's to put. */
void vma_free(struct vma *v);

/* The first VMA that ends after @va (it may start after it too), or NULL. */
struct vma *vma_find(struct vma_list *list, vaddr_t va);

/* The VMA that covers @va, or NULL. */
static inline struct vma *vma_at(struct vma_list *list, vaddr_t va)
{
	struct vma *v = vma_find(list, va);

	return v && v->start <= va ? v : NULL;
}

/* The first VMA in [*start, *end), which become the part that it covers; or
 * NULL, and they stay. */
struct vma *vma_part(struct vma_list *list, vaddr_t *start, vaddr_t *end);

/* Neighbours in address order; vma_next(list, NULL) is the first, and
 * vma_prev(list, NULL) the last. */
struct vma *vma_next(struct vma_list *list, struct vma *v);
struct vma *vma_prev(struct vma_list *list, struct vma *v);

/* Is nothing mapped in [start, end)? */
bool vma_range_free(struct vma_list *list, vaddr_t start, vaddr_t end);

/* How many pages of [start, end) are mapped. */
uint64_t vma_npages_in(struct vma_list *list, vaddr_t start, vaddr_t end);

/*
 * The highest address at which @nbytes fit into a hole within [low, high),
 * clear of any stack's guard gap; 0: there is none.
 */
vaddr_t vma_find_gap(struct vma_list *list, uint64_t nbytes, vaddr_t low,
		     vaddr_t high);

/* Split the VMA that @va lies inside of, so that none crosses @va.  The only
 * code that splits.  0, or -ENOMEM and nothing has changed. */
int vma_cut(struct vma_list *list, vaddr_t va);

/* Cut at both ends.  After -ENOMEM the list is as it was. */
int vma_cut_range(struct vma_list *list, vaddr_t start, vaddr_t end);

/* Put @v, its fields filled in, into a hole; take it out again.  Both keep
 * the file's tree of VMAs right.  Neither merges. */
void vma_insert(struct vma_list *list, struct vma *v);
void vma_remove(struct vma_list *list, struct vma *v);

/* Take out all of them, to the back of @dead. */
void vma_remove_all(struct vma_list *list, struct list *dead);

/* The list's own part of vma_insert(): for fork, which enters the copy into
 * the file's tree by itself, together with its pages. */
void vma_link(struct vma_list *list, struct vma *v);

/* Move one end of @v into a neighbouring hole (start only down, end only
 * up), or the start up. */
void vma_set_bounds(struct vma_list *list, struct vma *v, vaddr_t start,
		    vaddr_t end);

/* Give [start, end), a part of @v, these VMA_*: it is cut out.  0, or -ENOMEM
 * and nothing has changed. */
int vma_set_flags(struct vma_list *list, struct vma *v, vaddr_t start,
		  vaddr_t end, unsigned flags);

/* Would a and b, adjacent, be one? */
bool vma_can_merge(const struct vma *a, const struct vma *b);

/* Merge all that can be merged in [start, end) and with its neighbours. */
void vma_merge(struct vma_list *list, vaddr_t start, vaddr_t end);

/* Assert the invariants of the whole list: debug builds and tests. */
void vma_check(struct vma_list *list);

#endif
