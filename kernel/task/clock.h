/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_TASK_CLOCK_H
#define KERNEL_TASK_CLOCK_H

/*
 * clock.h - alarms: functions to be called at a time (clock.c).
 */

#include "kernel/lib/tree.h"

enum {
	TICK = 4000000, /* ns between ticks of a busy hart */
	NSEC_PER_USEC = 1000,
	NSEC_PER_SEC = 1000000000,
};

/* Field locks: (k) its clock's lock. */
struct alarm {
	struct tree_node node;             /* (k) */
	uint64_t deadline;                 /* (k) */
	void (*ring)(struct alarm *alarm); /* constant while set */
	struct clock *_Atomic clock;       /* (k) whose tree; NULL: not set */
};

/*
 * Call alarm->ring() once at @deadline (time_now() units), in an interrupt on
 * this hart, with no lock held.  The alarm is not set now, and stays where it
 * is until alarm_cancel().
 */
void alarm_set(struct alarm *alarm, uint64_t deadline);

/*
 * Take it back; waits while ring() is running on another hart.  When this
 * returns the alarm is not set.  False: it had rung, or was never set.
 */
bool alarm_cancel(struct alarm *alarm);

void clock_init(void);

/* This hart is about to run a task after idling: it needs ticks. */
void clock_need_tick(uint64_t now);

/* --- sched.c provides: one tick; false if this hart is idle. --- */
bool sched_tick(uint64_t now, bool from_user);

/* Nanoseconds since 1970 (CLOCK_REALTIME). */
uint64_t clock_realtime(void);

#endif
