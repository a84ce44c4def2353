/* SPDX-License-Identifier: MIT */
#ifndef ARCH_RISCV_HART_H
#define ARCH_RISCV_HART_H

/* hart.h, natively: one hart, on which each host thread is a thread of ours,
 * known by its address alone. */

#include <stdatomic.h>

#include "kernel/lib/types.h"

/* Not <pthread.h>: it clashes with <linux/time.h>, which fs/ includes. */
unsigned long pthread_self(void);

enum { HARTS_MAX = 64 };

struct pagetable;
struct thread;

struct hart {
	unsigned index;
	unsigned long id;
	atomic_bool online;
	uint32_t interrupt_context;
	struct pagetable *pagetable;
	struct thread *fp_thread;
};

static inline struct thread *thread_current(void)
{
	return (struct thread *)pthread_self();
}

static inline unsigned hart_index(void)
{
	return 0;
}

static inline unsigned hart_count(void)
{
	return 1;
}

#endif
