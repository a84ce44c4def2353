/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_TASK_TIMERFD_H
#define KERNEL_TASK_TIMERFD_H

/* timerfd.h - a timer whose expirations are read from a file. */

#include "fs/file.h"

/* One that is not set, by CLOCK_REALTIME or (CLOCK_MONOTONIC and others) by
 * the time since power-on.  0 or -ENOMEM. */
int timerfd_new(int clock, unsigned flags, struct file **out);

/* Nanoseconds: until it expires (0: not set), and from then on (0: once). */
struct timer_setting {
	uint64_t left, interval;
};

/* Both: -EINVAL if @f is no timerfd.  With @absolute new->left is a time of
 * its clock.  *old is how it was. */
int timerfd_set(struct file *f, bool absolute, const struct timer_setting *new,
		struct timer_setting *old);
int timerfd_get(struct file *f, struct timer_setting *out);

#endif
