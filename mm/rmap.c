// SPDX-License-Identifier: MIT
/*
 * rmap.c - from a page of a file to the VMAs that show it.
 *
 * An interval tree: VMAs sorted by the first page of the file they show, each
 * node also knowing the largest last page in its subtree.  To find the first
 * VMA that overlaps [first, last]: go left while something there ends late
 * enough; the first node on the way back that starts early enough is it.
 * (If the one that ends late enough starts too late, so does everything to
 * the right of it.)
 *
 * Locking: mapping->lock, for all of it and for the bounds of the VMAs in the
 * tree.  Native: the interval tests of tests/host/vma_test.c run it.
 */

#include "mm/rmap.h"

static struct vma *vma_of(const struct tree_node *node)
{
	return node ? container_of(node, struct vma, mapping_node) : NULL;
}

static pgoff_t last_page(const struct vma *v)
{
	return v->pgoff + vma_npages(v) - 1;
}

static bool update_last_max(struct tree_node *node)
{
	struct vma *v = vma_of(node);
	pgoff_t before = v->mapping_last_max;

	v->mapping_last_max = last_page(v);
	for (int side = 0; side < 2; side++) {
		struct vma *child = vma_of(node->child[side]);

		if (child)
			v->mapping_last_max = max_u64(v->mapping_last_max,
						      child->mapping_last_max);
	}
	return v->mapping_last_max != before;
}

struct mapping *rmap_lock(const struct vma *v)
{
	if (!v->file)
		return NULL;

	struct mapping *mapping = file_mapping(v->file);

	spin_lock(&mapping->lock);
	return mapping;
}

void rmap_unlock(struct mapping *mapping)
{
	if (mapping)
		spin_unlock(&mapping->lock);
}

/* Stores through it must be harvested. */
static bool may_store(const struct vma *v)
{
	return (v->flags & VMA_SHARED) && (v->maxprot & VM_W);
}

void rmap_insert(struct mapping *mapping, struct vma *v)
{
	if (!mapping)
		return;

	struct tree_node *parent = NULL;
	int side = 0;

	mapping->vmas.update = update_last_max;
	for (struct tree_node *at = mapping->vmas.root; at;
	     at = at->child[side]) {
		parent = at;
		side = v->pgoff >= vma_of(at)->pgoff;
	}
	tree_insert(&mapping->vmas, parent, side, &v->mapping_node);
	mapping->nwritable += may_store(v);
}

void rmap_remove(struct mapping *mapping, struct vma *v)
{
	if (!mapping)
		return;
	tree_remove(&mapping->vmas, &v->mapping_node);
	mapping->nwritable -= may_store(v);
}

static bool reaches(const struct tree_node *node, pgoff_t first)
{
	return node && vma_of(node)->mapping_last_max >= first;
}

/* The leftmost overlapping VMA in the subtree of @node, which reaches. */
static struct vma *leftmost(struct tree_node *node, pgoff_t first, pgoff_t last)
{
	for (;;) {
		struct vma *v = vma_of(node);

		if (reaches(node->child[0], first)) {
			node = node->child[0];
			continue;
		}
		if (v->pgoff > last)
			return NULL;
		if (last_page(v) >= first)
			return v;
		node = node->child[1];
		if (!reaches(node, first))
			return NULL;
	}
}

struct vma *rmap_first(struct mapping *mapping, pgoff_t first, pgoff_t last)
{
	if (!reaches(mapping->vmas.root, first))
		return NULL;
	return leftmost(mapping->vmas.root, first, last);
}

struct vma *rmap_next(struct vma *v, pgoff_t first, pgoff_t last)
{
	struct tree_node *node = &v->mapping_node;

	for (;;) {
		if (reaches(node->child[1], first))
			return leftmost(node->child[1], first, last);
		/* Up, to the first ancestor that comes after us. */
		while (node->parent && node->parent->child[1] == node)
			node = node->parent;
		node = node->parent;
		if (!node || vma_of(node)->pgoff > last)
			return NULL;
		if (last_page(vma_of(node)) >= first)
			return vma_of(node);
	}
}
