// SPDX-License-Identifier: MIT
/*
 * ext2_alloc.c - which blocks and which inode numbers are in use.
 *
 * The disk is cut into groups, each with a bitmap of its blocks, a bitmap of
 * its inodes and a descriptor that counts what is free.  The groups exist for
 * nearness: a file's blocks go into the group of its inode, its inode into
 * the group of its directory, and only directories themselves spread out.
 *
 * Blocks: the caller names a goal, usually the block after the last one of
 * the same file.  If that is free, it and free neighbours behind it are
 * taken, and the file is contiguous.  If not, the next eight free ones in a
 * row are looked for, so that files that grow side by side don't interleave;
 * then any; then the following groups.
 *
 * Directories (Orlov's idea, in short): those in the root are unrelated, so
 * each starts in another group; others stay near their parent; all of them in
 * groups that have at least the average room.
 *
 * With a journal a freed block is pinned until the transaction that freed it
 * counts.  To be taken a block must be free in its group's bitmap and in no
 * bitmap of pinned ones.
 *
 * Locking: fs->lock, for bitmaps, descriptors and counts.
 * Tests: tests/host/ext2_model_test.c.
 */

#include "fs/ext2_core.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "mm/slab.h"

struct ext2_group *ext2_group(struct ext2 *fs, uint32_t g)
{
	uint32_t per_block = fs->block_size / sizeof(struct ext2_group);
	struct ext2_group *groups =
		(void *)fs->descriptors[g / per_block]->data;

	return &groups[g % per_block];
}

static struct buffer *descriptor_buffer(struct ext2 *fs, uint32_t g)
{
	return fs
		->descriptors[g / (fs->block_size / sizeof(struct ext2_group))];
}

uint32_t ext2_group_start(const struct ext2 *fs, uint32_t g)
{
	return fs->first_data_block + g * fs->blocks_per_group;
}

static uint32_t group_of(const struct ext2 *fs, uint32_t block)
{
	return (block - fs->first_data_block) / fs->blocks_per_group;
}

/* Blocks in group @g: the last one may be short. */
static uint32_t group_nblocks(const struct ext2 *fs, uint32_t g)
{
	return min_u64(fs->blocks_per_group,
		       fs->nblocks - ext2_group_start(fs, g));
}

static bool is_power_of(uint32_t n, uint32_t base)
{
	while (n % base == 0)
		n /= base;
	return n == 1;
}

bool ext2_group_has_super(const struct ext2 *fs, uint32_t g)
{
	if (!fs->disk->revision ||
	    !(fs->disk->ro_compat & EXT2_RO_SPARSE_SUPER))
		return true;
	return g <= 1 || is_power_of(g, 3) || is_power_of(g, 5) ||
	       is_power_of(g, 7);
}

/* --- bits --- */

static bool bit_get(const uint8_t *map, uint32_t bit)
{
	return map[bit / 8] >> bit % 8 & 1;
}

/* The first bit in [from, to) with @value, or @to. */
static uint32_t bit_find(const uint8_t *map, uint32_t from, uint32_t to,
			 bool value)
{
	const uint64_t *words = (const void *)map;
	uint64_t flip = value ? 0 : ~0ull;

	while (from < to) {
		uint64_t word = (words[from / 64] ^ flip) >> from % 64;

		if (word)
			return min_u64(to, from + __builtin_ctzll(word));
		from += 64 - from % 64;
	}
	return to;
}

static void bits_set(uint8_t *map, uint32_t from, uint32_t to, bool value)
{
	for (; from < to; from++)
		if (value)
			map[from / 8] |= 1u << from % 8;
		else
			map[from / 8] &= ~(1u << from % 8);
}

/* Where in [from, to) to take blocks; @to: nowhere. */
static uint32_t bit_choose(const uint8_t *map, uint32_t from, uint32_t to)
{
	if (from < to && !bit_get(map, from))
		return from;
	for (uint32_t byte = (from + 7) / 8; byte < to / 8; byte++)
		if (map[byte] == 0)
			return byte * 8;
	return bit_find(map, from, to, false);
}

/* --- pinned blocks --- */

static bool has_pins(const struct ext2 *fs, uint32_t g)
{
	return fs->journal && (fs->pins[0][g] || fs->pins[1][g]);
}

/* What of group @g can't be taken: in use, or pinned. */
static const uint8_t *taken(struct ext2 *fs, uint32_t g, const uint8_t *bitmap)
{
	uint64_t *out = (void *)fs->scratch;

	if (!has_pins(fs, g))
		return bitmap;
	memcpy(out, bitmap, fs->block_size);
	for (unsigned side = 0; side < 2; side++) {
		const uint64_t *pins = (const void *)fs->pins[side][g];

		for (uint32_t i = 0; pins && i < fs->block_size / 8; i++)
			out[i] |= pins[i];
	}
	return fs->scratch;
}

/* Pin blocks that are about to be freed; revoke what may be in the journal of
 * them.  -ENOMEM. */
static int pin(struct ext2 *fs, uint32_t g, uint32_t start, uint32_t n,
	       bool in_buffers)
{
	struct journal *j = fs->journal;
	uint32_t bit = start - ext2_group_start(fs, g);

	if (!j)
		return 0;
	unsigned side = j->tid & 1;
	uint8_t **pins = &fs->pins[side][g];

	if (!*pins)
		*pins = kmalloc_zeroed(fs->block_size);
	if (!*pins)
		return -ENOMEM;
	int err = in_buffers ? journal_revoke(j, start, n) : 0;

	if (err == -EEXIST) /* two groups with one bitmap? */
		return ext2_corrupt(fs, "blocks %u+%u freed twice", start, n);
	if (err)
		return err;
	bits_set(*pins, bit, bit + n, true);
	fs->npinned[side] += n;
	return 0;
}

void ext2_unpin(struct ext2 *fs, unsigned side)
{
	mutex_lock(&fs->lock);
	for (uint32_t g = 0; fs->pins[side] && g < fs->ngroups; g++) {
		kfree(fs->pins[side][g]);
		fs->pins[side][g] = NULL;
	}
	fs->npinned[side] = 0;
	mutex_unlock(&fs->lock);
}

/* --- blocks --- */

static bool overlaps(uint32_t a, uint32_t na, uint32_t b, uint32_t nb)
{
	return a < b + nb && b < a + na;
}

/* Do blocks [start, start + n), in group g, belong to the filesystem? */
static bool in_metadata(struct ext2 *fs, uint32_t g, uint32_t start, uint32_t n)
{
	const struct ext2_group *group = ext2_group(fs, g);
	uint32_t copies =
		ext2_group_has_super(fs, g) ? 1 + fs->ndescriptors : 0;

	return overlaps(start, n, group->block_bitmap, 1) ||
	       overlaps(start, n, group->inode_bitmap, 1) ||
	       overlaps(start, n, group->inode_table, fs->table_blocks) ||
	       overlaps(start, n, ext2_group_start(fs, g), copies);
}

/* Mark bits of a group's block bitmap, and count. */
static void blocks_mark(struct ext2 *fs, uint32_t g, struct buffer *bitmap,
			uint32_t bit, uint32_t n, bool used)
{
	uint32_t change = used ? -n : n;

	buffer_begin(bitmap);
	bits_set(bitmap->data, bit, bit + n, used);
	buffer_end(bitmap);
	buffer_begin(descriptor_buffer(fs, g));
	ext2_group(fs, g)->nfree_blocks += change;
	buffer_end(descriptor_buffer(fs, g));
	fs->nfree_blocks += change;
}

/* Take blocks in group @g, from its bit @from on. */
static int group_alloc(struct ext2 *fs, uint32_t g, uint32_t from,
		       uint32_t wanted, uint32_t *start, uint32_t *n)
{
	uint32_t end = group_nblocks(fs, g);
	uint32_t nfree = ext2_group(fs, g)->nfree_blocks;
	struct buffer *bitmap;

	if (!nfree)
		return -ENOSPC;
	int err = ext2_read(fs, ext2_group(fs, g)->block_bitmap, &bitmap);

	if (err)
		return err;
	const uint8_t *map = taken(fs, g, bitmap->data);
	uint32_t bit = bit_choose(map, from, end);
	uint32_t limit = min_u64(end, (uint64_t)bit + min_u64(wanted, nfree));

	*start = ext2_group_start(fs, g) + bit;
	*n = bit_find(map, bit, limit, true) - bit;
	if (bit == end)
		err = -ENOSPC;
	else if (in_metadata(fs, g, *start, *n))
		err = ext2_corrupt(fs, "block bitmap of group %u", g);
	else
		blocks_mark(fs, g, bitmap, bit, *n, true);
	buffer_put(bitmap);
	return err;
}

int ext2_alloc_blocks(struct ext2 *fs, uint32_t goal, uint32_t wanted,
		      uint32_t *start, uint32_t *n)
{
	if (!ext2_block_valid(fs, goal))
		goal = fs->first_data_block;
	uint32_t first = group_of(fs, goal);
	uint32_t from = goal - ext2_group_start(fs, first);

	mutex_lock(&fs->lock);
	int err = group_alloc(fs, first, from, wanted, start, n);

	/* The last turn is the first group again, before the goal. */
	for (uint32_t i = 1; i <= fs->ngroups && err == -ENOSPC; i++)
		err = group_alloc(fs, (first + i) % fs->ngroups, 0, wanted,
				  start, n);
	/* Now, and not when the caller gives back what he has already, which
	 * is pinned from then on and would let him try for ever. */
	if (err == -ENOSPC && fs->npinned[0] + fs->npinned[1])
		fs->wants_room = true;
	mutex_unlock(&fs->lock);
	return err;
}

static int group_free(struct ext2 *fs, uint32_t g, uint32_t start, uint32_t n,
		      bool in_buffers)
{
	uint32_t bit = start - ext2_group_start(fs, g);
	struct buffer *bitmap;
	int err = ext2_read(fs, ext2_group(fs, g)->block_bitmap, &bitmap);

	if (err)
		return err;
	if (in_metadata(fs, g, start, n) ||
	    bit_find(bitmap->data, bit, bit + n, false) != bit + n)
		err = ext2_corrupt(fs, "blocks %u+%u freed, not in use", start,
				   n);
	else
		err = pin(fs, g, start, n, in_buffers);
	if (!err)
		blocks_mark(fs, g, bitmap, bit, n, false);
	/* Here, where nobody can have taken them again yet. */
	for (uint32_t i = 0; i < n && !err && in_buffers; i++)
		buffer_forget(fs->device, start + i, fs->block_size);
	buffer_put(bitmap);
	return err;
}

int ext2_free_blocks(struct ext2 *fs, uint32_t start, uint32_t n,
		     bool in_buffers)
{
	int err = 0;

	mutex_lock(&fs->lock);
	while (n && !err) {
		uint32_t g = group_of(fs, start);
		uint32_t end = ext2_group_start(fs, g) + group_nblocks(fs, g);
		uint32_t here = min_u64(n, end - start);

		err = group_free(fs, g, start, here, in_buffers);
		start += here;
		n -= here;
	}
	mutex_unlock(&fs->lock);
	return err;
}

/* --- inodes --- */

/* Mark one bit of a group's inode bitmap, and count. */
static void inode_mark(struct ext2 *fs, uint32_t g, struct buffer *bitmap,
		       uint32_t bit, bool used, bool directory)
{
	uint32_t change = used ? 1 : -1;
	struct ext2_group *group = ext2_group(fs, g);

	buffer_begin(bitmap);
	bits_set(bitmap->data, bit, bit + 1, used);
	buffer_end(bitmap);
	buffer_begin(descriptor_buffer(fs, g));
	group->nfree_inodes -= change;
	if (directory)
		group->ndirs += change;
	buffer_end(descriptor_buffer(fs, g));
	fs->nfree_inodes -= change;
}

static int group_alloc_ino(struct ext2 *fs, uint32_t g, bool directory,
			   uint32_t *ino)
{
	uint32_t n = fs->inodes_per_group;
	/* Numbers below first_ino are the filesystem's own. */
	uint32_t from = g == 0 ? min_u64(n, fs->first_ino - 1) : 0;
	struct buffer *bitmap;

	if (!ext2_group(fs, g)->nfree_inodes)
		return -ENOSPC;
	int err = ext2_read(fs, ext2_group(fs, g)->inode_bitmap, &bitmap);

	if (err)
		return err;
	uint32_t bit = bit_find(bitmap->data, from, n, false);

	if (bit < n)
		inode_mark(fs, g, bitmap, bit, true, directory);
	else
		err = -ENOSPC;
	buffer_put(bitmap);
	*ino = g * n + bit + 1;
	return err;
}

/* At least the average of free inodes and blocks. */
static bool group_is_roomy(struct ext2 *fs, uint32_t g)
{
	const struct ext2_group *group = ext2_group(fs, g);

	return group->nfree_inodes && group->nfree_blocks &&
	       group->nfree_inodes >= fs->nfree_inodes / fs->ngroups &&
	       group->nfree_blocks >= fs->nfree_blocks / fs->ngroups;
}

/* The group to try first. */
static uint32_t choose_group(struct ext2 *fs, const struct inode *dir,
			     bool directory)
{
	uint32_t first = (dir->ino - 1) / fs->inodes_per_group;

	if (!directory)
		return first;
	if (dir->ino == EXT2_ROOT_INO)
		first = fs->spread++ % fs->ngroups;
	for (uint32_t i = 0; i < fs->ngroups; i++) {
		uint32_t g = (first + i) % fs->ngroups;

		if (group_is_roomy(fs, g))
			return g;
	}
	return first;
}

int ext2_alloc_ino(struct inode *dir, uint32_t mode, uint32_t *ino)
{
	struct ext2 *fs = ext2_of(dir);
	bool directory = (mode & S_IFMT) == S_IFDIR;
	int err = -ENOSPC;

	mutex_lock(&fs->lock);
	uint32_t first = choose_group(fs, dir, directory);

	for (uint32_t i = 0; i < fs->ngroups && err == -ENOSPC; i++)
		err = group_alloc_ino(fs, (first + i) % fs->ngroups, directory,
				      ino);
	mutex_unlock(&fs->lock);
	return err;
}

int ext2_free_ino(struct ext2 *fs, uint32_t ino, bool directory)
{
	uint32_t g = (ino - 1) / fs->inodes_per_group;
	uint32_t bit = (ino - 1) % fs->inodes_per_group;
	struct buffer *bitmap;

	mutex_lock(&fs->lock);
	int err = ext2_read(fs, ext2_group(fs, g)->inode_bitmap, &bitmap);

	if (!err) {
		if (bit_get(bitmap->data, bit))
			inode_mark(fs, g, bitmap, bit, false, directory);
		else
			err = ext2_corrupt(fs, "inode %u freed twice", ino);
		buffer_put(bitmap);
	}
	mutex_unlock(&fs->lock);
	return err;
}
