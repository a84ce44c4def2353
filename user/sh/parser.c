// SPDX-License-Identifier: MIT
/*
 * parser.c - tokens to a tree, by recursive descent.
 *
 * One function per rule of the grammar:
 *
 *   list      = pipes { ("&&" | "||") pipes } { (";" | "&" | newline) list }
 *   pipes     = ["!"] command { "|" command }
 *   command   = simple | compound { redirection } | name "(" ")" compound
 *   compound  = "(" list ")" | "{" list "}" | "if" ... | "for" ... | ...
 *   simple    = { name=value | word | redirection }
 *
 * Each begins at the token looked at and leaves the first one behind it.
 * Words like `if` are special only where a command begins, so the parser and
 * not the lexer knows them.  After an error every token is the end.
 */

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lexer.h"
#include "sh.h"
#include "vars.h"

static struct node *parse_list(struct parser *parser, bool one_line);
static struct node *parse_command(struct parser *parser);

static struct node *node_new(struct parser *parser, enum node_kind kind)
{
	struct node *node = arena_get(&parser->program->arena, sizeof(*node));

	node->kind = kind;
	return node;
}

static struct node *join(struct parser *parser, enum node_kind kind,
			 struct node *left, struct node *right)
{
	struct node *node = node_new(parser, kind);

	node->first = left;
	node->second = right;
	return node;
}

static void unexpected(struct parser *parser)
{
	parse_error(parser, parser->token.text);
}

static bool at_word(const struct parser *parser, const char *word)
{
	return parser->token.kind == TOKEN_WORD &&
	       strcmp(parser->token.text, word) == 0;
}

/* Pass over the reserved word @word, if it is there. */
static bool accept(struct parser *parser, const char *word)
{
	if (!at_word(parser, word))
		return false;
	token_next(parser);
	return true;
}

static void expect(struct parser *parser, const char *word)
{
	if (!accept(parser, word))
		unexpected(parser);
}

static bool accept_token(struct parser *parser, enum token_kind kind)
{
	if (parser->token.kind != kind)
		return false;
	token_next(parser);
	return true;
}

static void expect_token(struct parser *parser, enum token_kind kind)
{
	if (!accept_token(parser, kind))
		unexpected(parser);
}

static void skip_newlines(struct parser *parser)
{
	while (accept_token(parser, TOKEN_NEWLINE))
		continue;
}

/* Does the token end a list, rather than begin a command? */
static bool at_list_end(const struct parser *parser)
{
	static const char *const words[] = {"then", "else", "elif", "fi",
					    "do",   "done", "esac", "}"};
	enum token_kind kind = parser->token.kind;

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (at_word(parser, words[i]))
			return true;
	return kind == TOKEN_END || kind == TOKEN_CLOSE ||
	       kind == TOKEN_CASE_BREAK;
}

/* Add the token, a word, to the list that ends at *@tail. */
static struct word **word_add(struct parser *parser, struct word **tail)
{
	struct word *word = arena_get(&parser->program->arena, sizeof(*word));

	word->raw = parser->token.text;
	*tail = word;
	token_next(parser);
	return &word->next;
}

static bool at_redirect(const struct parser *parser)
{
	return parser->token.kind >= TOKEN_INPUT;
}

/* The lexer will read the here-document after the line. */
static void await_body(struct parser *parser, struct redirect *here)
{
	struct redirect **tail = &parser->heres;

	while (*tail)
		tail = &(*tail)->next_here;
	*tail = here;
}

static struct redirect *parse_redirect(struct parser *parser)
{
	static const struct {
		enum redirect_kind kind;
		int fd;
	} kinds[] = {
		[TOKEN_INPUT] = {REDIRECT_INPUT, 0},
		[TOKEN_OUTPUT] = {REDIRECT_OUTPUT, 1},
		[TOKEN_APPEND] = {REDIRECT_APPEND, 1},
		[TOKEN_BOTH] = {REDIRECT_BOTH, 0},
		[TOKEN_DUPLICATE_IN] = {REDIRECT_DUPLICATE, 0},
		[TOKEN_DUPLICATE_OUT] = {REDIRECT_DUPLICATE, 1},
		[TOKEN_HERE] = {REDIRECT_HERE, 0},
		[TOKEN_HERE_TABS] = {REDIRECT_HERE, 0},
	};
	struct redirect *redirect =
		arena_get(&parser->program->arena, sizeof(*redirect));
	enum token_kind token = parser->token.kind;

	redirect->kind = kinds[token].kind;
	redirect->fd = parser->token.fd;
	if (redirect->fd < 0)
		redirect->fd = kinds[token].fd;
	redirect->strip_tabs = token == TOKEN_HERE_TABS;
	token_next(parser);
	if (parser->token.kind != TOKEN_WORD) {
		unexpected(parser);
		return redirect;
	}
	redirect->raw = parser->token.text;
	if (redirect->kind == REDIRECT_HERE)
		await_body(parser, redirect);
	token_next(parser);
	return redirect;
}

static void parse_redirects(struct parser *parser, struct node *node)
{
	struct redirect **tail = &node->redirects;

	while (at_redirect(parser)) {
		*tail = parse_redirect(parser);
		tail = &(*tail)->next;
	}
}

static bool is_assignment(const char *raw)
{
	size_t length = name_length(raw);

	return length > 0 && raw[length] == '=';
}

/* name "(" ")" compound: the name has been taken. */
static struct node *parse_function(struct parser *parser, const char *name)
{
	struct node *node = node_new(parser, NODE_FUNCTION);

	node->name = name;
	node->program = parser->program;
	token_next(parser);
	expect_token(parser, TOKEN_CLOSE);
	skip_newlines(parser);
	node->first = parse_command(parser);
	return node;
}

static struct node *parse_simple(struct parser *parser)
{
	struct node *node = node_new(parser, NODE_SIMPLE);
	struct word **words = &node->words;
	struct word **assignments = &node->assignments;
	struct redirect **redirects = &node->redirects;

	for (;;) {
		if (at_redirect(parser)) {
			*redirects = parse_redirect(parser);
			redirects = &(*redirects)->next;
		} else if (parser->token.kind != TOKEN_WORD) {
			break;
		} else if (!node->words && is_assignment(parser->token.text)) {
			assignments = word_add(parser, assignments);
		} else {
			words = word_add(parser, words);
			if (node->words->next == NULL &&
			    parser->token.kind == TOKEN_OPEN)
				return parse_function(parser, node->words->raw);
		}
	}
	if (!node->words && !node->assignments && !node->redirects)
		unexpected(parser);
	return node;
}

/* A list that must not be empty. */
static struct node *parse_body(struct parser *parser)
{
	struct node *body = parse_list(parser, false);

	if (!body)
		unexpected(parser);
	return body;
}

/* Behind "if" or "elif". */
static struct node *parse_if(struct parser *parser)
{
	struct node *node = node_new(parser, NODE_IF);

	node->first = parse_body(parser);
	expect(parser, "then");
	node->second = parse_body(parser);
	if (accept(parser, "elif")) {
		node->third = parse_if(parser); /* which takes the "fi" */
		return node;
	}
	if (accept(parser, "else"))
		node->third = parse_body(parser);
	expect(parser, "fi");
	return node;
}

static struct node *parse_do(struct parser *parser)
{
	struct node *body;

	expect(parser, "do");
	body = parse_body(parser);
	expect(parser, "done");
	return body;
}

static struct node *parse_while(struct parser *parser, enum node_kind kind)
{
	struct node *condition = parse_body(parser);

	return join(parser, kind, condition, parse_do(parser));
}

static struct node *parse_for(struct parser *parser)
{
	struct node *node = node_new(parser, NODE_FOR);
	struct word **tail = &node->words;

	node->name = parser->token.text;
	if (!is_name(node->name))
		unexpected(parser);
	token_next(parser);
	skip_newlines(parser);
	node->every_parameter = !accept(parser, "in");
	if (!node->every_parameter)
		while (parser->token.kind == TOKEN_WORD)
			tail = word_add(parser, tail);
	accept_token(parser, TOKEN_SEMICOLON);
	skip_newlines(parser);
	node->second = parse_do(parser);
	return node;
}

/* ["("] pattern { "|" pattern } ")" list [";;"] */
static struct case_item *parse_item(struct parser *parser)
{
	struct case_item *item =
		arena_get(&parser->program->arena, sizeof(*item));
	struct word **tail = &item->patterns;

	accept_token(parser, TOKEN_OPEN);
	do {
		if (parser->token.kind != TOKEN_WORD) {
			unexpected(parser);
			return item;
		}
		tail = word_add(parser, tail);
	} while (accept_token(parser, TOKEN_PIPE));
	expect_token(parser, TOKEN_CLOSE);
	item->body = parse_list(parser, false);
	if (!accept_token(parser, TOKEN_CASE_BREAK) && !at_word(parser, "esac"))
		unexpected(parser);
	skip_newlines(parser);
	return item;
}

static struct node *parse_case(struct parser *parser)
{
	struct node *node = node_new(parser, NODE_CASE);
	struct case_item **tail = &node->items;

	if (parser->token.kind == TOKEN_WORD)
		word_add(parser, &node->words);
	else
		unexpected(parser);
	skip_newlines(parser);
	expect(parser, "in");
	skip_newlines(parser);
	while (!parser->failed && !at_word(parser, "esac")) {
		*tail = parse_item(parser);
		tail = &(*tail)->next;
	}
	expect(parser, "esac");
	return node;
}

static struct node *parse_group(struct parser *parser)
{
	struct node *body = parse_body(parser);

	expect(parser, "}");
	return join(parser, NODE_GROUP, body, NULL);
}

static struct node *parse_subshell(struct parser *parser)
{
	struct node *body = parse_body(parser);

	expect_token(parser, TOKEN_CLOSE);
	return join(parser, NODE_SUBSHELL, body, NULL);
}

/* A compound command without its redirections; NULL: it is a simple one. */
static struct node *parse_compound(struct parser *parser)
{
	if (accept_token(parser, TOKEN_OPEN))
		return parse_subshell(parser);
	if (accept(parser, "{"))
		return parse_group(parser);
	if (accept(parser, "if"))
		return parse_if(parser);
	if (accept(parser, "while"))
		return parse_while(parser, NODE_WHILE);
	if (accept(parser, "until"))
		return parse_while(parser, NODE_UNTIL);
	if (accept(parser, "for"))
		return parse_for(parser);
	if (accept(parser, "case"))
		return parse_case(parser);
	return NULL;
}

static struct node *parse_command(struct parser *parser)
{
	struct node *node = parse_compound(parser);

	if (!node)
		return parse_simple(parser);
	parse_redirects(parser, node);
	return node;
}

static struct node *parse_pipeline(struct parser *parser)
{
	bool not = accept(parser, "!");
	struct node *node = parse_command(parser);

	if (parser->token.kind == TOKEN_PIPE) {
		struct node *pipeline = node_new(parser, NODE_PIPELINE);
		struct node **tail = &node->next;

		pipeline->first = node;
		while (parser->token.kind == TOKEN_PIPE) {
			token_next(parser);
			skip_newlines(parser);
			*tail = parse_command(parser);
			tail = &(*tail)->next;
		}
		node = pipeline;
	}
	if (not ) {
		struct node *negation = node_new(parser, NODE_NOT);

		negation->first = node;
		node = negation;
	}
	return node;
}

static struct node *parse_and_or(struct parser *parser)
{
	struct node *node = parse_pipeline(parser);

	for (;;) {
		enum node_kind kind = NODE_AND;

		if (parser->token.kind == TOKEN_OR)
			kind = NODE_OR;
		else if (parser->token.kind != TOKEN_AND)
			return node;
		token_next(parser);
		skip_newlines(parser);
		node = join(parser, kind, node, parse_pipeline(parser));
	}
}

/* What was written from @start up to the token, for the list of jobs. */
static const char *text_since(struct parser *parser, size_t start)
{
	const char *text = parser->source->text.bytes + start;
	size_t length = parser->token.start - start;

	while (length > 0 && isspace((unsigned char)text[length - 1]))
		length--;
	return arena_copy(&parser->program->arena, text, length);
}

/* Commands up to a token that can't begin one, or (@one_line) to a newline,
 * which is left as the token.  NULL if there is none. */
static struct node *parse_list(struct parser *parser, bool one_line)
{
	struct node *list = NULL;

	if (!one_line)
		skip_newlines(parser);
	while (!at_list_end(parser) && parser->token.kind != TOKEN_NEWLINE) {
		size_t start = parser->token.start;
		struct node *node = parse_and_or(parser);
		enum token_kind kind = parser->token.kind;

		if (kind == TOKEN_BACKGROUND) {
			node = join(parser, NODE_BACKGROUND, node, NULL);
			node->name = text_since(parser, start);
		}
		list = list ? join(parser, NODE_LIST, list, node) : node;
		if (kind == TOKEN_BACKGROUND || kind == TOKEN_SEMICOLON)
			token_next(parser);
		else if (kind != TOKEN_NEWLINE)
			break;
		if (!one_line)
			skip_newlines(parser);
	}
	return list;
}

void parse_substitution(struct parser *parser)
{
	token_next(parser);
	parse_list(parser, false);
	if (parser->token.kind != TOKEN_CLOSE)
		unexpected(parser);
}

enum parse_result program_parse(struct source *source, struct program **out)
{
	struct program *program = calloc(1, sizeof(*program));
	struct parser parser = {.source = source, .program = program};
	bool empty;

	program->users = 1;
	source_forget(source);
	token_next(&parser);
	empty = parser.token.kind == TOKEN_END;
	program->root = parse_list(&parser, true);
	if (parser.token.kind != TOKEN_NEWLINE &&
	    parser.token.kind != TOKEN_END)
		unexpected(&parser);
	if (!parser.failed && !sh.interrupted && !empty) {
		*out = program;
		return PARSE_OK;
	}
	program_put(program);
	return empty && !sh.interrupted ? PARSE_END : PARSE_ERROR;
}

void program_put(struct program *program)
{
	if (--program->users > 0)
		return;
	arena_release(&program->arena, (struct mark){0});
	free(program);
}
