// SPDX-License-Identifier: MIT
/*
 * device.c - the table of devices, and devtmpfs, which shows it.
 *
 * An inode of a device says no more than a number.  Opening it looks the
 * number up here, and the open file gets the device's operations instead of
 * the inode's.  The table is filled once, at boot, from what the drivers
 * found; so it needs no lock.
 *
 * devtmpfs is a tmpfs that begins with a node for each row, and the names that
 * programs expect: links to /proc, and empty directories for devpts and for the
 * tmpfs of shm_open(3).
 *
 * Tests: usertests.
 */
#include "fs/device.h"

#include <linux/major.h>

#include "fs/tmpfs.h"
#include "kernel/block/block.h"
#include "kernel/dev/tty.h"
#include "kernel/dev/virtio_console.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"

enum { DEVICES_MAX = 48 };

static struct device table[DEVICES_MAX];
static size_t ndevices;

static void device_add(const char *name, uint32_t major, uint32_t minor,
		       uint32_t mode, const struct file_ops *ops, void *driver)
{
	if (ndevices == DEVICES_MAX) {
		printk("device %s: too many devices\n", name);
		return;
	}
	table[ndevices++] = (struct device){name, device_number(major, minor),
					    mode, ops, driver};
}

void device_init(void)
{
	struct block_device *disk = NULL;
	struct tty *tty = tty_console();
	struct vport *port;
	uint32_t any = S_IFCHR | 0666, root = S_IFCHR | 0600;

	device_add("null", MEM_MAJOR, 3, any, &device_null_ops, NULL);
	device_add("zero", MEM_MAJOR, 5, any, &device_zero_ops, NULL);
	device_add("full", MEM_MAJOR, 7, any, &device_full_ops, NULL);
	device_add("random", MEM_MAJOR, 8, any, &device_random_ops, NULL);
	device_add("urandom", MEM_MAJOR, 9, any, &device_random_ops, NULL);
	device_add("tty", TTYAUX_MAJOR, 0, any, &device_tty_ops, tty);
	device_add("console", TTYAUX_MAJOR, 1, root, &device_tty_ops, tty);
	device_add("ptmx", TTYAUX_MAJOR, 2, any, &device_ptmx_ops, NULL);
	for (unsigned i = 0; (port = vport_get(i)); i++)
		device_add(vport_name(port), device_major(vport_rdev(port)),
			   device_minor(vport_rdev(port)), root,
			   &device_vport_ops, port);
	while ((disk = block_next(disk)))
		device_add(disk->name, device_major(disk->rdev),
			   device_minor(disk->rdev), S_IFBLK | 0660, NULL,
			   disk);
}

static int device_open(struct file *f)
{
	if (inode_is(f->inode, S_IFCHR) &&
	    device_major(f->inode->rdev) == UNIX98_PTY_SLAVE_MAJOR) {
		f->ops = &device_pts_ops;
		return f->ops->open(f);
	}
	for (size_t i = 0; i < ndevices; i++) {
		const struct device *device = &table[i];

		if (device->rdev != f->inode->rdev || !device->ops ||
		    !inode_is(f->inode, device->mode & S_IFMT))
			continue;
		f->ops = device->ops;
		f->private = device->driver;
		return f->ops->open ? f->ops->open(f) : 0;
	}
	return -ENXIO;
}

const struct file_ops file_ops_device = {.open = device_open};

/* --- devtmpfs --- */

static int add(struct inode *dir, const char *name, uint32_t mode,
	       uint32_t rdev, const char *target)
{
	struct inode *inode;
	int err = target ? dir->ops->symlink(dir, name, strlen(name), target,
					     &inode)
			 : dir->ops->create(dir, name, strlen(name), mode, rdev,
					    &inode);

	if (!err)
		inode_put(inode);
	return err;
}

static int populate(struct inode *root)
{
	static const char *const links[][2] = {
		{"fd", "/proc/self/fd"},
		{"stdin", "/proc/self/fd/0"},
		{"stdout", "/proc/self/fd/1"},
		{"stderr", "/proc/self/fd/2"},
	};
	int err = add(root, "shm", S_IFDIR | 0755, 0, NULL);

	if (!err)
		err = add(root, "pts", S_IFDIR | 0755, 0, NULL);
	for (size_t i = 0; i < ndevices && !err; i++)
		err = add(root, table[i].name, table[i].mode, table[i].rdev,
			  NULL);
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]) && !err; i++)
		err = add(root, links[i][0], 0, 0, links[i][1]);
	return err;
}

int devtmpfs_mount(struct block_device *none, bool read_only,
		   struct super **out)
{
	int err = tmpfs_mount(none, read_only, out);

	if (err)
		return err;

	struct inode *root = (*out)->root;

	(*out)->type = "devtmpfs";
	root->mode = S_IFDIR | 0755;
	inode_lock(root);
	err = populate(root);
	inode_unlock(root);
	if (!err)
		return 0;
	inode_put(root);
	inode_shrink(*out, SIZE_MAX);
	(*out)->ops->unmount(*out);
	return err;
}
