/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_LIB_ERRNO_H
#define KERNEL_LIB_ERRNO_H

/* Linux's error numbers, and the one that never leaves the kernel. */

#include <asm/errno.h>

/*
 * A call that slept was interrupted by a signal before it did anything.  The
 * signal code turns it into EINTR, or runs the call again (SA_RESTART).
 */
enum { ERESTARTSYS = 512 };

#endif
