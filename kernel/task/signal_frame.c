// SPDX-License-Identifier: MIT
/*
 * signal_frame.c - how a handler is started in user mode, and how its end
 * brings everything back.
 *
 * All registers of the interrupted code are put on the user's stack, in
 * Linux's layout, so that the handler can read and change them:
 *
 *	old sp  |                     |
 *	        | ucontext: old mask, |
 *	        |   alternate stack,  |
 *	        |   x1..x31, pc, f0.. |  <- a2
 *	sp ->   | siginfo             |  <- a1
 *
 * Then pc is the handler's first instruction, a0 the signal, and ra points to
 * code in the vDSO (arch/riscv/vdso/) that does nothing but call
 * rt_sigreturn(2).
 *
 * What comes back from the user may be anything: only registers are taken
 * from it, never a privilege (trap_frame_sanitize).
 */

#include <linux/signal.h>
#include <asm/sigcontext.h>
#include <asm/ucontext.h>
#include <asm/unistd.h>

#include "arch/riscv/usercopy.h"
#include "arch/riscv/vdso.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/task/process.h"
#include "kernel/task/signal.h"

struct signal_frame {
	siginfo_t info;
	struct ucontext context;
};

static_assert(sizeof(struct user_regs_struct) ==
		      offsetof(struct trap_frame, status),
	      "the trap frame begins with the user's registers");
static_assert(sizeof(struct fp_state) == sizeof(struct __riscv_d_ext_state),
	      "floating-point state is as in <asm/ptrace.h>");

const uint64_t SIGNAL_FRAME_SIZE = sizeof(struct signal_frame) + 16;

int signal_stack_state(const struct task *task, vaddr_t sp)
{
	vaddr_t start = (vaddr_t)task->signal_stack.ss_sp;

	if (!task->signal_stack.ss_size)
		return SS_DISABLE;
	/* Who is on it has found it disarmed, and may have armed it again. */
	if (task->signal_stack.ss_flags & (int)SS_AUTODISARM)
		return 0;
	return sp > start && sp - start <= task->signal_stack.ss_size
		       ? SS_ONSTACK
		       : 0;
}

int signal_stack_set(const stack_t *new, vaddr_t sp)
{
	struct task *task = task_current();
	int mode = new->ss_flags & ~(int)SS_AUTODISARM;

	if (signal_stack_state(task, sp) == SS_ONSTACK)
		return -EPERM;
	/* Linux takes SS_ONSTACK for 0, as programs give back what they got. */
	if (mode != 0 && mode != SS_ONSTACK && mode != SS_DISABLE)
		return -EINVAL;
	if (mode != SS_DISABLE && new->ss_size < MINSIGSTKSZ)
		return -ENOMEM;
	task->signal_stack = *new;
	if (mode == SS_DISABLE)
		task->signal_stack = (stack_t){.ss_flags = new->ss_flags};
	return 0;
}

/* Where the frame goes: below sp, or at the top of the alternate stack.  0:
 * the alternate stack is full. */
static vaddr_t place_frame(const struct task *task, vaddr_t sp,
			   const struct sigaction *action)
{
	const stack_t *alternate = &task->signal_stack;
	int state = signal_stack_state(task, sp);
	vaddr_t at;

	if (action->sa_flags & SA_ONSTACK && state == 0)
		sp = (vaddr_t)alternate->ss_sp + alternate->ss_size;
	at = (sp - sizeof(struct signal_frame)) & ~15ul;
	if (state == SS_ONSTACK && signal_stack_state(task, at) != SS_ONSTACK)
		return 0;
	return at;
}

int signal_frame_push(struct trap_frame *frame, const siginfo_t *info,
		      const struct sigaction *action, uint64_t old_blocked)
{
	struct task *task = task_current();
	vaddr_t at = place_frame(task, frame->sp, action);
	struct signal_frame out = {.info = *info};
	struct ucontext *context = &out.context;
	struct sigcontext *registers = &context->uc_mcontext;

	context->uc_stack = task->signal_stack;
	context->uc_sigmask.sig[0] = old_blocked;
	memcpy(&registers->sc_regs, frame, sizeof(registers->sc_regs));
	thread_save_fp(&task->thread);
	memcpy(&registers->sc_fpregs.d, &task->thread.fp,
	       sizeof(registers->sc_fpregs.d));
	if (!at || user_write(at, &out, sizeof(out)))
		return -EFAULT;
	if (task->signal_stack.ss_flags & (int)SS_AUTODISARM)
		task->signal_stack = (stack_t){.ss_flags = SS_DISABLE};
	frame->pc = (vaddr_t)action->sa_handler;
	frame->sp = at;
	frame->ra = task->process->vdso + vdso_sigreturn();
	frame->a[0] = info->si_signo;
	frame->a[1] = at + offsetof(struct signal_frame, info);
	frame->a[2] = at + offsetof(struct signal_frame, context);
	return 0;
}

/* Behind the registers there may be a list of extensions' states: ours, and
 * all that we take, is empty: no flags, and the mark of its end, magic and size
 * 0. */
static bool has_extensions(const struct sigcontext *registers)
{
	const uint32_t *word = registers->sc_fpregs.q.reserved;

	return word[0] || word[1] || word[2];
}

long signal_frame_pop(struct trap_frame *frame)
{
	struct task *task = task_current();
	struct signal_frame in;
	const struct sigcontext *registers = &in.context.uc_mcontext;

	task->restart = (struct restart){0};
	if (user_read(&in, frame->sp, sizeof(in)) ||
	    has_extensions(registers)) {
		signal_fault(frame, SIGSEGV, SI_KERNEL, frame->sp,
			     "no signal frame to return from");
		return 0;
	}
	memcpy(frame, &registers->sc_regs, sizeof(registers->sc_regs));
	memcpy(&task->thread.fp, &registers->sc_fpregs.d,
	       sizeof(task->thread.fp));
	thread_load_fp(&task->thread);
	trap_frame_sanitize(frame);
	frame->cause = UINT64_MAX; /* its a0 is no result to restart for */
	/* A stack that can't be had leaves the one that is. */
	signal_stack_set(&in.context.uc_stack, frame->sp);
	signal_set_blocked(in.context.uc_sigmask.sig[0]);
	return frame->a[0];
}
