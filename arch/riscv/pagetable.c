// SPDX-License-Identifier: MIT
/*
 * pagetable.c - the three-level tree of tables that Sv39 walks.
 *
 *	va:  | 38..30 | 29..21 | 20..12 | 11..0 |
 *	        level 2  level 1  level 0  in page
 *
 * Each table is one frame of 512 slots.  A slot is empty, or points to the
 * table below (V alone), or is a leaf (R, W or X set too): of 4 KiB at level
 * 0, and higher up of 2 MiB or 1 GiB: the kernel's linear map uses both, and
 * programs have megapages, of 2 MiB, in the place of a table that is folded.
 *
 * The lower 256 slots of a root are its address space's.  The upper ones are
 * copies of the kernel root's, which are complete before the first copy is
 * made: later changes of the kernel's half happen in tables further down that
 * all roots share.
 *
 * A table may be freed only when no hart's walker can be inside it: first the
 * slot that points to it is cleared, then all TLBs are flushed (they cache
 * such slots too), then the frame goes.
 *
 * Locking: the caller's page-table lock.  Nothing here sleeps.
 */

#include "arch/riscv/layout.h"
#include "arch/riscv/pagetable.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"

enum { SLOTS = 512, ROOT_LEVEL = 2 };

/* The slots of the kernel's root that are in use, since most are not. */
static uint16_t kernel_slot[SLOTS / 2];
static unsigned kernel_nslots;

static unsigned level_shift(int level)
{
	return PAGE_SHIFT + 9 * level;
}

static unsigned slot_index(vaddr_t va, int level)
{
	return va >> level_shift(level) & (SLOTS - 1);
}

/* A table that is asleep: its slot has G instead of V, and A once that is
 * known of all entries that none has D. */
static bool table_asleep(pte_t pte)
{
	return (pte.bits & (PTE_V | PTE_U | PTE_G)) == PTE_G;
}

/* The table that a slot points to, or NULL: empty, or a leaf. */
static pte_slot *table_below(pte_slot *slot)
{
	pte_t pte = pte_read(slot);

	if ((pte.bits & (PTE_V | PTE_R | PTE_W | PTE_X)) != PTE_V &&
	    !table_asleep(pte))
		return NULL;
	return phys_to_virt(pte_pfn(pte) << PAGE_SHIFT);
}

/* The same for somebody who may make entries in it. */
static pte_slot *table_enter(pte_slot *slot)
{
	pte_t pte = pte_read(slot);

	if (table_asleep(pte))
		pte_set(slot, (pte_t){(pte.bits & ~(uint64_t)(PTE_G | PTE_A)) |
				      PTE_V});
	return table_below(slot);
}

pte_slot *pagetable_find(struct pagetable *pt, vaddr_t va)
{
	pte_slot *table = phys_to_virt(pt->root);

	for (int level = ROOT_LEVEL; level > 0; level--) {
		pte_slot *slot = &table[slot_index(va, level)];

		table = table_enter(slot);
		if (!table)
			return pte_mega(pte_read(slot)) ? slot : NULL;
	}
	return &table[slot_index(va, 0)];
}

static pte_t table_pointer(paddr_t table)
{
	return (pte_t){table >> PAGE_SHIFT << PTE_PFN_SHIFT | PTE_V};
}

static pte_slot *table_make(struct pagetable *pt, pte_slot *slot)
{
	paddr_t pa = pagetable_frame_alloc();

	if (!pa)
		return NULL;
	atomic_fetch_add_explicit(&pt->ntables, 1, memory_order_relaxed);
	pte_set(slot, table_pointer(pa));
	return phys_to_virt(pa);
}

pte_slot *pagetable_make_level(struct pagetable *pt, vaddr_t va, int to_level)
{
	pte_slot *table = phys_to_virt(pt->root);

	for (int level = ROOT_LEVEL; level > to_level; level--) {
		pte_slot *slot = &table[slot_index(va, level)];

		table = table_enter(slot);
		if (!table) {
			if (pte_mega(pte_read(slot)))
				return slot;
			assert(pte_none(pte_read(slot)));
			table = table_make(pt, slot);
		}
		if (!table)
			return NULL;
	}
	return &table[slot_index(va, to_level)];
}

pte_slot *pagetable_make(struct pagetable *pt, vaddr_t va)
{
	return pagetable_make_level(pt, va, 0);
}

/* Where the next table's part begins. */
static vaddr_t table_end(vaddr_t va, int level)
{
	return ((va >> level_shift(level + 1)) + 1) << level_shift(level + 1);
}

/* The slot for @va is empty, and so may be those after it: where the first
 * one begins that is not, or the next table.  (Inlined it would cost those who
 * don't need it the saving of registers.) */
static __attribute__((noinline)) vaddr_t skip_empty(pte_slot *table, vaddr_t va,
						    int level, vaddr_t end)
{
	vaddr_t stop = min_u64(table_end(va, level), end);
	size_t n =
		SLOTS - ((table_end(va, level) - stop) >> level_shift(level));
	size_t i = pte_next_used(table, slot_index(va, level) + 1, n);

	return table_end(va, level) - ((SLOTS - i) << level_shift(level));
}

bool pte_span_next(struct pagetable *pt, struct pte_span *span)
{
	pte_slot *root = phys_to_virt(pt->root);

	while (span->next < span->end) {
		vaddr_t va = span->next;
		pte_slot *middle = table_below(&root[slot_index(va, 2)]);

		if (!middle) {
			span->next = skip_empty(root, va, 2, span->end);
			continue;
		}

		pte_slot *above = &middle[slot_index(va, 1)];
		pte_slot *leaf = table_below(above);

		if (!leaf && !pte_mega(pte_read(above))) {
			span->next = skip_empty(middle, va, 1, span->end);
			continue;
		}
		span->next = min_u64(table_end(va, 0), span->end);
		span->va = va;
		span->above = above;
		span->slot = leaf ? &leaf[slot_index(va, 0)] : NULL;
		span->nslots = leaf ? pte_span_npages(span) : 0;
		return true;
	}
	return false;
}

paddr_t pagetable_fold(struct pagetable *pt, vaddr_t va, pte_t leaf)
{
	pte_slot *slot = pagetable_make_level(pt, va, 1);
	paddr_t table = pte_pfn(pte_take(slot)) << PAGE_SHIFT;

	/* 1 no way to the table  2 nor in any TLB  3 the leaf */
	tlb_flush_all(pt);
	page_zero(phys_to_virt(table));
	pt->nnaps++;
	pte_set(slot, (pte_t){leaf.bits | PTE_MEGA});
	return table;
}

void pte_span_split(const struct pte_span *span, paddr_t table)
{
	pte_slot *slot = phys_to_virt(table);
	pte_t pte = pte_read(span->above);

	assert(pte_mega(pte));
	for (vaddr_t i = 0; i < SLOTS; i++)
		pte_set(&slot[i], pte_part(pte, i << PAGE_SHIFT));
	pte_set(span->above, table_pointer(table));
}

static void slots_move(pte_slot *from, pte_slot *to, size_t n)
{
	for (size_t i = pte_next_used(from, 0, n); i < n;
	     i = pte_next_used(from, i + 1, n))
		pte_set(&to[i], pte_take(&from[i]));
}

void pte_span_move(struct pagetable *pt, const struct pte_span *span,
		   vaddr_t to)
{
	/* One table's entries go to two at most. */
	size_t first =
		min_u64((table_end(to, 0) - to) >> PAGE_SHIFT, span->nslots);

	slots_move(span->slot, pagetable_find(pt, to), first);
	if (first < span->nslots)
		slots_move(span->slot + first,
			   pagetable_find(pt, table_end(to, 0)),
			   span->nslots - first);
}

bool pte_span_rest(struct pagetable *pt, const struct pte_span *span)
{
	pte_t pte = pte_read(span->above);
	bool awake = pte_present(pte);

	if (span->nslots < SLOTS)
		return false;
	pte.bits &= ~(uint64_t)PTE_V;
	pte_set(span->above, (pte_t){pte.bits | (awake ? PTE_G : PTE_A)});
	pt->nnaps += awake;
	return awake;
}

bool pte_span_clean(const struct pte_span *span)
{
	pte_t pte = pte_read(span->above);

	return table_asleep(pte) && pte_accessed(pte);
}

void pagetable_share_kernel(void)
{
	pte_slot *kernel_root = phys_to_virt(kernel_pagetable.root);

	kernel_nslots = 0;
	for (uint16_t i = SLOTS / 2; i < SLOTS; i++)
		if (!pte_none(pte_read(&kernel_root[i])))
			kernel_slot[kernel_nslots++] = i;
}

int pagetable_init(struct pagetable *pt)
{
	pte_slot *root, *kernel_root = phys_to_virt(kernel_pagetable.root);

	pt->root = pagetable_frame_alloc();
	if (!pt->root)
		return -ENOMEM;
	root = phys_to_virt(pt->root);
	for (unsigned i = 0; i < kernel_nslots; i++)
		pte_set(&root[kernel_slot[i]],
			pte_read(&kernel_root[kernel_slot[i]]));
	pt->asid = asid_alloc();
	atomic_init(&pt->harts, 0);
	/* The identifier may have been another table's before. */
	atomic_init(&pt->stale, ~0ul);
	atomic_init(&pt->ntables, 1);
	return 0;
}

/*
 * Freeing tables: of those that lie wholly in [floor, ceiling).  Out of the
 * tree they may still be in TLBs; they are chained through their first slots
 * until those are flushed.  (A walker that gets in there meets an address,
 * which lacks PTE_V: an empty slot.)
 */
struct trim {
	vaddr_t floor, ceiling;
	paddr_t dead;
	size_t ndead;
};

static void table_unlink(struct trim *trim, pte_slot *slot)
{
	paddr_t pa = pte_pfn(pte_take(slot)) << PAGE_SHIFT;
	pte_slot *table = phys_to_virt(pa);

	assert(pte_none(pte_read(table)));
	pte_set(table, (pte_t){trim->dead});
	trim->dead = pa;
	trim->ndead++;
}

/* Look at the slots of one table that have to do with [start, end). */
static void trim_table(struct trim *trim, pte_slot *table, int level,
		       vaddr_t start, vaddr_t end)
{
	uint64_t span = 1ul << level_shift(level);

	for (vaddr_t va = start & -span; va < end; va += span) {
		pte_slot *slot = &table[slot_index(va, level)];
		pte_slot *below = table_below(slot);

		if (!below) {
			va = skip_empty(table, va, level, end) - span;
			continue;
		}
		if (level > 1)
			trim_table(trim, below, level - 1, max_u64(va, start),
				   min_u64(va + span, end));
		if (trim->floor <= va && va + span <= trim->ceiling)
			table_unlink(trim, slot);
	}
}

static void trim_free(struct pagetable *pt, struct trim *trim)
{
	atomic_fetch_sub(&pt->ntables, trim->ndead);
	while (trim->dead) {
		paddr_t pa = trim->dead;
		pte_slot *table = phys_to_virt(pa);

		trim->dead = pte_take(table).bits;
		pagetable_frame_free(pa);
	}
}

void pagetable_trim(struct pagetable *pt, vaddr_t start, vaddr_t end,
		    vaddr_t floor, vaddr_t ceiling)
{
	struct trim trim = {.floor = floor, .ceiling = ceiling};

	trim_table(&trim, phys_to_virt(pt->root), ROOT_LEVEL, start, end);
	if (!trim.ndead)
		return;
	tlb_flush_all(pt);
	trim_free(pt, &trim);
}

void pagetable_destroy(struct pagetable *pt)
{
	pte_slot *root = phys_to_virt(pt->root);
	struct trim trim = {.floor = 0, .ceiling = USER_END};

	/* Nobody runs on it, and stale entries die with the identifier: the
	 * table that gets it next flushes on every hart it comes to. */
	assert(atomic_load(&pt->harts) == 0);
	trim_table(&trim, root, ROOT_LEVEL, 0, USER_END);
	trim_free(pt, &trim);
	for (unsigned i = 0; i < kernel_nslots; i++)
		pte_set(&root[kernel_slot[i]], (pte_t){0});
	pagetable_frame_free(pt->root);
	asid_free(pt->asid);
}
