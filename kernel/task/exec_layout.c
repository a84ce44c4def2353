// SPDX-License-Identifier: MIT
/*
 * exec_layout.c - where the parts of a new address space go.
 *
 *	0       PIE_BASE                                        STACK_TOP
 *	|          |-> program, heap |->      <-| mmap   gap  <-| stack |
 *
 * Whoever makes a program jump through a pointer gone wrong must know where
 * to.  So each of the four places is moved by a random number of pages of
 * its own, 2^18 of them, which is a GiB: as much as Linux gives this address
 * space.  The stack pointer moves inside its page, too.  A program that is
 * not position-independent stays; its heap, stack and libraries move.
 *
 * Three switches turn it off: personality(ADDR_NO_RANDOMIZE), which children
 * and new programs inherit; the boot option norandmaps; and 0 in
 * /proc/sys/kernel/randomize_va_space, where 1 leaves only the heap in place.
 *
 * The places stay in order, and as far apart as they must, for any random
 * numbers: below the stack its limit is kept free, up to a sixth of user
 * memory, and its guard gap.
 *
 * Book: chapter 12.
 */

#include <linux/personality.h>

#include "kernel/lib/random.h"
#include "kernel/task/exec.h"
#include "mm/mmap.h"

enum { RANDOM_PAGES = 1 << 18 };

static const uint64_t GAP_MIN = 128ul << 20;
static const uint64_t GAP_MAX = USER_END / 6;
static const uint64_t GAP_MORE = 1 << 20; /* below the stack's limit */

atomic_uint randomize_va_space = 2;

static uint64_t random_below(uint64_t n)
{
	uint64_t random;

	random_bytes(&random, sizeof(random));
	return random % n;
}

static uint64_t random_pages(bool wanted)
{
	return wanted ? random_below(RANDOM_PAGES) << PAGE_SHIFT : 0;
}

void layout_choose(struct layout *layout, const struct process *p)
{
	uint64_t limit = p->limits[RLIMIT_STACK].rlim_cur;
	uint64_t gap = max_u64(min_u64(limit, GAP_MAX), GAP_MIN);
	unsigned level =
		p->personality & ADDR_NO_RANDOMIZE ? 0 : randomize_va_space;

	layout->program = PIE_BASE + random_pages(level > 0);
	layout->heap_gap = random_pages(level > 1);
	layout->stack_top = STACK_TOP - random_pages(level > 0);
	layout->stack_gap = level ? random_below(PAGE_SIZE) : 0;
	layout->mmap_top = layout->stack_top - page_up(gap) - GAP_MORE -
			   random_pages(level > 0);
}
