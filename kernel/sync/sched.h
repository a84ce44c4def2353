/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_SYNC_SCHED_H
#define KERNEL_SYNC_SCHED_H

/*
 * sched.h - what locks need from the scheduler; kernel/task/sched.c fills it
 * in (and a host test can, too).
 *
 * To sleep: publish yourself where a waker will find you, with
 * sched_prepare(); release the lock that protects that place; sched_block().
 * A wake between the two makes sched_block() return at once.
 */

#include "kernel/lib/types.h"

struct task;

struct task *sched_current(void);

/* Announce that the caller is about to block. */
void sched_prepare(void);

/* Take the announcement back: the caller found it need not block. */
void sched_cancel(void);

/* Give up the hart until sched_wake().  Spurious returns don't happen. */
void sched_block(void);

/* The same, but return by itself at @deadline (time_now() units). */
void sched_block_until(uint64_t deadline);

/* Make a task that prepared or blocked runnable.  Any context.  False if it
 * was doing neither. */
bool sched_wake(struct task *task);

/* Let others run, if the time slice is used up: for long loops. */
void sched_point(void);

/* A signal, or a kill, is waiting for the caller. */
bool sched_interrupted(void);

#endif
