/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_SYSCALL_SYSCALL_H
#define KERNEL_SYSCALL_SYSCALL_H

/*
 * syscall.h - the system-call table's two sides.
 *
 * A handler gets its arguments as they stand in the trap frame (a0..a5) and
 * returns the result or a negative errno.  Handlers are grouped by subject in
 * kernel/syscall/<subject>.c; table.c maps Linux's numbers (<asm/unistd.h>)
 * to them.
 */

#include "kernel/lib/errno.h"
#include "kernel/lib/types.h"

typedef long syscall_handler(const uint64_t *arg);

#define SYSCALL(name) long sys_##name(const uint64_t *arg)

#endif
