// SPDX-License-Identifier: MIT
/*
 * swapfile.c - which blocks of a disk a swap area is made of.
 *
 * A disk is one run of blocks.  A file is as many as its filesystem has put it
 * in; they are asked for here, once, because later, when a page must be
 * written to get memory, a block map is no thing to be read first.  So the
 * file must have a block everywhere, and a page's blocks must lie in a row.
 *
 * While it is in use the file is kept like a program that runs: nobody may
 * open it for writing, or cut it.  A disk is not mounted meanwhile.
 *
 * Book: chapter 19.  Tests: tests/guest/swap_test.py.
 */
#include "fs/swapfile.h"

#include "fs/mount.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/slab.h"
#include "mm/swap.h"

enum { EXTENTS_FIRST = 16 };

/* One more extent, in an array that doubles when it is full. */
static int extent_add(struct swap_area *area, struct swap_extent e)
{
	struct swap_extent *larger;
	size_t n = area->nextents;

	if (n < EXTENTS_FIRST ? n == 0 : !(n & (n - 1))) {
		larger = kmalloc(max_u64(2 * n, EXTENTS_FIRST) * sizeof(e));
		if (!larger)
			return -ENOMEM;
		memcpy(larger, area->extents, n * sizeof(e));
		kfree(area->extents);
		area->extents = larger;
	}
	area->extents[area->nextents++] = e;
	return 0;
}

static int add_file(struct swap_area *area, struct inode *inode)
{
	int err = mapping_writeback(&inode->mapping, 0, UINT64_MAX, true);

	area->device = inode->super->device;
	area->owner = inode;
	area->nslots = inode_size(inode) >> PAGE_SHIFT;
	if (!err && (!inode->ops->place || !area->nslots))
		err = -EINVAL;
	for (uint64_t at = 0, n; !err && at < area->nslots; at += n) {
		struct swap_extent e = {.first = at};

		n = area->nslots - at;
		err = inode->ops->place(inode, at, &e.sector, &n);
		e.npages = n;
		if (!err)
			err = extent_add(area, e);
	}
	return err;
}

static int add_disk(struct swap_area *area, struct inode *inode)
{
	struct block_device *device = block_find_rdev(inode->rdev);

	if (!device)
		return -ENXIO;
	area->device = device;
	area->owner = device;
	area->nslots = device->nsectors >> (PAGE_SHIFT - SECTOR_SHIFT);
	return extent_add(area, (struct swap_extent){0, area->nslots, 0});
}

/* What swap_off() knows it by. */
static const void *owner_of(struct inode *inode)
{
	return inode_is(inode, S_IFBLK)
		       ? (const void *)block_find_rdev(inode->rdev)
		       : inode;
}

/* Nobody writes to the file from now on. */
static int keep(struct inode *inode)
{
	int err = inode_is(inode, S_IFREG) ? inode_writers_add(inode, -1) : 0;

	if (!err)
		inode_hold(inode);
	return err;
}

static void let_go(struct inode *inode)
{
	if (inode_is(inode, S_IFREG))
		inode_writers_drop(inode, -1);
	inode_put(inode);
}

static int enable(struct inode *inode, struct swap_area *area, int priority)
{
	bool file = inode_is(inode, S_IFREG);
	int err = file ? add_file(area, inode) : add_disk(area, inode);

	area->inode = inode;
	area->is_file = file;
	return err ? err : mount_swap_on(area, priority);
}

int swapfile_on(struct fs_context *fs, const char *path, int priority)
{
	struct swap_area *area;
	struct dentry *d;
	int err = path_lookup(fs, NULL, path, PATH_FOLLOW, &d);

	if (err)
		return err;

	struct inode *inode = inode_hold(d->inode);

	area = kmalloc_zeroed(sizeof(*area));
	if (!area)
		err = -ENOMEM;
	else if (inode_is(inode, S_IFDIR))
		err = -EISDIR;
	else if (!inode_is(inode, S_IFREG) && !inode_is(inode, S_IFBLK))
		err = -EINVAL;
	else
		err = keep(inode);
	if (!err) {
		dentry_path(d, NULL, area->name, sizeof(area->name));
		err = enable(inode, area, priority);
		if (err)
			let_go(inode);
	}
	dentry_put(d);
	inode_put(inode);
	if (err && area)
		swap_area_free(area);
	return err;
}

static int disable(const void *owner)
{
	struct swap_area *area;
	int err = swap_off(owner, &area);

	if (err)
		return err;
	let_go(area->inode);
	swap_area_free(area);
	return 0;
}

int swapfile_off(struct fs_context *fs, const char *path)
{
	struct dentry *d;
	int err = path_lookup(fs, NULL, path, PATH_FOLLOW, &d);

	if (err)
		return err;
	err = disable(owner_of(d->inode));
	dentry_put(d);
	return err;
}

void swapfile_off_all(void)
{
	struct swap_area *area;
	unsigned type = 0;

	while ((area = swap_area_next(&type)))
		disable(area->owner);
}

int swapfile_show(struct text *text, int pid)
{
	struct swap_area *area;
	unsigned type = 0;

	text_printf(text, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\t"
			  "Priority\n");
	swap_areas_lock();
	while ((area = swap_area_next(&type))) {
		uint64_t size = area->ngood << (PAGE_SHIFT - 10);
		uint64_t used = area->nused << (PAGE_SHIFT - 10);

		text_printf(text, "%-39s %s\t%lu\t%s%lu\t%s%d\n", area->name,
			    area->is_file ? "file\t" : "partition", size,
			    size < 10000000 ? "\t" : "", used,
			    used < 10000000 ? "\t" : "", area->priority);
	}
	swap_areas_unlock();
	return 0;
}
