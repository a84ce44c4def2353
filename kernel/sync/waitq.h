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

struct waitq {
	struct spinlock lock;
	struct list waiters; /* of struct waiter, on their tasks' stacks */
};

/* One place in a queue; poll(2) has several at once. */
struct waiter {
	struct list link;
	struct task *task;
	struct waitq *queue;
	bool woken;
};

void waitq_init(struct waitq *queue);

/* Uninterruptible: for what ends soon by itself (disk, locks). */
void waitq_wait(struct waitq *queue, struct spinlock *lock);

/* 0 when woken; -ERESTARTSYS if a signal came. */
int waitq_wait_interruptible(struct waitq *queue, struct spinlock *lock);

/* The same with a deadline (time_now() units; UINT64_MAX: none):
 * -ETIMEDOUT when it has passed. */
int waitq_wait_until(struct waitq *queue, struct spinlock *lock,
		     uint64_t deadline);

/* Wake the longest waiting one, or all.  Any context.  Returns how many. */
unsigned waitq_wake_one(struct waitq *queue);
unsigned waitq_wake_all(struct waitq *queue);

/* For poll: stand in a queue without sleeping yet, and leave it. */
void waitq_enter(struct waitq *queue, struct waiter *waiter);
void waitq_leave(struct waiter *waiter);

#endif
