// SPDX-License-Identifier: MIT
/*
 * printf FORMAT [WORD...]
 *
 * Print the words as FORMAT says: %s %b %c %d %i %u %o %x %X %%, with flags,
 * width and precision as in C, and \n \t \r \a \b \f \v \\ \NNN.  FORMAT is
 * used again while there are words left.
 */

#include <stdbool.h>

#include "include/usage.h"

static char **words;
static int status;

static const char *next_word(void)
{
	return *words ? *words++ : "";
}

/* Print the character that the backslash at @text stands for; the rest. */
static const char *escape(const char *text)
{
	static const char letters[] = "ntrabfv\\",
			  meanings[] = "\n\t\r\a\b\f\v\\";
	const char *found = text[1] ? strchr(letters, text[1]) : NULL;
	int value = 0, digits = 0;

	if (found) {
		putchar(meanings[found - letters]);
		return text + 2;
	}
	for (text++; digits < 3 && *text >= '0' && *text <= '7'; digits++)
		value = value * 8 + *text++ - '0';
	putchar(digits ? value : '\\');
	return text;
}

static void print_escaped(const char *text)
{
	while (*text)
		if (*text == '\\')
			text = escape(text);
		else
			putchar(*text++);
}

/* A number, or 'c for the character c. */
static long number(const char *word)
{
	char *end;
	long value;

	if (*word == '\'' || *word == '"')
		return (unsigned char)word[1];
	value = strtol(word, &end, 0);
	if (*end) {
		warnx("%s: not a number", word);
		status = EXIT_FAILURE;
	}
	return value;
}

/* One conversion, "%...c"; the rest of the format. */
static const char *convert(const char *format)
{
	size_t length = 1 + strspn(format + 1, "-+ #0123456789.");
	char letter = format[length], specification[60];

	if (letter == '\0' || length > sizeof(specification) - 3)
		errx(1, "%s: bad format", format);
	snprintf(specification, sizeof(specification), "%.*s%s%c", (int)length,
		 format, strchr("diuoxX", letter) ? "l" : "", letter);
	if (letter == '%')
		putchar('%');
	else if (letter == 's')
		printf(specification, next_word());
	else if (letter == 'c')
		printf(specification, *next_word());
	else if (letter == 'b')
		print_escaped(next_word());
	else if (strchr("diuoxX", letter))
		printf(specification, number(next_word()));
	else
		errx(1, "%%%c: unknown conversion", letter);
	return format + length + 1;
}

int main(int argc, char **argv)
{
	char **before;

	if (argc < 2)
		usage(EXIT_FAILURE);
	if (strcmp(argv[1], "--help") == 0)
		usage(EXIT_SUCCESS);
	words = argv + 2;
	do {
		before = words;
		for (const char *at = argv[1]; *at;)
			if (*at == '\\')
				at = escape(at);
			else if (*at == '%')
				at = convert(at);
			else
				putchar(*at++);
	} while (*words && words > before);
	return finish(status);
}
