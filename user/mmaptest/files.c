// SPDX-License-Identifier: MIT
/*
 * files.c - a mapped file: which bytes are where, how far it goes, and which
 * descriptors may be mapped how.
 *
 *	   page 0      page 1      page 2      page 3
 *	|-----------|-----------|---eof.....|xxxxxxxxxxx|
 *	 file's bytes                 zeros   SIGBUS
 *
 * Also what a mapping outlives: its descriptor, its name, its neighbours.
 */

#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "testlib/counter.h"
#include "testlib/fault.h"
#include "testlib/files.h"
#include "testlib/memory.h"
#include "testlib/where.h"

TEST(private_mapping_reads_the_file,
     "MAP_PRIVATE shows the file's bytes, page after page.")
{
	int fd = make_file("file", 10 * PAGE);

	expect_pattern(map_private(fd, 10), 10 * PAGE, 0);
}

TEST(shared_mapping_reads_the_file,
     "MAP_SHARED shows the file's bytes, in any order of touching.")
{
	int fd = make_file("file", 10 * PAGE);
	char *p = map_shared(fd, 10);

	for (int i = 9; i >= 0; i--)
		expect_pattern(p + i * PAGE, PAGE, i * PAGE);
}

TEST(offset_chooses_the_page,
     "The mapping starts at the offset, for each page of the file, also a "
     "second time.")
{
	int fd = make_file("file", 6 * PAGE);

	for (int i = 5; i >= 0; i--) {
		char *p = expect_mapped(
			mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, i * PAGE));

		expect_pattern(p, PAGE, i * PAGE);
	}
}

/* Not by the C library, which refuses some offsets by itself. */
static long map_raw(int fd, long offset)
{
	return syscall(SYS_mmap, NULL, PAGE, PROT_READ, MAP_SHARED, fd, offset);
}

TEST(offset_must_be_aligned, "An offset inside a page is EINVAL (16).")
{
	int fd = make_file("file", 2 * PAGE);

	expect_errno(map_raw(fd, 1), EINVAL);
	expect_errno(map_raw(fd, PAGE / 2), EINVAL);
}

TEST(offset_is_64_bits_wide,
     "Byte 5 GiB of a sparse file is mapped, and is not byte 1 GiB (16).")
{
	int fd = make_sparse("file", 0);
	off_t far = 5l << 30;
	char *p;

	expect_eq(pwrite(fd, "near", 4, far - (4l << 30)), 4);
	expect_eq(pwrite(fd, "far", 4, far), 4);
	p = expect_mapped(
		mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, far));
	expect_string(p, "far");
	p[0] = 'F';
	expect_eq(file_byte(fd, far), 'F');
	expect_eq(file_byte(fd, far - (4l << 30)), 'n');
}

TEST(offset_plus_length_must_not_wrap,
     "What would end beyond the largest offset is EOVERFLOW (2, 16), in a file "
     "or in none.")
{
	int fd = make_file("file", PAGE);

	skip_on(ON_EMULATOR, "qemu-user 7.2 looks at the file's end first");
	expect_errno(
		mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, (off_t)-PAGE),
		EOVERFLOW);
	expect_errno(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, (off_t)-PAGE),
		     EOVERFLOW);
	expect_mapped(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, (off_t)-9 * PAGE));
}

TEST(tail_of_the_last_page_is_zeros,
     "Bytes after the end of the file, in its last page, read as zeros (12, "
     "14).")
{
	int fd = make_file("file", PAGE + 100);
	char *shared = map_shared(fd, 2), *private = map_private(fd, 2);

	/* The last page first: a fault before it would bring it along. */
	expect_filled(shared + PAGE + 100, 0, PAGE - 100);
	expect_pattern(shared, PAGE + 100, 0);
	expect_filled(private + PAGE + 100, 0, PAGE - 100);
	expect_pattern(private, PAGE + 100, 0);
}

TEST(tail_stores_do_not_grow_the_file,
     "A store after the end of the file, in its last page, never becomes "
     "part of the file (12).")
{
	int fd = make_file("file", 100);
	char *p = map_shared(fd, 1);
	char buffer[PAGE];

	memset(p + 50, 'i', 100);
	expect_ok(msync(p, PAGE, MS_SYNC));
	unmap(p, 1);
	expect_eq(file_size(fd), 100);
	expect_eq(pread(fd, buffer, PAGE, 0), 100);
	expect_pattern(buffer, 50, 0);
	expect_filled(buffer + 50, 'i', 50);
}

TEST(mapping_of_less_than_a_page,
     "A mapping of 10 bytes of a file still shows its whole first page (3).")
{
	int fd = make_file("file", PAGE);
	char *p = expect_mapped(mmap(NULL, 10, PROT_READ, MAP_SHARED, fd, 0));

	expect_pattern(p, PAGE, 0);
	expect_ok(munmap(p, 10));
	expect_fault(fault_read(p), SIGSEGV, SEGV_MAPERR, p);
}

TEST(past_the_end_is_sigbus,
     "Whole pages after the end of the file are SIGBUS (ADRERR), for loads "
     "and stores, shared and private (13).")
{
	int fd = make_file("file", PAGE + 1);
	char *shared = map_shared(fd, 4), *private = map_private(fd, 4);

	expect_no_fault(fault_read(shared + 2 * PAGE - 1));
	expect_fault(fault_read(shared + 2 * PAGE), SIGBUS, BUS_ADRERR,
		     shared + 2 * PAGE);
	expect_fault(fault_write(shared + 3 * PAGE, 1), SIGBUS, BUS_ADRERR,
		     shared + 3 * PAGE);
	expect_fault(fault_read(private + 2 * PAGE), SIGBUS, BUS_ADRERR,
		     private + 2 * PAGE);
	expect_fault(fault_write(private + 2 * PAGE, 1), SIGBUS, BUS_ADRERR,
		     private + 2 * PAGE);
	expect_eq(file_size(fd), PAGE + 1);
}

TEST(populate_stops_at_the_end_of_the_file,
     "MAP_POPULATE of more than the file has succeeds, brings in its two pages "
     "and no more, and beyond them is still SIGBUS (15).")
{
	int fd = make_sparse("file", PAGE + 10);
	struct counter cached = counter_start("nr_file_pages");
	char *p = expect_mapped(mmap(NULL, 5 * PAGE, PROT_READ,
				     MAP_SHARED | MAP_POPULATE, fd, 0));

	expect_counted_between(&cached, LONG_MIN, 2);
	expect_filled(p, 0, 2 * PAGE);
	expect_fault(fault_read(p + 2 * PAGE), SIGBUS, BUS_ADRERR,
		     p + 2 * PAGE);
}

TEST(empty_file_can_be_mapped,
     "A mapping of an empty file is SIGBUS all over, until the file grows "
     "(13).")
{
	int fd = make_sparse("file", 0);
	char *p = map_shared(fd, 1);

	expect_fault(fault_read(p), SIGBUS, BUS_ADRERR, p);
	expect_eq(pwrite(fd, "x", 1, 0), 1);
	expect_eq(*p, 'x');
}

TEST(mapping_becomes_valid_when_the_file_grows,
     "A page that was SIGBUS works after ftruncate or write made the file "
     "long enough (13).")
{
	int fd = make_file("file", PAGE);
	char *p = map_shared(fd, 3);

	expect_fault(fault_read(p + PAGE), SIGBUS, BUS_ADRERR, p + PAGE);
	expect_ok(ftruncate(fd, 2 * PAGE));
	expect_filled(p + PAGE, 0, PAGE);
	expect_fault(fault_read(p + 2 * PAGE), SIGBUS, BUS_ADRERR,
		     p + 2 * PAGE);
	expect_eq(pwrite(fd, "y", 1, 2 * PAGE + 7), 1);
	expect_eq(p[2 * PAGE + 7], 'y');
}

TEST(truncate_takes_the_pages_away,
     "Pages that were resident are SIGBUS after the file became shorter, and "
     "zeros, not the old bytes, when it grows again (12, 18).")
{
	int fd = make_file("file", 4 * PAGE);
	char *p = map_shared(fd, 4);

	expect_pattern(p, 4 * PAGE, 0);
	p[3 * PAGE] = 'd';
	expect_ok(ftruncate(fd, 2 * PAGE));
	expect_fault(fault_read(p + 2 * PAGE), SIGBUS, BUS_ADRERR,
		     p + 2 * PAGE);
	expect_fault(fault_write(p + 3 * PAGE, 1), SIGBUS, BUS_ADRERR,
		     p + 3 * PAGE);
	expect_pattern(p, 2 * PAGE, 0);
	expect_ok(ftruncate(fd, 4 * PAGE));
	expect_filled(p + 2 * PAGE, 0, 2 * PAGE);
}

TEST(truncate_zeroes_the_tail_of_the_last_page,
     "A file cut in the middle of a page, then made longer, has zeros there, "
     "in the mapping and for read (12).")
{
	int fd = make_file("file", 2 * PAGE);
	char *p = map_shared(fd, 2);
	char buffer[PAGE];

	expect_pattern(p, 2 * PAGE, 0);
	expect_ok(ftruncate(fd, PAGE / 2));
	expect_pattern(p, PAGE / 2, 0);
	expect_filled(p + PAGE / 2, 0, PAGE / 2);
	expect_ok(ftruncate(fd, 2 * PAGE));
	expect_filled(p + PAGE / 2, 0, PAGE + PAGE / 2);
	expect_eq(pread(fd, buffer, PAGE, PAGE / 2), PAGE);
	expect_filled(buffer, 0, PAGE);
}

TEST(truncate_takes_private_copies_too,
     "A page of a private mapping that had been written, and so was a copy, "
     "is SIGBUS past the new end as well (18).")
{
	int fd = make_file("file", 2 * PAGE);
	char *p = map_private(fd, 2);

	p[PAGE] = 'c';
	expect_ok(ftruncate(fd, PAGE));
	expect_fault(fault_read(p + PAGE), SIGBUS, BUS_ADRERR, p + PAGE);
	expect_pattern(p, PAGE, 0);
}

TEST(truncate_to_the_same_size_keeps_stores,
     "ftruncate to the size the file has loses no store that was made "
     "through a mapping (33).")
{
	int fd = make_file("file", PAGE);
	char *p = map_shared(fd, 1);

	p[9] = 's';
	expect_ok(ftruncate(fd, PAGE));
	expect_eq(p[9], 's');
	unmap(p, 1);
	expect_eq(file_byte(fd, 9), 's');
}

TEST(mapping_survives_close,
     "Closing the descriptor leaves the mapping as it is, also its pages "
     "that were not resident yet (35).")
{
	int fd = make_file("file", 4 * PAGE);
	char *p = map_shared(fd, 4);

	expect_pattern(p, PAGE, 0);
	expect_ok(close(fd));
	expect_pattern(p, 4 * PAGE, 0);
	p[PAGE] = 'c';
	unmap(p, 4);
	fd = expect_ok(open("file", O_RDONLY));
	expect_eq(file_byte(fd, PAGE), 'c');
}

TEST(mapping_survives_unlink,
     "A file without a name lives while it is mapped: loads, stores and "
     "msync go on (35).")
{
	int fd = make_file("file", 4 * PAGE);
	char *p = map_shared(fd, 4);

	expect_ok(unlink("file"));
	expect_ok(close(fd));
	expect_errno(open("file", O_RDONLY), ENOENT);
	expect_pattern(p, 4 * PAGE, 0);
	p[2 * PAGE] = 'u';
	expect_ok(msync(p, 4 * PAGE, MS_SYNC));
	expect_eq(p[2 * PAGE], 'u');
}

TEST(mapping_follows_the_file_not_the_name,
     "After a rename, and a new file under the old name, the mapping is of "
     "the old file.")
{
	int fd = make_file("file", PAGE);
	char *p = map_shared(fd, 1);

	expect_ok(rename("file", "moved"));
	make_text("file", "new");
	p[0] = 'm';
	fd = expect_ok(open("moved", O_RDONLY));
	expect_eq(file_byte(fd, 0), 'm');
	fd = expect_ok(open("file", O_RDONLY));
	expect_eq(file_byte(fd, 0), 'n');
}

TEST(half_a_mapping_keeps_the_file_alive,
     "A mapping is cut in two and one half unmapped: the other holds the "
     "closed, nameless file (4, 41).")
{
	int fd = make_file("file", 6 * PAGE);
	char *p = map_shared(fd, 6);

	expect_ok(unlink("file"));
	expect_ok(close(fd));
	unmap(p, 2);
	unmap(p + 3 * PAGE, 1);
	expect_pattern(p + 4 * PAGE, 2 * PAGE, 4 * PAGE);
	unmap(p + 4 * PAGE, 2);
	expect_pattern(p + 2 * PAGE, PAGE, 2 * PAGE);
}

TEST(write_only_descriptor_cannot_be_mapped,
     "A descriptor that was opened only for writing is EACCES, for any kind "
     "of mapping (21).")
{
	int fd;

	make_file("file", PAGE);
	fd = expect_ok(open("file", O_WRONLY));
	expect_errno(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0), EACCES);
	expect_errno(mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, fd, 0), EACCES);
	expect_errno(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0), EACCES);
	expect_errno(mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE, fd, 0), EACCES);
}

TEST(read_only_descriptor_cannot_be_shared_writable,
     "MAP_SHARED with PROT_WRITE on a read-only descriptor is EACCES, at mmap "
     "and at a later mprotect (21).")
{
	int fd;
	char *p;

	make_file("file", PAGE);
	fd = expect_ok(open("file", O_RDONLY));
	expect_errno(
		mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0),
		EACCES);
	p = expect_mapped(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0));
	expect_errno(mprotect(p, PAGE, PROT_READ | PROT_WRITE), EACCES);
	expect_fault(fault_write(p, 1), SIGSEGV, SEGV_ACCERR, p);
	expect_pattern(p, PAGE, 0);
}

TEST(read_only_descriptor_can_be_private_writable,
     "MAP_PRIVATE with PROT_WRITE on a read-only descriptor is fine: the "
     "stores are not the file's (21).")
{
	int fd;
	char *p;

	make_file("file", PAGE);
	fd = expect_ok(open("file", O_RDONLY));
	p = map_private(fd, 1);
	p[0] = 'p';
	expect_eq(file_byte(fd, 0), pattern(0));
	p = expect_mapped(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0));
	expect_ok(mprotect(p, PAGE, PROT_READ | PROT_WRITE));
	p[1] = 'p';
	expect_eq(file_byte(fd, 1), pattern(1));
}

TEST(what_is_no_file_cannot_be_mapped,
     "Descriptors that are closed are EBADF; folders and pipes are ENODEV.")
{
	int ends[2];
	int folder = expect_ok(open(".", O_RDONLY | O_DIRECTORY));

	expect_ok(pipe(ends));
	expect_errno(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, 999, 0), EBADF);
	expect_errno(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, -1, 0), EBADF);
	expect_errno(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, folder, 0),
		     ENODEV);
	expect_errno(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, ends[0], 0),
		     ENODEV);
}

TEST(mmap_of_a_file_reads_nothing,
     "Mapping a file costs no fault and no frame; touching one page of it "
     "brings a bounded part of it (promise 1).")
{
	enum { N = 512 };
	struct counter nfree, faults;
	int fd = make_sparse("file", N * PAGE);
	char *p;

	skip_unless_counted("nr_free_pages");
	sync(); /* or blocks of the disk may become free meanwhile */
	nfree = counter_start("nr_free_pages");
	faults = counter_start("pgfault");
	p = map_shared(fd, N);
	expect_counted_between(&faults, 0, 8);
	expect_counted_between(&nfree, -4, 4);
	expect_eq(p[N / 2 * PAGE], 0);
	expect_counted_between(&nfree, -64, 4);
}
