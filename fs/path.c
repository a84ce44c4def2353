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
 * Tests: usertests.
 */
#include "fs/path.h"

#include "fs/mount.h"
#include "fs/walk.h"
#include "kernel/lib/errno.h"
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

struct fs_context *fs_context_hold(struct fs_context *fs)
{
	atomic_fetch_add(&fs->refs, 1);
	return fs;
}

void fs_context_put(struct fs_context *fs)
{
	if (atomic_fetch_sub(&fs->refs, 1) != 1)
		return;
	dentry_put(fs->root);
	dentry_put(fs->cwd);
	kfree(fs);
}

void fs_context_set(struct fs_context *fs, struct dentry **place,
		    struct dentry *d)
{
	spin_lock(&fs->lock);

	struct dentry *old = *place;

	*place = d;
	spin_unlock(&fs->lock);
	dentry_put(old);
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

/* --- lookup and open --- */

/* What shall become of the last component. */
struct intent {
	bool follow;   /* a link there */
	bool create;   /* a file, if there is none */
	uint32_t mode; /* of that file */
	bool created;  /* it was */
};

static bool is_type(const struct dentry *d, uint32_t type)
{
	return d->inode && inode_is(d->inode, type);
}

/* Create the last component, unless it is there by now.  Its dentry. */
static int create_last(struct walk *w, struct intent *intent,
		       struct dentry **out)
{
	struct inode *dir = w->at->inode;
	struct inode *inode;
	int err;

	inode_lock(dir);
	err = dentry_lookup_locked(w->at, w->last, w->nlast, out);
	if (!err && !(*out)->inode) {
		if (dir->super->read_only)
			err = -EROFS;
		else if (!dir->ops->create)
			err = -EACCES;
		else
			err = dir->ops->create(dir, w->last, w->nlast,
					       intent->mode, 0, &inode);
		if (err)
			dentry_put(*out);
		else
			dentry_instantiate(*out, inode);
		intent->created = !err;
	}
	inode_unlock(dir);
	return err;
}

/* What the walk to the last component has come to.  0 and *out, perhaps
 * negative; or 1: a link was followed, and the walk must go on. */
static int last_step(struct walk *w, struct intent *intent, struct dentry **out)
{
	struct dentry *d;
	int err;

	if (w->kind != WALK_NAME) {
		*out = dentry_hold(w->at);
		return 0;
	}
	if (intent->create && w->directory)
		return -EISDIR;
	err = walk_last_lookup(w, &d);
	if (!err && !d->inode && intent->create) {
		dentry_put(d);
		err = create_last(w, intent, &d);
	}
	if (err)
		return err;
	*out = d;
	if (!is_type(d, S_IFLNK) || !(intent->follow || w->directory))
		return 0;
	err = walk_follow(w, d, out);
	dentry_put(d);
	return err;
}

/* Walk all of @path.  *directory: it says that it is one. */
static int walk_whole(struct fs_context *fs, struct dentry *base,
		      const char *path, struct intent *intent, bool *directory,
		      struct dentry **out)
{
	struct walk w;
	int err = walk_start(&w, fs, base, path);

	if (err)
		return err;
	do {
		err = walk_parent(&w);
		if (!err)
			err = last_step(&w, intent, out);
	} while (err == 1);
	*directory |= w.directory;
	walk_end(&w);
	return err;
}

int path_lookup(struct fs_context *fs, struct dentry *base, const char *path,
		unsigned flags, struct dentry **out)
{
	struct intent intent = {.follow = flags & PATH_FOLLOW};
	bool directory = flags & PATH_DIRECTORY;

	if (*path == '\0' && (flags & PATH_EMPTY)) {
		if (base) {
			*out = dentry_hold(base);
			return 0;
		}
		path = ".";
	}

	int err = walk_whole(fs, base, path, &intent, &directory, out);

	if (err)
		return err;
	if (!(*out)->inode)
		err = -ENOENT;
	else if (directory && !is_type(*out, S_IFDIR))
		err = -ENOTDIR;
	if (err)
		dentry_put(*out);
	return err;
}

/* Linux's checks of what O_CREAT has found, or made. */
static int created_check(const struct dentry *d, const struct intent *intent,
			 unsigned flags)
{
	if (!intent->created && (flags & O_EXCL))
		return -EEXIST;
	return is_type(d, S_IFDIR) ? -EISDIR : 0;
}

static int open_lookup(struct fs_context *fs, struct dentry *base,
		       const char *path, unsigned *flags, uint32_t mode,
		       struct dentry **out)
{
	struct intent intent = {
		.follow = !(*flags & (O_EXCL | O_NOFOLLOW)),
		.create = true,
		.mode = S_IFREG | (mode & ~fs->umask & 07777),
	};
	unsigned lookup = *flags & O_NOFOLLOW ? 0 : PATH_FOLLOW;
	bool directory = false;
	int err;

	if (!(*flags & O_CREAT))
		return path_lookup(
			fs, base, path,
			lookup | (*flags & O_DIRECTORY ? PATH_DIRECTORY : 0),
			out);
	if (*flags & O_DIRECTORY)
		return -EINVAL;
	err = walk_whole(fs, base, path, &intent, &directory, out);
	if (err)
		return err;
	err = created_check(*out, &intent, *flags);
	if (err)
		dentry_put(*out);
	if (intent.created)
		*flags &= ~O_TRUNC;
	return err;
}

int path_open(struct fs_context *fs, struct dentry *base, const char *path,
	      unsigned flags, uint32_t mode, struct file **out)
{
	struct dentry *d;
	int err;

	if (flags & O_PATH)
		flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW;
	if ((flags & __O_TMPFILE) == __O_TMPFILE)
		return -EOPNOTSUPP;
	err = open_lookup(fs, base, path, &flags, mode, &d);
	if (err)
		return err;
	err = file_open(d, flags & ~(O_CREAT | O_EXCL | O_CLOEXEC), out);
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
	err = inode_writers_add((*out)->inode, -1);
	if (err)
		file_put(*out);
	else
		(*out)->writers = -1;
	return err;
}
