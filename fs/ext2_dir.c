// SPDX-License-Identifier: MIT
/*
 * ext2_dir.c - directories: records in blocks.
 *
 * Every block of a directory is a chain of records that ends exactly at the
 * block's end; none crosses into the next.  A record is as long as it says,
 * which may be more than its name needs: the rest is free.
 *
 *   | ino 2 "."   | ino 2 ".." | ino 12 "lost+found" ........ free ....... |
 *
 * To add a name: find a record with enough free space, cut it, and put the
 * new one into the second part.  To remove a name: let the record before it
 * swallow it; the first one of a block becomes free by ino 0.  So nothing
 * ever moves, and a position in a directory stays good while names come and
 * go: reading on from one starts at its block's beginning and skips to it.
 *
 * walk() is the only code that steps from record to record, and hands out
 * none that is not wholly inside its block.
 *
 * Adding remembers in which block it last found room (room_from), so that
 * filling a directory does not search it anew for each name.
 *
 * What has more than a few blocks is searched with the help of an index in
 * memory (ext2_index.c).
 *
 * Locking: the directory's inode lock, for writing.
 * Tests: tests/host/ext2_model_test.c, ext2_hostile_test.c.
 */

#include <linux/stat.h>

#include "fs/ext2_core.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"

enum {
	HEADER = sizeof(struct ext2_entry),
	/* A record for up to 16 characters: if not even this fits into a
	 * block it is full. */
	SHORT_RECORD = HEADER + 16,
	/* Directories of a size between these get an index. */
	INDEX_MIN_BLOCKS = 4,
	INDEX_MAX_SIZE = 4 << 20,
};

/* A place in a directory. */
struct place {
	struct inode *dir;
	uint32_t block, nblocks;
	struct buffer *b;  /* the block, or NULL before the first */
	uint32_t at, next; /* this record, and the one after it */
	struct ext2_entry
		*prev; /* the record before it in the block, or NULL */
	struct ext2_entry *entry;
};

static void place_init(struct place *p, struct inode *dir, uint32_t block)
{
	*p = (struct place){
		.dir = dir,
		.block = block - 1,
		.nblocks = inode_size(dir) >> ext2_of(dir)->block_shift,
	};
}

static void place_end(struct place *p)
{
	if (p->b)
		buffer_put(p->b);
	p->b = NULL;
}

/* Is the record at @p->next wholly inside the block? */
static bool entry_valid(const struct place *p)
{
	const struct ext2 *fs = ext2_of(p->dir);
	const struct ext2_entry *entry = (const void *)(p->b->data + p->next);
	uint32_t left = fs->block_size - p->next;

	/* Records start at multiples of 4, so a header may not fit. */
	return left >= HEADER && entry->nbytes >= HEADER &&
	       entry->nbytes % 4 == 0 && entry->nbytes <= left &&
	       HEADER + entry->nname <= entry->nbytes &&
	       entry->ino <= fs->ninodes && (entry->nname || !entry->ino);
}

/* The next block. 0; -ENOENT after the last; -EIO. */
static int next_block(struct place *p)
{
	place_end(p);
	if (++p->block >= p->nblocks)
		return -ENOENT;
	p->at = p->next = 0;
	p->entry = NULL;
	return ext2_inode_block(p->dir, p->block, &p->b);
}

/* The next record.  0; -ENOENT after the last; -EIO.  On all but 0 the place
 * has ended. */
static int walk(struct place *p)
{
	int err = 0;

	if (!p->b || p->next == ext2_of(p->dir)->block_size)
		err = next_block(p);
	if (!err && !entry_valid(p))
		err = ext2_corrupt(ext2_of(p->dir),
				   "directory %lu, block %u, offset %u",
				   p->dir->ino, p->block, p->next);
	if (err) {
		place_end(p);
		return err;
	}
	p->prev = p->entry;
	p->at = p->next;
	p->entry = (void *)(p->b->data + p->at);
	p->next += p->entry->nbytes;
	return 0;
}

static bool entry_is(const struct ext2_entry *entry, const char *name,
		     size_t nname)
{
	return entry->nname == nname && entry->ino &&
	       memcmp(entry->name, name, nname) == 0;
}

/* Have an index, if the directory is large, and there is memory. */
static int make_index(struct inode *dir)
{
	struct place p;
	int err;

	place_init(&p, dir, 0);
	if (p.nblocks < INDEX_MIN_BLOCKS || inode_size(dir) > INDEX_MAX_SIZE ||
	    ext2_index_exists(dir))
		return 0;
	while (!(err = walk(&p)))
		if (p.entry->ino && !ext2_index_add(dir, p.entry->name,
						    p.entry->nname, p.block)) {
			place_end(&p);
			return 0;
		}
	if (err == -ENOENT)
		return 0;
	ext2_index_drop(dir);
	return err;
}

/* In the blocks from @p's next one to before @end. */
static int find_in(struct place *p, uint32_t end, const char *name,
		   size_t nname)
{
	int err;

	p->nblocks = min_u64(p->nblocks, end);
	while (!(err = walk(p)))
		if (entry_is(p->entry, name, nname))
			return 0;
	return err;
}

/* The place of a name: 0, and place_end() it; -ENOENT; -EIO. */
static int find(struct inode *dir, const char *name, size_t nname,
		struct place *p)
{
	int err = make_index(dir);
	uint32_t block = 0;

	if (err)
		return err;
	if (!ext2_index_exists(dir)) {
		place_init(p, dir, 0);
		return find_in(p, UINT32_MAX, name, nname);
	}
	for (err = -ENOENT; err == -ENOENT; block++) {
		if (!ext2_index_find(dir, name, nname, &block))
			return -ENOENT;
		place_init(p, dir, block);
		err = find_in(p, block + 1, name, nname);
	}
	return err;
}

int ext2_dir_find(struct inode *dir, const char *name, size_t nname,
		  uint32_t *ino)
{
	struct place p;
	int err = find(dir, name, nname, &p);

	if (err)
		return err;
	*ino = p.entry->ino;
	place_end(&p);
	return 0;
}

/* --- changing --- */

static uint32_t record_size(size_t nname)
{
	return (uint32_t)(HEADER + nname + 3) & ~3u;
}

/* What a record takes without its free space. */
static uint32_t record_used(const struct ext2_entry *entry)
{
	return entry->ino ? record_size(entry->nname) : 0;
}

static uint8_t type_of(const struct ext2 *fs, uint32_t mode)
{
	static const uint8_t types[] = {
		[S_IFREG >> 12] = EXT2_TYPE_REGULAR,
		[S_IFDIR >> 12] = EXT2_TYPE_DIRECTORY,
		[S_IFCHR >> 12] = EXT2_TYPE_CHARACTER,
		[S_IFBLK >> 12] = EXT2_TYPE_BLOCK,
		[S_IFIFO >> 12] = EXT2_TYPE_FIFO,
		[S_IFSOCK >> 12] = EXT2_TYPE_SOCKET,
		[S_IFLNK >> 12] = EXT2_TYPE_LINK,
	};

	return fs->has_types ? types[(mode & S_IFMT) >> 12] : 0;
}

static void entry_set(struct ext2_entry *entry, uint32_t nbytes,
		      const char *name, size_t nname, const struct inode *inode)
{
	entry->ino = (uint32_t)inode->ino;
	entry->nbytes = (uint16_t)nbytes;
	entry->nname = (uint8_t)nname;
	entry->type = type_of(ext2_of(inode), inode->mode);
	memcpy(entry->name, name, nname);
}

/* Entries have changed; @name (NULL: none) is new, in that block.  (A hash
 * tree would be out of date; without its mark its blocks are an ordinary
 * directory's, with records that look free.) */
static void dir_changed(struct inode *dir, const char *name, size_t nname,
			uint32_t block)
{
	if (name && ext2_index_exists(dir))
		ext2_index_add(dir, name, nname, block);
	ext2_node(dir)->flags &= ~EXT2_INODE_INDEXED;
	inode_touch(dir, INODE_MTIME | INODE_CTIME);
}

/* Put the name into the free space of the record at @p. */
static void add_at(struct place *p, const char *name, size_t nname,
		   const struct inode *inode)
{
	struct ext2_entry *entry = p->entry;
	uint32_t used = record_used(entry), nbytes = entry->nbytes;

	buffer_begin(p->b);
	if (used) {
		entry->nbytes = (uint16_t)used;
		entry = (void *)((uint8_t *)entry + used);
	}
	entry_set(entry, nbytes - used, name, nname, inode);
	buffer_end(p->b);
	dir_changed(p->dir, name, nname, p->block);
}

/* A new block at the end, with this one name. */
static int add_block(struct inode *dir, const char *name, size_t nname,
		     const struct inode *inode)
{
	struct ext2 *fs = ext2_of(dir);
	uint32_t n = inode_size(dir) >> fs->block_shift;
	struct buffer *b;

	if (n >= UINT32_MAX >> fs->block_shift)
		return -ENOSPC; /* a directory's size has 32 bits */
	int err = ext2_inode_grow(dir, n, &b);

	if (err)
		return err;
	buffer_begin(b);
	entry_set((void *)b->data, fs->block_size, name, nname, inode);
	buffer_end(b);
	buffer_put(b);
	dir->mapping.size += fs->block_size;
	dir_changed(dir, name, nname, n);
	return 0;
}

int ext2_dir_add(struct inode *dir, const char *name, size_t nname,
		 const struct inode *inode)
{
	struct ext2_node *node = ext2_node(dir);
	uint32_t wanted = record_size(nname);
	struct place p;
	int err;

	place_init(&p, dir, node->room_from);
	while (!(err = walk(&p))) {
		uint32_t room = p.entry->nbytes - record_used(p.entry);

		if (p.block > node->room_from && wanted <= SHORT_RECORD)
			node->room_from = p.block;
		if (room < wanted)
			continue;
		add_at(&p, name, nname, inode);
		place_end(&p);
		return 0;
	}
	return err == -ENOENT ? add_block(dir, name, nname, inode) : err;
}

int ext2_dir_remove(struct inode *dir, const char *name, size_t nname)
{
	struct ext2_node *node = ext2_node(dir);
	struct place p;
	int err = find(dir, name, nname, &p);

	if (err)
		return err;
	buffer_begin(p.b);
	if (p.prev)
		p.prev->nbytes += p.entry->nbytes;
	else
		p.entry->ino = 0;
	buffer_end(p.b);
	node->room_from = min_u64(node->room_from, p.block);
	if (ext2_index_exists(dir))
		ext2_index_remove(dir, name, nname, p.block);
	place_end(&p);
	dir_changed(dir, NULL, 0, 0);
	return 0;
}

int ext2_dir_replace(struct inode *dir, const char *name, size_t nname,
		     const struct inode *inode)
{
	struct place p;
	int err = find(dir, name, nname, &p);

	if (err)
		return err;
	buffer_begin(p.b);
	p.entry->ino = (uint32_t)inode->ino;
	p.entry->type = type_of(ext2_of(dir), inode->mode);
	buffer_end(p.b);
	place_end(&p);
	dir_changed(dir, NULL, 0, 0);
	return 0;
}

int ext2_dir_start(struct inode *dir, const struct inode *parent)
{
	struct ext2 *fs = ext2_of(dir);
	uint32_t first = record_size(1);
	struct buffer *b;
	int err = ext2_inode_grow(dir, 0, &b);

	if (err)
		return err;
	buffer_begin(b);
	entry_set((void *)b->data, first, ".", 1, dir);
	entry_set((void *)(b->data + first), fs->block_size - first, "..", 2,
		  parent);
	buffer_end(b);
	buffer_put(b);
	dir->mapping.size = fs->block_size;
	inode_dirty(dir);
	return 0;
}

/* --- reading --- */

static bool is_dot(const struct ext2_entry *entry)
{
	return entry->name[0] == '.' &&
	       (entry->nname == 1 ||
		(entry->nname == 2 && entry->name[1] == '.'));
}

int ext2_dir_check_empty(struct inode *dir)
{
	struct place p;
	int err;

	place_init(&p, dir, 0);
	while (!(err = walk(&p))) {
		if (!p.entry->ino || is_dot(p.entry))
			continue;
		place_end(&p);
		return -ENOTEMPTY;
	}
	return err == -ENOENT ? 0 : err;
}

/* DT_* are the types of S_IFMT. */
static unsigned visit_type(const struct ext2_entry *entry)
{
	static const uint32_t modes[] = {
		[EXT2_TYPE_REGULAR] = S_IFREG,
		[EXT2_TYPE_DIRECTORY] = S_IFDIR,
		[EXT2_TYPE_CHARACTER] = S_IFCHR,
		[EXT2_TYPE_BLOCK] = S_IFBLK,
		[EXT2_TYPE_FIFO] = S_IFIFO,
		[EXT2_TYPE_SOCKET] = S_IFSOCK,
		[EXT2_TYPE_LINK] = S_IFLNK,
	};

	return entry->type <= EXT2_TYPE_LINK ? modes[entry->type] >> 12 : 0;
}

int ext2_dir_read(struct inode *dir, uint64_t position, struct dir_visit *visit)
{
	unsigned shift = ext2_of(dir)->block_shift;
	struct place p;
	int err;

	if (position >= inode_size(dir))
		return 0;
	place_init(&p, dir, (uint32_t)(position >> shift));
	while (!(err = walk(&p))) {
		uint64_t start = (uint64_t)p.block << shift;

		if (!p.entry->ino || start + p.at < position)
			continue;
		if (!visit->entry(
			    visit, p.entry->name, p.entry->nname, p.entry->ino,
			    ext2_of(dir)->has_types ? visit_type(p.entry) : 0,
			    start + p.next)) {
			place_end(&p);
			return 0;
		}
	}
	return err == -ENOENT ? 0 : err;
}
