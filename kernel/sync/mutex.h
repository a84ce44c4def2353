/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_SYNC_MUTEX_H
#define KERNEL_SYNC_MUTEX_H

/*
 * mutex.h - a lock that sleeps, for one task at a time.
 *
 * Nobody starves: who waits longest is passed over once at most each time it
 * is woken (mutex.c).  An uncontended lock or unlock is one atomic operation,
 * inline.
 */

#include "kernel/sync/sched.h"
#include "kernel/sync/waitq.h"

/*
 * owner: the holding task's address, or 0, with MUTEX_WAITED while the queue is
 * not empty, and MUTEX_TURN when its first is to have the mutex next.  With
 * these only the queue's lock gives the right to change it.
 */
struct mutex {
	_Atomic(uintptr_t) owner;
	struct waitq waiters;
	struct lock_class class;
};

enum { MUTEX_WAITED = 1, MUTEX_TURN = 2 };

#define MUTEX_INIT(mutex, name, rank) \
	{ \
		.waiters = WAITQ_INIT((mutex).waiters), \
		.class = LOCK_CLASS(name, rank) \
	}

void mutex_init(struct mutex *m, const char *name, enum lock_rank rank);

/* The slow halves: somebody else has it; somebody waits for it. */
void mutex_lock_contended(struct mutex *m);
void mutex_unlock_contended(struct mutex *m);

static inline bool mutex_take(struct mutex *m)
{
	uintptr_t nobody = 0;

	return atomic_compare_exchange_strong_explicit(
		&m->owner, &nobody, (uintptr_t)sched_current(),
		memory_order_acquire, memory_order_relaxed);
}

/* Take it at another rank than it was made with: the second inode. */
static inline void mutex_lock_ranked(struct mutex *m, enum lock_rank rank)
{
	lockcheck_order(&m->class, rank);
	if (!mutex_take(m))
		mutex_lock_contended(m);
	lockcheck_taken(&m->class, rank);
}

static inline void mutex_lock(struct mutex *m)
{
	mutex_lock_ranked(m, lock_class_rank(&m->class));
}

static inline bool mutex_trylock(struct mutex *m)
{
	if (!mutex_take(m))
		return false;
	lockcheck_taken(&m->class, lock_class_rank(&m->class));
	return true;
}

static inline void mutex_unlock(struct mutex *m)
{
	uintptr_t me = (uintptr_t)sched_current();

	lockcheck_dropped(&m->class);
	/* Not as the exchange's own order: gcc 12 leaves that out where the
	 * order on failure is relaxed. */
	atomic_thread_fence(memory_order_release);
	if (!atomic_compare_exchange_strong_explicit(&m->owner, &me, 0,
						     memory_order_relaxed,
						     memory_order_relaxed))
		mutex_unlock_contended(m);
}

/* By the caller. */
static inline bool mutex_held(const struct mutex *m)
{
	return (atomic_load_explicit(&m->owner, memory_order_relaxed) &
		~(uintptr_t)(MUTEX_WAITED | MUTEX_TURN)) ==
	       (uintptr_t)sched_current();
}

#endif
