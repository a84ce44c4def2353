// SPDX-License-Identifier: MIT
/*
 * mutex.c - waiting for a mutex, and for one's turn.
 *
 * All is in one word: who owns the mutex, and whether anybody waits.
 *
 *      0 ---lock---> task ---another locks---> task | WAITED
 *      0 <--unlock-- task                            | unlock: the first in
 *                                                    v the queue is woken
 *                    any other | WAITED <---lock--- WAITED
 *
 * A mutex that is let go is free for whoever comes first, since the one just
 * woken needs a while to come, and a queue in which each waits for the next to
 * wake up moves slowly.  But the kernel is not preempted: a task that unlocks
 * and locks again, and sleeps only in between, would come first for ever.  So
 * a waiter that was woken in vain marks the word with TURN, and the next to
 * let go hands the mutex over to the first in the queue.
 *
 * Locks: the queue's lock (RANK_WAITQ) covers each change to or from a word
 * with WAITED, and the queue.  Tests: tests/host/sync_test.c.
 */

#include "kernel/lib/assert.h"
#include "kernel/sync/mutex.h"

static const uintptr_t MARKS = MUTEX_WAITED | MUTEX_TURN;

void mutex_init(struct mutex *m, const char *name, enum lock_rank rank)
{
	atomic_init(&m->owner, 0);
	waitq_init(&m->waiters);
	lock_class_init(&m->class, name, rank);
}

/* Take it if it is free; or find that it was handed to us; else @mark it. */
static bool claim_locked(struct mutex *m, uintptr_t mark)
{
	uintptr_t me = (uintptr_t)sched_current();
	uintptr_t old = m->owner, new;

	do {
		if ((old & ~MARKS) == me)
			return true;
		new = old & ~MARKS ? old | mark : old | me;
	} while (!atomic_compare_exchange_weak(&m->owner, &old, new));
	return !(old & ~MARKS);
}

void mutex_lock_contended(struct mutex *m)
{
	struct waiter waiter = {.exclusive = true};
	unsigned long saved;

	assert(!mutex_held(m));
	saved = spin_lock_irq(&m->waiters.lock);
	if (!claim_locked(m, MUTEX_WAITED)) {
		waitq_enter_locked(&m->waiters, &waiter);
		do
			waitq_sleep_locked(&m->waiters);
		while (!claim_locked(m, MUTEX_TURN));
		list_remove(&waiter.link);
		atomic_fetch_and(&m->owner, list_empty(&m->waiters.waiters)
						    ? ~MARKS
						    : ~(uintptr_t)MUTEX_TURN);
	}
	spin_unlock_irq(&m->waiters.lock, saved);
}

void mutex_unlock_contended(struct mutex *m)
{
	unsigned long saved = spin_lock_irq(&m->waiters.lock);
	struct waiter *first;
	uintptr_t next = MUTEX_WAITED;

	assert(mutex_held(m) && !list_empty(&m->waiters.waiters));
	first = list_entry(m->waiters.waiters.next, struct waiter, link);
	if (m->owner & MUTEX_TURN)
		next |= (uintptr_t)first->task;
	atomic_store_explicit(&m->owner, next, memory_order_release);
	sched_wake(first->task);
	spin_unlock_irq(&m->waiters.lock, saved);
}
