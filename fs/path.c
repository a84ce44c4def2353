// SPDX-License-Identifier: MIT
/*
 * path.c - what a path names, and opening it.
 *
 * Both are a walk to the last component's directory (walk.c) and then a
 * decision about that component:
 *
 *   path_lookup   it must exist; a link is followed if the caller wants, or
 *                 if a slash behind it says that it is a directory
 *   path_open     with O_CREAT, it may also not exist: then it is created
 *                 under the directory's lock, after a second look, for
 *                 another process may have been quicker
 *
 * Here too: where a process stands (struct fs_context).  Its root and working
 * directory change under its own spinlock, because threads share it.
 *
 * Book: chapter 6.  Tests: usertests.
 */
#include "fs/path.h"

#include "fs/mount.h"
#include "fs/walk.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "mm/slab.h"

/* --- where a process stands --- */

static struct fs_context *context_make(struct dentry *root, struct dentry *cwd,
				       uint32_t umask)
{
	struct fs_context *fs = kmalloc(sizeof(*fs));

	if (!fs) {
		dentry_put(root);
		dentry_put(cwd);
		return NULL;
	}
	spin_init(&fs->lock, "fs context", RANK_FILES);
	fs->refs = 1;
	fs->root = root;
	fs->cwd = cwd;
	fs->umask = umask;
	return fs;
}

struct fs_context *fs_context_new(void)
{
	return context_make(mount_root_dentry(), mount_root_dentry(), 022);
}

struct fs_context *fs_context_copy(struct fs_context *from)
{
	spin_lock(&from->lock);

	struct dentry *root = dentry_hold(from->root);
	struct dentry *cwd = dentry_hold(from->cwd);

	spin_unlock(&from->lock);
	return context_make(root, cwd, from->umask);
}

void fs_context_hold(struct fs_context *fs)
{
	atomic_fetch_add(&fs->refs, 1);
}

void fs_context_put(struct fs_context *fs)
{
	if (atomic_fetch_sub(&fs->refs, 1) != 1)
		return;
	dentry_put(fs->root);
	dentry_put(fs->cwd);
	kfree(fs);
}

static void context_set(struct fs_context *fs, struct dentry **place,
			struct dentry *d)
{
	spin_lock(&fs->lock);

	struct dentry *old = *place;

	*place = d;
	spin_unlock(&fs->lock);
	dentry_put(old);
}

void fs_context_set_cwd(struct fs_context *fs, struct dentry *d)
{
	context_set(fs, &fs->cwd, d);
}

void fs_context_set_root(struct fs_context *fs, struct dentry *d)
{
	context_set(fs, &fs->root, d);
}

ssize_t fs_context_get_cwd(struct fs_context *fs, char *out, size_t nbytes)
{
	ssize_t n = -ENOENT;

	spin_lock(&fs->lock);
	if (!fs->cwd->unlinked)
		n = dentry_path(fs->cwd, fs->root, out, nbytes);
	spin_unlock(&fs->lock);
	if (n < 0)
		return n == -ENAMETOOLONG ? -ERANGE : n;
	return n + 1;
}

/* --- lookup --- */

static bool is_type(const struct dentry *d, uint32_t type)
{
	return d->inode && inode_is(d->inode, type);
}

/* What the walk to the last component has come to.  0 and *out; or 1: a
 * link was followed, and the walk must go on. */
static int lookup_last(struct walk *w, bool follow, struct dentry **out)
{
	struct dentry *d;
	int err;

	if (w->kind != WALK_NAME) {
		*out = dentry_hold(w->at);
		return 0;
	}
	err = walk_last_lookup(w, &d);
	if (err)
		return err;
	*out = d;
	if (!is_type(d, S_IFLNK) || !(follow || w->directory))
		return 0;
	err = walk_follow(w, d, out);
	dentry_put(d);
	return err;
}

/* The dentry, perhaps negative. */
static int walk_to_end(struct walk *w, bool follow, struct dentry **out)
{
	int err;

	do {
		err = walk_parent(w);
		if (!err)
			err = lookup_last(w, follow, out);
	} while (err == 1);
	return err;
}

int path_lookup(struct fs_context *fs, struct dentry *base, const char *path,
		unsigned flags, struct dentry **out)
{
	struct walk w;
	int err;

	if (*path == '\0' && (flags & PATH_EMPTY) && base) {
		*out = dentry_hold(base);
		return 0;
	}
	err = walk_start(&w, fs, base,
			 *path || !(flags & PATH_EMPTY) ? path : ".");
	if (err)
		return err;
	err = walk_to_end(&w, flags & PATH_FOLLOW, out);
	if (!err) {
		if (!(*out)->inode)
			err = -ENOENT;
		else if ((w.directory || (flags & PATH_DIRECTORY)) &&
			 !is_type(*out, S_IFDIR))
			err = -ENOTDIR;
		if (err)
			dentry_put(*out);
	}
	walk_end(&w);
	return err;
}

/* --- open --- */

/* Create the last component, unless it is there by now.  Its dentry. */
static int create_last(struct walk *w, uint32_t mode, struct dentry **out,
		       bool *created)
{
	struct inode *dir = w->at->inode;
	struct inode *inode;
	struct dentry *d;
	int err;

	inode_lock(dir);
	err = dentry_lookup_locked(w->at, w->last, w->nlast, &d);
	if (err)
		goto unlock;
	*out = d;
	*created = !d->inode;
	if (d->inode)
		goto unlock;
	err = -EROFS;
	if (!dir->super->read_only)
		err = dir->ops->create
			      ? dir->ops->create(dir, w->last, w->nlast, mode,
						 0, &inode)
			      : -EACCES;
	if (err)
		dentry_put(d);
	else
		dentry_instantiate(d, inode);
unlock:
	inode_unlock(dir);
	return err;
}

/* One try at the last component, with O_CREAT.  1: a link; walk on. */
static int open_create_last(struct walk *w, unsigned flags, uint32_t mode,
			    struct dentry **out, bool *created)
{
	struct dentry *d;
	int err;

	if (w->kind != WALK_NAME) {
		*out = dentry_hold(w->at);
		return 0;
	}
	if (w->directory)
		return -EISDIR;
	err = walk_last_lookup(w, &d);
	if (err)
		return err;
	if (!d->inode) {
		dentry_put(d);
		err = create_last(w, mode, &d, created);
		if (err)
			return err;
		d = dentry_cross(d);
	}
	*out = d;
	if (!is_type(d, S_IFLNK) || (flags & (O_EXCL | O_NOFOLLOW)))
		return 0;
	err = walk_follow(w, d, out);
	dentry_put(d);
	return err;
}

static int open_create(struct walk *w, unsigned flags, uint32_t mode,
		       struct dentry **out, bool *created)
{
	int err;

	do {
		err = walk_parent(w);
		if (!err)
			err = open_create_last(w, flags, mode, out, created);
	} while (err == 1);
	if (err || *created)
		return err;
	if (flags & O_EXCL)
		err = -EEXIST;
	else if (is_type(*out, S_IFDIR))
		err = -EISDIR;
	if (err)
		dentry_put(*out);
	return err;
}

static int open_existing(struct walk *w, unsigned flags, struct dentry **out)
{
	int err = walk_to_end(w, !(flags & O_NOFOLLOW), out);

	if (err)
		return err;
	if (!(*out)->inode)
		err = -ENOENT;
	else if ((w->directory || (flags & O_DIRECTORY)) &&
		 !is_type(*out, S_IFDIR))
		err = -ENOTDIR;
	if (err)
		dentry_put(*out);
	return err;
}

int path_open(struct fs_context *fs, struct dentry *base, const char *path,
	      unsigned flags, uint32_t mode, struct file **out)
{
	bool created = false;
	struct dentry *d;
	struct walk w;
	int err;

	if (flags & O_PATH)
		flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	if ((flags & __O_TMPFILE) == __O_TMPFILE)
		return -EOPNOTSUPP;
	if ((flags & O_CREAT) && (flags & O_DIRECTORY))
		return -EINVAL;
	err = walk_start(&w, fs, base, path);
	if (err)
		return err;
	mode = S_IFREG | (mode & ~fs->umask & 07777);
	if (flags & O_CREAT)
		err = open_create(&w, flags, mode, &d, &created);
	else
		err = open_existing(&w, flags, &d);
	walk_end(&w);
	if (err)
		return err;
	if (created)
		flags &= ~O_TRUNC;
	err = file_open(d, flags & ~(O_CREAT | O_EXCL | O_NOCTTY | O_CLOEXEC),
			out);
	dentry_put(d);
	return err;
}

int path_open_executable(struct fs_context *fs, struct dentry *base,
			 const char *path, unsigned flags, struct file **out)
{
	struct dentry *d;
	int err = path_lookup(fs, base, path, flags, &d);

	if (err)
		return err;
	if (is_type(d, S_IFLNK))
		err = -ELOOP;
	else if (!is_type(d, S_IFREG) || !(d->inode->mode & 0111))
		err = -EACCES;
	else
		err = file_open(d, O_RDONLY, out);
	dentry_put(d);
	if (err)
		return err;
	err = inode_deny_write((*out)->inode);
	if (err)
		file_put(*out);
	else
		(*out)->writers = -1;
	return err;
}
