// SPDX-License-Identifier: MIT
/*
 * ext2_pages.c - the contents of regular files, between page cache and disk.
 *
 * The page cache hands over pages with neighbouring indexes.  Those whose
 * blocks are neighbours on disk, too, go into one transfer, a request of up
 * to 32 pages; all transfers are in flight together, and each finishes its
 * pages in an interrupt.
 *
 *     pages    | 0 | 1 | 2 | 3 | 4 | 5 | ...
 *     disk     [ 80..82    ] - [ 91    ]      - a hole: nothing to move
 *
 * A page in pieces (where blocks are smaller than pages, it may lie in several
 * places, or partly in a hole) is moved piece by piece, waiting for each.
 *
 * Transfers come from a small pool that every filesystem has from its mount
 * on, so that writing pages, which is how memory is got back, needs no
 * memory.  Who waits for one has none that is not under way itself.
 *
 * Bytes past the end of file: read as zeros; zeroed in memory before a
 * write, so that the disk never gets what a program stored there.
 *
 * Locking: pages are locked, or under writeback; io->lock for the pool.
 * Tests: tests/host/ext2_model_test.c.
 */

#include "fs/ext2_core.h"
#include "kernel/lib/string.h"
#include "mm/slab.h"

enum { TRANSFERS = 16 };

struct transfer {
	struct list link; /* (io->lock) while free */
	struct inode *inode;
	uint64_t size; /* the file's, when this began */
	uint64_t next; /* the disk block behind it */
	struct page *pages[BLOCK_SEGMENTS_MAX];
	struct block_request request; /* a segment for each page */
};

struct ext2_io {
	struct spinlock lock; /* taken in interrupts */
	struct waitq wait;
	struct list pool; /* (lock) free ones */
	struct transfer transfers[TRANSFERS];
};

struct ext2_io *ext2_io_new(void)
{
	struct ext2_io *io = kmalloc_zeroed(sizeof(*io));

	if (!io)
		return NULL;
	spin_init(&io->lock, "ext2 io", RANK_IO_DONE);
	waitq_init(&io->wait);
	list_init(&io->pool);
	for (unsigned i = 0; i < TRANSFERS; i++)
		list_add(&io->pool, &io->transfers[i].link);
	return io;
}

void ext2_io_free(struct ext2_io *io)
{
	kfree(io);
}

static void transfer_done(struct block_request *request, int error);

/* A transfer without pages. */
static struct transfer *transfer_get(struct inode *inode, enum block_op op)
{
	struct ext2_io *io = ext2_of(inode)->io;
	unsigned long irq = spin_lock_irq(&io->lock);
	struct list *link;

	while (!(link = list_pop(&io->pool)))
		waitq_wait(&io->wait, &io->lock);
	spin_unlock_irq(&io->lock, irq);

	struct transfer *t = list_entry(link, struct transfer, link);

	t->inode = inode;
	t->size = inode_size(inode);
	t->request.op = op;
	t->request.nsegments = 0;
	t->request.done = transfer_done;
	t->request.owner = t;
	return t;
}

static void transfer_put(struct transfer *t)
{
	struct ext2_io *io = ext2_of(t->inode)->io;
	unsigned long irq = spin_lock_irq(&io->lock);

	list_add(&io->pool, &t->link);
	waitq_wake_all(&io->wait);
	spin_unlock_irq(&io->lock, irq);
}

/* Let @nbytes at @offset of a page be the next segment. */
static void transfer_add(struct transfer *t, struct page *pg, uint32_t offset,
			 uint32_t nbytes, uint64_t disk)
{
	unsigned n = t->request.nsegments++;
	unsigned shift = ext2_of(t->inode)->block_shift;

	if (n == 0)
		t->request.sector = disk << (shift - SECTOR_SHIFT);
	t->next = disk + (nbytes >> shift);
	t->pages[n] = pg;
	t->request.segment[n].pa = page_to_phys(pg) + offset;
	t->request.segment[n].nbytes = nbytes;
}

/* The page has been moved. Any context. */
static void page_done(struct transfer *t, struct page *pg, int error)
{
	uint64_t start = pg->index << PAGE_SHIFT;
	uint64_t valid = t->size > start ? t->size - start : 0;

	if (t->request.op == BLOCK_WRITE) {
		mapping_write_done(&t->inode->mapping, pg, error);
		return;
	}
	if (!error) {
		if (valid < PAGE_SIZE)
			memset((char *)page_address(pg) + valid, 0,
			       PAGE_SIZE - valid);
		page_set_flags(pg, PAGE_UPTODATE);
	}
	page_unlock(pg);
}

static void transfer_done(struct block_request *request, int error)
{
	struct transfer *t = request->owner;

	for (unsigned i = 0; i < request->nsegments; i++)
		page_done(t, t->pages[i], error);
	transfer_put(t);
}

static void transfer_submit(struct transfer *t)
{
	if (t)
		block_submit(ext2_of(t->inode)->device, &t->request);
}

/* Blocks that the page has below the file's size. */
static uint32_t page_nblocks(const struct inode *inode, const struct page *pg)
{
	unsigned shift = ext2_of(inode)->block_shift;
	uint64_t start = pg->index << PAGE_SHIFT, size = inode_size(inode);

	if (start >= size)
		return 0;
	return (uint32_t)((min_u64(PAGE_SIZE, size - start) + (1u << shift) -
			   1) >>
			  shift);
}

static bool is_zero(const void *memory, size_t nbytes)
{
	const uint64_t *words = memory;

	for (size_t i = 0; i < nbytes / sizeof(*words); i++)
		if (words[i])
			return false;
	return true;
}

/*
 * A hole in a page, at @memory, reads as zeros, and zeros need not be written.
 * If there is more to be written the file has grown in the middle of a page
 * that was stored to before: then it gets its blocks now.
 */
static int fill_hole(struct inode *inode, enum block_op op, void *memory,
		     uint64_t first, uint32_t *disk, uint32_t *n)
{
	size_t nbytes = (size_t)*n << ext2_of(inode)->block_shift;
	bool fresh;

	if (op == BLOCK_READ)
		memset(memory, 0, nbytes);
	if (op == BLOCK_READ || is_zero(memory, nbytes))
		return 0;
	ext2_start_anyway(ext2_of(inode));
	int err = ext2_map_make(inode, first, *n, disk, n, &fresh);

	ext2_stop(ext2_of(inode));
	return err;
}

/* Move one page that has @nblocks, in pieces, or in no piece at all. */
static void move_pieces(struct inode *inode, struct page *pg, uint32_t nblocks,
			enum block_op op)
{
	struct transfer *t = transfer_get(inode, op);
	unsigned shift = ext2_of(inode)->block_shift;
	uint64_t first = pg->index << (PAGE_SHIFT - shift);
	char *memory = page_address(pg);
	int err = 0;

	for (uint32_t at = 0, n; at < nblocks && !err; at += n) {
		uint32_t disk;

		err = ext2_map_find(inode, first + at, nblocks - at, &disk, &n);
		if (!err && !disk)
			err = fill_hole(inode, op, memory + (at << shift),
					first + at, &disk, &n);
		if (err || !disk)
			continue;
		t->request.nsegments = 0;
		transfer_add(t, pg, at << shift, n << shift, disk);
		err = block_submit_wait(ext2_of(inode)->device, &t->request);
	}
	page_done(t, pg, err);
	transfer_put(t);
}

static void move_pages(struct mapping *mapping, struct page **pages, size_t n,
		       enum block_op op)
{
	struct inode *inode = mapping->owner;
	unsigned shift = ext2_of(inode)->block_shift;
	uint64_t run_first = 0; /* a run of blocks at disk, nrun long */
	uint32_t disk = 0, nrun = 0;
	struct transfer *t = NULL;

	for (size_t i = 0; i < n; i++) {
		uint64_t first = pages[i]->index << (PAGE_SHIFT - shift);
		uint32_t nblocks = page_nblocks(inode, pages[i]);
		uint32_t max = (uint32_t)(n - i) << (PAGE_SHIFT - shift);

		if (first + nblocks > run_first + nrun) {
			run_first = first;
			if (ext2_map_find(inode, first, max, &disk, &nrun))
				nrun = 0;
		}
		uint64_t here = disk + (first - run_first);
		bool whole =
			disk && nblocks && first + nblocks <= run_first + nrun;

		if (t && (!whole || t->next != here ||
			  t->request.nsegments == BLOCK_SEGMENTS_MAX)) {
			transfer_submit(t);
			t = NULL;
		}
		if (!whole) {
			move_pieces(inode, pages[i], nblocks, op);
			continue;
		}
		if (!t)
			t = transfer_get(inode, op);
		transfer_add(t, pages[i], 0, nblocks << shift, here);
	}
	transfer_submit(t);
}

static void ext2_read_pages(struct mapping *mapping, struct page **pages,
			    size_t n)
{
	move_pages(mapping, pages, n, BLOCK_READ);
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
	move_pages(mapping, pages, n, BLOCK_WRITE);
}

const struct mapping_ops ext2_mapping_ops = {
	.read_pages = ext2_read_pages,
	.write_pages = ext2_write_pages,
	.reserve = ext2_reserve,
	.reserved = ext2_reserved,
	.wait = ext2_wait,
	.dirtied = inode_mapping_dirtied,
	.hold = inode_mapping_hold,
	.release = inode_mapping_release,
};
