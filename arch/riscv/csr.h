/* SPDX-License-Identifier: MIT */
#ifndef ARCH_RISCV_CSR_H
#define ARCH_RISCV_CSR_H

/*
 * csr.h - the control and status registers of supervisor mode, for C and for
 * the assembler.  (Privileged spec, chapter "Supervisor-Level ISA".)
 */

#define SSTATUS_SIE (1 << 1)  /* interrupts are on */
#define SSTATUS_SPIE (1 << 5) /* ... and were, before the trap */
#define SSTATUS_SPP (1 << 8)  /* the trap came from supervisor mode */
#define SSTATUS_FS (3 << 13)  /* floating point: off, initial, clean, dirty */
#define SSTATUS_FS_CLEAN (2 << 13)
#define SSTATUS_SUM (1 << 18) /* supervisor may touch user pages */

#define SIE_SOFTWARE (1 << 1) /* the same bits in sip */
#define SIE_TIMER (1 << 5)
#define SIE_EXTERNAL (1 << 9)

#define SATP_SV39 8 /* in bits 60 to 63 */
#define SATP_MODE_SHIFT 60
#define SATP_ASID_SHIFT 44

#ifndef __ASSEMBLER__

#define csr_read(name) \
	({ \
		unsigned long value_; \
		asm volatile("csrr %0, " #name : "=r"(value_)::"memory"); \
		value_; \
	})

#define csr_write(name, value) \
	asm volatile("csrw " #name ", %0" ::"rK"((unsigned long)(value)) \
		     : "memory")

#define csr_set(name, bits) \
	asm volatile("csrs " #name ", %0" ::"rK"((unsigned long)(bits)) \
		     : "memory")

#define csr_clear(name, bits) \
	asm volatile("csrc " #name ", %0" ::"rK"((unsigned long)(bits)) \
		     : "memory")

#endif
#endif
