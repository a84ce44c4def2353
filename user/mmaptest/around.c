// SPDX-License-Identifier: MIT
/*
 * around.c - a read fault on a file may bring the page's neighbours along.
 *
 * Where it does, nothing else may change: the neighbours end where the file,
 * the mapping and the rights do, private copies stay, and what comes along
 * goes with a truncation.
 */

#define _GNU_SOURCE
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "testlib/fault.h"
#include "testlib/files.h"
#include "testlib/memory.h"
#include "testlib/where.h"

static long faults(void)
{
	struct rusage usage;

	expect_ok(getrusage(RUSAGE_SELF, &usage));
	return usage.ru_minflt + usage.ru_majflt;
}

TEST(cached_pages_come_in_groups,
     "Reading 256 cached pages of a file in order takes far fewer faults.")
{
	int fd = make_file("file", 256 * PAGE);
	char *p = map_shared(fd, 256);
	long before;

	skip_on(ON_EMULATOR, "the host counts its own faults");
	skip_if_memory_is_short();
	before = faults();
	expect_pattern(p, 256 * PAGE, 0);
	expect(faults() - before <= 64);
}

TEST(neighbours_end_with_the_file,
     "What comes along ends with the file: behind it is SIGBUS, and its last "
     "page's tail is zeros (12, 13, 15).")
{
	int fd = make_file("file", 5 * PAGE + 100);
	char *p = map_shared(fd, 16);

	expect_eq((unsigned char)p[0], pattern(0));
	expect_filled(p + 5 * PAGE + 100, 0, PAGE - 100);
	for (int i = 6; i < 16; i++)
		expect_fault(fault_read(p + i * PAGE), SIGBUS, BUS_ADRERR,
			     p + i * PAGE);
}

TEST(neighbours_go_with_a_truncation,
     "Pages that came along are gone when the file shrinks, and zeros when it "
     "grows again (18).")
{
	int fd = make_file("file", 16 * PAGE);
	char *p = map_shared(fd, 16);

	expect_eq((unsigned char)p[0], pattern(0));
	expect_ok(ftruncate(fd, 2 * PAGE));
	for (int i = 2; i < 16; i++)
		expect_fault(fault_read(p + i * PAGE), SIGBUS, BUS_ADRERR,
			     p + i * PAGE);
	expect_ok(ftruncate(fd, 16 * PAGE));
	expect_filled(p + 2 * PAGE, 0, 14 * PAGE);
	expect_pattern(p, 2 * PAGE, 0);
}

TEST(neighbours_respect_private_copies,
     "A read fault leaves the private copies among its neighbours alone, and "
     "does not open a way to write to the file's pages.")
{
	int fd = make_file("file", 16 * PAGE);
	char *p = map_private(fd, 16);

	p[3 * PAGE] = 'c';
	expect_eq((unsigned char)p[0], pattern(0));
	expect_eq(p[3 * PAGE], 'c');
	for (int i = 0; i < 16; i++)
		p[i * PAGE + 1] = 'p';
	for (int i = 0; i < 16; i++)
		expect_eq(file_byte(fd, i * PAGE + 1), pattern(i * PAGE + 1));
	expect_eq(p[3 * PAGE], 'c');
}

TEST(neighbours_have_their_own_mappings_rights,
     "Nothing comes along into the mapping next to it, whatever its rights "
     "and its file.")
{
	int fd = make_file("file", 16 * PAGE);
	int other = make_file("other", 16 * PAGE);
	char *p = map_shared(fd, 16);

	expect_mapped(mmap(p + 4 * PAGE, 4 * PAGE, PROT_READ,
			   MAP_SHARED | MAP_FIXED, other, 0));
	expect_ok(mprotect(p + 12 * PAGE, 4 * PAGE, PROT_NONE));
	expect_pattern(p, 4 * PAGE, 0);
	expect_pattern(p + 4 * PAGE, 4 * PAGE, 0);
	expect_pattern(p + 8 * PAGE, 4 * PAGE, 8 * PAGE);
	expect_fault(fault_read(p + 12 * PAGE), SIGSEGV, SEGV_ACCERR,
		     p + 12 * PAGE);
	expect_fault(fault_write(p + 4 * PAGE, 1), SIGSEGV, SEGV_ACCERR,
		     p + 4 * PAGE);
}

TEST(stores_to_neighbours_reach_the_file,
     "A page that came along read-only or not: a store to it is written back.")
{
	int fd = make_sparse("file", 16 * PAGE);
	char *p = map_shared(fd, 16);

	expect_filled(p, 0, 16 * PAGE);
	for (int i = 0; i < 16; i += 3)
		p[i * PAGE] = 's';
	expect_ok(msync(p, 16 * PAGE, MS_SYNC));
	for (int i = 0; i < 16; i++)
		expect_eq(file_byte(fd, i * PAGE), i % 3 ? 0 : 's');
}
