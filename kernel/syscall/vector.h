/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_SYSCALL_VECTOR_H
#define KERNEL_SYSCALL_VECTOR_H

/*
 * vector.h - the buffers of readv, writev and their kin.
 */

#include "mm/uio.h"

enum { SMALL_VECTOR = 8 };

/* Copy and check a vector; its sum is cut at what one call moves at most.
 * *out is @small, or to be freed. */
int vector_get(vaddr_t va, size_t n, struct iovec *small, struct iovec **out);

#endif
