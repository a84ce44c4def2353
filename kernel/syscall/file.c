// SPDX-License-Identifier: MIT
/*
 * file.c - read(2), write(2) and their many forms.
 *
 *	       at the position          at an offset
 *	one    read, write              pread64, pwrite64
 *	many   readv, writev            preadv, pwritev, preadv2, pwritev2
 *
 * All end in move(): where the bytes are is a uio, at which offset is a
 * pointer or NULL.  As on Linux one call moves at most 2 GiB less a page.
 * A write to a pipe that nobody reads is answered here with SIGPIPE, and so is
 * one that nobody reads to its end.
 *
 * Tests: usertests.
 */
#include <linux/fs.h>

#include "arch/riscv/usercopy.h"
#include "fs/socket.h"
#include "kernel/syscall/calls.h"
#include "kernel/syscall/path_args.h"
#include "kernel/task/signal.h"
#include "kernel/syscall/vector.h"
#include "mm/slab.h"

static const size_t MOVE_MAX = INT32_MAX & ~4095ul;

/* Did a write to @f, which said @n, end because nobody reads it any more? */
static bool pipe_broken(struct file *f, const struct uio *uio, long n)
{
	struct socket *s = socket_of(f);

	if (s)
		return n == -EPIPE && socket_is_stream(s);
	return n == -EPIPE ||
	       (n >= 0 && uio->left && (file_poll(f, NULL) & POLLERR));
}

/* Borrow @fd's file, move, and answer. */
static long move(int fd, struct uio *uio, uint64_t *offset, bool write)
{
	struct file *f;
	long n;

	if (offset && (int64_t)*offset < 0)
		return -EINVAL;
	n = fdtable_get(caller_files(), fd, &f);
	if (n)
		return n;
	if (f->flags & O_PATH)
		n = -EBADF;
	else if (offset && f->ops->stream)
		n = -ESPIPE;
	else
		n = write ? file_write(f, uio, offset)
			  : file_read(f, uio, offset);
	if (write && pipe_broken(f, uio, n))
		signal_raise(SIGPIPE);
	file_put(f);
	return n;
}

static long move_one(const uint64_t *arg, uint64_t *offset, bool write)
{
	struct uio uio;

	if (arg[2] > USER_END || arg[1] > USER_END - arg[2])
		return -EFAULT; /* not even /dev/null takes it */
	uio_init_user(&uio, arg[1], min_u64(arg[2], MOVE_MAX));
	return move(arg[0], &uio, offset, write);
}

SYSCALL(read)
{
	return move_one(arg, NULL, false);
}

SYSCALL(write)
{
	return move_one(arg, NULL, true);
}

SYSCALL(pread64)
{
	uint64_t offset = arg[3];

	return move_one(arg, &offset, false);
}

SYSCALL(pwrite64)
{
	uint64_t offset = arg[3];

	return move_one(arg, &offset, true);
}

int vector_get(vaddr_t va, size_t n, struct iovec *small, struct iovec **out)
{
	size_t left = MOVE_MAX;

	if (n > UIO_MAXIOV)
		return -EINVAL;
	*out = n <= SMALL_VECTOR ? small : kmalloc(n * sizeof(**out));
	if (!*out)
		return -ENOMEM;

	int err = user_read(*out, va, n * sizeof(**out));

	for (size_t i = 0; i < n && !err; i++) {
		struct iovec *iov = &(*out)[i];

		if ((int64_t)iov->iov_len < 0)
			err = -EINVAL;
		iov->iov_len = min_u64(iov->iov_len, left);
		left -= iov->iov_len;
	}
	if (err && *out != small)
		kfree(*out);
	return err;
}

static long move_vector(const uint64_t *arg, uint64_t *offset, bool write)
{
	struct iovec small[SMALL_VECTOR];
	struct iovec *iov;
	struct uio uio;
	long n = vector_get(arg[1], arg[2], small, &iov);

	if (n)
		return n;
	uio_init_vector(&uio, iov, arg[2]);
	n = move(arg[0], &uio, offset, write);
	if (iov != small)
		kfree(iov);
	return n;
}

SYSCALL(readv)
{
	return move_vector(arg, NULL, false);
}

SYSCALL(writev)
{
	return move_vector(arg, NULL, true);
}

SYSCALL(preadv)
{
	uint64_t offset = arg[3];

	return move_vector(arg, &offset, false);
}

SYSCALL(pwritev)
{
	uint64_t offset = arg[3];

	return move_vector(arg, &offset, true);
}

/* Offset -1 is the file's position; flags only as far as they mean nothing
 * here. */
static long move_vector2(const uint64_t *arg, bool write)
{
	uint64_t offset = arg[3];

	if (arg[5] & ~(uint64_t)RWF_HIPRI)
		return -EOPNOTSUPP;
	return move_vector(arg, offset == UINT64_MAX ? NULL : &offset, write);
}

SYSCALL(preadv2)
{
	return move_vector2(arg, false);
}

SYSCALL(pwritev2)
{
	return move_vector2(arg, true);
}

static long seek(struct file *f, const uint64_t *arg)
{
	return file_seek(f, arg[1], arg[2]);
}

SYSCALL(lseek)
{
	return with_file(arg[0], seek, arg);
}
