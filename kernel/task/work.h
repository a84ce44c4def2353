/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_TASK_WORK_H
#define KERNEL_TASK_WORK_H

/*
 * work.h - what an interrupt handler may not do itself, done soon after by a
 * kernel thread (work.c).
 */

#include "kernel/lib/list.h"

struct work {
	struct list link;
	bool posted;
	void (*run)(struct work *work);
};

/* Have work->run() called once; nothing if it is posted and did not run yet.
 * Any context. */
void work_post(struct work *work);

/* Make sure that it isn't posted and doesn't run.  May sleep. */
void work_cancel(struct work *work);

/* Start the thread. */
void work_init(void);

#endif
