/* host-test: tests/host/ext2_world.c fs/ext2_super.c fs/ext2_mount.c fs/ext2_alloc.c fs/ext2_map.c fs/ext2_record.c fs/ext2_inode.c fs/ext2_pages.c fs/ext2_size.c fs/ext2_dir.c fs/ext2_names.c fs/ext2_commit.c fs/ext2_journal.c fs/ext2_orphan.c fs/journal.c fs/journal_buffers.c fs/journal_recover.c fs/buffer.c fs/buffer_sync.c fs/inode.c fs/inode_times.c mm/radix.c kernel/lib/tree.c kernel/sync/mutex.c kernel/sync/waitq.c kernel/sync/spinlock.c */
// SPDX-License-Identifier: MIT
/*
 * ext2_hostile_test.c - images that lie.
 *
 * A good image is damaged in a few places, chosen by what they mean: fields
 * of the super block, descriptors, bitmaps, inodes, directory records, map
 * blocks; the new values are those that hurt most: 0, all ones, just inside
 * and outside of what is legal, the numbers of other structures.  Then it is
 * mounted, walked, read, written and unmounted.  Whatever happens must be an
 * error: ASan and UBSan watch memory, the disk watches for requests outside
 * of it, and a limit on requests watches for hangs.
 *
 * usage: [IMAGES [SEED]]     VERBOSE=1 prints the log
 */
#include "fs/journal_format.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/slab.h"
#include "tests/host/ext2_libc.h"
#include "tests/host/ext2_world.h"

enum { PLACES_MAX = 4000, REQUESTS_MAX = 400000 };

/* A number on the disk that means something. */
struct place {
	uint32_t at;
	uint8_t nbytes;
	bool big; /* big-endian: the journal's */
};

static struct place places[PLACES_MAX];
static unsigned nplaces;
static uint32_t blocks[400]; /* of structures: good values for bad places */
static unsigned nblocks;
static uint8_t *good;
static size_t good_nbytes;
static uint32_t block_size;
static struct ext2_super_block *sb;
static unsigned nmounted, ncorrupt;

static void fail(const char *what)
{
	printf("%s\n", what);
	exit(1);
}

/* --- finding what to damage --- */

static void place_add(const void *field, unsigned nbytes)
{
	if (nplaces < PLACES_MAX)
		places[nplaces++] = (struct place){
			.at = (uint32_t)((const uint8_t *)field - good),
			.nbytes = (uint8_t)nbytes};
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

static void find_in_map(uint32_t block, unsigned height)
{
	uint32_t *slots = block_at(block);

	block_add(block);
	for (uint32_t i = 0; i < block_size / 4; i++) {
		if (i < 3 || slots[i])
			place_add(&slots[i], 4);
		if (height > 1 && slots[i])
			find_in_map(slots[i], height - 1);
	}
}

static void find_in_dir(uint32_t block)
{
	block_add(block);
	for (uint32_t at = 0; at < block_size;) {
		struct ext2_entry *entry =
			(void *)(good + (size_t)block * block_size + at);

		place_add(&entry->ino, 4);
		place_add(&entry->nbytes, 2);
		place_add(&entry->nname, 1);
		place_add(&entry->type, 1);
		place_add(&entry->name[0], 1);
		at += entry->nbytes;
	}
}

static void find_in_inode(struct ext2_raw_inode *raw)
{
	bool short_link = (raw->mode & S_IFMT) == S_IFLNK && !raw->nsectors;

	/* The fields that decide something, several times over. */
	for (unsigned i = 0; i < 2; i++) {
		place_add(&raw->mode, 2);
		place_add(&raw->size, 4);
		place_add(&raw->size_high, 4);
		place_add(&raw->nlink, 2);
		place_add(&raw->nsectors, 4);
		place_add(&raw->flags, 4);
		place_add(&raw->attributes, 4);
	}
	for (unsigned i = 0; i < EXT2_NSLOTS; i++)
		place_add(&raw->block[i], 4);
	for (unsigned i = 0; i < EXT2_NSLOTS && !short_link; i++) {
		if (!raw->block[i])
			continue;
		if (i >= EXT2_INDIRECT)
			find_in_map(raw->block[i], i - EXT2_INDIRECT + 1);
		else if ((raw->mode & S_IFMT) == S_IFDIR)
			find_in_dir(raw->block[i]);
	}
}

/* The head of each block of the journal that inode 8 names directly. */
static void find_in_journal(const struct ext2_raw_inode *raw)
{
	for (unsigned i = 0; i < 4; i++) {
		place_add(&sb->compat, 4);
		place_add(&sb->incompat, 4);
		place_add(&sb->journal_ino, 4);
		place_add(&sb->last_orphan, 4);
	}
	for (unsigned i = 0; i < 4 * EXT2_NDIRECT; i++)
		for (unsigned j = 0; j < 16 && nplaces < PLACES_MAX; j++) {
			uint32_t block = raw->block[i % EXT2_NDIRECT];

			place_add((uint32_t *)block_at(block) + j, 4);
			places[nplaces - 1].big = true;
		}
}

static void find_in_group(struct ext2_group *group, bool first)
{
	uint32_t inode_size = sb->revision ? sb->inode_size : 128;

	for (unsigned i = 0; i < 4; i++) {
		place_add(&group->block_bitmap, 4);
		place_add(&group->inode_bitmap, 4);
		place_add(&group->inode_table, 4);
		place_add(&group->nfree_blocks, 2);
		place_add(&group->nfree_inodes, 2);
	}
	block_add(group->block_bitmap);
	block_add(group->inode_bitmap);
	block_add(group->inode_table);
	for (unsigned i = 0; i < 40; i++) {
		place_add((uint8_t *)block_at(group->block_bitmap) + i, 1);
		if (i < 8)
			place_add((uint8_t *)block_at(group->inode_bitmap) + i,
				  1);
	}
	for (uint32_t i = 0; i < sb->inodes_per_group; i++) {
		struct ext2_raw_inode *raw =
			(void *)((uint8_t *)block_at(group->inode_table) +
				 (size_t)i * inode_size);

		bool journal = first && i == EXT2_JOURNAL_INO - 1;

		if (raw->nlink && (!first || i == 1 || i >= 10 || journal))
			find_in_inode(raw);
		if (raw->nlink && journal)
			find_in_journal(raw);
	}
}

static void find_places(void)
{
	nplaces = nblocks = 0;
	sb = (void *)(good + EXT2_SUPER_OFFSET);
	block_size = 1024u << sb->log_block_size;
	/* Every word of the super block, and those in use again and again. */
	for (unsigned i = 0; i < 352 / 4; i++)
		for (unsigned j = 0; j < (i < 27 ? 8 : 1); j++)
			place_add((uint32_t *)sb + i, 4);

	struct ext2_group *groups = block_at(sb->first_data_block + 1);
	uint32_t n = (sb->nblocks - sb->first_data_block +
		      sb->blocks_per_group - 1) /
		     sb->blocks_per_group;

	for (uint32_t g = 0; g < n; g++)
		find_in_group(&groups[g], g == 0);
}

/* --- damage --- */

static uint32_t bad_value(uint32_t old)
{
	switch (world_random(12)) {
	case 0:
		return 0;
	case 1:
		return UINT32_MAX;
	case 2:
		return sb->nblocks;
	case 3:
		return sb->nblocks - 1;
	case 4:
		return (uint32_t)world_random(sb->nblocks);
	case 5:
		return old + 1;
	case 6:
		return old - 1;
	case 7:
		return old ^ 1u << world_random(32);
	case 8:
		return (uint32_t)world_random(sb->ninodes + 3);
	case 9:
		return 1u << world_random(32);
	case 10:
		return (uint32_t)world_random(UINT32_MAX);
	}
	return blocks[world_random(nblocks)];
}

static void damage(void)
{
	for (uint64_t n = 1 + world_random(5); n > 0; n--) {
		const struct place *place = &places[world_random(nplaces)];
		uint32_t value = 0;

		memcpy(&value, world_image + place->at, place->nbytes);
		if (place->big)
			value = journal_be32(bad_value(journal_be32(value)));
		else
			value = bad_value(value);
		memcpy(world_image + place->at, &value, place->nbytes);
	}
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

	nvisits = 0;
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

static void run(const char *make, const char *folder, unsigned n)
{
	if (world_run(make, folder, folder, folder))
		fail("can't make the image");
	char path[100];

	snprintf(path, sizeof(path), "%s/image", folder);
	world_load(path);
	good_nbytes = world_disk.nsectors * SECTOR_SIZE;
	good = malloc(good_nbytes);
	memcpy(good, world_image, good_nbytes);
	find_places();
	for (unsigned i = 0; i < n; i++) {
		memcpy(world_image, good, good_nbytes);
		damage();
		world_disk.nsectors = good_nbytes / SECTOR_SIZE;
		if (world_random(50) == 0) /* a disk cut short */
			world_disk.nsectors = world_random(2000);
		use_image();
		if (world_strays)
			fail("a request outside the disk");
		if (world_in_use)
			fail("memory not given back");
	}
	free(good);
}

int main(int argc, char **argv)
{
	static const char tree[] =
		"cd %s && rm -rf t image && mkdir -p t/a/b/c t/many && "
		"for i in $(seq 1 90); do echo $i >t/many/a-file-named-$i; "
		"done && seq 1 20000 >t/big && ln t/big t/a/hard && "
		"ln -s big t/short && ln -s $(seq -s - 1 40) t/long && "
		"mkfifo t/fifo && seq 1 500 >t/a/b/c/deep && "
		"truncate -s 80M t/sparse && echo end >>t/sparse && "
		"dd if=/dev/urandom of=noise bs=1k count=5 2>/dev/null && "
		"mke2fs -q -t ext2 -d t ";
	static const char *const options[] = {
		"-b 1024 -g 512 -N 160 -O ^resize_inode image 1100K",
		"-b 1024 $REVISION_0 -N 160 image 900K",
		"-b 4096 -N 160 image 1200K",
		"-b 1024 -N 160 -j -J size=1 image 2500K && printf "
		"'jo\\njw -b 2000-2004 noise\\njw -r 2001\\njc\\n' | "
		"debugfs -w -f - image 2>/dev/null",
	};
	unsigned n = argc > 1 ? (unsigned)atoi(argv[1]) : 4000;
	char folder[] = "/tmp/ext2-hostile-XXXXXX", make[800];

	world_limit = REQUESTS_MAX;
	world_start(argc > 2 ? (unsigned)atoi(argv[2]) : 1);
	if (!mkdtemp(folder))
		fail("mkdtemp");
	for (unsigned i = 0; i < 4; i++) {
		snprintf(make, sizeof(make), "%s%s >/dev/null", tree,
			 options[i]);
		run(make, folder, n / 4);
	}
	world_run("rm -rf %s", folder);
	printf("ext2_hostile: %u passed (%u mounted, %u found corrupt)\n",
	       n / 4 * 4, nmounted, ncorrupt);
	return 0;
}
