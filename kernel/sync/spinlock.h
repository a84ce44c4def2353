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
 * each hart and asserts that a new one is higher than all of them
 * (lockcheck.h).
 */

#include <stdatomic.h>

#include "arch/riscv/irq.h"
#include "kernel/sync/lockcheck.h"

struct spinlock {
	atomic_uint locked;
	struct lock_class class;
};

#define SPINLOCK_INIT(lock_name, lock_rank) \
	{ \
		.class = LOCK_CLASS(lock_name, lock_rank) \
	}

static inline void spin_init(struct spinlock *lock, const char *name,
			     enum lock_rank rank)
{
	atomic_init(&lock->locked, 0);
	lock_class_init(&lock->class, name, rank);
}

/* Set in a panic, by the only hart that runs on: locks don't lock any more. */
extern atomic_bool spin_locks_broken;

/* The slow half: somebody else has it. */
void spin_lock_contended(struct spinlock *lock);

static inline bool spin_trylock(struct spinlock *lock)
{
	if (atomic_exchange_explicit(&lock->locked, 1, memory_order_acquire))
		return false;
	lockcheck_spin_taken(&lock->class);
	return true;
}

static inline void spin_lock(struct spinlock *lock)
{
	lockcheck_spin_order(&lock->class);
	if (!spin_trylock(lock))
		spin_lock_contended(lock);
}

/* Wait for it only if @wait: then true. */
static inline bool spin_lock_or_try(struct spinlock *lock, bool wait)
{
	if (!wait)
		return spin_trylock(lock);
	spin_lock(lock);
	return true;
}

static inline void spin_unlock(struct spinlock *lock)
{
	lockcheck_spin_dropped(&lock->class);
	atomic_store_explicit(&lock->locked, 0, memory_order_release);
}

/* The same with this hart's interrupts off in between. */
static inline unsigned long spin_lock_irq(struct spinlock *lock)
{
	unsigned long saved = irq_save();

	spin_lock(lock);
	return saved;
}

static inline void spin_unlock_irq(struct spinlock *lock, unsigned long saved)
{
	spin_unlock(lock);
	irq_restore(saved);
}

/* By anyone: for assertions. */
static inline bool spin_is_locked(const struct spinlock *lock)
{
	return atomic_load_explicit(&lock->locked, memory_order_relaxed);
}

#endif
