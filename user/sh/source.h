/* SPDX-License-Identifier: MIT */
#ifndef USER_SH_SOURCE_H
#define USER_SH_SOURCE_H

/*
 * source.h - where a program's text comes from: a string, a file, a terminal.
 *
 * The text is read when the lexer asks for it, by whole lines, and kept from
 * the start of the command that is being parsed: a word is a slice of it.
 */

#include <stdbool.h>

#include "memory.h"

struct source {
	int fd;           /* -1: there is only what is in @text */
	bool shared;      /* others read @fd too: nothing behind the line */
	bool byte_wise;   /* which read(2) does not see to by itself */
	bool prompts;     /* on a terminal */
	bool ended;       /* @fd has no more */
	struct text text; /* what has been read, or the whole string */
	size_t at;        /* the next byte's place in @text */
	unsigned line;    /* number of the line that @at is in */
};

void source_from_string(struct source *source, const char *text);
void source_from_fd(struct source *source, int fd);
void source_close(struct source *source);

/* A command is complete: forget its text. */
void source_forget(struct source *source);
/* Forget what was read and not used: after an error at the prompt. */
void source_discard(struct source *source);

/* The next byte, or -1 at the end, or when ^C came at the prompt. */
int source_peek(struct source *source);
int source_next(struct source *source);

#endif
