/* SPDX-License-Identifier: MIT */
#ifndef FS_DEVICE_H
#define FS_DEVICE_H

/*
 * device.h - character devices: which file_ops a device number means, and
 * which names the "devtmpfs" filesystem shows in /dev.
 *
 * Drivers that include nothing of fs/ are wrapped here (tty, virtio ports);
 * a device node on any filesystem finds its operations by number.
 */

#include "fs/file.h"

struct device {
	const char *name; /* as in /dev */
	uint32_t rdev;
	uint32_t mode; /* S_IFCHR | 0666, ... */
	const struct file_ops *ops;
	void *driver;
};

/* The device, or NULL. */
const struct device *device_find(uint32_t rdev);

/* Fill in the table from the drivers that were found. */
void device_init(void);

#endif
