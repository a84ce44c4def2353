/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_LIB_CHACHA_H
#define KERNEL_LIB_CHACHA_H

/* chacha.h - the ChaCha20 block function (RFC 8439, 2.3). */

#include "kernel/lib/types.h"

enum { CHACHA_KEY_SIZE = 32, CHACHA_NONCE_SIZE = 12, CHACHA_BLOCK_SIZE = 64 };

/* 64 bytes that nobody can tell from random without @key. */
void chacha20_block(const uint8_t key[CHACHA_KEY_SIZE], uint32_t counter,
		    const uint8_t nonce[CHACHA_NONCE_SIZE],
		    uint8_t out[CHACHA_BLOCK_SIZE]);

#endif
