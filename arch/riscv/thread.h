/* SPDX-License-Identifier: MIT */
#ifndef ARCH_RISCV_THREAD_H
#define ARCH_RISCV_THREAD_H

/*
 * thread.h - the part of a task that RISC-V cares about: where its kernel
 * stack is, its saved registers, and the floating-point state.
 *
 * struct thread is the first member of struct task, and tp points at it.
 */

#include "arch/riscv/hart.h"
#include "arch/riscv/trap.h"

enum { KERNEL_STACK_SIZE = 16 << 10 };

/* Registers that a C function must keep, saved across thread_switch(). */
struct context {
	uint64_t ra, sp, s[12];
};

/* The D extension's registers.  Layout of struct __riscv_d_ext_state. */
struct fp_state {
	uint64_t f[32];
	uint32_t fcsr;
};

struct thread {
	/* entry.S knows these three by offset (checked in thread.c). */
	uint64_t kernel_sp;   /* top of the kernel stack: the trap frame */
	uint64_t user_sp;     /* scratch on the way in */
	atomic_ulong pending; /* THREAD_* bits: look before user mode */

	struct hart *hart; /* where it runs, or ran last */
	struct context context;
	struct fp_state fp; /* valid while it is not running */
	vaddr_t stack;      /* lowest address of the kernel stack */
};

/* Reasons for trap_return_user() to be called on the way to user mode. */
enum {
	THREAD_RESCHEDULE = 1, /* give up the hart */
	THREAD_SIGNAL = 2,     /* a signal may be deliverable */
};

/* A kernel thread: it starts in fn(arg) with interrupts on. */
void thread_init_kernel(struct thread *thread, vaddr_t stack,
			void (*fn)(void *), void *arg);

/*
 * A user thread: it starts by calling fn(), then goes to user mode with the
 * registers of @frame (copied to its stack's top).  @fp: NULL for a clean
 * state.
 */
void thread_init_user(struct thread *thread, vaddr_t stack,
		      const struct trap_frame *frame, const struct fp_state *fp,
		      void (*fn)(void));

/* The user registers of a thread, at the top of its kernel stack. */
struct trap_frame *thread_frame(struct thread *thread);

/*
 * Leave @from, run @to.  Interrupts off.  Returns, when @from runs again,
 * the thread that ran just before it.
 */
struct thread *thread_switch(struct thread *from, struct thread *to);

/* Bring the running thread's floating-point registers to and from memory:
 * for fork, signal frames and exec. */
void thread_save_fp(struct thread *thread);
void thread_load_fp(struct thread *thread);

#endif
