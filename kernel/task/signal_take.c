// SPDX-License-Identifier: MIT
/*
 * signal_take.c - what pending signals do to a task, on its way to user mode.
 *
 *	default action     ignore: on to the next one
 *	                   stop:   all tasks of the process stand still here
 *	                           until SIGCONT, or their end
 *	                   else:   the process ends
 *	a handler          the registers are saved in a frame on the user's
 *	                   stack, and the task goes on in the handler
 *
 * A system call that was cut short (ERESTARTSYS and its kin in a0) either
 * fails with EINTR, if a handler is to run and didn't say SA_RESTART, or is
 * made again: pc goes back to the ecall and a0 to what it was.
 *
 * This is also where a task ends that somebody else has condemned: exit_group
 * and exec set a flag and notify; only a task itself can leave the kernel
 * cleanly.
 */

#include <asm/unistd.h>

#include "kernel/lib/errno.h"
#include "kernel/task/process.h"
#include "kernel/task/sched.h"
#include "kernel/task/signal.h"

enum { CAUSE_ECALL = 8 }; /* scause: environment call from U-mode */

static bool stops_by_default(int sig)
{
	return sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN ||
	       sig == SIGTTOU;
}

/* The task's own instruction can't go on: that spares not even init. */
static bool is_fault(const siginfo_t *info)
{
	return SIGNAL_BIT(info->si_signo) & SIGNALS_OF_FAULTS &&
	       info->si_code > 0;
}

/* (s) is held, and held again on return. */
static void stand_still_locked(struct process *p)
{
	while (p->stopped && !signal_fatal_pending()) {
		sched_prepare();
		spin_unlock(&p->signal_lock);
		sched_block();
		spin_lock(&p->signal_lock);
	}
}

/*
 * The process shall stop for @sig, which we have just taken off the queue.
 * The parent is told under the tree's lock, which comes before ours; if a
 * SIGCONT, or the end, came in between, nothing happens.
 */
static void stop_process(struct process *p, int sig)
{
	bool stop;

	spin_lock(&process_tree_lock);
	spin_lock(&p->signal_lock);
	stop = p->stop_coming && !signal_fatal_pending() &&
	       (sig == SIGSTOP || !process_group_orphaned(p->group));
	p->stop_coming = false;
	if (stop) {
		p->stopped = true;
		signal_notify_all_locked(p);
	}
	spin_unlock(&p->signal_lock);
	if (stop)
		process_tell_parent(p, CLD_STOPPED, sig);
	spin_unlock(&process_tree_lock);
}

/* The next signal that has a handler, its mask already in force; or 0.  Does
 * not return if the task ends. */
static int take(struct process *p, siginfo_t *info, struct sigaction *action)
{
	struct task *task = task_current();
	int sig;

	spin_lock(&p->signal_lock);
	for (;;) {
		stand_still_locked(p);
		if (p->exiting || (p->execing && p->execing != task)) {
			spin_unlock(&p->signal_lock);
			task_exit();
		}
		sig = signal_dequeue_locked(~task->blocked, info);
		if (!sig)
			break;
		*action = p->actions[sig - 1];
		if (action->sa_handler != SIG_DFL &&
		    action->sa_handler != SIG_IGN)
			break;
		if (signal_ignored_locked(p, sig) && !is_fault(info))
			continue;
		p->stop_coming = stops_by_default(sig);
		spin_unlock(&p->signal_lock);
		if (!stops_by_default(sig))
			process_exit(sig);
		stop_process(p, sig);
		spin_lock(&p->signal_lock);
	}
	if (sig && action->sa_flags & SA_RESETHAND)
		p->actions[sig - 1].sa_handler = SIG_DFL;
	signal_update_locked(task);
	spin_unlock(&p->signal_lock);
	return sig;
}

/* Undo or finish a system call that was cut short.  @action: of the handler
 * that runs next, or NULL. */
static void settle_call(struct trap_frame *frame,
			const struct sigaction *action)
{
	long result = frame->a[0];
	bool again = !action;

	if (frame->cause != CAUSE_ECALL)
		return;
	frame->cause = UINT64_MAX; /* once is enough */
	if (result != -ERESTARTSYS && result != -ERESTARTNOINTR &&
	    result != -ERESTARTNOHAND && result != -ERESTART_RESTARTBLOCK)
		return;
	if (result == -ERESTARTSYS && action)
		again = action->sa_flags & SA_RESTART;
	if (result == -ERESTARTNOINTR)
		again = true;
	if (!again) {
		frame->a[0] = -EINTR;
		return;
	}
	frame->a[0] = frame->orig_a0;
	frame->pc -= 4;
	if (result == -ERESTART_RESTARTBLOCK)
		frame->a[7] = __NR_restart_syscall;
}

/* False: it has no stack, and there is a SIGSEGV to be taken first. */
static bool enter_handler(struct trap_frame *frame, int sig,
			  const siginfo_t *info, const struct sigaction *action,
			  uint64_t old)
{
	uint64_t mask = task_current()->blocked | action->sa_mask.sig[0];

	if (!(action->sa_flags & SA_NODEFER))
		mask |= SIGNAL_BIT(sig);
	if (signal_frame_push(frame, info, action, old) == 0) {
		signal_set_blocked(mask);
		return true;
	}
	/* None for SIGSEGV's own handler, either. */
	if (sig == SIGSEGV)
		task_current()->process->actions[SIGSEGV - 1].sa_handler =
			SIG_DFL;
	signal_fault(frame, SIGSEGV, SI_KERNEL, frame->sp,
		     "no stack for a signal handler");
	return false;
}

void signal_deliver(struct trap_frame *frame)
{
	struct task *task = task_current();
	struct sigaction action;
	siginfo_t info;
	int sig = take(task->process, &info, &action);
	bool swapped = task->thread.pending & TASK_RESTORE_MASK;
	uint64_t old = swapped ? task->saved_blocked : task->blocked;

	settle_call(frame, sig ? &action : NULL);
	if (!sig)
		signal_mask_restore();
	else if (enter_handler(frame, sig, &info, &action, old))
		/* The handler's end puts it back. */
		atomic_fetch_and(&task->thread.pending,
				 ~(unsigned long)TASK_RESTORE_MASK);
}
