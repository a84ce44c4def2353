// SPDX-License-Identifier: MIT
/*
 * ext2_pages.c - the contents of regular files, between page cache and disk.
 *
 * The page cache hands over up to 32 pages at a time with neighbouring
 * indexes (more come in turns).  Their blocks are looked up run by run; each
 * run of neighbouring disk blocks becomes one request, however many pages
 * it spans, and all requests are in flight together.  A page whose blocks lie
 * in several places (blocks may be smaller than pages) is part of several.
 *
 *     transfer     pages  | 0 | 1 | 2 | 3 | 4 | ...
 *     parts               [-------]   [---|--]  each a block_request;
 *                                   ^ a hole    the page counts its parts
 *
 * A page is done when its last part is: in an interrupt, usually.
 *
 * Transfers and parts come from small pools that every filesystem has from
 * its mount on.  So writing pages, which is how memory is got back, needs no
 * memory.  A task waits for one only while others are in flight, all of which
 * end by themselves.
 *
 * Bytes past the end of file: read as zeros; zeroed in memory before a
 * write, so that the disk never gets what a program stored there.
 *
 * Locking: pages are locked, or under writeback; io->lock for the pools.
 */

#include "fs/ext2_core.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "mm/slab.h"

enum { TRANSFERS = 8, PARTS = 16, TRANSFER_PAGES = BLOCK_SEGMENTS_MAX };

struct slot {
	struct page *pg;
	atomic_uint nparts; /* on their way, and 1 while they are made */
	atomic_int error;
};

struct transfer {
	struct list link; /* (io->lock) while free */
	struct ext2_io *io;
	struct inode *inode;
	uint64_t size; /* the file's, when this began */
	bool write;
	unsigned npages;
	atomic_uint ndone; /* pages */
	struct slot slots[TRANSFER_PAGES];
};

struct part {
	struct list link; /* (io->lock) while free */
	struct transfer *transfer;
	unsigned first, end; /* the slots it touches */
	uint64_t next;       /* the disk block behind it */
	struct block_request request;
};

struct ext2_io {
	struct spinlock lock; /* taken in interrupts */
	struct waitq wait;
	struct list transfers, parts; /* (lock) free ones */
	struct transfer all_transfers[TRANSFERS];
	struct part all_parts[PARTS];
};

/* --- the pools --- */

struct ext2_io *ext2_io_new(void)
{
	struct ext2_io *io = kmalloc_zeroed(sizeof(*io));

	if (!io)
		return NULL;
	spin_init(&io->lock, "ext2 io", RANK_CACHE);
	waitq_init(&io->wait);
	list_init(&io->transfers);
	list_init(&io->parts);
	for (unsigned i = 0; i < TRANSFERS; i++)
		list_add(&io->transfers, &io->all_transfers[i].link);
	for (unsigned i = 0; i < PARTS; i++)
		list_add(&io->parts, &io->all_parts[i].link);
	return io;
}

void ext2_io_free(struct ext2_io *io)
{
	kfree(io);
}

static struct list *pool_get(struct ext2_io *io, struct list *pool)
{
	unsigned long irq = spin_lock_irq(&io->lock);
	struct list *link;

	while (!(link = list_pop(pool)))
		waitq_wait(&io->wait, &io->lock);
	spin_unlock_irq(&io->lock, irq);
	return link;
}

static void pool_put(struct ext2_io *io, struct list *pool, struct list *link)
{
	unsigned long irq = spin_lock_irq(&io->lock);

	list_add(pool, link);
	waitq_wake_all(&io->wait);
	spin_unlock_irq(&io->lock, irq);
}

/* --- ends of pages and parts: any context --- */

static void page_read_done(struct transfer *t, struct page *pg, int error)
{
	uint64_t start = pg->index << PAGE_SHIFT;
	uint64_t valid = t->size > start ? t->size - start : 0;

	if (!error) {
		if (valid < PAGE_SIZE)
			memset((char *)page_address(pg) + valid, 0,
			       PAGE_SIZE - valid);
		page_set_flags(pg, PAGE_UPTODATE);
	}
	page_unlock(pg);
}

/* One part of a page is done; the last one completes the page, and the last
 * page the transfer. */
static void slot_done(struct transfer *t, unsigned i, int error)
{
	struct slot *slot = &t->slots[i];

	if (error)
		slot->error = error;
	if (atomic_fetch_sub(&slot->nparts, 1) != 1)
		return;
	if (t->write)
		mapping_write_done(&t->inode->mapping, slot->pg, slot->error);
	else
		page_read_done(t, slot->pg, slot->error);
	if (atomic_fetch_add(&t->ndone, 1) == t->npages - 1)
		pool_put(t->io, &t->io->transfers, &t->link);
}

static void part_done(struct block_request *request, int error)
{
	struct part *part = request->owner;
	struct transfer *t = part->transfer;
	struct ext2_io *io = t->io;
	unsigned first = part->first, end = part->end;

	pool_put(io, &io->parts, &part->link);
	/* The transfer may be another's after its last slot is done. */
	for (unsigned i = first; i < end; i++)
		slot_done(t, i, error);
}

/* --- making parts --- */

static void part_submit(struct part *part)
{
	if (part)
		block_submit(ext2_of(part->transfer->inode)->device,
			     &part->request);
}

static struct part *part_new(struct transfer *t, unsigned slot, uint64_t disk)
{
	struct ext2 *fs = ext2_of(t->inode);
	struct part *part =
		list_entry(pool_get(t->io, &t->io->parts), struct part, link);

	part->transfer = t;
	part->first = part->end = slot;
	part->next = disk;
	part->request.op = t->write ? BLOCK_WRITE : BLOCK_READ;
	part->request.sector = disk << (fs->block_shift - SECTOR_SHIFT);
	part->request.nsegments = 0;
	part->request.done = part_done;
	part->request.owner = part;
	return part;
}

/*
 * Let the @nbytes at @offset of slot @i be transferred from or to disk block
 * @disk on: as a continuation of @part (or NULL) if it is one, else by a new
 * part, which is returned; then the old one has been submitted.
 */
static struct part *part_extend(struct part *part, struct transfer *t,
				unsigned i, uint32_t offset, uint32_t nbytes,
				uint64_t disk)
{
	struct ext2 *fs = ext2_of(t->inode);

	if (!part || part->next != disk ||
	    part->request.nsegments == BLOCK_SEGMENTS_MAX) {
		part_submit(part);
		part = part_new(t, i, disk);
	}
	if (part->end == i) { /* the part's first bytes of this page */
		atomic_fetch_add(&t->slots[i].nparts, 1);
		part->end = i + 1;
	}
	part->request.segment[part->request.nsegments++] =
		(struct block_segment){
			.pa = page_to_phys(t->slots[i].pg) + offset,
			.nbytes = nbytes,
		};
	part->next += nbytes >> fs->block_shift;
	return part;
}

static bool is_zero(const char *memory, uint32_t nbytes)
{
	const uint64_t *word = (const void *)memory;

	for (uint32_t i = 0; i < nbytes / sizeof(*word); i++)
		if (word[i])
			return false;
	return true;
}

/* A hole in a page, at @memory: it reads as zeros. */
static int hole(struct transfer *t, char *memory, uint64_t first,
		uint32_t *disk, uint32_t *n)
{
	uint32_t nbytes = *n << ext2_of(t->inode)->block_shift;
	bool fresh;

	if (!t->write) {
		memset(memory, 0, nbytes);
		return 0;
	}
	if (is_zero(memory, nbytes))
		return 0;
	/* The file has grown in the middle of a page that was stored to
	 * before: what is beyond the old end has no blocks yet. */
	return ext2_map_make(t->inode, first, *n, disk, n, &fresh);
}

/* Bytes of slot @i's page that are on disk. */
static uint32_t slot_nbytes(const struct transfer *t, unsigned i)
{
	uint64_t start = t->slots[i].pg->index << PAGE_SHIFT;

	if (start >= t->size)
		return 0;
	uint64_t n = min_u64(PAGE_SIZE, t->size - start);
	uint32_t mask = ext2_of(t->inode)->block_size - 1;

	return (uint32_t)(n + mask) & ~mask;
}

/* Add one page of a transfer to @part, or to new parts. */
static struct part *transfer_page(struct transfer *t, unsigned i,
				  struct part *part)
{
	unsigned shift = ext2_of(t->inode)->block_shift;
	struct page *pg = t->slots[i].pg;
	uint32_t end = slot_nbytes(t, i), disk, n;

	char *memory = page_address(pg);

	for (uint32_t at = 0; at < end; at += n << shift) {
		uint64_t first = ((pg->index << PAGE_SHIFT) + at) >> shift;
		int err = ext2_map_find(t->inode, first, (end - at) >> shift,
					&disk, &n);

		if (!err && !disk)
			err = hole(t, memory + at, first, &disk, &n);
		if (err) {
			t->slots[i].error = err;
			return part;
		}
		if (disk)
			part = part_extend(part, t, i, at, n << shift, disk);
	}
	return part;
}

/* Read or write up to TRANSFER_PAGES pages. */
static void transfer_pages(struct mapping *mapping, struct page **pages,
			   unsigned n, bool write)
{
	struct inode *inode = mapping->owner;
	struct ext2_io *io = ext2_of(inode)->io;
	struct transfer *t =
		list_entry(pool_get(io, &io->transfers), struct transfer, link);
	struct part *part = NULL;

	t->io = io;
	t->inode = inode;
	t->size = mapping->size;
	t->write = write;
	t->npages = n;
	t->ndone = 0;
	for (unsigned i = 0; i < n; i++) {
		t->slots[i].pg = pages[i];
		t->slots[i].nparts = 1;
		t->slots[i].error = 0;
	}
	for (unsigned i = 0; i < n; i++)
		part = transfer_page(t, i, part);
	part_submit(part);
	/* All parts are known: let go of the pages.  After the last one the
	 * transfer may be another's. */
	for (unsigned i = 0; i < n; i++)
		slot_done(t, i, 0);
}

static void ext2_read_pages(struct mapping *mapping, struct page **pages,
			    size_t n)
{
	for (size_t i = 0; i < n; i += TRANSFER_PAGES)
		transfer_pages(mapping, &pages[i],
			       min_u64(n - i, TRANSFER_PAGES), false);
}

/* Zero what lies past the end of file in its last page, if that is one of
 * these, before they are written. */
static void zero_tail(struct mapping *mapping, struct page **pages, size_t n)
{
	uint64_t size = mapping->size;
	uint64_t i = (size >> PAGE_SHIFT) - pages[0]->index;
	size_t used = page_offset(size);

	if (used && i < n)
		memset((char *)page_address(pages[i]) + used, 0,
		       PAGE_SIZE - used);
}

static void ext2_write_pages(struct mapping *mapping, struct page **pages,
			     size_t n)
{
	zero_tail(mapping, pages, n);
	for (size_t i = 0; i < n; i += TRANSFER_PAGES)
		transfer_pages(mapping, &pages[i],
			       min_u64(n - i, TRANSFER_PAGES), true);
}

/* Give blocks [first, end), all in one page, a place on disk where they have
 * none; all or nothing. */
static int reserve_blocks(struct inode *inode, uint64_t first, uint64_t end)
{
	uint32_t disk, n, made = 0; /* bit i: block first + i is new */
	int err = 0;

	for (uint64_t at = first; at < end && !err; at += n) {
		bool fresh;

		err = ext2_map_make(inode, at, (uint32_t)(end - at), &disk, &n,
				    &fresh);
		if (!err && fresh)
			made |= ((1u << n) - 1) << (at - first);
	}
	/* New blocks hold whatever was on the disk: none may stay behind
	 * that is not going to be written. */
	for (unsigned i = 0; err && made >> i; i++)
		if (made >> i & 1)
			ext2_map_undo(inode, first + i, 1);
	return err;
}

/*
 * Before a write that makes the file @size long (inode locked), or a store to
 * a mapped page.  Blocks past the size that an earlier write was given but
 * did not use, because its buffer ended in a bad address, go first.
 */
static int ext2_reserve(struct mapping *mapping, struct page *pg, uint64_t size)
{
	struct inode *inode = mapping->owner;
	unsigned shift = ext2_of(inode)->block_shift;
	uint64_t start = pg->index << PAGE_SHIFT;
	uint64_t end = min_u64(size, start + PAGE_SIZE);
	int err = 0;

	if (start >= end)
		return 0;
	end = (end + (1u << shift) - 1) >> shift;
	if (size > mapping->size) {
		inode_dirty(inode);
		err = ext2_trim_surplus(inode);
	}
	if (!err)
		err = reserve_blocks(inode, start >> shift, end);
	if (!err && size > mapping->size)
		ext2_node(inode)->reserved_end = end;
	return err;
}

const struct mapping_ops ext2_mapping_ops = {
	.read_pages = ext2_read_pages,
	.write_pages = ext2_write_pages,
	.reserve = ext2_reserve,
	.dirtied = inode_mapping_dirtied,
	.hold = inode_mapping_hold,
	.release = inode_mapping_release,
};
