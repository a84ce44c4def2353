/* SPDX-License-Identifier: MIT */
#ifndef FS_TEXT_H
#define FS_TEXT_H

/*
 * text.h - text that grows as it is written, as long as it needs to be: what
 * a file of /proc says.  The owner locks.
 */

#include "mm/uio.h"

struct text {
	struct text_page *first, *last;
	size_t length; /* bytes */
	bool failed;   /* no memory: something is missing */
};

void text_printf(struct text *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void text_add(struct text *text, const char *bytes, size_t nbytes);

/* Back to nothing. */
void text_clear(struct text *text);

/* read(2): the bytes moved, or -EFAULT.  May sleep. */
ssize_t text_read(const struct text *text, struct uio *uio, uint64_t offset);

#endif
