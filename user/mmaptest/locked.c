// SPDX-License-Identifier: MIT
/*
 * locked.c - memory that is there before it is touched, and stays: mlock and
 * its kin, MAP_LOCKED, MAP_POPULATE.
 *
 * That a page is there is asked of mincore; what is locked, of VmLck in
 * /proc/self/status.
 */

#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "testlib/counter.h"
#include "testlib/fault.h"
#include "testlib/files.h"
#include "testlib/memory.h"
#include "testlib/where.h"

enum { BOTH = PROT_READ | PROT_WRITE, ANONYMOUS = MAP_PRIVATE | MAP_ANONYMOUS };

/* How many of @npages are resident. */
static size_t resident(void *at, size_t npages)
{
	unsigned char vec[64];
	size_t n = 0;

	expect(npages <= sizeof(vec));
	expect_ok(mincore(at, npages * PAGE, vec));
	for (size_t i = 0; i < npages; i++)
		n += vec[i] & 1;
	return n;
}

/* Pages that this process has locked, by the kernel's own account. */
static long locked(void)
{
	char line[256];
	long kib = -1;
	FILE *f = fopen("/proc/self/status", "r");

	expect(f != NULL);
	while (kib < 0 && fgets(line, sizeof(line), f))
		sscanf(line, "VmLck: %ld kB", &kib);
	fclose(f);
	expect(kib >= 0);
	return kib / (PAGE / 1024);
}

/* Here it is ours alone, and starts at 0. */
static void skip_unless_accounted(void)
{
	skip_on(ON_EMULATOR, "what the host's process has locked is not ours");
}

static char *map_with(int flags, int prot, size_t npages)
{
	return expect_mapped(
		mmap(NULL, npages * PAGE, prot, ANONYMOUS | flags, -1, 0));
}

TEST(mlock_brings_pages_in, "mlock makes every page of the range resident, "
			    "and those around it not (3).")
{
	char *p = map_anonymous(6);

	expect_eq(resident(p, 6), 0);
	expect_ok(mlock(p + PAGE + 100, 2 * PAGE));
	expect_eq(resident(p, 1), 0);
	expect_eq(resident(p + PAGE, 3), 3);
	expect_eq(resident(p + 4 * PAGE, 2), 0);
	expect_filled(p, 0, 6 * PAGE);
}

TEST(mlock_is_accounted,
     "VmLck counts each page once, however often it is locked, and munlock of "
     "a part or munmap takes off what went.")
{
	char *p = map_anonymous(8);

	skip_unless_accounted();
	expect_eq(locked(), 0);
	expect_ok(mlock(p, 6 * PAGE));
	expect_ok(mlock(p + PAGE, PAGE));
	expect_eq(locked(), 6);
	expect_ok(munlock(p + PAGE, PAGE + 1));
	expect_eq(locked(), 4);
	unmap(p, 4);
	expect_eq(locked(), 2);
	expect_ok(munlock(p + 4 * PAGE, 4 * PAGE));
	expect_eq(locked(), 0);
}

TEST(mlock_cuts_and_munlock_merges,
     "Intervals that differ in being locked are not merged; unlocked again "
     "they are one (7).")
{
	char *p = reserve(5);

	skip_unless_maps_tell();
	expect_ok(mlock2(p + PAGE, PAGE, MLOCK_ONFAULT));
	expect_eq(map_lines_in(p, 5), 3);
	expect_ok(mlock2(p + 2 * PAGE, PAGE, MLOCK_ONFAULT));
	expect_eq(map_lines_in(p, 5), 3);
	expect_ok(munlock(p, 5 * PAGE));
	expect_eq(map_lines_in(p, 5), 1);
}

TEST(mlock_over_a_hole_is_enomem,
     "Across a hole mlock and munlock return ENOMEM; what lies before it is "
     "locked (5).")
{
	char *p = map_anonymous(4);

	unmap(p + 2 * PAGE, 1);
	expect_errno(mlock(p, 4 * PAGE), ENOMEM);
	expect_errno(mlock(p + 2 * PAGE, 2 * PAGE), ENOMEM);
	if (where() != ON_EMULATOR)
		expect_eq(locked(), 2);
	expect_errno(munlock(p, 4 * PAGE), ENOMEM);
	if (where() != ON_EMULATOR)
		expect_eq(locked(), 0);
	expect_errno(munlock(p + 2 * PAGE, PAGE), ENOMEM);
}

TEST(mlock_of_what_cannot_be_had_is_enomem,
     "PROT_NONE, and pages past the end of a file, are ENOMEM (15); read-only "
     "and write-only memory can be locked.")
{
	int fd = make_file("file", PAGE);
	char *p = map_shared(fd, 2);

	expect_errno(mlock(p, 2 * PAGE), ENOMEM);
	expect_errno(mlock(map_with(0, PROT_NONE, 1), PAGE), ENOMEM);
	expect_ok(mlock(p, PAGE));
	expect_ok(mlock(map_with(0, PROT_READ, 1), PAGE));
	expect_ok(mlock(map_with(0, PROT_WRITE, 1), PAGE));
}

TEST(mlock_refuses_bad_arguments,
     "A wrapping range, and unknown flags of mlock2 and mlockall, are EINVAL; "
     "length 0 is nothing (2).")
{
	char *p = map_anonymous(1);

	if (where() != ON_EMULATOR) /* 7.2 lacks it */
		expect_errno(mlock2(p, PAGE, 2), EINVAL);
	expect_errno(mlockall(0), EINVAL);
	expect_errno(mlockall(MCL_ONFAULT), EINVAL);
	expect_errno(mlockall(8), EINVAL);
	expect_ok(mlock(p + 1, 0));
	if (where() != ON_EMULATOR) { /* whose addresses are not the host's */
		expect_errno(mlock(p, -(size_t)p - 2 * PAGE), ENOMEM);
		expect_errno(mlock(p, -(size_t)2 * PAGE), EINVAL);
	}
}

TEST(mlock_makes_private_copies_now,
     "Locking writable private pages of a file copies them, so that no store "
     "faults; the file's bytes are in them.")
{
	int fd = make_file("file", 3 * PAGE);
	char *p = map_private(fd, 3);
	struct counter copies;

	expect_ok(mlock(p, 3 * PAGE));
	copies = counter_start("quire_fault_file_write");
	p[PAGE] = 'm';
	expect_counted(&copies, 0);
	expect_eq(file_byte(fd, PAGE), pattern(PAGE));
	expect_pattern(p + 2 * PAGE, PAGE, 2 * PAGE);
}

TEST(mlock_ends_at_what_cannot_be_had,
     "Behind PROT_NONE nothing is brought in any more; but it is locked, and "
     "filled once mprotect lets it be written.")
{
	char *p = map_anonymous(4);

	expect_ok(mprotect(p + PAGE, 2 * PAGE, PROT_NONE));
	expect_errno(mlock(p, 4 * PAGE), ENOMEM);
	expect_eq(resident(p, 1), 1);
	expect_eq(resident(p + 3 * PAGE, 1), 0);
	if (where() != ON_EMULATOR)
		expect_eq(locked(), 4);
	expect_ok(mprotect(p, 2 * PAGE, BOTH));
	expect_eq(resident(p, 2), 2);
	expect_eq(resident(p + 3 * PAGE, 1), 0);
	expect_filled(p, 0, 2 * PAGE);
}

TEST(mprotect_copies_locked_pages_now,
     "Locked private pages of a file are copied when they become writable, and "
     "do not show what is written to the file then; with ONFAULT they do.")
{
	int fd = make_file("file", 3 * PAGE);
	char *p = expect_mapped(
		mmap(NULL, 3 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0));

	skip_on(ON_EMULATOR, "qemu-user 7.2 has no mlock2");
	expect_ok(mlock(p, 2 * PAGE));
	expect_ok(mlock2(p + 2 * PAGE, PAGE, MLOCK_ONFAULT));
	expect_ok(mprotect(p + PAGE, 2 * PAGE, BOTH));
	for (int page = 0; page < 3; page++)
		expect_eq(pwrite(fd, "", 1, page * PAGE), 1);
	expect_eq(p[0], 0);
	expect_eq(p[PAGE], pattern(PAGE));
	expect_eq(p[2 * PAGE], 0);
}

TEST(mlock_onfault_waits_for_the_touch,
     "With MLOCK_ONFAULT nothing is brought in, and each page stays once it "
     "was touched.")
{
	char *p = map_anonymous(4);

	skip_on(ON_EMULATOR, "qemu-user 7.2 has no mlock2");
	expect_ok(mlock2(p, 4 * PAGE, MLOCK_ONFAULT));
	expect_eq(resident(p, 4), 0);
	p[2 * PAGE] = 1;
	expect_eq(resident(p, 4), 1);
	expect_ok(mlock2(p, 4 * PAGE, 0));
	expect_eq(resident(p, 4), 4);
}

TEST(locked_pages_are_not_thrown_away,
     "madvise DONTNEED, FREE, COLD and PAGEOUT of locked memory are EINVAL, "
     "and its bytes stay; DONTNEED_LOCKED means it.")
{
	char *p = map_anonymous(2);

	skip_on(ON_EMULATOR, "qemu-user 7.2 does not pass on the advice");
	memset(p, 'l', 2 * PAGE);
	expect_ok(mlock(p, PAGE));
	expect_errno(madvise(p, 2 * PAGE, MADV_DONTNEED), EINVAL);
	expect_errno(madvise(p, PAGE, MADV_FREE), EINVAL);
	expect_errno(madvise(p, PAGE, MADV_COLD), EINVAL);
	expect_errno(madvise(p, PAGE, MADV_PAGEOUT), EINVAL);
	expect_filled(p, 'l', 2 * PAGE);
#ifdef MADV_DONTNEED_LOCKED
	expect_ok(madvise(p, 2 * PAGE, MADV_DONTNEED_LOCKED));
	expect_filled(p, 0, 2 * PAGE);
#endif
}

TEST(locked_pages_are_not_made_invalid,
     "msync with MS_INVALIDATE of locked memory is EBUSY, and a hole behind it "
     "does not matter (37).")
{
	char *p = reserve(3);

	unmap(p, 3);
	expect_mapped(mmap(p, 2 * PAGE, BOTH, ANONYMOUS | MAP_FIXED, -1, 0));
	expect_ok(mlock(p + PAGE, PAGE));
	expect_ok(msync(p, PAGE, MS_SYNC | MS_INVALIDATE));
	expect_errno(msync(p, 2 * PAGE, MS_SYNC | MS_INVALIDATE), EBUSY);
	expect_errno(msync(p, 3 * PAGE, MS_ASYNC | MS_INVALIDATE), EBUSY);
	expect_errno(msync(p, 3 * PAGE, MS_SYNC), ENOMEM);
	expect_ok(munlock(p + PAGE, PAGE));
	expect_ok(msync(p, 2 * PAGE, MS_SYNC | MS_INVALIDATE));
}

TEST(mlockall_locks_what_there_is,
     "MCL_CURRENT brings all mappings in; munlockall ends it.")
{
	char *p = map_anonymous(3), *none = map_with(0, PROT_NONE, 1);

	skip_unless_accounted();
	skip_if_memory_is_short();
	expect_ok(mlockall(MCL_CURRENT));
	expect_eq(resident(p, 3), 3);
	expect(locked() > 3);
	expect_eq(resident(map_anonymous(2), 2), 0);
	expect_fault(fault_read(none), SIGSEGV, SEGV_ACCERR, none);
	expect_ok(munlockall());
	expect_eq(locked(), 0);
}

TEST(mlockall_locks_what_will_be,
     "After MCL_FUTURE new mappings, a growing heap and mremap are filled at "
     "once; with ONFAULT only locked; munlockall ends both.")
{
	char *p = map_anonymous(2), *q;

	skip_unless_accounted();
	expect_ok(mlockall(MCL_FUTURE));
	expect_eq(locked(), 0);
	q = map_anonymous(3);
	expect_eq(resident(q, 3), 3);
	expect_eq(locked(), 3);
	q = expect_mapped(mremap(q, 3 * PAGE, 50 * PAGE, MREMAP_MAYMOVE));
	expect_eq(resident(q, 50), 50);
	expect_eq(locked(), 50);
	expect_eq(resident(p, 2), 0);
	expect_ok(mlockall(MCL_FUTURE | MCL_ONFAULT));
	q = map_anonymous(3);
	expect_eq(resident(q, 3), 0);
	expect_eq(locked(), 53);
	expect_ok(munlockall());
	expect_eq(locked(), 0);
	expect_eq(resident(map_anonymous(2), 2), 0);
}

TEST(heap_grown_under_mlockall_is_there,
     "After MCL_FUTURE what sbrk gives is resident and locked.")
{
	char *p;

	skip_unless_accounted();
	expect_ok(mlockall(MCL_FUTURE));
	p = sbrk(4 * PAGE);
	p += -(size_t)p % PAGE;
	expect_eq(resident(p, 3), 3);
	expect_between(locked(), 4, 5);
}

TEST(map_locked_and_map_populate,
     "MAP_LOCKED and MAP_POPULATE bring pages in at once, MAP_NONBLOCK says "
     "not to; only the first locks.")
{
	int fd = make_file("file", 3 * PAGE);
	char *p = map_with(MAP_LOCKED, BOTH, 3);

	skip_on(ON_EMULATOR, "qemu-user 7.2 does not pass on the flags");
	expect_eq(resident(p, 3), 3);
	expect_eq(resident(map_with(MAP_POPULATE, BOTH, 3), 3), 3);
	expect_eq(resident(map_with(MAP_POPULATE | MAP_NONBLOCK, BOTH, 3), 3),
		  0);
	map_with(MAP_LOCKED | MAP_POPULATE, PROT_NONE, 1);
	expect_eq(locked(), 4);
	/* It stops at the end of the file (15). */
	p = expect_mapped(
		mmap(NULL, 5 * PAGE, BOTH, MAP_SHARED | MAP_POPULATE, fd, 0));
	expect_pattern(p, 3 * PAGE, 0);
	expect_fault(fault_read(p + 3 * PAGE), SIGBUS, BUS_ADRERR,
		     p + 3 * PAGE);
}

TEST(fork_inherits_no_locks,
     "A child of fork has nothing locked, and neither has what it maps; its "
     "parent's locks stay.")
{
	char *p = reserve(4), *far = reserve(1);
	pid_t child;

	skip_unless_accounted();
	expect_ok(mprotect(p, 4 * PAGE, BOTH));
	memset(p, 'f', 4 * PAGE);
	expect_ok(mlock(p + PAGE, PAGE));
	expect_ok(mlockall(MCL_FUTURE));
	child = expect_ok(fork());
	if (child == 0) {
		expect_ok(mprotect(far, PAGE, PROT_READ));
		expect_eq(locked(), 0);
		expect_eq(resident(map_anonymous(2), 2), 0);
		expect_filled(p, 'f', 4 * PAGE);
		unmap(p, 4);
		_exit(0);
	}
	expect_exit(child, 0);
	expect_eq(locked(), 1);
}

TEST(reclaim_leaves_locked_pages_mapped,
     "While other programs' reading fills memory, a locked file mapping "
     "stays resident, and costs no faults.")
{
	enum { N = 64 };
	int fd = make_file("file", N * PAGE);
	size_t nbytes = memory_total() + memory_total() / 4;
	struct counter faults;
	char *p, *line;
	int other;

	skip_on(ON_LINUX | ON_EMULATOR, "it would have to fill memory");
	if (nbytes > 200ul << 20)
		skip("there is too much memory to fill it quickly");
	p = map_shared(fd, N);
	expect_ok(fsync(fd));
	expect_ok(mlock(p, N * PAGE));
	faults = counter_start("quire_fault_file_read");
	other = make_sparse("other", nbytes);
	line = malloc(64 * PAGE);
	while (expect_ok(read(other, line, 64 * PAGE)) > 0)
		;
	expect_eq(resident(p, N), N);
	expect_pattern(p, N * PAGE, 0);
	/* Code may have been unmapped, and faulted in again. */
	expect_counted_between(&faults, 0, N / 2);
	free(line);
}
