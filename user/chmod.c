// SPDX-License-Identifier: MIT
/*
 * chmod MODE PATH...
 *
 * Set who may do what with files.  MODE is octal (644), or clauses with
 * commas between them, each of letters from ugoa (user, group, others, all),
 * one of + - =, and letters from rwxst: u+x,go-w.
 */

#include <ctype.h>
#include <sys/stat.h>

#include "include/usage.h"

/* The bits of @letter for all three classes. */
static mode_t bits_of(char letter)
{
	switch (letter) {
	case 'r':
		return 0444;
	case 'w':
		return 0222;
	case 'x':
		return 0111;
	case 's':
		return S_ISUID | S_ISGID;
	case 't':
		return S_ISVTX;
	default:
		errx(1, "%c: not one of rwxst", letter);
	}
}

/* The bits that belong to the class @letter. */
static mode_t class_of(char letter)
{
	switch (letter) {
	case 'u':
		return S_ISUID | S_IRWXU;
	case 'g':
		return S_ISGID | S_IRWXG;
	case 'o':
		return S_ISVTX | S_IRWXO;
	default:
		return 07777;
	}
}

/* One clause, at *@at, applied to @mode. */
static mode_t clause(const char **at, mode_t mode)
{
	mode_t classes = 0, bits = 0, mask = umask(0);
	char sign;

	umask(mask);
	while (**at && strchr("ugoa", **at))
		classes |= class_of(*(*at)++);
	if (!classes) /* nobody named: all but what the umask takes */
		classes = 07777 & ~mask;
	sign = **at;
	if (!sign || !strchr("+-=", sign))
		errx(1, "%s: not a mode", *at);
	for (++*at; **at && **at != ','; ++*at)
		bits |= bits_of(**at);
	bits &= classes;
	if (sign == '-')
		return mode & ~bits;
	return (sign == '=' ? mode & ~classes : mode) | bits;
}

static mode_t change(const char *text, mode_t mode)
{
	mode &= 07777;
	if (isdigit((unsigned char)*text))
		return strtol(text, NULL, 8);
	do
		mode = clause(&text, mode);
	while (*text++ == ',');
	return mode;
}

int main(int argc, char **argv)
{
	int status = EXIT_SUCCESS;
	const char *text;
	struct stat st;

	/* Not option(): a mode may be "-w". */
	if (argc > 1 && strcmp(argv[1], "--help") == 0)
		usage(EXIT_SUCCESS);
	if (argc < 3)
		usage(EXIT_FAILURE);
	text = argv[1];
	for (int i = 2; i < argc; i++)
		if (stat(argv[i], &st) != 0 ||
		    chmod(argv[i], change(text, st.st_mode)) != 0) {
			warn("%s", argv[i]);
			status = EXIT_FAILURE;
		}
	return status;
}
