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
	uint32_t interrupt_context; /* PLIC context of its S mode: plic.c's */
	/* What the TLB code last loaded: the page table in satp. */
	struct pagetable *pagetable;
	/* Whose floating-point registers it has (if that thread agrees). */
	struct thread *fp_thread;
};

struct thread; /* arch/riscv/thread.h */

static inline struct thread *thread_current(void)
{
	struct thread *thread;

	asm volatile("mv %0, tp" : "=r"(thread));
	return thread;
}

/* struct thread starts with its hart. */
static inline struct hart *hart_current(void)
{
	return *(struct hart **)thread_current();
}

static inline unsigned hart_index(void)
{
	return hart_current()->index;
}

/* All of them, by index; the boot hart is number 0. */
extern struct hart hart_table[HARTS_MAX];
unsigned hart_count(void);
struct hart *hart_get(unsigned index);

/* Fill in the table of harts from the device tree; @boot_id is ours. */
void harts_init(unsigned long boot_id);

/* The registers mvendorid, marchid and mimpid, the same on all. */
enum hart_identity { HART_VENDOR, HART_ARCHITECTURE, HART_IMPLEMENTATION };
uint64_t hart_identity(enum hart_identity which);

/* Instruction-set extensions that all harts have and we can use. */
extern bool hart_has_sstc; /* stimecmp: the timer without SBI */

/*
 * Start every hart the device tree names, but this one, by SBI HSM, one at a
 * time, each on the idle thread that idle_thread() hands out (of which only
 * ->stack must be set; NULL: leave the hart alone); each calls hart_main()
 * (kernel/main.c) and never returns.
 */
void harts_start(struct thread *(*idle_thread)(unsigned index));

/* An inter-processor interrupt to one hart; it calls trap_ipi() there. */
void hart_send_ipi(unsigned index);

/* All harts that run, but this one: a mask of indices. */
unsigned long harts_others_online(void);

/* Stop all other harts where they are: for panic. */
void harts_stop_others(void);

/* Power off, or reset.  @failure becomes QEMU's exit status where it can. */
_Noreturn void machine_power_off(bool failure);
_Noreturn void machine_reboot(void);

#endif
