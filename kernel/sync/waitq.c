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
 * Locks: queue->lock (RANK_WAITQ), taken in interrupts.
 * Tests: tests/host/sync_test.c.  Book: chapter 11.
 */

#include "arch/riscv/time.h"
#include "kernel/lib/errno.h"
#include "kernel/sync/sched.h"
#include "kernel/sync/waitq.h"

void waitq_init_ranked(struct waitq *queue, enum lock_rank rank)
{
	spin_init(&queue->lock, "waitq", rank);
	list_init(&queue->waiters);
}

void waitq_init(struct waitq *queue)
{
	waitq_init_ranked(queue, RANK_WAITQ);
}

/* Pollers in front, so that wake_one() gets past them to one that takes the
 * event; among the takers the first comes first. */
void waitq_enter_locked(struct waitq *queue, struct waiter *waiter)
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

	waitq_enter_locked(queue, waiter);
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

unsigned waitq_wake_locked(struct waitq *queue, bool all)
{
	unsigned n = 0;

	while (!list_empty(&queue->waiters)) {
		struct waiter *waiter =
			list_entry(queue->waiters.next, struct waiter, link);

		list_remove(&waiter->link);
		waiter->woken = true;
		/* Under the queue's lock: the task can't be gone yet. */
		if (waiter->notify)
			waiter->notify(waiter);
		else
			sched_wake(waiter->task);
		n++;
		if (waiter->exclusive && !all)
			break;
	}
	return n;
}

unsigned waitq_wake(struct waitq *queue, bool all)
{
	unsigned long saved = spin_lock_irq(&queue->lock);
	unsigned n = waitq_wake_locked(queue, all);

	spin_unlock_irq(&queue->lock, saved);
	return n;
}

void waitq_sleep_locked(struct waitq *queue)
{
	sched_prepare();
	spin_unlock(&queue->lock);
	sched_block();
	spin_lock(&queue->lock);
}

static int wait(struct waitq *queue, struct spinlock *lock, bool interruptible,
		uint64_t deadline)
{
	struct waiter waiter = {.exclusive = true};
	int err = 0;

	sched_prepare();
	waitq_enter(queue, &waiter);
	spin_unlock(lock);
	lockcheck_may_sleep();
	/* Prepared, here: what comes after we have looked ends the block. */
	while (!waiter.woken && !err) {
		if (interruptible && sched_interrupted()) {
			err = -ERESTARTSYS;
		} else if (deadline != UINT64_MAX && time_now() >= deadline) {
			err = -ETIMEDOUT;
		} else {
			sched_block_until(deadline);
			sched_prepare();
		}
	}
	sched_cancel();
	if (leave(&waiter))
		err = 0;
	spin_lock(lock);
	return err;
}

void waitq_wait(struct waitq *queue, struct spinlock *lock)
{
	wait(queue, lock, false, UINT64_MAX);
}

int waitq_wait_interruptible(struct waitq *queue, struct spinlock *lock)
{
	return wait(queue, lock, true, UINT64_MAX);
}

int waitq_wait_until(struct waitq *queue, struct spinlock *lock,
		     uint64_t deadline)
{
	return wait(queue, lock, true, deadline);
}
