// SPDX-License-Identifier: MIT
/*
 * rtc.c - the wall clock, from QEMU's "goldfish" real-time clock.
 *
 * The device counts nanoseconds since 1970.  Reading the low half latches the
 * high half.  We read it once, at boot: from then on wall-clock time is that
 * of power-on plus what the harts' own clock says, which costs no access to a
 * device.
 *
 * Locks: none; the value is constant after boot.
 */

#include "arch/riscv/time.h"
#include "kernel/dev/dev.h"
#include "kernel/dev/drivers.h"
#include "kernel/dev/mmio.h"

enum { RTC_TIME_LOW = 0, RTC_TIME_HIGH = 4, NANOSECONDS = 1000000000 };

static uint64_t boot_seconds;

void rtc_init(const struct fdt *fdt)
{
	int node = fdt_next_compatible(fdt, -1, "google,goldfish-rtc");
	uint64_t pa, nbytes, now;
	vaddr_t registers;

	if (node < 0 || !fdt_reg(fdt, node, 0, &pa, &nbytes))
		return;
	registers = mmio_address(pa);
	now = mmio_read32(registers + RTC_TIME_LOW);
	now |= (uint64_t)mmio_read32(registers + RTC_TIME_HIGH) << 32;
	boot_seconds = (now - time_now()) / NANOSECONDS;
}

uint64_t rtc_boot_seconds(void)
{
	return boot_seconds;
}
