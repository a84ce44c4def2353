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
 * Book: chapter 6.  Tests: usertests.
 */
#include "fs/mount.h"

#include <linux/mount.h>

#include "arch/riscv/time.h"
#include "fs/buffer.h"
#include "fs/device.h"
#include "fs/ext2.h"
#include "fs/proc.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/dirty.h"
#include "mm/reclaim.h"
#include "mm/slab.h"

/* One row of the table; all under mount_mutex. */
struct mount {
	struct list link;
	struct super *super;
	struct dentry *root;  /* counted */
	struct dentry *point; /* counted; NULL: "/" */
	char source[64];
};

struct type {
	const char *name;
	int (*mount)(struct super **out);
	int (*mount_device)(struct block_device *device, bool read_only,
			    struct super **out);
};

static const struct type types[] = {
	{.name = "ext2", .mount_device = ext2_mount},
	{.name = "proc", .mount = procfs_mount},
	{.name = "devtmpfs", .mount = devtmpfs_mount},
};

enum { NTYPES = sizeof(types) / sizeof(types[0]) };

static const uint64_t FLUSH_INTERVAL = 5000000000; /* ns */

static struct mutex mount_mutex = MUTEX_INIT(mount_mutex, "mounts", RANK_MOUNT);
static struct list mounts = {&mounts, &mounts};
static struct dentry *root_dentry; /* constant once mounted */

static struct mount *mount_at_root(const struct dentry *root)
{
	list_for_each (link, &mounts) {
		struct mount *m = list_entry(link, struct mount, link);

		if (m->root == root)
			return m;
	}
	return NULL;
}

static bool device_in_use(const struct block_device *device)
{
	list_for_each (link, &mounts)
		if (list_entry(link, struct mount, link)->super->device ==
		    device)
			return true;
	return false;
}

static const struct type *type_find(const char *name)
{
	for (size_t i = 0; i < NTYPES; i++)
		if (strcmp(types[i].name, name) == 0)
			return &types[i];
	return NULL;
}

const char *mount_type(unsigned n, bool *has_device)
{
	if (n >= NTYPES)
		return NULL;
	*has_device = types[n].mount_device != NULL;
	return types[n].name;
}

/* Let go of a filesystem none of whose files is in use.  @root: NULL if there
 * was no memory for it. */
static void super_release(struct super *super, struct dentry *root)
{
	dentry_shrink(super, SIZE_MAX);
	if (root)
		dentry_put(root);
	else
		inode_put(super->root);
	inode_shrink(super, SIZE_MAX);
	super->ops->unmount(super);
}

/* Add a row for @super, and show it at @point (taken over; NULL: "/"). */
static int table_add(struct super *super, struct dentry *point,
		     const char *source)
{
	struct mount *m = kmalloc_zeroed(sizeof(*m));
	struct dentry *root = dentry_new_root(super, super->root);
	int err = -ENOMEM;

	if (m && root)
		err = point ? dentry_mount(point, root) : 0;
	if (err) {
		kfree(m);
		super_release(super, root);
		return err;
	}
	m->super = super;
	m->root = root;
	m->point = point;
	string_copy(m->source, source, sizeof(m->source));
	list_add_tail(&mounts, &m->link);
	if (!point)
		root_dentry = root;
	return 0;
}

static int type_mount(const struct type *type, struct block_device *device,
		      bool read_only, struct super **out)
{
	if (!type->mount_device)
		return type->mount(out);
	if (!device)
		return -ENOTBLK;
	if (device_in_use(device))
		return -EBUSY;
	return type->mount_device(device, read_only, out);
}

/* Is the same thing what one sees at @point already? */
static bool is_mounted_on(const struct dentry *point, const struct type *type)
{
	return point && point->parent == point && type->mount &&
	       strcmp(point->super->type, type->name) == 0;
}

/* Mount one and add it to the table.  @point: a reference, taken over. */
static int mount_on(struct dentry *point, const struct type *type,
		    struct block_device *device, const char *source,
		    bool read_only)
{
	struct super *super;
	int err = -EBUSY;

	mutex_lock(&mount_mutex);
	if (!is_mounted_on(point, type))
		err = type_mount(type, device, read_only, &super);
	if (!err)
		err = table_add(super, point, source);
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
	err = mount_on(NULL, type_find("ext2"), device, device_name, read_only);
	if (err)
		return err;
	err = dentry_lookup(root_dentry, "dev", 3, &dev);
	if (err)
		return 0;
	if (!dev->inode || !inode_is(dev->inode, S_IFDIR)) {
		dentry_put(dev);
		return 0;
	}
	err = mount_on(dev, type_find("devtmpfs"), NULL, "devtmpfs", false);
	if (err)
		printk("devtmpfs: not mounted on /dev: error %d\n", -err);
	return 0;
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
	if (inode_is(d->inode, S_IFBLK))
		*out = block_find_rdev(d->inode->rdev);
	else
		err = -ENOTBLK;
	dentry_put(d);
	if (!err && !*out)
		err = -ENXIO;
	return err;
}

int mount_at(struct fs_context *fs, const char *source, const char *path,
	     const char *type_name, unsigned long flags)
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
	else if (type->mount_device)
		err = source_device(fs, source, &device);
	if (!err && !inode_is(point->inode, S_IFDIR))
		err = -ENOTDIR;
	if (err) {
		dentry_put(point);
		return err;
	}
	return mount_on(point, type, device, source, flags & MS_RDONLY);
}

/* Take @root, to which the caller has a reference, out of the tree. */
static int table_remove(struct dentry *root)
{
	struct mount *m = mount_at_root(root);

	if (!m)
		return -EINVAL;
	if (!m->point)
		return -EBUSY;
	mount_sync(m->super);
	dentry_shrink(m->super, SIZE_MAX);

	int err = dentry_unmount(root);

	if (err)
		return err;
	list_remove(&m->link);
	dentry_put(m->point);
	dentry_put(root);
	super_release(m->super, m->root);
	kfree(m);
	return 0;
}

int mount_remove(struct fs_context *fs, const char *path, bool follow)
{
	struct dentry *root;
	int err = path_lookup(fs, NULL, path, follow ? PATH_FOLLOW : 0, &root);

	if (err)
		return err;
	mutex_lock(&mount_mutex);
	err = table_remove(root);
	mutex_unlock(&mount_mutex);
	if (err)
		dentry_put(root);
	return err;
}

int mount_show(struct text *text, int pid)
{
	char *path = kmalloc(PATH_MAX);

	if (!path)
		return -ENOMEM;
	mutex_lock(&mount_mutex);
	list_for_each (link, &mounts) {
		struct mount *m = list_entry(link, struct mount, link);
		ssize_t n = dentry_path(m->root, NULL, path, PATH_MAX);

		text_printf(text, "%s ", m->source);
		text_add(text, path, n > 0 ? n : 0);
		text_printf(text, " %s %s,relatime 0 0\n", m->super->type,
			    m->super->read_only ? "ro" : "rw");
	}
	mutex_unlock(&mount_mutex);
	kfree(path);
	return 0;
}

int mount_sync(struct super *super)
{
	int err_data = dirty_sync_all();
	int err_inodes = inode_sync_all(super);
	int err = super->ops->sync ? super->ops->sync(super) : 0;

	if (err_data)
		return err_data;
	return err_inodes ? err_inodes : err;
}

/* Each filesystem's own; the table is locked. */
static int sync_supers_locked(void)
{
	int first_error = 0;

	list_for_each (link, &mounts) {
		struct super *super =
			list_entry(link, struct mount, link)->super;
		int err = super->ops->sync ? super->ops->sync(super) : 0;

		if (err && !first_error)
			first_error = err;
	}
	return first_error;
}

int mount_sync_all(void)
{
	int err_data = dirty_sync_all();
	int err_inodes = inode_sync_all(NULL);

	mutex_lock(&mount_mutex);

	int err = sync_supers_locked();

	mutex_unlock(&mount_mutex);
	if (err_data)
		return err_data;
	return err_inodes ? err_inodes : err;
}

void mount_shutdown(void)
{
	struct mount *m;

	mount_sync_all();
	mutex_lock(&mount_mutex);
	while (!list_empty(&mounts)) {
		m = list_entry(mounts.prev, struct mount, link);
		list_remove(&m->link);
		m->super->ops->unmount(m->super);
	}
	mutex_unlock(&mount_mutex);
}

void mount_flusher(void *unused)
{
	for (;;) {
		sched_prepare();
		sched_block_until(time_now() + FLUSH_INTERVAL);
		inode_sync_all(NULL);
		mutex_lock(&mount_mutex);
		sync_supers_locked();
		mutex_unlock(&mount_mutex);
	}
}

size_t reclaim_caches(size_t npages)
{
	return dentry_shrink(NULL, npages) + inode_shrink(NULL, npages) +
	       buffer_shrink(NULL, npages);
}
