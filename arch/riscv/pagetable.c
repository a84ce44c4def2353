// SPDX-License-Identifier: MIT
/*
 * pagetable.c - the three-level tree of tables that Sv39 walks.
 *
 *	va:  | 38..30 | 29..21 | 20..12 | 11..0 |
 *	        level 2  level 1  level 0  in page
 *
 * Each table is one frame of 512 slots.  A slot is empty, or points to the
 * table below (V alone), or is a leaf (R, W or X set too): of 4 KiB at level
 * 0, and higher up of 2 MiB or 1 GiB, as the kernel's linear map uses them.
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

/* The table that a slot points to, or NULL: empty, or a leaf. */
static pte_slot *table_below(pte_slot *slot)
{
	pte_t pte = pte_read(slot);

	if ((pte.bits & (PTE_V | PTE_R | PTE_W | PTE_X)) != PTE_V)
		return NULL;
	return phys_to_virt(pte_pfn(pte) << PAGE_SHIFT);
}

pte_slot *pagetable_find(struct pagetable *pt, vaddr_t va)
{
	pte_slot *table = phys_to_virt(pt->root);

	for (int level = ROOT_LEVEL; level > 0 && table; level--)
		table = table_below(&table[slot_index(va, level)]);
	return table ? &table[slot_index(va, 0)] : NULL;
}

static pte_slot *table_make(struct pagetable *pt, pte_slot *slot)
{
	paddr_t pa = pagetable_frame_alloc();

	if (!pa)
		return NULL;
	atomic_fetch_add_explicit(&pt->ntables, 1, memory_order_relaxed);
	pte_set(slot, (pte_t){pa >> PAGE_SHIFT << PTE_PFN_SHIFT | PTE_V});
	return phys_to_virt(pa);
}

pte_slot *pagetable_make_level(struct pagetable *pt, vaddr_t va, int to_level)
{
	pte_slot *table = phys_to_virt(pt->root);

	for (int level = ROOT_LEVEL; level > to_level; level--) {
		pte_slot *slot = &table[slot_index(va, level)];

		table = table_below(slot);
		if (!table) {
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

/* Where the slot after @va's begins. */
static vaddr_t slot_end(vaddr_t va, int level)
{
	return ((va >> level_shift(level)) + 1) << level_shift(level);
}

/* The slot for @va is empty, and so may be those after it: where the first
 * one begins that is not, or the next table. */
static vaddr_t skip_empty(pte_slot *table, vaddr_t va, int level, vaddr_t end)
{
	unsigned i = slot_index(va, level);

	do
		va = slot_end(va, level);
	while (++i < SLOTS && va < end && pte_none(pte_read(&table[i])));
	return va;
}

bool pte_span_next(struct pagetable *pt, struct pte_span *span)
{
	while (span->next < span->end) {
		pte_slot *table = phys_to_virt(pt->root);
		vaddr_t va = span->next;
		int level = ROOT_LEVEL;

		for (; level > 0; level--) {
			pte_slot *below =
				table_below(&table[slot_index(va, level)]);

			if (!below)
				break;
			table = below;
		}
		if (level > 0) {
			span->next = skip_empty(table, va, level, span->end);
			continue;
		}
		span->next = min_u64(slot_end(va, 1), span->end);
		span->slot = &table[slot_index(va, 0)];
		span->va = va;
		span->nslots = (span->next - va) >> PAGE_SHIFT;
		return true;
	}
	return false;
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

		if (!below)
			continue;
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
