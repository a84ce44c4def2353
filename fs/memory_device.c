// SPDX-License-Identifier: MIT
/*
 * memory_device.c - the devices without hardware: null, zero, full, random.
 *
 * They have no position, but lseek(2) on them succeeds, as on Linux.  random
 * and urandom are one generator; what is written to them is stirred in.
 *
 * Book: chapter 6.  Tests: usertests.
 */
#include "fs/device.h"

#include "kernel/lib/errno.h"
#include "kernel/lib/random.h"
#include "kernel/sync/sched.h"

enum { CHUNK = 256 };

static ssize_t null_read(struct file *f, struct uio *uio, uint64_t *offset)
{
	return 0;
}

static ssize_t null_write(struct file *f, struct uio *uio, uint64_t *offset)
{
	return uio->left;
}

static ssize_t zero_read(struct file *f, struct uio *uio, uint64_t *offset)
{
	size_t total = 0;

	while (uio->left && !sched_interrupted()) {
		size_t wanted = min_u64(uio->left, PAGE_SIZE);
		size_t n = uio_zero(uio, wanted);

		total += n;
		if (n < wanted)
			return total ? (ssize_t)total : -EFAULT;
		sched_point();
	}
	return total;
}

static ssize_t full_write(struct file *f, struct uio *uio, uint64_t *offset)
{
	return -ENOSPC;
}

static ssize_t random_read(struct file *f, struct uio *uio, uint64_t *offset)
{
	uint8_t bytes[CHUNK];
	size_t total = 0;

	while (uio->left && !(total && sched_interrupted())) {
		size_t wanted = min_u64(uio->left, CHUNK);

		random_bytes(bytes, wanted);

		size_t n = uio_copy_to(uio, bytes, wanted);

		total += n;
		if (n < wanted)
			return total ? (ssize_t)total : -EFAULT;
		sched_point();
	}
	return total;
}

static ssize_t random_write(struct file *f, struct uio *uio, uint64_t *offset)
{
	uint8_t bytes[CHUNK];
	size_t total = 0;

	while (uio->left) {
		size_t wanted = min_u64(uio->left, CHUNK);
		size_t n = uio_copy_from(uio, bytes, wanted);

		random_stir(bytes, n);
		total += n;
		if (n < wanted)
			return total ? (ssize_t)total : -EFAULT;
		sched_point();
	}
	return total;
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
