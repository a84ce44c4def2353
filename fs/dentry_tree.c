// SPDX-License-Identifier: MIT
/*
 * dentry_tree.c - reading the tree of names upwards, and across mounts.
 *
 * The trees of several filesystems hang together by two pointers: mount_root
 * at the directory that is covered, mount_point at the root that covers it.
 * Several may be stacked on one point: then each root but the last is itself
 * covered, so both ways are loops.
 *
 * Locking: dentry_lock, over each question as a whole: so a path never mixes
 * the names before a rename with those after it.
 *
 * Tests: usertests.
 */
#include "fs/dentry.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"

int dentry_mount(struct dentry *point, struct dentry *root)
{
	int err = 0;

	spin_lock(&dentry_lock);
	if (point->mount_root)
		err = -EBUSY;
	else if (point->unlinked)
		err = -ENOENT;
	if (!err) {
		point->mount_root = root;
		root->mount_point = point;
	}
	spin_unlock(&dentry_lock);
	return err;
}

int dentry_unmount(struct dentry *root)
{
	int err = -EBUSY;

	spin_lock(&dentry_lock);
	if (root->refs == 2 && root->mount_point && !root->mount_root) {
		root->mount_point->mount_root = NULL;
		root->mount_point = NULL;
		err = 0;
	}
	spin_unlock(&dentry_lock);
	return err;
}

struct dentry *dentry_cross(struct dentry *d)
{
	/* Most names are no mount points; a mount just now may be missed. */
	while (d->mount_root) {
		struct dentry *point = d;

		spin_lock(&dentry_lock);
		if (d->mount_root)
			d = dentry_hold_locked(d->mount_root);
		spin_unlock(&dentry_lock);
		if (d == point)
			break;
		dentry_put(point);
	}
	return d;
}

/* The mount point that @d, a filesystem's root, covers; or @d. */
static struct dentry *uncover_locked(struct dentry *d, struct dentry *root)
{
	while (d != root && d->parent == d && d->mount_point)
		d = d->mount_point;
	return d;
}

struct dentry *dentry_above(struct dentry *d, struct dentry *root)
{
	spin_lock(&dentry_lock);
	d = uncover_locked(d, root);
	if (d != root)
		d = d->parent;
	dentry_hold_locked(d);
	spin_unlock(&dentry_lock);
	return d;
}

bool dentry_is_below(struct dentry *d, struct dentry *above)
{
	spin_lock(&dentry_lock);
	while (d != above && d->parent != d)
		d = d->parent;
	spin_unlock(&dentry_lock);
	return d == above;
}

/* Put @text before @at, unless it would reach below @start: then NULL. */
static char *prepend(char *start, char *at, const char *text, size_t nbytes)
{
	if (!at || (size_t)(at - start) < nbytes)
		return NULL;
	return memcpy(at - nbytes, text, nbytes);
}

static char *path_before_locked(struct dentry *d, struct dentry *root,
				char *start, char *at)
{
	char *end = at;

	for (;;) {
		d = uncover_locked(d, root);
		if (d == root || d->parent == d)
			break;
		at = prepend(start, at, d->name->text, d->name->nbytes);
		at = prepend(start, at, "/", 1);
		d = d->parent;
	}
	if (at == end)
		at = prepend(start, at, "/", 1);
	if (root && d != root)
		at = prepend(start, at, "(unreachable)", 13);
	return at;
}

ssize_t dentry_path(struct dentry *d, struct dentry *root, char *out,
		    size_t nbytes)
{
	char *end = out + nbytes;

	spin_lock(&dentry_lock);

	char *at = prepend(out, end, "", 1);

	if (d->unlinked)
		at = prepend(out, at, " (deleted)", 10);
	at = path_before_locked(d, root, out, at);
	spin_unlock(&dentry_lock);
	if (!at)
		return -ENAMETOOLONG;
	memmove(out, at, end - at);
	return end - at - 1;
}
