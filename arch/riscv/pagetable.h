/* SPDX-License-Identifier: MIT */
#ifndef ARCH_RISCV_PAGETABLE_H
#define ARCH_RISCV_PAGETABLE_H

/*
 * pagetable.h - a three-level Sv39 table, and the TLB entries made from it.
 *
 * Lower halves are per address space; upper halves are all the same and never
 * change after boot (what changes in the kernel's half lies in tables that
 * all roots share).
 *
 * The owner's page-table lock protects entries; freeing tables needs more:
 * nobody else may be walking (the owner excludes faults and reverse walks).
 */

#include "arch/riscv/hart.h"
#include "arch/riscv/pte.h"

struct pagetable {
	paddr_t root;
	uint32_t asid; /* 0: none of its own, so every switch flushes */
	/* A hart that runs on it has a bit in harts, set before satp is loaded
	 * and cleared after the next one is.  A hart that does not may still
	 * hold entries of its ASID; a bit in stale says that some of them are
	 * wrong, and the hart flushes before it runs on it again (tlb.c). */
	atomic_ulong harts, stale;
	atomic_ulong ntables; /* frames in use by tables */
	unsigned long nnaps;  /* how often one was put to sleep, or folded */
};

/* The kernel's own: nothing in the lower half. */
extern struct pagetable kernel_pagetable;

/* mm/ hands out and takes back the frames that tables live in (mm/page.c),
 * all zero both ways.  0 means there is none: physical address 0 is never
 * memory. */
paddr_t pagetable_frame_alloc(void);
void pagetable_frame_free(paddr_t pa);

/* 0 or -ENOMEM.  The upper half is the kernel's. */
int pagetable_init(struct pagetable *pt);

/* Free every table; all leaves must be gone.  No hart may run on it. */
void pagetable_destroy(struct pagetable *pt);

/* The slot for @va, or NULL while there is no table for it.  It may be a
 * megapage's (pte_mega()), which @va is a part of. */
pte_slot *pagetable_find(struct pagetable *pt, vaddr_t va);

/* The same, making tables as needed; NULL: no memory.  Two may race: call
 * with the page-table lock held. */
pte_slot *pagetable_make(struct pagetable *pt, vaddr_t va);

/* The same at a higher level: the slot of a 2 MiB (1) or 1 GiB (2) leaf. */
pte_slot *pagetable_make_level(struct pagetable *pt, vaddr_t va, int level);

/*
 * The one range iterator.  A span is a run of slots in one leaf table.
 *
 *	struct pte_span span = pte_span_start(start, end);
 *	size_t i;
 *
 *	while (pte_span_next(pt, &span))
 *		for (i = 0; pte_span_used(&span, &i); i++)
 *			... span.slot[i] maps span.va + i * PAGE_SIZE ...
 *
 * Addresses without a leaf table are skipped at the size of the hole, and
 * slots that are none.  A megapage is a span without slots (nslots is 0): who
 * wants to change a part of it splits it first (mm/huge.h).
 */
struct pte_span {
	pte_slot *slot;
	vaddr_t va;
	size_t nslots;
	pte_slot *above;   /* that points to the table, or is the megapage's */
	vaddr_t next, end; /* where the search goes on */
};

static inline struct pte_span pte_span_start(vaddr_t start, vaddr_t end)
{
	return (struct pte_span){.next = start, .end = end};
}

bool pte_span_next(struct pagetable *pt, struct pte_span *span);

/* Move *i on to the first slot from there that is not none, if there is one. */
static inline bool pte_span_used(const struct pte_span *span, size_t *i)
{
	*i = pte_next_used(span->slot, *i, span->nslots);
	return *i < span->nslots;
}

/* For who only looks, at slots and megapages alike: how many pages the span
 * is for, and the entry of one, as it would be in a table. */
static inline size_t pte_span_npages(const struct pte_span *span)
{
	return (span->next - span->va) >> PAGE_SHIFT;
}

static inline pte_t pte_span_read(const struct pte_span *span, size_t i)
{
	if (span->nslots)
		return pte_read(&span->slot[i]);

	pte_t pte = pte_read(span->above);

	return pte_mega(pte) ? pte_part(pte, span->va + i * PAGE_SIZE)
			     : (pte_t){0}; /* meanwhile it was split */
}

/* Move the span's entries, with A and D, to @to and behind it, where there are
 * tables.  The caller flushes. */
void pte_span_move(struct pagetable *pt, const struct pte_span *span,
		   vaddr_t to);

/*
 * Sleep: harts don't see a leaf table while it is asleep, so they can't set D
 * in it; the first fault there, or anyone who asks for a slot of it by
 * pagetable_find() or _make(), wakes it.  So who has seen that no entry has D
 * need not look again.  But a hart may have set one after we looked and before
 * it was told: that takes two rounds.
 *
 * pte_span_rest(): no entry had D.  Of a whole table: it goes to sleep (true:
 * tlb_flush_all() must follow), or was asleep already, and from now on
 * pte_span_clean() is true until it wakes.
 */
bool pte_span_rest(struct pagetable *pt, const struct pte_span *span);
bool pte_span_clean(const struct pte_span *span);

/*
 * Folding: a table in which nothing is worth keeping, that for the 2 MiB at
 * @va, gives its place to @leaf, which maps them all at once.  It belongs to
 * the caller, zeroed, until pte_span_split() puts it there again, filled with
 * 512 leaves of the same rights, with A and D as @leaf has them: that can't
 * fail, and the caller flushes.
 */
paddr_t pagetable_fold(struct pagetable *pt, vaddr_t va, pte_t leaf);
void pte_span_split(const struct pte_span *span, paddr_t table);

/*
 * Free the tables that serve nothing but [start, end), given that nothing is
 * mapped in [floor, ceiling) around it.  Their entries must all be none.
 * Flushes them from all TLBs before their frames go.
 */
void pagetable_trim(struct pagetable *pt, vaddr_t start, vaddr_t end,
		    vaddr_t floor, vaddr_t ceiling);

/* Run on @pt (NULL: on the kernel's own), on this hart. (tlb.c, like all
 * below.) */
void pagetable_switch(struct pagetable *pt);

/* This hart's first time: from entry.S's table, or from none. */
void pagetable_enter_kernel(void);

/*
 * Make every hart that may hold an entry for the range forget it, before
 * returning (SBI RFENCE; this hart by sfence.vma).  After any downgrade:
 * present to none, another frame, fewer rights, D or A taken.
 */
void tlb_flush_page(struct pagetable *pt, vaddr_t va);
void tlb_flush_range(struct pagetable *pt, vaddr_t start, vaddr_t end);
void tlb_flush_all(struct pagetable *pt);

/* This hart only: after none to present, or a fault that found the entry
 * good (a stale entry, or a cached invalid one). */
void tlb_flush_page_local(struct pagetable *pt, vaddr_t va);

/* New instructions were written: fence.i on every hart. */
void icache_flush_all(void);

/* How many times other harts were fenced, since boot. */
extern atomic_ulong tlb_shootdowns;

/* Find out how many address-space identifiers the harts have. */
void tlb_init(void);

/* An identifier for a new table, or 0 if there is none; and give it back. */
uint32_t asid_alloc(void);
void asid_free(uint32_t asid);

/* Forget these kernel addresses on this hart, or all on all harts. */
void tlb_flush_kernel_local(vaddr_t start, size_t nbytes);
void tlb_flush_kernel(void);

/* --- the kernel's half --- */

/*
 * Map one page of the kernel's own at @va (between STACKS_START and
 * STACKS_END) readable and writable; 0 or -ENOMEM.  Or unmap it; returns its
 * frame's address.  The caller lets only one run at a time, and calls
 * tlb_flush_kernel() before @va is mapped again.
 *
 * A hart may remember that nothing was there: thread_switch() flushes a stack
 * on the hart that starts to use it, and kernel_fault_spurious() does when
 * another hart looks at it.
 */
int kernel_map(vaddr_t va, paddr_t pa);
paddr_t kernel_unmap(vaddr_t va);

/* The kernel faulted at @va (@access: 0 if that was no page fault): only
 * because of an old TLB entry?  Then that is gone: run again. */
bool kernel_fault_spurious(vaddr_t va, int access);

/*
 * Build the kernel's final map, of physical memory below @memory_end.  Tables
 * come from pagetable_frame_alloc().  (kernel_map.c)
 */
void pagetable_init_kernel(paddr_t memory_end);

/* The kernel's root is complete: from now on pagetable_init() copies it. */
void pagetable_share_kernel(void);

#endif
