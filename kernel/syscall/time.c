// SPDX-License-Identifier: MIT
/*
 * time.c - reading clocks, sleeping, and the interval timer.
 *
 * There is one clock, time_now(), in nanoseconds since power-on.  The real time
 * is that plus a constant, from the machine's clock at boot; it can't be set.
 * CPU-time clocks count what the scheduler has charged.
 */

#include <asm/unistd.h>
#include <linux/time.h>

#include "arch/riscv/time.h"
#include "arch/riscv/usercopy.h"
#include "kernel/sync/sched.h"
#include "kernel/syscall/calls.h"
#include "kernel/syscall/usage.h"
#include "kernel/task/sched.h"
#include "kernel/task/signal.h"

enum { CLOCK_TICK = NSEC_PER_SEC / 100 }; /* AT_CLKTCK */

struct __kernel_timespec timespec_from_ns(uint64_t ns)
{
	return (struct __kernel_timespec){ns / NSEC_PER_SEC, ns % NSEC_PER_SEC};
}

struct __kernel_old_timeval timeval_from_ns(uint64_t ns)
{
	return (struct __kernel_old_timeval){ns / NSEC_PER_SEC,
					     ns % NSEC_PER_SEC / NSEC_PER_USEC};
}

/* As many whole seconds and parts as fit: more is for ever. */
static uint64_t ns_from_seconds(uint64_t seconds, uint64_t ns)
{
	return seconds >= INT64_MAX / NSEC_PER_SEC
		       ? INT64_MAX
		       : seconds * NSEC_PER_SEC + ns;
}

int ns_from_user_timespec(vaddr_t from, uint64_t *ns)
{
	struct __kernel_timespec in;

	if (user_read(&in, from, sizeof(in)))
		return -EFAULT;
	if (in.tv_sec < 0 || in.tv_nsec < 0 || in.tv_nsec >= NSEC_PER_SEC)
		return -EINVAL;
	*ns = ns_from_seconds(in.tv_sec, in.tv_nsec);
	return 0;
}

int deadline_from_user(vaddr_t from, uint64_t *deadline)
{
	uint64_t ns;
	int err = from ? ns_from_user_timespec(from, &ns) : 0;

	*deadline = from && !err ? time_now() + ns : UINT64_MAX;
	return err;
}

static int write_timespec(vaddr_t to, uint64_t ns)
{
	struct __kernel_timespec out = timespec_from_ns(ns);

	return user_write(to, &out, sizeof(out));
}

/* --- clocks --- */

static uint64_t process_cpu_time(void)
{
	struct process_usage used;

	spin_lock(&process_tree_lock);
	process_usage(task_current()->process, &used);
	spin_unlock(&process_tree_lock);
	return used.user_time + used.system_time;
}

static int read_clock(int clock, uint64_t *ns)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_TAI:
		*ns = clock_realtime();
		return 0;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
		*ns = time_now();
		return 0;
	case CLOCK_PROCESS_CPUTIME_ID:
		*ns = process_cpu_time();
		return 0;
	case CLOCK_THREAD_CPUTIME_ID:
		*ns = sched_runtime(task_current());
		return 0;
	default:
		return -EINVAL;
	}
}

SYSCALL(clock_gettime)
{
	uint64_t ns;
	int err = read_clock(arg[0], &ns);

	return err ? err : write_timespec(arg[1], ns);
}

SYSCALL(clock_getres)
{
	uint64_t ns;
	int err = read_clock(arg[0], &ns);

	return err || !arg[1] ? err : write_timespec(arg[1], 1);
}

SYSCALL(gettimeofday)
{
	struct __kernel_old_timeval now = timeval_from_ns(clock_realtime());
	struct timezone utc = {0};

	if (user_write_wanted(arg[0], &now, sizeof(now)))
		return -EFAULT;
	return user_write_wanted(arg[1], &utc, sizeof(utc));
}

/* clock_settime, settimeofday: the clock is the machine's */
SYSCALL(set_time)
{
	return -EPERM;
}

SYSCALL(times)
{
	struct process *p = task_current()->process;
	struct process_usage used, children;
	long ticks[4];

	spin_lock(&process_tree_lock);
	process_usage(p, &used);
	children = p->children_used;
	spin_unlock(&process_tree_lock);
	ticks[0] = used.user_time / CLOCK_TICK;
	ticks[1] = used.system_time / CLOCK_TICK;
	ticks[2] = children.user_time / CLOCK_TICK;
	ticks[3] = children.system_time / CLOCK_TICK;
	if (user_write_wanted(arg[0], ticks, sizeof(ticks)))
		return -EFAULT;
	return time_now() / CLOCK_TICK;
}

/* --- sleeping --- */

/* True when @deadline has come, false if there is a signal first. */
static bool sleep_until(uint64_t deadline)
{
	while (time_now() < deadline) {
		sched_prepare();
		if (sched_interrupted()) {
			sched_cancel();
			return false;
		}
		sched_block_until(deadline);
	}
	return true;
}

/* A sleep that goes on after a signal without a handler, until the same
 * moment; what is left is told to the program if there was one. */
static long sleep_relative(const struct restart *restart)
{
	uint64_t now;

	if (sleep_until(restart->deadline))
		return 0;
	now = time_now();
	if (restart->remaining &&
	    write_timespec(restart->remaining,
			   restart->deadline - min_u64(now, restart->deadline)))
		return -EFAULT;
	task_current()->restart = *restart;
	return -ERESTART_RESTARTBLOCK;
}

SYSCALL(nanosleep)
{
	struct restart restart = {sleep_relative, .remaining = arg[1]};
	int err = deadline_from_user(arg[0], &restart.deadline);

	return err ? err : sleep_relative(&restart);
}

SYSCALL(clock_nanosleep)
{
	struct restart restart = {sleep_relative, .remaining = arg[3]};
	int clock = arg[0];
	uint64_t ns;
	int err;

	if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC &&
	    clock != CLOCK_BOOTTIME && clock != CLOCK_TAI)
		return clock == CLOCK_PROCESS_CPUTIME_ID ? -EOPNOTSUPP
							 : -EINVAL;
	err = ns_from_user_timespec(arg[2], &ns);
	if (err)
		return err;
	if (!(arg[1] & TIMER_ABSTIME)) {
		restart.deadline = time_now() + ns;
		return sleep_relative(&restart);
	}
	if (clock == CLOCK_REALTIME || clock == CLOCK_TAI)
		ns -= min_u64(ns, clock_realtime() - time_now());
	return sleep_until(ns) ? 0 : -ERESTARTNOHAND;
}

SYSCALL(restart_syscall)
{
	struct restart restart = task_current()->restart;

	/* Only the kernel calls this; by itself it finds nothing to do. */
	if (!restart.again)
		return -EINTR;
	task_current()->restart.again = NULL;
	return restart.again(&restart);
}

/* --- the interval timer --- */

static int write_itimer(vaddr_t to)
{
	uint64_t left, interval;
	struct __kernel_old_timeval out[2];

	itimer_get(task_current()->process, &left, &interval);
	out[0] = timeval_from_ns(interval);
	out[1] = timeval_from_ns(left);
	return user_write(to, out, sizeof(out));
}

SYSCALL(getitimer)
{
	return arg[0] == ITIMER_REAL ? write_itimer(arg[1]) : -EINVAL;
}

static bool valid_timeval(const struct __kernel_old_timeval *time)
{
	return time->tv_sec >= 0 && time->tv_usec >= 0 &&
	       time->tv_usec < NSEC_PER_SEC / NSEC_PER_USEC;
}

static uint64_t ns_from_timeval(const struct __kernel_old_timeval *time)
{
	return ns_from_seconds(time->tv_sec, time->tv_usec * NSEC_PER_USEC);
}

SYSCALL(setitimer)
{
	struct __kernel_old_timeval in[2] = {0};

	if (arg[0] != ITIMER_REAL)
		return -EINVAL;
	if (arg[1] && user_read(in, arg[1], sizeof(in)))
		return -EFAULT;
	if (!valid_timeval(&in[0]) || !valid_timeval(&in[1]))
		return -EINVAL;
	if (arg[2] && write_itimer(arg[2]))
		return -EFAULT;
	itimer_set(task_current()->process, ns_from_timeval(&in[1]),
		   ns_from_timeval(&in[0]));
	return 0;
}
