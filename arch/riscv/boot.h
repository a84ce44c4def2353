/* SPDX-License-Identifier: MIT */
#ifndef ARCH_RISCV_BOOT_H
#define ARCH_RISCV_BOOT_H

/*
 * boot.h - what entry.S leaves for kernel/main.c, and what main.c provides.
 *
 * entry.S runs at the physical address where the firmware put us, builds the
 * first page table (the image and the first gigabytes of the linear map),
 * turns on Sv39 and calls kernel_main() on the boot thread's stack.
 */

#include "arch/riscv/thread.h"
#include "kernel/lib/fdt.h"

/* A stretch of physical memory; the array ends with nbytes 0. */
struct memory_range {
	paddr_t start;
	uint64_t nbytes;
};

/* The device tree, once arch_init() has opened it; valid for ever, because
 * its memory is left out of what arch_init() returns. */
extern struct fdt device_tree;

/*
 * Parse the device tree: harts, timebase, hart features.  Returns the usable
 * memory (all of it, less what is reserved, the firmware, the image and the
 * device tree itself), sorted.
 */
const struct memory_range *arch_init(unsigned long hartid, paddr_t fdt);

/* Once frames can be had: final page tables, trap vector, this hart's
 * interrupts.  Called on the boot hart, then on each other hart. */
void arch_init_hart(void);

/* Provided by kernel/main.c: the task on whose thread the kernel boots, until
 * task_init() has an idle task for the boot hart; and where it starts. */
struct task;
extern struct task boot_task;
_Noreturn void kernel_main(unsigned long hartid, paddr_t fdt);
_Noreturn void hart_main(void);

/* The memory left when arch_init() reads the tree (memory.c). */
const struct memory_range *memory_init(paddr_t fdt, uint64_t fdt_nbytes);

/* Early output, before there is a driver: SBI's console. */
void sbi_console_write(const char *bytes, size_t nbytes);

#endif
