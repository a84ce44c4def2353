// SPDX-License-Identifier: MIT
/*
 * files.c - open, read, write, lseek, truncate: one file at a time.
 *
 * An ext2 file of more than 12 blocks has its block numbers in blocks, and
 * those in blocks again, three deep:
 *
 *	inode: 12 direct | 1 indirect | 1 double | 1 triple
 *
 * With blocks of 1 KiB the borders are at 12 KiB, 268 KiB and 64 MiB, with
 * 4 KiB at 48 KiB, 4 MiB and 4 GiB; sparse files get there at no cost.
 */

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "testlib/files.h"
#include "testlib/memory.h"
#include "testlib/where.h"

TEST(write_then_read,
     "What was written is read back, by the same descriptor and by another.")
{
	int fd = make_sparse("file", 0), other;
	char text[20] = {0};

	expect_eq(write(fd, "hello, ", 7), 7);
	expect_eq(write(fd, "world", 5), 5);
	expect_eq(read(fd, text, 20), 0);
	expect_eq(lseek(fd, 0, SEEK_SET), 0);
	expect_eq(read(fd, text, 20), 12);
	expect_string(text, "hello, world");
	other = expect_ok(open("file", O_RDONLY));
	expect_eq(read(other, text, 5), 5);
	expect_eq(read(other, text, 20), 7);
}

TEST(open_flags, "O_CREAT, O_EXCL, O_TRUNC and O_DIRECTORY do what they say.")
{
	int fd;

	expect_errno(open("file", O_RDWR), ENOENT);
	fd = expect_ok(open("file", O_RDWR | O_CREAT | O_EXCL, 0600));
	expect_eq(write(fd, "abc", 3), 3);
	expect_errno(open("file", O_RDWR | O_CREAT | O_EXCL, 0600), EEXIST);
	expect_eq(file_size(expect_ok(open("file", O_CREAT | O_RDWR, 0600))),
		  3);
	expect_eq(file_size(expect_ok(open("file", O_TRUNC | O_RDWR))), 0);
	expect_errno(open("file", O_RDONLY | O_DIRECTORY), ENOTDIR);
	expect_errno(open("missing/file", O_CREAT | O_RDWR, 0600), ENOENT);
	expect_errno(open("file/x", O_CREAT | O_RDWR, 0600), ENOTDIR);
	expect_errno(open("", O_RDONLY), ENOENT);
}

TEST(access_mode_is_respected,
     "A descriptor opened for reading can't write, one opened for writing "
     "can't read (EBADF).")
{
	char byte = 'x';
	int fd;

	make_text("file", "abc");
	fd = expect_ok(open("file", O_RDONLY));
	expect_errno(write(fd, &byte, 1), EBADF);
	expect_errno(ftruncate(fd, 0), EINVAL);
	fd = expect_ok(open("file", O_WRONLY));
	expect_errno(read(fd, &byte, 1), EBADF);
	expect_eq(fcntl(fd, F_GETFL) & O_ACCMODE, O_WRONLY);
}

TEST(folders_are_not_files,
     "A folder can't be opened for writing, read or truncated (EISDIR).")
{
	char byte;
	int fd;

	expect_ok(mkdir("folder", 0755));
	expect_errno(open("folder", O_WRONLY), EISDIR);
	expect_errno(open("folder", O_RDWR | O_CREAT, 0644), EISDIR);
	fd = expect_ok(open("folder", O_RDONLY));
	expect_errno(read(fd, &byte, 1), EISDIR);
	expect_errno(truncate("folder", 0), EISDIR);
}

TEST(append_goes_to_the_end,
     "O_APPEND writes at the end wherever the position is.")
{
	int fd = make_file("file", 10), end;

	end = expect_ok(open("file", O_WRONLY | O_APPEND));
	expect_ok(lseek(end, 0, SEEK_SET));
	expect_eq(write(end, "x", 1), 1);
	expect_eq(file_byte(fd, 10), 'x');
	expect_eq(pwrite(fd, "y", 1, 20), 1);
	expect_eq(write(end, "z", 1), 1);
	expect_eq(file_byte(fd, 21), 'z');
	expect_eq(file_byte(fd, 11), 0);
}

TEST(append_from_two_processes,
     "Two processes append 200 records each to one file: none overwrites "
     "another.")
{
	enum { N = 200 };
	int fd = expect_ok(
		open("file", O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
	int count[2] = {0};
	pid_t child = expect_ok(fork());
	char record[8];

	memset(record, child ? 'p' : 'c', 8);
	for (int i = 0; i < N; i++)
		expect_eq(write(fd, record, 8), 8);
	if (child == 0)
		_exit(0);
	expect_exit(child, 0);
	for (int i = 0; i < 2 * N; i++) {
		expect_eq(pread(fd, record, 8, i * 8), 8);
		expect_filled(record, record[0], 8);
		count[record[0] == 'p']++;
	}
	expect_eq(count[0], N);
	expect_eq(count[1], N);
}

TEST(lseek_everywhere,
     "SEEK_SET, SEEK_CUR and SEEK_END; beyond the end is allowed, before the "
     "start is EINVAL.")
{
	int fd = make_file("file", 100);

	expect_eq(lseek(fd, 0, SEEK_END), 100);
	expect_eq(lseek(fd, -10, SEEK_CUR), 90);
	expect_eq(lseek(fd, 1000, SEEK_SET), 1000);
	expect_eq(lseek(fd, 0, SEEK_CUR), 1000);
	expect_errno(lseek(fd, -1, SEEK_SET), EINVAL);
	expect_errno(lseek(fd, -1001, SEEK_CUR), EINVAL);
	expect_errno(lseek(fd, 0, 99), EINVAL);
	expect_eq(lseek(fd, 0, SEEK_CUR), 1000);
	expect_eq(file_size(fd), 100);
}

TEST(write_beyond_the_end_leaves_zeros,
     "A write after a seek past the end leaves a hole that reads as zeros and "
     "takes no blocks.")
{
	int fd = make_sparse("file", 0);
	char bytes[1000];
	struct stat st;

	expect_eq(pwrite(fd, "end", 3, 1 << 20), 3);
	expect_ok(fsync(fd));
	expect_ok(fstat(fd, &st));
	expect_eq(st.st_size, (1 << 20) + 3);
	expect_between(st.st_blocks, 1, 64);
	expect_eq(pread(fd, bytes, 1000, 500000), 1000);
	expect_filled(bytes, 0, 1000);
}

TEST(big_file_through_indirect_blocks,
     "1 MiB written in pieces of 5,000 bytes is read back in pieces of 7,000.")
{
	enum { SIZE = 1 << 20, OUT = 5000, IN = 7000 };
	static char bytes[IN];
	int fd = make_sparse("file", 0);
	size_t at;

	for (at = 0; at < SIZE; at += OUT) {
		fill_pattern(bytes, OUT, at);
		expect_eq(write(fd, bytes, OUT), OUT);
	}
	expect_eq(file_size(fd), at);
	expect_ok(lseek(fd, 0, SEEK_SET));
	for (at = 0; at + IN < SIZE; at += IN) {
		expect_eq(read(fd, bytes, IN), IN);
		expect_pattern(bytes, IN, at);
	}
}

TEST(file_reaches_every_depth_of_blocks,
     "Blocks at the borders of the direct, indirect, double and triple ranges "
     "of a sparse file keep their bytes, and are freed again.")
{
	static const off_t at[] = {
		11 << 10,    12 << 10,    267 << 10, 268 << 10,
		47 << 10,    48 << 10,    4 << 20,   (4 << 20) + (48 << 10),
		65804 << 10, 65805 << 10, 5l << 30,  9l << 30,
	};
	enum { N = sizeof(at) / sizeof(at[0]) };
	int fd = make_sparse("file", 0);

	for (int i = 0; i < N; i++)
		expect_eq(pwrite(fd, &"abcdefghijkl"[i], 1, at[i]), 1);
	for (int i = 0; i < N; i++) {
		expect_eq(file_byte(fd, at[i]), 'a' + i);
		expect_eq(file_byte(fd, at[i] - 1), 0);
	}
	expect_eq(file_size(fd), (9l << 30) + 1);
	expect_ok(ftruncate(fd, 0));
	expect_ok(ftruncate(fd, 9l << 30));
	for (int i = 0; i < N - 1; i++)
		expect_eq(file_byte(fd, at[i]), 0);
}

TEST(truncate_both_ways,
     "truncate and ftruncate shorten and lengthen; what comes back is zeros; "
     "negative lengths are EINVAL.")
{
	int fd = make_file("file", 10000);
	char bytes[5000];

	expect_ok(ftruncate(fd, 5000));
	expect_eq(file_size(fd), 5000);
	expect_eq(pread(fd, bytes, 5000, 4000), 1000);
	expect_pattern(bytes, 1000, 4000);
	expect_ok(truncate("file", 10000));
	expect_eq(pread(fd, bytes, 5000, 5000), 5000);
	expect_filled(bytes, 0, 5000);
	expect_errno(ftruncate(fd, -1), EINVAL);
	expect_errno(truncate("missing", 0), ENOENT);
}

TEST(truncate_gives_blocks_back,
     "A file of 512 KiB that is cut to nothing, and one that is removed, "
     "leave as much disk free as before.")
{
	size_t before, during;
	int fd;

	skip_on(ON_LINUX | ON_EMULATOR, "others use this disk");
	sync();
	before = disk_free();
	fd = make_file("file", 512 << 10);
	expect_ok(fsync(fd));
	during = disk_free();
	expect(during + (512 << 10) <= before);
	expect_ok(ftruncate(fd, 0));
	expect(disk_free() > during);
	expect_ok(close(fd));
	expect_ok(unlink("file"));
	sync();
	expect_eq(disk_free(), before);
}

TEST(read_at_and_write_at,
     "pread and pwrite leave the position alone; negative offsets are EINVAL.")
{
	int fd = make_file("file", 100);
	char byte;

	expect_eq(lseek(fd, 50, SEEK_SET), 50);
	expect_eq(pwrite(fd, "x", 1, 10), 1);
	expect_eq(pread(fd, &byte, 1, 10), 1);
	expect_eq(byte, 'x');
	expect_eq(lseek(fd, 0, SEEK_CUR), 50);
	expect_errno(pread(fd, &byte, 1, -1), EINVAL);
	expect_errno(pwrite(-1, &byte, 1, -1), EINVAL);
	expect_errno(pwrite(fd, &byte, 1, -1), EINVAL);
	expect_eq(pread(fd, &byte, 1, 1000), 0);
}

TEST(vectors_are_in_order,
     "writev and readv use their buffers one after the other, empty ones "
     "included.")
{
	int fd = make_sparse("file", 0);
	char a[3] = "abc", b[2] = "de", c[4] = {0}, d[4] = {0};
	struct iovec out[] = {{a, 3}, {NULL, 0}, {b, 2}};
	struct iovec in[] = {{c, 1}, {d, 4}};

	expect_eq(writev(fd, out, 3), 5);
	expect_ok(lseek(fd, 0, SEEK_SET));
	expect_eq(readv(fd, in, 2), 5);
	expect_bytes(c, "a", 1);
	expect_bytes(d, "bcde", 4);
}

TEST(zero_bytes_is_no_error,
     "read and write of 0 bytes return 0, and grow nothing.")
{
	int fd = make_file("file", 10);

	expect_eq(read(fd, NULL, 0), 0);
	expect_eq(write(fd, NULL, 0), 0);
	expect_eq(pwrite(fd, NULL, 0, 1000), 0);
	expect_eq(file_size(fd), 10);
}

TEST(stat_tells_the_truth,
     "Type, mode, links, size and inode by stat, lstat and fstat agree.")
{
	int fd = make_file("file", 5000);
	struct stat a, b, c;

	expect_ok(fstat(fd, &a));
	expect_ok(stat("file", &b));
	expect_ok(lstat("./file", &c));
	expect(S_ISREG(a.st_mode));
	expect_eq(a.st_mode & 07777, 0644);
	expect_eq(a.st_nlink, 1);
	expect_eq(a.st_size, 5000);
	expect(a.st_ino == b.st_ino && b.st_ino == c.st_ino);
	expect(a.st_dev == b.st_dev && b.st_dev == c.st_dev);
	expect(a.st_blksize >= 512);
	expect_ok(stat(".", &b));
	expect(S_ISDIR(b.st_mode));
	expect_errno(stat("missing", &b), ENOENT);
	expect_errno(stat("file/.", &b), ENOTDIR);
}

TEST(mode_bits_can_be_changed,
     "chmod and fchmod set the bits, umask takes some from new files, and the "
     "type stays.")
{
	struct stat st;
	int fd;

	umask(027);
	fd = expect_ok(open("file", O_CREAT | O_RDWR, 0666));
	expect_ok(fstat(fd, &st));
	expect_eq(st.st_mode, S_IFREG | 0640);
	expect_ok(chmod("file", 04755));
	expect_ok(fstat(fd, &st));
	expect_eq(st.st_mode, S_IFREG | 04755);
	expect_ok(fchmod(fd, 0));
	expect_ok(stat("file", &st));
	expect_eq(st.st_mode, S_IFREG);
}

TEST(times_follow_what_is_done,
     "Writing moves the modification time, chmod only the change time; "
     "utimensat sets what it is told.")
{
	struct timespec set[2] = {{.tv_sec = 1000000, .tv_nsec = 0},
				  {.tv_sec = 2000000, .tv_nsec = 0}};
	struct timespec omit[2] = {{.tv_nsec = UTIME_OMIT},
				   {.tv_nsec = UTIME_NOW}};
	int fd = make_file("file", 10);
	struct stat st;

	expect_ok(utimensat(AT_FDCWD, "file", set, 0));
	expect_ok(fstat(fd, &st));
	expect_eq(st.st_atime, 1000000);
	expect_eq(st.st_mtime, 2000000);
	expect(st.st_ctime > 2000000);
	expect_ok(fchmod(fd, 0600));
	expect_ok(fstat(fd, &st));
	expect_eq(st.st_mtime, 2000000);
	expect_eq(pwrite(fd, "x", 1, 0), 1);
	expect_ok(fstat(fd, &st));
	expect_between(st.st_mtime, time(NULL) - 10, time(NULL) + 1);
	expect_ok(utimensat(AT_FDCWD, "file", set, 0));
	expect_ok(utimensat(AT_FDCWD, "file", omit, 0));
	expect_ok(fstat(fd, &st));
	expect_eq(st.st_atime, 1000000);
	expect(st.st_mtime > 2000000);
}

static bool later(struct timespec a, struct timespec b)
{
	return a.tv_sec > b.tv_sec ||
	       (a.tv_sec == b.tv_sec && a.tv_nsec > b.tv_nsec);
}

TEST(a_second_read_is_no_new_access,
     "The time of access moves until it is after the last change, and no more "
     "until the next one, were it in the same second (relatime).")
{
	int fd = make_file("file", 10);
	struct stat before, after;
	char byte;

	do { /* Linux's clock for this has ticks of milliseconds */
		expect_eq(pread(fd, &byte, 1, 0), 1);
		expect_ok(fstat(fd, &before));
	} while (!later(before.st_atim, before.st_mtim));
	expect_eq(pread(fd, &byte, 1, 0), 1);
	expect_ok(fstat(fd, &after));
	expect(!later(after.st_atim, before.st_atim));
	expect_eq(pwrite(fd, "x", 1, 0), 1);
	do {
		expect_eq(pread(fd, &byte, 1, 0), 1);
		expect_ok(fstat(fd, &after));
	} while (!later(after.st_atim, before.st_atim));
}

TEST(access_asks_without_opening,
     "access finds what exists, and for root an x bit only where there is "
     "one.")
{
	int fd = make_file("file", 10);

	expect_ok(access("file", F_OK));
	expect_ok(access("file", R_OK | W_OK));
	expect_errno(access("file", X_OK), EACCES);
	expect_ok(fchmod(fd, 0755));
	expect_ok(access("file", X_OK));
	expect_errno(access("missing", F_OK), ENOENT);
}
