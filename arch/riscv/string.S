// SPDX-License-Identifier: MIT
/*
 * string.S - filling and copying one page: the two loops that decide what
 * memory costs.
 *
 * Both take page-aligned addresses in the linear map, go 8 bytes at a time,
 * and are unrolled so far that counting costs a twentieth of the work.
 */

	.option	norelax
	.text

/* void page_zero(void *page) */
	.globl	page_zero
page_zero:
	li	t0, 4096 - 1
	add	t0, t0, a0		/* the last byte */
1:	.set	at, 0
	.rept	32
	sd	zero, at(a0)
	.set	at, at + 8
	.endr
	addi	a0, a0, 256
	bltu	a0, t0, 1b
	ret

/* void page_copy(void *to, const void *from) */
	.globl	page_copy
page_copy:
	li	t0, 4096 - 1
	add	t0, t0, a0
1:	.irp	at, 0, 64, 128, 192
	ld	t1, \at + 0(a1)
	ld	t2, \at + 8(a1)
	ld	t3, \at + 16(a1)
	ld	t4, \at + 24(a1)
	ld	t5, \at + 32(a1)
	ld	t6, \at + 40(a1)
	ld	a2, \at + 48(a1)
	ld	a3, \at + 56(a1)
	sd	t1, \at + 0(a0)
	sd	t2, \at + 8(a0)
	sd	t3, \at + 16(a0)
	sd	t4, \at + 24(a0)
	sd	t5, \at + 32(a0)
	sd	t6, \at + 40(a0)
	sd	a2, \at + 48(a0)
	sd	a3, \at + 56(a0)
	.endr
	addi	a0, a0, 256
	addi	a1, a1, 256
	bltu	a0, t0, 1b
	ret
