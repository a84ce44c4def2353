// SPDX-License-Identifier: MIT
/*
 * time.c - nanoseconds out of the time CSR, and the timer.
 *
 * The time CSR counts at a frequency that the device tree states (10 MHz on
 * QEMU), the same on all harts.  The kernel counts nanoseconds everywhere, so
 * each reading is one multiplication by a fixed-point number:
 *
 *	ns = ticks * ns_per_tick / 2^32
 *
 * A deadline is rounded up to a whole tick: a timer may be late, never early.
 *
 * The timer interrupt stays pending until the next deadline is set; trap.c
 * masks it before it calls trap_timer(), and timer_set() unmasks it again.
 * "Never" is the mask alone, without asking the firmware.
 */

#include "arch/riscv/csr.h"
#include "arch/riscv/hart.h"
#include "arch/riscv/sbi.h"
#include "arch/riscv/time.h"

static const uint64_t SECOND = 1000000000;

uint64_t boot_ticks; /* the time CSR in entry.S */

static uint64_t ticks_per_second;
static uint64_t ns_per_tick; /* 32.32 fixed point */

void time_init(uint32_t frequency)
{
	ticks_per_second = frequency;
	ns_per_tick = (SECOND << 32) / frequency;
}

uint64_t time_frequency(void)
{
	return ticks_per_second;
}

uint64_t time_ns_per_tick(void)
{
	return ns_per_tick;
}

static uint64_t ns_of(uint64_t ticks)
{
	return (uint64_t)((unsigned __int128)ticks * ns_per_tick >> 32);
}

uint64_t time_now(void)
{
	return ns_of(csr_read(time));
}

uint64_t time_since_boot(void)
{
	return ns_of(csr_read(time) - boot_ticks);
}

static uint64_t ticks_at(uint64_t deadline)
{
	uint64_t seconds = deadline / SECOND;
	uint64_t rest = deadline % SECOND * ticks_per_second;

	return seconds * ticks_per_second + (rest + SECOND - 1) / SECOND;
}

void timer_set(uint64_t deadline)
{
	if (deadline == UINT64_MAX) {
		csr_clear(sie, SIE_TIMER);
		return;
	}
	if (hart_has_sstc)
		csr_write(0x14d, ticks_at(deadline)); /* stimecmp */
	else
		sbi_set_timer(ticks_at(deadline));
	csr_set(sie, SIE_TIMER);
}
