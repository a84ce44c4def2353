// SPDX-License-Identifier: MIT
/*
 * itimer.c - alarm(2) and setitimer(ITIMER_REAL): SIGALRM after a time, once
 * or again and again.
 *
 * The alarm rings in an interrupt, which only posts work; the worker sends the
 * signal, and sets the alarm again, counted from when it should have rung, so
 * that a periodic timer doesn't drift.
 *
 * Once itimer_set() has returned the timer as it was before sends nothing any
 * more: neither the alarm rings nor is the worker on its way.
 *
 * Locks: (s) guards the alarm and the interval.  alarm_cancel() may be called
 * under it, since ring() takes no lock that is held there; work_cancel()
 * may not.
 */

#include "arch/riscv/time.h"
#include "kernel/task/process.h"
#include "kernel/task/signal.h"

static void ring(struct alarm *alarm)
{
	work_post(&container_of(alarm, struct process, itimer)->itimer_work);
}

static void send_alarm(struct work *work)
{
	struct process *p = container_of(work, struct process, itimer_work);
	siginfo_t info = {.si_signo = SIGALRM, .si_code = SI_KERNEL};
	uint64_t now = time_now();

	spin_lock(&process_tree_lock);
	spin_lock(&p->signal_lock);
	/* Unless somebody has just set it anew. */
	if (p->itimer_interval && !p->exiting && p->itimer.deadline <= now) {
		uint64_t missed =
			(now - p->itimer.deadline) / p->itimer_interval;

		alarm_cancel(&p->itimer);
		alarm_set(&p->itimer,
			  p->itimer.deadline +
				  (missed + 1) * p->itimer_interval);
	}
	spin_unlock(&p->signal_lock);
	signal_send_process(p, &info);
	spin_unlock(&process_tree_lock);
}

void signal_init_itimer(struct process *p)
{
	p->itimer.ring = ring;
	p->itimer_work.run = send_alarm;
}

void itimer_get(struct process *p, uint64_t *left, uint64_t *interval)
{
	uint64_t now = time_now();

	spin_lock(&p->signal_lock);
	*interval = p->itimer_interval;
	/* One that is about to ring has at least an instant left. */
	*left = !p->itimer.clock           ? 0
		: p->itimer.deadline > now ? p->itimer.deadline - now
					   : NSEC_PER_USEC;
	spin_unlock(&p->signal_lock);
}

void itimer_set(struct process *p, uint64_t left, uint64_t interval)
{
	uint64_t now = time_now();

	spin_lock(&p->signal_lock);
	alarm_cancel(&p->itimer);
	/* So that a worker who is about to send does not set it anew. */
	p->itimer_interval = 0;
	spin_unlock(&p->signal_lock);
	work_cancel(&p->itimer_work);
	spin_lock(&p->signal_lock);
	/* Another thread may have set it meanwhile. */
	alarm_cancel(&p->itimer);
	p->itimer_interval = interval;
	if (left)
		alarm_set(&p->itimer,
			  left < UINT64_MAX - now ? now + left : UINT64_MAX);
	spin_unlock(&p->signal_lock);
}
