/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_DEV_MMIO_H
#define KERNEL_DEV_MMIO_H

/* mmio.h, natively: registers are functions of a device that the test
 * plays. */

#include "arch/riscv/layout.h"

uint32_t mmio_read32(vaddr_t at);
void mmio_write32(vaddr_t at, uint32_t value);

static inline vaddr_t mmio_address(paddr_t pa)
{
	return pa;
}

#endif
