/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_TASK_SCHED_H
#define KERNEL_TASK_SCHED_H

/*
 * sched.h - the scheduler as kernel/task/ uses it; the interface for everyone
 * else is kernel/sync/sched.h.
 */

#include "kernel/sync/sched.h"
#include "kernel/task/task.h"

/* A new task calls this first, with interrupts off as a switch leaves them:
 * it ends the switch and turns them on. */
void sched_enter(void);

/* Let a new task run, now that all else about it is ready. */
void sched_start_task(struct task *task);

/* To the back of the queue. */
void sched_yield(void);

/*
 * Make sure that @task looks at its pending bits soon: wake it, or, where it
 * may be in user mode on another hart, interrupt that.
 */
void sched_kick(struct task *task);

/* The last switch of the calling task; it holds nothing any more. */
_Noreturn void sched_exit(void);

/* Keep @task to these harts.  -EINVAL if none of them exists. */
int sched_set_affinity(struct task *task, uint64_t mask);

/* How long a task has run until now, in ns. */
uint64_t sched_runtime(struct task *task);

/* The idle task of each hart; before sched_start(). */
void sched_init_hart(unsigned hart, struct task *idle);

#endif
