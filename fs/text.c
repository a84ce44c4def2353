// SPDX-License-Identifier: MIT
/*
 * text.c - text of any length, in pieces of one page.
 *
 * A file of /proc is made whole when it is read from its start, and then read
 * piece by piece; so what a reader gets is of one moment, and no line is torn
 * or shown twice.  /proc/<pid>/maps of a process with many mappings takes
 * megabytes: so no contiguous buffer, but an array of pages, found by
 * division.
 *
 * Locking: the owner's.
 *
 * Book: chapter 6.
 */
#include "fs/text.h"

#include <stdarg.h>

#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/slab.h"

enum { LINE_MAX = 256, SLOTS_MIN = 16 };

/* Room for one more pointer. */
static bool grow_slots(struct text *text)
{
	size_t nslots = text->nslots ? 2 * text->nslots : SLOTS_MIN;
	char **chunks;

	if (text->nchunks < text->nslots)
		return true;
	chunks = kmalloc(nslots * sizeof(*chunks));
	if (!chunks)
		return false;
	if (text->nchunks)
		memcpy(chunks, text->chunks, text->nchunks * sizeof(*chunks));
	kfree(text->chunks);
	text->chunks = chunks;
	text->nslots = nslots;
	return true;
}

static bool grow(struct text *text)
{
	char *chunk;

	if (!grow_slots(text))
		return false;
	chunk = kmalloc(PAGE_SIZE);
	if (!chunk)
		return false;
	text->chunks[text->nchunks++] = chunk;
	return true;
}

void text_add(struct text *text, const char *bytes, size_t nbytes)
{
	while (nbytes) {
		size_t at = page_offset(text->length);

		if (at == 0 && !grow(text)) {
			text->failed = true;
			return;
		}

		size_t n = min_u64(nbytes, PAGE_SIZE - at);

		memcpy(text->chunks[text->nchunks - 1] + at, bytes, n);
		text->length += n;
		bytes += n;
		nbytes -= n;
	}
}

void text_printf(struct text *text, const char *format, ...)
{
	char line[LINE_MAX];
	va_list args;

	va_start(args, format);

	int n = vsnprintf(line, sizeof(line), format, args);

	va_end(args);
	text_add(text, line, min_u64(n, sizeof(line) - 1));
}

void text_clear(struct text *text)
{
	for (size_t i = 0; i < text->nchunks; i++)
		kfree(text->chunks[i]);
	kfree(text->chunks);
	*text = (struct text){0};
}

ssize_t text_read(const struct text *text, struct uio *uio, uint64_t offset)
{
	size_t total = 0;

	while (uio->left && offset + total < text->length) {
		uint64_t from = offset + total;
		size_t at = page_offset(from);
		size_t wanted =
			min_u64(uio->left,
				min_u64(PAGE_SIZE - at, text->length - from));
		size_t n = uio_copy_to(uio, text->chunks[from / PAGE_SIZE] + at,
				       wanted);

		total += n;
		if (n < wanted)
			return total ? (ssize_t)total : -EFAULT;
	}
	return total;
}
