/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_SYNC_WAITQ_H
#define KERNEL_SYNC_WAITQ_H

/*
 * waitq.h - tasks that wait for a condition which some spinlock protects.
 *
 *	spin_lock(&lock);
 *	while (!condition)
 *		waitq_wait(&queue, &lock);
 *	...
 *	spin_unlock(&lock);
 *
 * The lock is released while asleep and held again on return.  Whoever makes
 * the condition true does so under the same lock and then wakes.  The _irq
 * lock's saved state stays with the caller: where the lock is an interrupt
 * lock the caller took it with spin_lock_irq(), and waiting leaves interrupts
 * off on return as they were.
 */

#include "kernel/lib/list.h"
#include "kernel/sync/spinlock.h"

struct task;

struct waitq {
	struct spinlock lock;
	struct list waiters; /* of struct waiter, on their tasks' stacks */
};

/*
 * One place in a queue; poll(2) has several at once.  Guarded by the queue's
 * lock.  Start it as {0}: leaving a queue never entered does nothing.
 */
struct waiter {
	struct list link; /* in the queue, until woken */
	struct task *task;
	struct waitq *queue; /* NULL: in none */
	bool exclusive;      /* wake_one() stops at it: it takes the event */
	atomic_bool woken;
	/* Called instead of waking the task, with the queue's lock held: any
	 * context.  NULL: the task is woken. */
	void (*notify)(struct waiter *waiter);
};

#define WAITQ_INIT(queue) \
	{ \
		.lock = SPINLOCK_INIT("waitq", RANK_WAITQ), \
		.waiters = {&(queue).waiters, &(queue).waiters}, \
	}

void waitq_init(struct waitq *queue);
/* One whose waiters' notify() wakes others' queues has a lower rank. */
void waitq_init_ranked(struct waitq *queue, enum lock_rank rank);

/* Uninterruptible: for what ends soon by itself (disk, locks). */
void waitq_wait(struct waitq *queue, struct spinlock *lock);

/* 0 when woken; -ERESTARTSYS if a signal came. */
int waitq_wait_interruptible(struct waitq *queue, struct spinlock *lock);

/* The same with a deadline (time_now() units; UINT64_MAX: none):
 * -ETIMEDOUT when it has passed. */
int waitq_wait_until(struct waitq *queue, struct spinlock *lock,
		     uint64_t deadline);

/* waitq_wake_one() and _all() for a queue that isn't empty. */
unsigned waitq_wake(struct waitq *queue, bool all);

/* Looking without the queue's lock is enough: a sleeper enters the queue
 * under the condition's lock, which the waker has just held. */
static inline bool waitq_empty(const struct waitq *queue)
{
	return __atomic_load_n(&queue->waiters.next, __ATOMIC_RELAXED) ==
	       &queue->waiters;
}

/* Wake the longest waiting one (and all who only poll), or all.  Any context.
 * Returns how many. */
static inline unsigned waitq_wake_one(struct waitq *queue)
{
	return waitq_empty(queue) ? 0 : waitq_wake(queue, false);
}

static inline unsigned waitq_wake_all(struct waitq *queue)
{
	return waitq_empty(queue) ? 0 : waitq_wake(queue, true);
}

/*
 * For poll: stand in a queue without sleeping yet, and leave it (woken or
 * not).  The order is: sched_prepare(), enter, look at the condition under
 * its lock, block or sched_cancel(), leave.
 */
void waitq_enter(struct waitq *queue, struct waiter *waiter);
void waitq_leave(struct waiter *waiter);

/*
 * For the locks that sleep, which hold the queue's own lock (spin_lock_irq())
 * over their decisions: enter, and then sleep without it until anybody wakes
 * us, for whatever reason.
 */
void waitq_enter_locked(struct waitq *queue, struct waiter *waiter);
void waitq_sleep_locked(struct waitq *queue);
unsigned waitq_wake_locked(struct waitq *queue, bool all);

#endif
