// SPDX-License-Identifier: MIT
/*
 * walk.c - along a path, one component at a time.
 *
 * The walk stands at a directory and looks up the next component there:
 *
 *     "."     stay          ".."   up, also out of a mounted filesystem,
 *     name    look it up,          but never above the caller's root
 *             cross into what is mounted on it,
 *             and if it is a symbolic link, walk its text first
 *
 * The texts of links that are not finished form a stack (not recursion: our
 * own stack is small), each with the place where to go on.  A link in the
 * last place of a text needs no place to go on, so its text replaces the
 * other.  After 40 links in all the walk gives up with ELOOP.
 *
 * Locking: none is held between two steps; w->at is a counted reference, and
 * so stays a directory, though perhaps one that has been removed.
 *
 * Tests: usertests.
 */
#include "fs/walk.h"

#include "kernel/lib/errno.h"
#include "mm/slab.h"

enum { LINKS_MAX = 40, LINK_TEXT_MIN = 64 };

struct link_text {
	struct link_text *below;
	const char *rest; /* where to go on in the text below */
	char text[];
};

static void set_at(struct walk *w, struct dentry *d)
{
	dentry_put(w->at);
	w->at = d;
}

int walk_start(struct walk *w, struct fs_context *fs, struct dentry *base,
	       const char *path)
{
	if (*path == '\0')
		return -ENOENT;
	spin_lock(&fs->lock);
	*w = (struct walk){.root = dentry_hold(fs->root), .rest = path};
	if (*path == '/')
		base = fs->root;
	w->at = dentry_hold(base ? base : fs->cwd);
	spin_unlock(&fs->lock);
	return 0;
}

static void pop_link(struct walk *w)
{
	struct link_text *top = w->links;

	w->links = top->below;
	w->rest = top->rest;
	kfree(top);
}

void walk_end(struct walk *w)
{
	while (w->links)
		pop_link(w);
	dentry_put(w->at);
	dentry_put(w->root);
}

/* Start walking the text of @link; when it is done, go on at w->rest. */
static int push_link(struct walk *w, struct inode *link)
{
	size_t nbytes = min_u64(PATH_MAX, inode_size(link) + LINK_TEXT_MIN);
	struct link_text *l = kmalloc(sizeof(*l) + nbytes);

	if (!l)
		return -ENOMEM;

	int err = link->ops->read_link(link, l->text, nbytes);

	if (!err && l->text[0] == '\0')
		err = -ENOENT;
	if (err) {
		kfree(l);
		return err;
	}
	if (*w->rest == '\0' && w->links)
		pop_link(w);
	l->below = w->links;
	l->rest = w->rest;
	w->links = l;
	w->rest = l->text;
	if (l->text[0] == '/')
		set_at(w, dentry_hold(w->root));
	return 1;
}

int walk_follow(struct walk *w, struct dentry *d, struct dentry **out)
{
	struct inode *link = d->inode;

	if (++w->nlinks > LINKS_MAX)
		return -ELOOP;
	if (link->ops->follow_link)
		return link->ops->follow_link(link, out);
	return link->ops->read_link ? push_link(w, link) : -EINVAL;
}

int walk_last_lookup(struct walk *w, struct dentry **out)
{
	if (w->nlast > NAME_MAX)
		return -ENAMETOOLONG;

	int err = dentry_lookup(w->at, w->last, w->nlast, out);

	if (!err)
		*out = dentry_cross(*out);
	return err;
}

/* One step to a component that is not the last. */
static int step(struct walk *w)
{
	struct dentry *d;
	int err = walk_last_lookup(w, &d);

	if (err)
		return err;
	if (!d->inode) {
		dentry_put(d);
		return -ENOENT;
	}
	if (inode_is(d->inode, S_IFLNK)) {
		struct dentry *link = d;

		err = walk_follow(w, link, &d);
		dentry_put(link);
		if (err)
			return err < 0 ? err : 0;
	}
	set_at(w, d);
	return 0;
}

/* Take the next component off the text.  False: there is none. */
static bool next_component(struct walk *w)
{
	const char *p = w->rest;

	while (*p == '/')
		p++;
	w->last = p;
	while (*p != '/' && *p != '\0')
		p++;
	w->nlast = p - w->last;
	w->directory = *p == '/';
	while (*p == '/')
		p++;
	w->rest = p;
	w->kind = WALK_NAME;
	if (w->last[0] == '.' && w->nlast == 1)
		w->kind = WALK_DOT;
	else if (w->last[0] == '.' && w->nlast == 2 && w->last[1] == '.')
		w->kind = WALK_DOTDOT;
	return w->nlast > 0;
}

/* Is there a text below the one that is being walked, with more to come? */
static bool more_below(const struct walk *w)
{
	return w->links && *w->links->rest != '\0';
}

int walk_parent(struct walk *w)
{
	bool directory = w->directory; /* said by a text replaced since */
	bool last = false;
	int err = 0;

	while (!err && !last) {
		if (!next_component(w)) {
			if (more_below(w)) {
				pop_link(w);
				continue;
			}
			w->kind = WALK_ROOT;
			return 0;
		}
		last = *w->rest == '\0' && !more_below(w);
		if (!inode_is(w->at->inode, S_IFDIR))
			err = -ENOTDIR;
		else if (w->kind == WALK_DOTDOT)
			set_at(w, dentry_cross(dentry_above(w->at, w->root)));
		else if (w->kind == WALK_NAME && !last)
			err = step(w);
	}
	w->directory |= directory;
	return err;
}
