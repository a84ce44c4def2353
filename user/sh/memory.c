// SPDX-License-Identifier: MIT
/*
 * memory.c - arenas and growing strings (memory.h says why).
 *
 * An arena is a pile of chunks.  Memory is cut from the top chunk; what does
 * not fit there gets a new chunk, which goes on top:
 *
 *      | used |     <- top
 *      | full |
 *      | full |
 *
 * A mark remembers the top and how much of it was used, so that releasing
 * is popping.
 */

#include <err.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

enum { CHUNK_ROOM = 4000 };

struct chunk {
	struct chunk *below;
	size_t used, room;
	alignas(max_align_t) char bytes[];
};

struct arena scratch;

static void *checked(void *memory)
{
	if (!memory)
		err(2, "sh");
	return memory;
}

static void chunk_push(struct arena *arena, size_t nbytes)
{
	size_t room = nbytes > CHUNK_ROOM ? nbytes : CHUNK_ROOM;
	struct chunk *chunk = checked(malloc(sizeof(*chunk) + room));

	*chunk = (struct chunk){.below = arena->top, .room = room};
	arena->top = chunk;
}

void *arena_get(struct arena *arena, size_t nbytes)
{
	size_t align = alignof(max_align_t);
	void *memory;

	nbytes = (nbytes + align - 1) / align * align;
	if (!arena->top || arena->top->room - arena->top->used < nbytes)
		chunk_push(arena, nbytes);
	memory = arena->top->bytes + arena->top->used;
	arena->top->used += nbytes;
	return memset(memory, 0, nbytes);
}

char *arena_copy(struct arena *arena, const char *bytes, size_t length)
{
	return memcpy(arena_get(arena, length + 1), bytes, length);
}

struct mark arena_mark(const struct arena *arena)
{
	struct chunk *top = arena->top;

	return (struct mark){top, top ? top->used : 0};
}

void arena_release(struct arena *arena, struct mark mark)
{
	while (arena->top != mark.top) {
		struct chunk *chunk = arena->top;

		arena->top = chunk->below;
		free(chunk);
	}
	if (mark.top)
		mark.top->used = mark.used;
}

void text_append(struct text *text, const char *bytes, size_t length)
{
	if (text->length + length + 1 > text->room) {
		text->room = 2 * (text->length + length) + 32;
		text->bytes = checked(realloc(text->bytes, text->room));
	}
	memcpy(text->bytes + text->length, bytes, length);
	text->length += length;
	text->bytes[text->length] = '\0';
}

void text_add(struct text *text, char byte)
{
	text_append(text, &byte, 1);
}

char *text_finish(struct text *text, struct arena *arena)
{
	const char *bytes = text->bytes ? text->bytes : "";
	char *copy = arena_copy(arena, bytes, text->length);

	free(text->bytes);
	*text = (struct text){0};
	return copy;
}
