/* host-test: tests/host/ext2_world.c fs/ext2_super.c fs/ext2_mount.c fs/ext2_alloc.c fs/ext2_map.c fs/ext2_record.c fs/ext2_inode.c fs/ext2_pages.c fs/ext2_size.c fs/ext2_dir.c fs/ext2_index.c fs/ext2_names.c fs/ext2_commit.c fs/ext2_journal.c fs/ext2_orphan.c fs/journal.c fs/journal_buffers.c fs/journal_recover.c fs/buffer.c fs/buffer_sync.c fs/inode.c fs/inode_times.c mm/radix.c kernel/lib/tree.c kernel/sync/mutex.c kernel/sync/waitq.c kernel/sync/spinlock.c */
// SPDX-License-Identifier: MIT
/*
 * recover - recover disks after a crash, by the kernel's own code on the host.
 *
 * recover: each line of standard input is "mount PATH" or "replay PATH": then
 * of what the mount has written only that is kept which came from the journal,
 * up to the super block that calls it empty.  The image is changed in place,
 * and the answer is a line with 0 or the errno of the mount.
 *
 * recover FOLDER: make disks, and replay the journal of each.  The folder has
 * what the disk was at first (base), what was written to it since (log: sector
 * and number of sectors, then the data), and where the journal is (journal:
 * sector, number of sectors); all numbers are of 64 bits.  Each line of
 * standard input is a disk:
 *
 *	START N WRITE... TORN N SECTOR...     (TORN is -1: none)
 *
 * It has all writes before START, these N, and of the one that is TORN only
 * the sectors named.  The answer is a line
 *
 *	DISK KEY WHY
 *
 * with a hash of the disk; of what is on it after the replay, but for the
 * journal itself; and 0, the errno of the mount, or what differs from the disk
 * that debugfs makes of it.  Its replay is e2fsck's, in a program that can do a
 * batch of them; only disks that are new are compared.
 */

#include "fs/journal_format.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "tests/host/ext2_libc.h"
#include "tests/host/ext2_world.h"

/* The super block of the journal, or NULL. */
static const struct journal_super *as_super(const uint8_t *data)
{
	const struct journal_super *s = (const void *)data;

	return s->header.magic == journal_be32(JOURNAL_MAGIC) &&
			       s->header.type == journal_be32(JOURNAL_SUPER_V2)
		       ? s
		       : NULL;
}

/* How many of the recorded writes are the replay's: up to the super block that
 * calls the journal empty, if it is not the one that takes it into use. */
static size_t replay_length(void)
{
	for (size_t n = 0; n < world_nwrites; n++) {
		const struct world_write *w = &world_writes[n];

		if (w->nbytes && as_super(w->data))
			return as_super(w->data)->start ? 0 : n + 1;
	}
	return 0;
}

/* --- one image in a file --- */

/* Mount the disk as it is, and unmount it: what is written is recorded. */
static int mount_once(void)
{
	struct super *super;

	world_record(true);
	int err = world_mount(false, &super);

	if (!err) {
		world_unmount(super);
		world_drop_pages(1);
	}
	world_record(false);
	return err;
}

static int recover(const char *path, bool replay_only)
{
	world_load(path);
	int err = mount_once();

	if (err)
		return err;
	size_t n = replay_only ? replay_length() : 0;

	if (replay_only)
		world_load(path);
	for (size_t i = 0; i < n; i++)
		if (world_writes[i].nbytes)
			memcpy(world_image +
				       world_writes[i].sector * SECTOR_SIZE,
			       world_writes[i].data, world_writes[i].nbytes);
	world_save(path);
	return 0;
}

static int serve(void)
{
	char line[300];

	while (fgets(line, sizeof(line), stdin)) {
		char *path = strchr(line, ' ');
		char *end = strchr(line, '\n');

		if (!path || !end)
			return 2;
		*path++ = *end = '\0';
		printf("%d\n", -recover(path, strcmp(line, "replay") == 0));
		fflush(stdout);
	}
	return 0;
}

/* --- the disk that is made --- */

struct write {
	uint64_t first, nsectors;
	uint8_t *data;
	uint64_t *hashes; /* of its sectors */
};

/* What a sector was. */
struct undo {
	uint64_t sector, hash;
	uint8_t data[SECTOR_SIZE];
};

static struct write *writes;
static size_t nwrites, ndone; /* of them, these are there for good */
static uint8_t *twin;         /* world_image, but for a mount's doing */
static uint64_t *hashes;      /* of its sectors */
static bool *in_journal;      /* are they? */
static uint64_t disk_hash, key;
static struct undo *undone;
static size_t nundone, undone_max;

static uint64_t hash_sector(uint64_t sector, const uint8_t *data)
{
	const uint64_t *word = (const void *)data;
	uint64_t hash = sector + 1;

	for (unsigned i = 0; i < SECTOR_SIZE / sizeof(*word); i++) {
		hash = (hash ^ word[i]) * 0x9e3779b97f4a7c15;
		hash ^= hash >> 29;
	}
	return hash;
}

static void change_hash(uint64_t sector, uint64_t hash)
{
	disk_hash ^= hashes[sector] ^ hash;
	if (!in_journal[sector])
		key ^= hashes[sector] ^ hash;
	hashes[sector] = hash;
}

static void put(uint64_t sector, const uint8_t *data, uint64_t hash)
{
	uint64_t at = sector * SECTOR_SIZE;

	if (nundone == undone_max) {
		undone_max = 2 * undone_max + 1;
		undone = realloc(undone, undone_max * sizeof(*undone));
	}
	struct undo *u = &undone[nundone++];

	u->sector = sector;
	u->hash = hashes[sector];
	memcpy(u->data, twin + at, SECTOR_SIZE);
	memcpy(twin + at, data, SECTOR_SIZE);
	memcpy(world_image + at, data, SECTOR_SIZE);
	change_hash(sector, hash);
}

static void take_back(void)
{
	while (nundone) {
		struct undo *u = &undone[--nundone];
		uint64_t at = u->sector * SECTOR_SIZE;

		memcpy(twin + at, u->data, SECTOR_SIZE);
		memcpy(world_image + at, u->data, SECTOR_SIZE);
		change_hash(u->sector, u->hash);
	}
}

static void put_sector(const struct write *w, uint64_t i)
{
	put(w->first + i, w->data + i * SECTOR_SIZE, w->hashes[i]);
}

static void put_write(const struct write *w)
{
	for (uint64_t i = 0; i < w->nsectors; i++)
		put_sector(w, i);
}

/* --- what the folder has --- */

static char folder[200];

/* A file of numbers and what they announce. */
static FILE *folder_open(const char *name)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *f = fopen(path, "rb");

	if (!f)
		panic("%s: can't open", path);
	return f;
}

static bool read_write(FILE *f, struct write *w)
{
	uint64_t header[2];

	if (fread(header, sizeof(header), 1, f) != 1)
		return false;
	w->first = header[0];
	w->nsectors = header[1];
	w->data = malloc(w->nsectors * SECTOR_SIZE + 1);
	w->hashes = malloc(w->nsectors * sizeof(*w->hashes) + 1);
	if (fread(w->data, SECTOR_SIZE, w->nsectors, f) != w->nsectors)
		panic("the log is too short");
	for (uint64_t i = 0; i < w->nsectors; i++)
		w->hashes[i] =
			hash_sector(w->first + i, w->data + i * SECTOR_SIZE);
	return true;
}

static void load_log(void)
{
	FILE *f = folder_open("log");

	for (;;) {
		if ((nwrites & (nwrites - 1)) == 0)
			writes = realloc(writes,
					 (2 * nwrites + 1) * sizeof(*writes));
		if (!read_write(f, &writes[nwrites]))
			break;
		nwrites++;
	}
	fclose(f);
}

static void load_folder(void)
{
	char path[300];
	uint64_t range[2];

	snprintf(path, sizeof(path), "%s/base", folder);
	world_load(path);
	uint64_t nsectors = world_disk.nsectors;

	twin = malloc(nsectors * SECTOR_SIZE);
	memcpy(twin, world_image, nsectors * SECTOR_SIZE);
	hashes = calloc(nsectors, sizeof(*hashes));
	in_journal = calloc(nsectors, sizeof(*in_journal));
	FILE *f = folder_open("journal");

	while (fread(range, sizeof(range), 1, f) == 1)
		memset(in_journal + range[0], true, range[1]);
	fclose(f);
	for (uint64_t i = 0; i < nsectors; i++)
		change_hash(i, hash_sector(i, twin + i * SECTOR_SIZE));
	load_log();
}

/* --- comparing replays --- */

enum { SLOTS = 16, WHY = 80, SUPER = 1024 };

/* Disks to be compared: in a file, for debugfs, and after our replay; with the
 * hashes of their sectors, so that only what differs is ever copied. */
static struct slot {
	uint8_t *theirs, *ours;
	uint64_t *their_hashes, *our_hashes;
	char *why; /* where the answer goes */
} slots[SLOTS];
static unsigned nslots;

static size_t disk_nbytes(void)
{
	return world_disk.nsectors * SECTOR_SIZE;
}

static void slot_make(struct slot *slot, const char *path)
{
	world_save(path);
	FILE *f = fopen(path, "r+b");

	slot->theirs = mmap(NULL, disk_nbytes(), 3, 1, fileno(f), 0);
	fclose(f);
	slot->ours = malloc(disk_nbytes());
	slot->their_hashes = calloc(world_disk.nsectors, sizeof(uint64_t));
	slot->our_hashes = calloc(world_disk.nsectors, sizeof(uint64_t));
}

static void slots_make(void)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/commands", folder);
	FILE *commands = fopen(path, "wb");

	for (unsigned i = 0; i < SLOTS; i++) {
		snprintf(path, sizeof(path), "%s/slot%u", folder, i);
		slot_make(&slots[i], path);
		fprintf(commands, "open -w %s\njournal_run\nclose\n", path);
	}
	fclose(commands);
}

/* Make a copy be like the disk. */
static void copy_to(uint8_t *to, uint64_t *known)
{
	for (uint64_t i = 0; i < world_disk.nsectors; i++) {
		if (known[i] == hashes[i])
			continue;
		memcpy(to + i * SECTOR_SIZE, twin + i * SECTOR_SIZE,
		       SECTOR_SIZE);
		known[i] = hashes[i];
	}
}

static void slot_compare(struct slot *slot)
{
	for (size_t at = 0; at < disk_nbytes(); at += SUPER) {
		uint64_t *known = slot->their_hashes + at / SECTOR_SIZE;
		const uint8_t *theirs = slot->theirs + at;

		if (memcmp(theirs, slot->ours + at, SUPER) == 0) {
			memcpy(known, slot->our_hashes + at / SECTOR_SIZE,
			       SUPER / SECTOR_SIZE * sizeof(*known));
			continue;
		}
		memset(known, 0, SUPER / SECTOR_SIZE * sizeof(*known));
		/* Super blocks tell who has done it, and when. */
		if (at != SUPER && !as_super(theirs))
			snprintf(slot->why, WHY,
				 "replay differs from e2fsck's at byte %lu",
				 at);
	}
}

static void slots_compare(void)
{
	world_run("debugfs -f %s/commands >%s/said 2>&1", folder, folder);
	while (nslots)
		slot_compare(&slots[--nslots]);
}

/* --- states --- */

enum { STATES = 1 << 14, LINE = 1 << 16 };

static struct state {
	uint64_t disk, key;
	char why[WHY];
} states[STATES];
static unsigned nstates;

/* On the disk with what the mount has written, up to the replay's end. */
static void put_replay(void)
{
	size_t n = replay_length();

	for (size_t i = 0; i < n; i++) {
		const struct world_write *w = &world_writes[i];

		for (uint64_t k = 0; k < w->nbytes / SECTOR_SIZE; k++) {
			const uint8_t *data = w->data + k * SECTOR_SIZE;

			put(w->sector + k, data,
			    hash_sector(w->sector + k, data));
		}
	}
}

static void replay(struct state *s)
{
	struct slot *slot = &slots[nslots++];

	copy_to(slot->theirs, slot->their_hashes);
	int err = mount_once();

	for (size_t i = 0; i < world_nwrites; i++) {
		uint64_t at = world_writes[i].sector * SECTOR_SIZE;

		memcpy(world_image + at, twin + at, world_writes[i].nbytes);
	}
	if (!err)
		put_replay();
	copy_to(slot->ours, slot->our_hashes);
	slot->why = s->why;
	snprintf(s->why, WHY, "%d", -err);
	s->key = err ? s->disk : key;
	if (nslots == SLOTS)
		slots_compare();
}

static const struct state *find_state(uint64_t disk)
{
	for (unsigned i = 0; i < nstates; i++)
		if (states[i].disk == disk)
			return &states[i];
	return NULL;
}

static void add_state(void)
{
	struct state *s = &states[nstates];
	const struct state *same = find_state(disk_hash);

	if (nstates == STATES)
		panic("too many states");
	s->disk = disk_hash;
	if (same)
		s->key = same->key; /* it has been said why */
	else
		replay(s);
	nstates++;
}

/* The state that a line describes. */
static void make_state(char *at)
{
	uint64_t start = strtoul(at, &at, 10), n = strtoul(at, &at, 10);
	char *chosen = at;

	for (; ndone < start; ndone++)
		put_write(&writes[ndone]);
	nundone = 0;
	for (uint64_t i = 0; i < n; i++)
		strtoul(at, &at, 10);
	uint64_t torn = strtoul(at, &at, 10), nsectors = strtoul(at, &at, 10);

	while (n-- > 0) {
		uint64_t w = strtoul(chosen, &chosen, 10);

		if (w != torn)
			put_write(&writes[w]);
		for (uint64_t i = 0; w == torn && i < nsectors; i++)
			put_sector(&writes[w], strtoul(at, &at, 10));
	}
}

static int replay_all(void)
{
	static char line[LINE];

	load_folder();
	slots_make();
	while (fgets(line, sizeof(line), stdin)) {
		make_state(line);
		add_state();
		take_back();
	}
	slots_compare();
	for (unsigned i = 0; i < nstates; i++)
		printf("%lx %lx %s\n", states[i].disk, states[i].key,
		       *states[i].why ? states[i].why : "0");
	return 0;
}

int main(int argc, char **argv)
{
	world_start(1);
	if (argc < 2)
		return serve();
	snprintf(folder, sizeof(folder), "%s", argv[1]);
	return replay_all();
}
