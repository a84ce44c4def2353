/* SPDX-License-Identifier: MIT */
#ifndef ARCH_RISCV_PTE_H
#define ARCH_RISCV_PTE_H

/*
 * pte.h - one Sv39 page-table entry, and the questions mm/ asks about it.
 *
 *   63    54 53              10 9 8 7 6 5 4 3 2 1 0
 *  |reserved|  frame number    |RSW|D|A|G|U|X|W|R|V|
 *
 * The hart may set A and D in an entry at any moment, so an entry in use is
 * only changed by single atomic operations.  (Privileged spec, "Sv39".)
 */

#include <stdatomic.h>

#include "kernel/lib/types.h"

typedef _Atomic(uint64_t) pte_slot; /* where an entry lives, in a table */
typedef struct {
	uint64_t bits;
} pte_t; /* an entry's value, in a register */

enum {
	PTE_V = 1 << 0,
	PTE_PROT_SHIFT = 1, /* R, W, X stand like VM_R, VM_W, VM_X */
	PTE_R = VM_R << PTE_PROT_SHIFT,
	PTE_W = VM_W << PTE_PROT_SHIFT,
	PTE_X = VM_X << PTE_PROT_SHIFT,
	PTE_U = 1 << 4,
	PTE_G = 1 << 5,
	PTE_A = 1 << 6,
	PTE_D = 1 << 7,
	PTE_SWAPPED = 1 << 8, /* with neither V nor G; the first of RSW */
	PTE_MEGA = 1 << 9,    /* a leaf for 2 MiB, one level up; the second */
	PTE_PFN_SHIFT = 10,
};

static const uint64_t PTE_PFN_MASK = (1ul << 44) - 1;

/* What a leaf one level up maps. */
enum { MEGAPAGE_ORDER = 9 };
static const uint64_t MEGAPAGE = PAGE_SIZE << MEGAPAGE_ORDER;

/*
 * A user leaf for @prot (VM_*; not 0).  W implies R, because W alone is
 * reserved.  Accessed is set: the entry is made because of an access.
 */
static inline pte_t pte_make_user(pfn_t pfn, int prot, bool dirty)
{
	uint64_t rights = (prot & VM_W ? prot | VM_R : prot) << PTE_PROT_SHIFT;

	return (pte_t){pfn << PTE_PFN_SHIFT | rights | PTE_V | PTE_U | PTE_A |
		       (dirty ? PTE_D : 0)};
}

static inline pte_t pte_read(pte_slot *slot)
{
	return (pte_t){atomic_load_explicit(slot, memory_order_relaxed)};
}

/* Nothing mapped and nothing remembered (no swap entry either). */
static inline bool pte_none(pte_t pte)
{
	return pte.bits == 0;
}

/* The same but for A and D, which harts set and harvests take. */
static inline bool pte_same(pte_t a, pte_t b)
{
	return !((a.bits ^ b.bits) & ~(uint64_t)(PTE_A | PTE_D));
}

static inline bool pte_present(pte_t pte)
{
	return pte.bits & PTE_V;
}

static inline bool pte_dirty(pte_t pte)
{
	return pte.bits & PTE_D;
}

/* Has any of four entries any of @bits? */
static inline bool pte_any4(pte_slot *slot, uint64_t bits)
{
	return (pte_read(&slot[0]).bits | pte_read(&slot[1]).bits |
		pte_read(&slot[2]).bits | pte_read(&slot[3]).bits) &
	       bits;
}

/* The first of slots [i, n) whose entry has any of @bits, or @n.  Behind one
 * that has none there are mostly more: eight are looked at together. */
static inline size_t pte_next_with(pte_slot *slot, size_t i, size_t n,
				   uint64_t bits)
{
	for (; i < n; i++) {
		if (pte_read(&slot[i]).bits & bits)
			return i;
		while (i + 9 <= n && !pte_any4(&slot[i + 1], bits) &&
		       !pte_any4(&slot[i + 5], bits))
			i += 8;
	}
	return n;
}

/* The first of them with D; the first that is not none. */
static inline size_t pte_next_dirty(pte_slot *slot, size_t i, size_t n)
{
	return pte_next_with(slot, i, n, PTE_D);
}

static inline size_t pte_next_used(pte_slot *slot, size_t i, size_t n)
{
	return pte_next_with(slot, i, n, UINT64_MAX);
}

static inline bool pte_accessed(pte_t pte)
{
	return pte.bits & PTE_A;
}

static inline bool pte_allows(pte_t pte, int access)
{
	uint64_t want = access << PTE_PROT_SHIFT;

	return (pte.bits & want) == want;
}

static inline pfn_t pte_pfn(pte_t pte)
{
	return pte.bits >> PTE_PFN_SHIFT & PTE_PFN_MASK;
}

/* Is it a leaf for 2 MiB (pagetable.h)? */
static inline bool pte_mega(pte_t pte)
{
	return pte.bits & PTE_MEGA;
}

/* What @va's own entry would be, if @pte, which covers it, is one of these. */
static inline pte_t pte_part(pte_t pte, vaddr_t va)
{
	if (pte_mega(pte)) {
		pte.bits += (va & (MEGAPAGE - 1)) >> PAGE_SHIFT
							     << PTE_PFN_SHIFT;
		pte.bits ^= PTE_MEGA;
	}
	return pte;
}

/*
 * An entry that names a page but allows nothing (PROT_NONE) is hidden: V is
 * clear, so the hart ignores all the rest, and G marks it.
 */
static inline bool pte_hidden(pte_t pte)
{
	return (pte.bits & (PTE_V | PTE_G)) == PTE_G;
}

static inline bool pte_has_page(pte_t pte)
{
	return pte.bits & (PTE_V | PTE_G);
}

/*
 * An entry whose page is on a swap device names the place instead, as a number
 * of up to 44 bits.
 */
static inline pte_t pte_make_swapped(uint64_t place)
{
	return (pte_t){place << PTE_PFN_SHIFT | PTE_SWAPPED};
}

static inline bool pte_swapped(pte_t pte)
{
	return (pte.bits & (PTE_V | PTE_G | PTE_SWAPPED)) == PTE_SWAPPED;
}

static inline uint64_t pte_swap_place(pte_t pte)
{
	return pte.bits >> PTE_PFN_SHIFT & PTE_PFN_MASK;
}

/* The same page with other rights (0: hidden); A and D are kept. */
static inline pte_t pte_with_prot(pte_t pte, int prot)
{
	pte_t made = pte_make_user(pte_pfn(pte), prot, pte_dirty(pte));

	if (!pte_accessed(pte))
		made.bits &= ~(uint64_t)PTE_A;
	if (!prot)
		made.bits ^= PTE_V | PTE_G;
	return made;
}

/* Write an entry where none was: the contents of the page it names, and of
 * its struct page, must be seen before it. */
static inline void pte_set(pte_slot *slot, pte_t pte)
{
	atomic_store_explicit(slot, pte.bits, memory_order_release);
}

/* Take the entry away, with the A and D that it had in that instant. */
static inline pte_t pte_take(pte_slot *slot)
{
	return (pte_t){atomic_exchange(slot, 0)};
}

/* Replace @old by @new; false if the hart (or anyone) changed it meanwhile. */
static inline bool pte_replace(pte_slot *slot, pte_t old, pte_t new)
{
	return atomic_compare_exchange_strong(slot, &old.bits, new.bits);
}

/* The record of a store, taken: only a TLB flush makes it complete, since a
 * hart that holds the entry with D set stores on without asking. */
static inline bool pte_test_and_clear_dirty(pte_slot *slot)
{
	return atomic_fetch_and(slot, ~(uint64_t)PTE_D) & PTE_D;
}

/* The record of an access, taken; without a flush a hart that holds the entry
 * leaves no new one. */
static inline bool pte_test_and_clear_accessed(pte_slot *slot)
{
	return atomic_fetch_and(slot, ~(uint64_t)PTE_A) & PTE_A;
}

/* Does the hart find less in @new than in @old?  Then TLBs must forget @old. */
static inline bool pte_lost_right(pte_t old, pte_t new)
{
	uint64_t lost = old.bits & ~new.bits;

	return pte_present(old) && (lost & (PTE_V | PTE_R | PTE_W | PTE_X));
}

/* Take the right to write; returns the entry as it was. */
static inline pte_t pte_write_protect(pte_slot *slot)
{
	return (pte_t){atomic_fetch_and(slot, ~(uint64_t)PTE_W)};
}

/*
 * On a hart that faults instead of setting A and D: if the entry allows
 * @access and only a bit was missing, set it and say true.
 */
static inline bool pte_mend_accessed_dirty(pte_slot *slot, int access)
{
	pte_t pte = pte_read(slot);

	if (!pte_present(pte) || !pte_allows(pte, access))
		return false;
	atomic_fetch_or(slot, PTE_A | (access & VM_W ? PTE_D : 0));
	return true;
}

#endif
