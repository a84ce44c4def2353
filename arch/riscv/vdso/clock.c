// SPDX-License-Identifier: MIT
/*
 * clock.c - reading the clocks in user mode.
 *
 * This is no code of the kernel's: it runs in the program that calls it, with
 * that program's rights, and a bad pointer is that program's fault (SIGSEGV
 * and not EFAULT).  What can't be told from the time CSR, such as CPU time, is
 * asked of the kernel.
 *
 * Book: chapter 12.  Tests: usertests "vdso".
 */

#include <asm/unistd.h>
#include <linux/time.h>

#include "arch/riscv/csr.h"
#include "arch/riscv/vdso.h"

#define EXPORT __attribute__((visibility("default")))

enum { NSEC_PER_SEC = 1000000000, NSEC_PER_USEC = 1000 };

/* vdso.ld says where. */
extern const struct vdso_constants vdso_constants
	__attribute__((visibility("hidden")));

static long call(long number, long a, long b)
{
	register long a0 asm("a0") = a;
	register long a1 asm("a1") = b;
	register long a7 asm("a7") = number;

	asm volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a7) : "memory");
	return a0;
}

static uint64_t monotonic(void)
{
	uint64_t ticks = csr_read(time);

	return (unsigned __int128)ticks * vdso_constants.ns_per_tick >> 32;
}

/* Is @clock one of those in the set @clocks? */
static bool among(unsigned clock, unsigned clocks)
{
	return clock < 32 && (clocks >> clock & 1);
}

static const unsigned REAL =
	1 << CLOCK_REALTIME | 1 << CLOCK_REALTIME_COARSE | 1 << CLOCK_TAI;
static const unsigned MONOTONIC =
	1 << CLOCK_MONOTONIC | 1 << CLOCK_MONOTONIC_RAW |
	1 << CLOCK_MONOTONIC_COARSE | 1 << CLOCK_BOOTTIME;

EXPORT int __vdso_clock_gettime(int clock, struct __kernel_timespec *out)
{
	uint64_t ns;

	if (!among(clock, REAL | MONOTONIC))
		return call(__NR_clock_gettime, clock, (long)out);
	ns = monotonic();
	if (among(clock, REAL))
		ns += vdso_constants.boot_ns;
	out->tv_sec = ns / NSEC_PER_SEC;
	out->tv_nsec = ns % NSEC_PER_SEC;
	return 0;
}

EXPORT int __vdso_clock_getres(int clock, struct __kernel_timespec *out)
{
	return call(__NR_clock_getres, clock, (long)out);
}

EXPORT int __vdso_gettimeofday(struct __kernel_old_timeval *out,
			       struct timezone *zone)
{
	uint64_t ns = monotonic() + vdso_constants.boot_ns;

	if (out) {
		out->tv_sec = ns / NSEC_PER_SEC;
		out->tv_usec = ns % NSEC_PER_SEC / NSEC_PER_USEC;
	}
	if (zone)
		*zone = (struct timezone){0};
	return 0;
}
