// SPDX-License-Identifier: MIT
/*
 * test.c - test EXPRESSION, and [ EXPRESSION ].
 *
 *      primary   = -f FILE | -z STRING | A = B | N -lt M | ...
 *      and       = { "!" } primary { "-a" and }
 *      or        = and { "-o" or }
 *
 * What an argument is depends on how many there are: in `[ "$x" = y ]`, $x
 * may be `!` or `-f`.  So a binary operator in the middle is looked for
 * first, and a single argument is always a string.
 */

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builtins.h"
#include "sh.h"

struct test {
	char **at, **end;
	bool failed;
};

static bool parse_or(struct test *t);

static long integer(struct test *t, const char *text)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (end == text || *end) {
		complain("test: %s: not a number", text);
		t->failed = true;
	}
	return value;
}

static bool is_newer(const char *a, const char *b)
{
	struct stat sa, sb;

	if (stat(a, &sa) != 0)
		return false;
	if (stat(b, &sb) != 0)
		return true;
	if (sa.st_mtim.tv_sec != sb.st_mtim.tv_sec)
		return sa.st_mtim.tv_sec > sb.st_mtim.tv_sec;
	return sa.st_mtim.tv_nsec > sb.st_mtim.tv_nsec;
}

static bool is_same_file(const char *a, const char *b)
{
	struct stat sa, sb;

	return stat(a, &sa) == 0 && stat(b, &sb) == 0 &&
	       sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

static const char *const binary_operators[] = {
	"=",   "!=",  "<",   ">",   "-eq", "-ne", "-lt",
	"-le", "-gt", "-ge", "-nt", "-ot", "-ef", "==",
};

static bool is_binary(const char *op)
{
	size_t count = sizeof(binary_operators) / sizeof(*binary_operators);

	for (size_t i = 0; i < count; i++)
		if (strcmp(op, binary_operators[i]) == 0)
			return true;
	return false;
}

static bool compare_numbers(struct test *t, long a, const char *op, long b)
{
	if (t->failed)
		return false;
	if (strcmp(op, "-eq") == 0)
		return a == b;
	if (strcmp(op, "-ne") == 0)
		return a != b;
	if (strcmp(op, "-lt") == 0)
		return a < b;
	if (strcmp(op, "-le") == 0)
		return a <= b;
	if (strcmp(op, "-gt") == 0)
		return a > b;
	return a >= b;
}

static bool binary(struct test *t, const char *a, const char *op, const char *b)
{
	if (op[0] == '=')
		return strcmp(a, b) == 0;
	if (op[0] == '!')
		return strcmp(a, b) != 0;
	if (op[0] == '<')
		return strcmp(a, b) < 0;
	if (op[0] == '>')
		return strcmp(a, b) > 0;
	if (strcmp(op, "-nt") == 0)
		return is_newer(a, b);
	if (strcmp(op, "-ot") == 0)
		return is_newer(b, a);
	if (strcmp(op, "-ef") == 0)
		return is_same_file(a, b);
	return compare_numbers(t, integer(t, a), op, integer(t, b));
}

static bool is_unary(const char *op)
{
	return op[0] == '-' && op[1] && !op[2] &&
	       strchr("bcdefghkLnprsStuwxz", op[1]);
}

static bool file_is(char letter, const struct stat *st)
{
	switch (letter) {
	case 'b':
		return S_ISBLK(st->st_mode);
	case 'c':
		return S_ISCHR(st->st_mode);
	case 'd':
		return S_ISDIR(st->st_mode);
	case 'f':
		return S_ISREG(st->st_mode);
	case 'g':
		return st->st_mode & S_ISGID;
	case 'k':
		return st->st_mode & S_ISVTX;
	case 'p':
		return S_ISFIFO(st->st_mode);
	case 's':
		return st->st_size > 0;
	case 'S':
		return S_ISSOCK(st->st_mode);
	case 'u':
		return st->st_mode & S_ISUID;
	default: /* e */
		return true;
	}
}

static bool unary(struct test *t, char letter, const char *operand)
{
	struct stat st;

	switch (letter) {
	case 'n':
		return *operand;
	case 'z':
		return !*operand;
	case 't':
		return isatty(integer(t, operand));
	case 'r':
		return access(operand, R_OK) == 0;
	case 'w':
		return access(operand, W_OK) == 0;
	case 'x':
		return access(operand, X_OK) == 0;
	case 'h':
	case 'L':
		return lstat(operand, &st) == 0 && S_ISLNK(st.st_mode);
	default:
		return stat(operand, &st) == 0 && file_is(letter, &st);
	}
}

static bool parse_primary(struct test *t)
{
	long left = t->end - t->at;
	char **at = t->at;

	if (left >= 3 && is_binary(at[1])) {
		t->at += 3;
		return binary(t, at[0], at[1], at[2]);
	}
	if (left >= 2 && strcmp(at[0], "!") == 0) {
		t->at++;
		return !parse_primary(t);
	}
	if (left >= 2 && is_unary(at[0])) {
		t->at += 2;
		return unary(t, at[0][1], at[1]);
	}
	if (left >= 3 && strcmp(at[0], "(") == 0) {
		t->at++;
		bool value = parse_or(t);

		if (t->at == t->end || strcmp(*t->at++, ")") != 0)
			t->failed = true;
		return value;
	}
	if (left == 0) {
		t->failed = true;
		return false;
	}
	t->at++;
	return *at[0];
}

/* Is @op next, with something behind it? */
static bool accept(struct test *t, const char *op)
{
	if (t->end - t->at < 2 || strcmp(*t->at, op) != 0)
		return false;
	t->at++;
	return true;
}

static bool parse_and(struct test *t)
{
	bool value = parse_primary(t);

	while (accept(t, "-a"))
		value &= parse_primary(t);
	return value;
}

static bool parse_or(struct test *t)
{
	bool value = parse_and(t);

	while (accept(t, "-o"))
		value |= parse_and(t);
	return value;
}

int builtin_test(char **argv)
{
	struct test t = {.at = argv + 1, .end = argv + 1};
	bool value;

	while (*t.end)
		t.end++;
	if (strcmp(argv[0], "[") == 0 && strcmp(*--t.end, "]") != 0) {
		complain("[: missing ]");
		return 2;
	}
	if (t.at == t.end)
		return 1;
	value = parse_or(&t);
	if (t.failed || t.at != t.end) {
		if (!t.failed)
			complain("test: unexpected %s", *t.at);
		return 2;
	}
	return value ? 0 : 1;
}
