/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_SYNC_SPINLOCK_H
#define KERNEL_SYNC_SPINLOCK_H

/*
 * spinlock.h - short exclusion between harts.
 *
 * The kernel is not preempted, so a plain lock is enough between tasks; a
 * lock that an interrupt handler takes is always taken with spin_lock_irq().
 * Nobody sleeps with one held.
 *
 * Every lock has a rank (rank.h): the debug build keeps the ranks held by
 * each hart and asserts that a new one is higher than all of them.
 */

#include <stdatomic.h>

#include "arch/riscv/irq.h"
#include "kernel/sync/rank.h"

struct spinlock {
	atomic_uint locked;
#ifdef CONFIG_DEBUG
	enum lock_rank rank;
	const char *name;
#endif
};

#ifdef CONFIG_DEBUG
#define SPINLOCK_INIT(lock_name, lock_rank) \
	{ \
		.rank = (lock_rank), .name = (lock_name) \
	}
#else
#define SPINLOCK_INIT(lock_name, lock_rank) \
	{ \
		0 \
	}
#endif

void spin_init(struct spinlock *lock, const char *name, enum lock_rank rank);

void spin_lock(struct spinlock *lock);
bool spin_trylock(struct spinlock *lock);
void spin_unlock(struct spinlock *lock);

/* The same with this hart's interrupts off in between. */
unsigned long spin_lock_irq(struct spinlock *lock);
void spin_unlock_irq(struct spinlock *lock, unsigned long saved);

bool spin_is_locked(const struct spinlock *lock);

#endif
