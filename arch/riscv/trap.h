/* SPDX-License-Identifier: MIT */
#ifndef ARCH_RISCV_TRAP_H
#define ARCH_RISCV_TRAP_H

/*
 * trap.h - from user mode (or an interrupted kernel) into C, and what the
 * rooms above must answer.
 */

#include "kernel/lib/types.h"

/*
 * The registers at a trap, on the kernel stack.  The first 32 words have the
 * order of Linux's struct user_regs_struct, so that signal frames and ptrace
 * can copy them.
 */
struct trap_frame {
	uint64_t pc, ra, sp, gp, tp;
	uint64_t t0, t1, t2, s0, s1;
	uint64_t a[8];
	uint64_t s2, s3, s4, s5, s6, s7, s8, s9, s10, s11;
	uint64_t t3, t4, t5, t6;
	uint64_t status;  /* sstatus */
	uint64_t cause;   /* scause */
	uint64_t value;   /* stval: the address, or the instruction */
	uint64_t orig_a0; /* a0 as the system call got it */
};

bool trap_from_user(const struct trap_frame *frame);

/* Registers for a program's first instruction, floating point included if
 * @frame is the running thread's own. */
void trap_frame_init_user(struct trap_frame *frame, vaddr_t pc, vaddr_t sp);

/* After a signal return: force user mode, interrupts on, no odd bits. */
void trap_frame_sanitize(struct trap_frame *frame);

/* For panic(): printk() the registers, if a trap was the reason, and the return
 * addresses on the caller's stack. */
void trap_print_backtrace(void);

/* The trap vector (trap_entry.S). */
void trap_entry(void);

/*
 * What the rooms above provide (kernel/task/trap.c).  Called with interrupts
 * on for the first three when the trap came from user mode or from kernel
 * code that had them on; off for the others.
 */

/* A system call: number in a7, arguments in a[0..5]; result goes to a[0].
 * pc already points behind the ecall. */
void trap_syscall(struct trap_frame *frame);

/*
 * A page fault for @access at @va.  From user mode it always ends with the
 * fault resolved or a signal pending.  From the kernel (a user copy): true if
 * resolved; if false, the copy ends short.
 */
bool trap_page_fault(struct trap_frame *frame, vaddr_t va, int access);

/* Any other exception of user mode. */
enum trap_kind {
	TRAP_ILLEGAL_INSTRUCTION,
	TRAP_BREAKPOINT,
	TRAP_MISALIGNED,
	TRAP_ACCESS_FAULT,
};
void trap_exception(struct trap_frame *frame, enum trap_kind kind);

/* The deadline of timer_set() has passed; was user mode interrupted? */
void trap_timer(bool from_user);
void trap_ipi(void);      /* hart_send_ipi() by another hart */
void trap_external(void); /* the PLIC has something for this hart */

/* On the way to user mode, again and again while THREAD_* bits are set in
 * thread->pending.  May turn interrupts on. */
void trap_return_user(struct trap_frame *frame);

#endif
