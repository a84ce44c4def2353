/* host-test: tests/host/ext2_world.c fs/ext2_super.c fs/ext2_mount.c fs/ext2_alloc.c fs/ext2_map.c fs/ext2_record.c fs/ext2_inode.c fs/ext2_pages.c fs/ext2_size.c fs/ext2_dir.c fs/ext2_index.c fs/ext2_names.c fs/ext2_commit.c fs/ext2_journal.c fs/ext2_orphan.c fs/journal.c fs/journal_buffers.c fs/journal_recover.c fs/buffer.c fs/buffer_sync.c fs/inode.c fs/inode_times.c mm/radix.c kernel/lib/tree.c kernel/sync/mutex.c kernel/sync/waitq.c kernel/sync/spinlock.c */
// SPDX-License-Identifier: MIT
/*
 * ext2_hostile_test.c - images that lie.
 *
 * A good image is damaged in a few places, chosen by what they mean: fields
 * of the super block, descriptors, bitmaps, inodes, directory records, map
 * blocks, the journal's own blocks and the copies in it; the new values are
 * those that hurt most: 0, all ones, just inside and outside of what is legal,
 * the numbers of other structures.  Then it is mounted, walked, read, written
 * and unmounted.  Whatever happens must be an error: ASan and UBSan watch
 * memory, the disk watches for requests outside of it, and limits on requests
 * and on processor time watch for hangs.
 *
 * The good images differ in their blocks and features; some are as a crash has
 * left them, with transactions in the journal and orphans.
 *
 * Damage that has once found a bug is done again on purpose, at the start.
 *
 * usage: [IMAGES [SEED [NAME CASE]]]    VERBOSE=1 prints the log
 *
 * With QUIRE_LONG in the environment it is ten times as many.  What a failure
 * prints last repeats it.  With SAVE=FOLDER nothing is mounted: the good images
 * go there, and the damage is printed, for tests/guest/images_test.py.
 */
#include <linux/time.h>

#include "fs/journal_format.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/slab.h"
#include "tests/host/ext2_libc.h"
#include "tests/host/ext2_world.h"

enum {
	IMAGES = 100000,
	REQUESTS_MAX = 400000,
	SECONDS_MAX = 30, /* of processor time, for one image */
	DAMAGE_MAX = 6,
};

/* A number on the disk that means something. */
struct place {
	uint32_t at;
	uint8_t nbytes;
	bool big; /* big-endian: the journal's */
};

/* By what they mean; each kind is damaged as often as any other. */
enum kind { SUPER, GROUP, BITMAP, INODE, SLOT, MAP, ENTRY, LOG, COPY, NKINDS };

static struct {
	struct place *place;
	unsigned n;
} places[NKINDS];

/* A good image: how it is made, and whether a crash has been there. */
static const struct seed {
	const char *name, *options;
	bool crashed;
} seeds[] = {
	{"groups", "-b 1024 -g 512 -N 160 -O ^resize_inode image 1200K", false},
	{"revision0", "-b 1024 $REVISION_0 -N 160 image 1M", false},
	{"2k", "-b 2048 -N 160 image 1400K", false},
	{"4k", "-b 4096 -N 160 image 2M", false},
	{"journal",
	 "-b 1024 -N 160 -j -J size=1 image 2600K >/dev/null && printf "
	 "'jo\\njw -b 2200-2204 noise\\njw -r 2201\\njc\\n' | "
	 "debugfs -w -f - image 2>/dev/null",
	 false},
	{"crash-1k", "-b 1024 -N 160 -I 128 -j -J size=1 image 2600K", true},
	{"crash-2k", "-b 2048 -g 1024 -N 160 -j -J size=2 image 5M", true},
	{"crash-4k", "-b 4096 -N 160 -j -J size=4 image 9M", true},
};
enum { NSEEDS = sizeof(seeds) / sizeof(*seeds) };

static uint32_t blocks[400]; /* of structures: good values for bad places */
static unsigned nblocks;
static uint8_t *good; /* what places are found in: world_image */
static uint32_t block_size;
static struct ext2_super_block *sb;
static unsigned nmounted, ncorrupt;

/* --- what fails, and how to see it again --- */

static const struct seed *this_seed;
static const char *this_damage; /* done on purpose */
static unsigned this_case, seed = 1, npatches;
static char patches[DAMAGE_MAX][60];
static const char *save; /* where good images go */

/* Where, how many bytes, and which. */
static void print_damage(void)
{
	printf("%s %u", this_seed->name, this_case);
	for (unsigned i = 0; i < npatches; i++)
		printf(" %s", patches[i]);
	printf("\n");
}

static void tell(void)
{
	static bool told;

	if (told || !this_seed)
		return;
	told = true;
	if (this_damage) {
		printf("%s: %s\n", this_seed->name, this_damage);
	} else {
		print_damage();
		printf("to see it again: VERBOSE=1 host-ext2_hostile 1 %u %s "
		       "%u\n",
		       seed, this_seed->name, this_case);
	}
	fflush(stdout);
}

static void on_signal(int number)
{
	if (number != 6)
		printf("it takes for ever\n");
	tell();
	_exit(1);
}

void __sanitizer_set_death_callback(void (*call)(void));
const char *__asan_default_options(void);

/* Frees need not be remembered for long: an image is soon done. */
const char *__asan_default_options(void)
{
	return "quarantine_size_mb=4:malloc_context_size=4:"
	       "detect_stack_use_after_return=0";
}

static void watch(void)
{
	enum { SIG_ABORT = 6, SIG_VIRTUAL_ALARM = 26 };

	__sanitizer_set_death_callback(tell);
	signal(SIG_ABORT, on_signal);
	signal(SIG_VIRTUAL_ALARM, on_signal);
}

static void fail(const char *what)
{
	printf("%s\n", what);
	tell();
	exit(1);
}

/* --- finding what to damage --- */

static void place_add(enum kind kind, const void *field, unsigned nbytes,
		      bool big)
{
	unsigned n = places[kind].n++;

	if ((n & (n - 1)) == 0)
		places[kind].place =
			realloc(places[kind].place,
				(2 * n + 1) * sizeof(*places[kind].place));
	places[kind].place[n] = (struct place){
		.at = (uint32_t)((const uint8_t *)field - good),
		.nbytes = (uint8_t)nbytes,
		.big = big,
	};
}

static void words_add(enum kind kind, const void *from, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		place_add(kind, (const uint32_t *)from + i, 4, kind == LOG);
}

static void block_add(uint32_t block)
{
	if (nblocks < sizeof(blocks) / sizeof(*blocks))
		blocks[nblocks++] = block;
}

static void *block_at(uint32_t block)
{
	return good + (size_t)block * block_size;
}

static void find_in_dir(uint32_t block)
{
	block_add(block);
	for (uint32_t at = 0; at < block_size;) {
		struct ext2_entry *entry =
			(void *)(good + (size_t)block * block_size + at);

		place_add(ENTRY, &entry->ino, 4, false);
		place_add(ENTRY, &entry->nbytes, 2, false);
		place_add(ENTRY, &entry->nname, 1, false);
		place_add(ENTRY, &entry->type, 1, false);
		place_add(ENTRY, &entry->name[0], 1, false);
		at += entry->nbytes;
	}
}

/* A block of the journal: its own, or the copy of another. */
static void find_in_log(uint32_t block)
{
	const struct journal_header *h = block_at(block);
	bool own = journal_be32(h->magic) == JOURNAL_MAGIC;
	uint32_t *words = block_at(block);

	if (own)
		words_add(LOG, words, 24);
	for (uint32_t i = own ? 24 : 0; i < block_size / 4; i++)
		if (words[i])
			words_add(own ? LOG : COPY, &words[i], 1);
}

/* What block @block of a file holds, by the file's kind. */
static void find_in_block(uint32_t block, uint32_t ino, uint32_t mode)
{
	if (ino == EXT2_JOURNAL_INO)
		find_in_log(block);
	else if ((mode & S_IFMT) == S_IFDIR)
		find_in_dir(block);
}

static void find_in_map(uint32_t block, unsigned height, uint32_t ino,
			uint32_t mode)
{
	uint32_t *slots = block_at(block);

	block_add(block);
	for (uint32_t i = 0; i < block_size / 4; i++) {
		if (i < 3 || slots[i])
			words_add(MAP, &slots[i], 1);
		if (height > 1 && slots[i])
			find_in_map(slots[i], height - 1, ino, mode);
		else if (slots[i] && i < 100)
			find_in_block(slots[i], ino, mode);
	}
}

static void find_in_inode(struct ext2_raw_inode *raw, uint32_t ino)
{
	bool has_map = (raw->mode & S_IFMT) == S_IFREG ||
		       (raw->mode & S_IFMT) == S_IFDIR || raw->nsectors;

	place_add(INODE, &raw->mode, 2, false);
	place_add(INODE, &raw->size, 4, false);
	place_add(INODE, &raw->size_high, 4, false);
	place_add(INODE, &raw->nlink, 2, false);
	place_add(INODE, &raw->nsectors, 4, false);
	place_add(INODE, &raw->deleted, 4, false);
	place_add(INODE, &raw->flags, 4, false);
	place_add(INODE, &raw->attributes, 4, false);
	words_add(SLOT, raw->block, EXT2_NSLOTS);
	for (unsigned i = 0; i < EXT2_NSLOTS && has_map; i++) {
		if (!raw->block[i])
			continue;
		if (i >= EXT2_INDIRECT)
			find_in_map(raw->block[i], i - EXT2_INDIRECT + 1, ino,
				    raw->mode);
		else
			find_in_block(raw->block[i], ino, raw->mode);
	}
}

static void find_in_group(struct ext2_group *group, uint32_t first_ino)
{
	uint32_t inode_size = sb->revision ? sb->inode_size : 128;
	uint8_t *table = block_at(group->inode_table);

	words_add(GROUP, &group->block_bitmap, 3);
	place_add(GROUP, &group->nfree_blocks, 2, false);
	place_add(GROUP, &group->nfree_inodes, 2, false);
	block_add(group->block_bitmap);
	block_add(group->inode_bitmap);
	block_add(group->inode_table);
	words_add(BITMAP, block_at(group->block_bitmap), 40);
	words_add(BITMAP, block_at(group->inode_bitmap), 4);
	for (uint32_t i = 0; i < sb->inodes_per_group; i++) {
		struct ext2_raw_inode *raw = (void *)(table + i * inode_size);

		if (raw->nlink || raw->mode)
			find_in_inode(raw, first_ino + i);
	}
}

static void find_places(void)
{
	for (unsigned kind = 0; kind < NKINDS; kind++)
		places[kind].n = 0;
	nblocks = 0;
	good = world_image;
	sb = (void *)(good + EXT2_SUPER_OFFSET);
	block_size = 1024u << sb->log_block_size;
	words_add(SUPER, sb, 27);
	words_add(SUPER, &sb->journal_ino, 3);
	words_add(SUPER, &sb->journal_ino, 3);
	words_add(SUPER, sb, 352 / 4);

	struct ext2_group *groups = block_at(sb->first_data_block + 1);
	uint32_t n = (sb->nblocks - sb->first_data_block +
		      sb->blocks_per_group - 1) /
		     sb->blocks_per_group;

	for (uint32_t g = 0; g < n; g++)
		find_in_group(&groups[g], 1 + g * sb->inodes_per_group);
}

/* --- damage --- */

static uint32_t nblocks_of_image, ninodes_of_image;

static uint32_t bad_value(uint32_t old)
{
	switch (world_random(12)) {
	case 0:
		return 0;
	case 1:
		return UINT32_MAX;
	case 2:
		return nblocks_of_image;
	case 3:
		return nblocks_of_image - 1;
	case 4:
		return (uint32_t)world_random(nblocks_of_image);
	case 5:
		return old + 1;
	case 6:
		return old - 1;
	case 7:
		return old ^ 1u << world_random(32);
	case 8:
		return (uint32_t)world_random(ninodes_of_image + 3);
	case 9:
		return 1u << world_random(32);
	case 10:
		return (uint32_t)world_random(UINT32_MAX);
	}
	return blocks[world_random(nblocks)];
}

static void damage_one(void)
{
	unsigned kind = (unsigned)world_random(NKINDS);

	if (!places[kind].n)
		return;
	const struct place *p =
		&places[kind].place[world_random(places[kind].n)];
	uint32_t old = 0, value;

	memcpy(&old, world_image + p->at, p->nbytes);
	value = p->big ? journal_be32(bad_value(journal_be32(old)))
		       : bad_value(old);
	world_patch(p->at, &value, p->nbytes);
	snprintf(patches[npatches++], sizeof(patches[0]), "%u:%u:%x", p->at,
		 p->nbytes, value);
}

static void damage(void)
{
	npatches = 0;
	for (uint64_t n = 1 + world_random(DAMAGE_MAX); n > 0; n--)
		damage_one();
}

/* --- use --- */

struct walk {
	struct dir_visit visit;
	char names[64][EXT2_NAME_MAX + 1];
	unsigned n;
};

static bool walk_entry(struct dir_visit *visit, const char *name, size_t nname,
		       uint64_t ino, unsigned type, uint64_t next)
{
	struct walk *w = container_of(visit, struct walk, visit);

	if (w->n == 64)
		return false;
	if (nname > EXT2_NAME_MAX)
		fail("a name too long");
	memcpy(w->names[w->n], name, nname);
	w->names[w->n++][nname] = '\0';
	return true;
}

static unsigned nvisits;

static void use_file(struct inode *inode)
{
	static char data[9000];
	uint64_t size = inode_size(inode);

	world_read(inode, 0, data, sizeof(data));
	for (unsigned i = 0; i < 4 && size; i++)
		world_read(inode, world_random(size), data, 3000);
	if (world_random(2))
		world_write(inode, world_random(30000), data,
			    1 + world_random(sizeof(data)));
	if (world_random(3) == 0) {
		inode_lock(inode);
		inode->ops->resize(inode, world_random(size + 5000));
		inode_unlock(inode);
	}
}

/* Unlink, link or rename what @name means. */
static void change_name(struct inode *dir, const char *name,
			struct inode *inode)
{
	size_t n = strlen(name);

	if (inode == dir)
		fail("a directory in itself");
	inode_lock(dir);
	inode_lock_child(inode);
	switch (world_random(5)) {
	case 0:
		dir->ops->unlink(dir, name, n, inode);
		break;
	case 1:
		dir->ops->rename(dir, name, n, dir, "new name", 8, inode, NULL);
		break;
	case 2:
		if (!inode_is(inode, S_IFDIR))
			dir->ops->link(dir, "another name", 12, inode);
		break;
	}
	inode_unlock(inode);
	inode_unlock(dir);
}

static void make_names(struct inode *dir)
{
	static char target[100];
	struct inode *inode;

	memset(target, 'x', sizeof(target) - 1);
	inode_lock(dir);
	for (unsigned i = 0; i < 3; i++) {
		char name[] = {'n', (char)('a' + i), '\0'};
		uint32_t mode = i == 0 ? S_IFDIR | 0755 : S_IFREG | 0644;
		int err =
			i == 2 ? dir->ops->symlink(dir, name, 2, target, &inode)
			       : dir->ops->create(dir, name, 2, mode, 0,
						  &inode);

		if (!err)
			inode_put(inode);
	}
	inode_unlock(dir);
}

static void use_dir(struct inode *dir, unsigned depth);

static void use_name(struct inode *dir, const char *name, unsigned depth)
{
	struct inode *inode;
	char target[4096];

	if (!*name || !strcmp(name, ".") || !strcmp(name, "..") ||
	    ++nvisits > 300)
		return;
	inode_lock(dir);
	int err = dir->ops->lookup(dir, name, strlen(name), &inode);
	inode_unlock(dir);
	if (err)
		return;
	if (inode_is(inode, S_IFDIR))
		use_dir(inode, depth + 1);
	else if (inode_is(inode, S_IFREG))
		use_file(inode);
	else if (inode_is(inode, S_IFLNK))
		inode->ops->read_link(inode, target, sizeof(target));
	change_name(dir, name, inode);
	inode_put(inode);
}

static void use_dir(struct inode *dir, unsigned depth)
{
	struct walk *w = malloc(sizeof(*w));

	w->visit.entry = walk_entry;
	w->n = 0;
	inode_lock(dir);
	dir->ops->read_dir(dir, world_random(3) ? 0 : world_random(5000),
			   &w->visit);
	inode_unlock(dir);
	for (unsigned i = 0; i < w->n && depth < 8; i++)
		use_name(dir, w->names[i], depth);
	if (world_random(2))
		make_names(dir);
	free(w);
}

static void use_image(void)
{
	struct statfs statfs = {0};
	struct super *super;

	nvisits = world_random(8) ? 250 : 0;
	world_nrequests = 0;
	if (world_mount(world_random(8) == 0, &super))
		return;
	nmounted++;
	super->ops->statfs(super, &statfs);
	use_dir(super->root, 0);
	world_sync(super);
	world_drop_pages(2);
	buffer_shrink(NULL, 1000);
	use_dir(super->root, 0);
	ncorrupt += ((struct ext2 *)super->private)->corrupt;
	world_unmount(super);
}

/* --- good images --- */

static struct inode *make_file(struct inode *dir, const char *name)
{
	static char data[20000];
	struct inode *inode;

	inode_lock(dir);
	int err = dir->ops->create(dir, name, strlen(name), S_IFREG | 0600, 0,
				   &inode);

	inode_unlock(dir);
	if (err || world_write(inode, 0, data, sizeof(data)) < 0)
		fail("can't make a good image");
	return inode;
}

/* Leave the disk as a crash would: with transactions, a revoked block, files
 * without a name and one that is half cut. */
static void crash(void)
{
	static const char *const names[] = {"one", "two", "three"};
	size_t nbytes = world_disk.nsectors * SECTOR_SIZE;
	uint8_t *crashed = malloc(nbytes);
	struct inode *inode[3], *dir;
	struct super *super;

	if (world_mount(false, &super) || !ext2_of(super->root)->journal)
		fail("can't mount a good image");
	dir = super->root;
	make_names(dir);
	for (unsigned i = 0; i < 3; i++)
		inode[i] = make_file(dir, names[i]);
	world_sync(super);
	inode_lock(dir);
	for (unsigned i = 0; i < 2; i++)
		dir->ops->unlink(dir, names[i], strlen(names[i]), inode[i]);
	inode_unlock(dir);
	ext2_start(ext2_of(dir));
	ext2_join(inode[2]);
	ext2_orphan_add(inode[2]);
	ext2_stop(ext2_of(dir));
	world_sync(super);
	memcpy(crashed, world_image, nbytes);
	ext2_start(ext2_of(dir));
	ext2_orphan_remove(inode[2]);
	ext2_stop(ext2_of(dir));
	for (unsigned i = 0; i < 3; i++)
		inode_put(inode[i]);
	world_unmount(super);
	world_drop_pages(1);
	memcpy(world_image, crashed, nbytes);
	free(crashed);
}

/* --- the damage that has found something --- */

static struct ext2_group *group_at(uint32_t g)
{
	return (struct ext2_group *)block_at(sb->first_data_block + 1) + g;
}

static struct ext2_raw_inode *raw_at(uint32_t ino)
{
	uint32_t g = (ino - 1) / sb->inodes_per_group;
	uint8_t *table = block_at(group_at(g)->inode_table);

	return (void *)(table +
			(ino - 1) % sb->inodes_per_group * sb->inode_size);
}

/* The record of @name in the first block of the folder @ino. */
static struct ext2_entry *entry_at(uint32_t ino, const char *name)
{
	uint8_t *at = block_at(raw_at(ino)->block[0]), *end = at + block_size;
	struct ext2_entry *entry;

	for (; at < end; at += entry->nbytes) {
		entry = (void *)at;
		if (entry->nname == strlen(name) &&
		    !memcmp(entry->name, name, entry->nname))
			return entry;
	}
	fail("a good image lacks a name");
	return NULL;
}

static uint32_t ino_of(const char *name)
{
	return entry_at(EXT2_ROOT_INO, name)->ino;
}

static void set(uint32_t *field, uint32_t value)
{
	world_patch((size_t)((uint8_t *)field - world_image), &value,
		    sizeof(value));
}

/* How many are free: else nobody looks for them. */
static void set_one(uint16_t *field)
{
	uint16_t one = 1;

	world_patch((size_t)((uint8_t *)field - world_image), &one,
		    sizeof(one));
}

static int look(struct inode *dir, const char *name, struct inode **out)
{
	inode_lock(dir);
	int err = dir->ops->lookup(dir, name, strlen(name), out);

	inode_unlock(dir);
	return err;
}

static void cut_to_nothing(struct super *super, const char *name)
{
	struct inode *inode;

	if (look(super->root, name, &inode))
		fail("a name is lost");
	inode_lock(inode);
	inode->ops->resize(inode, 0);
	inode_unlock(inode);
	inode_put(inode);
}

/* Of the map of a file with a hole, the block that all else hangs on. */
static void a_map_names_itself(void)
{
	uint32_t *top = &raw_at(ino_of("sparse"))->block[EXT2_NSLOTS - 1];

	while (!*top)
		top--;

	uint32_t *slots = block_at(*top);

	while (!*slots)
		slots++;
	set(slots, *top);
}

static void use_map_that_names_itself(struct super *super)
{
	cut_to_nothing(super, "sparse");
	if (!ext2_of(super->root)->corrupt)
		fail("a block in two places was not noticed");
}

static void an_orphan_is_nobody(void)
{
	struct ext2_raw_inode *raw = raw_at(ino_of("big"));

	set(&sb->last_orphan, ino_of("big"));
	set(&raw->size, 3000); /* to be cut there */
	set(&raw->deleted, sb->ninodes + 7);
}

static void two_files_have_one_map(void)
{
	set(&raw_at(ino_of("sparse"))->block[EXT2_INDIRECT],
	    raw_at(ino_of("big"))->block[EXT2_INDIRECT]);
}

/* Freed in one place, it is changed in the other. */
static void use_map_of_two(struct super *super)
{
	struct inode *inode;

	cut_to_nothing(super, "big");
	if (look(super->root, "sparse", &inode))
		fail("a name is lost");
	world_write(inode, (EXT2_INDIRECT + 90ull) * block_size, "x", 1);
	inode_put(inode);
	world_sync(super);
}

static void two_groups_have_one_bitmap(void)
{
	set(&group_at(0)->block_bitmap, group_at(1)->block_bitmap);
	set_one(&group_at(0)->nfree_blocks);
}

static void use_bitmap_of_two(struct super *super)
{
	uint32_t block = raw_at(ino_of("big"))->block[EXT2_INDIRECT], start, n;
	uint32_t twin = block - sb->blocks_per_group; /* in the first */
	struct ext2 *fs = ext2_of(super->root);

	ext2_start(fs);
	int err = ext2_free_blocks(fs, block, 1, true);

	if (!err)
		err = ext2_alloc_blocks(fs, twin, 1, &start, &n);
	if (err || start != twin)
		fail("the bitmap's other group can't have the block");
	if (ext2_free_blocks(fs, block, 1, true) != -EIO)
		fail("a block was freed twice");
	ext2_stop(fs);
}

static void a_parent_is_another(void)
{
	set(&entry_at(ino_of("a"), "..")->ino, ino_of("many"));
}

static void a_folder_is_in_itself(void)
{
	set(&entry_at(ino_of("a"), "b")->ino, ino_of("a"));
}

static void use_folder_in_itself(struct super *super)
{
	struct inode *dir, *inode;

	if (look(super->root, "a", &dir))
		fail("a name is lost");
	if (look(dir, "b", &inode) != -EIO)
		fail("a folder in itself was found");
	inode_put(dir);
}

static void use_folder_of_another(struct super *super)
{
	struct inode *inode;

	if (look(super->root, "a", &inode) != -EIO)
		fail("a folder was found that leads elsewhere");
}

/* The bitmap says that the number of a file is free. */
static void a_file_is_free(void)
{
	uint32_t bit = ino_of("fifo") - 1;
	uint32_t *words = block_at(group_at(0)->inode_bitmap);

	if (bit >= sb->inodes_per_group)
		fail("the file is in another group");
	set(&words[bit / 32], words[bit / 32] & ~(1u << bit % 32));
	set_one(&group_at(0)->nfree_inodes);
}

static int make_new(struct inode *dir)
{
	struct inode *inode;

	inode_lock(dir);
	int err = dir->ops->create(dir, "new", 3, S_IFREG | 0600, 0, &inode);

	inode_unlock(dir);
	if (!err)
		inode_put(inode);
	return err;
}

static void use_free_file(struct super *super)
{
	if (make_new(super->root) != -EIO)
		fail("a file was made over another");
}

/* Its name, how the image is damaged, and what is done then; without that it
 * must be refused.  All want a journal; the bitmap, another group. */
static const struct found {
	const char *name;
	void (*damage)(void);
	void (*use)(struct super *super);
} founds[] = {
	{"a map names itself", a_map_names_itself, use_map_that_names_itself},
	{"an orphan is nobody", an_orphan_is_nobody, NULL},
	{"two files have one map", two_files_have_one_map, use_map_of_two},
	{"two groups have one bitmap", two_groups_have_one_bitmap,
	 use_bitmap_of_two},
	{"a parent is another", a_parent_is_another, use_folder_of_another},
	{"a folder is in itself", a_folder_is_in_itself, use_folder_in_itself},
	{"a file is free", a_file_is_free, use_free_file},
};
enum { NFOUNDS = sizeof(founds) / sizeof(*founds) };

static void run_found(const struct found *f)
{
	struct super *super;

	if (f->damage == two_groups_have_one_bitmap &&
	    sb->nblocks <= 2 * sb->blocks_per_group)
		return;

	/* What a crash has left is mended first. */
	if (world_mount(false, &super))
		fail("can't mount a good image");
	world_unmount(super);
	this_damage = f->name;
	f->damage();
	int err = world_mount(false, &super);

	if (!err != !!f->use)
		fail("mounted, or refused, by mistake");
	if (!err) {
		f->use(super);
		bool corrupt = ext2_of(super->root)->corrupt;

		if (corrupt && make_new(super->root) != -EROFS)
			fail("it can still be changed");
		world_unmount(super);
		if (corrupt && !(sb->state & EXT2_STATE_ERRORS))
			fail("e2fsck is not told to look");
	}
	if (world_strays || world_in_use)
		fail("a request outside the disk, or memory not given back");
	this_damage = NULL;
	world_restore();
}

/* --- a run --- */

static void make_image(const struct seed *s, const char *folder)
{
	static const char tree[] =
		"cd %s && rm -rf t image && mkdir -p t/a/b/c t/many && "
		"for i in $(seq 1 70); do echo $i >t/many/a-file-named-$i; "
		"done && for i in $(seq 1 200); do ln t/many/a-file-named-1 "
		"t/many/another-name-for-the-first-of-them-$i; done && "
		"seq 1 20000 >t/big && ln t/big t/a/hard && "
		"ln -s big t/short && ln -s $(seq -s - 1 40) t/long && "
		"mkfifo t/fifo && seq 1 500 >t/a/b/c/deep && "
		"truncate -s 80M t/sparse && echo end >>t/sparse && "
		"dd if=/dev/urandom of=noise bs=1k count=5 2>/dev/null && "
		"mke2fs -q -t ext2 -d t %s >/dev/null";
	char make[1000], path[100];

	snprintf(make, sizeof(make), tree, folder, s->options);
	if (world_run("%s", make))
		fail("can't make the image");
	snprintf(path, sizeof(path), "%s/image", folder);
	world_load(path);
	if (s->crashed)
		crash();
	world_keep();
}

static void run_case(uint64_t nsectors)
{
	const struct {
		long interval[2], value[2];
	} limit = {{0, 0}, {SECONDS_MAX, 0}};

	world_seed(((uint64_t)seed << 16 | (uint64_t)(this_seed - seeds))
			   << 32 |
		   this_case);
	setitimer(ITIMER_VIRTUAL, &limit, NULL);
	damage();
	if (save) {
		print_damage();
		world_restore();
		return;
	}
	if (world_random(50) == 0) /* a disk cut short */
		world_disk.nsectors = world_random(2000);
	use_image();
	if (world_strays)
		fail("a request outside the disk");
	if (world_in_use)
		fail("memory not given back");
	world_restore();
	world_disk.nsectors = nsectors;
}

static void run(const struct seed *s, const char *folder, unsigned first,
		unsigned n)
{
	char path[200];

	make_image(s, folder);
	find_places();
	snprintf(path, sizeof(path), "%s/%s", save, s->name);
	if (save)
		world_save(path);
	nblocks_of_image = sb->nblocks;
	ninodes_of_image = sb->ninodes;
	this_seed = s;
	for (unsigned i = 0; i < NFOUNDS && s->crashed && !save; i++)
		run_found(&founds[i]);
	for (this_case = first; this_case < first + n; this_case++)
		run_case(world_disk.nsectors);
	this_seed = NULL;
}

int main(int argc, char **argv)
{
	unsigned n = getenv("QUIRE_LONG") ? 10 * IMAGES : IMAGES;
	char folder[] = "/tmp/ext2-hostile-XXXXXX";

	n = (argc > 1 ? (unsigned)atoi(argv[1]) : n) / NSEEDS;
	if (argc > 2)
		seed = (unsigned)atoi(argv[2]);
	save = getenv("SAVE");
	world_limit = REQUESTS_MAX;
	world_start(seed);
	if (!mkdtemp(folder))
		fail("mkdtemp");
	watch();
	for (const struct seed *s = seeds; s < seeds + NSEEDS; s++)
		if (argc < 5)
			run(s, folder, 0, n);
		else if (!strcmp(argv[3], s->name))
			run(s, folder, (unsigned)atoi(argv[4]), 1);
	world_run("rm -rf %s", folder);
	if (save)
		return 0;
	printf("ext2_hostile: %u passed (%u mounted, %u found corrupt)\n",
	       argc < 5 ? n * NSEEDS : 1, nmounted, ncorrupt);
	return 0;
}
