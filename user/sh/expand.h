/* SPDX-License-Identifier: MIT */
#ifndef USER_SH_EXPAND_H
#define USER_SH_EXPAND_H

/*
 * expand.h - from words as written to strings as a command gets them.
 *
 * All results lie in the scratch arena.  When something in a word can't be
 * expanded, abort_command() has been called: look at sh.skip.
 */

#include <stdbool.h>
#include <stdint.h>

#include "tree.h"

/* Where a byte of a word that is being expanded came from. */
enum origin {
	ORIGIN_LITERAL,  /* written so: may be part of a pattern */
	ORIGIN_EXPANDED, /* the value of something: the same, and is split */
	ORIGIN_QUOTED,   /* stands for itself */
	ORIGIN_EMPTY,    /* no byte, but "": the word is there though empty */
	ORIGIN_BREAK,    /* no byte: here a new argument begins ("$@") */
};

struct piece {
	char byte;
	uint8_t origin;
};

struct pieces {
	struct piece *at;
	size_t count, room;
	bool no_parameters; /* a "$@" vanished, and its quotes with it */
};

/* What stands around a text decides which characters are special in it. */
enum context {
	CONTEXT_WORD,   /* nothing */
	CONTEXT_DOUBLE, /* double quotes */
	CONTEXT_HERE,   /* a here-document: quotes are not special */
};

void pieces_add(struct pieces *out, char byte, enum origin origin);
void pieces_add_string(struct pieces *out, const char *bytes,
		       enum origin origin);
void expand_raw(struct pieces *out, const char *raw, enum context context);

/* Arguments: split, with file names for patterns; ends with NULL. */
char **expand_words(const struct word *words);
/* Not split, no file names. */
char *expand_string(const char *raw, enum context context);
/* The same for fnmatch(3): what was quoted has a backslash. */
char *expand_pattern(const char *raw);
/* "NAME=VALUE" with the value expanded. */
char *expand_assignment(const char *raw);

/* dollar.c: expand the $... or `...` that @raw starts with into @out; the
 * rest of @raw. */
const char *expand_dollar(struct pieces *out, const char *raw, bool quoted);

/* arith.c: the value of what is within $((...)), or abort_command(). */
long arithmetic(const char *expression);

#endif
