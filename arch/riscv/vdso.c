// SPDX-License-Identifier: MIT
/*
 * vdso.c - the page that every program has, as it leaves the kernel.
 *
 * The kernel's image holds the library as the linker made it from vdso/; the
 * constants behind it are known only when the machine runs.
 */

#include "arch/riscv/vdso.h"

#include <linux/elf.h>

#include "arch/riscv/time.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"

extern const char vdso_image[], vdso_image_end[]; /* vdso_image.S */

void vdso_fill(void *page, uint64_t boot_ns)
{
	size_t nbytes = vdso_image_end - vdso_image;
	size_t at = PAGE_SIZE - sizeof(struct vdso_constants);

	assert(nbytes <= at);
	memcpy(page, vdso_image, nbytes);
	*(struct vdso_constants *)((char *)page + at) =
		(struct vdso_constants){time_ns_per_tick(), boot_ns};
}

uint64_t vdso_sigreturn(void)
{
	return ((const struct elf64_hdr *)vdso_image)->e_entry;
}
