/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_DEV_DRIVERS_H
#define KERNEL_DEV_DRIVERS_H

/* drivers.h - how dev.c starts each driver, once, on the boot hart. */

#include "kernel/lib/fdt.h"

void random_init(const struct fdt *fdt);
void rtc_init(const struct fdt *fdt);
void plic_init(const struct fdt *fdt);
void uart_init(const struct fdt *fdt);
void virtio_init(const struct fdt *fdt);

/* The interrupt source of a device's node, or 0. */
uint32_t plic_source(const struct fdt *fdt, int node);

#endif
