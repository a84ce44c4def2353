/* SPDX-License-Identifier: MIT */
/*
 * calls.S - system calls that Linux's programs expect to find in the vDSO.
 *
 * A handler returns to __vdso_rt_sigreturn.  Its two instructions are also how
 * unwinders recognise a signal's frame, so nothing describes it as a function.
 */

#include <asm/unistd.h>

.macro function name, number
	.globl	\name
	.type	\name, @function
	.balign	4
\name:
	li	a7, \number
	ecall
.endm

	.option	norvc
	.text
	nop /* an unwinder looks at the instruction before the return address */
	function __vdso_rt_sigreturn, __NR_rt_sigreturn
	.size	__vdso_rt_sigreturn, . - __vdso_rt_sigreturn

	function __vdso_getcpu, __NR_getcpu
	ret
	.size	__vdso_getcpu, . - __vdso_getcpu

	function __vdso_flush_icache, __NR_riscv_flush_icache
	ret
	.size	__vdso_flush_icache, . - __vdso_flush_icache
