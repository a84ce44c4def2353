// SPDX-License-Identifier: MIT
/*
 * stack.c - kernel stacks, each with nothing mapped below it.
 *
 * A stack that overflows must fault, not run into a neighbour.  So stacks are
 * not taken from the linear map: each has a slot of 32 KiB of the kernel's
 * address space, of which only the upper half is mapped.
 *
 *     slot i    |  nothing  |  stack   |  slot i + 1  |  nothing  | ...
 *
 * Some freed stacks stay mapped for whoever comes next.  The others give back
 * their frames at once; but their addresses may still be in TLBs, and flushing
 * those costs an interrupt of every hart.  So a slot rests until some hundreds
 * of others do, and one flush serves them all: nobody touches it meanwhile.
 *
 * Locking: stack_lock, for all of it.
 */

#include "arch/riscv/pagetable.h"
#include "arch/riscv/thread.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/sync/spinlock.h"
#include "mm/mm.h"
#include "mm/page.h"

enum {
	SLOT_SIZE = 2 * KERNEL_STACK_SIZE,
	NSLOTS = 32768,
	NSPARE = 16,
	NRESTING = 256,
	STACK_PAGES = KERNEL_STACK_SIZE / 4096,
};

static struct spinlock stack_lock =
	SPINLOCK_INIT("kernel stacks", RANK_KERNEL_MAP);
static uint64_t used[NSLOTS / 64];    /* slots, a bit each */
static uint64_t resting[NSLOTS / 64]; /* unmapped, not flushed, still used */
static unsigned nresting;
static unsigned first_word; /* no free slot in the words before it */
static vaddr_t spare[NSPARE];
static unsigned nspare;

static vaddr_t slot_take(void)
{
	for (; first_word < NSLOTS / 64; first_word++) {
		uint64_t free = ~used[first_word];
		unsigned bit;

		if (!free)
			continue;
		bit = __builtin_ctzl(free);
		used[first_word] |= 1ul << bit;
		return STACKS_START +
		       (first_word * 64 + bit) * (vaddr_t)SLOT_SIZE +
		       SLOT_SIZE - KERNEL_STACK_SIZE;
	}
	return 0;
}

/* Make the resting slots free. */
static void slots_flush(void)
{
	tlb_flush_kernel();
	for (unsigned word = 0; word < NSLOTS / 64; word++) {
		used[word] &= ~resting[word];
		resting[word] = 0;
	}
	nresting = 0;
	first_word = 0;
}

static void slot_put(vaddr_t stack)
{
	unsigned slot = (stack - STACKS_START) / SLOT_SIZE;

	resting[slot / 64] |= 1ul << slot % 64;
	if (++nresting == NRESTING)
		slots_flush();
}

static void unmap_pages(vaddr_t stack, unsigned npages)
{
	while (npages--) {
		paddr_t pa = kernel_unmap(stack + npages * PAGE_SIZE);

		page_put(page_from_pfn(pa >> PAGE_SHIFT));
	}
}

static int map_pages(vaddr_t stack)
{
	for (unsigned i = 0; i < STACK_PAGES; i++) {
		struct page *pg = page_alloc_try();

		if (pg && !kernel_map(stack + i * PAGE_SIZE, page_to_phys(pg)))
			continue;
		if (pg)
			page_put(pg);
		unmap_pages(stack, i);
		return -ENOMEM;
	}
	return 0;
}

vaddr_t kernel_stack_alloc(void)
{
	vaddr_t stack;

	spin_lock(&stack_lock);
	if (nspare) {
		stack = spare[--nspare];
	} else {
		stack = slot_take();
		if (!stack && nresting) {
			slots_flush();
			stack = slot_take();
		}
		if (stack && map_pages(stack)) {
			slot_put(stack);
			stack = 0;
		}
		if (stack)
			atomic_fetch_add(&page_tally.stacks, STACK_PAGES);
	}
	spin_unlock(&stack_lock);
	return stack;
}

static void release(vaddr_t stack)
{
	unmap_pages(stack, STACK_PAGES);
	slot_put(stack);
	atomic_fetch_sub(&page_tally.stacks, STACK_PAGES);
}

void kernel_stack_free(vaddr_t stack)
{
	assert(stack >= STACKS_START && stack < STACKS_END);
	spin_lock(&stack_lock);
	if (nspare < NSPARE)
		spare[nspare++] = stack;
	else
		release(stack);
	spin_unlock(&stack_lock);
}

void kernel_stack_shrink(void)
{
	spin_lock(&stack_lock);
	while (nspare)
		release(spare[--nspare]);
	spin_unlock(&stack_lock);
}
