/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_LIB_TYPES_H
#define KERNEL_LIB_TYPES_H

/*
 * types.h - the integer types and units that every room shares.
 *
 * A type says the unit: addresses are bytes, frame numbers and page offsets
 * are pages.  An interval is always [start, end).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t vaddr_t; /* a virtual address, in bytes */
typedef uint64_t paddr_t; /* a physical address, in bytes */
typedef uint64_t pfn_t;   /* a frame number: paddr_t >> PAGE_SHIFT */
typedef uint64_t pgoff_t; /* an offset in a file or object, in pages */
typedef int64_t ssize_t;  /* a byte count, or a negative errno */

enum { PAGE_SHIFT = 12 };
static const uint64_t PAGE_SIZE = 1ul << PAGE_SHIFT;

/* Rights of a mapping and kinds of access: the values of PROT_*. */
enum { VM_R = 1, VM_W = 2, VM_X = 4 };

static inline uint64_t page_down(uint64_t nbytes)
{
	return nbytes & ~(PAGE_SIZE - 1);
}

/* Round up to a page; a value within the last page wraps to 0. */
static inline uint64_t page_up(uint64_t nbytes)
{
	return page_down(nbytes + PAGE_SIZE - 1);
}

static inline uint64_t page_offset(uint64_t nbytes)
{
	return nbytes & (PAGE_SIZE - 1);
}

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

#define container_of(ptr, type, member) \
	((type *)((char *)(ptr)-offsetof(type, member)))

#endif
