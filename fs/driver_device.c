// SPDX-License-Identifier: MIT
/*
 * driver_device.c - drivers as files: terminals and virtio ports.
 *
 * The drivers know nothing of files; these few lines pass their work on.
 *
 * Tests: usertests.
 */
#include "fs/device.h"
#include "kernel/dev/pty.h"
#include "kernel/dev/virtio_console.h"
#include "kernel/lib/errno.h"

static ssize_t tty_file_read(struct file *f, struct uio *uio, uint64_t *offset)
{
	return tty_read(f->private, uio, f->flags & O_NONBLOCK);
}

static ssize_t tty_file_write(struct file *f, struct uio *uio, uint64_t *offset)
{
	return tty_write(f->private, uio, f->flags & O_NONBLOCK);
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
	struct tty *tty = f->private;
	int err = device_minor(f->inode->rdev) ? 0 : tty_open_own(&tty);

	f->private = tty;
	return err;
}

static int pts_file_open(struct file *f)
{
	struct tty *tty;
	int err = pty_open_slave(device_minor(f->inode->rdev), &tty);

	f->private = tty;
	if (!err && !(f->flags & O_NOCTTY))
		tty_set_controlling(tty); /* if that can be */
	return err;
}

static void tty_file_release(struct file *f)
{
	tty_close(f->private);
}

const struct file_ops device_tty_ops = {
	.stream = true,
	.open = tty_file_open,
	.read = tty_file_read,
	.write = tty_file_write,
	.poll = tty_file_poll,
	.ioctl = tty_file_ioctl,
	.release = tty_file_release,
};

const struct file_ops device_pts_ops = {
	.stream = true,
	.open = pts_file_open,
	.read = tty_file_read,
	.write = tty_file_write,
	.poll = tty_file_poll,
	.ioctl = tty_file_ioctl,
	.release = tty_file_release,
};

static int ptmx_file_open(struct file *f)
{
	struct pty *p;
	int err = pty_new(&p);

	f->private = p;
	return err;
}

static ssize_t ptmx_file_read(struct file *f, struct uio *uio, uint64_t *offset)
{
	return pty_read(f->private, uio, f->flags & O_NONBLOCK);
}

static ssize_t ptmx_file_write(struct file *f, struct uio *uio,
			       uint64_t *offset)
{
	return pty_write(f->private, uio, f->flags & O_NONBLOCK);
}

static unsigned ptmx_file_poll(struct file *f, struct waiter *waiter)
{
	return pty_poll(f->private, waiter);
}

static long ptmx_file_ioctl(struct file *f, unsigned request, vaddr_t argument)
{
	return pty_ioctl(f->private, request, argument);
}

static void ptmx_file_release(struct file *f)
{
	pty_close(f->private);
}

const struct file_ops device_ptmx_ops = {
	.stream = true,
	.open = ptmx_file_open,
	.read = ptmx_file_read,
	.write = ptmx_file_write,
	.poll = ptmx_file_poll,
	.ioctl = ptmx_file_ioctl,
	.release = ptmx_file_release,
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
