/* SPDX-License-Identifier: MIT */
/* vdso_image.S - the library that vdso/ was made into. */

	.section .rodata
	.balign	8
	.globl	vdso_image, vdso_image_end
vdso_image:
	.incbin	"vdso.so"
vdso_image_end:
