// SPDX-License-Identifier: MIT
/*
 * format.c - printf's formatting, into a buffer.
 *
 * A conversion is  % flags width .precision length letter .  It is parsed
 * into a struct spec first, then printed; every byte goes through put(),
 * which counts beyond the end of the buffer but stores only within it, so
 * that the length returned is what the whole text would have needed.
 *
 * Numbers are printed right to left into a small buffer and come out as
 *
 *      |blanks|sign or 0x|zeros|digits|blanks|
 *
 * where at most one of the blanks and the zeros' padding is present.
 *
 * Locks: none.  Tests: tests/host/format_test.c.
 */

#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"

struct output {
	char *at;
	size_t nbytes; /* of the buffer, without the final NUL */
	size_t length; /* of the text so far */
};

struct spec {
	bool left, zero, prefix, upper;
	int width;
	int precision; /* -1: none given */
	char letter;
	unsigned bits; /* of the argument: 8, 16, 32 or 64 */
};

static void put(struct output *out, char c)
{
	if (out->length < out->nbytes)
		out->at[out->length] = c;
	out->length++;
}

static void put_repeated(struct output *out, char c, int n)
{
	for (; n > 0; n--)
		put(out, c);
}

static void put_padded(struct output *out, const struct spec *spec,
		       const char *text, size_t n)
{
	int fill = spec->width - (int)n;

	if (!spec->left)
		put_repeated(out, ' ', fill);
	for (size_t i = 0; i < n; i++)
		put(out, text[i]);
	if (spec->left)
		put_repeated(out, ' ', fill);
}

static void put_string(struct output *out, const struct spec *spec,
		       const char *s)
{
	size_t max = spec->precision < 0 ? SIZE_MAX : (size_t)spec->precision;

	if (!s)
		s = "(null)";
	put_padded(out, spec, s, strnlen(s, max));
}

/* The digits of @value, ending before @end; returns the first. */
static char *digits(uint64_t value, unsigned base, bool upper, char *end)
{
	const char *set = upper ? "0123456789ABCDEF" : "0123456789abcdef";

	for (; value; value /= base)
		*--end = set[value % base];
	return end;
}

static void put_number(struct output *out, const struct spec *spec,
		       uint64_t value, unsigned base, const char *sign)
{
	char buffer[24], *end = buffer + sizeof(buffer);
	char *first = digits(value, base, spec->upper, end);
	int ndigits = end - first, nsign = strlen(sign);
	int zeros = (spec->precision < 0 ? 1 : spec->precision) - ndigits;
	int fill;

	if (spec->zero && !spec->left && spec->precision < 0 &&
	    spec->width - nsign - ndigits > zeros)
		zeros = spec->width - nsign - ndigits;
	if (zeros < 0)
		zeros = 0;
	fill = spec->width - nsign - zeros - ndigits;
	if (!spec->left)
		put_repeated(out, ' ', fill);
	while (*sign)
		put(out, *sign++);
	put_repeated(out, '0', zeros);
	while (first < end)
		put(out, *first++);
	if (spec->left)
		put_repeated(out, ' ', fill);
}

static void put_signed(struct output *out, const struct spec *spec,
		       int64_t value)
{
	/* Negating as unsigned is defined for the smallest number, too. */
	put_number(out, spec, value < 0 ? -(uint64_t)value : (uint64_t)value,
		   10, value < 0 ? "-" : "");
}

/* The next argument; what hh and h cut off is dropped, and the sign is spread,
 * by shifting it up to the top and down again. */
static uint64_t argument(const struct spec *spec, bool has_sign, va_list *args)
{
	uint64_t top;

	if (spec->bits == 64)
		return va_arg(*args, uint64_t);
	top = (uint64_t)va_arg(*args, unsigned) << (64 - spec->bits);
	return has_sign ? (uint64_t)((int64_t)top >> (64 - spec->bits))
			: top >> (64 - spec->bits);
}

static const char *parse_flags(struct spec *spec, const char *f)
{
	for (;; f++) {
		if (*f == '-')
			spec->left = true;
		else if (*f == '0')
			spec->zero = true;
		else if (*f == '#')
			spec->prefix = true;
		else
			return f;
	}
}

static const char *parse_number(const char *f, int *value, va_list *args)
{
	*value = 0;
	if (*f == '*') {
		*value = va_arg(*args, int);
		return f + 1;
	}
	for (; *f >= '0' && *f <= '9'; f++)
		*value = *value * 10 + (*f - '0');
	return f;
}

static const char *parse_length(struct spec *spec, const char *f)
{
	spec->bits = 32;
	for (;; f++) {
		if (*f == 'l' || *f == 'z')
			spec->bits = 64;
		else if (*f == 'h')
			spec->bits /= 2;
		else
			return f;
	}
}

/* What follows a %; returns what follows the conversion. */
static const char *parse(struct spec *spec, const char *f, va_list *args)
{
	*spec = (struct spec){.precision = -1};
	f = parse_flags(spec, f);
	f = parse_number(f, &spec->width, args);
	if (spec->width < 0) {
		spec->left = true;
		spec->width = -spec->width;
	}
	if (*f == '.')
		f = parse_number(f + 1, &spec->precision, args);
	f = parse_length(spec, f);
	spec->letter = *f;
	return *f ? f + 1 : f;
}

static void put_hex(struct output *out, struct spec *spec, uint64_t value)
{
	spec->upper = spec->letter == 'X';
	put_number(out, spec, value, 16,
		   !spec->prefix || !value ? ""
		   : spec->upper           ? "0X"
					   : "0x");
}

static void convert(struct output *out, struct spec *spec, va_list *args)
{
	char c;

	switch (spec->letter) {
	case 'd':
	case 'i':
		put_signed(out, spec, argument(spec, true, args));
		break;
	case 'u':
		put_number(out, spec, argument(spec, false, args), 10, "");
		break;
	case 'o':
		put_number(out, spec, argument(spec, false, args), 8, "");
		break;
	case 'x':
	case 'X':
		put_hex(out, spec, argument(spec, false, args));
		break;
	case 'p':
		put_number(out, spec, (uintptr_t)va_arg(*args, void *), 16,
			   "0x");
		break;
	case 's':
		put_string(out, spec, va_arg(*args, const char *));
		break;
	case 'c':
		c = va_arg(*args, int);
		put_padded(out, spec, &c, 1);
		break;
	case '%':
		put(out, '%');
		break;
	default: /* not ours: show it */
		put(out, '%');
		if (spec->letter)
			put(out, spec->letter);
	}
}

int vsnprintf(char *text, size_t nbytes, const char *format, va_list args)
{
	struct output out = {.at = text, .nbytes = nbytes ? nbytes - 1 : 0};
	struct spec spec;
	va_list rest;

	/* A va_list that is passed on by address must be our own. */
	va_copy(rest, args);
	while (*format) {
		if (*format != '%') {
			put(&out, *format++);
			continue;
		}
		format = parse(&spec, format + 1, &rest);
		convert(&out, &spec, &rest);
	}
	va_end(rest);
	if (nbytes)
		text[out.length < nbytes ? out.length : nbytes - 1] = '\0';
	return out.length;
}

int snprintf(char *text, size_t nbytes, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(text, nbytes, format, args);
	va_end(args);
	return length;
}
