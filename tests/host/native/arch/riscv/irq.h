/* SPDX-License-Identifier: MIT */
#ifndef ARCH_RISCV_IRQ_H
#define ARCH_RISCV_IRQ_H

/* irq.h, natively: a host thread has no interrupts to turn off. */

#include "kernel/lib/types.h"

int sched_yield(void);

static inline unsigned long irq_save(void)
{
	return 0;
}

static inline void irq_restore(unsigned long saved)
{
}

static inline void irq_enable(void)
{
}

static inline void irq_disable(void)
{
}

static inline bool irq_enabled(void)
{
	return false;
}

static inline void irq_wait(void)
{
	sched_yield();
}

static inline void hart_relax(void)
{
	sched_yield();
}

#endif
