/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_SYNC_RWLOCK_H
#define KERNEL_SYNC_RWLOCK_H

/*
 * rwlock.h - a lock that sleeps, and that many readers share.
 *
 * First come, first served, as with struct mutex: a writer that waits holds
 * newer readers off, and the readers between two writers get in together.
 */

#include "kernel/sync/sched.h"
#include "kernel/sync/waitq.h"

/*
 * state is one of
 *	0			free
 *	n * RW_READER		n readers
 *	task | RW_WRITER	that task writes
 * each with RW_WAITED while the queue is not empty: then only who holds it
 * lets go, or, with the queue's lock, who lets go last hands it on.
 */
struct rwlock {
	_Atomic(uintptr_t) state;
	struct waitq waiters;
	struct lock_class class;
};

enum { RW_WAITED = 1, RW_WRITER = 2, RW_READER = 4 };

void rwlock_init(struct rwlock *l, const char *name, enum lock_rank rank);

/* The slow halves: it can't be had at once; somebody waits for it. */
void read_lock_contended(struct rwlock *l);
void write_lock_contended(struct rwlock *l);
void rwlock_hand_on(struct rwlock *l);

static inline bool read_take(struct rwlock *l)
{
	uintptr_t old = atomic_load_explicit(&l->state, memory_order_relaxed);

	do {
		if (old & (RW_WAITED | RW_WRITER))
			return false;
	} while (!atomic_compare_exchange_weak_explicit(
		&l->state, &old, old + RW_READER, memory_order_acquire,
		memory_order_relaxed));
	return true;
}

static inline void read_lock(struct rwlock *l)
{
	lockcheck_order(&l->class, lock_class_rank(&l->class));
	if (!read_take(l))
		read_lock_contended(l);
	lockcheck_taken(&l->class, lock_class_rank(&l->class));
}

/*
 * For reading, if nobody writes: past a writer that waits, who would wait for
 * the other readers anyway; so also by one of them.  No order is checked.
 */
static inline bool read_trylock(struct rwlock *l)
{
	uintptr_t old = atomic_load_explicit(&l->state, memory_order_relaxed);

	do { /* RW_WAITED alone: just being handed on */
		if (old & RW_WRITER || old == RW_WAITED)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(
		&l->state, &old, old + RW_READER, memory_order_acquire,
		memory_order_relaxed));
	lockcheck_taken(&l->class, lock_class_rank(&l->class));
	return true;
}

static inline void read_unlock(struct rwlock *l)
{
	lockcheck_dropped(&l->class);
	if (atomic_fetch_sub_explicit(&l->state, RW_READER,
				      memory_order_release) ==
	    (RW_READER | RW_WAITED))
		rwlock_hand_on(l);
}

static inline bool write_take(struct rwlock *l)
{
	uintptr_t nobody = 0;

	return atomic_compare_exchange_strong_explicit(
		&l->state, &nobody, (uintptr_t)sched_current() | RW_WRITER,
		memory_order_acquire, memory_order_relaxed);
}

static inline void write_lock(struct rwlock *l)
{
	lockcheck_order(&l->class, lock_class_rank(&l->class));
	if (!write_take(l))
		write_lock_contended(l);
	lockcheck_taken(&l->class, lock_class_rank(&l->class));
}

static inline void write_unlock(struct rwlock *l)
{
	uintptr_t mine = (uintptr_t)sched_current() | RW_WRITER;

	lockcheck_dropped(&l->class);
	/* As in mutex_unlock(). */
	atomic_thread_fence(memory_order_release);
	if (!atomic_compare_exchange_strong_explicit(&l->state, &mine, 0,
						     memory_order_relaxed,
						     memory_order_relaxed))
		rwlock_hand_on(l);
}

/* For writing, by the caller. */
static inline bool write_held(const struct rwlock *l)
{
	return (atomic_load_explicit(&l->state, memory_order_relaxed) &
		~(uintptr_t)RW_WAITED) ==
	       ((uintptr_t)sched_current() | RW_WRITER);
}

#endif
