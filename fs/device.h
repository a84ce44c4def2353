/* SPDX-License-Identifier: MIT */
#ifndef FS_DEVICE_H
#define FS_DEVICE_H

/*
 * device.h - devices as files: which file_ops a device number means, and
 * which names the "devtmpfs" filesystem shows in /dev.
 */

#include "fs/file.h"

struct device {
	const char *name; /* as in /dev */
	uint32_t rdev;
	uint32_t mode; /* S_IFCHR | 0666, ... */
	/* NULL: it can't be opened (disks: only mounted). */
	const struct file_ops *ops;
	void *driver; /* becomes file->private */
};

/* Fill in the table from the drivers that were found. */
void device_init(void);

int devtmpfs_mount(struct block_device *none, bool read_only,
		   struct super **out);

/* Device numbers as new_encode_dev() in Linux: what struct stat carries. */
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

/* memory_device.c, driver_device.c */
extern const struct file_ops device_null_ops, device_zero_ops, device_full_ops,
	device_random_ops, device_tty_ops, device_pts_ops, device_ptmx_ops,
	device_vport_ops;

/* devpts.c: /dev/pts, where each pseudo-terminal has its name. */
int devpts_mount(struct block_device *none, bool read_only, struct super **out);

#endif
