/* SPDX-License-Identifier: MIT */
#ifndef ARCH_RISCV_SBI_H
#define ARCH_RISCV_SBI_H

/*
 * sbi.h - calls to the firmware: what machine mode does for us.  Only arch/
 * uses them.
 *
 * A set of harts is a mask of their indices (hart.h).
 */

#include "kernel/lib/types.h"

/* Find out what this firmware has; say so on the log. */
void sbi_init(void);

/* See hart_identity(). */
uint64_t sbi_machine_id(unsigned which);

void sbi_set_timer(uint64_t ticks);
void sbi_send_ipi(unsigned long harts);

/* Return when all @harts have done it. */
void sbi_remote_fence_i(unsigned long harts);
void sbi_remote_sfence(unsigned long harts); /* everything */
void sbi_remote_sfence_asid(unsigned long harts, vaddr_t start, uint64_t nbytes,
			    uint32_t asid);

/* Hart @id goes to @entry with a0 = @id and a1 = @argument.  0, or the
 * firmware's error. */
long sbi_hart_start(unsigned long id, paddr_t entry, uint64_t argument);

/* Returns only if the firmware can't. */
enum sbi_reset { SBI_SHUTDOWN, SBI_COLD_REBOOT };
void sbi_reset(enum sbi_reset type, bool failure);

#endif
