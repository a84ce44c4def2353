// SPDX-License-Identifier: MIT
/*
 * rwlock.c - waiting for a lock that readers share, and handing it on.
 *
 * Readers and writers stand in one queue in order of arrival.  Whoever lets
 * go last, with the queue not empty, hands the lock to the first writer, or to
 * all the readers in front of the next writer:
 *
 *      queue   R R W R        hands on to  R R
 *              W R            then         W
 *              R              then         R
 *
 * So nobody starves, and a writer delays only those readers that came after
 * it.  The lock is never free while somebody waits.
 *
 * Locks: the queue's lock (RANK_WAITQ) covers setting and clearing RW_WAITED,
 * and the queue.  Tests: tests/host/sync_test.c.
 */

#include "kernel/lib/assert.h"
#include "kernel/sync/rwlock.h"

struct rw_waiter {
	struct waiter waiter;
	bool writes;
	bool granted;
};

void rwlock_init(struct rwlock *l, const char *name, enum lock_rank rank)
{
	atomic_init(&l->state, 0);
	waitq_init(&l->waiters);
	lock_class_init(&l->class, name, rank);
}

/* Take it with @take, or stand in the queue until it is handed to us. */
static void lock_contended(struct rwlock *l, bool (*take)(struct rwlock *),
			   bool writes)
{
	struct rw_waiter w = {.waiter.exclusive = true, .writes = writes};
	unsigned long saved = spin_lock_irq(&l->waiters.lock);

	while (!take(l)) {
		uintptr_t old =
			atomic_load_explicit(&l->state, memory_order_relaxed);

		/* Free by now: try again.  (A waited-for one never is.) */
		if (!old)
			continue;
		if (!(old & RW_WAITED) &&
		    !atomic_compare_exchange_weak(&l->state, &old,
						  old | RW_WAITED))
			continue;
		waitq_enter_locked(&l->waiters, &w.waiter);
		do
			waitq_sleep_locked(&l->waiters);
		while (!w.granted);
		break;
	}
	spin_unlock_irq(&l->waiters.lock, saved);
}

void read_lock_contended(struct rwlock *l)
{
	lock_contended(l, read_take, false);
}

void write_lock_contended(struct rwlock *l)
{
	assert(!write_held(l));
	lock_contended(l, write_take, true);
}

/* The first in the queue, or NULL. */
static struct rw_waiter *first_waiter(struct rwlock *l)
{
	if (list_empty(&l->waiters.waiters))
		return NULL;
	return container_of(l->waiters.waiters.next, struct rw_waiter,
			    waiter.link);
}

static void grant(struct rw_waiter *w)
{
	w->granted = true;
	list_remove(&w->waiter.link);
	sched_wake(w->waiter.task);
}

void rwlock_hand_on(struct rwlock *l)
{
	unsigned long saved = spin_lock_irq(&l->waiters.lock);
	struct rw_waiter *w = first_waiter(l);
	uintptr_t state = 0;

	assert(w && (l->state == RW_WAITED || write_held(l)));
	if (w->writes) {
		state = (uintptr_t)w->waiter.task | RW_WRITER;
		grant(w);
	} else {
		for (; w && !w->writes; w = first_waiter(l)) {
			state += RW_READER;
			grant(w);
		}
	}
	if (first_waiter(l))
		state |= RW_WAITED;
	/* They run on only when they get the queue's lock: they see this. */
	atomic_store_explicit(&l->state, state, memory_order_release);
	spin_unlock_irq(&l->waiters.lock, saved);
}
