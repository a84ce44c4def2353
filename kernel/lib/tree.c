// SPDX-License-Identifier: MIT
/*
 * tree.c - AVL trees with summaries.
 *
 * In every node the heights of the two subtrees differ by at most one, so a
 * tree of n nodes is never higher than 1.44 log2(n).  An insertion or removal
 * changes heights only on the path to the root; walking up that path, each
 * node that leans by two is put right by one or two rotations:
 *
 *          n                c                 n                  g
 *        /   \            /   \             /   \              /   \
 *       c     2    -->   0     n           c     2     -->    c     n
 *      / \                    / \         / \                / \   / \
 *     0   1                  1   2       0   g              0  g0 g1  2
 *
 * (left: c leans outwards; right: c leans inwards, to g).
 *
 * A node's summary depends on its element and its children's summaries alone,
 * so update() is called for a node after its children are final: in rotations
 * from the lower node up, then along the path to the root.  Where neither the
 * height nor the summary of a node changes nothing above it does, and there
 * the way ends: on average after a few steps, however large the tree is.
 *
 * Locks: the owner's.  Tests: tests/host/tree_test.c.
 */

#include "kernel/lib/tree.h"

enum { LEFT = 0, RIGHT = 1 };

static int height(const struct tree_node *node)
{
	return node ? node->height : 0;
}

/* Positive: the right side is higher. */
static int lean(const struct tree_node *node)
{
	return height(node->child[RIGHT]) - height(node->child[LEFT]);
}

/* Recompute what depends on the children; has it changed? */
static bool refresh(struct tree *tree, struct tree_node *node)
{
	int left = height(node->child[LEFT]);
	int right = height(node->child[RIGHT]);
	int before = node->height;
	bool changed = tree->update && tree->update(node);

	node->height = 1 + (left > right ? left : right);
	return changed || node->height != before;
}

/* Make whoever points at @old, @parent or the root, point at @new. */
static void replace_child(struct tree *tree, struct tree_node *parent,
			  struct tree_node *old, struct tree_node *new)
{
	if (!parent)
		tree->root = new;
	else
		parent->child[parent->child[RIGHT] == old] = new;
	if (new)
		new->parent = parent;
}

/* Lift @node's child on the other side over it; @node sinks to @side. */
static struct tree_node *rotate(struct tree *tree, struct tree_node *node,
				int side)
{
	struct tree_node *up = node->child[!side];
	struct tree_node *moved = up->child[side];

	replace_child(tree, node->parent, node, up);
	node->child[!side] = moved;
	if (moved)
		moved->parent = node;
	up->child[side] = node;
	node->parent = up;
	refresh(tree, node);
	refresh(tree, up);
	return up;
}

/* Put @node, whose subtrees are good, right.  Returns who stands there now, or
 * NULL if the node above it has nothing to see. */
static struct tree_node *balance(struct tree *tree, struct tree_node *node)
{
	int tilt = lean(node);
	int heavy = tilt > 0;
	struct tree_node *child = node->child[heavy];

	if (tilt >= -1 && tilt <= 1)
		return refresh(tree, node) ? node : NULL;
	if (heavy == RIGHT ? lean(child) < 0 : lean(child) > 0)
		rotate(tree, child, heavy);
	return rotate(tree, node, !heavy);
}

static void balance_upwards(struct tree *tree, struct tree_node *node)
{
	while (node && (node = balance(tree, node)) != NULL)
		node = node->parent;
}

void tree_insert(struct tree *tree, struct tree_node *parent, int side,
		 struct tree_node *node)
{
	*node = (struct tree_node){.parent = parent};
	if (parent)
		parent->child[side] = node;
	else
		tree->root = node;
	refresh(tree, node);
	balance_upwards(tree, parent);
}

void tree_changed(struct tree *tree, struct tree_node *node)
{
	while (node && tree->update && tree->update(node))
		node = node->parent;
}

struct tree_node *tree_first(const struct tree *tree)
{
	struct tree_node *node = tree->root;

	while (node && node->child[LEFT])
		node = node->child[LEFT];
	return node;
}

struct tree_node *tree_next(const struct tree_node *node)
{
	const struct tree_node *next = node->child[RIGHT];

	if (next) {
		while (next->child[LEFT])
			next = next->child[LEFT];
	} else {
		/* Up, until we come from the left. */
		for (next = node->parent; next && next->child[RIGHT] == node;
		     next = next->parent)
			node = next;
	}
	return (struct tree_node *)next;
}

/* Put @next, @node's successor, in its place.  Returns the lowest node whose
 * subtree has changed. */
static struct tree_node *replace_by_successor(struct tree *tree,
					      struct tree_node *node,
					      struct tree_node *next)
{
	struct tree_node *lowest = next->parent == node ? next : next->parent;

	replace_child(tree, next->parent, next, next->child[RIGHT]);
	replace_child(tree, node->parent, node, next);
	for (int side = LEFT; side <= RIGHT; side++) {
		next->child[side] = node->child[side];
		if (next->child[side])
			next->child[side]->parent = next;
	}
	next->height = node->height;
	return lowest;
}

void tree_remove(struct tree *tree, struct tree_node *node)
{
	if (!node->child[LEFT] || !node->child[RIGHT]) {
		replace_child(tree, node->parent, node,
			      node->child[!node->child[LEFT]]);
		balance_upwards(tree, node->parent);
		return;
	}

	struct tree_node *next = tree_next(node);

	balance_upwards(tree, replace_by_successor(tree, node, next));
	/* Its summary was that of another place, and is no measure of change:
	 * the way may have ended below it, or at it. */
	if (tree->update) {
		tree->update(next);
		tree_changed(tree, next->parent);
	}
}
