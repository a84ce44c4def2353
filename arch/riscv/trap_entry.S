// SPDX-License-Identifier: MIT
/*
 * trap_entry.S - from any instruction to C, and back; and from one thread to
 * another.
 *
 * sscratch says where a trap came from: 0 in the kernel; the address of the
 * thread's trap frame, at the top of its kernel stack, while it is in user
 * mode.  The word above that frame holds the thread.
 *
 *	user     save all registers in the frame (fork, signals and debuggers
 *	         want it complete), call C, and on the way back load only those
 *	         that C may have changed: s1-s11 and gp still hold the user's
 *	         values, unless somebody rewrote the frame (THREAD_FRAME).
 *	kernel   push a frame on the stack in use, call C, load again.
 *
 * A system call goes straight from here to trap_syscall(); everything else
 * through trap_from_user_mode() or trap_from_kernel() in trap.c.
 *
 * A kernel stack that has overflowed can't take the frame that would tell of
 * it, so a trap in the kernel first looks whether there is room.
 */

#include "arch/riscv/csr.h"
#include "arch/riscv/offsets.h"

#define CAUSE_ECALL_USER 8

.macro save registers:vararg
	.irp	n, \registers
	sd	x\n, \n * 8(sp)
	.endr
.endm

.macro load registers:vararg
	.irp	n, \registers
	ld	x\n, \n * 8(sp)
	.endr
.endm

	.option	norelax
	.text
	.balign	4
	.globl	trap_entry
trap_entry:
	csrrw	sp, sscratch, sp
	beqz	sp, from_kernel

	save	1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17
	save	18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	ld	tp, FRAME_THREAD(sp)
	csrrw	t0, sscratch, zero
	csrr	t1, sepc
	csrr	t2, sstatus
	csrr	t3, scause
	sd	t0, FRAME_SP(sp)
	sd	t2, FRAME_STATUS(sp)
	sd	t3, FRAME_CAUSE(sp)
	li	t4, CAUSE_ECALL_USER
	mv	s0, zero		/* the end of the chain of frames */
	bne	t3, t4, 1f

	addi	t1, t1, 4
	sd	t1, FRAME_PC(sp)
	sd	a0, FRAME_ORIG_A0(sp)
	csrsi	sstatus, SSTATUS_SIE
	mv	a0, sp
	call	trap_syscall
	j	return_to_user

1:	csrr	t4, stval
	sd	t1, FRAME_PC(sp)
	sd	t4, FRAME_VALUE(sp)
	mv	a0, sp
	call	trap_from_user_mode

	/* s0 was taken for the chain of frames, so it is loaded, too. */
return_to_user:
	csrci	sstatus, SSTATUS_SIE
	ld	t0, THREAD_PENDING(tp)
	bnez	t0, return_slowly
return_fast:
	ld	t1, FRAME_PC(sp)
	ld	t2, FRAME_STATUS(sp)
	csrw	sepc, t1
	csrw	sstatus, t2
	csrw	sscratch, sp
	load	1, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 16, 17
	load	28, 29, 30, 31
	ld	sp, FRAME_SP(sp)
	sret

return_slowly:
	mv	a0, sp
	call	trap_before_user_mode
	load	3, 9, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27
	j	return_fast

from_kernel:
	csrrw	sp, sscratch, sp	/* sscratch is 0 again */
	csrw	sscratch, t0
	ld	t0, THREAD_STACK(tp)
	sub	t0, sp, t0
	addi	t0, t0, -FRAME_ROOM
	srli	t0, t0, KERNEL_STACK_SHIFT
	bnez	t0, stack_overflow
	csrrw	t0, sscratch, zero

	addi	sp, sp, -FRAME_ROOM
	save	1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17
	save	18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	addi	t0, sp, FRAME_ROOM
	csrr	t1, sepc
	csrr	t2, sstatus
	csrr	t3, scause
	csrr	t4, stval
	sd	t0, FRAME_SP(sp)
	sd	t1, FRAME_PC(sp)
	sd	t2, FRAME_STATUS(sp)
	sd	t3, FRAME_CAUSE(sp)
	sd	t4, FRAME_VALUE(sp)
	/* A user copy was interrupted: not everybody may touch user pages. */
	li	t0, SSTATUS_SUM
	csrc	sstatus, t0
	mv	a0, sp
	call	trap_from_kernel
	ld	t1, FRAME_PC(sp)
	ld	t2, FRAME_STATUS(sp)
	csrw	sepc, t1
	csrw	sstatus, t2
	load	1, 5, 6, 7, 10, 11, 12, 13, 14, 15, 16, 17, 28, 29, 30, 31
	addi	sp, sp, FRAME_ROOM
	sret

	/* On a stack of its own, for the first hart that gets here. */
stack_overflow:
	csrw	sscratch, zero
	lla	t0, overflow_taken
	li	t1, 1
	amoswap.w.aq t1, t1, (t0)
2:	bnez	t1, 2b
	mv	a0, sp
	csrr	a1, sepc
	csrr	a2, stval
	lla	sp, overflow_stack_end
	call	trap_stack_overflow

/*
 * struct thread *context_switch(struct thread *from, struct thread *to):
 * a0 goes through unchanged, so that @to's call returns @from.
 */
	.globl	context_switch
context_switch:
	addi	t0, a0, THREAD_CONTEXT
	addi	t1, a1, THREAD_CONTEXT
	.set	at, 0
	.irp	r, ra, sp, gp, s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11
	sd	\r, at(t0)
	ld	\r, at(t1)
	.set	at, at + 8
	.endr
	mv	tp, a1
	ret

/* The first instructions of new threads; thread.c left s1 = fn, s2 = arg. */
	.globl	thread_start_kernel, thread_start_user
thread_start_kernel:
	mv	a0, s2
	jalr	s1
	unimp				/* fn may not return */

thread_start_user:
	jalr	s1
	li	t0, SSTATUS_SIE
	csrc	sstatus, t0
	j	return_slowly

/* void fp_save(struct fp_state *), fp_load(const struct fp_state *) */
	.option	push
	.option	arch, +f, +d
	.globl	fp_save, fp_load
fp_save:
	li	t0, SSTATUS_FS
	csrs	sstatus, t0
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	fsd	f\n, \n * 8(a0)
	.endr
	.irp	n, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
	fsd	f\n, \n * 8(a0)
	.endr
	fsd	f31, 248(a0)
	frcsr	t1
	sw	t1, 256(a0)
	ret

fp_load:
	li	t0, SSTATUS_FS
	csrs	sstatus, t0
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	fld	f\n, \n * 8(a0)
	.endr
	.irp	n, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
	fld	f\n, \n * 8(a0)
	.endr
	fld	f31, 248(a0)
	lw	t1, 256(a0)
	fscsr	t1
	ret
	.option	pop

	.bss
	.balign	16
	.globl	overflow_stack, overflow_stack_end
overflow_stack:
	.skip	4096
overflow_stack_end:
overflow_taken:
	.skip	4
