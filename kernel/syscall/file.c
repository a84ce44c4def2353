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
 * A write to a pipe that nobody reads is answered here with SIGPIPE.
 *
 * Book: chapter 6.  Tests: usertests.
 */
#include <linux/fs.h>

#include "arch/riscv/usercopy.h"
#include "kernel/syscall/calls_fs.h"
#include "kernel/syscall/path_args.h"
#include "kernel/task/signal.h"
#include "mm/slab.h"

enum { SMALL_VECTOR = 8 };

static const size_t MOVE_MAX = INT32_MAX & ~4095ul;

/* Borrow @fd's file, move, and answer. */
static long move(int fd, struct uio *uio, uint64_t *offset, bool write)
{
	struct file *f;
	long n = caller_file(fd, &f);

	if (n)
		return n;
	if (offset && f->ops->stream)
		n = -ESPIPE;
	else
		n = write ? file_write(f, uio, offset)
			  : file_read(f, uio, offset);
	file_put(f);
	if (n == -EPIPE && write)
		signal_raise(SIGPIPE);
	return n;
}

/* A buffer that is not in user space at all: not even /dev/null takes it. */
static long refuse_buffer(int fd)
{
	struct file *f;
	long err = caller_file(fd, &f);

	if (err)
		return err;
	file_put(f);
	return -EFAULT;
}

static long move_one(const uint64_t *arg, uint64_t *offset, bool write)
{
	struct uio uio;

	if (arg[2] > USER_END || arg[1] > USER_END - arg[2])
		return refuse_buffer(arg[0]);
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

	return (int64_t)offset < 0 ? -EINVAL : move_one(arg, &offset, false);
}

SYSCALL(pwrite64)
{
	uint64_t offset = arg[3];

	return (int64_t)offset < 0 ? -EINVAL : move_one(arg, &offset, true);
}

/* Copy and check a vector; its sum is cut at MOVE_MAX.  *out is @small, or
 * to be freed. */
static int vector_get(vaddr_t va, size_t n, struct iovec *small,
		      struct iovec **out)
{
	size_t left = MOVE_MAX;

	if (n > UIO_MAXIOV)
		return -EINVAL;
	*out = n <= SMALL_VECTOR ? small : kmalloc(n * sizeof(**out));
	if (!*out)
		return -ENOMEM;

	int err = copy_from_user(*out, va, n * sizeof(**out)) ? -EFAULT : 0;

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

	return (int64_t)offset < 0 ? -EINVAL : move_vector(arg, &offset, false);
}

SYSCALL(pwritev)
{
	uint64_t offset = arg[3];

	return (int64_t)offset < 0 ? -EINVAL : move_vector(arg, &offset, true);
}

/* Offset -1 is the file's position; flags only as far as they mean nothing
 * here. */
static long move_vector2(const uint64_t *arg, bool write)
{
	uint64_t offset = arg[3];

	if (arg[5] & ~(uint64_t)RWF_HIPRI)
		return -EOPNOTSUPP;
	if (offset == UINT64_MAX)
		return move_vector(arg, NULL, write);
	return (int64_t)offset < 0 ? -EINVAL : move_vector(arg, &offset, write);
}

SYSCALL(preadv2)
{
	return move_vector2(arg, false);
}

SYSCALL(pwritev2)
{
	return move_vector2(arg, true);
}

SYSCALL(lseek)
{
	struct file *f;
	long n = caller_file(arg[0], &f);

	if (n)
		return n;
	n = file_seek(f, arg[1], arg[2]);
	file_put(f);
	return n;
}

/* --- sendfile --- */

/* One piece, through @buffer (of a page).  Reads at *@offset. */
static long send_piece(struct file *out, struct file *in, uint64_t *offset,
		       char *buffer, size_t nbytes)
{
	uint64_t start = *offset;
	struct uio uio;

	uio_init_kernel(&uio, buffer, min_u64(nbytes, PAGE_SIZE));

	long n = file_read(in, &uio, offset);

	if (n <= 0)
		return n;
	uio_init_kernel(&uio, buffer, n);
	n = file_write(out, &uio, NULL);
	*offset = start + max_u64(n, 0);
	return n;
}

static long send(struct file *out, struct file *in, uint64_t *offset,
		 size_t nbytes)
{
	char *buffer = kmalloc(PAGE_SIZE);
	size_t total = 0;
	long n = 0;

	if (!buffer)
		return -ENOMEM;
	while (total < nbytes) {
		n = send_piece(out, in, offset, buffer, nbytes - total);
		if (n <= 0)
			break;
		total += n;
		if (sched_interrupted())
			break;
		sched_point();
	}
	kfree(buffer);
	if (n == -EPIPE)
		signal_raise(SIGPIPE);
	return total ? (long)total : n;
}

/* From @in's position, or from the offset at @va; that is updated. */
static long send_from(struct file *out, struct file *in, vaddr_t va,
		      size_t nbytes)
{
	uint64_t offset;

	if (in->ops->stream)
		return -EINVAL;
	if (!va) {
		mutex_lock(&in->position_lock);
		offset = in->position;
		mutex_unlock(&in->position_lock);
	} else if (copy_from_user(&offset, va, sizeof(offset))) {
		return -EFAULT;
	}
	if ((int64_t)offset < 0)
		return -EINVAL;

	long n = send(out, in, &offset, min_u64(nbytes, MOVE_MAX));

	if (!va)
		file_seek(in, offset, SEEK_SET);
	else if (copy_to_user(va, &offset, sizeof(offset)))
		return -EFAULT;
	return n;
}

SYSCALL(sendfile)
{
	struct file *out, *in;
	long n = caller_file(arg[1], &in);

	if (n)
		return n;
	n = caller_file(arg[0], &out);
	if (!n) {
		n = send_from(out, in, arg[2], arg[3]);
		file_put(out);
	}
	file_put(in);
	return n;
}
