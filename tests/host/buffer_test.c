/* host-test: tests/host/ext2_world.c fs/ext2_super.c fs/ext2_mount.c fs/ext2_alloc.c fs/ext2_map.c fs/ext2_record.c fs/ext2_inode.c fs/ext2_pages.c fs/ext2_size.c fs/ext2_dir.c fs/ext2_index.c fs/ext2_names.c fs/ext2_commit.c fs/ext2_journal.c fs/ext2_orphan.c fs/journal.c fs/journal_buffers.c fs/journal_recover.c fs/buffer.c fs/buffer_sync.c fs/inode.c fs/inode_times.c mm/radix.c kernel/lib/tree.c kernel/sync/mutex.c kernel/sync/waitq.c kernel/sync/spinlock.c */
// SPDX-License-Identifier: MIT
/*
 * buffer_test.c - the buffer cache on a disk in memory: random changes,
 * syncs, failures and forgotten blocks, against a plain array of what each
 * block must hold.
 *
 * usage: [SEED]
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "tests/host/ext2_libc.h"
#include "tests/host/ext2_world.h"

enum { NBLOCKS = 300, NBYTES = 1024 };

static uint8_t want[NBLOCKS]; /* every byte of the block */
static unsigned nchecks;

static void check(bool good, const char *what)
{
	if (!good) {
		printf("%s\n", what);
		exit(1);
	}
	nchecks++;
}

static struct buffer *get(uint64_t block)
{
	struct buffer *b;

	check(!buffer_read(&world_disk, block, NBYTES, &b), "read fails");
	return b;
}

static void change(uint64_t block, uint8_t value)
{
	struct buffer *b;

	if (world_random(2)) {
		b = get(block);
	} else {
		check(!buffer_zeroed(&world_disk, block, NBYTES, &b), "zero");
		check(b->data[0] == 0 && b->data[NBYTES - 1] == 0, "not zero");
	}
	buffer_begin(b);
	memset(b->data, value, NBYTES);
	buffer_end(b);
	buffer_put(b);
	want[block] = value;
}

static void check_disk(void)
{
	for (unsigned i = 0; i < NBLOCKS; i++)
		check(world_image[i * NBYTES] == want[i] &&
			      world_image[(i + 1) * NBYTES - 1] == want[i],
		      "the disk lacks a change");
}

static void changes_reach_the_disk_with_sync(void)
{
	for (unsigned round = 0; round < 300; round++) {
		for (uint64_t n = world_random(60); n > 0; n--)
			change(world_random(NBLOCKS),
			       (uint8_t)world_random(256));
		for (unsigned i = 0; i < 20; i++) {
			uint64_t block = world_random(NBLOCKS);
			struct buffer *b = get(block);

			check(b->data[7] == want[block],
			      "the cache lacks a change");
			buffer_put(b);
		}
		if (world_random(3) == 0)
			buffer_shrink(NULL, world_random(100));
		if (world_random(2)) {
			check(!buffer_sync(&world_disk), "sync fails");
			check_disk();
		}
	}
}

static void neighbours_share_a_request(void)
{
	check(!buffer_sync(&world_disk), "sync fails");
	for (unsigned i = 100; i < 116; i++)
		change(i, 1);
	change(200, 1);
	unsigned before = world_nrequests;

	check(!buffer_sync(&world_disk), "sync fails");
	check(world_nrequests - before <= 2, "too many requests");
	before = world_nrequests;
	check(!buffer_sync(&world_disk), "sync fails");
	check(world_nrequests == before, "clean buffers are written");
}

static void forgotten_blocks_are_not_written(void)
{
	check(!buffer_sync(&world_disk), "sync fails");
	change(5, 11);
	check(!buffer_sync(&world_disk), "sync fails");
	change(5, 22);
	buffer_forget(&world_disk, 5, NBYTES);
	check(!buffer_sync(&world_disk), "sync fails");
	check(world_image[5 * NBYTES] == 11, "a forgotten block is written");

	struct buffer *b = get(5);

	check(b->data[0] == 11, "a forgotten block is not read again");
	buffer_put(b);
	want[5] = 11;
}

static void failed_writes_are_reported_and_tried_again(void)
{
	for (unsigned round = 0; round < 100; round++) {
		for (unsigned i = 0; i < 12; i++)
			change(i * 20 + round % 20, (uint8_t)round);
		world_fail_io(1 + (unsigned)world_random(4),
			      (unsigned)world_random(6));
		int err = buffer_sync(&world_disk);

		check(err == -EIO, "an error is lost");
		world_fail_io(0, 0);
		check(!buffer_sync(&world_disk), "sync fails");
		check_disk();
	}
}

static void failed_reads_are_reported_and_tried_again(void)
{
	struct buffer *b;

	buffer_shrink(&world_disk, SIZE_MAX);
	world_fail_io(1, 0);
	check(buffer_read(&world_disk, 9, NBYTES, &b) == -EIO, "no error");
	b = get(9);
	check(b->data[0] == want[9], "wrong contents");
	buffer_put(b);
}

static void memory_is_bounded_and_not_needed(void)
{
	size_t most = 0;

	/* The world has 64 pages: a sixteenth is 16 buffers, 2 objects each. */
	for (unsigned i = 0; i < NBLOCKS; i++) {
		change(i, 3);
		most = max_u64(most, world_in_use);
	}
	check(most <= 2 * 17, "the cache grows without bounds");
	for (unsigned i = 0; i < NBLOCKS; i++) {
		world_fail_memory(1);
		buffer_put(get(i));
	}
	world_fail_memory(0);
}

int main(int argc, char **argv)
{
	world_start(argc > 1 ? (unsigned)atoi(argv[1]) : 1);
	world_image = calloc(NBLOCKS, NBYTES);
	world_disk.nsectors = NBLOCKS * NBYTES / SECTOR_SIZE;
	memory_is_bounded_and_not_needed();
	changes_reach_the_disk_with_sync();
	neighbours_share_a_request();
	forgotten_blocks_are_not_written();
	failed_writes_are_reported_and_tried_again();
	failed_reads_are_reported_and_tried_again();
	change(1, 99);
	buffer_discard(&world_disk);
	check(world_in_use == 0, "buffers are left");
	check(world_strays == 0, "a request outside the disk");
	free(world_image);
	printf("buffer: %u passed\n", nchecks);
	return 0;
}
