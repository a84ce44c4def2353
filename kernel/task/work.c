// SPDX-License-Identifier: MIT
/*
 * work.c - a queue of small jobs, and the thread that does them.
 *
 * Sending a signal takes the locks of the process tree, which no interrupt
 * handler may take.  ^C on the console, or the alarm of setitimer(2), posts
 * work instead.
 *
 * Locks: the queue's, taken with interrupts off.  A job runs with none.
 */

#include "kernel/task/work.h"

#include "kernel/lib/assert.h"
#include "kernel/sync/waitq.h"
#include "kernel/task/task.h"

static struct spinlock lock = SPINLOCK_INIT("work", RANK_WORK);
static struct list jobs = {&jobs, &jobs};
static struct work *running;
static struct waitq posted_work = WAITQ_INIT(posted_work);
static struct waitq finished_work = WAITQ_INIT(finished_work);

void work_post(struct work *work)
{
	unsigned long irq = spin_lock_irq(&lock);

	if (!work->posted) {
		work->posted = true;
		list_add_tail(&jobs, &work->link);
		waitq_wake_one(&posted_work);
	}
	spin_unlock_irq(&lock, irq);
}

void work_cancel(struct work *work)
{
	unsigned long irq = spin_lock_irq(&lock);

	if (work->posted) {
		work->posted = false;
		list_remove(&work->link);
	}
	while (running == work)
		waitq_wait(&finished_work, &lock);
	spin_unlock_irq(&lock, irq);
}

static void work_thread(void *unused)
{
	unsigned long irq = spin_lock_irq(&lock);

	for (;;) {
		struct list *link = list_pop(&jobs);

		if (!link) {
			waitq_wait(&posted_work, &lock);
			continue;
		}
		running = list_entry(link, struct work, link);
		running->posted = false;
		spin_unlock_irq(&lock, irq);
		running->run(running);
		irq = spin_lock_irq(&lock);
		running = NULL;
		waitq_wake_all(&finished_work);
	}
}

void work_init(void)
{
	if (task_start_kernel("work", work_thread, NULL))
		panic("no memory for the first kernel thread");
}
