// SPDX-License-Identifier: MIT
/*
 * timerfd.c - a timer with a descriptor: read(2) waits until it has expired,
 * and tells how often.
 *
 * The alarm only wakes who waits.  How often the timer has expired follows
 * from the time, the deadline and the interval, whenever somebody asks; only
 * when it was told is the next alarm set.
 *
 * Locks: t->lock.  alarm_cancel() may be called under it: ring() takes none.
 * Tests: usertests.
 */
#include "kernel/task/timerfd.h"

#include <linux/time.h>

#include "arch/riscv/time.h"
#include "fs/pseudo.h"
#include "kernel/lib/errno.h"
#include "kernel/task/clock.h"
#include "mm/slab.h"

struct timerfd {
	struct spinlock lock;
	int clock;
	uint64_t deadline; /* under lock, as time_now(); 0: not set */
	uint64_t interval; /* under lock; 0: expires once */
	struct alarm alarm;
	struct waitq readers;
};

static void ring(struct alarm *alarm)
{
	waitq_wake_all(&container_of(alarm, struct timerfd, alarm)->readers);
}

/* How often it has expired since that was told. */
static uint64_t expired(const struct timerfd *t, uint64_t now)
{
	if (!t->deadline || now < t->deadline)
		return 0;
	return t->interval ? 1 + (now - t->deadline) / t->interval : 1;
}

static void start(struct timerfd *t, uint64_t deadline)
{
	alarm_cancel(&t->alarm);
	t->deadline = deadline;
	if (deadline)
		alarm_set(&t->alarm, deadline);
}

static ssize_t timerfd_read(struct file *f, struct uio *uio, uint64_t *offset)
{
	struct timerfd *t = f->private;
	uint64_t n;
	int err = 0;

	if (uio->left < sizeof(n))
		return -EINVAL;
	spin_lock(&t->lock);
	while (!(n = expired(t, time_now())) && !err)
		err = f->flags & O_NONBLOCK
			      ? -EAGAIN
			      : waitq_wait_interruptible(&t->readers, &t->lock);
	if (n)
		start(t, t->interval ? t->deadline + n * t->interval : 0);
	spin_unlock(&t->lock);
	if (!n)
		return err;
	return uio_copy_to(uio, &n, sizeof(n)) == sizeof(n) ? (ssize_t)sizeof(n)
							    : -EFAULT;
}

static unsigned timerfd_poll(struct file *f, struct waiter *waiter)
{
	struct timerfd *t = f->private;

	spin_lock(&t->lock);
	if (waiter)
		waitq_enter(&t->readers, &waiter[0]);

	uint64_t n = expired(t, time_now());

	spin_unlock(&t->lock);
	return n ? POLLIN : 0;
}

static void timerfd_release(struct file *f)
{
	struct timerfd *t = f->private;

	alarm_cancel(&t->alarm);
	kfree(t);
}

static const struct file_ops timerfd_ops = {
	.stream = true,
	.kind = "anon_inode:[timerfd]",
	.read = timerfd_read,
	.poll = timerfd_poll,
	.release = timerfd_release,
};

int timerfd_new(int clock, unsigned flags, struct file **out)
{
	struct timerfd *t = kmalloc_zeroed(sizeof(*t));
	int err = t ? 0 : -ENOMEM;

	if (!err) {
		spin_init(&t->lock, "timerfd", RANK_CACHE);
		waitq_init(&t->readers);
		t->clock = clock;
		t->alarm.ring = ring;
		err = pseudo_file_new(&timerfd_ops, t, flags, out);
	}
	if (err)
		kfree(t);
	return err;
}

/* --- timerfd_settime, timerfd_gettime --- */

static struct timer_setting setting(const struct timerfd *t, uint64_t now)
{
	struct timer_setting s = {.interval = t->interval};
	uint64_t next = t->deadline + expired(t, now) * t->interval;

	/* One that expires once and has done so is not set any more. */
	if (t->deadline && next > now)
		s.left = next - now;
	return s;
}

/* A time of the timer's clock, as time_now(); what is over is now. */
static uint64_t deadline_of(const struct timerfd *t, uint64_t when,
			    uint64_t now)
{
	uint64_t zero = t->clock == CLOCK_REALTIME ? clock_realtime() - now : 0;

	return when > zero + now ? when - zero : now;
}

int timerfd_set(struct file *f, bool absolute, const struct timer_setting *new,
		struct timer_setting *old)
{
	struct timerfd *t = f->private;
	uint64_t now = time_now();
	uint64_t deadline = 0;

	if (f->ops != &timerfd_ops)
		return -EINVAL;
	if (new->left)
		deadline = absolute ? deadline_of(t, new->left, now)
				    : now + new->left;
	spin_lock(&t->lock);
	*old = setting(t, now);
	t->interval = new->interval;
	start(t, deadline);
	/* Readers wait for what it is set to now. */
	waitq_wake_all(&t->readers);
	spin_unlock(&t->lock);
	return 0;
}

int timerfd_get(struct file *f, struct timer_setting *out)
{
	struct timerfd *t = f->private;

	if (f->ops != &timerfd_ops)
		return -EINVAL;
	spin_lock(&t->lock);
	*out = setting(t, time_now());
	spin_unlock(&t->lock);
	return 0;
}
