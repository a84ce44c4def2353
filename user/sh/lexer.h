/* SPDX-License-Identifier: MIT */
#ifndef USER_SH_LEXER_H
#define USER_SH_LEXER_H

/*
 * lexer.h - the parser's view of the text: one token at a time.
 *
 * After an error all tokens are TOKEN_END, so that the parser finds its own
 * way out.
 */

#include "tree.h"

enum token_kind {
	TOKEN_END,
	TOKEN_WORD,
	TOKEN_NEWLINE,
	TOKEN_AND,           /* && */
	TOKEN_OR,            /* || */
	TOKEN_CASE_BREAK,    /* ;; */
	TOKEN_SEMICOLON,     /* ;  */
	TOKEN_BACKGROUND,    /* &  */
	TOKEN_PIPE,          /* |  */
	TOKEN_OPEN,          /* (  */
	TOKEN_CLOSE,         /* )  */
	TOKEN_INPUT,         /* <  */
	TOKEN_OUTPUT,        /* > and >| */
	TOKEN_APPEND,        /* >> */
	TOKEN_BOTH,          /* <> */
	TOKEN_DUPLICATE_IN,  /* <& */
	TOKEN_DUPLICATE_OUT, /* >& */
	TOKEN_HERE,          /* << */
	TOKEN_HERE_TABS,     /* <<- */
};

struct token {
	enum token_kind kind;
	const char *text; /* as written; or what an error calls it */
	int fd;           /* the digits right before a redirection, or -1 */
	size_t start;     /* its place in source->text */
};

struct parser {
	struct source *source;
	struct program *program; /* whose arena all goes to */
	struct token token;      /* the one looked at */
	struct redirect *heres;  /* whose bodies begin after this line */
	bool failed;
};

/* Look at the next token. */
void token_next(struct parser *parser);

/* Say that @text was not expected here, and fail. */
void parse_error(struct parser *parser, const char *text);

/* --- parser.c: what the lexer needs to find the end of $(...) --- */

/* Parse @parser's source up to and with the ")" that closes it. */
void parse_substitution(struct parser *parser);

#endif
