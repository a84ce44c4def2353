/* SPDX-License-Identifier: MIT */
#ifndef ARCH_RISCV_HART_H
#define ARCH_RISCV_HART_H

/*
 * hart.h - who runs: the hart, and the thread on it.
 *
 * tp always points at the running thread (struct thread, the first member of
 * struct task), so "current" survives moving from one hart to another; the
 * thread names its hart.  Interrupts are off, or the kernel may not be
 * preempted, while a caller uses hart_current(): kernel code here is never
 * preempted, so that is always so until it sleeps.
 */

#include <stdatomic.h>

#include "kernel/lib/types.h"

enum { HARTS_MAX = 64 }; /* a mask of harts is one word */

/* What RISC-V needs to know of each hart; task/ keeps its own per-hart data
 * in an array by index. */
struct hart {
	unsigned index;   /* 0 .. hart_count() - 1, dense */
	unsigned long id; /* mhartid, as SBI names it */
	atomic_bool online;
	uint32_t interrupt_context; /* PLIC context of its S mode */
	/* What the TLB code last loaded: the page table in satp. */
	struct pagetable *pagetable;
};

struct thread; /* arch/riscv/thread.h */

static inline struct thread *thread_current(void)
{
	struct thread *thread;

	asm volatile("mv %0, tp" : "=r"(thread));
	return thread;
}

struct hart *hart_current(void);
unsigned hart_index(void);
unsigned hart_count(void);
struct hart *hart_get(unsigned index);

/*
 * Start every hart the device tree names, but this one, by SBI HSM, one at a
 * time, each on the idle thread that idle_thread() hands out; each calls
 * hart_main() (kernel/main.c) and never returns.
 */
void harts_start(struct thread *(*idle_thread)(unsigned index));

/* An inter-processor interrupt to one hart; it calls trap_ipi() there. */
void hart_send_ipi(unsigned index);

/* Stop all other harts where they are: for panic. */
void harts_stop_others(void);

/* Power off, or reset.  @failure becomes QEMU's exit status where it can. */
_Noreturn void machine_power_off(bool failure);
_Noreturn void machine_reboot(void);

#endif
