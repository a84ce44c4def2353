// SPDX-License-Identifier: MIT
/*
 * tlb.c - which address space a hart is in, and making harts forget.
 *
 * A TLB keeps copies of page-table entries, tagged with an address-space
 * identifier (ASID), and is not told when the table changes.  After taking a
 * right away the kernel must therefore flush: here by sfence.vma, on another
 * hart by asking the firmware, which interrupts it and waits.  That is dear,
 * so only harts that run on the table now are asked; the others are marked
 * stale, and flush the ASID themselves before they run on the table again.
 *
 *	the changer                        a hart that comes
 *	1 changes the entry                1 sets its bit in harts
 *	2 sets stale for all others        2 loads satp
 *	3 reads harts, asks those          3 if stale: clears it, flushes
 *
 * Whoever is later sees the other: if the changer reads harts too early to
 * see the newcomer, the newcomer reads stale late enough to see the mark.
 *
 * Identifiers are handed out from a bitmap.  A table that got none (the hart
 * has no ASID bits, or all are taken) uses 0 and flushes whenever it is
 * loaded.  The kernel's entries are global: they match under any ASID.
 *
 * Locking: none, atomic words.  Callers don't sleep meanwhile, so they stay
 * on their hart.
 */

#include "arch/riscv/csr.h"
#include "arch/riscv/pagetable.h"
#include "arch/riscv/sbi.h"
#include "kernel/lib/trace.h"

enum { ASID_BITS_MAX = 16, WORD_BITS = 64 };

/* Above this a flush of everything is cheaper than page by page. */
enum { FLUSH_PAGES_MAX = 32 };

atomic_ulong tlb_shootdowns;

static uint32_t nasids; /* a power of 2 */
static atomic_ulong asids_used[(1 << ASID_BITS_MAX) / WORD_BITS];
static atomic_uint asid_word_hint;

static unsigned long satp_value(struct pagetable *pt)
{
	return (unsigned long)SATP_SV39 << SATP_MODE_SHIFT |
	       (unsigned long)pt->asid << SATP_ASID_SHIFT |
	       pt->root >> PAGE_SHIFT;
}

void tlb_init(void)
{
	unsigned long satp = csr_read(satp);
	unsigned long mask = (1ul << ASID_BITS_MAX) - 1;

	/* Bits that the hart does not have read back as zero. */
	csr_write(satp, satp | mask << SATP_ASID_SHIFT);
	nasids = (csr_read(satp) >> SATP_ASID_SHIFT & mask) + 1;
	csr_write(satp, satp);
	asm volatile("sfence.vma" ::: "memory");
	atomic_store(&asids_used[0], 1); /* 0 is nobody's */
}

uint32_t asid_alloc(void)
{
	unsigned nwords = (nasids + WORD_BITS - 1) / WORD_BITS;
	unsigned hint = atomic_load(&asid_word_hint);

	for (unsigned i = 0; i < nwords; i++) {
		unsigned word = (hint + i) % nwords;
		unsigned long used = atomic_load(&asids_used[word]);

		while (~used) {
			uint32_t bit = __builtin_ctzl(~used);
			uint32_t asid = word * WORD_BITS + bit;

			if (asid >= nasids)
				break;
			used = atomic_fetch_or(&asids_used[word], 1ul << bit);
			if (used & 1ul << bit)
				continue; /* another hart was faster */
			atomic_store(&asid_word_hint, word);
			return asid;
		}
	}
	return 0;
}

void asid_free(uint32_t asid)
{
	if (asid)
		atomic_fetch_and(&asids_used[asid / WORD_BITS],
				 ~(1ul << asid % WORD_BITS));
}

static void flush_asid_local(uint32_t asid)
{
	asm volatile("sfence.vma zero, %0" ::"r"((uint64_t)asid) : "memory");
}

void pagetable_switch(struct pagetable *pt)
{
	struct hart *hart = hart_current();
	struct pagetable *old = hart->pagetable;
	unsigned long self = 1ul << hart->index;

	if (!pt)
		pt = &kernel_pagetable;
	if (pt == old)
		return;
	atomic_fetch_or(&pt->harts, self);
	csr_write(satp, satp_value(pt));
	if (!pt->asid)
		flush_asid_local(0);
	if (atomic_load(&pt->stale) & self) {
		atomic_fetch_and(&pt->stale, ~self);
		flush_asid_local(pt->asid);
	}
	hart->pagetable = pt;
	atomic_fetch_and(&old->harts, ~self);
}

void pagetable_enter_kernel(void)
{
	struct hart *hart = hart_current();

	csr_write(satp, satp_value(&kernel_pagetable));
	asm volatile("sfence.vma" ::: "memory");
	hart->pagetable = &kernel_pagetable;
	atomic_fetch_or(&kernel_pagetable.harts, 1ul << hart->index);
}

void tlb_flush_page_local(struct pagetable *pt, vaddr_t va)
{
	asm volatile("sfence.vma %0, %1" ::"r"(va), "r"((uint64_t)pt->asid)
		     : "memory");
}

static void flush_local(struct pagetable *pt, vaddr_t start, vaddr_t end)
{
	if (end - start > FLUSH_PAGES_MAX * PAGE_SIZE) {
		flush_asid_local(pt->asid);
		return;
	}
	for (vaddr_t va = start; va < end; va += PAGE_SIZE)
		tlb_flush_page_local(pt, va);
}

void tlb_flush_range(struct pagetable *pt, vaddr_t start, vaddr_t end)
{
	struct hart *hart = hart_current();
	unsigned long self = 1ul << hart->index;
	unsigned long here = hart->pagetable == pt ? self : 0;
	unsigned long others;

	/* The change of the entry, before anyone is told of it. */
	atomic_thread_fence(memory_order_seq_cst);
	if ((atomic_load(&pt->stale) | here) != ~0ul)
		atomic_fetch_or(&pt->stale, ~here);
	others = atomic_load(&pt->harts) & ~self;
	if (here)
		flush_local(pt, start, end);
	if (!others)
		return;
	if (end - start > FLUSH_PAGES_MAX * PAGE_SIZE)
		start = 0, end = UINT64_MAX; /* SBI: the whole of the ASID */
	atomic_fetch_add(&tlb_shootdowns, 1);

	uint64_t began = trace_clock();

	sbi_remote_sfence_asid(others, start, end - start, pt->asid);
	trace_since(began, TRACE_SHOOTDOWN, start, end, others);
}

void tlb_flush_page(struct pagetable *pt, vaddr_t va)
{
	tlb_flush_range(pt, va, va + PAGE_SIZE);
}

void tlb_flush_all(struct pagetable *pt)
{
	tlb_flush_range(pt, 0, UINT64_MAX);
}

void icache_flush_all(void)
{
	/* Our stores must be seen before anyone fetches anew. */
	atomic_thread_fence(memory_order_seq_cst);
	asm volatile("fence.i" ::: "memory");
	sbi_remote_fence_i(harts_others_online());
}

void tlb_flush_kernel_local(vaddr_t start, size_t nbytes)
{
	for (size_t at = 0; at < nbytes; at += PAGE_SIZE)
		asm volatile("sfence.vma %0" ::"r"(start + at) : "memory");
}

void tlb_flush_kernel(void)
{
	atomic_thread_fence(memory_order_seq_cst);
	asm volatile("sfence.vma" ::: "memory");
	sbi_remote_sfence(harts_others_online());
}
