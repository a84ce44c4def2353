// SPDX-License-Identifier: MIT
/*
 * copy.S - the loops that decide what moving bytes costs: whole pages, and
 * the copies of usercopy.c, which may fault at any load or store of user
 * memory.
 *
 * A fault that can't be resolved makes trap.c look its pc up in the table of
 * fixups at the end: code in [start, end) goes on at `landing` instead.  So
 * that nothing but pc need change, registers are kept true at each point
 * where a fault may happen:
 *
 *	a0 where to, a1 where from, a2 how many bytes are left
 *
 * They move only when a whole block has been copied.  A fault in the middle
 * of a block lands in the byte loop, which copies what there is and faults
 * again at exactly the first bad byte.
 *
 * Copies go 8 bytes at a time whatever the alignment: the destination is
 * aligned first; if the source then is not, aligned words of it are shifted
 * together.  (They hold at least one byte that is wanted, so they touch no
 * page that the copy doesn't.)
 */

#include <asm/errno.h>

.macro eight instruction, base, at
	.set	offset, \at
	.irp	register, t1, t2, t3, t4, t5, t6, a3, a4
	\instruction \register, offset(\base)
	.set	offset, offset + 8
	.endr
.endm

	.option	norelax
	.text

/* void page_copy(void *to, const void *from) */
	.globl	page_copy
page_copy:
	li	a2, 4096
	j	copy_aligned

/* size_t copy_bytes(void *to, const void *from, size_t nbytes): what is left */
	.globl	copy_bytes
copy_bytes:
	li	t0, 16
	bltu	a2, t0, copy_tail
copy_head:
	andi	t0, a0, 7
	beqz	t0, 1f
	lbu	t1, (a1)
	sb	t1, (a0)
	addi	a1, a1, 1
	addi	a0, a0, 1
	addi	a2, a2, -1
	j	copy_head

1:	andi	t0, a1, 7
	bnez	t0, copy_shifted
copy_aligned:
	li	t0, 128
	bltu	a2, t0, copy_word
1:	.irp	at, 0, 64
	eight	ld, a1, \at
	eight	sd, a0, \at
	.endr
	addi	a1, a1, 128
	addi	a0, a0, 128
	addi	a2, a2, -128
	bgeu	a2, t0, 1b
copy_word:
	li	t0, 8
	bltu	a2, t0, copy_tail
2:	ld	t1, (a1)
	sd	t1, (a0)
	addi	a1, a1, 8
	addi	a0, a0, 8
	addi	a2, a2, -8
	bgeu	a2, t0, 2b
	j	copy_tail

copy_shifted:
	slli	t0, t0, 3		/* bits of the first word to drop */
	neg	t1, t0			/* shifts take it modulo 64 */
	andi	a3, a1, -8
	li	a4, 8
	ld	t2, (a3)
3:	ld	t3, 8(a3)
	srl	t2, t2, t0
	sll	t4, t3, t1
	or	t2, t2, t4
	sd	t2, (a0)
	mv	t2, t3
	addi	a3, a3, 8
	addi	a1, a1, 8
	addi	a0, a0, 8
	addi	a2, a2, -8
	bgeu	a2, a4, 3b

copy_tail:
	beqz	a2, copy_end
	lbu	t1, (a1)
	sb	t1, (a0)
	addi	a1, a1, 1
	addi	a0, a0, 1
	addi	a2, a2, -1
	j	copy_tail
copy_end:
	mv	a0, a2
	ret

/* void page_zero(void *page) */
	.globl	page_zero
page_zero:
	li	a2, 4096
	j	zero_aligned

/* size_t zero_bytes(void *to, size_t unused, size_t nbytes): what is left */
	.globl	zero_bytes
zero_bytes:
	andi	t0, a0, 7
	beqz	t0, zero_aligned
	beqz	a2, zero_end
	sb	zero, (a0)
	addi	a0, a0, 1
	addi	a2, a2, -1
	j	zero_bytes
zero_aligned:
	li	t0, 256
	bltu	a2, t0, zero_word
1:	.set	offset, 0
	.rept	32
	sd	zero, offset(a0)
	.set	offset, offset + 8
	.endr
	addi	a0, a0, 256
	addi	a2, a2, -256
	bgeu	a2, t0, 1b
zero_word:
	li	t0, 8
	bltu	a2, t0, zero_tail
	sd	zero, (a0)
	addi	a0, a0, 8
	addi	a2, a2, -8
	j	zero_word
zero_tail:
	beqz	a2, zero_end
	sb	zero, (a0)
	addi	a0, a0, 1
	addi	a2, a2, -1
	j	zero_tail
zero_end:
	mv	a0, a2
	ret

/* ssize_t copy_string(char *to, const char *from, size_t nbytes): its length,
 * -ENAMETOOLONG or -EFAULT */
	.globl	copy_string
copy_string:
	mv	a3, a0
	add	a4, a0, a2		/* where the room ends */
1:	beq	a0, a4, string_too_long
	lbu	t0, (a1)
	sb	t0, (a0)
	addi	a1, a1, 1
	addi	a0, a0, 1
	bnez	t0, 1b
	sub	a0, a0, a3
	addi	a0, a0, -1
	ret
string_too_long:
	li	a0, -ENAMETOOLONG
	ret

/* int load_u32(const uint32_t *at, uint32_t *value) */
	.globl	load_u32
load_u32:
	lw	t0, (a0)
	sw	t0, (a1)
	li	a0, 0
	ret

/* int compare_exchange_u32(uint32_t *at, uint32_t old, uint32_t new,
 *			    uint32_t *seen) */
	.globl	compare_exchange_u32
compare_exchange_u32:
	sext.w	a1, a1
1:	lr.w.aqrl t0, (a0)
	bne	t0, a1, 2f
	sc.w.rl	t1, a2, (a0)
	bnez	t1, 1b
2:	sw	t0, (a3)
	li	a0, 0
	ret

/* int touch_u32(uint32_t *at): a store that changes nothing, even if others
 * store there now */
	.globl	touch_u32
touch_u32:
	amoor.w	zero, zero, (a0)
	li	a0, 0
	ret
usercopy_end:

fault:
	li	a0, -EFAULT
	ret

	.section .rodata
	.balign	8
	.globl	usercopy_fixups, usercopy_fixups_end
usercopy_fixups:
	.dword	copy_head, copy_aligned, copy_end
	.dword	copy_aligned, copy_tail, copy_tail
	.dword	copy_tail, zero_bytes, copy_end
	.dword	zero_bytes, zero_aligned, zero_end
	.dword	zero_aligned, zero_tail, zero_tail
	.dword	zero_tail, copy_string, zero_end
	.dword	copy_string, usercopy_end, fault
usercopy_fixups_end:
