// SPDX-License-Identifier: MIT
/*
 * ext2_index.c - which block of a large directory has a name.
 *
 * On the disk a directory is a list, and who looks for a name reads all of it.
 * That does for a few blocks.  A larger one is read once, and what is learnt
 * is kept as long as its inode is in memory:
 *
 *	hash of the name  ->  block           (a tree, by both)
 *
 * So one block is searched, or, for a name that is not there, mostly none.
 * (ext3's own hash trees say the same on the disk; then the first look is
 * cheap, too, and each change a bit dearer.)
 *
 * It is only a help: where memory is short there is none, and the list is
 * searched.
 *
 * Locking: the directory's inode lock, for writing.
 * Tests: tests/host/ext2_model_test.c, usertests "folder".
 */

#include "fs/ext2_core.h"
#include "kernel/lib/errno.h"
#include "mm/reclaim.h"
#include "mm/slab.h"

struct index_entry {
	struct tree_node node;
	uint32_t hash, block;
};

static struct index_entry *entry_of(struct tree_node *node)
{
	return node ? container_of(node, struct index_entry, node) : NULL;
}

static uint32_t name_hash(const char *name, size_t nname)
{
	uint32_t hash = 2166136261;

	for (size_t i = 0; i < nname; i++)
		hash = (hash ^ (uint8_t)name[i]) * 16777619;
	return hash;
}

static uint64_t key(uint32_t hash, uint32_t block)
{
	return (uint64_t)hash << 32 | block;
}

bool ext2_index_add(struct inode *dir, const char *name, size_t nname,
		    uint32_t block)
{
	struct tree *tree = &ext2_node(dir)->index;
	struct index_entry *entry =
		reclaim_wanted() ? NULL : kmalloc(sizeof(*entry));
	struct tree_node *parent = NULL;
	int side = 0;

	if (!entry) {
		ext2_index_drop(dir);
		return false;
	}
	entry->hash = name_hash(name, nname);
	entry->block = block;
	for (struct tree_node *at = tree->root; at; at = at->child[side]) {
		struct index_entry *other = entry_of(at);

		parent = at;
		side = key(entry->hash, block) > key(other->hash, other->block);
	}
	tree_insert(tree, parent, side, &entry->node);
	return true;
}

/* The first entry at or behind that key. */
static struct index_entry *find(struct tree *tree, uint64_t wanted)
{
	struct index_entry *found = NULL;

	for (struct tree_node *at = tree->root; at;) {
		struct index_entry *entry = entry_of(at);
		bool behind = key(entry->hash, entry->block) >= wanted;

		if (behind)
			found = entry;
		at = at->child[!behind];
	}
	return found;
}

bool ext2_index_find(struct inode *dir, const char *name, size_t nname,
		     uint32_t *block)
{
	uint32_t hash = name_hash(name, nname);
	struct index_entry *entry =
		find(&ext2_node(dir)->index, key(hash, *block));

	if (!entry || entry->hash != hash)
		return false;
	*block = entry->block;
	return true;
}

void ext2_index_remove(struct inode *dir, const char *name, size_t nname,
		       uint32_t block)
{
	struct tree *tree = &ext2_node(dir)->index;
	struct index_entry *entry =
		find(tree, key(name_hash(name, nname), block));

	tree_remove(tree, &entry->node);
	kfree(entry);
}

void ext2_index_drop(struct inode *dir)
{
	struct tree *tree = &ext2_node(dir)->index;

	while (tree->root) {
		struct index_entry *entry = entry_of(tree->root);

		tree_remove(tree, &entry->node);
		kfree(entry);
	}
}
