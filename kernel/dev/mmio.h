/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_DEV_MMIO_H
#define KERNEL_DEV_MMIO_H

/*
 * mmio.h - device registers, and their order against memory.
 *
 * Accesses to one device keep their order by themselves.  Against ordinary
 * memory they don't: a write to a register that tells the device to look at
 * memory comes after all stores before it, and a read that says there is
 * something to see comes before all loads after it.
 */

#include "arch/riscv/layout.h"

static inline uint32_t mmio_read32(vaddr_t at)
{
	uint32_t value = *(volatile uint32_t *)at;

	asm volatile("fence i, r" ::: "memory");
	return value;
}

static inline void mmio_write32(vaddr_t at, uint32_t value)
{
	asm volatile("fence w, o" ::: "memory");
	*(volatile uint32_t *)at = value;
}

static inline uint8_t mmio_read8(vaddr_t at)
{
	return *(volatile uint8_t *)at;
}

static inline void mmio_write8(vaddr_t at, uint8_t value)
{
	*(volatile uint8_t *)at = value;
}

/* Where a device's registers are; they lie in the linear map. */
static inline vaddr_t mmio_address(paddr_t pa)
{
	return (vaddr_t)phys_to_virt(pa);
}

#endif
