// SPDX-License-Identifier: MIT
/*
 * entry.S - the first instructions on each hart.
 *
 * The firmware jumps to _start on one hart, any one, with a0 = its id and
 * a1 = the physical address of the device tree; in supervisor mode, with
 * translation and interrupts off, at the image's load address.  The code is
 * linked elsewhere, at the top of the address space, so until translation is
 * on it only uses addresses relative to pc.
 *
 * The first table has gigabyte leaves alone, so it is one frame:
 *
 *	slots 256..383   physical memory from 0 on, the linear map
 *	slot  510        the gigabyte that the image lies in
 *
 * It has no entry for the low address at which this code runs.  The fetch
 * after the write to satp therefore faults, and the trap goes to stvec, which
 * holds the high address of the next instruction.
 *
 * The other harts come in at hart_entry, asked for by SBI HSM one at a time,
 * find their idle thread in hart_starting, and load the kernel's final table.
 * Or they come in at _start: OpenSBI before 1.2 marks a hart as to be started
 * before it notes where, and a hart that looks just then goes to the boot
 * hart's address.  So _start lets only the first one through.
 */

#include "arch/riscv/csr.h"
#include "arch/riscv/offsets.h"

#define LEAF_RW 0xe7	/* D A G - - W R V */
#define LEAF_RWX 0xef	/* D A G - X W R V */
#define GIGAPAGE_SHIFT 30
#define GIGAPAGE_STEP 28 /* a leaf's frame number sits 2 bits lower */

/* Turn on translation with the satp value in t0; continue behind. */
.macro enter_virtual
	ld	t1, 8f
	csrw	stvec, t1
	sfence.vma
	csrw	satp, t0
	/* The fault may come from here on; never taken as a jump. */
	.balign	8
8:	.dword	9f
	.balign	4
9:	lla	t1, trap_entry
	csrw	stvec, t1
.endm

	.section .text.entry, "ax"
	.globl	_start
_start:
	csrw	sie, zero
	csrw	sscratch, zero		/* "in the kernel", for trap_entry */
	rdtime	s1

	lla	t0, boot_taken
	li	t1, 1
	amoswap.w.aq t1, t1, (t0)
	bnez	t1, hart_entry

	lla	t0, bss_start
	lla	t1, bss_end
1:	bgeu	t0, t1, 2f
	sd	zero, (t0)
	addi	t0, t0, 8
	j	1b

2:	lla	t0, boot_ticks
	sd	s1, (t0)

	lla	t0, boot_root
	li	t1, 512
	mv	t2, t0
3:	sd	zero, (t2)
	addi	t2, t2, 8
	addi	t1, t1, -1
	bnez	t1, 3b

	li	t1, 256 * 8
	add	t2, t0, t1		/* slot 256 */
	li	t1, LEAF_RW
	li	t3, 1 << GIGAPAGE_STEP
	li	t4, 128
4:	sd	t1, (t2)
	add	t1, t1, t3
	addi	t2, t2, 8
	addi	t4, t4, -1
	bnez	t4, 4b

	lla	t1, _start
	srli	t1, t1, GIGAPAGE_SHIFT
	slli	t1, t1, GIGAPAGE_STEP
	ori	t1, t1, LEAF_RWX
	li	t2, 510 * 8
	add	t2, t2, t0
	sd	t1, (t2)

	srli	t0, t0, 12
	li	t1, SATP_SV39
	slli	t1, t1, SATP_MODE_SHIFT
	or	t0, t0, t1
	enter_virtual

	lla	tp, boot_task
	lla	t0, hart_table
	sd	t0, THREAD_HART(tp)
	lla	t0, boot_stack
	sd	t0, THREAD_STACK(tp)
	lla	sp, boot_stack_end - FRAME_ROOM
	sd	sp, THREAD_KERNEL_SP(tp)
	sd	zero, FRAME_STATUS(sp)	/* no floating point to save */
	li	s0, 0			/* the end of the chain of frames */
	li	ra, 0
	tail	kernel_main

	.globl	hart_entry
	.balign	4
hart_entry:
	csrw	sie, zero
	csrw	sscratch, zero
	lla	t0, hart_starting
	ld	tp, (t0)
	lla	t0, kernel_satp
	ld	t0, (t0)
	enter_virtual
	ld	sp, THREAD_KERNEL_SP(tp)
	li	s0, 0
	li	ra, 0
	tail	hart_main

	.data				/* .bss is zeroed too late */
	.balign	4
boot_taken:
	.word	0

	.section .boot, "aw", @nobits
	.balign	4096
boot_root:
	.skip	4096
	.globl	boot_stack_guard
boot_stack_guard:
	.skip	4096
	.globl	boot_stack
boot_stack:
	.skip	1 << KERNEL_STACK_SHIFT
boot_stack_end:
