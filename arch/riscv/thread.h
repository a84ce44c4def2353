/* SPDX-License-Identifier: MIT */
#ifndef ARCH_RISCV_THREAD_H
#define ARCH_RISCV_THREAD_H

/*
 * thread.h - the part of a task that RISC-V cares about: where its kernel
 * stack is, its saved registers, and the floating-point state.
 *
 * struct thread is the first member of struct task, and tp points at it.  A
 * kernel stack, from the top down: the thread's address, its user registers
 * (struct trap_frame), then the frames of C.
 *
 * Floating point is lazy.  The kernel itself has none, so a thread's
 * registers may stay in the hart while it is in the kernel.  They are saved
 * when it leaves the hart, if sstatus.FS in its trap frame says Dirty, and
 * loaded when it comes back, unless the hart still has them.
 */

#include "arch/riscv/hart.h"
#include "arch/riscv/trap.h"

enum { KERNEL_STACK_SIZE = 16 << 10 };

/* Registers that a C function must keep, saved across thread_switch(); and
 * gp, which the kernel leaves as user mode had it. */
struct context {
	uint64_t ra, sp, gp, s[12];
};

/* The D extension's registers.  Layout of struct __riscv_d_ext_state. */
struct fp_state {
	uint64_t f[32];
	uint32_t fcsr;
};

struct thread {
	struct hart *hart;      /* where it runs, or ran last; hart.h needs it
				   to be first */
	uint64_t kernel_sp;     /* its trap frame, at the top of its stack */
	atomic_ulong pending;   /* THREAD_* bits: look before user mode */
	vaddr_t stack;          /* lowest address of the kernel stack */
	struct context context; /* valid while it is not running */
	struct fp_state fp;     /* valid unless Dirty in some hart */
	struct hart *fp_hart;   /* the hart that loaded fp last */
	bool nofault;           /* user copies end short instead of faulting */
};

/* Reasons for trap_return_user() to be called on the way to user mode. */
enum {
	THREAD_RESCHEDULE = 1, /* give up the hart */
	THREAD_SIGNAL = 2,     /* a signal may be deliverable */
	THREAD_RECLAIM = 8,    /* it took of the last frames: give some back */
	/* arch/'s own: the whole frame was rewritten, so reload all of it. */
	THREAD_FRAME = 1 << 16,
};

/*
 * A kernel thread: it starts in fn(arg), with interrupts off, since the
 * scheduler's work after a switch comes first.  fn never returns.
 */
void thread_init_kernel(struct thread *thread, vaddr_t stack,
			void (*fn)(void *), void *arg);

/*
 * A user thread: it starts by calling fn(), with interrupts off, then goes to
 * user mode with the registers of @frame (copied to its stack's top).  @fp:
 * NULL for a clean state.
 */
void thread_init_user(struct thread *thread, vaddr_t stack,
		      const struct trap_frame *frame, const struct fp_state *fp,
		      void (*fn)(void));

/* The user registers of a thread, at the top of its kernel stack. */
static inline struct trap_frame *thread_frame(struct thread *thread)
{
	return (struct trap_frame *)thread->kernel_sp;
}

/*
 * Leave @from, run @to.  Interrupts off.  Returns, when @from runs again,
 * the thread that ran just before it.
 */
struct thread *thread_switch(struct thread *from, struct thread *to);

/* Bring the running thread's floating-point registers to and from its
 * thread->fp: for fork, signal frames and exec. */
void thread_save_fp(struct thread *thread);
void thread_load_fp(struct thread *thread);

#endif
