/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_TASK_TRAP_H
#define KERNEL_TASK_TRAP_H

/*
 * trap.h - what trap.c needs of the room above: kernel/syscall/ provides it.
 */

#include "kernel/lib/types.h"

/* Run call @number; -ENOSYS (logged once) if there is none. */
long syscall_dispatch(uint64_t number, const uint64_t *arg);

#endif
