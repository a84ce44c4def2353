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

#include "arch/riscv/hart.h"
#include "kernel/sync/lockcheck.h"

struct task;

/* A task begins with its struct thread, at which tp points. */
static inline struct task *sched_current(void)
{
	return (struct task *)thread_current();
}

/* Announce that the caller is about to block. */
void sched_prepare(void);

/* Take the announcement back: the caller found it need not block. */
void sched_cancel(void);

/*
 * Give up the hart until sched_wake(); at once, if that has come since
 * sched_prepare().  What the waker wrote before it is seen after it.  A signal
 * wakes its target too, whatever that sleeps for.  Interrupts stay off if they
 * were; no spinlock is held.
 */
void sched_block(void);

/* The same, but return by itself at @deadline (time_now() units; UINT64_MAX:
 * never). */
void sched_block_until(uint64_t deadline);

/* Make a task that prepared or blocked runnable.  Any context.  False if it
 * was doing neither. */
bool sched_wake(struct task *task);

/* Let others run, if the time slice is used up: for long loops. */
void sched_point(void);

/* A signal, or a kill, is waiting for the caller; just a kill. */
bool sched_interrupted(void);
bool sched_killed(void);

/* What one hart did since boot: ns, and switches from task to task. */
struct hart_usage {
	uint64_t user, system, idle, switches;
};
struct hart_usage sched_hart_usage(unsigned hart);

/* Tasks that run or want to. */
unsigned sched_count_runnable(void);

#ifdef CONFIG_DEBUG
/* The locks that sleep which the running task holds (lockcheck.h). */
struct lock_stack *sched_lock_stack(void);
#endif

#endif
