/* SPDX-License-Identifier: MIT */
#ifndef MM_UIO_H
#define MM_UIO_H

/*
 * uio.h - where the bytes of a read or write come from or go to: one buffer
 * or a vector of them, the user's or the kernel's.
 */

#include <linux/uio.h>

#include "kernel/lib/types.h"

struct uio {
	const struct iovec *iov; /* kernel's copy of the vector */
	size_t niov;
	size_t at;        /* done of iov[0] */
	size_t left;      /* bytes left in all */
	bool kernel;      /* buffers are the kernel's own */
	struct iovec one; /* storage for the common case */
};

void uio_init_user(struct uio *uio, vaddr_t buffer, size_t nbytes);
void uio_init_kernel(struct uio *uio, void *buffer, size_t nbytes);
/* @iov stays the caller's; the sum of lengths was checked. */
void uio_init_vector(struct uio *uio, const struct iovec *iov, size_t niov);

/*
 * Copy between @buffer and the uio, and advance it by what was copied, which
 * is returned: less than @nbytes at the end, or where user memory faults for
 * good.  May sleep; no locks.
 */
size_t uio_copy_to(struct uio *uio, const void *buffer, size_t nbytes);
size_t uio_copy_from(struct uio *uio, void *buffer, size_t nbytes);
size_t uio_zero(struct uio *uio, size_t nbytes);

/* The same with faults off: also short where a page is just not there. */
size_t uio_copy_to_nofault(struct uio *uio, const void *buffer, size_t nbytes);
size_t uio_copy_from_nofault(struct uio *uio, void *buffer, size_t nbytes);

/* Touch the next page or so at the uio's position, for @access of ours to
 * user memory (VM_R: we will read it).  0 or -EFAULT.  May sleep; no locks. */
int uio_fault_in(struct uio *uio, int access);

#endif
