/* SPDX-License-Identifier: MIT */
#ifndef ARCH_RISCV_VDSO_H
#define ARCH_RISCV_VDSO_H

/*
 * vdso.h - a page of the kernel's that every program has: a small shared
 * library ("virtual dynamic shared object"), which vdso/ is the source of.
 *
 * A clock that is read ten thousand times a second should not need a system
 * call each time.  The time CSR can be read in user mode, and what turns it
 * into nanoseconds are two constants: the kernel writes them into the page
 * before the first program gets it.  The C library finds the functions as it
 * finds any library's, by name (AT_SYSINFO_EHDR says where the page is).
 */

#include "kernel/lib/types.h"

struct vdso_constants {
	uint64_t ns_per_tick; /* of the time CSR, 32.32 fixed point */
	uint64_t boot_ns;     /* CLOCK_REALTIME when CLOCK_MONOTONIC was 0 */
};

/* Make a page of zeros that page; the real clock is @boot_ns ahead. */
void vdso_fill(void *page, uint64_t boot_ns);

/* Where in it is the code that calls rt_sigreturn(2)? */
uint64_t vdso_sigreturn(void);

#endif
