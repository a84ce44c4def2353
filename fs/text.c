// SPDX-License-Identifier: MIT
/*
 * text.c - text of any length, in pieces of one page.
 *
 * A file of /proc is made whole when it is read from its start, and then read
 * piece by piece; so what a reader gets is of one moment, and no line is torn
 * or shown twice.  /proc/<pid>/maps of a process with many mappings takes
 * megabytes: so no contiguous buffer, but a chain of pages.
 *
 * Locking: the owner's.
 */
#include "fs/text.h"

#include <stdarg.h>

#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/slab.h"

enum { LINE_MAX = 256, TEXT_BYTES = 4096 - sizeof(void *) };

struct text_page {
	struct text_page *next;
	char bytes[TEXT_BYTES];
};

static bool text_grow(struct text *text)
{
	struct text_page *pg = kmalloc(sizeof(*pg));

	if (!pg)
		return false;
	pg->next = NULL;
	if (text->last)
		text->last->next = pg;
	else
		text->first = pg;
	text->last = pg;
	return true;
}

void text_add(struct text *text, const char *bytes, size_t nbytes)
{
	while (nbytes) {
		size_t at = text->length % TEXT_BYTES;
		size_t n = min_u64(nbytes, TEXT_BYTES - at);

		if (at == 0 && !text_grow(text)) {
			text->failed = true;
			return;
		}
		memcpy(text->last->bytes + at, bytes, n);
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

	size_t n = vsnprintf(line, sizeof(line), format, args);

	va_end(args);
	text_add(text, line, min_u64(n, sizeof(line) - 1));
}

void text_clear(struct text *text)
{
	struct text_page *next;

	for (struct text_page *pg = text->first; pg; pg = next) {
		next = pg->next;
		kfree(pg);
	}
	*text = (struct text){0};
}

ssize_t text_read(const struct text *text, struct uio *uio, uint64_t offset)
{
	const struct text_page *pg = text->first;
	uint64_t start = 0; /* of pg, in the text */
	size_t total = 0;

	for (; pg && uio->left; pg = pg->next, start += TEXT_BYTES) {
		uint64_t end = min_u64(start + TEXT_BYTES, text->length);

		if (offset >= end)
			continue;

		size_t n = uio_copy_to(uio, pg->bytes + (offset - start),
				       end - offset);

		total += n;
		offset += n;
		if (offset < end && uio->left)
			return total ? (ssize_t)total : -EFAULT;
	}
	return total;
}
