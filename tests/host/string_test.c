/* host-test: tests/host/renamed_string.c */
/* SPDX-License-Identifier: MIT */
/*
 * string_test.c - the block functions at every alignment and length up to a
 * few unrolled blocks, between guard bytes; the string functions on random
 * short strings; all against the C library's.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *quire_memcpy(void *to, const void *from, size_t n);
void *quire_memmove(void *to, const void *from, size_t n);
void *quire_memset(void *to, int byte, size_t n);
int quire_memcmp(const void *a, const void *b, size_t n);
void *quire_memchr(const void *at, int byte, size_t n);
size_t quire_strlen(const char *s);
size_t quire_strnlen(const char *s, size_t max);
int quire_strcmp(const char *a, const char *b);
int quire_strncmp(const char *a, const char *b, size_t max);
char *quire_strchr(const char *s, int c);
char *quire_strrchr(const char *s, int c);
void string_copy(char *to, const char *from, size_t n);
bool string_number(const char **at, unsigned base, uint64_t *out);

enum { SIZE = 320, LENGTHS = 200 };

static unsigned long passed;
static unsigned char source[SIZE], want[SIZE], got[SIZE];

static void check(int good, const char *what, size_t a, size_t b, size_t n)
{
	if (!good) {
		printf("%s(%zu, %zu, %zu) differs\n", what, a, b, n);
		exit(1);
	}
	passed++;
}

static void reset(void)
{
	for (size_t i = 0; i < SIZE; i++)
		source[i] = want[i] = got[i] = rand();
	memcpy(got, want, SIZE);
}

static void copies(size_t to, size_t from, size_t n)
{
	reset();
	memcpy(want + to, source + from, n);
	check(quire_memcpy(got + to, source + from, n) == got + to, "memcpy",
	      to, from, n);
	check(memcmp(want, got, SIZE) == 0, "memcpy", to, from, n);

	reset();
	memmove(want + 40 + to, want + 40 + from, n);
	quire_memmove(got + 40 + to, got + 40 + from, n);
	check(memcmp(want, got, SIZE) == 0, "memmove", to, from, n);

	reset();
	memset(want + to, 0x1a5, n);
	quire_memset(got + to, 0x1a5, n);
	check(memcmp(want, got, SIZE) == 0, "memset", to, from, n);
}

/* No byte outside the source may be read: it ends with its allocation. */
static void exact_source(size_t skew, size_t n)
{
	unsigned char *end = (unsigned char *)malloc(skew + n) + skew + n;

	memset(end - n, 7, n);
	quire_memcpy(got + n % 8, end - n, n);
	passed++;
	free(end - n - skew);
}

static int sign(int x)
{
	return (x > 0) - (x < 0);
}

static void compares(void)
{
	char a[24], b[24];

	for (int i = 0; i < 200000; i++) {
		size_t n = rand() % 20;

		for (size_t j = 0; j < sizeof(a); j++) {
			a[j] = "\0ab\377"[rand() % 4];
			b[j] = rand() % 8 ? a[j] : "\0ab\377"[rand() % 4];
		}
		a[23] = b[23] = '\0';
		check(sign(memcmp(a, b, n)) == sign(quire_memcmp(a, b, n)),
		      "memcmp", i, 0, n);
		check(sign(strcmp(a, b)) == sign(quire_strcmp(a, b)), "strcmp",
		      i, 0, n);
		check(sign(strncmp(a, b, n)) == sign(quire_strncmp(a, b, n)),
		      "strncmp", i, 0, n);
		check(memchr(a, 'b', n) == quire_memchr(a, 'b', n), "memchr", i,
		      0, n);
		check(strchr(a, b[0]) == quire_strchr(a, b[0]), "strchr", i, 0,
		      n);
		check(strrchr(a, b[0]) == quire_strrchr(a, b[0]), "strrchr", i,
		      0, n);
		check(strlen(a) == quire_strlen(a), "strlen", i, 0, n);
		check(strnlen(a, n) == quire_strnlen(a, n), "strnlen", i, 0, n);
	}
}

static void bounded_copy(void)
{
	char out[8];

	string_copy(out, "abc", sizeof(out));
	check(strcmp(out, "abc") == 0, "string_copy", 0, 0, 3);
	string_copy(out, "abcdefghij", sizeof(out));
	check(strcmp(out, "abcdefg") == 0, "string_copy", 0, 0, 10);
	string_copy(out, "abc", 1);
	check(out[0] == '\0', "string_copy", 0, 0, 0);
}

static void numbers(void)
{
	static const struct {
		const char *text;
		unsigned base;
		bool found;
		uint64_t value;
		size_t length;
	} cases[] = {
		{"", 10, false, 0, 0},
		{"-1", 10, false, 0, 0},
		{"007x", 10, true, 7, 3},
		{"1778", 8, true, 0177, 3},
		{"8", 8, false, 0, 0},
		{"18446744073709551615 ", 10, true, UINT64_MAX, 20},
		{"18446744073709551616", 10, true, UINT64_MAX, 20},
		{"184467440737095516150", 10, true, UINT64_MAX, 21},
		{"1844674407370955161600000", 10, true, UINT64_MAX, 25},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *at = cases[i].text;
		uint64_t n;
		bool found = string_number(&at, cases[i].base, &n);

		check(found == cases[i].found && n == cases[i].value &&
			      at == cases[i].text + cases[i].length,
		      "string_number", i, 0, cases[i].length);
	}
}

int main(void)
{
	for (size_t n = 0; n < LENGTHS; n++) {
		for (size_t to = 0; to < 9; to++) {
			for (size_t from = 0; from < 9; from++)
				copies(to, from, n);
		}
	}
	for (size_t n = 1; n < LENGTHS; n++) {
		for (size_t skew = 0; skew < 8; skew++)
			exact_source(skew, n);
	}
	compares();
	bounded_copy();
	numbers();
	printf("string: %lu passed\n", passed);
	return 0;
}
