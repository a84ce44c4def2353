// SPDX-License-Identifier: MIT
/*
 * proc_inject.c - /proc/self/fail-nth: which allocation shall fail (debug
 * build; mm/inject.h says what for).
 *
 * As on Linux: writing n lets the n-th from here on fail, 0 calls it off;
 * reading gives what is left of n, so 0 means that it happened.  A program
 * keeps the file open, since to open it takes memory; to read and write it
 * does not count.  It is always about the caller.
 */

#include "fs/proc.h"
#include "kernel/lib/errno.h"
#include "mm/inject.h"

#ifdef CONFIG_DEBUG

int inject_show(struct text *text, int pid)
{
	struct injection *injection = task_injection();
	struct injection saved = *injection;

	*injection = (struct injection){0};
	text_printf(text, "%lu\n", saved.left);
	*injection = saved;
	return 0;
}

ssize_t inject_write(struct uio *uio)
{
	uint64_t left;
	ssize_t n = proc_number(uio, INT64_MAX, &left);

	if (n > 0)
		*task_injection() = (struct injection){.left = left};
	return n;
}

#endif
