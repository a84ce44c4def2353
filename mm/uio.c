// SPDX-License-Identifier: MIT
/*
 * uio.c - moving bytes between a kernel buffer and whatever a read or write
 * was given: the user's buffer, a vector of them, or the kernel's own.
 *
 * Everything above this file (the page cache, pipes, terminals, /proc) moves
 * data by uio_copy_to() and uio_copy_from(), and never asks whose memory is at
 * the other end.  A uio is advanced only by what was really moved, so a copy
 * that a fault cut short can be continued, or reported as a partial count.
 *
 * The _nofault forms are for callers that hold a page or an inode lock: a
 * fault would need those locks itself, or mm->lock, which is taken before
 * them.  They stop short at a page that is not there; the caller drops its
 * locks, calls uio_fault_in(), and comes back.
 *
 * Locking: none of its own; a uio belongs to one task.  Book: chapter 6.
 */

#include "mm/uio.h"

#include "arch/riscv/usercopy.h"
#include "kernel/lib/string.h"

void uio_init_user(struct uio *uio, vaddr_t buffer, size_t nbytes)
{
	*uio = (struct uio){
		.niov = 1,
		.left = nbytes,
		.one = {(void *)buffer, nbytes},
	};
	uio->iov = &uio->one;
}

void uio_init_kernel(struct uio *uio, void *buffer, size_t nbytes)
{
	uio_init_user(uio, (vaddr_t)buffer, nbytes);
	uio->kernel = true;
}

void uio_init_vector(struct uio *uio, const struct iovec *iov, size_t niov)
{
	*uio = (struct uio){.iov = iov, .niov = niov};
	for (size_t i = 0; i < niov; i++)
		uio->left += iov[i].iov_len;
}

/* The run of bytes at the uio's position, at most @max long. */
static size_t current_run(struct uio *uio, size_t max, vaddr_t *va)
{
	while (uio->niov && uio->at == uio->iov->iov_len) {
		uio->iov++;
		uio->niov--;
		uio->at = 0;
	}
	if (!uio->niov)
		return 0;
	*va = (vaddr_t)uio->iov->iov_base + uio->at;
	return min_u64(max, uio->iov->iov_len - uio->at);
}

static void advance(struct uio *uio, size_t nbytes)
{
	uio->at += nbytes;
	uio->left -= nbytes;
}

enum move { MOVE_TO, MOVE_TO_NOFAULT, MOVE_FROM, MOVE_FROM_NOFAULT, MOVE_ZERO };

/* Move one run; the number of bytes that were not moved. */
static size_t move_run(const struct uio *uio, enum move move, vaddr_t va,
		       void *buffer, size_t nbytes)
{
	switch (move) {
	case MOVE_TO:
	case MOVE_TO_NOFAULT:
		if (uio->kernel) {
			memcpy((void *)va, buffer, nbytes);
			return 0;
		}
		if (move == MOVE_TO)
			return copy_to_user(va, buffer, nbytes);
		return copy_to_user_nofault(va, buffer, nbytes);
	case MOVE_FROM:
	case MOVE_FROM_NOFAULT:
		if (uio->kernel) {
			memcpy(buffer, (void *)va, nbytes);
			return 0;
		}
		if (move == MOVE_FROM)
			return copy_from_user(buffer, va, nbytes);
		return copy_from_user_nofault(buffer, va, nbytes);
	case MOVE_ZERO:
		if (uio->kernel) {
			memset((void *)va, 0, nbytes);
			return 0;
		}
		return zero_user(va, nbytes);
	}
	return nbytes;
}

static size_t move_all(struct uio *uio, enum move move, void *buffer,
		       size_t nbytes)
{
	char *at = buffer; /* NULL for MOVE_ZERO */
	size_t done = 0;

	while (done < nbytes) {
		vaddr_t va;
		size_t run = current_run(uio, nbytes - done, &va);
		size_t missed;

		if (!run)
			break;
		missed = move_run(uio, move, va, at, run);
		advance(uio, run - missed);
		done += run - missed;
		if (at)
			at += run - missed;
		if (missed)
			break;
	}
	return done;
}

size_t uio_copy_to(struct uio *uio, const void *buffer, size_t nbytes)
{
	return move_all(uio, MOVE_TO, (void *)buffer, nbytes);
}

size_t uio_copy_from(struct uio *uio, void *buffer, size_t nbytes)
{
	return move_all(uio, MOVE_FROM, buffer, nbytes);
}

size_t uio_zero(struct uio *uio, size_t nbytes)
{
	return move_all(uio, MOVE_ZERO, NULL, nbytes);
}

size_t uio_copy_to_nofault(struct uio *uio, const void *buffer, size_t nbytes)
{
	return move_all(uio, MOVE_TO_NOFAULT, (void *)buffer, nbytes);
}

size_t uio_copy_from_nofault(struct uio *uio, void *buffer, size_t nbytes)
{
	return move_all(uio, MOVE_FROM_NOFAULT, buffer, nbytes);
}

int uio_fault_in(struct uio *uio, int access)
{
	vaddr_t va;
	size_t run = current_run(uio, PAGE_SIZE, &va);

	if (!run || uio->kernel)
		return 0;
	return user_fault_in(va, run, access);
}
