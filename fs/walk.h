/* SPDX-License-Identifier: MIT */
#ifndef FS_WALK_H
#define FS_WALK_H

/*
 * walk.h - the state of one walk along a path, for path.c and names.c.
 *
 * walk_parent() stops in front of the last component, because what happens to
 * that one differs: it may have to exist, or not to exist, be followed or
 * not.
 */

#include "fs/path.h"

/* What the last component is. */
enum walk_last {
	WALK_NAME, /* a name, not looked up yet: in last, nlast */
	WALK_DOT,  /* ".": at is already it */
	WALK_DOTDOT,
	WALK_ROOT, /* the path was "/" */
};

struct link_text;

struct walk {
	struct dentry *root;     /* counted: "/" and the highest ".." */
	struct dentry *at;       /* counted: where we are */
	const char *rest;        /* of the path, or of a link's text */
	struct link_text *links; /* texts under way, the innermost first */
	unsigned nlinks;         /* followed so far */
	enum walk_last kind;
	const char *last;
	size_t nlast;
	bool directory; /* the path ends in '/': it must be one */
};

/* Begin at @base (NULL: the caller's directory), or at the root if @path
 * starts with '/'.  -ENOENT if it is empty. */
int walk_start(struct walk *w, struct fs_context *fs, struct dentry *base,
	       const char *path);

/* Go to the directory of the last component. */
int walk_parent(struct walk *w);

/* Look the last component up (WALK_NAME), and cross into what is mounted
 * there.  May be negative. */
int walk_last_lookup(struct walk *w, struct dentry **out);

/*
 * Follow the symbolic link @d, the last component.  1: w->rest is its text now,
 * for walk_parent(); 0: *out is a reference to where it leads.  -ELOOP ...
 */
int walk_follow(struct walk *w, struct dentry *d, struct dentry **out);

void walk_end(struct walk *w);

#endif
