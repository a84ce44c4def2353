// SPDX-License-Identifier: MIT
/*
 * trap.c - what becomes of each reason to enter the kernel.
 *
 *	system call        the table (kernel/syscall/)
 *	page fault         the pager; what it can't resolve is a signal
 *	other exceptions   a signal
 *	timer, IPI, PLIC   clock.c; nothing, the interruption was the point;
 *	                   the drivers
 *
 * and then, if there is a reason to look (THREAD_*), trap_return_user(): give
 * up the hart, take signals.
 */

#include "arch/riscv/trap.h"

#include "arch/riscv/irq.h"
#include "arch/riscv/layout.h"
#include "kernel/dev/dev.h"
#include "kernel/lib/errno.h"
#include "kernel/sync/lockcheck.h"
#include "kernel/task/process.h"
#include "kernel/task/sched.h"
#include "kernel/task/signal.h"
#include "kernel/task/trap.h"
#include "mm/fault.h"
#include "mm/reclaim.h"

void trap_syscall(struct trap_frame *frame)
{
	long result = syscall_dispatch(frame->a[7], frame->a);

	frame->a[0] = result;
	/* The signal that cut it short may have been taken by another thread:
	 * somebody must still decide whether to make the call again. */
	if (result <= -ERESTARTSYS && result >= -ERESTART_RESTARTBLOCK)
		atomic_fetch_or(&thread_current()->pending, THREAD_SIGNAL);
}

/* --- faults --- */

static const char *no_right(int access)
{
	switch (access) {
	case VM_W:
		return "no right to write";
	case VM_X:
		return "no right to execute";
	default:
		return "no right to read";
	}
}

/* The user's instruction can't have what it asked for at @va. */
static void send_fault(const struct trap_frame *frame, vaddr_t va, int access,
		       int err)
{
	switch (err) {
	case -ENOMEM:
		signal_kill_self();
		break;
	case -EACCES:
		signal_fault(frame, SIGSEGV, SEGV_ACCERR, va, no_right(access));
		break;
	case -ERANGE:
		signal_fault(frame, SIGBUS, BUS_ADRERR, va,
			     "past the end of the file, or no space on disk");
		break;
	default:
		signal_fault(frame, SIGSEGV, SEGV_MAPERR, va, "no mapping");
		break;
	}
}

bool trap_page_fault(struct trap_frame *frame, vaddr_t va, int access)
{
	struct mm *mm = task_current()->mm;
	int err = -EFAULT;

	if (mm && va < USER_END) {
		do
			err = fault_handle(mm, va, access);
		while (err == -ENOMEM && oom_make_room());
	}
	if (!err)
		return true;
	if (trap_from_user(frame))
		send_fault(frame, va, access, err);
	return false;
}

void trap_exception(struct trap_frame *frame, enum trap_kind kind)
{
	static const struct {
		int sig, code;
		bool at_pc; /* or at the address that it was about */
		const char *cause;
	} signals[] = {
		[TRAP_ILLEGAL_INSTRUCTION] = {SIGILL, ILL_ILLOPC, true,
					      "illegal instruction"},
		[TRAP_BREAKPOINT] = {SIGTRAP, TRAP_BRKPT, true, "breakpoint"},
		[TRAP_MISALIGNED] = {SIGBUS, BUS_ADRALN, false, "misaligned"},
		[TRAP_ACCESS_FAULT] = {SIGSEGV, SEGV_ACCERR, false,
				       "no such memory"},
	};

	signal_fault(frame, signals[kind].sig, signals[kind].code,
		     signals[kind].at_pc ? frame->pc : frame->value,
		     signals[kind].cause);
}

/* --- interrupts --- */

void trap_ipi(void)
{
	/* Whoever sent it has left a note: in the run queue, which an idle
	 * hart looks at now, or in pending, looked at before user mode. */
}

void trap_external(void)
{
	lockcheck_interrupt_enter();
	plic_handle();
	lockcheck_interrupt_leave();
}

/* --- the way out --- */

void trap_return_user(struct trap_frame *frame)
{
	unsigned long pending = task_current()->thread.pending;

	irq_enable();
	if (pending & THREAD_RECLAIM) {
		/* Now that it holds no lock. */
		atomic_fetch_and(&task_current()->thread.pending,
				 ~(unsigned long)THREAD_RECLAIM);
		reclaim_repay();
	}
	if (pending & THREAD_RESCHEDULE)
		sched_point();
	if (pending & (THREAD_SIGNAL | TASK_RESTORE_MASK))
		signal_deliver(frame);
}
