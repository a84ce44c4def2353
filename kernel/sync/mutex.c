// SPDX-License-Identifier: MIT
/*
 * mutex.c - waiting for a mutex, and handing it on.
 *
 * All is in one word: who owns the mutex, and whether anybody waits.
 *
 *      0 --lock--> task --a second locks--> task | WAITED
 *      0 <-unlock- task                       | unlock
 *                   ^                         v
 *                   +---------------- next task, | WAITED if more wait
 *
 * The mutex is never free while somebody waits: the holder makes the first in
 * the queue its owner, and then wakes it.  Were it set free instead, a task
 * that unlocks and locks again in a loop, asleep in between only with the lock
 * held, would always come first, since the kernel is not preempted.
 *
 * Locks: the queue's lock (RANK_WAITQ) covers each change to or from a word
 * with WAITED, and the queue.  Book: chapter 8.  Tests: tests/host/sync_test.c.
 */

#include "kernel/lib/assert.h"
#include "kernel/sync/mutex.h"

void mutex_init(struct mutex *m, const char *name, enum lock_rank rank)
{
	atomic_init(&m->owner, 0);
	waitq_init(&m->waiters);
	lock_class_init(&m->class, name, rank);
}

/* Mark it waited for; false if it became free, and is ours, instead. */
static bool mark_waited(struct mutex *m)
{
	uintptr_t owner = atomic_load_explicit(&m->owner, memory_order_relaxed);

	while (!(owner & MUTEX_WAITED)) {
		if (!owner && mutex_take(m))
			return false;
		if (owner && atomic_compare_exchange_weak(&m->owner, &owner,
							  owner | MUTEX_WAITED))
			break;
		owner = atomic_load_explicit(&m->owner, memory_order_relaxed);
	}
	return true;
}

void mutex_lock_contended(struct mutex *m)
{
	struct waiter waiter = {.exclusive = true};
	unsigned long saved;

	assert(!mutex_held(m));
	saved = spin_lock_irq(&m->waiters.lock);
	if (mark_waited(m))
		waitq_sleep_locked(&m->waiters, &waiter);
	spin_unlock_irq(&m->waiters.lock, saved);
}

void mutex_unlock_contended(struct mutex *m)
{
	unsigned long saved = spin_lock_irq(&m->waiters.lock);
	struct waiter *first;
	uintptr_t next;

	assert(mutex_held(m) && !list_empty(&m->waiters.waiters));
	first = list_entry(m->waiters.waiters.next, struct waiter, link);
	next = (uintptr_t)first->task;
	waitq_grant_locked(first);
	if (!list_empty(&m->waiters.waiters))
		next |= MUTEX_WAITED;
	/* It runs on only when it gets the queue's lock: it sees this. */
	atomic_store_explicit(&m->owner, next, memory_order_release);
	spin_unlock_irq(&m->waiters.lock, saved);
}
