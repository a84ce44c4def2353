/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_DEV_DEV_H
#define KERNEL_DEV_DEV_H

/*
 * dev.h - finding the machine's devices in the device tree and starting
 * their drivers.
 */

#include "kernel/lib/fdt.h"

/* Find and start: interrupt controller, UART, virtio-mmio.
 * Once, on the boot hart, with frames and slabs available. */
void dev_init(const struct fdt *fdt);

/* Each hart: accept external interrupts. */
void plic_init_hart(void);

/* trap_external()'s work: claim, call the handler, complete. */
void plic_handle(void);

/* The handler runs with interrupts off on whichever hart claims it. */
void plic_register(uint32_t source, void (*handler)(void *), void *arg);

/* Seconds since 1970 at power-on, by the machine's RTC; 0 if it has none. */
uint64_t rtc_boot_seconds(void);

#endif
