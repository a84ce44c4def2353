/* host-test: tests/host/renamed_format.c */
/* SPDX-License-Identifier: MIT */
/*
 * format_test.c - every combination of flags, width, precision, length and
 * conversion that the kernel knows, on values at the edges of their types,
 * against the C library's snprintf.
 */
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#pragma GCC diagnostic ignored "-Wformat-truncation"

int quire_snprintf(char *out, size_t nbytes, const char *format, ...);

static unsigned long passed;

#define COMPARE(nbytes, format, ...) \
	do { \
		char want[300] = "", got[300] = ""; \
		int a = snprintf(want, nbytes, format, __VA_ARGS__); \
		int b = quire_snprintf(got, nbytes, format, __VA_ARGS__); \
		if (a != b || strcmp(want, got) != 0) { \
			printf("\"%s\": want \"%s\" (%d), got \"%s\" (%d)\n", \
			       format, want, a, got, b); \
			exit(1); \
		} \
		passed++; \
	} while (0)

static const uint64_t values[] = {
	0,         1,          9,
	10,        15,         16,
	127,       128,        255,
	256,       32767,      32768,
	65535,     65536,      INT32_MAX,
	1u << 31,  UINT32_MAX, INT64_MAX,
	1ul << 63, UINT64_MAX, 0x123456789abcdef0,
};

static void numbers(const char *flags, const char *width, const char *precision)
{
	static const char *const lengths[] = {"", "hh", "h", "l", "ll", "z"};

	for (size_t l = 0; l < 6; l++) {
		for (const char *c = "diuxX"; *c; c++) {
			char format[32];

			snprintf(format, sizeof(format), "[%%%s%s%s%s%c]",
				 flags, width, precision, lengths[l], *c);
			for (size_t v = 0; v < sizeof(values) / 8; v++)
				COMPARE(300, format, values[v]);
		}
	}
}

static void all_numbers(void)
{
	static const char *const widths[] = {"", "1", "5", "30"};
	static const char *const precisions[] = {"", ".", ".0", ".3", ".25"};

	for (unsigned set = 0; set < 8; set++) {
		char flags[8] = "";

		for (unsigned i = 0; i < 3; i++) {
			if (set & 1u << i)
				strncat(flags, &"-0#"[i], 1);
		}
		for (size_t w = 0; w < 4; w++) {
			for (size_t p = 0; p < 5; p++)
				numbers(flags, widths[w], precisions[p]);
		}
	}
}

static void strings(void)
{
	static const char *const formats[] = {
		"%s", "%10s", "%-10s|", "%.3s", "%10.3s", "%-10.0s|", "a%sb%%",
	};

	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		COMPARE(300, formats[i], "");
		COMPARE(300, formats[i], "abc");
		COMPARE(300, formats[i], "abcdefghijklmnop");
	}
	COMPARE(300, "%*d|%-*d|%*d", 5, 1, 5, 2, -5, 3);
	COMPARE(300, "%.*s|%.*d", 2, "abc", -1, 7);
	COMPARE(300, "%c%5c%-5c|", 'x', 'y', 'z');
	COMPARE(300, "%p", (void *)0x1234);
	COMPARE(300, "%s", "text\twith\nothers");
}

/* A precision bounds what is read: the string need not end. */
static void unterminated(void)
{
	char *three = malloc(3);

	memcpy(three, "abc", 3);
	COMPARE(300, "%.3s", three);
	free(three);
}

static void short_buffers(void)
{
	for (size_t n = 0; n < 20; n++) {
		COMPARE(n, "%s-%d", "hello", 12345);
		COMPARE(n, "%20d", 1);
	}
}

int main(void)
{
	all_numbers();
	strings();
	unterminated();
	short_buffers();
	printf("format: %lu passed\n", passed);
	return 0;
}
