// SPDX-License-Identifier: MIT
/*
 * thread.c - making threads, and going from one to another.
 *
 * A thread that does not run is a kernel stack and the registers that a C
 * function must keep (struct context): thread_switch() is a function call
 * that returns on another stack.  A new thread is dressed up so that this
 * first return goes to thread_start_kernel or thread_start_user in
 * trap_entry.S.
 *
 * Floating point registers are only moved when that can't be avoided.  A
 * thread that goes saves them if it has changed them since they were loaded
 * (FS in its trap frame is Dirty); one that comes loads them unless this
 * hart is the one that had them last, and nobody else loaded his since:
 * hart->fp_thread and thread->fp_hart name each other.  Kernel threads have
 * FS Off in a frame of zeros, so both steps pass them by.
 *
 * Locking: interrupts off in thread_switch(); all else is the caller's own.
 */

#include <asm/ptrace.h>

#include "arch/riscv/csr.h"
#include "arch/riscv/offsets.h"
#include "arch/riscv/pagetable.h"
#include "arch/riscv/thread.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"

static_assert(offsetof(struct thread, hart) == THREAD_HART);
static_assert(offsetof(struct thread, kernel_sp) == THREAD_KERNEL_SP);
static_assert(offsetof(struct thread, pending) == THREAD_PENDING);
static_assert(offsetof(struct thread, stack) == THREAD_STACK);
static_assert(offsetof(struct thread, context) == THREAD_CONTEXT);
static_assert(offsetof(struct trap_frame, pc) == FRAME_PC);
static_assert(offsetof(struct trap_frame, sp) == FRAME_SP);
static_assert(offsetof(struct trap_frame, tp) == FRAME_TP);
static_assert(offsetof(struct trap_frame, a) == FRAME_A0);
static_assert(offsetof(struct trap_frame, status) == FRAME_STATUS);
static_assert(offsetof(struct trap_frame, cause) == FRAME_CAUSE);
static_assert(offsetof(struct trap_frame, value) == FRAME_VALUE);
static_assert(offsetof(struct trap_frame, orig_a0) == FRAME_ORIG_A0);
static_assert(sizeof(struct trap_frame) == FRAME_SIZE);
static_assert(sizeof(struct user_regs_struct) == FRAME_STATUS);
static_assert(offsetof(struct __riscv_d_ext_state, fcsr) ==
	      offsetof(struct fp_state, fcsr));
static_assert(KERNEL_STACK_SIZE == 1 << KERNEL_STACK_SHIFT);

/* trap_entry.S */
struct thread *context_switch(struct thread *from, struct thread *to);
void thread_start_kernel(void);
void thread_start_user(void);
void fp_save(struct fp_state *fp);
void fp_load(const struct fp_state *fp);

static void thread_init(struct thread *thread, vaddr_t stack,
			void (*start)(void), uint64_t fn, uint64_t arg)
{
	uint64_t room = stack + KERNEL_STACK_SIZE - FRAME_ROOM;

	*thread = (struct thread){
		.hart = hart_current(),
		.kernel_sp = room,
		.stack = stack,
		.context = {.ra = (uint64_t)start, .sp = room},
	};
	thread->context.s[1] = fn;
	thread->context.s[2] = arg;
	/* This hart may remember the stack as not mapped; others are flushed
	 * by thread_switch() when they get it. */
	tlb_flush_kernel_local(stack, KERNEL_STACK_SIZE);
	memset((void *)room, 0, FRAME_ROOM);
	*(struct thread **)(room + FRAME_THREAD) = thread;
}

void thread_init_kernel(struct thread *thread, vaddr_t stack,
			void (*fn)(void *), void *arg)
{
	thread_init(thread, stack, thread_start_kernel, (uint64_t)fn,
		    (uint64_t)arg);
}

void thread_init_user(struct thread *thread, vaddr_t stack,
		      const struct trap_frame *frame, const struct fp_state *fp,
		      void (*fn)(void))
{
	thread_init(thread, stack, thread_start_user, (uint64_t)fn, 0);
	*thread_frame(thread) = *frame;
	if (fp)
		thread->fp = *fp;
	thread_frame(thread)->status &= ~(uint64_t)SSTATUS_FS;
	thread_frame(thread)->status |= SSTATUS_FS_CLEAN;
}

static bool fp_dirty(struct thread *thread)
{
	return (thread_frame(thread)->status & SSTATUS_FS) == SSTATUS_FS;
}

static void fp_set_clean(struct thread *thread)
{
	struct trap_frame *frame = thread_frame(thread);

	frame->status &= ~(uint64_t)SSTATUS_FS;
	frame->status |= SSTATUS_FS_CLEAN;
}

void thread_save_fp(struct thread *thread)
{
	if (!fp_dirty(thread))
		return;
	fp_save(&thread->fp);
	fp_set_clean(thread);
}

void thread_load_fp(struct thread *thread)
{
	fp_load(&thread->fp);
	fp_set_clean(thread);
	thread->fp_hart = thread->hart;
	thread->hart->fp_thread = thread;
}

struct thread *thread_switch(struct thread *from, struct thread *to)
{
	struct hart *hart = from->hart;

	thread_save_fp(from);
	if (to->hart != hart) {
		/* As in thread_init(). */
		tlb_flush_kernel_local(to->stack, KERNEL_STACK_SIZE);
		to->hart = hart;
	}
	if ((thread_frame(to)->status & SSTATUS_FS) &&
	    (hart->fp_thread != to || to->fp_hart != hart))
		thread_load_fp(to);
	return context_switch(from, to);
}
