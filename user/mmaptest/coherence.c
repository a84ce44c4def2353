// SPDX-License-Identifier: MIT
/*
 * coherence.c - one page cache: a file's byte has one place in memory.
 *
 *	 read(2) ─┐                      ┌─ MAP_SHARED, this process
 *	          ├──► page of the file ◄┤
 *	write(2) ─┘          │           └─ MAP_SHARED, another process
 *	                     │ copy at the first store
 *	                     └──► MAP_PRIVATE
 *
 * So a store through any of the shared ways is seen by all the others at
 * once, without msync; and read and write work when the memory they are given
 * is a mapping of the very file they are about.
 */

#define _GNU_SOURCE
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "testlib/counter.h"
#include "testlib/fault.h"
#include "testlib/files.h"
#include "testlib/memory.h"
#include "testlib/where.h"

TEST(store_is_seen_by_read_at_once,
     "After a store to a shared mapping read(2) gives the new byte, without "
     "msync (promise 2).")
{
	int fd = make_file("file", 3 * PAGE);
	char *p = map_shared(fd, 3);

	for (int i = 0; i < 3; i++) {
		p[i * PAGE + 11] = 'A' + i;
		expect_eq(file_byte(fd, i * PAGE + 11), 'A' + i);
	}
	fd = expect_ok(open("file", O_RDONLY));
	expect_eq(file_byte(fd, PAGE + 11), 'B');
}

TEST(write_is_seen_by_the_mapping_at_once,
     "After write(2) a shared mapping, resident or not, shows the new bytes "
     "(promise 2).")
{
	int fd = make_file("file", 2 * PAGE);
	char *p = map_shared(fd, 2);

	expect_pattern(p, PAGE, 0);
	expect_eq(pwrite(fd, "new", 3, 10), 3);
	expect_bytes(p + 10, "new", 3);
	expect_eq(pwrite(fd, "too", 3, PAGE + 10), 3);
	expect_bytes(p + PAGE + 10, "too", 3);
}

TEST(shared_mappings_show_the_same_page,
     "Two mappings of one file, by two descriptors, at two addresses and "
     "offsets, are the same memory (promise 2).")
{
	int fd = make_file("file", 3 * PAGE);
	int other = expect_ok(open("file", O_RDWR));
	char *p = map_shared(fd, 3);
	char *q = expect_mapped(mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
				     MAP_SHARED, other, PAGE));

	expect_pattern(q, 2 * PAGE, PAGE);
	p[PAGE] = 'p';
	expect_eq(q[0], 'p');
	q[PAGE] = 'q';
	expect_eq(p[2 * PAGE], 'q');
}

TEST(private_stores_stay_private,
     "A store to a private mapping is seen by nobody else: not by read, nor "
     "by other mappings, nor in the file later (promise 3).")
{
	int fd = make_file("file", 2 * PAGE);
	char *mine = map_private(fd, 2), *theirs = map_private(fd, 2);
	char *shared = map_shared(fd, 2);

	expect_pattern(theirs, PAGE, 0);
	mine[0] = 'm';
	mine[PAGE] = 'm';
	expect_ok(msync(mine, 2 * PAGE, MS_SYNC));
	expect_pattern(theirs, 2 * PAGE, 0);
	expect_pattern(shared, 2 * PAGE, 0);
	unmap(mine, 2);
	expect_eq(file_byte(fd, 0), pattern(0));
	expect_eq(file_byte(fd, PAGE), pattern(PAGE));
}

TEST(private_copy_no_longer_follows_the_file,
     "After its first store a private page keeps what it had, whatever is "
     "written to the file.")
{
	int fd = make_file("file", PAGE);
	char *p = map_private(fd, 1);

	p[1] = 'p';
	expect_eq(pwrite(fd, "zz", 2, 0), 2);
	expect_eq(p[0], (char)pattern(0));
	expect_eq(p[1], 'p');
}

TEST(private_page_not_written_follows_the_file,
     "A private page that was only read is still the cache's page, as on "
     "Linux: write(2) shows in it.")
{
	int fd = make_file("file", PAGE);
	char *p = map_private(fd, 1);

	expect_pattern(p, PAGE, 0);
	expect_eq(pwrite(fd, "z", 1, 5), 1);
	expect_eq(p[5], 'z');
}

TEST(private_store_copies_one_page_once,
     "Storing to 1 of 8 resident pages of a private mapping makes exactly "
     "one copy, and storing there again none.")
{
	int fd = make_file("file", 8 * PAGE);
	char *p = map_private(fd, 8);
	struct counter copies;

	skip_unless_counted("quire_cow_copies");
	expect_pattern(p, 8 * PAGE, 0);
	copies = counter_start("quire_cow_copies");
	for (int i = 0; i < 100; i++)
		p[3 * PAGE + i] = 'c';
	/* The stack or data of a forked process may add its own. */
	expect_counted_between(&copies, 1, 3);
}

TEST(read_into_a_mapping_of_the_same_page,
     "read(2) whose buffer is an untouched mapping of the page it reads ends, "
     "with the right bytes (27).")
{
	int fd = make_file("file", 2 * PAGE);
	char *p = map_shared(fd, 2);

	expect_eq(pread(fd, p, 100, 50), 100);
	expect_pattern(p, 100, 50);
	expect_eq(pread(fd, p + PAGE, PAGE, PAGE), PAGE);
	expect_pattern(p + PAGE, PAGE, PAGE);
}

TEST(write_from_a_mapping_of_the_same_page,
     "write(2) whose buffer is an untouched mapping of the page it writes "
     "ends, with the right bytes (27).")
{
	int fd = make_file("file", 4 * PAGE);
	char *p = map_shared(fd, 4);

	expect_eq(pwrite(fd, p + PAGE, PAGE, PAGE), PAGE);
	expect_pattern(p + PAGE, PAGE, PAGE);
	expect_eq(pwrite(fd, p + 3 * PAGE, PAGE, 0), PAGE);
	expect_pattern(p, PAGE, 3 * PAGE);
}

TEST(write_from_a_mapping_across_pages,
     "write(2) of three pages to half a page further on, from an untouched "
     "private mapping of that file (27).")
{
	int fd = make_file("file", 8 * PAGE);
	char *p = map_private(fd, 8);

	expect_eq(pwrite(fd, p + 4 * PAGE, 3 * PAGE, PAGE / 2), 3 * PAGE);
	p = map_shared(fd, 8);
	expect_pattern(p, PAGE / 2, 0);
	expect_pattern(p + PAGE / 2, 3 * PAGE, 4 * PAGE);
}

TEST(append_from_a_mapping_of_the_file,
     "A file grows by write(2) from its own untouched mapping (27).")
{
	int fd = make_file("file", 2 * PAGE);
	char *p = map_shared(fd, 4);

	expect_ok(lseek(fd, 0, SEEK_END));
	expect_eq(write(fd, p, 2 * PAGE), 2 * PAGE);
	expect_pattern(p + 2 * PAGE, 2 * PAGE, 0);
	expect_eq(file_size(fd), 4 * PAGE);
}

TEST(read_into_unfaulted_memory,
     "read(2) into fresh pages, of anonymous memory and of a private "
     "mapping, faults them in by itself (25).")
{
	int fd = make_file("file", 4 * PAGE);
	char *p = map_anonymous(4), *q = map_private(fd, 4);

	expect_eq(pread(fd, p, 4 * PAGE, 0), 4 * PAGE);
	expect_pattern(p, 4 * PAGE, 0);
	expect_eq(pread(fd, q, 2 * PAGE, 2 * PAGE), 2 * PAGE);
	expect_pattern(q, 2 * PAGE, 2 * PAGE);
	expect_eq(file_byte(fd, 0), pattern(0));
}

TEST(read_into_read_only_memory_is_efault,
     "The kernel respects a mapping's rights: read(2) into a read-only page "
     "is EFAULT, and the page keeps its bytes (23).")
{
	int fd = make_file("file", PAGE);
	char *p =
		expect_mapped(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0));

	expect_pattern(p, PAGE, 0);
	expect_errno(pread(fd, p, 10, 20), EFAULT);
	expect_pattern(p, PAGE, 0);
	p = expect_mapped(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0));
	expect_errno(pread(fd, p, 10, 20), EFAULT);
	expect_pattern(p, PAGE, 0);
}

TEST(read_stops_where_memory_stops,
     "read(2) into one good page and one that is read-only gives the count of "
     "the good one (23).")
{
	int fd = make_file("file", 4 * PAGE);
	char *p = map_anonymous(2);

	skip_on(ON_EMULATOR, "qemu-user checks the whole buffer first");
	expect_ok(mprotect(p + PAGE, PAGE, PROT_READ));
	expect_eq(pread(fd, p, 2 * PAGE, 0), PAGE);
	expect_pattern(p, PAGE, 0);
	expect_filled(p + PAGE, 0, PAGE);
	expect_eq(pread(fd, p + PAGE - 10, PAGE, 100), 10);
	expect_pattern(p + PAGE - 10, 10, 100);
}

TEST(write_stops_where_memory_stops,
     "write(2) from one good page and one that is PROT_NONE writes the good "
     "one (23).")
{
	int fd = make_file("file", PAGE);
	char *p = map_anonymous(2);

	skip_on(ON_EMULATOR, "qemu-user checks the whole buffer first");
	memset(p, 'w', 2 * PAGE);
	expect_ok(mprotect(p + PAGE, PAGE, PROT_NONE));
	expect_errno(pwrite(fd, p + PAGE, 10, 0), EFAULT);
	/* From 72 bytes on Linux's riscv64 copy stops at whole words, and its
	 * write(2) then tries for ever. */
	expect_eq(pwrite(fd, p + PAGE - 30, 60, 0), 30);
	expect_eq(file_byte(fd, 29), 'w');
	expect_eq(file_byte(fd, 30), pattern(30));
}

TEST(read_past_the_mapped_files_end_is_efault,
     "A buffer in a page past the end of its file is EFAULT to read(2) and "
     "write(2), not SIGBUS (13, 25).")
{
	int fd = make_file("file", PAGE), short_one = make_sparse("short", 0);
	char *p = map_shared(short_one, 1);

	expect_errno(pread(fd, p, 10, 0), EFAULT);
	expect_errno(pwrite(fd, p, 10, 0), EFAULT);
	expect_pattern(map_shared(fd, 1), PAGE, 0);
}

TEST(vectors_gather_from_mappings,
     "writev(2) of pieces of a mapping of the same file, in reverse, and "
     "readv(2) into it.")
{
	int fd = make_file("file", 3 * PAGE), out = make_sparse("out", 0);
	char *p = map_shared(fd, 3);
	struct iovec parts[] = {{p + 2 * PAGE, PAGE}, {p + PAGE, 10}, {p, 5}};

	expect_eq(writev(out, parts, 3), PAGE + 15);
	p = map_shared(out, 2);
	expect_pattern(p, PAGE, 2 * PAGE);
	expect_pattern(p + PAGE, 10, PAGE);
	expect_pattern(p + PAGE + 10, 5, 0);
	expect_ok(lseek(fd, 0, SEEK_SET));
	expect_eq(readv(fd, parts, 3), PAGE + 15);
	expect_pattern(parts[0].iov_base, PAGE, 0);
}

TEST(two_processes_see_each_others_stores,
     "Parent and child, which mapped the file each for itself, pass a number "
     "to and fro through it.")
{
	enum { ROUNDS = 200 };
	int fd = make_sparse("file", PAGE);
	volatile int *turn = map_shared(fd, 1);
	pid_t child = expect_ok(fork());

	if (child == 0) {
		fd = expect_ok(open("file", O_RDWR));
		turn = map_shared(fd, 1);
	}
	for (int i = 0; i < ROUNDS; i++) {
		while (*turn != 2 * i + (child == 0))
			usleep(0);
		++*turn;
	}
	if (child == 0)
		_exit(0);
	expect_exit(child, 0);
	expect_eq(*turn, 2 * ROUNDS);
}

TEST(stores_of_a_killed_process_stay,
     "What a process stored to a shared mapping before SIGKILL is in the "
     "file (34; promise 5).")
{
	int fd = make_file("file", 4 * PAGE), ends[2];
	char byte;
	pid_t child;

	expect_ok(pipe(ends));
	child = expect_ok(fork());
	if (child == 0) {
		char *p = map_shared(fd, 4);

		p[0] = 'k';
		p[3 * PAGE + 1] = 'K';
		expect_eq(write(ends[1], "x", 1), 1);
		for (;;)
			pause();
	}
	expect_eq(read(ends[0], &byte, 1), 1);
	expect_ok(kill(child, SIGKILL));
	expect_killed(child, SIGKILL);
	expect_eq(file_byte(fd, 0), 'k');
	expect_eq(file_byte(fd, 3 * PAGE + 1), 'K');
	expect_eq(file_byte(fd, 1), pattern(1));
}
