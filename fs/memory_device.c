// SPDX-License-Identifier: MIT
/*
 * memory_device.c - the devices without hardware: null, zero, full, random.
 *
 * They have no position, but lseek(2) on them succeeds, as on Linux.  random
 * and urandom are one generator; what is written to them is stirred in.
 *
 * Tests: usertests.
 */
#include "fs/device.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/random.h"

enum { CHUNK = 256 /* of random bytes, on the stack */ };

static ssize_t null_read(struct file *f, struct uio *uio, uint64_t *offset)
{
	return 0;
}

static ssize_t null_write(struct file *f, struct uio *uio, uint64_t *offset)
{
	return uio->left;
}

/* Move the whole of @uio in chunks; as much as went, if a signal comes. */
static ssize_t move_chunks(struct uio *uio, size_t chunk,
			   size_t (*move)(struct uio *uio, size_t nbytes))
{
	size_t total = 0;

	while (uio->left && !(total && sched_interrupted())) {
		size_t wanted = min_u64(uio->left, chunk);
		size_t n = move(uio, wanted);

		total += n;
		if (n < wanted)
			return total ? (ssize_t)total : -EFAULT;
		sched_point();
	}
	return total;
}

static ssize_t zero_read(struct file *f, struct uio *uio, uint64_t *offset)
{
	return move_chunks(uio, PAGE_SIZE, uio_zero);
}

static ssize_t full_write(struct file *f, struct uio *uio, uint64_t *offset)
{
	return -ENOSPC;
}

static size_t draw(struct uio *uio, size_t nbytes)
{
	uint8_t bytes[CHUNK];

	random_bytes(bytes, nbytes);
	return uio_copy_to(uio, bytes, nbytes);
}

static size_t stir(struct uio *uio, size_t nbytes)
{
	uint8_t bytes[CHUNK];
	size_t n = uio_copy_from(uio, bytes, nbytes);

	random_stir(bytes, n);
	return n;
}

static ssize_t random_read(struct file *f, struct uio *uio, uint64_t *offset)
{
	return move_chunks(uio, CHUNK, draw);
}

static ssize_t random_write(struct file *f, struct uio *uio, uint64_t *offset)
{
	return move_chunks(uio, CHUNK, stir);
}

static int64_t no_seek(struct file *f, int64_t offset, int whence)
{
	return 0;
}

const struct file_ops device_null_ops = {
	.read = null_read,
	.write = null_write,
	.seek = no_seek,
};

const struct file_ops device_zero_ops = {
	.read = zero_read,
	.write = null_write,
	.seek = no_seek,
};

const struct file_ops device_full_ops = {
	.read = zero_read,
	.write = full_write,
	.seek = no_seek,
};

const struct file_ops device_random_ops = {
	.read = random_read,
	.write = random_write,
	.seek = no_seek,
};
