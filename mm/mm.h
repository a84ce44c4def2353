/* SPDX-License-Identifier: MIT */
#ifndef MM_MM_H
#define MM_MM_H

/*
 * mm.h - one address space: intervals, page table, and its life.
 */

#include <linux/resource.h>

#include "arch/riscv/pagetable.h"
#include "kernel/sync/mutex.h"
#include "kernel/sync/rwlock.h"
#include "mm/vma.h"

/*
 * Field locks: (M) lock, (P) ptl, (a) atomic, (c) constant after exec.
 */
struct mm {
	struct rwlock lock;         /* the interval list; shared for faults */
	struct spinlock ptl;        /* page-table entries; tables are only
				       freed with lock held for writing too */
	struct vma_list vmas;       /* (M) */
	struct pagetable pagetable; /* (P) */
	atomic_uint refs;           /* tasks, and /proc readers */
	atomic_uint users;          /* tasks; at 0 the mappings go */
	/* (P) Pages mapped, by what they are; read without a lock. */
	atomic_long resident_anon, resident_file, resident_shmem;
	atomic_long swapped; /* (P) entries that name a swap slot */
	atomic_ulong nhuge;  /* (P) megapages */
	atomic_bool no_huge; /* PR_SET_THP_DISABLE */
	vaddr_t sweep_at;    /* (swap_mutex) the clock's hand */
	atomic_ulong faults_minor, faults_major;
	vaddr_t heap_start, heap_end; /* (M) brk: [heap_start, heap_end) */
	vaddr_t mmap_top;             /* (c) new mappings are sought below it */
	vaddr_t stack_top;            /* (c) */
	uint16_t new_flags; /* (M) mlockall: VMA_* of each new mapping */
	/* For /proc/<pid>: text, data, arguments, environment,
	 * auxiliary vector; (c). */
	vaddr_t code_start, code_end, data_start, data_end;
	vaddr_t args_start, args_end, env_start, env_end, aux_start, aux_end;
	struct file *executable; /* (c) counted reference */
	char name[16];           /* the program's, for messages */
	struct list link;        /* among all address spaces */
};

struct page;
struct uio;

/* One more (n = 1) or less (n = -1) entry names @pg, or n pages like it; ptl
 * held. */
void mm_account(struct mm *mm, const struct page *pg, int n);

static inline void mm_account_swapped(struct mm *mm, int n)
{
	long now = atomic_load_explicit(&mm->swapped, memory_order_relaxed);

	atomic_store_explicit(&mm->swapped, now + n, memory_order_relaxed);
}

/* May @npages more be mapped, and are they data?  By the caller's limits; lock
 * held. */
bool mm_may_add(struct mm *mm, uint64_t npages, bool data);

/* An empty address space with users = refs = 1; NULL: no memory.  Reclaim
 * and others who look at all of them don't see it before mm_publish(). */
struct mm *mm_create(void);
void mm_publish(struct mm *mm);

/* How many there are to see; and the next of them, referenced, in turn (NULL:
 * it is just going). */
size_t mm_nlisted(void);
struct mm *mm_rotate(void);

/*
 * A copy for fork: same intervals and file references; private pages shared
 * copy-on-write, the parent's own entries downgraded and flushed.  NULL: no
 * memory, and nothing has changed.
 */
struct mm *mm_fork(struct mm *parent);

/* The end of an edit of the interval list: release the lock taken for
 * writing.  The debug build checks the list first, if it isn't long. */
static inline void mm_edit_done(struct mm *mm)
{
#ifdef CONFIG_DEBUG
	if (mm->vmas.nvmas < 100)
		vma_check(&mm->vmas);
#endif
	write_unlock(&mm->lock);
}

/* Another task uses it (clone with CLONE_VM); and one less: the last one
 * unmaps everything.  mm_drop_user() may sleep. */
struct mm *mm_add_user(struct mm *mm);
void mm_drop_user(struct mm *mm);

/* Keep the struct (not its contents) alive: /proc. */
struct mm *mm_get(struct mm *mm);
void mm_put(struct mm *mm);

/* Load its page table on this hart; NULL for kernel threads. */
void mm_switch(struct mm *mm);

/*
 * Copy to or from another address space (or the current one), faulting as
 * its owner would, with mm->lock taken inside: exec's stack, the arguments in
 * /proc.  Returns the bytes copied.
 */
size_t mm_copy(struct mm *mm, vaddr_t va, void *buffer, size_t nbytes,
	       bool write);

/* The same with a uio, through @page of the kernel's.  Bytes; if there are
 * none, -EFAULT if the uio's memory ended it, -EIO if @mm's. */
ssize_t mm_move(struct mm *mm, vaddr_t va, size_t nbytes, struct uio *uio,
		void *page, bool write);

/* One kernel stack (KERNEL_STACK_SIZE) with nothing mapped below it (stack.c);
 * 0: no memory.  Neither sleeps. */
vaddr_t kernel_stack_alloc(void);
void kernel_stack_free(vaddr_t stack);
/* Unmap the spare ones. */
void kernel_stack_shrink(void);

/* After page_init() and slab_init(). */
void mm_init(void);

/* kernel/task/ provides: RLIMIT_* of the caller; a kernel thread has none. */
uint64_t process_limit(unsigned which);

#endif
