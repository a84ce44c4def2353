/* SPDX-License-Identifier: MIT */
#ifndef FS_DEVICE_H
#define FS_DEVICE_H

/*
 * device.h - devices as files: which file_ops a device number means, and
 * which names the "devtmpfs" filesystem shows in /dev.
 *
 * Drivers that include nothing of fs/ are wrapped here (terminal, virtio
 * ports, disks); a device node on any filesystem finds its operations by
 * number.
 */

#include "fs/file.h"

struct device {
	const char *name; /* as in /dev */
	uint32_t rdev;
	uint32_t mode; /* S_IFCHR | 0666, ... */
	const struct file_ops *ops;
	void *driver; /* becomes file->private */
};

/* Fill in the table from the drivers that were found. */
void device_init(void);

/* The device, or NULL; S_IFCHR and S_IFBLK number independently. */
const struct device *device_find(uint32_t type, uint32_t rdev);

/* The n-th, or NULL. */
const struct device *device_at(size_t n);

int devtmpfs_mount(struct super **out);

/* As new_encode_dev() in Linux; what struct stat carries. */
static inline uint32_t device_number(uint32_t major, uint32_t minor)
{
	return (minor & 0xff) | major << 8 | (minor & ~0xffu) << 12;
}

static inline uint32_t device_major(uint32_t rdev)
{
	return rdev >> 8 & 0xfff;
}

static inline uint32_t device_minor(uint32_t rdev)
{
	return (rdev & 0xff) | (rdev >> 12 & ~0xffu);
}

extern const struct file_ops device_null_ops, device_zero_ops, device_full_ops,
	device_random_ops; /* memory_device.c */
extern const struct file_ops device_tty_ops, device_own_tty_ops,
	device_vport_ops, device_block_ops; /* driver_device.c */

#endif
