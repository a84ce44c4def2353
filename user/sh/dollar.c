// SPDX-License-Identifier: MIT
/*
 * dollar.c - what begins with a dollar sign.
 *
 *      $x  ${x}                  a variable, or $1 $2 ... $@ $* $# $? $$ $! $-
 *      ${#x}                     the length of its value
 *      ${x-w} ${x=w} ${x+w} ${x?w}    the word w if x is not set, and so on
 *      ${x:-w} ...               the same if x is not set or empty
 *      ${x#p} ${x##p} ${x%p} ${x%%p}  without what p matches at the start or
 *                                the end: the shortest, the longest
 *      $(command)  `command`     what the command prints
 *      $((expression))           a number
 *
 * Here the text has passed the lexer, so every bracket has its partner.
 */

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "expand.h"
#include "jobs.h"
#include "sh.h"
#include "vars.h"

static const char *number(long value)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%ld", value);
	return arena_copy(&scratch, digits, strlen(digits));
}

static long parameter_count(void)
{
	long count = 0;

	while (sh.parameters[count])
		count++;
	return count;
}

static const char *option_letters(void)
{
	char letters[8] = "", *end = letters;

	if (sh.exit_on_error)
		*end++ = 'e';
	if (sh.no_globbing)
		*end++ = 'f';
	if (sh.interactive)
		*end++ = 'i';
	if (sh.unset_is_error)
		*end++ = 'u';
	if (sh.trace)
		*end++ = 'x';
	return arena_copy(&scratch, letters, end - letters);
}

/* The value of a parameter other than $@ and $*; NULL: it is not set. */
static const char *parameter(const char *name)
{
	long n;

	switch (*name) {
	case '#':
		return number(parameter_count());
	case '?':
		return number(sh.status);
	case '$':
		return number(sh.pid);
	case '!':
		return sh.background ? number(sh.background) : NULL;
	case '-':
		return option_letters();
	}
	if (!isdigit((unsigned char)*name))
		return var_get(name);
	n = strtol(name, NULL, 10);
	if (n == 0)
		return sh.name;
	return n <= parameter_count() ? sh.parameters[n - 1] : NULL;
}

/* $@ and $*: without quotes, and "$@", an argument each; "$*" one string. */
static void all_parameters(struct pieces *out, char which, bool quoted)
{
	enum origin origin = quoted ? ORIGIN_QUOTED : ORIGIN_EXPANDED;
	const char *separators = var_get("IFS");
	char between = separators ? *separators : ' ';

	if (!sh.parameters[0] && which == '@')
		out->no_parameters = true;
	for (char **at = sh.parameters; *at; at++) {
		if (quoted && which == '@')
			pieces_add(out, 0, ORIGIN_EMPTY);
		pieces_add_string(out, *at, origin);
		if (!at[1])
			break;
		if (!quoted || which == '@')
			pieces_add(out, 0, ORIGIN_BREAK);
		else if (between)
			pieces_add(out, between, ORIGIN_QUOTED);
	}
}

/* Does @value from @start on, or up to @length, match? */
static bool part_matches(const char *pattern, const char *value, size_t start,
			 size_t length)
{
	char *part = arena_copy(&scratch, value + start, length);

	return fnmatch(pattern, part, 0) == 0;
}

/* @value without what @pattern matches at its start ('#') or end ('%'). */
static const char *remove_match(const char *value, const char *pattern,
				bool at_end, bool longest)
{
	size_t length = strlen(value);

	for (size_t i = 0; i <= length; i++) {
		size_t n = longest ? length - i : i;
		size_t start = at_end ? length - n : 0;

		if (part_matches(pattern, value, start, n))
			return at_end ? arena_copy(&scratch, value, length - n)
				      : value + n;
	}
	return value;
}

static void add_value(struct pieces *out, const char *value, bool quoted)
{
	pieces_add_string(out, value, quoted ? ORIGIN_QUOTED : ORIGIN_EXPANDED);
}

/* The w of ${x-w}: what is not quoted in it is split, as a value is. */
static void add_word(struct pieces *out, const char *word, bool quoted)
{
	size_t before = out->count;

	expand_raw(out, word, quoted ? CONTEXT_DOUBLE : CONTEXT_WORD);
	for (size_t i = before; i < out->count; i++)
		if (out->at[i].origin == ORIGIN_LITERAL)
			out->at[i].origin = ORIGIN_EXPANDED;
}

/* $x, and ${x} */
static void simple(struct pieces *out, const char *name, bool quoted)
{
	const char *value;

	if (*name == '@' || *name == '*') {
		all_parameters(out, *name, quoted);
		return;
	}
	value = parameter(name);
	if (!value && sh.unset_is_error)
		abort_command("%s: parameter not set", name);
	if (value)
		add_value(out, value, quoted);
}

/* ${x:-w} and the like: @op is the character before @word. */
static void conditional(struct pieces *out, const char *name, char op,
			const char *word, bool or_empty, bool quoted)
{
	const char *value = parameter(name);
	bool use = value && !(or_empty && !*value);

	if (*name == '@' || *name == '*') {
		value = NULL;
		use = sh.parameters[0];
	}
	if (op == '+') {
		if (use)
			add_word(out, word, quoted);
	} else if (use && value) {
		add_value(out, value, quoted);
	} else if (use) {
		all_parameters(out, *name, quoted);
	} else if (op == '-') {
		add_word(out, word, quoted);
	} else if (op == '?') {
		abort_command("%s: %s", name,
			      *word ? expand_string(word, CONTEXT_WORD)
				    : "parameter not set");
	} else {
		value = expand_string(word, CONTEXT_WORD);
		if (var_set(name, value))
			add_value(out, value, quoted);
	}
}

/* The length of the name of a parameter: a word, a number or one sign. */
static size_t parameter_length(const char *text)
{
	size_t length = name_length(text);

	if (length == 0)
		length = strspn(text, "0123456789");
	if (length == 0 && *text && strchr("@*#?$!-", *text))
		length = 1;
	return length;
}

/* @inside is what stands within the braces. */
static void braces(struct pieces *out, const char *inside, bool quoted)
{
	bool count = inside[0] == '#' && parameter_length(inside + 1) > 0;
	size_t length = parameter_length(inside + count);
	char *name = arena_copy(&scratch, inside + count, length);
	const char *rest = inside + count + length;
	bool or_empty = rest[0] == ':';
	char op = rest[or_empty];

	if (length == 0 || (count && *rest)) {
		abort_command("${%s}: bad substitution", inside);
	} else if (count) {
		const char *value = parameter(name);

		if (*name == '@' || *name == '*')
			value = NULL;
		add_value(out, number(value ? strlen(value) : 0), quoted);
	} else if (!*rest) {
		simple(out, name, quoted);
	} else if (op && strchr("-=+?", op)) {
		conditional(out, name, op, rest + or_empty + 1, or_empty,
			    quoted);
	} else if (*rest == '#' || *rest == '%') {
		bool longest = rest[1] == rest[0];
		const char *value = parameter(name);
		const char *pattern = expand_pattern(rest + 1 + longest);

		if (value)
			add_value(out,
				  remove_match(value, pattern, *rest == '%',
					       longest),
				  quoted);
	} else {
		abort_command("${%s}: bad substitution", inside);
	}
}

/* All that comes out of @fd, without the newlines at its end. */
static char *read_all(int fd)
{
	struct text text = {0};
	char block[4096];
	ssize_t n;

	while ((n = read(fd, block, sizeof(block))) != 0) {
		for (ssize_t i = 0; i < n; i++)
			if (block[i])
				text_add(&text, block[i]);
		if (n < 0 && errno != EINTR)
			break;
	}
	while (text.length > 0 && text.bytes[text.length - 1] == '\n')
		text.bytes[--text.length] = '\0';
	return text_finish(&text, &scratch);
}

static void command(struct pieces *out, const char *text, bool quoted)
{
	int ends[2];
	pid_t child;

	if (pipe(ends) != 0) {
		abort_command("pipe: %s", strerror(errno));
		return;
	}
	child = shell_fork();
	if (child == 0) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		shell_exit(run_last_string(text));
	}
	close(ends[1]);
	if (child > 0) {
		add_value(out, read_all(ends[0]), quoted);
		sh.substituted = shell_wait(child);
	}
	close(ends[0]);
}

/* `...`: a backslash in it protects only these three. */
static char *without_backslashes(const char *text, size_t length)
{
	struct text plain = {0};

	for (size_t i = 0; i < length; i++) {
		if (text[i] == '\\' && strchr("`\\$", text[i + 1]))
			i++;
		text_add(&plain, text[i]);
	}
	return text_finish(&plain, &scratch);
}

const char *expand_dollar(struct pieces *out, const char *raw, bool quoted)
{
	size_t length = dollar_length(raw, quoted);
	char *inside;

	if (raw[0] == '`') {
		command(out, without_backslashes(raw + 1, length - 2), quoted);
	} else if (strncmp(raw, "$((", 3) == 0) {
		inside = arena_copy(&scratch, raw + 3, length - 5);
		inside = expand_string(inside, CONTEXT_DOUBLE);
		if (sh.skip != SKIP_ABORT)
			add_value(out, number(arithmetic(inside)), quoted);
	} else if (raw[1] == '(') {
		inside = arena_copy(&scratch, raw + 2, length - 3);
		command(out, inside, quoted);
	} else if (raw[1] == '{') {
		inside = arena_copy(&scratch, raw + 2, length - 3);
		braces(out, inside, quoted);
	} else {
		length = parameter_length(raw + 1);
		if (isdigit((unsigned char)raw[1]))
			length = 1; /* $10 is ${1}0 */
		if (length == 0)
			pieces_add(out, '$', ORIGIN_QUOTED);
		else
			simple(out, arena_copy(&scratch, raw + 1, length),
			       quoted);
		length++;
	}
	return raw + length;
}
