/* host-test: kernel/lib/chacha.c */
/* SPDX-License-Identifier: MIT */
/* chacha_test.c - the block function's test vectors of RFC 8439 (2.3.2, and
 * appendix A.1). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/lib/chacha.h"

static const struct vector {
	const char *name;
	uint8_t key_first; /* the key counts up from it by key_step */
	uint8_t key_step;
	uint8_t key_last; /* but for its last byte, where this isn't 0 */
	uint32_t counter;
	const char *nonce, *block; /* in hexadecimal */
} vectors[] = {
	{"2.3.2", 0, 1, 0, 1, "000000090000004a00000000",
	 "10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4e"
	 "d2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e"},
	{"A.1 #1", 0, 0, 0, 0, "000000000000000000000000",
	 "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
	 "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586"},
	{"A.1 #2", 0, 0, 0, 1, "000000000000000000000000",
	 "9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed"
	 "29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f"},
	{"A.1 #3", 0, 0, 1, 1, "000000000000000000000000",
	 "3aeb5224ecf849929b9d828db1ced4dd832025e8018b8160b82284f3c949aa5a"
	 "8eca00bbb4a73bdad192b5c42f73f2fd4e273644c8b36125a64addeb006c13a0"},
	{"A.1 #5", 0, 0, 0, 0, "000000000000000000000002",
	 "c2c64d378cd536374ae204b9ef933fcd1a8b2288b3dfa49672ab765b54ee27c7"
	 "8a970e0e955c14f3a88e741b97c286f75f8fc299e8148362fa198a39531bed6d"},
};

static void from_hex(uint8_t *out, const char *hex)
{
	for (; *hex; hex += 2) {
		unsigned byte;

		sscanf(hex, "%2x", &byte);
		*out++ = byte;
	}
}

int main(void)
{
	size_t n = sizeof(vectors) / sizeof(*vectors);

	for (const struct vector *v = vectors; v < vectors + n; v++) {
		uint8_t key[32], nonce[12], want[64], got[64];

		for (int i = 0; i < 32; i++)
			key[i] = v->key_first + i * v->key_step;
		if (v->key_last)
			key[31] = v->key_last;
		from_hex(nonce, v->nonce);
		from_hex(want, v->block);
		chacha20_block(key, v->counter, nonce, got);
		if (memcmp(want, got, sizeof(want)) != 0) {
			printf("vector %s differs\n", v->name);
			return 1;
		}
	}
	printf("chacha: %zu passed\n", n);
	return 0;
}
