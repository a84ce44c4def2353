// SPDX-License-Identifier: MIT
/*
 * dev.c - starting the machine's devices, in the order of who needs whom.
 *
 * Nothing is compiled in: each driver asks the device tree whether its device
 * is there, and where.
 *
 *      random, rtc     need nothing
 *      plic            interrupts for all below
 *      uart, tty       from here on there is a console
 *      virtio          disks and ports
 */

#include "kernel/dev/dev.h"

#include "kernel/dev/drivers.h"
#include "kernel/dev/tty.h"

void dev_init(const struct fdt *fdt)
{
	random_init(fdt);
	rtc_init(fdt);
	plic_init(fdt);
	uart_init(fdt);
	tty_init();
	virtio_init(fdt);
}
