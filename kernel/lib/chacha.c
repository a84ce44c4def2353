// SPDX-License-Identifier: MIT
/*
 * chacha.c - the ChaCha20 block function (RFC 8439, 2.1 to 2.3).
 *
 * A 4 x 4 matrix of 32-bit words is filled with four constants, the key, a
 * counter and a nonce, stirred in ten double rounds, first by columns and
 * then by diagonals, and added to what it was, so that the stirring can't be
 * run backwards:
 *
 *      c c c c        c: "expand 32-byte k"
 *      k k k k        k: key
 *      k k k k        b: block counter
 *      b n n n        n: nonce
 *
 * Locks: none.  Tests: tests/host/chacha_test.c.
 */

#include "kernel/lib/chacha.h"

static uint32_t rotate_left(uint32_t x, unsigned n)
{
	return x << n | x >> (32 - n);
}

static uint32_t load_le32(const uint8_t *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

static void store_le32(uint8_t *p, uint32_t x)
{
	for (int i = 0; i < 4; i++)
		p[i] = x >> 8 * i;
}

/* Inlined, where the indices are constants: half as many instructions. */
static inline void __attribute__((always_inline))
quarter_round(uint32_t *x, int a, int b, int c, int d)
{
	x[a] += x[b];
	x[d] = rotate_left(x[d] ^ x[a], 16);
	x[c] += x[d];
	x[b] = rotate_left(x[b] ^ x[c], 12);
	x[a] += x[b];
	x[d] = rotate_left(x[d] ^ x[a], 8);
	x[c] += x[d];
	x[b] = rotate_left(x[b] ^ x[c], 7);
}

static void double_round(uint32_t *x)
{
	quarter_round(x, 0, 4, 8, 12);
	quarter_round(x, 1, 5, 9, 13);
	quarter_round(x, 2, 6, 10, 14);
	quarter_round(x, 3, 7, 11, 15);
	quarter_round(x, 0, 5, 10, 15);
	quarter_round(x, 1, 6, 11, 12);
	quarter_round(x, 2, 7, 8, 13);
	quarter_round(x, 3, 4, 9, 14);
}

void chacha20_block(const uint8_t key[CHACHA_KEY_SIZE], uint32_t counter,
		    const uint8_t nonce[CHACHA_NONCE_SIZE],
		    uint8_t out[CHACHA_BLOCK_SIZE])
{
	uint32_t start[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
	uint32_t x[16];

	for (int i = 0; i < 8; i++)
		start[4 + i] = load_le32(key + 4 * i);
	start[12] = counter;
	for (int i = 0; i < 3; i++)
		start[13 + i] = load_le32(nonce + 4 * i);
	for (int i = 0; i < 16; i++)
		x[i] = start[i];
	for (int i = 0; i < 10; i++)
		double_round(x);
	for (int i = 0; i < 16; i++)
		store_le32(out + 4 * i, x[i] + start[i]);
}
