// SPDX-License-Identifier: MIT
/*
 * driver_device.c - drivers as files: the terminal, virtio ports, disks.
 *
 * The drivers know nothing of files; these few lines pass their work on.
 *
 * A disk reads and writes its bytes as they are on the device, through one
 * page of memory, and past the caches of a filesystem that may be mounted
 * from it: so it shows what a power failure would leave.
 *
 * Book: chapter 6.  Tests: usertests.
 */
#include "fs/device.h"

#include <asm/ioctls.h>
#include <linux/fs.h>

#include "arch/riscv/usercopy.h"
#include "kernel/block/block.h"
#include "kernel/dev/tty.h"
#include "kernel/dev/virtio_console.h"
#include "kernel/lib/errno.h"
#include "mm/slab.h"

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

/* /dev/tty is the caller's own terminal: only if it has one. */
static int tty_own_open(struct file *f)
{
	return tty_controls_caller(f->private) ? 0 : -ENXIO;
}

const struct file_ops device_own_tty_ops = {
	.stream = true,
	.open = tty_own_open,
	.read = tty_file_read,
	.write = tty_file_write,
	.poll = tty_file_poll,
	.ioctl = tty_file_ioctl,
};

const struct file_ops device_tty_ops = {
	.stream = true,
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

/* --- disks --- */

static uint64_t disk_size(const struct block_device *disk)
{
	return disk->nsectors << SECTOR_SHIFT;
}

/* Move one piece of at most a page, within whole sectors of @buffer. */
static ssize_t disk_piece(struct block_device *disk, struct uio *uio,
			  uint64_t offset, char *buffer, bool write)
{
	size_t at = offset % SECTOR_SIZE;
	uint64_t start = offset - at;
	size_t span = min_u64(PAGE_SIZE, disk_size(disk) - start);
	size_t n = min_u64(uio->left, span - at);
	uint64_t sector = start >> SECTOR_SHIFT;
	int err = block_transfer(disk, BLOCK_READ, sector, buffer, span);

	if (err)
		return err;
	if (!write) {
		n = uio_copy_to(uio, buffer + at, n);
		return n ? (ssize_t)n : -EFAULT;
	}
	n = uio_copy_from(uio, buffer + at, n);
	err = block_transfer(disk, BLOCK_WRITE, sector, buffer, span);
	if (err)
		return err;
	return n ? (ssize_t)n : -EFAULT;
}

static ssize_t disk_move(struct file *f, struct uio *uio, uint64_t *offset,
			 bool write)
{
	struct block_device *disk = f->private;
	char *buffer = kmalloc(PAGE_SIZE);
	ssize_t total = 0;
	ssize_t n = 0;

	if (!buffer)
		return -ENOMEM;
	while (uio->left && *offset < disk_size(disk)) {
		n = disk_piece(disk, uio, *offset, buffer, write);
		if (n < 0)
			break;
		total += n;
		*offset += n;
	}
	kfree(buffer);
	if (total == 0 && n == 0 && write && uio->left)
		return -ENOSPC;
	return total ? total : n;
}

static ssize_t disk_read(struct file *f, struct uio *uio, uint64_t *offset)
{
	return disk_move(f, uio, offset, false);
}

static ssize_t disk_write(struct file *f, struct uio *uio, uint64_t *offset)
{
	struct block_device *disk = f->private;

	return disk->read_only ? -EPERM : disk_move(f, uio, offset, true);
}

static int64_t disk_seek(struct file *f, int64_t offset, int whence)
{
	struct block_device *disk = f->private;
	int64_t target = -EINVAL;

	mutex_lock(&f->position_lock);
	if (whence == SEEK_SET)
		target = offset;
	else if (whence == SEEK_CUR)
		target = f->position + offset;
	else if (whence == SEEK_END)
		target = disk_size(disk) + offset;
	if (target < 0)
		target = -EINVAL;
	else
		f->position = target;
	mutex_unlock(&f->position_lock);
	return target;
}

static long disk_ioctl(struct file *f, unsigned request, vaddr_t argument)
{
	struct block_device *disk = f->private;
	uint64_t nbytes = disk_size(disk);
	uint32_t sector = SECTOR_SIZE;
	size_t left;

	switch (request) {
	case BLKGETSIZE64:
		left = copy_to_user(argument, &nbytes, sizeof(nbytes));
		break;
	case BLKGETSIZE:
		left = copy_to_user(argument, &disk->nsectors,
				    sizeof(disk->nsectors));
		break;
	case BLKSSZGET:
		left = copy_to_user(argument, &sector, sizeof(sector));
		break;
	default:
		return -ENOTTY;
	}
	return left ? -EFAULT : 0;
}

static int disk_sync(struct file *f, bool data_only)
{
	return block_flush(f->private);
}

const struct file_ops device_block_ops = {
	.read = disk_read,
	.write = disk_write,
	.seek = disk_seek,
	.ioctl = disk_ioctl,
	.sync = disk_sync,
};
