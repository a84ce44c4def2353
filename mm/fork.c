// SPDX-License-Identifier: MIT
/*
 * fork.c - a copy of an address space that shares what it can.
 *
 * The child gets the same intervals, and these entries:
 *
 *   shared, or a file's pages only    none: they can be faulted in again from
 *                                     where they are
 *   private pages                     the same pages, without W in either
 *                                     table; whoever stores first copies;
 *                                     or the same slots of the swap area
 *
 * MADV_DONTFORK keeps a mapping from the child, MADV_WIPEONFORK its pages; and
 * a lock (mlock) is the parent's own.
 *
 * Megapages are split first: each store after that copies one page, not 512.
 * So the work is in proportion to the private pages that exist.  The parent's
 * entries were writable until now, and its harts may still have them in their
 * TLBs: they are flushed before mm->lock is released.
 *
 * A VMA of a file enters the file's tree together with its copied entries,
 * under mapping->lock: a truncation sees both or neither.
 *
 * Locking: the parent's mm->lock for writing.  Nobody else knows the child.
 * Book: chapter 8.
 */

#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "mm/commit.h"
#include "mm/huge.h"
#include "mm/mm.h"
#include "mm/page.h"
#include "mm/reclaim.h"
#include "mm/rmap.h"
#include "mm/swap.h"

/* The child's entry for a page of the parent's; ptl held. */
static void share_entry(struct mm *child, pte_slot *from, pte_slot *to)
{
	pte_t pte = pte_write_protect(from);
	struct page *pg = page_from_pfn(pte_pfn(pte));

	if (pte_swapped(pte)) {
		swap_entry_get(pte_swap_place(pte));
		mm_account_swapped(child, 1);
	} else if (pg != page_of_zeros) {
		page_get(pg);
		mm_account(child, pg, 1);
	}
	pte_set(to, pte_read(from));
}

/* Share all pages of the parent's @v; -ENOMEM: half done. */
static int share_pages(struct mm *child, struct vma *v)
{
	struct mm *parent = v->mm;
	struct pte_span span = pte_span_start(v->start, v->end);
	int err = 0;

	huge_split(parent, v->start, v->end);
	spin_lock(&parent->ptl);
	while (!err && pte_span_next(&parent->pagetable, &span)) {
		pte_slot *to = NULL;

		for (size_t i = 0; pte_span_used(&span, &i); i++) {
			if (!to)
				to = pagetable_make(&child->pagetable, span.va);
			if (!to) {
				err = -ENOMEM;
				break;
			}
			share_entry(child, &span.slot[i], &to[i]);
		}
	}
	spin_unlock(&parent->ptl);
	return err;
}

static int fork_vma(struct mm *child, struct vma *v)
{
	struct vma *c = vma_copy(v);
	int err = 0;

	if (!c)
		return -ENOMEM;
	c->mm = child;
	c->flags &= ~VMA_LOCK_FLAGS;
	if (v->flags & VMA_WIPEONFORK)
		c->has_copies = false;

	struct mapping *mapping = rmap_lock(v);

	if (c->has_copies || (v->flags & VMA_SPECIAL))
		err = share_pages(child, v);
	rmap_insert(mapping, c);
	rmap_unlock(mapping);
	vma_link(&child->vmas, c);
	return err;
}

static void fork_fields(struct mm *child, struct mm *parent)
{
	child->heap_start = parent->heap_start;
	child->heap_end = parent->heap_end;
	child->mmap_top = parent->mmap_top;
	child->stack_top = parent->stack_top;
	child->code_start = parent->code_start;
	child->code_end = parent->code_end;
	child->data_start = parent->data_start;
	child->data_end = parent->data_end;
	child->args_start = parent->args_start;
	child->args_end = parent->args_end;
	child->env_start = parent->env_start;
	child->env_end = parent->env_end;
	child->aux_start = parent->aux_start;
	child->aux_end = parent->aux_end;
	child->no_huge = parent->no_huge;
	memcpy(child->name, parent->name, sizeof(child->name));
	child->executable = parent->executable;
	if (child->executable)
		file_get(child->executable);
}

static struct mm *fork_once(struct mm *parent)
{
	struct mm *child = mm_create();
	struct vma *v;
	int err = 0;

	if (!child)
		return NULL;
	write_lock(&parent->lock);
	fork_fields(child, parent);
	for (v = vma_next(&parent->vmas, NULL); v && !err;
	     v = vma_next(&parent->vmas, v))
		if (!(v->flags & VMA_DONTFORK))
			err = fork_vma(child, v);
	/* Without their locks two may be one. */
	vma_merge(&child->vmas, 0, USER_END);
	tlb_flush_all(&parent->pagetable);
	write_unlock(&parent->lock);
	if (err) {
		mm_drop_user(child);
		return NULL;
	}
	mm_publish(child);
	return child;
}

struct mm *mm_fork(struct mm *parent)
{
	struct mm *child;
	size_t nfree = 0;

	if (!commit_may_copy(parent->vmas.naccounted))
		return NULL;
	while (!(child = fork_once(parent)) && reclaim_more(&nfree))
		;
	return child;
}
