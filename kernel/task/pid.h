/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_TASK_PID_H
#define KERNEL_TASK_PID_H

/*
 * pid.h - the numbers of tasks, processes, groups and sessions.
 *
 * One number may stand for several of these at once (a shell's pid is also
 * its group and its session), and must not be given out again while any of
 * them lives: hence a counted object for each number in use.
 *
 * All functions: the caller holds process_tree_lock.
 */

#include "kernel/lib/list.h"

enum { PID_MAX = 32768 };

struct pid {
	int number;
	unsigned refs;
	struct task *task;       /* with this tid, or NULL */
	struct process *process; /* with this pid, zombies too, or NULL */
	struct list group;       /* processes of this group, by group_link */
};

/* A free number, refs 1.  NULL: all are in use, or there is no memory. */
struct pid *pid_alloc(void);
struct pid *pid_hold(struct pid *pid);
void pid_put(struct pid *pid);

/* The object for a number, not counted; NULL if it isn't in use. */
struct pid *pid_find(int number);

/* The smallest number in use that is >= @number, or NULL. */
struct pid *pid_next(int number);

/* The number given out last. */
int pid_last(void);

#endif
