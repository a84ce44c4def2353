// SPDX-License-Identifier: MIT
/*
 * arith.c - the value of an expression in $((...)), as in C, on longs.
 *
 * Precedence climbing: binary(level) parses operands joined by operators that
 * bind at least as tightly as @level, and calls itself with the next level
 * for the right operand:
 *
 *      1 + 2 * 3 == 7       binary(1)  sees 1, +: right is binary(10)
 *                                      which sees 2 * 3, and stops at ==
 *
 * A variable's value may be an expression itself.  What && || ?: pass over
 * is parsed, but neither assigns nor divides.
 */

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expand.h"
#include "sh.h"
#include "vars.h"

struct expression {
	const char *at;
	const char *whole;
	int passed_over; /* > 0: the value does not matter */
	int depth;       /* of variables whose value is an expression */
};

/* Longest first where one is the start of another. */
static const struct op {
	char text[4];
	int level; /* how tightly it binds */
} operators[] = {
	{"||", 1}, {"&&", 2}, {"==", 6}, {"!=", 6}, {"<=", 7}, {">=", 7},
	{"<<", 8}, {">>", 8}, {"|", 3},  {"^", 4},  {"&", 5},  {"<", 7},
	{">", 7},  {"+", 9},  {"-", 9},  {"*", 10}, {"/", 10}, {"%", 10},
};

enum { MAX_DEPTH = 50 };

static long assignment(struct expression *e);

static void fail(struct expression *e, const char *why)
{
	if (sh.skip != SKIP_ABORT)
		abort_command("arithmetic: %s: %s", e->whole, why);
	e->at = "";
}

static void skip_blanks(struct expression *e)
{
	while (isspace((unsigned char)*e->at))
		e->at++;
}

static bool accept(struct expression *e, const char *text)
{
	skip_blanks(e);
	if (strncmp(e->at, text, strlen(text)) != 0)
		return false;
	e->at += strlen(text);
	return true;
}

static long variable(struct expression *e, const char *name)
{
	const char *value = var_get(name);
	struct expression inner = {.at = value, .whole = value};
	long result;

	if (!value || !*value)
		return 0;
	inner.depth = e->depth + 1;
	if (inner.depth > MAX_DEPTH) {
		fail(e, "variables refer to each other");
		return 0;
	}
	result = assignment(&inner);
	skip_blanks(&inner);
	if (*inner.at)
		fail(&inner, "not a number");
	return result;
}

static long primary(struct expression *e)
{
	long value;

	if (accept(e, "(")) {
		value = assignment(e);
		if (!accept(e, ")"))
			fail(e, "missing )");
		return value;
	}
	if (isdigit((unsigned char)*e->at)) {
		char *end;

		value = strtol(e->at, &end, 0);
		e->at = end;
		return value;
	}
	size_t length = name_length(e->at);
	if (length == 0) {
		fail(e, "operand expected");
		return 0;
	}
	char *name = arena_copy(&scratch, e->at, length);
	e->at += length;
	return variable(e, name);
}

static long unary(struct expression *e)
{
	if (accept(e, "-"))
		return (long)(0UL - (unsigned long)unary(e));
	if (accept(e, "+"))
		return unary(e);
	if (accept(e, "!"))
		return !unary(e);
	if (accept(e, "~"))
		return ~unary(e);
	return primary(e);
}

static long divide(struct expression *e, char op, long a, long b)
{
	if (e->passed_over)
		return 0;
	if (b == 0) {
		fail(e, "division by zero");
		return 0;
	}
	if (b == -1) /* the one quotient that may not fit */
		return op == '/' ? (long)(0UL - (unsigned long)a) : 0;
	return op == '/' ? a / b : a % b;
}

/* Overflow wraps around, so it is done unsigned. */
static long apply(struct expression *e, const char *op, long a, long b)
{
	unsigned long ua = a, ub = b;

	switch (op[0]) {
	case '|':
		return op[1] ? a || b : a | b;
	case '&':
		return op[1] ? a && b : a & b;
	case '=':
		return a == b;
	case '!':
		return a != b;
	case '^':
		return a ^ b;
	case '<':
		if (op[1] == '<')
			return (long)(ua << (ub & 63));
		return op[1] ? a <= b : a < b;
	case '>':
		if (op[1] == '>')
			return a >> (ub & 63);
		return op[1] ? a >= b : a > b;
	case '+':
		return (long)(ua + ub);
	case '-':
		return (long)(ua - ub);
	case '*':
		return (long)(ua * ub);
	default:
		return divide(e, op[0], a, b);
	}
}

/* The operator here, if it binds at least at @level. */
static const struct op *next_operator(struct expression *e, int level)
{
	skip_blanks(e);
	for (size_t i = 0; i < sizeof(operators) / sizeof(*operators); i++) {
		const struct op *op = &operators[i];
		size_t length = strlen(op->text);

		if (strncmp(e->at, op->text, length) != 0)
			continue;
		if (op->level < level)
			return NULL;
		e->at += length;
		return op;
	}
	return NULL;
}

static long binary(struct expression *e, int level)
{
	const struct op *op;
	long left = unary(e);

	while ((op = next_operator(e, level))) {
		bool decided =
			(op->level == 1 && left) || (op->level == 2 && !left);

		e->passed_over += decided;
		long right = binary(e, op->level + 1);
		e->passed_over -= decided;
		left = apply(e, op->text, left, right);
	}
	return left;
}

static long conditional(struct expression *e)
{
	long condition = binary(e, 1), yes, no;

	if (!accept(e, "?"))
		return condition;
	e->passed_over += !condition;
	yes = assignment(e);
	e->passed_over -= !condition;
	if (!accept(e, ":"))
		fail(e, "missing :");
	e->passed_over += !!condition;
	no = conditional(e);
	e->passed_over -= !!condition;
	return condition ? yes : no;
}

/* The op of "x += 1", without its "="; NULL: it is no assignment. */
static const char *assignment_operator(const char **at)
{
	static const char *const texts[] = {"",  "+", "-", "*",  "/", "%",
					    "&", "|", "^", "<<", ">>"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		size_t length = strlen(texts[i]);

		if (strncmp(*at, texts[i], length) == 0 &&
		    (*at)[length] == '=' && (*at)[length + 1] != '=') {
			*at += length + 1;
			return texts[i];
		}
	}
	return NULL;
}

static long assignment(struct expression *e)
{
	size_t length;
	const char *op, *after;
	char digits[24];
	long value;

	skip_blanks(e);
	length = name_length(e->at);
	after = e->at + length;
	after += strspn(after, " \t\n");
	op = length ? assignment_operator(&after) : NULL;
	if (!op)
		return conditional(e);
	char *name = arena_copy(&scratch, e->at, length);
	e->at = after;
	value = assignment(e);
	if (*op)
		value = apply(e, op, variable(e, name), value);
	if (!e->passed_over && sh.skip != SKIP_ABORT) {
		snprintf(digits, sizeof(digits), "%ld", value);
		var_set(name, digits);
	}
	return value;
}

long arithmetic(const char *text)
{
	struct expression e = {.at = text, .whole = text};
	long value;

	skip_blanks(&e);
	if (!*e.at)
		return 0;
	value = assignment(&e);
	skip_blanks(&e);
	if (*e.at)
		fail(&e, "syntax error");
	return value;
}
