/* SPDX-License-Identifier: MIT */
#ifndef USER_SH_MEMORY_H
#define USER_SH_MEMORY_H

/*
 * memory.h - the shell's two ways to hold bytes.
 *
 * An arena gives memory that is returned all at once: a program's tree when
 * it has been executed, a command's arguments when the command has ended.
 * A text is a string that grows.  Neither ever fails: a shell out of memory
 * says so and exits.
 */

#include <stddef.h>

struct arena {
	struct chunk *top;
};

/* A moment in the life of an arena. */
struct mark {
	struct chunk *top;
	size_t used;
};

void *arena_get(struct arena *arena, size_t nbytes); /* zeroed */
char *arena_copy(struct arena *arena, const char *bytes, size_t length);
struct mark arena_mark(const struct arena *arena);
/* Give back whatever was taken since @mark; (struct mark){0}: everything. */
void arena_release(struct arena *arena, struct mark mark);

/* The arguments of the commands being executed now. */
extern struct arena scratch;

struct text {
	char *bytes; /* NUL-terminated, or NULL when nothing was ever added */
	size_t length, room;
};

void text_add(struct text *text, char byte);
void text_append(struct text *text, const char *bytes, size_t length);
/* Move to @arena, and leave @text empty. */
char *text_finish(struct text *text, struct arena *arena);

#endif
