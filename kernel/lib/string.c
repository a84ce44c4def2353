// SPDX-License-Identifier: MIT
/*
 * string.c - bytes and strings, eight bytes at a time where it matters.
 *
 * Filling and copying are most of what a memory manager makes the machine do,
 * so the four block functions work in aligned 64-bit words, unrolled: one
 * store (and one load) for each word, with as little as possible around it.
 *
 *      |head|  word  |  word  | ... |  word  |tail|
 *           ^ first aligned byte of the destination
 *
 * Where the source is not aligned as the destination is, two neighbouring
 * aligned words are shifted together into one: no access is ever misaligned,
 * since on some harts those trap to the firmware.
 *
 * The compiler knows these loops by sight and would replace the body of
 * memset() by a call of memset(): the pragma forbids it for this file.
 *
 * Locks: none.  Tests: tests/host/string_test.c.
 */

#include "kernel/lib/string.h"

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-tree-loop-distribute-patterns")
#endif

typedef uint64_t __attribute__((may_alias)) word_t;

enum {
	WORD = sizeof(word_t),
	BLOCK_WORDS = 8,
	BLOCK = BLOCK_WORDS * WORD,
};

static inline size_t misalignment(const void *p)
{
	return (uintptr_t)p % WORD;
}

void *memset(void *to, int byte, size_t nbytes)
{
	uint8_t *p = to;
	word_t word = (uint8_t)byte * 0x0101010101010101ul;

	for (; nbytes > 0 && misalignment(p); nbytes--)
		*p++ = byte;
	for (; nbytes >= BLOCK; nbytes -= BLOCK, p += BLOCK) {
#pragma GCC unroll 8
		for (int i = 0; i < BLOCK_WORDS; i++)
			((word_t *)p)[i] = word;
	}
	for (; nbytes >= WORD; nbytes -= WORD, p += WORD)
		*(word_t *)p = word;
	for (; nbytes > 0; nbytes--)
		*p++ = byte;
	return to;
}

/*
 * The next three copy whole words to an aligned @to, upwards, and return how
 * many bytes they did.  All load before they store, so they serve memmove()
 * too where @to is the lower one.
 */
static size_t copy_words_aligned(uint8_t *to, const uint8_t *from,
				 size_t nbytes)
{
	size_t done = 0;

	for (; nbytes - done >= BLOCK; done += BLOCK) {
		const word_t *f = (const word_t *)(from + done);
		word_t *t = (word_t *)(to + done);
		word_t a = f[0], b = f[1], c = f[2], d = f[3];
		word_t e = f[4], g = f[5], h = f[6], i = f[7];

		t[0] = a, t[1] = b, t[2] = c, t[3] = d;
		t[4] = e, t[5] = g, t[6] = h, t[7] = i;
	}
	for (; nbytes - done >= WORD; done += WORD)
		*(word_t *)(to + done) = *(const word_t *)(from + done);
	return done;
}

/*
 * @from lies @skew bytes into an aligned word.  Stops a word early, so that
 * no word is loaded that holds nothing of the source.
 */
static size_t copy_words_skewed(uint8_t *to, const uint8_t *from, size_t nbytes,
				size_t skew)
{
	const word_t *f = (const word_t *)(from - skew);
	unsigned low = skew * 8, high = 64 - low;
	size_t done = 0;
	word_t here;

	if (nbytes < 2 * WORD)
		return 0;
	here = *f++;
	for (; nbytes - done >= 2 * WORD; done += WORD) {
		word_t next = *f++;

		*(word_t *)(to + done) = here >> low | next << high;
		here = next;
	}
	return done;
}

static size_t copy_words(uint8_t *to, const uint8_t *from, size_t nbytes)
{
	size_t skew = misalignment(from);

	return skew ? copy_words_skewed(to, from, nbytes, skew)
		    : copy_words_aligned(to, from, nbytes);
}

void *memcpy(void *to, const void *from, size_t nbytes)
{
	uint8_t *t = to;
	const uint8_t *f = from;
	size_t done;

	if (nbytes >= WORD) {
		for (; misalignment(t); nbytes--)
			*t++ = *f++;
		done = copy_words(t, f, nbytes);
		t += done;
		f += done;
		nbytes -= done;
	}
	for (; nbytes > 0; nbytes--)
		*t++ = *f++;
	return to;
}

void *memmove(void *to, const void *from, size_t nbytes)
{
	uint8_t *t = to;
	const uint8_t *f = from;

	/* Upwards is right unless @to begins inside the source. */
	if ((uintptr_t)t - (uintptr_t)f >= nbytes)
		return memcpy(to, from, nbytes);
	t += nbytes;
	f += nbytes;
	if (misalignment(t) == misalignment(f)) {
		for (; nbytes > 0 && misalignment(t); nbytes--)
			*--t = *--f;
		for (; nbytes >= WORD; nbytes -= WORD) {
			t -= WORD;
			f -= WORD;
			*(word_t *)t = *(const word_t *)f;
		}
	}
	for (; nbytes > 0; nbytes--)
		*--t = *--f;
	return to;
}

int memcmp(const void *a, const void *b, size_t nbytes)
{
	const uint8_t *p = a, *q = b;

	if (!misalignment(p) && !misalignment(q)) {
		while (nbytes >= WORD &&
		       *(const word_t *)p == *(const word_t *)q) {
			p += WORD;
			q += WORD;
			nbytes -= WORD;
		}
	}
	for (; nbytes > 0; nbytes--, p++, q++) {
		if (*p != *q)
			return *p - *q;
	}
	return 0;
}

void *memchr(const void *at, int byte, size_t nbytes)
{
	const uint8_t *p = at;

	for (; nbytes > 0; nbytes--, p++) {
		if (*p == (uint8_t)byte)
			return (void *)p;
	}
	return NULL;
}

size_t strlen(const char *s)
{
	const char *end = s;

	while (*end)
		end++;
	return end - s;
}

size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n])
		n++;
	return n;
}

int strcmp(const char *a, const char *b)
{
	for (; *a && *a == *b; a++)
		b++;
	return (uint8_t)*a - (uint8_t)*b;
}

int strncmp(const char *a, const char *b, size_t max)
{
	for (; max > 0; max--, a++, b++) {
		if (*a != *b || !*a)
			return (uint8_t)*a - (uint8_t)*b;
	}
	return 0;
}

char *strchr(const char *s, int c)
{
	for (; *s != (char)c; s++) {
		if (!*s)
			return NULL;
	}
	return (char *)s;
}

char *strrchr(const char *s, int c)
{
	const char *found = NULL;

	for (;; s++) {
		if (*s == (char)c)
			found = s;
		if (!*s)
			return (char *)found;
	}
}

void string_copy(char *to, const char *from, size_t nbytes)
{
	size_t n = strnlen(from, nbytes - 1);

	memcpy(to, from, n);
	to[n] = '\0';
}

bool string_number(const char **at, unsigned base, uint64_t *out)
{
	const char *start = *at;

	for (*out = 0; **at >= '0' && **at < '0' + (char)base; (*at)++)
		if (__builtin_mul_overflow(*out, base, out) ||
		    __builtin_add_overflow(*out, **at - '0', out))
			*out = UINT64_MAX;
	return *at > start;
}
