/* SPDX-License-Identifier: MIT */
#ifndef ARCH_RISCV_KERNEL_MAP_H
#define ARCH_RISCV_KERNEL_MAP_H

/*
 * kernel_map.h - what kernel.ld, entry.S and C know of each other.  Only
 * arch/ uses it.
 */

#include "kernel/lib/types.h"

struct thread;

/* Borders in the image, page-aligned (kernel.ld; layout.h has the ends). */
extern char image_rodata[], image_data[];

/* The boot hart's stack, and the page below it (entry.S). */
extern char boot_stack_guard[], boot_stack[];

/* What entry.S loads on all harts but the first (kernel_map.c). */
extern uint64_t kernel_satp;

/* Where the firmware starts the other harts (entry.S), and the idle thread of
 * the one that is being started (harts.c). */
extern char hart_entry[];
extern struct thread *_Atomic hart_starting;

#endif
