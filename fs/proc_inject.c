// SPDX-License-Identifier: MIT
/*
 * proc_inject.c - which allocation and which request to a disk shall fail
 * (debug build).
 *
 * /proc/self/fail-nth is about allocations (mm/inject.h says what for).
 * As on Linux: writing n lets the n-th from here on fail, 0 calls it off;
 * reading gives what is left of n, so 0 means that it happened.  A program
 * keeps the file open, since to open it takes memory; to read and write it
 * does not count.  It is always about the caller.
 *
 * /proc/fail-request is about all disks but the first, on which programs are,
 * and all who use them: writing n + m * 2^32 lets the n-th request from here
 * on fail, and m more after it; 0: none.  Reading gives how many requests
 * there were since, and how many of them have failed.
 */

#include "fs/proc.h"
#include "kernel/block/block.h"
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

int inject_show_requests(struct text *text, int pid)
{
	uint64_t nfailed, n = block_counted(&nfailed);

	text_printf(text, "%lu %lu\n", n, nfailed);
	return 0;
}

ssize_t inject_write_requests(struct uio *uio)
{
	uint64_t value;
	ssize_t n = proc_number(uio, INT64_MAX, &value);
	uint64_t first = (uint32_t)value;

	if (n > 0)
		block_fail(first, first ? first + 1 + (value >> 32) : 0);
	return n;
}

#endif
