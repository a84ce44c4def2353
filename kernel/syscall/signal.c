// SPDX-License-Identifier: MIT
/*
 * signal.c - system calls on signals.  The work is done in kernel/task/.
 */

#include "kernel/task/signal.h"

#include "arch/riscv/time.h"
#include "arch/riscv/usercopy.h"
#include "kernel/sync/sched.h"
#include "kernel/syscall/calls.h"
#include "kernel/syscall/usage.h"
#include "kernel/task/process.h"

static bool valid(int sig)
{
	return sig >= 1 && sig <= _NSIG;
}

/* --- sending --- */

/* Locks: (T).  As on Linux there has to be somebody before the number is looked
 * at; with 0 there is no more to it than that. */
static int send(struct process *p, const siginfo_t *info)
{
	if (!info->si_signo)
		return 0;
	return valid(info->si_signo) ? signal_send_process(p, info) : -EINVAL;
}

/* To each process of a group, and well if one got it.  Locks: (T). */
static int kill_group(const struct pid *group, const siginfo_t *info)
{
	bool sent = false;
	int err = -ESRCH;

	if (!group)
		return err;
	list_for_each_entry (struct process, p, &group->group, group_link) {
		err = send(p, info);
		sent |= !err;
	}
	signal_broadcasts++;
	return sent ? 0 : err;
}

/* To all but init and the caller.  Locks: (T). */
static int kill_all(const struct process *self, const siginfo_t *info)
{
	int err = -ESRCH;

	for (struct process *p = process_from(2); p;
	     p = process_from(p->pid + 1))
		if (p != self)
			err = send(p, info);
	signal_broadcasts++;
	return err;
}

/* A process may go by the number of any of its threads.  Locks: (T). */
static int kill_one(int number, const siginfo_t *info)
{
	struct process *p = number > 0 ? process_of(number) : NULL;

	return p ? send(p, info) : -ESRCH;
}

SYSCALL(kill)
{
	siginfo_t info = signal_info(arg[1], SI_USER);
	struct process *self = task_current()->process;
	int pid = arg[0];
	int err;

	if (pid == INT32_MIN)
		return -ESRCH;
	spin_lock(&process_tree_lock);
	if (pid > 0)
		err = kill_one(pid, &info);
	else if (pid == -1)
		err = kill_all(self, &info);
	else
		err = kill_group(pid ? pid_find(-pid) : self->group, &info);
	spin_unlock(&process_tree_lock);
	return err;
}

/* @pid 0: whatever process the task is in. */
static int kill_task(int pid, int tid, const siginfo_t *info)
{
	struct pid *id;
	int err = -ESRCH;

	spin_lock(&process_tree_lock);
	id = pid_find(tid);
	if (id && id->task && (!pid || id->task->process->pid == pid)) {
		err = info->si_signo && !valid(info->si_signo) ? -EINVAL : 0;
		if (!err && info->si_signo)
			err = signal_send_task(id->task, info);
	}
	spin_unlock(&process_tree_lock);
	return err;
}

SYSCALL(tkill)
{
	siginfo_t info = signal_info(arg[1], SI_TKILL);

	return (int)arg[0] <= 0 ? -EINVAL : kill_task(0, arg[0], &info);
}

SYSCALL(tgkill)
{
	siginfo_t info = signal_info(arg[2], SI_TKILL);

	if ((int)arg[0] <= 0 || (int)arg[1] <= 0)
		return -EINVAL;
	return kill_task(arg[0], arg[1], &info);
}

/* A siginfo of the user's can't pretend to come from the kernel, or from kill,
 * unless the caller sends it to itself. */
static bool may_claim(const siginfo_t *info, int number)
{
	return (info->si_code < 0 && info->si_code != SI_TKILL) ||
	       number == task_current()->tid;
}

SYSCALL(rt_sigqueueinfo)
{
	siginfo_t info;
	int err;

	if (user_read(&info, arg[2], sizeof(info)))
		return -EFAULT;
	info.si_signo = arg[1];
	if (!may_claim(&info, arg[0]))
		return -EPERM;
	spin_lock(&process_tree_lock);
	err = kill_one(arg[0], &info);
	spin_unlock(&process_tree_lock);
	return err;
}

SYSCALL(rt_tgsigqueueinfo)
{
	siginfo_t info;

	if (user_read(&info, arg[3], sizeof(info)))
		return -EFAULT;
	info.si_signo = arg[2];
	if ((int)arg[0] <= 0 || (int)arg[1] <= 0)
		return -EINVAL;
	if (!may_claim(&info, arg[1]))
		return -EPERM;
	return kill_task(arg[0], arg[1], &info);
}

/* --- handlers and masks --- */

/* Flags that we do not know are not kept, so that a program can find out. */
static const uint64_t KNOWN_FLAGS = SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO |
				    SA_ONSTACK | SA_RESTART | SA_NODEFER |
				    SA_RESETHAND | SA_EXPOSE_TAGBITS;

SYSCALL(rt_sigaction)
{
	struct process *p = task_current()->process;
	int sig = arg[0];
	struct sigaction new = {0}, old;

	if (arg[3] != sizeof(sigset_t))
		return -EINVAL;
	if (arg[1] && user_read(&new, arg[1], sizeof(new)))
		return -EFAULT;
	if (!valid(sig) || (arg[1] && (sig == SIGKILL || sig == SIGSTOP)))
		return -EINVAL;
	new.sa_flags &= KNOWN_FLAGS;
	new.sa_mask.sig[0] &= ~SIGNALS_UNBLOCKABLE;
	spin_lock(&p->signal_lock);
	old = p->actions[sig - 1];
	if (arg[1]) {
		p->actions[sig - 1] = new;
		if (signal_ignored_locked(p, sig))
			signal_discard_locked(p, SIGNAL_BIT(sig));
	}
	spin_unlock(&p->signal_lock);
	return user_write_wanted(arg[2], &old, sizeof(old));
}

static int read_mask(vaddr_t from, uint64_t nbytes, sigset_t *mask)
{
	if (nbytes != sizeof(*mask))
		return -EINVAL;
	return user_read(mask, from, sizeof(*mask));
}

static long change_mask(int how, uint64_t old, uint64_t mask)
{
	switch (how) {
	case SIG_BLOCK:
		signal_set_blocked(old | mask);
		return 0;
	case SIG_UNBLOCK:
		signal_set_blocked(old & ~mask);
		return 0;
	case SIG_SETMASK:
		signal_set_blocked(mask);
		return 0;
	default:
		return -EINVAL;
	}
}

SYSCALL(rt_sigprocmask)
{
	uint64_t old = task_current()->blocked;
	sigset_t mask;
	long err = arg[3] == sizeof(mask) ? 0 : -EINVAL;

	if (!err && arg[1]) {
		err = read_mask(arg[1], arg[3], &mask);
		if (!err)
			err = change_mask(arg[0], old, mask.sig[0]);
	}
	return err ? err : user_write_wanted(arg[2], &old, sizeof(old));
}

SYSCALL(rt_sigpending)
{
	struct task *task = task_current();
	uint64_t set = (task->pending.set | task->process->pending.set) &
		       task->blocked;

	if (arg[1] > sizeof(set))
		return -EINVAL;
	return user_write(arg[0], &set, arg[1]);
}

SYSCALL(rt_sigsuspend)
{
	sigset_t mask;
	int err = read_mask(arg[0], arg[1], &mask);

	if (err)
		return err;
	signal_mask_swap(&mask);
	for (;;) {
		sched_prepare();
		if (sched_interrupted())
			break;
		sched_block();
	}
	sched_cancel();
	return -ERESTARTNOHAND;
}

/* Sleep until one of @set is there, as if it were not blocked. */
static int wait_for(uint64_t set, uint64_t deadline, siginfo_t *info)
{
	struct task *task = task_current();
	struct process *p = task->process;
	uint64_t blocked = task->blocked;
	int sig;

	spin_lock(&p->signal_lock);
	for (;;) {
		sig = signal_dequeue_locked(set, info);
		if (sig)
			break;
		task->blocked = blocked & ~set;
		task->awaited = blocked & set;
		signal_update_locked(task);
		sig = time_now() >= deadline ? -EAGAIN
		      : sched_interrupted()  ? -EINTR
					     : 0;
		if (sig)
			break;
		sched_prepare();
		spin_unlock(&p->signal_lock);
		sched_block_until(deadline);
		spin_lock(&p->signal_lock);
	}
	task->blocked = blocked;
	task->awaited = 0;
	signal_update_locked(task);
	spin_unlock(&p->signal_lock);
	return sig;
}

SYSCALL(rt_sigtimedwait)
{
	uint64_t deadline;
	siginfo_t info;
	sigset_t set;
	int sig = read_mask(arg[0], arg[3], &set);

	if (!sig)
		sig = deadline_from_user(arg[2], &deadline);
	if (sig)
		return sig;
	set.sig[0] &= ~SIGNALS_UNBLOCKABLE;
	sig = wait_for(set.sig[0], deadline, &info);
	if (sig > 0 && user_write_wanted(arg[1], &info, sizeof(info)))
		return -EFAULT;
	return sig;
}

SYSCALL(rt_sigreturn)
{
	return signal_frame_pop(thread_frame(thread_current()));
}

/* --- the alternate stack --- */

SYSCALL(sigaltstack)
{
	struct task *task = task_current();
	vaddr_t sp = thread_frame(&task->thread)->sp;
	int state = signal_stack_state(task, sp);
	stack_t old = task->signal_stack;
	stack_t new;
	int err = 0;

	old.ss_flags = state | (old.ss_flags & (int)SS_AUTODISARM);
	if (arg[0]) {
		if (user_read(&new, arg[0], sizeof(new)))
			return -EFAULT;
		err = signal_stack_set(&new, sp);
	}
	return err ? err : user_write_wanted(arg[1], &old, sizeof(old));
}
