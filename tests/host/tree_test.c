/* host-test: kernel/lib/tree.c */
/* SPDX-License-Identifier: MIT */
/*
 * tree_test.c - random insertions, removals and changes of elements, against a
 * sorted array; after each the whole tree is checked: order, links, heights,
 * balance, and each node's summary (the sum of its subtree).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/lib/tree.h"

enum { KEYS = 300, OPERATIONS = 60000 };

struct item {
	struct tree_node node;
	int key;
	long value, sum;
};

static struct item items[KEYS]; /* by key */
static bool present[KEYS];
static unsigned long passed;

#define CHECK(cond) \
	do { \
		passed++; \
		if (!(cond)) { \
			printf("line %d: %s\n", __LINE__, #cond); \
			exit(1); \
		} \
	} while (0)

static struct item *item_of(struct tree_node *node)
{
	return container_of(node, struct item, node);
}

static long sum_of(struct tree_node *node)
{
	return node ? item_of(node)->sum : 0;
}

static bool update(struct tree_node *node)
{
	long before = item_of(node)->sum;

	item_of(node)->sum = item_of(node)->value + sum_of(node->child[0]) +
			     sum_of(node->child[1]);
	return item_of(node)->sum != before;
}

static int height_of(struct tree_node *node)
{
	return node ? node->height : 0;
}

/* Returns how many nodes there are. */
static int check_node(const struct tree *tree, struct tree_node *node,
		      struct tree_node *parent, int low, int high)
{
	int left, right;

	if (!node)
		return 0;
	CHECK(node->parent == parent);
	CHECK(item_of(node)->key > low && item_of(node)->key < high);
	left = height_of(node->child[0]);
	right = height_of(node->child[1]);
	CHECK(node->height == 1 + (left > right ? left : right));
	CHECK(left - right <= 1 && right - left <= 1);
	if (tree->update)
		CHECK(item_of(node)->sum == item_of(node)->value +
						    sum_of(node->child[0]) +
						    sum_of(node->child[1]));
	return 1 +
	       check_node(tree, node->child[0], node, low, item_of(node)->key) +
	       check_node(tree, node->child[1], node, item_of(node)->key, high);
}

/* Walking meets just the keys that are present, in order. */
static void check_walk(const struct tree *tree)
{
	struct tree_node *node = tree_first(tree);

	for (int key = 0; key < KEYS; key++) {
		if (!present[key])
			continue;
		CHECK(node && item_of(node)->key == key);
		node = tree_next(node);
	}
	CHECK(!node);
}

static void check(const struct tree *tree, int n)
{
	CHECK(check_node(tree, tree->root, NULL, -1, KEYS) == n);
	check_walk(tree);
}

static void insert(struct tree *tree, int key)
{
	struct tree_node *parent = NULL, *at = tree->root;
	int side = 0;

	while (at) {
		parent = at;
		side = key > item_of(at)->key;
		at = at->child[side];
	}
	items[key].key = key;
	items[key].value = rand() % 3; /* often no change at all */
	tree_insert(tree, parent, side, &items[key].node);
	present[key] = true;
}

static void random_operations(struct tree *tree)
{
	int n = 0;

	memset(present, 0, sizeof(present));
	for (int i = 0; i < OPERATIONS; i++) {
		/* The bias changes, so that the tree grows and shrinks. */
		bool grow = rand() % 100 < (i / 5000 % 2 ? 20 : 80);
		int key = rand() % KEYS;

		if (present[key] && !grow) {
			tree_remove(tree, &items[key].node);
			present[key] = false;
			n--;
		} else if (!present[key] && grow) {
			insert(tree, key);
			n++;
		} else if (present[key]) {
			items[key].value =
				rand() % 3; /* often no change at all */
			tree_changed(tree, &items[key].node);
		}
		if (i % 8 == 0 || n < 5)
			check(tree, n);
	}
}

/* In order, and in reverse: the cases that degrade an unbalanced tree. */
static void ordered(struct tree *tree)
{
	memset(present, 0, sizeof(present));
	for (int key = 0; key < KEYS; key++) {
		insert(tree, key);
		check(tree, key + 1);
	}
	for (int key = 0; key < KEYS; key++) {
		tree_remove(tree, &items[key].node);
		present[key] = false;
		check(tree, KEYS - key - 1);
	}
	for (int key = KEYS - 1; key >= 0; key--)
		insert(tree, key);
	check(tree, KEYS);
}

int main(void)
{
	struct tree with = {.update = update}, without = {0};
	struct tree with2 = {.update = update};

	random_operations(&with);
	random_operations(&without);
	ordered(&with2);
	printf("tree: %lu passed\n", passed);
	return 0;
}
