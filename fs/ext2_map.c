// SPDX-License-Identifier: MIT
/*
 * ext2_map.c - which disk block holds block n of a file.
 *
 * The inode has 15 slots: 12 name the first blocks, and one each is the root
 * of a tree of depth 1, 2 and 3, whose nodes are "map blocks": arrays of
 * block numbers.  A 0 anywhere is a hole.
 *
 *      block[0..11] -> data
 *      block[12] -> [ ] -> data
 *      block[13] -> [ ] -> [ ] -> data
 *      block[14] -> [ ] -> [ ] -> [ ] -> data
 *
 * So a file block is a path of 1 to 4 indexes.  A branch is the walk along
 * that path as far as it exists.  To fill a hole, everything that is missing
 * below the end of the branch is made first, unseen by anybody, and then hung
 * into the tree by one store.  If the disk is full halfway, what was made is
 * given back and the file is as before.
 *
 * Trimming goes from front to back and run by run: the blocks are freed, then
 * the slots cleared; a map block goes when everything in it has.  Every step
 * leaves a consistent file, so an error may stop it anywhere; and, where there
 * is a journal, the end of a transaction.
 *
 * Numbers that come from the disk are checked before they are followed.  A
 * tree that refers to itself can't loop, having only four levels, and frees
 * no block twice: the bitmap knows.
 *
 * Locking: node->map_lock, and the fs lock below it.
 * Tests: tests/host/ext2_model_test.c.
 */

#include "fs/ext2_core.h"
#include "kernel/lib/errno.h"
#include "kernel/sync/sched.h"

/* Locks: all (m) of the inode walked, while it is held. */
struct branch {
	unsigned depth;    /* indexes in the path */
	uint32_t index[4]; /* the path */
	unsigned level;    /* how far it exists: index[level] is the last
			      slot reached, depth - 1 the one for data */
	uint32_t *slots;   /* the array that slot is in */
	struct buffer *b;  /* the map block it is in; NULL: the inode */
	uint32_t nslots;   /* data slots behind each other on the path's
			      last level, from this one */
};

static unsigned map_shift(const struct ext2 *fs)
{
	return fs->block_shift - 2; /* log2 of the numbers in a map block */
}

uint64_t ext2_max_size(const struct ext2 *fs)
{
	unsigned shift = map_shift(fs);
	uint64_t per_map = 1ull << shift;
	uint64_t by_map = EXT2_NDIRECT + per_map + (per_map << shift) +
			  (per_map << 2 * shift);
	/* The inode counts sectors, map blocks too, in 32 bits. */
	uint64_t by_count = UINT32_MAX >> (fs->block_shift - SECTOR_SHIFT);

	by_count -= (by_count >> shift) + (by_count >> 2 * shift) + 4;
	if (!fs->disk->revision)
		return INT32_MAX; /* no upper half of the size */
	return min_u64(by_map, by_count) << fs->block_shift;
}

/* The path to file block @n; false: beyond what a map can hold. */
static bool branch_path(const struct ext2 *fs, uint64_t n, struct branch *br)
{
	unsigned shift = map_shift(fs);
	uint32_t mask = (1u << shift) - 1;

	br->depth = 1;
	br->index[0] = (uint32_t)n;
	br->nslots = (uint32_t)(EXT2_NDIRECT - n);
	if (n < EXT2_NDIRECT)
		return true;
	n -= EXT2_NDIRECT;
	for (unsigned level = 1; level <= 3; level++) {
		if (n >> shift * level == 0) {
			br->depth = level + 1;
			br->index[0] = EXT2_INDIRECT + level - 1;
			br->nslots = mask + 1 - ((uint32_t)n & mask);
			for (unsigned i = level; i > 0; i--, n >>= shift)
				br->index[i] = (uint32_t)n & mask;
			return true;
		}
		n -= 1ull << shift * level;
	}
	return false;
}

static int check_block(struct inode *inode, uint32_t block)
{
	if (ext2_block_valid(ext2_of(inode), block))
		return 0;
	return ext2_corrupt(ext2_of(inode), "block %u in the map of inode %lu",
			    block, inode->ino);
}

static void branch_put(struct branch *br)
{
	if (br->b)
		buffer_put(br->b);
}

/* Walk towards file block @n.  On success branch_put() it. */
static int branch_walk(struct inode *inode, uint64_t n, struct branch *br)
{
	br->level = 0;
	br->slots = ext2_node(inode)->block;
	br->b = NULL;
	if (!branch_path(ext2_of(inode), n, br))
		return -EFBIG;
	while (br->level < br->depth - 1 && br->slots[br->index[br->level]]) {
		uint32_t block = br->slots[br->index[br->level]];
		struct buffer *next = NULL;
		int err = check_block(inode, block);

		if (!err)
			err = ext2_read(ext2_of(inode), block, &next);
		branch_put(br);
		if (err)
			return err;
		br->b = next;
		br->slots = (void *)next->data;
		br->level++;
	}
	return 0;
}

/* Change @n slots at @at of the array in @b (NULL: the inode itself) to
 * @first, @first + 1, ..., or all to 0. */
static void slots_set(struct buffer *b, uint32_t *at, uint32_t n,
		      uint32_t first)
{
	if (b)
		buffer_begin(b);
	for (uint32_t i = 0; i < n; i++)
		at[i] = first ? first + i : 0;
	if (b)
		buffer_end(b);
}

static void count_blocks(struct inode *inode, int64_t n)
{
	inode->nsectors += n * (ext2_of(inode)->block_size >> SECTOR_SHIFT);
}

/* How many of the data slots from the branch's end on, up to @max, are a run
 * of neighbouring blocks, or of holes. */
static uint32_t run_length(const struct branch *br, uint32_t max)
{
	const uint32_t *slot = &br->slots[br->index[br->level]];
	uint32_t step = slot[0] ? 1 : 0;
	uint32_t n = 1;

	max = min_u64(max, br->nslots);
	if (br->level < br->depth - 1)
		return max;
	while (n < max && slot[n] == slot[0] + n * step)
		n++;
	return n;
}

/* What the branch found: a run, or a hole (*disk 0). */
static int branch_result(struct inode *inode, const struct branch *br,
			 uint32_t max, uint32_t *disk, uint32_t *n)
{
	uint32_t block = br->slots[br->index[br->level]];

	*n = run_length(br, max);
	*disk = block;
	if (!block)
		return 0;
	int err = check_block(inode, block);

	return err ? err : check_block(inode, block + *n - 1);
}

int ext2_map_find(struct inode *inode, uint64_t first, uint32_t max,
		  uint32_t *disk, uint32_t *n)
{
	struct ext2_node *node = ext2_node(inode);
	struct branch br;

	mutex_lock(&node->map_lock);
	int err = branch_walk(inode, first, &br);

	if (!err) {
		err = branch_result(inode, &br, max, disk, n);
		branch_put(&br);
	}
	mutex_unlock(&node->map_lock);
	return err;
}

/* --- filling holes --- */

/* Where a new block for file block @n should go: behind its predecessor, or
 * behind the map block that will name it, or into the inode's group. */
static uint32_t choose_goal(struct inode *inode, uint64_t n,
			    const struct branch *br)
{
	struct ext2_node *node = ext2_node(inode);
	struct ext2 *fs = ext2_of(inode);

	if (node->goal && node->goal_for == n)
		return node->goal;
	for (uint32_t i = br->index[br->level]; i-- > 0;)
		if (br->slots[i])
			return br->slots[i] + 1;
	if (br->b)
		return (uint32_t)br->b->block + 1;
	return ext2_group_start(fs, (inode->ino - 1) / fs->inodes_per_group);
}

/* Map blocks for the levels below the branch's end, top one first, each
 * naming the next and the last one naming the @n data blocks at @disk. */
static int fill_map_blocks(struct ext2 *fs, const struct branch *br,
			   const uint32_t *blocks, uint32_t disk, uint32_t n)
{
	for (unsigned i = br->level + 1; i < br->depth; i++) {
		bool last = i == br->depth - 1;
		struct buffer *b;
		int err = buffer_zeroed(fs->device, blocks[i], fs->block_size,
					&b);

		if (err)
			return err;
		uint32_t *slots = (void *)b->data;

		buffer_begin(b);
		for (uint32_t j = 0; j < (last ? n : 1); j++)
			slots[br->index[i] + j] =
				last ? disk + j : blocks[i + 1];
		buffer_end(b);
		buffer_put(b);
	}
	return 0;
}

/* Fill the hole at the branch's end with up to *n data blocks. */
static int branch_grow(struct inode *inode, struct branch *br, uint32_t goal,
		       uint32_t *disk, uint32_t *n)
{
	struct ext2 *fs = ext2_of(inode);
	uint32_t blocks[4], one, wanted = *n;
	unsigned made = br->level + 1;
	int err;

	for (; made < br->depth; made++) {
		err = ext2_alloc_blocks(fs, goal, 1, &blocks[made], &one);
		if (err)
			goto free_maps;
		goal = blocks[made] + 1;
	}
	err = ext2_alloc_blocks(fs, goal, wanted, disk, n);
	if (err)
		goto free_maps;
	err = fill_map_blocks(fs, br, blocks, *disk, *n);
	if (err)
		goto free_data;

	/* All is there: one store makes it part of the file. */
	uint32_t *slot = &br->slots[br->index[br->level]];
	unsigned nmaps = br->depth - 1 - br->level;

	if (nmaps)
		slots_set(br->b, slot, 1, blocks[br->level + 1]);
	else
		slots_set(br->b, slot, *n, *disk);
	count_blocks(inode, nmaps + *n);
	return 0;
free_data:
	ext2_free_blocks(fs, *disk, *n, false);
free_maps:
	while (made-- > br->level + 1)
		ext2_free_blocks(fs, blocks[made], 1, true);
	return err;
}

int ext2_map_make(struct inode *inode, uint64_t first, uint32_t max,
		  uint32_t *disk, uint32_t *n, bool *fresh)
{
	struct ext2_node *node = ext2_node(inode);
	struct branch br;

	*fresh = false;
	mutex_lock(&node->map_lock);
	int err = branch_walk(inode, first, &br);

	if (err)
		goto unlock;
	err = branch_result(inode, &br, max, disk, n);
	if (!err && !*disk)
		err = ext2_may_write(ext2_of(inode));
	if (!err && !*disk)
		err = ext2_join(inode);
	if (!err && !*disk) {
		err = branch_grow(inode, &br, choose_goal(inode, first, &br),
				  disk, n);
		*fresh = !err;
	}
	if (*fresh) {
		node->goal_for = (uint32_t)(first + *n);
		node->goal = *disk + *n;
		inode_dirty(inode);
		ext2_order(inode);
	}
	branch_put(&br);
unlock:
	mutex_unlock(&node->map_lock);
	return err;
}

/* --- trimming --- */

/* Blocks and runs that one handle frees: each changes up to six buffers. */
enum { TRIM_STEPS = 6 };

struct trim {
	struct inode *inode;
	unsigned left; /* how many more */
};

/* Free what the data slots [from, to) of one array name. */
static int trim_data(struct trim *t, struct buffer *b, uint32_t *slots,
		     uint32_t from, uint32_t to)
{
	struct inode *inode = t->inode;

	while (from < to) {
		uint32_t block = slots[from], n = 1;

		if (!block) {
			from++;
			continue;
		}
		if (t->left-- == 0)
			return -EAGAIN;
		while (from + n < to && slots[from + n] == block + n)
			n++;
		int err = check_block(inode, block);

		if (!err)
			err = check_block(inode, block + n - 1);
		if (!err)
			err = ext2_free_blocks(ext2_of(inode), block, n,
					       ext2_in_buffers(inode));
		if (err)
			return err;
		slots_set(b, &slots[from], n, 0);
		count_blocks(inode, -(int64_t)n);
		from += n;
	}
	return 0;
}

/*
 * Trim the tree of map blocks below *@slot (which is in @b; NULL: in the
 * inode) from its data block @first on; it is @height map blocks high.
 */
static int trim_tree(struct trim *t, struct buffer *b, uint32_t *slot,
		     unsigned height, uint64_t first)
{
	struct inode *inode = t->inode;
	struct ext2 *fs = ext2_of(inode);
	unsigned shift = map_shift(fs) * (height - 1);
	uint32_t n = 1u << map_shift(fs), i = (uint32_t)(first >> shift);
	uint64_t below = first & ((1ull << shift) - 1);
	/* A block that names itself zeroes the slot below. */
	uint32_t block = *slot;
	struct buffer *map;

	if (!block)
		return 0;
	int err = check_block(inode, block);

	if (!err)
		err = ext2_read(fs, block, &map);
	if (err)
		return err;
	uint32_t *slots = (void *)map->data;

	if (height == 1)
		err = trim_data(t, map, slots, i, n);
	for (; height > 1 && i < n && !err; i++, below = 0)
		err = trim_tree(t, map, &slots[i], height - 1, below);
	buffer_put(map);
	sched_point();
	if (err || first)
		return err;
	if (t->left-- == 0)
		return -EAGAIN;
	err = ext2_free_blocks(fs, block, 1, true);
	if (!err) {
		slots_set(b, slot, 1, 0);
		count_blocks(inode, -1);
	}
	return err;
}

int ext2_map_trim(struct inode *inode, uint64_t first)
{
	struct ext2_node *node = ext2_node(inode);
	unsigned shift = map_shift(ext2_of(inode));
	uint64_t base = EXT2_NDIRECT;
	struct trim t = {
		.inode = inode,
		.left = ext2_of(inode)->journal ? TRIM_STEPS : UINT32_MAX,
	};

	mutex_lock(&node->map_lock);
	node->goal = 0;
	int err = trim_data(&t, NULL, node->block,
			    (uint32_t)min_u64(first, base), EXT2_NDIRECT);

	for (unsigned height = 1; height <= 3 && !err; height++) {
		uint64_t end = base + (1ull << shift * height);

		if (first < end)
			err = trim_tree(&t, NULL,
					&node->block[EXT2_NDIRECT + height - 1],
					height,
					first > base ? first - base : 0);
		base = end;
	}
	mutex_unlock(&node->map_lock);
	return err;
}

int ext2_map_trim_all(struct inode *inode, uint64_t first)
{
	struct ext2 *fs = ext2_of(inode);
	int err;

	do {
		ext2_start(fs);
		err = ext2_join(inode);
		if (!err)
			err = ext2_map_trim(inode, first);
		ext2_stop(fs);
	} while (err == -EAGAIN);
	return err;
}

int ext2_map_undo(struct inode *inode, uint64_t first, uint32_t n)
{
	struct ext2_node *node = ext2_node(inode);
	struct trim t = {.inode = inode, .left = UINT32_MAX};
	struct branch br;

	mutex_lock(&node->map_lock);
	node->goal = 0;
	int err = branch_walk(inode, first, &br);

	if (!err) {
		uint32_t from = br.index[br.level];

		if (br.level == br.depth - 1)
			err = trim_data(&t, br.b, br.slots, from, from + n);
		inode_dirty(inode);
		branch_put(&br);
	}
	mutex_unlock(&node->map_lock);
	return err;
}
