// SPDX-License-Identifier: MIT
/*
 * device.c - the table of devices, and devtmpfs, which shows it.
 *
 * An inode of a device says no more than a number.  Opening it looks the
 * number up here, and the open file gets the device's operations instead of
 * the inode's.  The table is filled once, at boot, from what the drivers
 * found; so it needs no lock.
 *
 * devtmpfs is a flat directory with one node for each row, and the links to
 * /proc that programs expect.  Inode 1 is the directory, 2 + n the n-th row;
 * links come after the rows.
 *
 * Book: chapter 6.  Tests: usertests.
 */
#include "fs/device.h"

#include <linux/magic.h>
#include <linux/major.h>

#include "fs/pseudo.h"
#include "kernel/block/block.h"
#include "kernel/dev/tty.h"
#include "kernel/dev/virtio_console.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/slab.h"

enum { DEVICES_MAX = 48 };

static struct device table[DEVICES_MAX];
static size_t ndevices;

static void device_add(const char *name, uint32_t rdev, uint32_t mode,
		       const struct file_ops *ops, void *driver)
{
	if (ndevices == DEVICES_MAX) {
		printk("device %s: too many devices\n", name);
		return;
	}
	table[ndevices++] = (struct device){name, rdev, mode, ops, driver};
}

static void add_memory(const char *name, uint32_t minor,
		       const struct file_ops *ops)
{
	device_add(name, device_number(MEM_MAJOR, minor), S_IFCHR | 0666, ops,
		   NULL);
}

void device_init(void)
{
	struct block_device *disk = NULL;
	struct vport *port;

	add_memory("null", 3, &device_null_ops);
	add_memory("zero", 5, &device_zero_ops);
	add_memory("full", 7, &device_full_ops);
	add_memory("random", 8, &device_random_ops);
	add_memory("urandom", 9, &device_random_ops);
	device_add("tty", device_number(TTYAUX_MAJOR, 0), S_IFCHR | 0666,
		   &device_own_tty_ops, tty_console());
	device_add("console", device_number(TTYAUX_MAJOR, 1), S_IFCHR | 0600,
		   &device_tty_ops, tty_console());
	device_add("ttyS0", device_number(TTY_MAJOR, 64), S_IFCHR | 0620,
		   &device_tty_ops, tty_console());
	for (unsigned i = 0; (port = vport_get(i)); i++)
		device_add(vport_name(port), vport_rdev(port), S_IFCHR | 0600,
			   &device_vport_ops, port);
	while ((disk = block_next(disk)))
		device_add(disk->name, disk->rdev, S_IFBLK | 0660,
			   &device_block_ops, disk);
}

const struct device *device_at(size_t n)
{
	return n < ndevices ? &table[n] : NULL;
}

const struct device *device_find(uint32_t type, uint32_t rdev)
{
	for (size_t i = 0; i < ndevices; i++)
		if (table[i].rdev == rdev && (table[i].mode & S_IFMT) == type)
			return &table[i];
	return NULL;
}

static int device_open(struct file *f)
{
	const struct device *device =
		device_find(f->inode->mode & S_IFMT, f->inode->rdev);

	if (!device)
		return -ENXIO;
	f->ops = device->ops;
	f->private = device->driver;
	return f->ops->open ? f->ops->open(f) : 0;
}

const struct file_ops file_ops_device = {.open = device_open};

/* --- devtmpfs --- */

static const struct dev_link {
	const char *name, *target;
} links[] = {
	{"fd", "/proc/self/fd"},
	{"stdin", "/proc/self/fd/0"},
	{"stdout", "/proc/self/fd/1"},
	{"stderr", "/proc/self/fd/2"},
};

enum { INO_ROOT = 1, INO_FIRST, NLINKS = sizeof(links) / sizeof(links[0]) };

/* Row @n of the directory: devices, then links.  False: past the end. */
static bool row(size_t n, struct pseudo_entry *out)
{
	out->ino = INO_FIRST + n;
	if (n < ndevices) {
		out->name = table[n].name;
		out->type = S_ISCHR(table[n].mode) ? DT_CHR : DT_BLK;
		return true;
	}
	n -= ndevices;
	if (n >= NLINKS)
		return false;
	out->name = links[n].name;
	out->type = DT_LNK;
	return true;
}

static int dev_lookup(struct inode *dir, const char *name, size_t nname,
		      struct inode **out)
{
	struct pseudo_entry entry;

	for (size_t n = 0; row(n, &entry); n++)
		if (strlen(entry.name) == nname &&
		    memcmp(entry.name, name, nname) == 0)
			return inode_get(dir->super, entry.ino, out);
	return -ENOENT;
}

static int dev_read_dir(struct inode *dir, uint64_t position,
			struct dir_visit *visit)
{
	struct pseudo_entry entry;

	if (position == 0 && !pseudo_visit(visit, ".", INO_ROOT, DT_DIR, 1))
		return 0;
	if (position <= 1 && !pseudo_visit(visit, "..", INO_ROOT, DT_DIR, 2))
		return 0;
	for (uint64_t n = position > 2 ? position - 2 : 0; row(n, &entry); n++)
		if (!pseudo_visit(visit, entry.name, entry.ino, entry.type,
				  n + 3))
			break;
	return 0;
}

static int dev_read_link(struct inode *inode, char *target, size_t nbytes)
{
	string_copy(target, links[inode->ino - INO_FIRST - ndevices].target,
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
		pseudo_inode_init(inode, S_IFDIR | 0755, 2);
		inode->ops = &dev_dir_ops;
	} else if (n < ndevices) {
		pseudo_inode_init(inode, table[n].mode, 1);
		inode->rdev = table[n].rdev;
	} else {
		pseudo_inode_init(inode, S_IFLNK | 0777, 1);
		inode->ops = &dev_link_ops;
		inode->mapping.size = strlen(links[n - ndevices].target);
	}
	return 0;
}

static int dev_statfs(struct super *super, struct statfs *out)
{
	pseudo_statfs(out, TMPFS_MAGIC);
	return 0;
}

static void dev_unmount(struct super *super)
{
	kfree(super);
}

static const struct super_ops dev_super_ops = {
	.read_inode = dev_read_inode,
	.statfs = dev_statfs,
	.unmount = dev_unmount,
};

int devtmpfs_mount(struct super **out)
{
	return pseudo_mount(&dev_super_ops, "devtmpfs", PSEUDO_DEV_DEV,
			    INO_ROOT, out);
}
