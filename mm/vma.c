// SPDX-License-Identifier: MIT
/*
 * vma.c - the sorted list of intervals that is an address space.
 *
 * A process may touch address A only if some VMA covers A.  VMAs are
 * half-open [start, end), page-aligned, disjoint, and sorted by start:
 *
 *      |--text--|  |data|   (hole)   |----file----|  (hole)  |stack|
 *
 * Every change of a range [a, b) is done the same way: vma_cut() at a,
 * vma_cut() at b, then walk whole VMAs, then vma_merge() what has become
 * equal.  No other code splits a VMA.
 *
 * The list is also a balanced tree, so that finding one among ten thousand
 * takes fourteen steps; and each node knows the size of the hole below its
 * VMA and of the largest such hole in its subtree, so that finding a place
 * for a new mapping takes no more.
 *
 * Locking: callers hold mm->lock, for writing if the list may change.  The
 * bounds of a VMA with a file are also read by those who hold the file's
 * mapping->lock (rmap.h), so they change under both.
 *
 * Book: chapter 5.  Tests: tests/host/vma_test.c, mmaptest "split".
 */

#include "mm/vma.h"

#include "arch/riscv/layout.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "mm/commit.h"
#include "mm/rmap.h"
#include "mm/slab.h"

atomic_ulong commit_npages;
static struct slab_cache *vmas;

void vma_init(void)
{
	vmas = slab_cache_create("vma", sizeof(struct vma), 0);
}

struct vma *vma_new(void)
{
	return slab_alloc_zeroed(vmas);
}

struct vma *vma_copy(const struct vma *v)
{
	struct vma *copy = slab_alloc(vmas);

	if (!copy)
		return NULL;
	*copy = *v; /* what links it into lists and trees is set there */
	if (copy->file)
		file_get(copy->file);
	return copy;
}

void vma_free(struct vma *v)
{
	slab_free(vmas, v);
}

/* --- neighbours and holes --- */

static struct vma *vma_of(const struct tree_node *node)
{
	return node ? container_of(node, struct vma, node) : NULL;
}

struct vma *vma_part(struct vma_list *list, vaddr_t *start, vaddr_t *end)
{
	struct vma *v = vma_find(list, *start);

	if (!v || v->start >= *end)
		return NULL;
	*start = max_u64(*start, v->start);
	*end = min_u64(*end, v->end);
	return v;
}

struct vma *vma_next(struct vma_list *list, struct vma *v)
{
	struct list *link = v ? v->link.next : list->vmas.next;

	return link == &list->vmas ? NULL : list_entry(link, struct vma, link);
}

struct vma *vma_prev(struct vma_list *list, struct vma *v)
{
	struct list *link = v ? v->link.prev : list->vmas.prev;

	return link == &list->vmas ? NULL : list_entry(link, struct vma, link);
}

/* Where the hole below @v ends: a stack keeps its distance. */
static vaddr_t hole_end(const struct vma *v)
{
	if (!(v->flags & VMA_STACK))
		return v->start;
	return v->start > STACK_GUARD_GAP ? v->start - STACK_GUARD_GAP : 0;
}

static uint64_t gap_below(struct vma_list *list, struct vma *v)
{
	struct vma *prev = vma_prev(list, v);
	vaddr_t start = prev ? prev->end : 0;
	vaddr_t end = hole_end(v);

	return end > start ? end - start : 0;
}

static bool update_gap_max(struct tree_node *node)
{
	struct vma *v = vma_of(node);
	uint64_t before = v->gap_max;

	v->gap_max = v->gap;
	for (int side = 0; side < 2; side++)
		if (node->child[side])
			v->gap_max = max_u64(
				v->gap_max, vma_of(node->child[side])->gap_max);
	return v->gap_max != before;
}

/* The bounds of @v's hole changed; NULL: nothing above it. */
static void hole_changed(struct vma_list *list, struct vma *v)
{
	if (!v)
		return;

	uint64_t gap = gap_below(list, v);

	if (gap == v->gap)
		return;
	v->gap = gap;
	tree_changed(&list->tree, &v->node);
}

void vma_list_init(struct vma_list *list)
{
	*list = (struct vma_list){.tree.update = update_gap_max};
	list_init(&list->vmas);
}

/* --- finding --- */

/* Is @v the first that ends after @va? */
static bool ends_first(struct vma_list *list, struct vma *v, vaddr_t va)
{
	struct vma *prev = vma_prev(list, v);

	return v->end > va && (!prev || prev->end <= va);
}

/* The last one found is often the one that is wanted, or the one after it.
 * It is never one that has gone; that several readers set it does no harm. */
static struct vma *find_near(struct vma_list *list, vaddr_t va)
{
	struct vma *v = atomic_load_explicit(&list->hint, memory_order_relaxed);

	if (v && !ends_first(list, v, va))
		v = vma_next(list, v);
	return v && ends_first(list, v, va) ? v : NULL;
}

struct vma *vma_find(struct vma_list *list, vaddr_t va)
{
	struct vma *found = vma_prev(list, NULL);

	if (!found || found->end <= va)
		return NULL;
	found = find_near(list, va);
	if (found)
		return found;
	for (struct tree_node *node = list->tree.root; node;) {
		struct vma *v = vma_of(node);

		if (v->end > va)
			found = v;
		if (v->start <= va && v->end > va)
			break;
		node = node->child[v->end <= va];
	}
	if (found)
		atomic_store_explicit(&list->hint, found, memory_order_relaxed);
	return found;
}

bool vma_range_free(struct vma_list *list, vaddr_t start, vaddr_t end)
{
	struct vma *v = vma_find(list, start);

	return !v || v->start >= end;
}

uint64_t vma_npages_in(struct vma_list *list, vaddr_t start, vaddr_t end)
{
	struct vma *v = vma_find(list, start);
	uint64_t nbytes = 0;

	for (; v && v->start < end; v = vma_next(list, v))
		nbytes += min_u64(v->end, end) - max_u64(v->start, start);
	return nbytes >> PAGE_SHIFT;
}

/* The last VMA in the subtree of @node with a hole of @nbytes below it;
 * gap_max says that there is one. */
static struct vma *last_gap_in(struct tree_node *node, uint64_t nbytes)
{
	for (;;) {
		struct vma *right = vma_of(node->child[1]);

		if (right && right->gap_max >= nbytes)
			node = node->child[1];
		else if (vma_of(node)->gap >= nbytes)
			return vma_of(node);
		else
			node = node->child[0];
	}
}

/* The last one before @v, or NULL. */
static struct vma *last_gap_before(struct vma *v, uint64_t nbytes)
{
	struct tree_node *node = &v->node;

	for (;;) {
		struct vma *left = vma_of(node->child[0]);

		if (left && left->gap_max >= nbytes)
			return last_gap_in(node->child[0], nbytes);
		/* Up, to the first ancestor that lies before us. */
		while (node->parent && node->parent->child[0] == node)
			node = node->parent;
		node = node->parent;
		if (!node)
			return NULL;
		if (vma_of(node)->gap >= nbytes)
			return vma_of(node);
	}
}

/* The highest place for @nbytes in [start, end) and [low, high), or 0. */
static vaddr_t place_in(vaddr_t start, vaddr_t end, uint64_t nbytes,
			vaddr_t low, vaddr_t high)
{
	start = max_u64(start, low);
	end = min_u64(end, high);
	return end > start && end - start >= nbytes ? end - nbytes : 0;
}

vaddr_t vma_find_gap(struct vma_list *list, uint64_t nbytes, vaddr_t low,
		     vaddr_t high)
{
	/* First the hole that @high lies in, then the highest one below. */
	struct vma *next = vma_find(list, high - 1);
	struct vma *v = vma_prev(list, next);
	vaddr_t va = place_in(v ? v->end : 0, next ? hole_end(next) : high,
			      nbytes, low, high);

	if (va || !v)
		return va;
	if (v->gap < nbytes)
		v = last_gap_before(v, nbytes);
	if (!v)
		return 0;
	return place_in(hole_end(v) - v->gap, hole_end(v), nbytes, low, high);
}

/* --- changing --- */

void vma_link(struct vma_list *list, struct vma *v)
{
	struct vma *next = vma_find(list, v->start);
	struct vma *prev = vma_prev(list, next);

	list_add_tail(next ? &next->link : &list->vmas, &v->link);
	v->gap = gap_below(list, v);
	/* One of its neighbours has no child on its side. */
	if (next && !next->node.child[0])
		tree_insert(&list->tree, &next->node, 0, &v->node);
	else
		tree_insert(&list->tree, prev ? &prev->node : NULL, 1,
			    &v->node);
	hole_changed(list, next);
	list->nvmas++;
	commit_count(list, v, 1);
}

static void vma_unlink(struct vma_list *list, struct vma *v)
{
	struct vma *next = vma_next(list, v);

	atomic_store_explicit(&list->hint, next, memory_order_relaxed);
	tree_remove(&list->tree, &v->node);
	list_remove(&v->link);
	hole_changed(list, next);
	list->nvmas--;
	commit_count(list, v, -1);
}

void vma_insert(struct vma_list *list, struct vma *v)
{
	struct mapping *mapping = rmap_lock(v);

	assert(v->start < v->end);
	rmap_insert(mapping, v);
	rmap_unlock(mapping);
	vma_link(list, v);
}

void vma_remove(struct vma_list *list, struct vma *v)
{
	struct mapping *mapping = rmap_lock(v);

	rmap_remove(mapping, v);
	rmap_unlock(mapping);
	vma_unlink(list, v);
}

void vma_remove_all(struct vma_list *list, struct list *dead)
{
	for (struct vma *v = vma_next(list, NULL); v; v = vma_next(list, v)) {
		struct mapping *mapping = rmap_lock(v);

		rmap_remove(mapping, v);
		rmap_unlock(mapping);
	}
	atomic_fetch_sub(&commit_npages, list->naccounted);
	list_splice_tail(dead, &list->vmas);
	vma_list_init(list);
}

/* New bounds in the tree of the file; its lock is held. */
static void set_bounds_locked(struct mapping *mapping, struct vma *v,
			      vaddr_t start, vaddr_t end)
{
	rmap_remove(mapping, v);
	v->pgoff += (int64_t)(start - v->start) >> PAGE_SHIFT;
	v->start = start;
	v->end = end;
	rmap_insert(mapping, v);
}

void vma_set_bounds(struct vma_list *list, struct vma *v, vaddr_t start,
		    vaddr_t end)
{
	struct mapping *mapping = rmap_lock(v);

	commit_count(list, v, -1);
	set_bounds_locked(mapping, v, start, end);
	commit_count(list, v, 1);
	rmap_unlock(mapping);
	hole_changed(list, v);
	hole_changed(list, vma_next(list, v));
}

int vma_cut(struct vma_list *list, vaddr_t va)
{
	struct vma *low = vma_at(list, va);

	if (!low || low->start == va)
		return 0;

	struct vma *high = vma_copy(low);

	if (!high)
		return -ENOMEM;
	high->start = va;
	high->pgoff = vma_pgoff(low, va);

	/* Who walks the file's VMAs sees the one or the two, never a hole. */
	struct mapping *mapping = rmap_lock(low);

	commit_count(list, high, -1);
	set_bounds_locked(mapping, low, low->start, va);
	rmap_insert(mapping, high);
	rmap_unlock(mapping);
	vma_link(list, high);
	return 0;
}

int vma_cut_range(struct vma_list *list, vaddr_t start, vaddr_t end)
{
	int err = vma_cut(list, start);

	if (!err)
		err = vma_cut(list, end);
	if (err)
		vma_merge(list, start, start);
	return err;
}

int vma_set_flags(struct vma_list *list, struct vma *v, vaddr_t start,
		  vaddr_t end, unsigned flags)
{
	if (v->flags == flags)
		return 0;

	int err = vma_cut_range(list, start, end);

	if (err)
		return err;
	v = vma_at(list, start);

	/* Reclaim looks at them with the file's lock alone. */
	struct mapping *mapping = rmap_lock(v);

	commit_count(list, v, -1);
	v->flags = flags;
	commit_count(list, v, 1);
	rmap_unlock(mapping);
	return 0;
}

/* --- merging --- */

bool vma_can_merge(const struct vma *a, const struct vma *b)
{
	return a->end == b->start && a->prot == b->prot &&
	       a->maxprot == b->maxprot && a->flags == b->flags &&
	       !(a->flags & VMA_SPECIAL) && a->file == b->file &&
	       a->pgoff + vma_npages(a) == b->pgoff;
}

/* @b, which follows @a, becomes part of it. */
static void vma_absorb(struct vma_list *list, struct vma *a, struct vma *b)
{
	struct mapping *mapping = rmap_lock(a);

	rmap_remove(mapping, b);
	set_bounds_locked(mapping, a, a->start, b->end);
	rmap_unlock(mapping);
	if (b->has_copies)
		a->has_copies = true;
	commit_count(list, b, 1);
	vma_unlink(list, b);
	if (b->file)
		file_put(b->file); /* not the last: @a has one */
	vma_free(b);
}

void vma_merge(struct vma_list *list, vaddr_t start, vaddr_t end)
{
	struct vma *v = vma_find(list, start ? start - 1 : 0);

	while (v && v->start <= end) {
		struct vma *next = vma_next(list, v);

		if (next && vma_can_merge(v, next))
			vma_absorb(list, v, next);
		else
			v = next;
	}
}

/* --- checking --- */

static uint64_t check_subtree(struct vma_list *list, struct tree_node *node)
{
	if (!node)
		return 0;

	struct vma *v = vma_of(node);
	uint64_t most = max_u64(check_subtree(list, node->child[0]),
				check_subtree(list, node->child[1]));

	assert(v->gap == gap_below(list, v));
	assert(v->gap_max == max_u64(v->gap, most));
	return v->gap_max;
}

void vma_check(struct vma_list *list)
{
	struct tree_node *node = tree_first(&list->tree);
	struct vma *prev = NULL;
	size_t nvmas = 0;
	uint64_t npages = 0;

	for (struct vma *v = vma_next(list, NULL); v; v = vma_next(list, v)) {
		assert(node == &v->node);
		assert(v->start < v->end && v->end <= USER_END); /* V1 */
		assert(!page_offset(v->start) && !page_offset(v->end));
		assert(!prev || prev->end <= v->start);      /* V2 */
		assert(!(v->flags & VMA_SHARED) || v->file); /* V3 */
		assert(!(v->prot & ~v->maxprot));            /* V4 */
		assert(!prev || !vma_can_merge(prev, v));    /* V5 */
		node = tree_next(node);
		prev = v;
		nvmas++;
		npages += vma_npages(v);
	}
	assert(!node && nvmas == list->nvmas && npages == list->npages);
	check_subtree(list, list->tree.root);
}
