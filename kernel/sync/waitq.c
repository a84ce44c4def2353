// SPDX-License-Identifier: MIT
/*
 * waitq.c - going to sleep without missing the wake-up.
 *
 * The old trouble: a task looks, finds nothing to do, and goes to sleep; the
 * event comes between the look and the sleep, wakes nobody, and is lost.  Here
 * a sleeper first announces itself (sched_prepare), then stands in the queue,
 * and only then lets go of the lock that guards the condition:
 *
 *      sleeper                          waker
 *      lock; condition false
 *      prepare; enter queue
 *      unlock                           lock; make it true
 *      block  <--- returns at once ---  wake: takes us off the queue
 *      leave queue; lock; look again    unlock
 *
 * A waiter lies on its task's stack, so it must be out of the queue, and out
 * of every waker's hands, before the function returns: wakers touch it only
 * with the queue's lock held, and the sleeper takes that lock at the end,
 * always.
 *
 * A signal wakes its target whatever that waits for, so to be running again
 * proves nothing; waiter->woken does.  A waiter that was woken reports just
 * that, even if a signal or the deadline came as well: its wake-up may have
 * been the only one.
 *
 * Locks: queue->lock (RANK_WAITQ), taken in interrupts.  Book: chapter 8.
 * Tests: tests/host/sync_test.c.
 */

#include "arch/riscv/time.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/sync/sched.h"
#include "kernel/sync/waitq.h"

void waitq_init(struct waitq *queue)
{
	spin_init(&queue->lock, "waitq", RANK_WAITQ);
	list_init(&queue->waiters);
}

/* Pollers in front, so that wake_one() gets past them to one that takes the
 * event; among the takers the first comes first. */
static void enter_locked(struct waitq *queue, struct waiter *waiter)
{
	waiter->task = sched_current();
	waiter->queue = queue;
	waiter->woken = false;
	if (waiter->exclusive)
		list_add_tail(&queue->waiters, &waiter->link);
	else
		list_add(&queue->waiters, &waiter->link);
}

void waitq_enter(struct waitq *queue, struct waiter *waiter)
{
	unsigned long saved = spin_lock_irq(&queue->lock);

	enter_locked(queue, waiter);
	spin_unlock_irq(&queue->lock, saved);
}

/* True if it was woken. */
static bool leave(struct waiter *waiter)
{
	struct waitq *queue = waiter->queue;
	unsigned long saved = spin_lock_irq(&queue->lock);

	/* Does nothing where a waker has taken it off. */
	list_remove(&waiter->link);
	spin_unlock_irq(&queue->lock, saved);
	waiter->queue = NULL;
	return waiter->woken;
}

void waitq_leave(struct waiter *waiter)
{
	if (waiter->queue)
		leave(waiter);
}

void waitq_grant_locked(struct waiter *waiter)
{
	list_remove(&waiter->link);
	atomic_store_explicit(&waiter->woken, true, memory_order_release);
	/* Under the queue's lock: the task can't be gone yet. */
	sched_wake(waiter->task);
}

unsigned waitq_wake(struct waitq *queue, bool all)
{
	unsigned long saved = spin_lock_irq(&queue->lock);
	unsigned n = 0;

	while (!list_empty(&queue->waiters)) {
		struct waiter *waiter =
			list_entry(queue->waiters.next, struct waiter, link);

		waitq_grant_locked(waiter);
		n++;
		if (waiter->exclusive && !all)
			break;
	}
	spin_unlock_irq(&queue->lock, saved);
	return n;
}

static bool woken(const struct waiter *waiter)
{
	return atomic_load_explicit(&waiter->woken, memory_order_acquire);
}

/* Block until woken.  We have prepared and entered; a signal's wake-up is not
 * the one we wait for. */
static void block_until_woken(const struct waiter *waiter)
{
	lockcheck_may_sleep();
	for (;;) {
		sched_block();
		if (woken(waiter))
			return;
		sched_prepare();
		if (woken(waiter))
			break;
	}
	sched_cancel();
}

void waitq_sleep_locked(struct waitq *queue, struct waiter *waiter)
{
	sched_prepare();
	enter_locked(queue, waiter);
	spin_unlock(&queue->lock);
	block_until_woken(waiter);
	/* Wait until the waker has done with us. */
	spin_lock(&queue->lock);
}

void waitq_wait(struct waitq *queue, struct spinlock *lock)
{
	struct waiter waiter = {.exclusive = true};

	sched_prepare();
	waitq_enter(queue, &waiter);
	spin_unlock(lock);
	block_until_woken(&waiter);
	leave(&waiter);
	spin_lock(lock);
}

/* The reason to stop waiting that is there without being woken, or 0. */
static int reason_to_stop(uint64_t deadline)
{
	if (sched_interrupted())
		return -ERESTARTSYS;
	if (deadline != UINT64_MAX && time_now() >= deadline)
		return -ETIMEDOUT;
	return 0;
}

int waitq_wait_until(struct waitq *queue, struct spinlock *lock,
		     uint64_t deadline)
{
	struct waiter waiter = {.exclusive = true};
	int err;

	sched_prepare();
	waitq_enter(queue, &waiter);
	spin_unlock(lock);
	lockcheck_may_sleep();
	for (;;) {
		/* Prepared here: what comes after the look ends the block. */
		err = reason_to_stop(deadline);
		if (err || woken(&waiter)) {
			sched_cancel();
			break;
		}
		if (deadline == UINT64_MAX)
			sched_block();
		else
			sched_block_until(deadline);
		if (woken(&waiter))
			break;
		sched_prepare();
	}
	if (leave(&waiter))
		err = 0;
	spin_lock(lock);
	return err;
}

int waitq_wait_interruptible(struct waitq *queue, struct spinlock *lock)
{
	return waitq_wait_until(queue, lock, UINT64_MAX);
}
