/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_LIB_PRINTK_H
#define KERNEL_LIB_PRINTK_H

/*
 * printk.h - the kernel's log, and formatting into buffers.
 *
 * Conversions: d i u x X c s p % with -, 0, #, width, precision (also *), and
 * the lengths hh h l ll z.  The log goes to the console unless `quiet` is
 * given; printk may be called from anywhere, with any lock held, and never
 * sleeps.
 */

#include <stdarg.h>

#include "kernel/lib/types.h"

void printk(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Like ISO C: return the length that would have been written. */
int snprintf(char *out, size_t nbytes, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int vsnprintf(char *out, size_t nbytes, const char *format, va_list args);

/*
 * Send the log's bytes to @sink from now on (before: the firmware's console).
 * The sink may be called on any hart with interrupts off; calls don't overlap.
 */
void printk_set_sink(void (*sink)(const char *bytes, size_t nbytes));

/* Keep the log off the console; a panic still prints. */
void printk_set_quiet(bool quiet);

#endif
