/* SPDX-License-Identifier: MIT */
#ifndef ARCH_RISCV_IRQ_H
#define ARCH_RISCV_IRQ_H

/*
 * irq.h - this hart's interrupt enable (sstatus.SIE), and sleeping in wait
 * for one.
 */

#include "kernel/lib/types.h"

/* Interrupts off; returns what irq_restore() wants back. */
static inline unsigned long irq_save(void)
{
	unsigned long old;

	asm volatile("csrrci %0, sstatus, 2" : "=r"(old)::"memory");
	return old & 2;
}

static inline void irq_restore(unsigned long saved)
{
	asm volatile("csrs sstatus, %0" ::"r"(saved) : "memory");
}

static inline void irq_enable(void)
{
	asm volatile("csrsi sstatus, 2" ::: "memory");
}

static inline void irq_disable(void)
{
	asm volatile("csrci sstatus, 2" ::: "memory");
}

/*
 * Wait until an interrupt is pending.  Call with interrupts off, after
 * looking whether there is work: one that arrives in between ends the wait.
 */
static inline void irq_wait(void)
{
	asm volatile("wfi" ::: "memory");
}

/* A pause in a spin loop (Zihintpause; a plain fence where it is absent). */
static inline void hart_relax(void)
{
	asm volatile(".insn i 0x0f, 0, x0, x0, 0x010" ::: "memory");
}

#endif
