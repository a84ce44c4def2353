/* SPDX-License-Identifier: MIT */
#ifndef ARCH_RISCV_IPI_H
#define ARCH_RISCV_IPI_H

/*
 * ipi.h - sets of harts, between the kernel's indices and the firmware's ids.
 * Only arch/ uses it.
 */

/* All harts that run, but this one: a mask of indices. */
unsigned long harts_others_online(void);

/*
 * Call @send for the harts in @harts, a mask of indices, as often as it takes
 * to say them as masks of 64 hart ids from a base on.
 */
void harts_for_each_chunk(unsigned long harts,
			  void (*send)(unsigned long mask, unsigned long base,
				       void *arg),
			  void *arg);

/* An interrupt from hart_send_ipi() or harts_stop_others() came. */
void ipi_handle(void);

#endif
