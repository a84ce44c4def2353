/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_TASK_SIGNAL_H
#define KERNEL_TASK_SIGNAL_H

/*
 * signal.h - sending signals (signal.c), taking them on the way to user mode
 * (signal_take.c), and the frame on which a handler runs (signal_frame.c).
 */

#include <linux/signal.h>

#include "arch/riscv/trap.h"
#include "kernel/task/task.h"

#define SIGNAL_BIT(sig) (1ul << ((sig)-1))

/* Caused by the task's own instruction: taken before all others. */
static const uint64_t SIGNALS_OF_FAULTS =
	SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(SIGBUS) | SIGNAL_BIT(SIGILL) |
	SIGNAL_BIT(SIGTRAP) | SIGNAL_BIT(SIGFPE) | SIGNAL_BIT(SIGSYS);

/* Nobody can keep them away. */
static const uint64_t SIGNALS_UNBLOCKABLE =
	SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP);

/*
 * What a system call that a signal cut short may return besides ERESTARTSYS
 * (kernel/lib/errno.h); programs never see them.
 */
enum {
	ERESTARTNOINTR = 513,        /* again, in any case */
	ERESTARTNOHAND = 514,        /* again, unless a handler ran */
	ERESTART_RESTARTBLOCK = 516, /* go on with task->restart, unless ... */
};

/* Of the frame that a handler gets: AT_MINSIGSTKSZ. */
extern const uint64_t SIGNAL_FRAME_SIZE;

void signal_init(void);
void signal_init_itimer(struct process *p);

/* --- sending; locks: (T), so that the target stays --- */

/* Signals sent to many at once, so far: counted when all have it.  A fork that
 * was under way may have been missed by one (fork.c). */
extern atomic_ulong signal_broadcasts;

/* To a process, or to one of its tasks.  0; -EAGAIN: too many are queued. */
int signal_send_process(struct process *p, const siginfo_t *info);
int signal_send_task(struct task *task, const siginfo_t *info);

/* Who waits for any signal to be queued (signalfd.c). */
extern struct waitq signal_watchers;

/* A siginfo as kill(2) sends it. */
siginfo_t signal_info(int sig, int code);

/* --- to the calling task; no locks held --- */

/* As if the process had sent it to its own task: SIGPIPE, SIGXFSZ. */
void signal_raise(int sig);

/*
 * The instruction at @frame can't go on: it gets @sig whether it is blocked,
 * ignored or not; if that kills, the console is told of @cause.
 */
void signal_fault(const struct trap_frame *frame, int sig, int code,
		  vaddr_t address, const char *cause);

/* Nothing but a SIGKILL will do. */
void signal_kill_self(void);

/* A signal that ends the process is waiting for the caller. */
bool signal_fatal_pending(void);

/* --- masks and handlers of the caller --- */

/* Set the mask; SIGKILL and SIGSTOP can't be in it. */
void signal_set_blocked(uint64_t mask);

/* Until the way back to user mode, use @mask (ppoll, sigsuspend): a handler
 * may run under it; the old one is restored after.  Or at once, where the wait
 * had another end: then no handler is to run that the old mask keeps away. */
void signal_mask_swap(const sigset_t *mask);
void signal_mask_restore(void);

/* Bring THREAD_SIGNAL up to date.  Locks: (s). */
void signal_update_locked(struct task *task);

/* Take one of @set (blocked or not) off the caller's queues: its number, or
 * 0.  Locks: (s). */
int signal_dequeue_locked(uint64_t set, siginfo_t *info);

/* Is it thrown away when it is sent?  Locks: (s). */
bool signal_ignored_locked(const struct process *p, int sig);

/* Make all tasks look at their flags.  Locks: (s). */
void signal_notify_all_locked(struct process *p);

/* Forget what is queued and in @set.  Locks: (s). */
void signal_discard_locked(struct process *p, uint64_t set);

/* exec: handlers go back to their default, what is ignored stays so. */
void signal_exec(struct task *task);
void signal_reset_handlers(struct process *p);

void signal_queue_clear(struct signal_queue *queue);

/* --- the way to user mode --- */

/* Take what is pending: stop, end, or make the frame start a handler. */
void signal_deliver(struct trap_frame *frame);

/* --- signal_frame.c --- */

/* 0, or -EFAULT: no room on the stack. */
int signal_frame_push(struct trap_frame *frame, const siginfo_t *info,
		      const struct sigaction *action, uint64_t old_blocked);

/* rt_sigreturn(2): the a0 of the code that was interrupted. */
long signal_frame_pop(struct trap_frame *frame);

/* sigaltstack: SS_ONSTACK, SS_DISABLE or 0, for a stack pointer. */
int signal_stack_state(const struct task *task, vaddr_t sp);

/* A new one for the caller, whose stack pointer is @sp.  0; -EPERM: it is on
 * the old one; -EINVAL: odd flags; -ENOMEM: too small for a frame. */
int signal_stack_set(const stack_t *new, vaddr_t sp);

/* --- itimer.c: setitimer(ITIMER_REAL) --- */

void itimer_get(struct process *p, uint64_t *left, uint64_t *interval);
/* Ring in @left ns (0: never) and every @interval ns after that.  What was set
 * before has stopped when it returns.  Sleeps. */
void itimer_set(struct process *p, uint64_t left, uint64_t interval);

#endif
