/* SPDX-License-Identifier: MIT */
#ifndef ARCH_RISCV_TRAP_ENTRY_H
#define ARCH_RISCV_TRAP_ENTRY_H

/*
 * trap_entry.h - what trap_entry.S calls in trap.c, and the table that
 * copy.S leaves for it.  Only arch/ uses it.
 */

#include "arch/riscv/trap.h"

/* A trap of user mode other than a system call. */
void trap_from_user_mode(struct trap_frame *frame);

/* A trap of the kernel itself. */
void trap_from_kernel(struct trap_frame *frame);

/* An interrupt from another hart: a request to stop, or trap_ipi(). */
void ipi_handle(void);

/* On the way to user mode when thread->pending is not 0. */
void trap_before_user_mode(struct trap_frame *frame);

/* No room for a trap frame: we run on a stack of trap_entry.S's. */
extern char overflow_stack[], overflow_stack_end[];
_Noreturn void trap_stack_overflow(vaddr_t sp, vaddr_t pc, vaddr_t address);

/* A fault at [start, end) that can't be resolved goes on at landing. */
struct usercopy_fixup {
	vaddr_t start, end, landing;
};

extern const struct usercopy_fixup usercopy_fixups[], usercopy_fixups_end[];

#endif
