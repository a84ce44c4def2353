// SPDX-License-Identifier: MIT
/*
 * event.c - epoll, and the files that are made to be waited for: eventfd,
 * signalfd, timerfd.
 *
 * Tests: usertests.
 */
#include <linux/signalfd.h>
#include <linux/time.h>
#include <linux/timerfd.h>

#include "arch/riscv/time.h"
#include "arch/riscv/usercopy.h"
#include "fs/eventpoll.h"
#include "kernel/syscall/calls.h"
#include "kernel/syscall/path_args.h"
#include "kernel/syscall/usage.h"
#include "kernel/task/clock.h"
#include "kernel/task/signal.h"
#include "kernel/task/signalfd.h"
#include "kernel/task/timerfd.h"

/* --- epoll --- */

SYSCALL(epoll_create1)
{
	unsigned flags = arg[0];
	struct file *f;

	if (flags & ~EPOLL_CLOEXEC)
		return -EINVAL;

	int err = eventpoll_new(&f);

	return err ? err : caller_install(f, flags & O_CLOEXEC);
}

/* epoll_ctl(ep, op, fd, event) */
static long control(struct file *ep, const uint64_t *arg)
{
	struct epoll_event event = {0};
	struct file *f;
	long err;

	if (arg[1] != EPOLL_CTL_DEL && user_read(&event, arg[3], sizeof(event)))
		return -EFAULT;
	err = fdtable_get(caller_files(), arg[2], &f);
	if (err)
		return err;
	err = eventpoll_control(ep, arg[1], f, arg[2], &event);
	file_put(f);
	return err;
}

SYSCALL(epoll_ctl)
{
	return with_file(arg[0], control, arg);
}

/* @arg: of epoll_pwait, but that [3] is the deadline. */
static long wait(struct file *ep, const uint64_t *arg)
{
	return eventpoll_wait(ep, arg[1], arg[2], arg[3]);
}

static long wait_masked(const uint64_t *arg, uint64_t deadline)
{
	const uint64_t waiting[] = {arg[0], arg[1], arg[2], deadline};
	int max = arg[2];
	long n = mask_from_user(arg[4], arg[5]);

	if (n)
		return n;
	if (max <= 0 || max > INT32_MAX / (int)sizeof(struct epoll_event))
		n = -EINVAL;
	else
		n = with_file(arg[0], wait, waiting);
	if (n != -EINTR)
		signal_mask_restore();
	return n;
}

SYSCALL(epoll_pwait)
{
	int milliseconds = arg[3];
	uint64_t deadline = 0;

	if (milliseconds < 0)
		deadline = UINT64_MAX;
	else if (milliseconds > 0)
		deadline = time_now() + milliseconds * (NSEC_PER_SEC / 1000ul);
	return wait_masked(arg, deadline);
}

SYSCALL(epoll_pwait2)
{
	uint64_t deadline;
	int err = deadline_from_user(arg[3], &deadline);

	return err ? err : wait_masked(arg, deadline);
}

/* --- eventfd, signalfd --- */

SYSCALL(eventfd2)
{
	unsigned flags = arg[1];
	struct file *f;

	if (flags & ~(EFD_SEMAPHORE | EFD_CLOEXEC | EFD_NONBLOCK))
		return -EINVAL;

	int err = eventfd_new((unsigned)arg[0], flags, &f);

	return err ? err : caller_install(f, flags & O_CLOEXEC);
}

/* @arg: the descriptor, which is the answer, too, and the set. */
static long change_set(struct file *f, const uint64_t *arg)
{
	int err = signalfd_set(f, arg[1]);

	return err ? err : (int)arg[0];
}

SYSCALL(signalfd4)
{
	unsigned flags = arg[3];
	struct file *f;
	sigset_t set;

	if (arg[2] != sizeof(set) || (flags & ~(SFD_CLOEXEC | SFD_NONBLOCK)))
		return -EINVAL;
	if (user_read(&set, arg[1], sizeof(set)))
		return -EFAULT;
	set.sig[0] &= ~SIGNALS_UNBLOCKABLE;

	const uint64_t change[] = {arg[0], set.sig[0]};

	if ((int)arg[0] != -1)
		return with_file(arg[0], change_set, change);

	int err = signalfd_new(set.sig[0], flags & SFD_NONBLOCK, &f);

	return err ? err : caller_install(f, flags & O_CLOEXEC);
}

/* --- timerfd --- */

SYSCALL(timerfd_create)
{
	int clock = arg[0];
	unsigned flags = arg[1];
	struct file *f;

	if (flags & ~(TFD_CLOEXEC | TFD_NONBLOCK))
		return -EINVAL;
	if (clock != CLOCK_MONOTONIC && clock != CLOCK_REALTIME &&
	    clock != CLOCK_BOOTTIME && clock != CLOCK_REALTIME_ALARM &&
	    clock != CLOCK_BOOTTIME_ALARM)
		return -EINVAL;
	if (clock == CLOCK_REALTIME_ALARM)
		clock = CLOCK_REALTIME; /* we never suspend */

	int err = timerfd_new(clock, flags & TFD_NONBLOCK, &f);

	return err ? err : caller_install(f, flags & O_CLOEXEC);
}

static int setting_put(vaddr_t to, const struct timer_setting *s)
{
	struct __kernel_itimerspec out = {
		.it_interval = timespec_from_ns(s->interval),
		.it_value = timespec_from_ns(s->left),
	};

	return user_write(to, &out, sizeof(out));
}

static int setting_get(vaddr_t from, struct timer_setting *s)
{
	int err = ns_from_user_timespec(
		from + offsetof(struct __kernel_itimerspec, it_value),
		&s->left);

	return err ? err
		   : ns_from_user_timespec(
			     from + offsetof(struct __kernel_itimerspec,
					     it_interval),
			     &s->interval);
}

/* timerfd_settime(fd, flags, new, old) */
static long set_time(struct file *f, const uint64_t *arg)
{
	struct timer_setting new, old;
	int err = setting_get(arg[2], &new);

	if (!err && (arg[1] & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)))
		err = -EINVAL;
	if (!err)
		err = timerfd_set(f, arg[1] & TFD_TIMER_ABSTIME, &new, &old);
	if (!err && arg[3])
		err = setting_put(arg[3], &old);
	return err;
}

SYSCALL(timerfd_settime)
{
	return with_file(arg[0], set_time, arg);
}

static long get_time(struct file *f, const uint64_t *arg)
{
	struct timer_setting now;
	int err = timerfd_get(f, &now);

	return err ? err : setting_put(arg[1], &now);
}

SYSCALL(timerfd_gettime)
{
	return with_file(arg[0], get_time, arg);
}
