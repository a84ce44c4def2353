/* SPDX-License-Identifier: MIT */
#ifndef USER_SH_TREE_H
#define USER_SH_TREE_H

/*
 * tree.h - a program as a tree.
 *
 * Words stay as they were written, quotes and all: only expand.c, when the
 * command is executed, knows what they mean.  What the fields of a node
 * hold depends on its kind:
 *
 *                   first        second   third     words      name
 *   SIMPLE          -            -        -         arguments  -
 *   PIPELINE        stages       -        -         -          -
 *   NOT             pipeline     -        -         -          -
 *   AND, OR, LIST   left         right    -         -          -
 *   BACKGROUND      what         -        -         -          its text
 *   SUBSHELL, GROUP body         -        -         -          -
 *   IF              condition    then     else      -          -
 *   WHILE, UNTIL    condition    body     -         -          -
 *   FOR             -            body     -         list       variable
 *   CASE            -            -        -         subject    -
 *   FUNCTION        body         -        -         -          its name
 */

#include <stdbool.h>

#include "memory.h"
#include "source.h"

enum node_kind {
	NODE_SIMPLE,
	NODE_PIPELINE,
	NODE_NOT,
	NODE_AND,
	NODE_OR,
	NODE_LIST,
	NODE_BACKGROUND,
	NODE_SUBSHELL,
	NODE_GROUP,
	NODE_IF,
	NODE_WHILE,
	NODE_UNTIL,
	NODE_FOR,
	NODE_CASE,
	NODE_FUNCTION,
};

struct word {
	struct word *next;
	const char *raw;
};

enum redirect_kind {
	REDIRECT_INPUT,     /* <  */
	REDIRECT_OUTPUT,    /* > and >| */
	REDIRECT_APPEND,    /* >> */
	REDIRECT_BOTH,      /* <> */
	REDIRECT_DUPLICATE, /* <& and >& */
	REDIRECT_HERE,      /* << and <<- */
};

struct redirect {
	struct redirect *next;
	enum redirect_kind kind;
	int fd;           /* that is redirected */
	const char *raw;  /* the word: a path, a number, the end mark */
	const char *body; /* HERE: the lines */
	bool literal;     /* HERE: nothing in them is expanded */
	bool strip_tabs;  /* HERE: <<- */
	struct redirect *next_here; /* whose body is still to be read */
};

struct case_item {
	struct case_item *next;
	struct word *patterns;
	struct node *body; /* or NULL */
};

struct node {
	enum node_kind kind;
	struct node *first, *second, *third;
	struct node *next; /* in a pipeline */
	struct word *words;
	struct word *assignments; /* SIMPLE: NAME=VALUE before the command */
	struct redirect *redirects;
	struct case_item *items; /* CASE */
	const char *name;
	bool every_parameter;    /* FOR without "in": "$@" */
	struct program *program; /* FUNCTION: that it is a part of */
};

/*
 * What was parsed at once: a complete command.  It lives as long as someone
 * counts on it: whoever executes it, and the functions defined in it.
 */
struct program {
	struct arena arena;
	struct node *root; /* NULL: an empty line */
	int users;
};

enum parse_result { PARSE_OK, PARSE_END, PARSE_ERROR };

/* The next complete command of @source; the caller is its first user. */
enum parse_result program_parse(struct source *source, struct program **out);
void program_put(struct program *program);

/* The length of the $-expression (or `...`) that @text starts with, as the
 * lexer sees it; of just the "$" if there is none. */
size_t dollar_length(const char *text, bool quoted);

#endif
