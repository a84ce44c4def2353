/* host-test: tests/host/ext2_world.c fs/ext2_super.c fs/ext2_mount.c fs/ext2_alloc.c fs/ext2_map.c fs/ext2_record.c fs/ext2_inode.c fs/ext2_pages.c fs/ext2_size.c fs/ext2_dir.c fs/ext2_index.c fs/ext2_names.c fs/ext2_commit.c fs/ext2_journal.c fs/ext2_orphan.c fs/journal.c fs/journal_buffers.c fs/journal_recover.c fs/buffer.c fs/buffer_sync.c fs/inode.c fs/inode_times.c mm/radix.c kernel/lib/tree.c kernel/sync/mutex.c kernel/sync/waitq.c kernel/sync/spinlock.c */
// SPDX-License-Identifier: MIT
/*
 * journal_test.c - the journal, cut off everywhere.
 *
 * Recovery: debugfs writes journals by hand, with revokes, escapes and no end;
 * what a mount here makes of the disk must be what e2fsck makes of it, byte
 * for byte.  And journals that lie must be refused.
 *
 * Crashes: a workload runs on a disk whose writes and flushes are recorded.
 * Between two flushes the disk may keep any of the writes, or half of one, in
 * any order.  Such states are made, mounted, and looked at:
 *
 *   - e2fsck -fn has nothing to say, after our recovery and after its own
 *   - what fsync or sync promised is there
 *   - no file has a byte that was not written to it
 *
 * Each of the three is shown to be able to fail, by recordings that are
 * changed: flushes, file data, revokes left out.
 *
 * Mistakes 38, 53, 54, 55 and 56.
 *
 * usage: [SEED [STATES]]     VERBOSE=1 prints the log
 */

#include "fs/journal_format.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "tests/host/ext2_libc.h"
#include "tests/host/ext2_world.h"

enum { FILES_MAX = 400, SIZE_MAX_FILE = 70000, NEVER = 0x7fffffff };

static char folder[64], image[80], other[80];
static unsigned seed = 1, nchecks, nstates;

static void fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf(" (seed %u, folder %s)\n", seed, folder);
	exit(1);
}

#define check(cond) \
	((cond) ? (void)nchecks++ \
		: fail("%s:%d: %s", __FILE__, __LINE__, #cond))

static void run(const char *format, ...)
{
	char command[900];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	if (world_run("%s", command))
		fail("failed: %s", command);
}

static bool complain = true; /* else count what is bad */
static unsigned nbad;

static void bad(const char *format, unsigned a, unsigned long b)
{
	nbad++;
	if (complain)
		fail(format, a, b);
}

static size_t disk_nbytes(void)
{
	return world_disk.nsectors * SECTOR_SIZE;
}

/* --- recovery, against e2fsck --- */

/* The journal's first block: its own super block, which differs. */
static size_t journal_place(void)
{
	for (size_t at = 0; at < disk_nbytes(); at += 1024) {
		const struct journal_header *h = (void *)(world_image + at);

		if (journal_be32(h->magic) == JOURNAL_MAGIC &&
		    journal_be32(h->type) == JOURNAL_SUPER_V2)
			return at;
	}
	fail("no journal");
	return 0;
}

/* Random blocks for a transaction; some look like the journal's own. */
static void make_blocks(const char *path, unsigned n, uint32_t block_size)
{
	static uint8_t data[4096];
	FILE *f = fopen(path, "wb");

	while (n--) {
		for (uint32_t i = 0; i < block_size; i++)
			data[i] = (uint8_t)world_random(256);
		if (world_random(4) == 0)
			*(uint32_t *)data = journal_be32(JOURNAL_MAGIC);
		fwrite(data, 1, block_size, f);
	}
	fclose(f);
}

/* One journal by debugfs: some transactions, the last perhaps unfinished. */
static void make_journal(uint32_t block_size)
{
	char script[100], blocks[100];
	unsigned ntransactions = 1 + (unsigned)world_random(5);

	snprintf(script, sizeof(script), "%s/script", folder);
	run("echo jo > %s", script);
	for (unsigned i = 0; i < ntransactions; i++) {
		unsigned n = 1 + (unsigned)world_random(30);
		bool last = i == ntransactions - 1 && world_random(2);

		if (world_random(3) == 0) {
			run("echo jw -r $(seq -s, %u %u) >> %s",
			    3000 + (unsigned)world_random(40),
			    3040 + (unsigned)world_random(20), script);
			continue;
		}
		snprintf(blocks, sizeof(blocks), "%s/blocks%u", folder, i);
		make_blocks(blocks, n, block_size);
		unsigned first = 3000 + (unsigned)world_random(40);

		run("echo jw %s -b $(seq -s, %u %u) %s >> %s", last ? "-c" : "",
		    first, first + n - 1, blocks, script);
	}
	run("echo jc >> %s && debugfs -w -f %s %s >/dev/null 2>&1", script,
	    script, image);
}

static void check_recovery(uint32_t block_size)
{
	struct super *super;

	run("rm -f %s && mke2fs -q -F -t ext2 -j -J size=%u -b %u %s "
	    "16M >/dev/null",
	    image, block_size / 1024, block_size, image);
	make_journal(block_size);
	run("cp %s %s && e2fsck -y -E journal_only %s >/dev/null 2>&1; "
	    "test $? -lt 2",
	    image, other, other);
	world_load(other);
	size_t nbytes = disk_nbytes(), journal = journal_place();
	uint8_t *theirs = malloc(nbytes);

	memcpy(theirs, world_image, nbytes);
	world_load(image);
	check(!world_mount(true, &super));
	world_unmount(super);
	for (size_t at = 0; at < nbytes; at += 1024)
		if (at != EXT2_SUPER_OFFSET && at != journal &&
		    memcmp(theirs + at, world_image + at, 1024))
			fail("recovery differs at byte %zu", at);
	free(theirs);
	check(world_fsck(image));
}

/* --- journals that lie --- */

static void refuse(uint8_t *good, const char *what)
{
	struct super *super;

	world_limit = world_nrequests + 100000;
	if (world_mount(false, &super) == 0)
		fail("mounted: %s", what);
	world_limit = 0;
	check(world_in_use == 0 && world_strays == 0);
	memcpy(world_image, good, disk_nbytes());
	nchecks++;
}

static void check_refusals(void)
{
	run("rm -f %s && mke2fs -q -F -t ext2 -j -J size=1 -b 1024 %s "
	    "8M >/dev/null",
	    image, image);
	make_journal(1024);
	world_load(image);

	uint8_t *good = malloc(disk_nbytes());
	struct journal_super *js = (void *)(world_image + journal_place());
	struct ext2_super_block *sb = (void *)(world_image + EXT2_SUPER_OFFSET);
	uint8_t *first = (uint8_t *)js + 1024;

	js->start = js->start ? js->start : journal_be32(1);
	sb->incompat |= EXT2_INCOMPAT_RECOVER;
	memcpy(good, world_image, disk_nbytes());
	js->header.magic = 0;
	refuse(good, "no magic");
	js->header.type = journal_be32(JOURNAL_SUPER_V1);
	refuse(good, "version 1");
	js->incompat = journal_be32(2);
	refuse(good, "64-bit block numbers");
	js->ro_compat = 1;
	refuse(good, "unknown feature");
	js->block_size = journal_be32(4096);
	refuse(good, "block size");
	js->length = journal_be32(1000);
	refuse(good, "too small");
	js->length = journal_be32(100000);
	refuse(good, "longer than its file");
	js->first = 0;
	refuse(good, "ring with the super block");
	js->start = journal_be32(5000);
	refuse(good, "start outside");
	sb->journal_ino = 0;
	refuse(good, "external");
	sb->journal_ino = 11;
	refuse(good, "a directory for a journal");
	sb->compat &= ~EXT2_COMPAT_JOURNAL;
	refuse(good, "to be replayed, but not there");
	sb->incompat &= ~EXT2_INCOMPAT_RECOVER;
	refuse(good, "not to be replayed, but there");
	world_disk.read_only = true;
	refuse(good, "a disk that can't be written");
	world_disk.read_only = false;

	/* A transaction whose block lies outside, and one without an end. */
	struct journal_header *h = (void *)first;
	struct journal_tag *tag = (void *)(h + 1);

	js->start = journal_be32(1);
	h->magic = journal_be32(JOURNAL_MAGIC);
	h->type = journal_be32(JOURNAL_DESCRIPTOR);
	h->sequence = js->sequence;
	tag->block = journal_be32(1 << 30);
	tag->flags = journal_be32(JOURNAL_TAG_SAME_UUID | JOURNAL_TAG_LAST);
	memcpy(first + 2048, first, 1024);
	((struct journal_header *)(first + 2048))->type =
		journal_be32(JOURNAL_COMMIT);
	refuse(good, "a block outside");
	js->start = journal_be32(1);
	for (unsigned i = 0; i < 1023; i++) {
		h = (void *)(first + i * 1024);
		memset(h, 0, 1024);
		h->magic = journal_be32(JOURNAL_MAGIC);
		h->type = journal_be32(JOURNAL_REVOKE);
		h->sequence = js->sequence;
	}
	refuse(good, "no end");
	free(good);
}

/* --- the workload --- */

/*
 * A file is written once, front to back, and may be renamed, cut and removed.
 * Between the flushes [from, until) it is promised to be there under `name`,
 * or not to be there if `gone`, with this size.
 */
struct promise {
	unsigned file, name;
	uint64_t size;
	bool gone;
	unsigned from, until;
};

struct file {
	unsigned name;      /* current: "n%u" */
	uint64_t size, cut; /* and the shortest it has been */
	bool exists;
};

static struct file files[FILES_MAX];
static struct promise promises[FILES_MAX * 40];
static unsigned nfiles, nnames, npromises;
static struct super *super;

static uint8_t byte_at(unsigned file, uint64_t offset)
{
	uint64_t x = (offset + 1) * 0x9e3779b97f4a7c15 ^ file * 0x94d049bbull;

	return (uint8_t)(1 + (x >> 29) % 255);
}

static unsigned nflushes(void)
{
	static size_t seen;
	static unsigned n;

	if (seen > world_nwrites)
		seen = n = 0;
	for (; seen < world_nwrites; seen++)
		n += world_writes[seen].nbytes == 0;
	return n;
}

static void promise_end(unsigned file)
{
	for (unsigned i = 0; i < npromises; i++)
		if (promises[i].file == file && promises[i].until == NEVER)
			promises[i].until = nflushes();
}

static void promise(unsigned file)
{
	promise_end(file);
	promises[npromises++] = (struct promise){
		.file = file,
		.name = files[file].name,
		.size = files[file].size,
		.gone = !files[file].exists,
		.from = nflushes(),
		.until = NEVER,
	};
}

static size_t name_of(unsigned name, char *text)
{
	/* Long ones, so that directories have several blocks. */
	return (size_t)snprintf(text, 60, "n%0*u", name % 3 ? 40 : 4, name);
}

static struct inode *find(unsigned name)
{
	struct inode *dir = super->root, *inode = NULL;
	char text[60];
	size_t n = name_of(name, text);

	inode_lock(dir);
	int err = dir->ops->lookup(dir, text, n, &inode);

	inode_unlock(dir);
	if (err && err != -ENOENT)
		bad("name %u: error %lu", name, (unsigned long)-err);
	return err ? NULL : inode;
}

static void op_create(void)
{
	static uint8_t data[SIZE_MAX_FILE];
	struct inode *dir = super->root, *inode;
	unsigned i = nfiles;
	struct file *f = &files[i];
	char text[60];

	f->name = nnames++;
	inode_lock(dir);
	int err = dir->ops->create(dir, text, name_of(f->name, text),
				   S_IFREG | 0644, 0, &inode);
	inode_unlock(dir);
	if (err == -ENOSPC)
		return;
	check(!err);
	nfiles++;
	f->exists = true;
	f->size = 0;
	f->cut = UINT64_MAX;
	uint64_t size =
		1 + world_random(world_random(3) ? 5000 : SIZE_MAX_FILE);

	for (uint64_t k = 0; k < size; k++)
		data[k] = byte_at(i, k);
	while (f->size < size) {
		size_t n = min_u64(size - f->size, 1 + world_random(9000));
		ssize_t done = world_write(inode, f->size, data + f->size, n);

		check(done > 0 || done == -ENOSPC);
		if (done < 0)
			break;
		f->size += (uint64_t)done;
	}
	if (world_random(2) == 0) {
		check(!world_fsync(inode));
		promise(i);
	}
	inode_put(inode);
}

/* A directory that grows and goes: its blocks are others' afterwards. */
static void op_directory(void)
{
	struct inode *dir = super->root, *sub, *inode;
	unsigned n = 20 + (unsigned)world_random(60);
	char text[60];

	inode_lock(dir);
	int err = dir->ops->create(dir, "sub", 3, S_IFDIR | 0755, 0, &sub);

	inode_unlock(dir);
	if (err == -ENOSPC)
		return;
	check(!err);
	inode_lock(sub);
	for (unsigned i = 0; i < n && !err; i++) {
		size_t nname = name_of(3 * i + 1, text);

		err = sub->ops->create(sub, text, nname, S_IFREG | 0600, 0,
				       &inode);
		if (!err)
			inode_put(inode);
	}
	if (world_random(2))
		check(!ext2_commit(ext2_of(sub)));
	for (unsigned i = 0; i < n; i++) {
		size_t nname = name_of(3 * i + 1, text);

		if (sub->ops->lookup(sub, text, nname, &inode))
			continue;
		check(!sub->ops->unlink(sub, text, nname, inode));
		inode_put(inode);
	}
	inode_unlock(sub);
	inode_lock(dir);
	check(!dir->ops->unlink(dir, "sub", 3, sub));
	inode_unlock(dir);
	inode_put(sub);
}

static struct file *file_any(void)
{
	for (unsigned tries = 0; nfiles && tries < 20; tries++) {
		struct file *f = &files[world_random(nfiles)];

		if (f->exists)
			return f;
	}
	return NULL;
}

static void op_unlink(struct file *f)
{
	struct inode *dir = super->root, *inode = find(f->name);
	char text[60];
	size_t n = name_of(f->name, text);

	promise_end((unsigned)(f - files));
	inode_lock(dir);
	check(!dir->ops->unlink(dir, text, n, inode));
	inode_unlock(dir);
	f->exists = false;
	if (world_random(2))
		check(!ext2_commit(ext2_of(dir))); /* while it is open */
	inode_put(inode);
}

static void op_rename(struct file *f)
{
	struct inode *dir = super->root, *inode = find(f->name);
	char from[60], to[60];
	size_t nfrom = name_of(f->name, from), nto = name_of(nnames, to);

	promise_end((unsigned)(f - files));
	inode_lock(dir);
	int err = dir->ops->rename(dir, from, nfrom, dir, to, nto, inode, NULL);

	inode_unlock(dir);
	check(!err || err == -ENOSPC);
	if (!err)
		f->name = nnames++;
	if (!err && world_random(2)) {
		check(!world_fsync(inode));
		promise((unsigned)(f - files));
	}
	inode_put(inode);
}

static void op_cut(struct file *f)
{
	struct inode *inode = find(f->name);
	uint64_t size = world_random(f->size + 1);

	promise_end((unsigned)(f - files));
	inode_lock(inode);
	int err = inode->ops->resize(inode, size);

	inode_unlock(inode);
	check(!err);
	f->size = f->cut = size;
	if (world_random(2)) {
		check(!world_fsync(inode));
		promise((unsigned)(f - files));
	}
	inode_put(inode);
}

static void op_sync(void)
{
	check(!world_sync(super));
	for (unsigned i = 0; i < nfiles; i++)
		promise(i);
}

static void op_any(void)
{
	unsigned dice = (unsigned)world_random(20);
	struct file *f = file_any();

	if ((dice < 8 || !f) && nfiles < FILES_MAX)
		op_create();
	else if (dice < 10)
		op_directory();
	else if (dice < 14)
		op_unlink(f);
	else if (dice < 16)
		op_rename(f);
	else if (dice < 18)
		op_cut(f);
	else if (dice == 18)
		world_run("true"), world_drop_pages(2);
	else if (npromises + nfiles + 10 < FILES_MAX * 40)
		op_sync();
}

/* --- states after a crash --- */

static uint8_t *before; /* the disk when recording began */

/* Are its bytes its own?  What was about to be cut off may be zeroed already,
 * when a crash undoes the cut. */
static void look_at(unsigned i, struct inode *inode)
{
	static uint8_t data[SIZE_MAX_FILE];
	ssize_t n = world_read(inode, 0, data, sizeof(data));

	for (ssize_t k = 0; k < n; k++)
		if (data[k] != byte_at(i, (uint64_t)k) &&
		    (data[k] || (uint64_t)k < files[i].cut)) {
			bad("file %u: foreign byte at %lu", i,
			    (unsigned long)k);
			return;
		}
}

static void look_for(const struct promise *p)
{
	struct inode *inode = find(p->name);

	if (!inode != p->gone)
		bad("file %u: a promise is broken: name %lu", p->file, p->name);
	if (!inode)
		return;
	if (inode_size(inode) != p->size)
		bad("file %u: not the promised size %lu", p->file,
		    (unsigned long)p->size);
	look_at(p->file, inode);
	inode_put(inode);
}

/* Mount what is on the disk, as a crash behind flush @n has left it. */
static void look(unsigned n)
{
	if (world_mount(false, &super)) {
		bad("no mount after flush %u%.0lu", n, 0ul);
		return;
	}
	for (unsigned i = 0; i < npromises; i++)
		if (promises[i].from <= n && n < promises[i].until)
			look_for(&promises[i]);
	for (unsigned i = 0; i < nfiles; i++) {
		struct inode *inode = find(files[i].name);

		if (!inode)
			continue;
		look_at(i, inode);
		inode_put(inode);
	}
	world_drop_pages(1);
	world_unmount(super);
}

/* Apply a write, or only some sectors of it. */
static void apply(const struct world_write *w, bool torn)
{
	for (uint32_t at = 0; at < w->nbytes; at += SECTOR_SIZE)
		if (!torn || world_random(2))
			memcpy(world_image + w->sector * SECTOR_SIZE + at,
			       w->data + at, SECTOR_SIZE);
}

/* The disk behind flush number @n, and of what came up to the next one each
 * write with probability @keep / 8. */
static void make_state(unsigned n, unsigned keep)
{
	size_t i = 0;

	memcpy(world_image, before, disk_nbytes());
	for (unsigned flushes = 0; i < world_nwrites && flushes < n; i++) {
		apply(&world_writes[i], false);
		flushes += !world_writes[i].nbytes;
	}
	for (; i < world_nwrites && world_writes[i].nbytes; i++)
		if (world_random(8) < keep)
			apply(&world_writes[i], world_random(8) == 0);
}

static void check_state(bool by_e2fsck)
{
	unsigned n = (unsigned)world_random(nflushes() + 1);
	unsigned total = nflushes();

	n = min_u64(n, total);
	make_state(n, (unsigned)world_random(9));
	nstates++;
	if (by_e2fsck) {
		world_save(other);
		if (world_run("e2fsck -fy %s >/dev/null 2>&1; test $? -lt 2 && "
			      "e2fsck -fn %s >/dev/null 2>&1",
			      other, other))
			bad("e2fsck: not mended after flush %u%.0lu", n, 0);
	}
	look(n);
	if (by_e2fsck && !world_fsck(image))
		bad("e2fsck complains after our recovery, flush %u%.0lu", n, 0);
	if (!by_e2fsck)
		return;
	world_load(other);
	look(n);
}

/* --- recordings that are changed --- */

static size_t journal_at;

static bool in_journal(const struct world_write *w)
{
	size_t at = w->sector * SECTOR_SIZE;

	return at >= journal_at && at < journal_at + 1030 * 1024;
}

/* Flushes go: the disk may have anything since the beginning of a window. */
static void leave_out_flushes(void)
{
	for (size_t i = 0; i < world_nwrites; i++)
		if (!world_writes[i].nbytes && world_random(8))
			world_writes[i].nbytes = SECTOR_SIZE,
			world_writes[i].sector = 0,
			world_writes[i].data = calloc(1, SECTOR_SIZE);
}

/* File data that goes to its place in one epoch with a transaction's blocks. */
static void leave_out_data(void)
{
	for (size_t i = 0; i < world_nwrites; i++)
		if (world_writes[i].nbytes && !in_journal(&world_writes[i]) &&
		    world_random(3) == 0)
			world_writes[i].sector = 0;
}

static void leave_out_revokes(void)
{
	for (size_t i = 0; i < world_nwrites; i++) {
		struct journal_revoke *r = (void *)world_writes[i].data;

		if (world_writes[i].nbytes && in_journal(&world_writes[i]) &&
		    journal_be32(r->header.magic) == JOURNAL_MAGIC &&
		    journal_be32(r->header.type) == JOURNAL_REVOKE)
			r->nbytes = journal_be32(sizeof(*r));
	}
}

/* --- a run --- */

static void start_workload(const char *options)
{
	run("rm -f %s && mke2fs -q -F -t ext2 -j -J size=1 -N 512 -b 1024 %s "
	    "%s 3M >/dev/null",
	    image, options, image);
	world_load(image);
	/* What is free has been somebody's. */
	check(!world_mount(false, &super));
	struct inode *inode;
	static uint8_t junk[8192];

	memset(junk, 0xee, sizeof(junk));
	check(!super->root->ops->create(super->root, "junk", 4, S_IFREG | 0600,
					0, &inode));
	for (uint64_t at = 0;
	     world_write(inode, at, junk, sizeof(junk)) == sizeof(junk);)
		at += sizeof(junk);
	check(!world_sync(super));
	check(!super->root->ops->unlink(super->root, "junk", 4, inode));
	inode_put(inode);
	world_unmount(super);
	journal_at = journal_place();
	free(before);
	before = malloc(disk_nbytes());
	memcpy(before, world_image, disk_nbytes());
	nfiles = nnames = npromises = 0;
	nflushes();
	world_record(true);
	check(!world_mount(false, &super));
}

static void workload(const char *options, unsigned nops)
{
	start_workload(options);
	for (unsigned i = 0; i < nops; i++)
		op_any();
	world_drop_pages(1);
	world_unmount(super);
	world_record(false);
	check(world_fsck(image));
	check(world_in_use == 0);
}

/* --- the end of the disk, and of the disk's patience --- */

/* A full disk is -ENOSPC, and not a search without end for what a commit might
 * bring; what is removed is there again at once. */
static void check_full(void)
{
	static uint8_t data[4096];
	struct inode *dir, *inode, *sub;

	start_workload("-I 128");
	world_record(false);
	dir = super->root;
	for (unsigned round = 0; round < 3; round++) {
		uint64_t at = 0;

		world_limit = world_nrequests + 100000;
		check(!dir->ops->create(dir, "full", 4, S_IFREG | 0600, 0,
					&inode));
		while (world_write(inode, at, data, 4096) > 0)
			at += 4096;
		check(at > 1024 * 1024);
		while (world_write(inode, at, data, 1) > 0)
			at += 1024;
		check(dir->ops->create(dir, "sub", 3, S_IFDIR | 0700, 0,
				       &sub) == -ENOSPC);
		check(!dir->ops->unlink(dir, "full", 4, inode));
		inode_put(inode);
	}
	world_limit = 0;
	world_drop_pages(1);
	world_unmount(super);
	check(world_fsck(image));
}

/* An operation that changes more blocks than the journal has takes as many
 * transactions as it needs: one byte under each of 1500 map blocks is synced
 * at once, and cut off at once. */
static void check_long_cut(void)
{
	enum { PLACES = 1500, APART = 256 * 1024 };
	struct inode *dir, *inode;

	run("rm -f %s && mke2fs -q -F -t ext2 -j -J size=1 -b 1024 %s 6M "
	    ">/dev/null",
	    image, image);
	world_load(image);
	check(!world_mount(false, &super));
	dir = super->root;
	check(!dir->ops->create(dir, "long", 4, S_IFREG | 0600, 0, &inode));
	for (uint64_t i = 0; i < PLACES; i++)
		check(world_write(inode, i * APART, "x", 1) == 1);
	check(!world_fsync(inode));
	inode_lock(inode);
	check(!inode->ops->resize(inode, 0));
	inode_unlock(inode);
	check(!world_sync(super) && !super->read_only);
	inode_put(inode);
	world_drop_pages(1);
	world_unmount(super);
	check(world_fsck(image));
}

/* The n-th allocation of a cut fails: what is written later is not cut. */
static void check_failed_cut(unsigned n)
{
	static uint8_t data[30000];
	struct inode *dir, *inode;

	start_workload("-I 128");
	world_record(false);
	dir = super->root;
	check(!dir->ops->create(dir, "cut", 3, S_IFREG | 0600, 0, &inode));
	check(world_write(inode, 0, data, sizeof(data)) == sizeof(data));
	check(!world_sync(super));
	world_drop_pages(1);
	buffer_shrink(NULL, 1000);
	world_fail_memory(n);
	inode_lock(inode);
	inode->ops->resize(inode, 1000);
	inode_unlock(inode);
	world_fail_memory(0);
	check(world_write(inode, 20000, data, 5000) == 5000);
	uint64_t size = inode_size(inode);

	inode_put(inode);
	world_unmount(super);
	world_drop_pages(1);
	check(world_fsck(image));
	check(!world_mount(false, &super));
	dir = super->root;
	check(!dir->ops->lookup(dir, "cut", 3, &inode));
	check(inode_size(inode) == size);
	inode_put(inode);
	world_unmount(super);
	check(world_fsck(image) && !world_in_use);
	world_log_lines();
}

/* From request @n on the disk does nothing any more. */
static void check_dead_disk(unsigned n)
{
	start_workload("-I 128");
	for (unsigned i = 0; i < 20; i++)
		op_any();
	op_sync();
	world_record(false);
	world_log_lines();
	world_fail_io(n, UINT32_MAX);

	struct inode *dir = super->root, *inode = NULL;
	int err = dir->ops->create(dir, "dying", 5, S_IFREG | 0600, 0, &inode);

	for (unsigned i = 0; i < 100 && !err; i++) {
		ssize_t done = world_write(inode, i * 3000, "x", 1);

		err = done < 0 ? (int)done : world_fsync(inode);
	}
	check(err == -EIO || err == -EROFS);
	if (inode)
		check(inode->mapping.errors.count || !super->read_only);
	world_sync(super);
	check(super->read_only && world_log_lines() == 1);
	check(dir->ops->unlink(dir, "dying", 5, dir) == -EROFS);
	if (inode)
		inode_put(inode);
	world_unmount(super);
	world_fail_io(0, 0);
	world_drop_pages(1);
	check(world_in_use == 0);
	world_log_lines();
	look(nflushes());
	check(world_fsck(image));
}

static void check_control(void (*change)(void), const char *what)
{
	nbad = 0;
	complain = false;
	for (unsigned round = 0; round < 8 && !nbad; round++) {
		workload("-I 128", 120);
		change();
		for (unsigned i = 0; i < 60; i++) {
			world_limit = world_nrequests + 400000;
			check_state(false);
		}
		world_limit = 0;
	}
	if (!nbad)
		fail("the test can't see %s", what);
	world_log_lines();
}

int main(int argc, char **argv)
{
	unsigned states = argc > 2 ? (unsigned)atoi(argv[2]) : 200;

	if (argc > 1)
		seed = (unsigned)atoi(argv[1]);
	strcpy(folder, "/tmp/journal-XXXXXX");
	if (!mkdtemp(folder))
		fail("mkdtemp");
	snprintf(image, sizeof(image), "%s/image", folder);
	snprintf(other, sizeof(other), "%s/other", folder);
	world_start(seed);
	for (unsigned i = 0; i < 10; i++)
		check_recovery(i % 2 ? 4096 : 1024);
	check_refusals();
	check_full();
	check_long_cut();
	for (unsigned n = 1; n < 20; n++) {
		check_failed_cut(n);
		check_dead_disk(n);
	}
	workload("-I 256", 150);
	for (unsigned i = 0; i < states; i++)
		check_state(i % 8 == 0);
	check_control(leave_out_flushes, "that flushes are left out");
	check_control(leave_out_data, "that file data comes too late");
	check_control(leave_out_revokes, "that revokes are left out");
	run("rm -rf %s", folder);
	printf("journal: %u passed, %u states\n", nchecks, nstates);
	return 0;
}
