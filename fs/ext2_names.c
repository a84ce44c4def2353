// SPDX-License-Identifier: MIT
/*
 * ext2_names.c - operations on names: create, link, unlink, rename.
 *
 * Each is made of the same few steps: an inode is born (ext2_inode.c), a
 * record comes, goes, or names another inode (ext2_dir.c), link counts
 * follow.  Their order is such that at every moment what has a name exists:
 *
 *   an inode is stored before a record names it
 *   a record goes before the link count is lowered
 *   a rename makes the new name before it removes the old one
 *
 * When a step fails, those before it are undone, last one first, and the
 * operation has changed nothing.  A new inode is undone by taking its last
 * link: inode_put() then frees it and all that it owns.
 *
 * With a journal all steps are in one handle, so that after a crash there are
 * all or none.  All inodes join first, since later nothing may fail.
 *
 * Link counts: one for each record.  So a directory has 2 (its name and its
 * ".") and one more for the ".." of each of its subdirectories.
 *
 * Locking: all inodes named in the arguments are locked by the VFS.
 * Tests: tests/host/ext2_model_test.c.
 */

#include "fs/ext2_core.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"

static void link_add(struct inode *inode, int n)
{
	inode->nlink += n;
	inode_touch(inode, INODE_CTIME);
}

/* A name of it is gone; a directory's "." goes with it. */
static void link_drop(struct inode *inode)
{
	if (inode_is(inode, S_IFDIR))
		inode->nlink = 0;
	else if (inode->nlink)
		inode->nlink--;
	if (!inode->nlink)
		ext2_orphan_add(inode);
	inode_touch(inode, INODE_CTIME);
}

/* A child of @dir with a ".." is gone. */
static void parent_drop(struct inode *dir)
{
	/* A corrupt count must not become 0 while the directory is in use. */
	if (dir->nlink > 2)
		link_add(dir, -1);
}

/* A directory has one name, so its ".." leads where we came from: otherwise
 * directories could form a circle, and locks with them. */
static int check_parent(struct inode *dir, struct inode *child)
{
	uint32_t ino;
	int err = ext2_dir_find(child, "..", 2, &ino);

	if (err && err != -ENOENT)
		return err;
	if (err || ino != dir->ino || child == dir)
		return ext2_corrupt(ext2_of(dir), "the parent of directory %lu",
				    child->ino);
	return 0;
}

static int ext2_lookup(struct inode *dir, const char *name, size_t nname,
		       struct inode **out)
{
	uint32_t ino;
	int err = ext2_dir_find(dir, name, nname, &ino);

	if (err)
		return err;
	err = inode_get(dir->super, ino, out);
	if (err == -ESTALE)
		return ext2_corrupt(ext2_of(dir),
				    "directory %lu names free inode %u",
				    dir->ino, ino);
	if (err || !inode_is(*out, S_IFDIR))
		return err;
	err = check_parent(dir, *out);
	if (err)
		inode_put(*out);
	return err;
}

/* The inode is ready for its first name. */
static int name_new(struct inode *dir, const char *name, size_t nname,
		    struct inode *inode)
{
	int err = ext2_dir_add(dir, name, nname, inode);

	if (err)
		ext2_abandon(inode);
	return err;
}

static int make_directory(struct inode *dir, const char *name, size_t nname,
			  uint32_t mode, struct inode **out)
{
	if (dir->nlink >= EXT2_LINK_MAX)
		return -EMLINK;
	int err = ext2_new_inode(dir, mode, 0, out);

	if (err)
		return err;
	err = ext2_dir_start(*out, dir);
	if (err) {
		ext2_abandon(*out);
		return err;
	}
	(*out)->nlink = 2;
	err = name_new(dir, name, nname, *out);
	if (!err)
		link_add(dir, 1);
	return err;
}

static int make(struct inode *dir, const char *name, size_t nname,
		uint32_t mode, uint32_t rdev, struct inode **out)
{
	int err = ext2_join(dir);

	if (err)
		return err;
	if ((mode & S_IFMT) == S_IFDIR)
		return make_directory(dir, name, nname, mode, out);
	err = ext2_new_inode(dir, mode, rdev, out);
	return err ? err : name_new(dir, name, nname, *out);
}

/* The handle is closed: what @inode (or NULL) was to be has failed, if @err.
 * Is it worth another try? */
static bool try_again(struct inode *dir, struct inode *inode, int err)
{
	if (err && inode)
		inode_put(inode);
	return err == -ENOSPC && ext2_make_room(ext2_of(dir));
}

static int ext2_create(struct inode *dir, const char *name, size_t nname,
		       uint32_t mode, uint32_t rdev, struct inode **out)
{
	int err;

	do {
		*out = NULL;
		ext2_start(ext2_of(dir));
		err = make(dir, name, nname, mode, rdev, out);
		ext2_stop(ext2_of(dir));
	} while (try_again(dir, *out, err));
	return err;
}

/* The text of a new link: in the inode if it is short, or in a block. */
static int set_target(struct inode *inode, const char *target, size_t n)
{
	struct buffer *b;

	if (n < EXT2_FAST_LINK_MAX) {
		memcpy(ext2_node(inode)->block, target, n);
	} else {
		int err = ext2_inode_grow(inode, 0, &b);

		if (err)
			return err;
		buffer_begin(b);
		memcpy(b->data, target, n);
		buffer_end(b);
		buffer_put(b);
	}
	inode->mapping.size = n;
	inode_dirty(inode);
	return 0;
}

static int make_link(struct inode *dir, const char *name, size_t nname,
		     const char *target, size_t n, struct inode **out)
{
	int err = ext2_join(dir);

	if (!err)
		err = ext2_new_inode(dir, S_IFLNK | 0777, 0, out);
	if (err)
		return err;
	err = set_target(*out, target, n);
	if (!err)
		return name_new(dir, name, nname, *out);
	ext2_abandon(*out);
	return err;
}

static int ext2_symlink(struct inode *dir, const char *name, size_t nname,
			const char *target, struct inode **out)
{
	size_t n = strlen(target);
	int err;

	if (n >= ext2_of(dir)->block_size)
		return -ENAMETOOLONG;
	do {
		*out = NULL;
		ext2_start(ext2_of(dir));
		err = make_link(dir, name, nname, target, n, out);
		ext2_stop(ext2_of(dir));
	} while (try_again(dir, *out, err));
	return err;
}

static int link_steps(struct inode *dir, const char *name, size_t nname,
		      struct inode *inode)
{
	int err = ext2_may_write(ext2_of(dir));

	if (!err && inode->nlink >= EXT2_LINK_MAX)
		err = -EMLINK;
	if (!err)
		err = ext2_join(dir);
	if (!err)
		err = ext2_join(inode);
	if (!err)
		err = ext2_dir_add(dir, name, nname, inode);
	if (!err)
		link_add(inode, 1);
	return err;
}

static int ext2_link(struct inode *dir, const char *name, size_t nname,
		     struct inode *inode)
{
	int err;

	do {
		ext2_start(ext2_of(dir));
		err = link_steps(dir, name, nname, inode);
		ext2_stop(ext2_of(dir));
	} while (try_again(dir, NULL, err));
	return err;
}

static int unlink_steps(struct inode *dir, const char *name, size_t nname,
			struct inode *inode)
{
	bool directory = inode_is(inode, S_IFDIR);
	int err = ext2_may_write(ext2_of(dir));

	if (!err && directory)
		err = ext2_dir_check_empty(inode);
	if (!err)
		err = ext2_join(dir);
	if (!err)
		err = ext2_join(inode);
	if (!err)
		err = ext2_dir_remove(dir, name, nname);
	if (err)
		return err;
	link_drop(inode);
	if (directory)
		parent_drop(dir);
	return 0;
}

static int ext2_unlink(struct inode *dir, const char *name, size_t nname,
		       struct inode *inode)
{
	ext2_start(ext2_of(dir));
	int err = unlink_steps(dir, name, nname, inode);

	ext2_stop(ext2_of(dir));
	return err;
}

/* May @inode come to @dir, in the place of @target (or NULL)? */
static int rename_check(struct inode *old_dir, struct inode *dir,
			struct inode *inode, struct inode *target)
{
	int err = ext2_may_write(ext2_of(dir));

	if (!err)
		err = ext2_join(old_dir);
	if (!err)
		err = ext2_join(dir);
	if (!err)
		err = ext2_join(inode);
	if (!err && target)
		err = ext2_join(target);
	if (err || !inode_is(inode, S_IFDIR))
		return err;
	if (target)
		return ext2_dir_check_empty(target);
	return old_dir != dir && dir->nlink >= EXT2_LINK_MAX ? -EMLINK : 0;
}

/* Let the new name mean @inode; @target is what it means now, or NULL. */
static int name_set(struct inode *dir, const char *name, size_t nname,
		    struct inode *inode, struct inode *target)
{
	return target ? ext2_dir_replace(dir, name, nname, inode)
		      : ext2_dir_add(dir, name, nname, inode);
}

static void name_unset(struct inode *dir, const char *name, size_t nname,
		       struct inode *target)
{
	if (target)
		ext2_dir_replace(dir, name, nname, target);
	else
		ext2_dir_remove(dir, name, nname);
}

static int rename_steps(struct inode *old_dir, const char *old_name,
			size_t nold, struct inode *new_dir,
			const char *new_name, size_t nnew, struct inode *inode,
			struct inode *target)
{
	bool moves = inode_is(inode, S_IFDIR) && old_dir != new_dir;
	int err = rename_check(old_dir, new_dir, inode, target);

	if (!err)
		err = name_set(new_dir, new_name, nnew, inode, target);
	if (err)
		return err;
	if (moves)
		err = ext2_dir_replace(inode, "..", 2, new_dir);
	if (err)
		goto undo_name;
	err = ext2_dir_remove(old_dir, old_name, nold);
	if (err)
		goto undo_parent;

	if (moves) {
		link_add(new_dir, 1);
		parent_drop(old_dir);
	}
	if (target) {
		link_drop(target);
		if (inode_is(target, S_IFDIR))
			parent_drop(new_dir);
	}
	inode_touch(inode, INODE_CTIME);
	return 0;
undo_parent:
	if (moves)
		ext2_dir_replace(inode, "..", 2, old_dir);
undo_name:
	name_unset(new_dir, new_name, nnew, target);
	return err;
}

static int ext2_rename(struct inode *old_dir, const char *old_name, size_t nold,
		       struct inode *new_dir, const char *new_name, size_t nnew,
		       struct inode *inode, struct inode *target)
{
	int err;

	do {
		ext2_start(ext2_of(new_dir));
		err = rename_steps(old_dir, old_name, nold, new_dir, new_name,
				   nnew, inode, target);
		ext2_stop(ext2_of(new_dir));
	} while (try_again(new_dir, NULL, err));
	return err;
}

const struct inode_ops ext2_dir_ops = {
	.lookup = ext2_lookup,
	.create = ext2_create,
	.symlink = ext2_symlink,
	.link = ext2_link,
	.unlink = ext2_unlink,
	.rename = ext2_rename,
	.read_dir = ext2_dir_read,
	.write_inode = ext2_write_inode,
};
