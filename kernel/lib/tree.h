/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_LIB_TREE_H
#define KERNEL_LIB_TREE_H

/*
 * tree.h - balanced (AVL) search trees, threaded through their elements, in
 * which each node can carry a summary of its subtree.
 *
 * The caller descends by itself, because only it knows the order: it finds
 * the parent and the side, and tree_insert() links and balances.  update(),
 * where given, recomputes one node's summary from its own element and from
 * its two children's summaries, and says whether it differs from before; it is
 * called bottom-up along every path that changed, as far as that goes.
 */

#include "kernel/lib/types.h"

struct tree_node {
	struct tree_node *parent;
	struct tree_node *child[2]; /* smaller, larger */
	int height;                 /* 1 for a leaf */
};

struct tree {
	struct tree_node *root;
	bool (*update)(struct tree_node *node); /* or NULL */
};

/* Hang @node below @parent (NULL: as the root) on @side, then balance. */
void tree_insert(struct tree *tree, struct tree_node *parent, int side,
		 struct tree_node *node);
void tree_remove(struct tree *tree, struct tree_node *node);

/* @node's element changed: bring the summaries above it up to date. */
void tree_changed(struct tree *tree, struct tree_node *node);

/* In the order of the tree, or NULL. */
struct tree_node *tree_first(const struct tree *tree);
struct tree_node *tree_next(const struct tree_node *node);

#endif
