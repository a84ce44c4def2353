// SPDX-License-Identifier: MIT
/*
 * random.c - random bytes that can't be foretold, nor told afterwards.
 *
 * There is one secret, a ChaCha20 key.  Who wants bytes gets blocks of the
 * key's stream, but the first half of the first block replaces the key before
 * anything is handed out ("fast key erasure"): who learns the key later learns
 * nothing about bytes given before.
 *
 *      key --block--> | new key, 32 | bytes, 32 |
 *
 * A long request takes one such 32 bytes as a key of its own and makes the
 * rest from that with no lock held.
 *
 * Stirring in bytes xors them into the key and runs the block function: it
 * never makes the key easier to guess, whatever the bytes are.
 *
 * Locks: random_lock (RANK_RANDOM), in any context.
 */

#include "kernel/lib/random.h"

#include "arch/riscv/time.h"
#include "kernel/dev/drivers.h"
#include "kernel/lib/chacha.h"
#include "kernel/lib/string.h"
#include "kernel/sync/spinlock.h"

static struct spinlock random_lock = SPINLOCK_INIT("random", RANK_RANDOM);
static uint8_t key[CHACHA_KEY_SIZE];

static const uint8_t no_nonce[CHACHA_NONCE_SIZE];

/* Replace the key; @out gets the other half of the block. */
static void next_key_locked(uint8_t out[CHACHA_KEY_SIZE])
{
	uint8_t block[CHACHA_BLOCK_SIZE];

	chacha20_block(key, 0, no_nonce, block);
	memcpy(key, block, CHACHA_KEY_SIZE);
	memcpy(out, block + CHACHA_KEY_SIZE, CHACHA_KEY_SIZE);
}

static void next_key(uint8_t out[CHACHA_KEY_SIZE])
{
	unsigned long saved = spin_lock_irq(&random_lock);

	next_key_locked(out);
	spin_unlock_irq(&random_lock, saved);
}

void random_stir(const void *bytes, size_t nbytes)
{
	const uint8_t *p = bytes;
	uint8_t unused[CHACHA_KEY_SIZE];
	unsigned long saved = spin_lock_irq(&random_lock);

	for (size_t i = 0; i < nbytes; i++) {
		key[i % CHACHA_KEY_SIZE] ^= p[i];
		if (i % CHACHA_KEY_SIZE == CHACHA_KEY_SIZE - 1)
			next_key_locked(unused);
	}
	next_key_locked(unused);
	spin_unlock_irq(&random_lock, saved);
}

void random_bytes(void *out, size_t nbytes)
{
	uint8_t own[CHACHA_KEY_SIZE], block[CHACHA_BLOCK_SIZE];
	uint8_t *to = out;

	next_key(own);
	if (nbytes <= sizeof(own)) {
		memcpy(to, own, nbytes);
		return;
	}
	for (uint32_t counter = 0; nbytes > 0; counter++) {
		size_t n = min_u64(nbytes, sizeof(block));

		/* A block counter has 32 bits. */
		if (counter == UINT32_MAX) {
			next_key(own);
			counter = 0;
		}
		chacha20_block(own, counter, no_nonce, block);
		memcpy(to, block, n);
		to += n;
		nbytes -= n;
	}
}

void random_init(const struct fdt *fdt)
{
	int chosen = fdt_find_path(fdt, "/chosen");
	uint32_t nbytes;
	const void *seed = fdt_property(fdt, chosen, "rng-seed", &nbytes);
	uint64_t now = time_now();

	if (seed)
		random_stir(seed, nbytes);
	random_stir(&now, sizeof(now));
}
