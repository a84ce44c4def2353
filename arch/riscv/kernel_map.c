// SPDX-License-Identifier: MIT
/*
 * kernel_map.c - the kernel's half of every address space.
 *
 * entry.S starts with a table of a few gigabyte leaves, which is writable and
 * executable where the image is.  Once there are frames, it is replaced by
 * the final one, in which nothing is both:
 *
 *	image    text      read, execute
 *	         rodata    read
 *	         data      read, write (without the page below the boot stack)
 *	linear   the same text and rodata: read; all else: read, write
 *	stacks   empty; kernel_map() fills it
 *
 * The linear map takes the largest leaf that fits at each address, so that it
 * costs one table per different neighbourhood, whatever the size of memory.
 *
 * The kernel's leaves have A and D set from the start, because harts may
 * trap instead of setting them, and G, because every root has them.
 */

#include "arch/riscv/csr.h"
#include "arch/riscv/kernel_map.h"
#include "arch/riscv/layout.h"
#include "arch/riscv/pagetable.h"
#include "arch/riscv/thread.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"

struct pagetable kernel_pagetable;

uint64_t kernel_satp;

enum {
	KERNEL_READ = PTE_V | PTE_R | PTE_A | PTE_D | PTE_G,
	KERNEL_WRITE = KERNEL_READ | PTE_W,
	KERNEL_EXECUTE = KERNEL_READ | PTE_X,
};

static const uint64_t GIGAPAGE = 1ul << 30;

/* The largest leaf for (va, pa) that does not go beyond @nbytes. */
static int leaf_level(vaddr_t va, paddr_t pa, uint64_t nbytes)
{
	if (!((va | pa) & (GIGAPAGE - 1)) && nbytes >= GIGAPAGE)
		return 2;
	if (!((va | pa) & (MEGAPAGE - 1)) && nbytes >= MEGAPAGE)
		return 1;
	return 0;
}

static void map(vaddr_t va, paddr_t pa, uint64_t nbytes, uint64_t rights)
{
	static const uint64_t leaf_nbytes[] = {PAGE_SIZE, MEGAPAGE, GIGAPAGE};

	while (nbytes) {
		int level = leaf_level(va, pa, nbytes);
		pte_slot *slot =
			pagetable_make_level(&kernel_pagetable, va, level);

		if (!slot)
			panic("not enough memory for the kernel's page table");
		pte_set(slot,
			(pte_t){pa >> PAGE_SHIFT << PTE_PFN_SHIFT | rights});
		va += leaf_nbytes[level];
		pa += leaf_nbytes[level];
		nbytes -= leaf_nbytes[level];
	}
}

static void map_image(char *start, char *end, uint64_t rights)
{
	map((vaddr_t)start, image_to_phys(start), end - start, rights);
}

static void map_linear(paddr_t start, paddr_t end, uint64_t rights)
{
	map(LINEAR_START + start, start, end - start, rights);
}

void pagetable_init_kernel(paddr_t memory_end)
{
	paddr_t text = image_to_phys(image_start);
	paddr_t data = image_to_phys(image_data);

	kernel_pagetable.root = pagetable_frame_alloc();
	if (!kernel_pagetable.root)
		panic("no memory for the kernel's page table");
	map_image(image_start, image_rodata, KERNEL_EXECUTE);
	map_image(image_rodata, image_data, KERNEL_READ);
	map_image(image_data, boot_stack_guard, KERNEL_WRITE);
	map_image(boot_stack, image_end, KERNEL_WRITE);
	map_linear(0, text, KERNEL_WRITE);
	map_linear(text, data, KERNEL_READ);
	map_linear(data, memory_end, KERNEL_WRITE);
	/* One table for all stacks, so that every root can share it. */
	if (!pagetable_make_level(&kernel_pagetable, STACKS_START, 1))
		panic("no memory for the kernel's page table");
	pagetable_share_kernel();
	kernel_satp = (uint64_t)SATP_SV39 << SATP_MODE_SHIFT |
		      kernel_pagetable.root >> PAGE_SHIFT;
}

int kernel_map(vaddr_t va, paddr_t pa)
{
	pte_slot *slot;

	assert(va >= STACKS_START && va < STACKS_END);
	slot = pagetable_make(&kernel_pagetable, va);
	if (!slot)
		return -ENOMEM;
	assert(pte_none(pte_read(slot)));
	pte_set(slot,
		(pte_t){pa >> PAGE_SHIFT << PTE_PFN_SHIFT | KERNEL_WRITE});
	return 0;
}

paddr_t kernel_unmap(vaddr_t va)
{
	pte_slot *slot = pagetable_find(&kernel_pagetable, va);
	pte_t old;

	assert(slot);
	old = pte_take(slot);
	assert(pte_present(old));
	return pte_pfn(old) << PAGE_SHIFT;
}

bool kernel_fault_spurious(vaddr_t va, int access)
{
	pte_slot *slot;

	if (!access || va < STACKS_START || va >= STACKS_END)
		return false;
	slot = pagetable_find(&kernel_pagetable, va);
	tlb_flush_kernel_local(page_down(va), PAGE_SIZE);
	return slot && pte_present(pte_read(slot)) &&
	       pte_allows(pte_read(slot), access);
}
