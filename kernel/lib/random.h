/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_LIB_RANDOM_H
#define KERNEL_LIB_RANDOM_H

/*
 * random.h - one generator (ChaCha20, RFC 8439, with key erasure) for
 * getrandom(2), AT_RANDOM, /dev/urandom and our own hashing.
 */

#include "kernel/lib/types.h"

/* Stir bytes in: the device tree's rng-seed, the time, interrupts. */
void random_stir(const void *bytes, size_t nbytes);

/* Fill @out.  Any context; takes a spinlock of its own. */
void random_bytes(void *out, size_t nbytes);

#endif
