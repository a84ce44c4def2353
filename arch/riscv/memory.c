// SPDX-License-Identifier: MIT
/*
 * memory.c - which physical memory is ours to use.
 *
 * The device tree lists memory in nodes of device_type "memory", each with
 * any number of (address, size) pairs.  From these are cut, wherever they
 * overlap:
 *
 *	the nodes under /reserved-memory and the blob's reservation block,
 *	which is where the firmware says that it lives itself;
 *	all that lies below the kernel, if the firmware says nothing;
 *	the kernel's image, and the device tree;
 *	what is beyond the linear map.
 *
 * Ranges shrink to whole pages.  What is left is sorted, and ends with an
 * empty range.
 */

#include "arch/riscv/boot.h"
#include "arch/riscv/layout.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"

enum { RANGES_MAX = 64 };

static struct memory_range ranges[RANGES_MAX + 1];
static unsigned nranges;

static void range_insert(unsigned at, paddr_t start, paddr_t end)
{
	if (start >= end)
		return;
	if (nranges == RANGES_MAX) {
		printk("memory: too many ranges, %016lx-%016lx unused\n", start,
		       end);
		return;
	}
	nranges++; /* the empty one at the end moves, too */
	memmove(&ranges[at + 1], &ranges[at],
		(nranges - at) * sizeof(ranges[0]));
	ranges[at] = (struct memory_range){start, end - start};
}

static void range_delete(unsigned at)
{
	memmove(&ranges[at], &ranges[at + 1],
		(nranges - at) * sizeof(ranges[0]));
	nranges--;
}

/* Take [start, end) out: a range may lose an end, its middle, or all. */
static void memory_cut(paddr_t start, paddr_t end)
{
	for (unsigned i = nranges; start < end && i-- > 0;) {
		paddr_t first = ranges[i].start;
		paddr_t last = first + ranges[i].nbytes;

		if (last <= start || end <= first)
			continue;
		range_delete(i);
		range_insert(i, max_u64(first, end), last);
		range_insert(i, first, min_u64(last, start));
	}
}

static paddr_t range_end(uint64_t start, uint64_t nbytes)
{
	return start + nbytes < start ? UINT64_MAX : start + nbytes;
}

static void memory_reserve(uint64_t start, uint64_t nbytes)
{
	paddr_t end = range_end(start, nbytes);

	/* To whole pages; but the last page of all can't be rounded up. */
	if (nbytes)
		memory_cut(page_down(start), max_u64(page_up(end), end));
}

static void memory_add(uint64_t start, uint64_t nbytes)
{
	paddr_t end = page_down(min_u64(range_end(start, nbytes), LINEAR_SIZE));
	unsigned at = 0;

	start = max_u64(page_up(start), PAGE_SIZE);
	memory_cut(start, end); /* said twice is counted once */
	while (at < nranges && ranges[at].start < start)
		at++;
	range_insert(at, start, end);
}

static void add_memory_nodes(void)
{
	uint64_t start, nbytes;
	const char *type;

	for (int n = fdt_next(&device_tree, -1); n >= 0;
	     n = fdt_next(&device_tree, n)) {
		type = fdt_string(&device_tree, n, "device_type");
		if (!type || strcmp(type, "memory") ||
		    !fdt_enabled(&device_tree, n))
			continue;
		for (uint32_t i = 0;
		     fdt_reg(&device_tree, n, i, &start, &nbytes); i++)
			memory_add(start, nbytes);
	}
}

/* True if something below the kernel was among it. */
static bool cut_reservations(void)
{
	int node = fdt_find_path(&device_tree, "/reserved-memory");
	uint64_t start, nbytes;
	bool below = false;

	for (uint32_t i = 0; fdt_reserved(&device_tree, i, &start, &nbytes);
	     i++) {
		memory_reserve(start, nbytes);
		below |= start < image_to_phys(image_start);
	}
	if (node >= 0)
		node = fdt_first_child(&device_tree, node);
	for (; node >= 0; node = fdt_next_sibling(&device_tree, node)) {
		for (uint32_t i = 0;
		     fdt_reg(&device_tree, node, i, &start, &nbytes); i++) {
			memory_reserve(start, nbytes);
			below |= start < image_to_phys(image_start);
		}
	}
	return below;
}

const struct memory_range *memory_init(paddr_t fdt, uint64_t fdt_nbytes)
{
	paddr_t image = image_to_phys(image_start);

	nranges = 0;
	ranges[0].nbytes = 0;
	add_memory_nodes();
	if (!cut_reservations())
		memory_cut(0, image);
	memory_reserve(image, image_end - image_start);
	memory_reserve(fdt, fdt_nbytes);
	if (!nranges)
		panic("the device tree names no memory that can be used");
	return ranges;
}
