// SPDX-License-Identifier: MIT
/*
 * device.c - the table of devices, and devtmpfs, which shows it.
 *
 * An inode of a device says no more than a number.  Opening it looks the
 * number up here, and the open file gets the device's operations instead of
 * the inode's.  The table is filled once, at boot, from what the drivers
 * found; so it needs no lock.
 *
 * devtmpfs is a flat directory with one node for each row, and the names that
 * programs expect: links to /proc, and empty directories for devpts and for the
 * tmpfs of shm_open(3).  Inode 1 is the directory, 2 + n the n-th row; the
 * fixed names come after the rows.
 *
 * Tests: usertests.
 */
#include "fs/device.h"

#include <linux/magic.h>
#include <linux/major.h>

#include "fs/pseudo.h"
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

static const struct {
	const char *name;
	const char *target; /* NULL: a directory to mount on */
} fixed[] = {
	{"fd", "/proc/self/fd"},
	{"pts", NULL},
	{"shm", NULL},
	{"stdin", "/proc/self/fd/0"},
	{"stdout", "/proc/self/fd/1"},
	{"stderr", "/proc/self/fd/2"},
};

enum { INO_ROOT = 1, INO_FIRST, NFIXED = sizeof(fixed) / sizeof(fixed[0]) };

/* Row n is at position, and has number, 2 + n. */
static bool dev_next(struct inode *dir, uint64_t *position,
		     struct pseudo_entry *entry)
{
	size_t n = *position - INO_FIRST;
	const char *name;

	if (dir->ino != INO_ROOT || n >= ndevices + NFIXED)
		return false;
	if (n < ndevices) {
		name = table[n].name;
		entry->type = (table[n].mode & S_IFMT) >> 12;
	} else {
		name = fixed[n - ndevices].name;
		entry->type = fixed[n - ndevices].target ? DT_LNK : DT_DIR;
	}
	string_copy(entry->name, name, sizeof(entry->name));
	entry->ino = (*position)++;
	return true;
}

static int dev_lookup(struct inode *dir, const char *name, size_t nname,
		      struct inode **out)
{
	uint64_t position = INO_FIRST;
	struct pseudo_entry entry;

	while (dev_next(dir, &position, &entry))
		if (strlen(entry.name) == nname &&
		    memcmp(entry.name, name, nname) == 0)
			return inode_get(dir->super, entry.ino, out);
	return -ENOENT;
}

static int dev_read_dir(struct inode *dir, uint64_t position,
			struct dir_visit *visit)
{
	return pseudo_read_dir(dir, INO_ROOT, dev_next, position, visit);
}

static int dev_read_link(struct inode *inode, char *target, size_t nbytes)
{
	string_copy(target, fixed[inode->ino - INO_FIRST - ndevices].target,
		    nbytes);
	return 0;
}

static const struct inode_ops dev_dir_ops = {
	.lookup = dev_lookup,
	.read_dir = dev_read_dir,
};

static const struct inode_ops dev_link_ops = {.read_link = dev_read_link};

static int dev_read_inode(struct inode *inode)
{
	size_t n = inode->ino - INO_FIRST;

	if (inode->ino == INO_ROOT) {
		pseudo_inode_init(inode, S_IFDIR | 0755, 3);
		inode->ops = &dev_dir_ops;
	} else if (n < ndevices) {
		pseudo_inode_init(inode, table[n].mode, 1);
		inode->rdev = table[n].rdev;
	} else if (fixed[n - ndevices].target) {
		pseudo_inode_init(inode, S_IFLNK | 0777, 1);
		inode->ops = &dev_link_ops;
		inode->mapping.size = strlen(fixed[n - ndevices].target);
	} else {
		pseudo_inode_init(inode, S_IFDIR | 0755, 2);
		inode->ops = &dev_dir_ops;
	}
	return 0;
}

static const struct super_ops dev_super_ops = {
	.magic = TMPFS_MAGIC,
	.read_inode = dev_read_inode,
	.unmount = pseudo_unmount,
};

int devtmpfs_mount(struct block_device *none, bool read_only,
		   struct super **out)
{
	return pseudo_mount(&dev_super_ops, "devtmpfs", PSEUDO_DEV_DEV, false,
			    INO_ROOT, out);
}
