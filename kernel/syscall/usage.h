/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_SYSCALL_USAGE_H
#define KERNEL_SYSCALL_USAGE_H

/*
 * usage.h - times and resources used, in the structures of the ABI.
 */

#include "kernel/task/process.h"

void rusage_fill(struct rusage *out, const struct process_usage *used);

/* Nanoseconds as the ABI's pairs; and back: -EINVAL where it is no time. */
struct __kernel_timespec timespec_from_ns(uint64_t ns);
struct __kernel_old_timeval timeval_from_ns(uint64_t ns);
int ns_from_user_timespec(vaddr_t from, uint64_t *ns);

/* Until when a wait lasts that is to take the time at @from (0: for ever,
 * which is UINT64_MAX). */
int deadline_from_user(vaddr_t from, uint64_t *deadline);

/* Use the signal mask at @va (0: none) during a wait (poll.c); after it comes
 * signal_mask_restore(), unless a signal was the end.  -EFAULT, -EINVAL. */
int mask_from_user(vaddr_t va, size_t nbytes);

#endif
