/* SPDX-License-Identifier: MIT */
#ifndef ARCH_RISCV_LAYOUT_H
#define ARCH_RISCV_LAYOUT_H

/*
 * layout.h - the Sv39 address space (Privileged spec, "Sv39").
 *
 *   0000000000000000  user, 256 GiB                      USER_END
 *   ffffffc000000000  linear map: all physical memory    LINEAR_START
 *   ffffffe000000000  kernel stacks, with guard pages    STACKS_START
 *   ffffffff80200000  the kernel's image                 KERNEL_START
 */

#include "kernel/lib/types.h"

static const vaddr_t USER_END = 0x4000000000;
static const vaddr_t LINEAR_START = 0xffffffc000000000;
static const vaddr_t STACKS_START = 0xffffffe000000000;
static const vaddr_t STACKS_END = 0xffffffe040000000;

/* The linear map; anything below LINEAR_SIZE has an address in it once
 * pagetable_init_kernel() has run. */
static inline void *phys_to_virt(paddr_t pa)
{
	return (void *)(pa + LINEAR_START);
}

static inline paddr_t virt_to_phys(const void *va)
{
	return (paddr_t)va - LINEAR_START;
}

static const uint64_t LINEAR_SIZE = STACKS_START - LINEAR_START;

/* Where the linker put the image, and where the firmware loaded it: this far
 * apart (kernel.ld).  Objects of the image are not in the linear map's range:
 * never give their addresses to virt_to_phys(). */
static const uint64_t IMAGE_OFFSET = 0xffffffff00000000;

static inline paddr_t image_to_phys(const void *va)
{
	return (paddr_t)va - IMAGE_OFFSET;
}

extern char image_start[], image_end[]; /* page-aligned */

#endif
