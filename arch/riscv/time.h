/* SPDX-License-Identifier: MIT */
#ifndef ARCH_RISCV_TIME_H
#define ARCH_RISCV_TIME_H

/* time.h - the clock (the time CSR) and this hart's one-shot timer (SBI,
 * or the stimecmp CSR where the harts have Sstc). */

#include "kernel/lib/types.h"

/* Nanoseconds since the machine was powered on. */
uint64_t time_now(void);

/* The same since the firmware jumped to the kernel. */
uint64_t time_since_boot(void);

/* The time CSR's frequency, from the device tree; and to ask for it. */
void time_init(uint32_t frequency);
uint64_t time_frequency(void);

/* What turns the time CSR into nanoseconds: 32.32 fixed point. */
uint64_t time_ns_per_tick(void);

/* Call trap_timer() on this hart at time_now() >= @deadline (never: -1). */
void timer_set(uint64_t deadline);

#endif
