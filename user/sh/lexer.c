// SPDX-License-Identifier: MIT
/*
 * lexer.c - text to tokens.
 *
 * The only hard question is where a word ends: `"$(echo ")" x)"y` is one.
 * Each kind of quoting has a function here that stands behind its opening
 * mark and moves the source behind its closing one; they call each other as
 * the marks nest.  For $(...) there is no other way than to parse the
 * commands in it, since a `)` may belong to a `case`.  The word's text is
 * then simply the slice of the source that was passed over; expand.c, when
 * it comes to such a slice, asks dollar_length() the same question again.
 *
 * The lines of a here-document are no tokens.  They begin after the line
 * that says <<, so they are read when the lexer has come to its end.
 */

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lexer.h"
#include "sh.h"

/* Longest first. */
static const struct {
	char text[4];
	enum token_kind kind;
} operators[] = {
	{"<<-", TOKEN_HERE_TABS},   {"&&", TOKEN_AND},
	{"||", TOKEN_OR},           {";;", TOKEN_CASE_BREAK},
	{">>", TOKEN_APPEND},       {"<<", TOKEN_HERE},
	{"<&", TOKEN_DUPLICATE_IN}, {">&", TOKEN_DUPLICATE_OUT},
	{"<>", TOKEN_BOTH},         {">|", TOKEN_OUTPUT},
	{";", TOKEN_SEMICOLON},     {"&", TOKEN_BACKGROUND},
	{"|", TOKEN_PIPE},          {"(", TOKEN_OPEN},
	{")", TOKEN_CLOSE},         {"<", TOKEN_INPUT},
	{">", TOKEN_OUTPUT},
};

static void scan_dollar(struct parser *parser, bool quoted);

void parse_error(struct parser *parser, const char *text)
{
	if (!parser->failed && !sh.interrupted)
		complain("line %u: syntax error: unexpected %s",
			 parser->source->line, text);
	parser->failed = true;
	parser->token.kind = TOKEN_END;
}

/* The next byte inside of something that @mark, still missing, will end. */
static int scan_next(struct parser *parser, const char *mark)
{
	int c = source_next(parser->source);
	char what[40] = "end of file, wanted ";

	if (c < 0)
		parse_error(parser, strcat(what, mark));
	return c;
}

static void scan_single(struct parser *parser)
{
	int c;

	do
		c = scan_next(parser, "'");
	while (c >= 0 && c != '\'');
}

static void scan_backquote(struct parser *parser)
{
	int c;

	while ((c = scan_next(parser, "`")) >= 0 && c != '`')
		if (c == '\\')
			source_next(parser->source);
}

static void scan_double(struct parser *parser)
{
	int c;

	while ((c = scan_next(parser, "\"")) >= 0 && c != '"') {
		if (c == '\\')
			source_next(parser->source);
		else if (c == '$')
			scan_dollar(parser, true);
		else if (c == '`')
			scan_backquote(parser);
	}
}

/* One byte @c of a word, and all that belongs to it. */
static void scan_mark(struct parser *parser, int c, bool quoted)
{
	if (c == '\\')
		source_next(parser->source);
	else if (c == '\'' && !quoted)
		scan_single(parser);
	else if (c == '"')
		scan_double(parser);
	else if (c == '`')
		scan_backquote(parser);
	else if (c == '$')
		scan_dollar(parser, quoted);
}

static void scan_braces(struct parser *parser, bool quoted)
{
	int c;

	while ((c = scan_next(parser, "}")) >= 0 && c != '}')
		scan_mark(parser, c, quoted);
}

/* After "$((": to the "))" that is in no inner pair of parentheses. */
static void scan_arithmetic(struct parser *parser)
{
	int depth = 2, c;

	while (depth > 0 && (c = scan_next(parser, "))")) >= 0) {
		if (c == '(')
			depth++;
		else if (c == ')')
			depth--;
		else
			scan_mark(parser, c, true);
	}
}

/* A parser of its own, on the same source, finds the parenthesis. */
static void scan_command(struct parser *parser)
{
	struct parser inner = {.source = parser->source,
			       .program = parser->program};

	parse_substitution(&inner);
	if (inner.failed)
		parser->failed = true;
}

static void scan_dollar(struct parser *parser, bool quoted)
{
	struct source *source = parser->source;
	int c = source_peek(source);

	if (c == '{') {
		source_next(source);
		scan_braces(parser, quoted);
	} else if (c == '(') {
		source_next(source);
		if (source_peek(source) == '(') {
			source_next(source);
			scan_arithmetic(parser);
		} else {
			scan_command(parser);
		}
	}
}

size_t dollar_length(const char *text, bool quoted)
{
	struct program program = {0};
	struct source source;
	struct parser parser = {.source = &source, .program = &program};
	size_t length;

	source_from_string(&source, text);
	if (source_next(&source) == '`')
		scan_backquote(&parser);
	else
		scan_dollar(&parser, quoted);
	length = source.at;
	source_close(&source);
	arena_release(&program.arena, (struct mark){0});
	return length;
}

/* Pass over blanks, and newlines after a backslash, and a comment. */
static void skip_blanks(struct source *source)
{
	int c;

	while ((c = source_peek(source)) == ' ' || c == '\t' ||
	       (c == '\\' && source->text.bytes[source->at + 1] == '\n')) {
		source_next(source);
		if (c == '\\')
			source_next(source);
	}
	if (c == '#')
		while ((c = source_peek(source)) >= 0 && c != '\n')
			source_next(source);
}

static char *slice(struct parser *parser, size_t start)
{
	struct source *source = parser->source;

	return arena_copy(&parser->program->arena, source->text.bytes + start,
			  source->at - start);
}

static bool token_operator(struct parser *parser)
{
	struct source *source = parser->source;
	const char *here = source->text.bytes + source->at;
	size_t count = sizeof(operators) / sizeof(*operators);

	for (size_t i = 0; i < count; i++) {
		size_t length = strlen(operators[i].text);

		if (strncmp(here, operators[i].text, length) == 0) {
			parser->token.kind = operators[i].kind;
			parser->token.text = operators[i].text;
			source->at += length;
			return true;
		}
	}
	return false;
}

static void token_word(struct parser *parser)
{
	struct token *token = &parser->token;
	int c;

	token->kind = TOKEN_WORD;
	while ((c = source_peek(parser->source)) >= 0) {
		if (strchr(" \t\n;&|<>()", c))
			break;
		source_next(parser->source);
		scan_mark(parser, c, false);
	}
	token->text = slice(parser, token->start);
	if ((c == '<' || c == '>') &&
	    token->text[strspn(token->text, "0123456789")] == '\0') {
		token->fd = atoi(token->text);
		token_operator(parser);
	}
}

/* The body's next line, without its newline; NULL at the end. */
static char *here_line(struct parser *parser, bool strip_tabs)
{
	struct source *source = parser->source;
	size_t start;
	char *line;
	int c;

	while (strip_tabs && source_peek(source) == '\t')
		source_next(source);
	start = source->at;
	while ((c = source_peek(source)) >= 0 && c != '\n')
		source_next(source);
	if (c < 0 && start == source->at)
		return NULL;
	line = slice(parser, start);
	source_next(source);
	return line;
}

/* @raw without its quotes. */
static char *unquoted(struct parser *parser, const char *raw)
{
	struct text text = {0};

	for (; *raw; raw++)
		if (!strchr("\\'\"", *raw))
			text_add(&text, *raw);
	return text_finish(&text, &parser->program->arena);
}

static void here_read(struct parser *parser, struct redirect *here)
{
	char *end = unquoted(parser, here->raw), *line;
	struct text body = {0};

	here->literal = strcmp(end, here->raw) != 0;
	while ((line = here_line(parser, here->strip_tabs)) &&
	       strcmp(line, end) != 0) {
		text_append(&body, line, strlen(line));
		text_add(&body, '\n');
	}
	here->body = text_finish(&body, &parser->program->arena);
}

static void token_newline(struct parser *parser)
{
	parser->token.kind = TOKEN_NEWLINE;
	parser->token.text = "newline";
	source_next(parser->source);
	for (; parser->heres; parser->heres = parser->heres->next_here)
		here_read(parser, parser->heres);
}

void token_next(struct parser *parser)
{
	struct source *source = parser->source;
	int c;

	if (parser->failed)
		return;
	skip_blanks(source);
	parser->token = (struct token){.kind = TOKEN_END,
				       .text = "end of file",
				       .fd = -1,
				       .start = source->at};
	c = source_peek(source);
	if (c == '\n')
		token_newline(parser);
	else if (c >= 0 && !token_operator(parser))
		token_word(parser);
	if (parser->failed)
		parser->token.kind = TOKEN_END;
}
