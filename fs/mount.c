// SPDX-License-Identifier: MIT
/*
 * mount.c - the table of mounts: how several filesystems become one tree.
 *
 * The first one mounted is "/".  Each further one covers a directory: from
 * then on walks that reach it go on at the root of what is mounted there
 * (dentry_cross), and ".." leads back (dentry_above).  If the root filesystem
 * has a directory /dev, devtmpfs is mounted there at once, so that init finds
 * its console.
 *
 * Work for all filesystems is done from here, too: sync, and the end.  The
 * order of a sync is: file contents, then inodes (whose block maps the former
 * may have changed), then what the filesystems keep of their own.
 *
 * Locking: mount_mutex guards the table; it is outside of inode locks.
 *
 * Tests: usertests.
 */
#include "fs/mount.h"

#include <linux/mount.h>

#include "arch/riscv/time.h"
#include "fs/buffer.h"
#include "fs/device.h"
#include "fs/ext2.h"
#include "fs/proc.h"
#include "fs/tmpfs.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/dirty.h"
#include "mm/reclaim.h"
#include "mm/slab.h"
#include "mm/swap.h"

struct type {
	const char *name;
	bool on_disk;
	int (*mount)(struct block_device *device, bool read_only,
		     struct super **out);
	/* NULL: it has no options, and is the same wherever it is mounted. */
	int (*configure)(struct super *super, const char *options);
};

static const struct type types[] = {
	{"ext2", true, ext2_mount, NULL},
	{"ext3", true, ext2_mount, NULL}, /* the same */
	{"proc", false, procfs_mount, NULL},
	{"devtmpfs", false, devtmpfs_mount, NULL},
	{"devpts", false, devpts_mount, NULL},
	{"tmpfs", false, tmpfs_mount, tmpfs_configure},
};

enum { NTYPES = sizeof(types) / sizeof(types[0]) };

static const uint64_t FLUSH_INTERVAL = 5000000000; /* ns */

static struct mutex mount_mutex = MUTEX_INIT(mount_mutex, "mounts", RANK_MOUNT);
static struct list mounted = {&mounted, &mounted}; /* supers, in order */
static struct dentry *root_dentry;                 /* constant once mounted */
static unsigned last_id;

static const struct type *type_find(const char *name)
{
	for (size_t i = 0; i < NTYPES; i++)
		if (strcmp(types[i].name, name) == 0)
			return &types[i];
	return NULL;
}

/* Is this disk mounted, or the same thing what one sees at @point? */
static bool is_mounted(const struct type *type, struct block_device *device,
		       struct dentry *point)
{
	list_for_each_entry (struct super, super, &mounted, link) {
		if (type->on_disk
			    ? super->device == device
			    : super->root_dentry == point && !type->configure &&
				      !strcmp(super->type, type->name))
			return true;
	}
	return false;
}

/* Let go of a filesystem none of whose files is in use. */
static void super_release(struct super *super)
{
	dentry_shrink(super, SIZE_MAX);
	if (super->root_dentry)
		dentry_put(super->root_dentry);
	else
		inode_put(super->root);
	inode_shrink(super, SIZE_MAX);
	super->ops->unmount(super);
}

/* Show @super at @point (taken over; NULL: "/"). */
static int super_attach(struct super *super, struct dentry *point,
			const char *source)
{
	struct dentry *root = dentry_new_root(super, super->root);
	int err = -ENOMEM;

	super->root_dentry = root;
	if (root)
		err = point ? dentry_mount(point, root) : 0;
	if (err) {
		super_release(super);
		return err;
	}
	string_copy(super->source, source, sizeof(super->source));
	super->mount_id = ++last_id;
	list_add_tail(&mounted, &super->link);
	if (!point)
		root_dentry = root;
	return 0;
}

/* A new filesystem, seen nowhere yet. */
static int super_make(const struct type *type, struct block_device *device,
		      bool read_only, const char *options, struct super **out)
{
	int err = type->mount(device, read_only, out);

	if (err || !type->configure)
		return err;
	err = type->configure(*out, options);
	if (err)
		super_release(*out);
	return err;
}

/* @point: a reference, taken over; or NULL. */
static int mount_on(struct dentry *point, const struct type *type,
		    struct block_device *device, const char *source,
		    bool read_only, const char *options)
{
	struct super *super;
	int err = -EBUSY;

	mutex_lock(&mount_mutex);
	if (!is_mounted(type, device, point) && !(device && swap_is_on(device)))
		err = super_make(type, device, read_only, options, &super);
	if (!err)
		err = super_attach(super, point, source);
	mutex_unlock(&mount_mutex);
	if (err && point)
		dentry_put(point);
	return err;
}

int mount_root(const char *device_name, bool read_only)
{
	struct block_device *device = block_find(device_name);
	struct dentry *dev;
	int err;

	if (!device)
		return -ENODEV;
	err = mount_on(NULL, type_find("ext2"), device, device_name, read_only,
		       "");
	if (err || dentry_lookup(root_dentry, "dev", 3, &dev))
		return err;
	if (!dev->inode || !inode_is(dev->inode, S_IFDIR))
		dentry_put(dev);
	else if (mount_on(dev, type_find("devtmpfs"), NULL, "devtmpfs", false,
			  ""))
		printk("no memory for /dev\n");
	return 0;
}

int mount_swap_on(struct swap_area *area, int priority)
{
	int err = -EBUSY;

	mutex_lock(&mount_mutex);
	if (area->is_file || !is_mounted(type_find("ext2"), area->device, NULL))
		err = swap_on(area, priority);
	mutex_unlock(&mount_mutex);
	return err;
}

struct dentry *mount_root_dentry(void)
{
	return dentry_hold(root_dentry);
}

/* The disk that the path @source names. */
static int source_device(struct fs_context *fs, const char *source,
			 struct block_device **out)
{
	struct dentry *d;
	int err = path_lookup(fs, NULL, source, PATH_FOLLOW, &d);

	if (err)
		return err;
	if (!inode_is(d->inode, S_IFBLK))
		err = -ENOTBLK;
	else if (!(*out = block_find_rdev(d->inode->rdev)))
		err = -ENXIO;
	dentry_put(d);
	return err;
}

int mount_at(struct fs_context *fs, const char *source, const char *path,
	     const char *type_name, unsigned long flags, const char *options)
{
	const struct type *type = type_find(type_name);
	struct block_device *device = NULL;
	struct dentry *point;
	int err;

	if (flags & (MS_REMOUNT | MS_BIND | MS_MOVE))
		return -EINVAL;
	err = path_lookup(fs, NULL, path, PATH_FOLLOW, &point);
	if (err)
		return err;
	if (!type)
		err = -ENODEV;
	else if (type->on_disk)
		err = source_device(fs, source, &device);
	if (!err && !inode_is(point->inode, S_IFDIR))
		err = -ENOTDIR;
	if (!err)
		return mount_on(point, type, device, source, flags & MS_RDONLY,
				options);
	dentry_put(point);
	return err;
}

/* Inodes and what else is not contents, of one filesystem or (NULL) all. */
static int sync_locked(struct super *super)
{
	int first_error = 0;

	list_for_each_entry (struct super, each, &mounted, link) {
		int err = 0;

		if ((!super || each == super) && each->ops->sync)
			err = each->ops->sync(each);
		if (!first_error)
			first_error = err;
	}
	return first_error;
}

/* Take @root, to which the caller has a reference, out of the tree.  If that
 * succeeds the reference is gone, too. */
static int super_detach(struct dentry *root)
{
	struct super *super = root->super;
	struct dentry *point = root->mount_point;
	int err;

	if (super->root_dentry != root)
		return -EINVAL;
	sync_locked(super);
	dentry_shrink(super, SIZE_MAX);
	err = dentry_unmount(root);
	if (err)
		return err;
	list_remove(&super->link);
	dentry_put(point);
	dentry_put(root);
	super_release(super);
	return 0;
}

int mount_remove(struct fs_context *fs, const char *path, bool follow)
{
	struct dentry *root;
	int err = path_lookup(fs, NULL, path, follow ? PATH_FOLLOW : 0, &root);

	if (err)
		return err;
	dirty_sync_all();
	mutex_lock(&mount_mutex);
	err = super_detach(root);
	mutex_unlock(&mount_mutex);
	if (err)
		dentry_put(root);
	return err;
}

/* /proc/mounts: source, where, type, options. */
static void show_mount(struct text *text, const struct super *super,
		       const char *path, size_t npath)
{
	text_printf(text, "%s ", super->source);
	text_add(text, path, npath);
	text_printf(text, " %s %s,relatime 0 0\n", super->type,
		    super->read_only ? "ro" : "rw");
}

/* mountinfo: number, the number below it, device, root, where, options. */
static void show_mount_info(struct text *text, const struct super *super,
			    const char *path, size_t npath)
{
	const struct dentry *point = super->root_dentry->mount_point;
	const char *rights = super->read_only ? "ro" : "rw";

	text_printf(text, "%u %u %u:%u / ", super->mount_id,
		    point ? point->super->mount_id : 0,
		    device_major(super->dev), device_minor(super->dev));
	text_add(text, path, npath);
	text_printf(text, " %s,relatime - %s %s %s\n", rights, super->type,
		    super->source, rights);
}

/* A line for each mount, in order. */
static int show_all(struct text *text,
		    void (*show)(struct text *text, const struct super *super,
				 const char *path, size_t npath))
{
	char *path = kmalloc(PATH_MAX);

	if (!path)
		return -ENOMEM;
	mutex_lock(&mount_mutex);
	list_for_each_entry (struct super, super, &mounted, link) {
		ssize_t n =
			dentry_path(super->root_dentry, NULL, path, PATH_MAX);

		show(text, super, path, n > 0 ? n : 0);
	}
	mutex_unlock(&mount_mutex);
	kfree(path);
	return 0;
}

int mount_show(struct text *text, int pid)
{
	return show_all(text, show_mount);
}

int mount_show_info(struct text *text, int pid)
{
	return show_all(text, show_mount_info);
}

int mount_show_types(struct text *text, int pid)
{
	for (size_t i = 0; i < NTYPES; i++)
		text_printf(text, "%s\t%s\n", types[i].on_disk ? "" : "nodev",
			    types[i].name);
	return 0;
}

/* What a journal has is safe, but keeps its memory until it is in its place. */
static int write_home_locked(struct super *super)
{
	int first_error = 0;

	list_for_each_entry (struct super, each, &mounted, link) {
		int err = 0;

		if ((!super || each == super) && each->device)
			err = buffer_sync(each->device);
		if (!first_error)
			first_error = err;
	}
	return first_error;
}

int mount_sync(struct super *super)
{
	dirty_sync_all();
	mutex_lock(&mount_mutex);

	int err = sync_locked(super);
	int failed = write_home_locked(super);

	mutex_unlock(&mount_mutex);
	return err ? err : failed;
}

void mount_shutdown(void)
{
	dentry_shrink(NULL, SIZE_MAX); /* files that only a name keeps */
	mount_sync(NULL);
	mutex_lock(&mount_mutex);
	while (!list_empty(&mounted)) {
		struct super *super =
			list_entry(mounted.prev, struct super, link);

		list_remove(&super->link);
		super->ops->unmount(super);
	}
	mutex_unlock(&mount_mutex);
}

void mount_flusher(void *unused)
{
	for (;;) {
		sched_prepare();
		sched_block_until(time_now() + FLUSH_INTERVAL);
		mutex_lock(&mount_mutex);
		sync_locked(NULL);
		mutex_unlock(&mount_mutex);
	}
}

size_t reclaim_caches(size_t npages)
{
	return dentry_shrink(NULL, npages) + inode_shrink(NULL, npages) +
	       buffer_shrink(NULL, npages);
}
