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

enum { NUMBER_MAX = 24 };

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
	char text[NUMBER_MAX];
	size_t nbytes = uio->left;
	unsigned long n = 0;

	if (nbytes > sizeof(text))
		return -EINVAL;
	if (uio_copy_from(uio, text, nbytes) < nbytes)
		return -EFAULT;
	for (size_t i = 0; i < nbytes && text[i] != '\n'; i++) {
		if (text[i] < '0' || text[i] > '9' || n > UINT64_MAX / 20)
			return -EINVAL;
		n = 10 * n + text[i] - '0';
	}
	*task_injection() = (struct injection){.left = n};
	return nbytes;
}

#endif
