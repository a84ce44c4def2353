// SPDX-License-Identifier: MIT
/*
 * names.c - making, removing and changing names: mkdir, mknod, symlink, link,
 * unlink, rmdir, rename.
 *
 * Every change happens with the directory's inode lock held, after a lookup
 * under that lock: so what was checked is still true when the filesystem is
 * asked to do it.  Then the name cache is told, still under the lock.
 *
 * rename locks up to four inodes: the two directories, an ancestor before
 * what is below it; then the things renamed and replaced, by address if both
 * are files.  One mutex lets only one rename at a time move something between
 * two directories, so that the tree holds still while it is decided who is
 * whose ancestor, and no loop can be tied:
 *
 *	rename(a, b/c/d) while rename(b, a/d)
 *
 * Tests: usertests.
 */
#include <linux/fs.h>

#include "fs/walk.h"
#include "kernel/lib/errno.h"

static struct mutex rename_mutex =
	MUTEX_INIT(rename_mutex, "rename", RANK_RENAME);

/* --- new names --- */

struct new_name {
	struct walk walk;
	struct dentry *d; /* negative; its directory is locked */
};

/* Walk to where @path shall be made, and lock its directory. */
static int new_name_begin(struct new_name *new, struct fs_context *fs,
			  struct dentry *base, const char *path, bool directory)
{
	struct walk *w = &new->walk;
	int err = walk_start(w, fs, base, path);

	if (err)
		return err;
	err = walk_parent(w);
	if (!err && w->kind != WALK_NAME)
		err = -EEXIST;
	if (!err && w->nlast > NAME_MAX)
		err = -ENAMETOOLONG;
	if (err)
		goto end;
	inode_lock(w->at->inode);
	err = dentry_lookup_locked(w->at, w->last, w->nlast, &new->d);
	if (err)
		goto unlock;
	if (new->d->inode)
		err = -EEXIST;
	else if (w->directory && !directory)
		err = -ENOENT;
	else if (w->at->super->read_only)
		err = -EROFS;
	if (!err)
		return 0;
	dentry_put(new->d);
unlock:
	inode_unlock(w->at->inode);
end:
	walk_end(w);
	return err;
}

static void new_name_end(struct new_name *new)
{
	inode_unlock(new->walk.at->inode);
	dentry_put(new->d);
	walk_end(&new->walk);
}

int path_make(struct fs_context *fs, struct dentry *base, const char *path,
	      uint32_t mode, uint32_t rdev, struct inode **made)
{
	struct new_name new;
	struct inode *inode;
	int err = new_name_begin(&new, fs, base, path, S_ISDIR(mode));

	if (err)
		return err;

	struct inode *dir = new.walk.at->inode;

	err = dir->ops->create
		      ? dir->ops->create(dir, new.walk.last, new.walk.nlast,
					 mode & ~fs->umask, rdev, &inode)
		      : -EPERM;
	if (!err && made)
		*made = inode_hold(inode);
	if (!err)
		dentry_instantiate(new.d, inode);
	new_name_end(&new);
	return err;
}

int path_symlink(struct fs_context *fs, const char *target, struct dentry *base,
		 const char *path)
{
	struct new_name new;
	struct inode *inode;

	if (*target == '\0')
		return -ENOENT;

	int err = new_name_begin(&new, fs, base, path, false);

	if (err)
		return err;

	struct inode *dir = new.walk.at->inode;

	err = dir->ops->symlink
		      ? dir->ops->symlink(dir, new.walk.last, new.walk.nlast,
					  target, &inode)
		      : -EPERM;
	if (!err)
		dentry_instantiate(new.d, inode);
	new_name_end(&new);
	return err;
}

/* The new name's directory is locked. */
static int link_locked(struct new_name *new, struct inode *inode)
{
	struct inode *dir = new->walk.at->inode;
	int err = -ENOENT;

	if (dir->super != inode->super)
		return -EXDEV;
	if (!dir->ops->link || inode_is(inode, S_IFDIR))
		return -EPERM;
	inode_lock_child(inode);
	if (inode->nlink > 0)
		err = dir->ops->link(dir, new->walk.last, new->walk.nlast,
				     inode);
	inode_unlock(inode);
	if (!err)
		dentry_instantiate(new->d, inode_hold(inode));
	return err;
}

int path_link(struct fs_context *fs, struct dentry *old_base,
	      const char *old_path, struct dentry *new_base,
	      const char *new_path, unsigned flags)
{
	struct new_name new;
	struct dentry *old;
	int err = path_lookup(fs, old_base, old_path, flags, &old);

	if (err)
		return err;
	err = new_name_begin(&new, fs, new_base, new_path, false);
	if (!err) {
		err = link_locked(&new, old->inode);
		new_name_end(&new);
	}
	dentry_put(old);
	return err;
}

/* --- removing --- */

/* What a last component without a name makes unlink and rmdir answer. */
static int unnamed_error(enum walk_last kind, bool directory)
{
	if (!directory)
		return -EISDIR;
	switch (kind) {
	case WALK_DOT:
		return -EINVAL;
	case WALK_DOTDOT:
		return -ENOTEMPTY;
	case WALK_ROOT:
	case WALK_NAME:
		break;
	}
	return -EBUSY;
}

static int unlink_check(const struct walk *w, const struct dentry *d,
			bool directory)
{
	if (!d->inode)
		return -ENOENT;
	if (w->at->super->read_only)
		return -EROFS;
	if (inode_is(d->inode, S_IFDIR) != directory)
		return directory ? -ENOTDIR : -EISDIR;
	if (w->directory && !directory)
		return -ENOTDIR;
	if (d->mount_root)
		return -EBUSY;
	return w->at->inode->ops->unlink ? 0 : -EPERM;
}

/* Lock, and remove the inode of @d.  *gone: the reference the name held. */
static int unlink_locked(const struct walk *w, struct dentry *d,
			 struct inode **gone)
{
	struct inode *dir = w->at->inode;
	struct inode *inode = d->inode;

	inode_lock_child(inode);

	int err = dir->ops->unlink(dir, w->last, w->nlast, inode);

	if (!err)
		*gone = dentry_forget(d);
	inode_unlock(inode);
	return err;
}

/* The last references go when the directory is unlocked again: they may free
 * the file, which takes time. */
static int unlink_last(const struct walk *w, bool directory)
{
	struct inode *gone = NULL;
	struct dentry *d = NULL;

	inode_lock(w->at->inode);

	int err = dentry_lookup_locked(w->at, w->last, w->nlast, &d);

	if (!err)
		err = unlink_check(w, d, directory);
	if (!err)
		err = unlink_locked(w, d, &gone);
	inode_unlock(w->at->inode);
	if (d)
		dentry_put(d);
	if (gone)
		inode_put_wait(gone);
	return err;
}

int path_unlink(struct fs_context *fs, struct dentry *base, const char *path,
		bool directory)
{
	struct walk w;
	int err = walk_start(&w, fs, base, path);

	if (err)
		return err;
	err = walk_parent(&w);
	if (!err && w.kind != WALK_NAME)
		err = unnamed_error(w.kind, directory);
	else if (!err && w.nlast > NAME_MAX)
		err = -ENAMETOOLONG;
	else if (!err)
		err = unlink_last(&w, directory);
	walk_end(&w);
	return err;
}

/* --- rename --- */

struct rename {
	struct walk from, to;
	struct dentry *old, *new; /* counted; new may be negative */
	unsigned flags;
};

/* Only one task at a time locks two directories of which neither is above the
 * other, so those need no order. */
static void lock_parents(struct dentry *a, struct dentry *b)
{
	if (a == b) {
		inode_lock(a->inode);
		return;
	}
	mutex_lock(&rename_mutex);
	if (dentry_is_below(a, b)) {
		struct dentry *swap = a;

		a = b;
		b = swap;
	}
	inode_lock(a->inode);
	inode_lock_child(b->inode);
}

static void unlock_parents(struct dentry *a, struct dentry *b)
{
	inode_unlock(a->inode);
	if (a == b)
		return;
	inode_unlock(b->inode);
	mutex_unlock(&rename_mutex);
}

/* The things themselves: a directory before a file, else by address. */
static void lock_children(struct inode *a, struct inode *b)
{
	if (b && (inode_is(b, S_IFDIR) > inode_is(a, S_IFDIR) ||
		  (inode_is(b, S_IFDIR) == inode_is(a, S_IFDIR) && b < a))) {
		struct inode *swap = a;

		a = b;
		b = swap;
	}
	mutex_lock_ranked(&a->lock, RANK_INODE_CHILD2);
	if (b)
		mutex_lock_ranked(&b->lock, RANK_INODE_CHILD3);
}

/* Linux's checks, in Linux's order. */
static int rename_check_names(const struct rename *r)
{
	const struct inode *target = r->new->inode;

	if (!r->old->inode)
		return -ENOENT;
	if (target && (r->flags & RENAME_NOREPLACE))
		return -EEXIST;
	if (!inode_is(r->old->inode, S_IFDIR) &&
	    (r->from.directory || r->to.directory))
		return -ENOTDIR;
	if (dentry_is_below(r->to.at, r->old))
		return -EINVAL;
	if (target && dentry_is_below(r->from.at, r->new))
		return -ENOTEMPTY;
	return r->from.at->super->read_only ? -EROFS : 0;
}

static int rename_check_types(const struct rename *r)
{
	const struct inode *target = r->new->inode;

	if (target) {
		bool directory = inode_is(r->old->inode, S_IFDIR);

		if (directory && !inode_is(target, S_IFDIR))
			return -ENOTDIR;
		if (!directory && inode_is(target, S_IFDIR))
			return -EISDIR;
	}
	if (r->old->mount_root || r->new->mount_root)
		return -EBUSY;
	return r->from.at->inode->ops->rename ? 0 : -EPERM;
}

/* Both directories are locked, both names looked up. */
static int rename_locked(struct rename *r)
{
	struct inode *old_dir = r->from.at->inode;
	struct inode *new_dir = r->to.at->inode;
	struct inode *inode = r->old->inode;
	struct inode *target = r->new->inode;
	int err = rename_check_names(r);

	if (err)
		return err;
	if (inode == target)
		return 0; /* two names of one file: POSIX wants nothing done */
	err = rename_check_types(r);
	if (err)
		return err;
	lock_children(inode, target);
	err = old_dir->ops->rename(old_dir, r->from.last, r->from.nlast,
				   new_dir, r->to.last, r->to.nlast, inode,
				   target);
	if (!err)
		dentry_move(r->old, r->new);
	if (target)
		inode_unlock(target);
	inode_unlock(inode);
	return err;
}

static int rename_last(struct rename *r)
{
	int err;

	lock_parents(r->from.at, r->to.at);
	err = dentry_lookup_locked(r->from.at, r->from.last, r->from.nlast,
				   &r->old);
	if (!err)
		err = dentry_lookup_locked(r->to.at, r->to.last, r->to.nlast,
					   &r->new);
	if (!err)
		err = rename_locked(r);
	unlock_parents(r->from.at, r->to.at);
	if (r->old)
		dentry_put(r->old);
	if (r->new)
		dentry_put(r->new);
	return err;
}

/* The walks have reached both directories. */
static int rename_check_walks(const struct rename *r)
{
	if (r->from.at->super != r->to.at->super)
		return -EXDEV;
	if (r->from.kind != WALK_NAME)
		return -EBUSY;
	if (r->to.kind != WALK_NAME)
		return r->flags & RENAME_NOREPLACE ? -EEXIST : -EBUSY;
	if (r->from.nlast > NAME_MAX || r->to.nlast > NAME_MAX)
		return -ENAMETOOLONG;
	return 0;
}

int path_rename(struct fs_context *fs, struct dentry *old_base,
		const char *old_path, struct dentry *new_base,
		const char *new_path, unsigned flags)
{
	struct rename r = {.flags = flags};
	int err;

	if (flags & ~RENAME_NOREPLACE)
		return -EINVAL;
	err = walk_start(&r.from, fs, old_base, old_path);
	if (err)
		return err;
	err = walk_start(&r.to, fs, new_base, new_path);
	if (err)
		goto end_from;
	err = walk_parent(&r.from);
	if (!err)
		err = walk_parent(&r.to);
	if (!err)
		err = rename_check_walks(&r);
	if (!err)
		err = rename_last(&r);
	walk_end(&r.to);
end_from:
	walk_end(&r.from);
	return err;
}
