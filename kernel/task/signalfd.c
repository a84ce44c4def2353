// SPDX-License-Identifier: MIT
/*
 * signalfd.c - signals to be read from a file, so that they can be waited for
 * together with others.
 *
 * The file is only a set.  Who reads takes signals in it off the queues that
 * they lie in, its own task's and its process's; so the file means something
 * else to each process that has it.  The signals should be blocked, or they
 * are delivered in the usual way.
 *
 * Whoever waits for any such file, in whatever process, stands in one queue,
 * which is woken by each signal that is queued.  The files may outlive the
 * processes that poll them: a queue in each process would not do.
 *
 * Locks: (s) of the reader.  Tests: usertests.
 */
#include "kernel/task/signalfd.h"

#include <linux/signalfd.h>

#include "fs/pseudo.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/task/process.h"
#include "kernel/task/signal.h"
#include "mm/slab.h"

/* f->private is the set of signals: as many as a pointer has bits. */
static_assert(sizeof(sigset_t) == sizeof(void *), "a set fits");

static uint64_t set_of(const struct file *f)
{
	return (uint64_t)__atomic_load_n(&f->private, __ATOMIC_RELAXED);
}

static void info_fill(struct signalfd_siginfo *out, const siginfo_t *info)
{
	*out = (struct signalfd_siginfo){
		.ssi_signo = info->si_signo,
		.ssi_errno = info->si_errno,
		.ssi_code = info->si_code,
	};
	if (info->si_code == SI_KERNEL)
		return;
	if (info->si_code > 0 &&
	    (SIGNAL_BIT(info->si_signo) & SIGNALS_OF_FAULTS)) {
		out->ssi_addr = (uint64_t)info->si_addr;
		return;
	}
	out->ssi_pid = info->si_pid;
	out->ssi_uid = info->si_uid;
	if (info->si_code > 0 && info->si_signo == SIGCHLD) {
		out->ssi_status = info->si_status;
		out->ssi_utime = info->si_utime;
		out->ssi_stime = info->si_stime;
	} else if (info->si_code < 0) {
		out->ssi_ptr = (uint64_t)info->si_value.sival_ptr;
		out->ssi_int = info->si_value.sival_int;
	}
}

/* Take one, after waiting for it if @wait: its number; or a negative errno. */
static int take(struct file *f, bool wait, siginfo_t *info)
{
	struct process *p = task_current()->process;
	int sig;
	int err = 0;

	spin_lock(&p->signal_lock);
	while (!(sig = signal_dequeue_locked(set_of(f), info)) && !err)
		err = wait ? waitq_wait_interruptible(&signal_watchers,
						      &p->signal_lock)
			   : -EAGAIN;
	signal_update_locked(task_current());
	spin_unlock(&p->signal_lock);
	return sig ? sig : err;
}

/* As many as there are and fit; waits for the first. */
static ssize_t signalfd_read(struct file *f, struct uio *uio, uint64_t *offset)
{
	struct signalfd_siginfo out;
	bool wait = !(f->flags & O_NONBLOCK);
	ssize_t total = 0;
	siginfo_t info;

	if (uio->left < sizeof(out))
		return -EINVAL;
	while (uio->left >= sizeof(out)) {
		int sig = take(f, wait && !total, &info);

		if (sig < 0)
			return total ? total : sig;
		info_fill(&out, &info);
		if (uio_copy_to(uio, &out, sizeof(out)) < sizeof(out))
			return total ? total : -EFAULT;
		total += sizeof(out);
	}
	return total;
}

static unsigned signalfd_poll(struct file *f, struct waiter *waiter)
{
	struct task *task = task_current();
	struct process *p = task->process;

	spin_lock(&p->signal_lock);
	if (waiter)
		waitq_enter(&signal_watchers, &waiter[0]);

	uint64_t pending = task->pending.set | p->pending.set;

	spin_unlock(&p->signal_lock);
	return pending & set_of(f) ? POLLIN : 0;
}

static const struct file_ops signalfd_ops = {
	.stream = true,
	.kind = "anon_inode:[signalfd]",
	.read = signalfd_read,
	.poll = signalfd_poll,
};

int signalfd_new(uint64_t set, unsigned flags, struct file **out)
{
	return pseudo_file_new(&signalfd_ops, (void *)set, flags, out);
}

int signalfd_set(struct file *f, uint64_t set)
{
	if (f->ops != &signalfd_ops)
		return -EINVAL;
	__atomic_store_n(&f->private, (void *)set, __ATOMIC_RELAXED);
	waitq_wake_all(&signal_watchers);
	return 0;
}
