// SPDX-License-Identifier: MIT
/*
 * space.c - the end of the disk: no blocks left, no inodes left.
 *
 * Only small filesystems are filled, and nobody else's.  What counts is what
 * comes after: the files that were there are whole, and when something is
 * removed there is room again.
 */

#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "testlib/counter.h"
#include "testlib/files.h"
#include "testlib/where.h"

enum { CHUNK = 256 << 10 };

static char chunk[CHUNK];

/* Write until nothing more fits; returns the size. */
static off_t fill(int fd)
{
	for (size_t n = CHUNK; n >= 1; n /= 4)
		while (write(fd, chunk, n) > 0)
			;
	expect_eq(errno, ENOSPC);
	return file_size(fd);
}

static void skip_unless_small(void)
{
	skip_on(ON_EMULATOR, "it is the host's disk");
	if (disk_free() > 128ul << 20)
		skip("the disk has more than 128 MiB free");
}

TEST(full_disk_is_enospc,
     "Writing until the disk is full ends in ENOSPC; all that was written is "
     "there, and removing it makes room.")
{
	char bytes[4096];
	off_t size;
	int fd, other, rest;

	skip_unless_small();
	other = make_file("other", 3 * PAGE);
	fd = make_sparse("file", 0);
	rest = make_sparse("rest", 0);
	memset(chunk, 'f', CHUNK);
	size = fill(fd);
	expect(size > 0);
	/* One block may be left: too few for a map block and what it names. */
	fill(rest);
	if (!disk_in_memory()) /* where it costs no block */
		expect_errno(mkdir("folder", 0755), ENOSPC);
	expect_errno(pwrite(other, chunk, CHUNK, 64 * PAGE), ENOSPC);
	/* What was not written does not show when the file grows. */
	expect_ok(ftruncate(other, 65 * PAGE));
	expect_eq(pread(other, bytes, 4096, 64 * PAGE), 4096);
	expect_filled(bytes, 0, 4096);
	expect_eq(pread(other, bytes, 4096, PAGE), 4096);
	expect_pattern(bytes, 4096, PAGE);
	for (off_t at = 0; at + 4096 <= size; at += size / 16 + 1) {
		expect_eq(pread(fd, bytes, 4096, at), 4096);
		expect_filled(bytes, 'f', 4096);
	}
	expect_ok(close(fd));
	expect_ok(unlink("file"));
	expect_ok(mkdir("folder", 0755));
	fd = make_file("file", 64 * PAGE);
	expect_ok(fsync(fd));
}

TEST(overwriting_a_full_disk_works,
     "On a full disk the blocks that a file has can be written again.")
{
	int fd;
	off_t size;

	skip_unless_small();
	fd = make_sparse("file", 0);
	size = fill(fd);
	memset(chunk, 'n', CHUNK);
	expect_eq(pwrite(fd, chunk, CHUNK, 0), CHUNK);
	expect_eq(pwrite(fd, chunk, CHUNK, size / 2), CHUNK);
	expect_ok(fsync(fd));
	expect_eq(file_byte(fd, size / 2), 'n');
	expect_eq(file_size(fd), size);
}

TEST(blocks_freed_by_one_serve_another,
     "A full disk is emptied and filled again three times: as much fits each "
     "time.")
{
	off_t first = 0;

	skip_unless_small();
	if (disk_free() > 64ul << 20)
		skip("the disk has more than 64 MiB free");
	for (int round = 0; round < 3; round++) {
		int fd = make_sparse("file", 0);
		off_t size = fill(fd);

		if (round == 0)
			first = size;
		expect_between(size, first - (64 << 10), first + (64 << 10));
		expect_ok(close(fd));
		expect_ok(unlink("file"));
	}
}

TEST(blocks_are_free_when_the_last_close_returns,
     "A removed file's blocks are free as soon as it is closed, also while a "
     "sync is writing it.")
{
	size_t before;
	pid_t syncer;

	skip_on(ON_EMULATOR | ON_LINUX, "others use this disk");
	make_text("other", "so that the folder has its block");
	sync();
	before = disk_free();
	syncer = expect_ok(fork());
	while (syncer == 0)
		sync();
	for (int i = 0; i < 30; i++) {
		int fd = make_sparse("file", 0);

		for (int j = 0; j < 8; j++)
			expect_eq(write(fd, chunk, CHUNK), CHUNK);
		expect_ok(fsync(fd));
		expect_eq(pwrite(fd, chunk, CHUNK, 0), CHUNK);
		expect_ok(unlink("file"));
		expect_ok(close(fd));
		expect_eq(disk_free(), before);
	}
	kill(syncer, SIGKILL);
	expect_killed(syncer, SIGKILL);
}

TEST(out_of_inodes_is_enospc,
     "Files are made until there is no inode left: ENOSPC; they are removed, "
     "and all inodes are free again.")
{
	size_t before, n;
	char name[20];

	skip_on(ON_EMULATOR | ON_LINUX, "others use this disk");
	before = inodes_free();
	if (before > 20000)
		skip("the disk has more than 20,000 inodes");
	for (n = 0; n <= before; n++) {
		int fd;

		snprintf(name, sizeof(name), "%zu", n);
		fd = open(name, O_CREAT | O_EXCL | O_WRONLY, 0644);
		if (fd == -1)
			break;
		expect_ok(close(fd));
	}
	expect_eq(errno, ENOSPC);
	expect_eq(n, before);
	expect_errno(mkdir("folder", 0755), ENOSPC);
	expect_errno(symlink("a", "b"), ENOSPC);
	for (size_t i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%zu", i);
		expect_ok(unlink(name));
	}
	expect_eq(inodes_free(), before);
	make_text("file", "again");
}
