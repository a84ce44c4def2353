// SPDX-License-Identifier: MIT
/*
 * ext2_world.c - stand-ins for the rooms around ext2, for native tests.
 *
 * There is one task.  Where it would sleep, the disk works instead: it
 * completes requests, in random order, until the task is woken; if nothing
 * is left to complete, that is a deadlock, and the test ends.  So all the
 * asynchronous paths run, and a seed repeats a run exactly.
 *
 * The page cache keeps all pages in one list.  It obeys the rules of
 * mm/mapping.h, in the simplest way.
 */
#include "tests/host/ext2_libc.h"
#include "tests/host/ext2_world.h"

#include "arch/riscv/time.h"
#include "kernel/dev/dev.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/sync/sched.h"
#include "mm/radix.h"
#include "mm/reclaim.h"
#include "mm/slab.h"

struct block_device world_disk;
uint8_t *world_image;
unsigned world_limit;
unsigned world_strays, world_nrequests, world_nallocs, world_nwritten;
size_t world_in_use;
bool world_verbose;

static uint64_t random_state;
static unsigned log_lines;

/* --- chance, messages, time --- */

uint64_t world_random(uint64_t n)
{
	/* splitmix64 */
	uint64_t z = random_state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (z ^ z >> 31) % n;
}

void world_seed(uint64_t seed)
{
	random_state = seed;
}

void printk(const char *format, ...)
{
	va_list args;

	log_lines++;
	if (!world_verbose)
		return;
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
}

unsigned world_log_lines(void)
{
	unsigned n = log_lines;

	log_lines = 0;
	return n;
}

void panic(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\npanic\n");
	abort();
}

void assert_failed(const char *expression, const char *file, int line,
		   const char *function)
{
	panic("assert(%s) in %s, %s:%d", expression, function, file, line);
}

uint64_t time_now(void)
{
	static uint64_t now;

	return now += 1000003;
}

uint64_t rtc_boot_seconds(void)
{
	return 1700000000;
}

/* --- memory --- */

static unsigned fail_memory;

void world_fail_memory(unsigned n)
{
	fail_memory = n;
}

void *kmalloc(size_t nbytes)
{
	world_nallocs++;
	if (fail_memory && --fail_memory == 0)
		return NULL;
	void *object = malloc(nbytes);

	memset(object, 0xa5, nbytes);
	world_in_use++;
	return object;
}

void *kmalloc_zeroed(size_t nbytes)
{
	void *object = kmalloc(nbytes);

	if (object)
		memset(object, 0, nbytes);
	return object;
}

void kfree(void *object)
{
	world_in_use -= object != NULL;
	free(object);
}

struct slab_cache {
	size_t nbytes;
};

struct slab_cache *slab_cache_create(const char *name, size_t nbytes,
				     size_t align)
{
	static struct slab_cache caches[8];
	static unsigned n;
	struct slab_cache *cache = &caches[n++ % 8];

	cache->nbytes = nbytes;
	return cache;
}

void *slab_alloc(struct slab_cache *cache)
{
	return kmalloc(cache->nbytes);
}

void *slab_alloc_zeroed(struct slab_cache *cache)
{
	return kmalloc_zeroed(cache->nbytes);
}

void slab_free(struct slab_cache *cache, void *object)
{
	kfree(object);
}

bool reclaim_wanted(void)
{
	return false;
}

void page_count(struct page_counts *counts)
{
	*counts = (struct page_counts){.total = 64}; /* a small cache */
}

/* --- the disk --- */

static struct list pending = {&pending, &pending};
static unsigned fail_io, fail_more;

void world_fail_io(unsigned n, unsigned more)
{
	fail_io = n;
	fail_more = more;
}

void world_load(const char *path)
{
	FILE *f = fopen(path, "rb");

	if (!f || fseek(f, 0, 2))
		panic("%s: can't open", path);
	size_t nbytes = (size_t)ftell(f);

	fseek(f, 0, 0);
	free(world_image);
	world_image = malloc(nbytes);
	if (fread(world_image, 1, nbytes, f) != nbytes)
		panic("%s: can't read", path);
	fclose(f);
	world_disk.nsectors = nbytes / SECTOR_SIZE;
	memcpy(world_disk.name, "disk", 5);
}

void world_save(const char *path)
{
	FILE *f = fopen(path, "wb");
	size_t nbytes = world_disk.nsectors * SECTOR_SIZE;

	if (!f || fwrite(world_image, 1, nbytes, f) != nbytes || fclose(f))
		panic("%s: can't write", path);
}

/* The disk as it was kept, and which of its sectors have changed since. */
static uint8_t *kept;
static uint64_t *changed;
static size_t nchanged, changed_max;

void world_keep(void)
{
	size_t nbytes = world_disk.nsectors * SECTOR_SIZE;

	free(kept);
	kept = malloc(nbytes);
	memcpy(kept, world_image, nbytes);
	nchanged = 0;
}

static void note_changed(uint64_t at, size_t nbytes)
{
	uint64_t end = at + nbytes;

	for (at -= at % SECTOR_SIZE; kept && at < end; at += SECTOR_SIZE) {
		if (nchanged == changed_max) {
			changed_max = changed_max * 2 + 64;
			changed = realloc(changed,
					  changed_max * sizeof(*changed));
		}
		changed[nchanged++] = at;
	}
}

void world_restore(void)
{
	while (nchanged) {
		uint64_t at = changed[--nchanged];

		memcpy(world_image + at, kept + at, SECTOR_SIZE);
	}
}

void world_patch(size_t at, const void *data, size_t nbytes)
{
	note_changed(at, nbytes);
	memcpy(world_image + at, data, nbytes);
}

struct world_write *world_writes;
size_t world_nwrites;
static bool recording;

void world_record(bool on)
{
	recording = on;
	if (!on)
		return;
	for (size_t i = 0; i < world_nwrites; i++)
		free(world_writes[i].data);
	free(world_writes);
	world_writes = NULL;
	world_nwrites = 0;
}

static void record(uint64_t at, const uint8_t *data, uint32_t nbytes)
{
	if (!recording)
		return;
	if ((world_nwrites & (world_nwrites - 1)) == 0)
		world_writes =
			realloc(world_writes, (2 * world_nwrites + 1) *
						      sizeof(*world_writes));
	struct world_write *w = &world_writes[world_nwrites++];

	*w = (struct world_write){at / SECTOR_SIZE, nbytes, NULL};
	if (!nbytes)
		return;
	w->data = malloc(nbytes);
	memcpy(w->data, data, nbytes);
}

static bool request_fails(void)
{
	world_nrequests++;
	if (world_limit && world_nrequests > world_limit)
		panic("no end of requests");
	if (!fail_io)
		return false;
	if (fail_io > 1) {
		fail_io--;
		return false;
	}
	if (fail_more)
		fail_more--;
	else
		fail_io = 0;
	return true;
}

static int request_run(struct block_request *request)
{
	uint64_t at = request->sector * SECTOR_SIZE;
	uint64_t end = world_disk.nsectors * SECTOR_SIZE;

	if (request_fails())
		return -EIO;
	for (unsigned i = 0; i < request->nsegments; i++) {
		uint8_t *memory = phys_to_virt(request->segment[i].pa);
		uint32_t n = request->segment[i].nbytes;

		if (n == 0 || n % SECTOR_SIZE || at > end || n > end - at) {
			world_strays++;
			return -EIO;
		}
		if (request->op == BLOCK_WRITE) {
			world_patch(at, memory, n);
			record(at, memory, n);
		} else {
			memcpy(memory, world_image + at, n);
		}
		at += n;
		world_nwritten += request->op == BLOCK_WRITE;
	}
	return 0;
}

void block_submit(struct block_device *device, struct block_request *request)
{
	if (request->nsegments > BLOCK_SEGMENTS_MAX)
		panic("too many segments");
	list_add_tail(&pending, &request->link);
}

/* Complete one request.  False: there is none. */
static bool disk_work(void)
{
	unsigned n = 0;

	list_for_each (link, &pending)
		n++;
	if (!n)
		return false;
	struct list *link = pending.next;

	for (uint64_t i = world_random(n); i > 0; i--)
		link = link->next;
	list_remove(link);

	struct block_request *request =
		list_entry(link, struct block_request, link);

	request->done(request, request_run(request));
	return true;
}

int block_submit_wait(struct block_device *device,
		      struct block_request *request)
{
	return request_run(request);
}

int block_transfer(struct block_device *device, enum block_op op,
		   uint64_t sector, void *buffer, uint32_t nbytes)
{
	struct block_request request = {
		.op = op,
		.sector = sector,
		.segment = {{virt_to_phys(buffer), nbytes}},
		.nsegments = 1,
	};

	return request_run(&request);
}

int block_flush(struct block_device *device)
{
	if (request_fails())
		return -EIO;
	record(0, NULL, 0);
	return 0;
}

/* --- the one task --- */

static bool woken;

void sched_prepare(void)
{
	woken = false;
}

void sched_cancel(void)
{
}

void sched_block(void)
{
	while (!woken)
		if (!disk_work())
			panic("sleeps for ever");
}

void sched_block_until(uint64_t deadline)
{
	sched_block();
}

bool sched_wake(struct task *task)
{
	woken = true;
	return true;
}

void sched_point(void)
{
}

bool sched_interrupted(void)
{
	return false;
}

/* --- pages --- */

struct host_page {
	struct page page;
	struct list link;       /* among all pages */
	struct host_page *next; /* in its bucket */
	uint8_t *data;
};

static struct list pages = {&pages, &pages};
static struct host_page *buckets[1024];
static struct list dirty_mappings = {&dirty_mappings, &dirty_mappings};
static int writeback_error;

static struct host_page *host_page(const struct page *pg)
{
	return container_of(pg, struct host_page, page);
}

void *page_address(const struct page *pg)
{
	return host_page(pg)->data;
}

paddr_t page_to_phys(const struct page *pg)
{
	return virt_to_phys(host_page(pg)->data);
}

void page_unlock(struct page *pg)
{
	unsigned old = page_clear_flags(pg, PAGE_LOCKED);

	assert(old & PAGE_LOCKED);
}

/* Let the disk work until none of @flags is set. */
static void page_wait(struct page *pg, unsigned flags)
{
	while (page_flags(pg) & flags)
		if (!disk_work())
			panic("page never done");
}

static struct host_page **bucket(const struct mapping *mapping, pgoff_t index)
{
	size_t n = (uintptr_t)mapping / sizeof(*mapping) * 31 + index;

	return &buckets[n % (sizeof(buckets) / sizeof(*buckets))];
}

static struct page *page_find(struct mapping *mapping, pgoff_t index)
{
	struct host_page *hp = *bucket(mapping, index);

	while (hp && (hp->page.mapping != mapping || hp->page.index != index))
		hp = hp->next;
	return hp ? &hp->page : NULL;
}

/* Locked. */
static struct page *page_get_locked(struct mapping *mapping, pgoff_t index)
{
	struct page *pg = page_find(mapping, index);

	if (!pg) {
		struct host_page *fresh = calloc(1, sizeof(*fresh));

		fresh->data = aligned_alloc(PAGE_SIZE, PAGE_SIZE);
		memset(fresh->data, 0xee, PAGE_SIZE);
		fresh->page.mapping = mapping;
		fresh->page.index = index;
		list_add_tail(&pages, &fresh->link);
		fresh->next = *bucket(mapping, index);
		*bucket(mapping, index) = fresh;
		pg = &fresh->page;
	}
	page_wait(pg, PAGE_LOCKED);
	page_set_flags(pg, PAGE_LOCKED);
	return pg;
}

static void page_drop(struct page *pg)
{
	struct host_page *hp = host_page(pg);
	struct host_page **at = bucket(pg->mapping, pg->index);

	page_wait(pg, PAGE_LOCKED | PAGE_WRITEBACK);
	while (*at != hp)
		at = &(*at)->next;
	*at = hp->next;
	list_remove(&hp->link);
	free(hp->data);
	free(hp);
}

/* The page at @index, locked and uptodate, after reading it and perhaps some
 * of its successors. */
static int page_read(struct mapping *mapping, pgoff_t index, struct page **out)
{
	struct page *batch[80];
	size_t n = 0, max = 1 + world_random(sizeof(batch) / sizeof(*batch));
	struct page *pg = page_get_locked(mapping, index);

	*out = pg;
	if (page_flags(pg) & PAGE_UPTODATE)
		return 0;
	do {
		batch[n++] = pg;
		pg = n < max && !page_find(mapping, index + n) &&
				     (index + n) << PAGE_SHIFT < mapping->size
			     ? page_get_locked(mapping, index + n)
			     : NULL;
	} while (pg);
	mapping->ops->read_pages(mapping, batch, n);
	for (size_t i = 0; i < n; i++)
		page_wait(batch[i], PAGE_LOCKED);
	page_set_flags(*out, PAGE_LOCKED);
	if (page_flags(*out) & PAGE_UPTODATE)
		return 0;
	page_unlock(*out);
	return -EIO;
}

/* It may have dirty pages: its inode stays cached. */
static void note_dirty(struct mapping *mapping)
{
	if (list_empty(&mapping->dirty_link))
		list_add(&dirty_mappings, &mapping->dirty_link);
}

void mapping_init(struct mapping *mapping, const struct mapping_ops *ops,
		  void *owner)
{
	memset(mapping, 0, sizeof(*mapping));
	mapping->ops = ops;
	mapping->owner = owner;
	list_init(&mapping->dirty_link);
}

static void drop_from(struct mapping *mapping, pgoff_t first)
{
	for (struct list *at = pages.next, *next; at != &pages; at = next) {
		struct page *pg = &list_entry(at, struct host_page, link)->page;

		next = at->next;
		if (pg->mapping == mapping && pg->index >= first)
			page_drop(pg);
	}
}

void mapping_destroy(struct mapping *mapping)
{
	list_remove(&mapping->dirty_link);
	drop_from(mapping, 0);
}

int mapping_resize(struct mapping *mapping, uint64_t nbytes)
{
	uint64_t tail = page_offset(nbytes);
	struct page *pg;

	if (nbytes < mapping->size && tail) {
		int err = page_read(mapping, nbytes >> PAGE_SHIFT, &pg);

		if (err)
			return err;
		mapping->size = nbytes;
		page_wait(pg, PAGE_WRITEBACK);
		/* The disk has the tail's bytes too: they must go there,
		 * or a later growth shows them. */
		memset((char *)page_address(pg) + tail, 0, PAGE_SIZE - tail);
		page_set_flags(pg, PAGE_DIRTY);
		note_dirty(mapping);
		page_unlock(pg);
	}
	mapping->size = nbytes;
	drop_from(mapping, page_up(nbytes) >> PAGE_SHIFT);
	return 0;
}

void mapping_note_error(struct mapping *mapping, int error)
{
	mapping->errors.latest = error;
	mapping->errors.count++;
}

void mapping_write_done(struct mapping *mapping, struct page *pg, int error)
{
	unsigned old = page_clear_flags(pg, PAGE_WRITEBACK);

	assert(old & PAGE_WRITEBACK);
	if (error) {
		writeback_error = error;
		page_set_flags(pg, PAGE_DIRTY);
	}
}

/* Copy into one page, the way mm/ does. */
static ssize_t write_page(struct inode *inode, uint64_t offset,
			  const void *data, size_t n)
{
	struct mapping *mapping = &inode->mapping;
	uint64_t end = max_u64(mapping->size, offset + n);
	uint64_t start = page_down(offset);
	struct page *pg;
	int err = 0;

	if (start < mapping->size) {
		err = page_read(mapping, start >> PAGE_SHIFT, &pg);
	} else {
		pg = page_get_locked(mapping, start >> PAGE_SHIFT);
		memset(page_address(pg), 0, PAGE_SIZE);
	}
	if (err)
		return err;
	page_wait(pg, PAGE_WRITEBACK);
	while ((err = mapping->ops->reserve(mapping, pg, end)) == -EBUSY) {
		page_unlock(pg);
		mapping->ops->wait(mapping);
		page_set_flags(pg, PAGE_LOCKED);
	}
	if (!err) {
		memcpy((char *)page_address(pg) + page_offset(offset), data, n);
		page_set_flags(pg, PAGE_DIRTY | PAGE_UPTODATE);
		mapping->size = end;
		note_dirty(mapping);
		mapping->ops->reserved(mapping, end);
		inode_touch(inode, INODE_MTIME | INODE_CTIME);
	}
	page_unlock(pg);
	return err ? err : (ssize_t)n;
}

ssize_t world_write(struct inode *inode, uint64_t offset, const void *data,
		    size_t n)
{
	size_t done = 0;
	ssize_t some = 0;

	inode_lock(inode);
	while (done < n) {
		uint64_t at = offset + done;
		size_t here = min_u64(n - done, PAGE_SIZE - page_offset(at));

		some = write_page(inode, at, (const char *)data + done, here);
		if (some < 0)
			break;
		done += some;
	}
	inode_unlock(inode);
	return done ? (ssize_t)done : some;
}

ssize_t world_read(struct inode *inode, uint64_t offset, void *data, size_t n)
{
	size_t done = 0;

	n = offset < inode_size(inode) ? min_u64(n, inode_size(inode) - offset)
				       : 0;
	while (done < n) {
		uint64_t at = offset + done;
		size_t here = min_u64(n - done, PAGE_SIZE - page_offset(at));
		struct page *pg;
		int err = page_read(&inode->mapping, at >> PAGE_SHIFT, &pg);

		if (err)
			return done ? (ssize_t)done : err;
		memcpy((char *)data + done,
		       (char *)page_address(pg) + page_offset(at), here);
		page_unlock(pg);
		done += here;
	}
	return (ssize_t)done;
}

/* Write the mapping's dirty pages, and wait. */
int mapping_writeback(struct mapping *mapping, pgoff_t first, pgoff_t end,
		      bool wait)
{
	struct page *pg;
	int err = 0;

	list_for_each (link, &pages) {
		pg = &list_entry(link, struct host_page, link)->page;
		if (pg->mapping != mapping || pg->index < first ||
		    pg->index >= end || !(page_flags(pg) & PAGE_DIRTY))
			continue;
		page_wait(pg, PAGE_LOCKED | PAGE_WRITEBACK);
		page_clear_flags(pg, PAGE_DIRTY);
		page_set_flags(pg, PAGE_WRITEBACK);
		mapping->ops->write_pages(mapping, &pg, 1);
	}
	list_for_each (link, &pages) {
		pg = &list_entry(link, struct host_page, link)->page;
		if (pg->mapping != mapping || pg->index < first)
			continue;
		page_wait(pg, PAGE_WRITEBACK);
		if (page_flags(pg) & PAGE_DIRTY)
			err = -EIO;
	}
	return err;
}

int world_fsync(struct inode *inode)
{
	int err = mapping_writeback(&inode->mapping, 0, UINT64_MAX, true);
	int failed = inode_write(inode, true);

	return err ? err : failed;
}

int world_writeback(void)
{
	writeback_error = 0;
	list_for_each (link, &pages) {
		struct page *pg =
			&list_entry(link, struct host_page, link)->page;
		struct mapping *mapping = pg->mapping;
		struct page *batch[70];
		size_t n = 0;

		page_wait(pg, PAGE_LOCKED);
		while (pg && n < 70 && page_flags(pg) & PAGE_DIRTY) {
			page_wait(pg, PAGE_WRITEBACK);
			page_clear_flags(pg, PAGE_DIRTY);
			page_set_flags(pg, PAGE_WRITEBACK);
			batch[n++] = pg;
			pg = page_find(mapping, pg->index + 1);
		}
		if (n)
			mapping->ops->write_pages(mapping, batch, n);
		if (world_random(4) == 0)
			disk_work();
	}
	while (list_pop(&dirty_mappings))
		;
	list_for_each (link, &pages) {
		struct page *pg =
			&list_entry(link, struct host_page, link)->page;

		page_wait(pg, PAGE_WRITEBACK);
		if (page_flags(pg) & PAGE_DIRTY)
			note_dirty(pg->mapping);
	}
	return writeback_error;
}

void world_drop_pages(unsigned one_in)
{
	for (struct list *at = pages.next, *next; at != &pages; at = next) {
		struct page *pg = &list_entry(at, struct host_page, link)->page;

		next = at->next;
		if (!(page_flags(pg) & PAGE_DIRTY) && !world_random(one_in))
			page_drop(pg);
	}
}

/* --- mounting --- */

void world_start(unsigned seed)
{
	random_state = seed;
	radix_init();
	buffer_init_cache();
	inode_init_cache();
	world_verbose = getenv("VERBOSE") != NULL;
	/* For the commands that make images: newer versions of e2fsprogs say
	 * it in another way. */
	setenv("REVISION_0",
	       system("mke2fs -nqF -r 0 /dev/null 1M >/dev/null 2>&1")
		       ? "-E revision=0"
		       : "-r 0",
	       1);
}

int world_mount(bool read_only, struct super **out)
{
	return ext2_mount(&world_disk, read_only, out);
}

int world_sync(struct super *super)
{
	int err = world_writeback();
	int failed = super->ops->sync(super);

	return err ? err : failed;
}

void world_unmount(struct super *super)
{
	world_writeback();
	while (list_pop(&dirty_mappings))
		;
	inode_sync_all(super);
	inode_put(super->root);
	inode_shrink(super, SIZE_MAX);
	super->ops->unmount(super);
}

int world_run(const char *format, ...)
{
	char command[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	int status = system(command);

	return status;
}

bool world_fsck(const char *path)
{
	world_save(path);
	return world_run("e2fsck -fn %s >%s.log 2>&1 || "
			 "{ cat %s.log; exit 1; }",
			 path, path, path) == 0;
}
