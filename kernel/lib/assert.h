/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_LIB_ASSERT_H
#define KERNEL_LIB_ASSERT_H

/*
 * assert.h - statements of our own invariants, always compiled in.
 *
 * Never assert about what a user program, a file, a disk image or a device
 * says: those are errors, with an errno.
 */

/* Stop every hart, print why, and power off (or wait, by panic=). */
_Noreturn void panic(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* panic=: 0 stays, N > 0 reboots after N seconds, N < 0 reboots at once.  Where
 * this is never called, a panic powers off with failure at once. */
void panic_set_timeout(long seconds);

_Noreturn void assert_failed(const char *expression, const char *file, int line,
			     const char *function);

/* What the compiler can check by itself (C11's name for it). */
#define static_assert _Static_assert

#define assert(cond) \
	(__builtin_expect(!!(cond), 1) \
		 ? (void)0 \
		 : assert_failed(#cond, __FILE__, __LINE__, __func__))

#endif
