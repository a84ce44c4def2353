// SPDX-License-Identifier: MIT
/*
 * driver_device.c - drivers as files: the terminal and virtio ports.
 *
 * The drivers know nothing of files; these few lines pass their work on.
 *
 * Tests: usertests.
 */
#include "fs/device.h"
#include "kernel/dev/tty.h"
#include "kernel/dev/virtio_console.h"
#include "kernel/lib/errno.h"

static ssize_t tty_file_read(struct file *f, struct uio *uio, uint64_t *offset)
{
	return tty_read(f->private, uio, f->flags & O_NONBLOCK);
}

static ssize_t tty_file_write(struct file *f, struct uio *uio, uint64_t *offset)
{
	return tty_write(f->private, uio);
}

static unsigned tty_file_poll(struct file *f, struct waiter *waiter)
{
	return tty_poll(f->private, waiter);
}

static long tty_file_ioctl(struct file *f, unsigned request, vaddr_t argument)
{
	return tty_ioctl(f->private, request, argument);
}

/* /dev/tty (minor 0) is the caller's own terminal: only if it has one. */
static int tty_file_open(struct file *f)
{
	bool own = device_minor(f->inode->rdev) == 0;

	return own && !tty_controls_caller(f->private) ? -ENXIO : 0;
}

const struct file_ops device_tty_ops = {
	.stream = true,
	.open = tty_file_open,
	.read = tty_file_read,
	.write = tty_file_write,
	.poll = tty_file_poll,
	.ioctl = tty_file_ioctl,
};

static int vport_file_open(struct file *f)
{
	return vport_open(f->private);
}

static ssize_t vport_file_read(struct file *f, struct uio *uio,
			       uint64_t *offset)
{
	return vport_read(f->private, uio, f->flags & O_NONBLOCK);
}

static ssize_t vport_file_write(struct file *f, struct uio *uio,
				uint64_t *offset)
{
	return vport_write(f->private, uio);
}

static unsigned vport_file_poll(struct file *f, struct waiter *waiter)
{
	return vport_poll(f->private, waiter);
}

static void vport_file_release(struct file *f)
{
	vport_close(f->private);
}

const struct file_ops device_vport_ops = {
	.stream = true,
	.open = vport_file_open,
	.read = vport_file_read,
	.write = vport_file_write,
	.poll = vport_file_poll,
	.release = vport_file_release,
};
