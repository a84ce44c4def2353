/* SPDX-License-Identifier: MIT */
#ifndef MM_UNMAP_H
#define MM_UNMAP_H

/*
 * unmap.h - taking pages out of page tables.
 */

#include "mm/mapping.h"
#include "mm/mm.h"

/*
 * Unmap [start, end): take the VMAs out of the list and of their files'
 * trees, their pages out of the table, and the tables that are left empty.
 * The list is already cut at both ends; mm->lock is held for writing.  The
 * dead VMAs are collected on @dead.
 */
void unmap_range(struct mm *mm, vaddr_t start, vaddr_t end, struct list *dead);

/* The same, but tables stay. */
void unmap_vmas(struct mm *mm, vaddr_t start, vaddr_t end, struct list *dead);

/* The same for all that is mapped: the address space is at its end. */
void unmap_all(struct mm *mm, struct list *dead);

/* Cut, and unmap_range().  0, or -ENOMEM and nothing has changed. */
int unmap_cut_range(struct mm *mm, vaddr_t start, vaddr_t end,
		    struct list *dead);

/* Let the files of dead VMAs go.  May sleep: after mm->lock was released. */
void unmap_free(struct list *dead);

/* Throw away the pages in [start, end) of @v, which stays: madvise.
 * mm->lock held, for reading at least. */
void unmap_pages(struct vma *v, vaddr_t start, vaddr_t end);

/*
 * Take pages [first, end) of a file out of every address space, private
 * copies too if @copies; stores that PTE_D records are noted.  The _locked
 * form: mapping->lock is held.  Sleeps not.
 */
void unmap_file(struct mapping *mapping, pgoff_t first, pgoff_t end,
		bool copies);
void unmap_file_locked(struct mapping *mapping, pgoff_t first, pgoff_t end,
		       bool copies);

#endif
