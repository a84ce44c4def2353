// SPDX-License-Identifier: MIT
/*
 * intervals.c - an address space is a sorted list of disjoint intervals, and
 * every call that changes it cuts and walks that list.
 *
 * The cases unmap heads, tails, middles and ranges with holes in them, put
 * mappings over others, and ask for lengths and addresses at the edges.  A
 * page is always touched before it is claimed to be gone: an untouched one
 * would fault anyway.  Numbers in parentheses, here as in all sentences of
 * cases, are entries of the museum of mistakes (docs/appendix-pitfalls.md).
 */

#define _GNU_SOURCE
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "testlib/counter.h"
#include "testlib/fault.h"
#include "testlib/files.h"
#include "testlib/memory.h"
#include "testlib/where.h"

enum { ANONYMOUS = MAP_PRIVATE | MAP_ANONYMOUS };

static const size_t FAR_TOO_MUCH = 1ul << 60;

/* Put the page's own number in each of @npages, so that all are resident. */
static void touch(char *p, size_t npages)
{
	for (size_t i = 0; i < npages; i++)
		p[i * PAGE] = i + 1;
}

TEST(munmap_whole_makes_it_unreachable,
     "After munmap of touched pages, loads and stores are SIGSEGV (MAPERR).")
{
	char *p = map_anonymous(3);

	touch(p, 3);
	unmap(p, 3);
	for (int i = 0; i < 3; i++) {
		char *at = p + i * PAGE;

		expect_fault(fault_read(at), SIGSEGV, SEGV_MAPERR, at);
		expect_fault(fault_write(at, 1), SIGSEGV, SEGV_MAPERR, at);
	}
}

TEST(munmap_middle_keeps_both_ends,
     "Unmapping the middle splits: both halves keep their pages, and the "
     "right half its file offset (4, 17).")
{
	int fd = make_file("file", 9 * PAGE);
	char *p = map_shared(fd, 9);

	expect_pattern(p, 9 * PAGE, 0);
	unmap(p + 3 * PAGE, 3);
	expect_fault(fault_read(p + 3 * PAGE), SIGSEGV, SEGV_MAPERR,
		     p + 3 * PAGE);
	expect_fault(fault_read(p + 6 * PAGE - 1), SIGSEGV, SEGV_MAPERR,
		     p + 6 * PAGE - 1);
	expect_pattern(p, 3 * PAGE, 0);
	expect_pattern(p + 6 * PAGE, 3 * PAGE, 6 * PAGE);
	p[8 * PAGE] = 'x';
	expect_eq(file_byte(fd, 8 * PAGE), 'x');
}

TEST(munmap_middle_before_any_touch_keeps_offsets,
     "The same when no page was resident: the halves are paged in from the "
     "right places of the file (17).")
{
	int fd = make_file("file", 6 * PAGE);
	char *p = map_private(fd, 6);

	unmap(p + 2 * PAGE, 2);
	expect_pattern(p + 4 * PAGE, 2 * PAGE, 4 * PAGE);
	expect_pattern(p, 2 * PAGE, 0);
}

TEST(munmap_head_keeps_the_tails_offset,
     "Unmapping the head, twice, leaves the tail at its offset (17).")
{
	int fd = make_file("file", 5 * PAGE);
	char *p = map_shared(fd, 5);

	expect_pattern(p, PAGE, 0);
	unmap(p, 1);
	unmap(p + PAGE, 1);
	expect_fault(fault_read(p + PAGE), SIGSEGV, SEGV_MAPERR, p + PAGE);
	expect_pattern(p + 2 * PAGE, 3 * PAGE, 2 * PAGE);
}

TEST(munmap_tail_keeps_the_head,
     "Unmapping the tail leaves the head, up to its last byte (1).")
{
	char *p = map_anonymous(4);

	memset(p, 'h', 4 * PAGE);
	unmap(p + 2 * PAGE, 2);
	expect_filled(p, 'h', 2 * PAGE);
	expect_fault(fault_read(p + 2 * PAGE), SIGSEGV, SEGV_MAPERR,
		     p + 2 * PAGE);
}

TEST(munmap_leaves_neighbours_alone,
     "Intervals are half-open: what ends where the range starts, or starts "
     "where it ends, stays (1, 51).")
{
	char *p = map_anonymous(3);

	touch(p, 3);
	/* Different rights, so that these are three intervals. */
	expect_ok(mprotect(p + PAGE, PAGE, PROT_READ));
	unmap(p + PAGE, 1);
	expect_no_fault(fault_read(p + PAGE - 1));
	expect_no_fault(fault_read(p + 2 * PAGE));
	expect_eq(p[2 * PAGE], 3);
}

TEST(munmap_across_holes_removes_the_rest,
     "A range that starts in a hole and has another inside loses all that is "
     "mapped in it (5, 6).")
{
	char *p = reserve(8);

	unmap(p, 8);
	for (int i = 1; i < 8; i += 2)
		touch(expect_mapped(mmap(p + i * PAGE, PAGE, PROT_WRITE,
					 ANONYMOUS | MAP_FIXED, -1, 0)),
		      1);
	unmap(p, 6);
	for (int i = 0; i < 7; i++)
		expect_fault(fault_read(p + i * PAGE), SIGSEGV, SEGV_MAPERR,
			     p + i * PAGE);
	expect_eq(p[7 * PAGE], 1);
}

TEST(munmap_of_a_hole_succeeds,
     "There need be nothing to unmap; twice is as good as once.")
{
	char *p = map_anonymous(1);

	touch(p, 1);
	unmap(p, 1);
	unmap(p, 1);
}

TEST(munmap_rounds_the_length_up,
     "A length that is no multiple of the page counts its last page whole "
     "(2, 3).")
{
	char *p = map_anonymous(3);

	touch(p, 3);
	expect_ok(munmap(p, PAGE + 1));
	expect_fault(fault_read(p + 2 * PAGE - 1), SIGSEGV, SEGV_MAPERR,
		     p + 2 * PAGE - 1);
	expect_eq(p[2 * PAGE], 3);
}

TEST(munmap_refuses_unaligned_and_empty,
     "An address inside a page, and length 0, are EINVAL; nothing is "
     "unmapped (2).")
{
	char *p = map_anonymous(1);

	touch(p, 1);
	expect_errno(munmap(p + 1, PAGE), EINVAL);
	expect_errno(munmap(p, 0), EINVAL);
	expect_eq(*p, 1);
}

TEST(munmap_refuses_ranges_that_wrap,
     "A range that wraps around, or leaves user space, is EINVAL, and "
     "nothing is unmapped (2).")
{
	char *p = map_anonymous(1);

	skip_on(ON_EMULATOR, "qemu-user 7.2 dies of it");
	touch(p, 1);
	expect_errno(munmap(p, SIZE_MAX), EINVAL);
	expect_errno(munmap(p, SIZE_MAX - PAGE), EINVAL);
	expect_errno(munmap(p, -(size_t)p), EINVAL);
	expect_errno(munmap((void *)-(long)PAGE, PAGE), EINVAL);
	expect_errno(munmap((void *)-(long)PAGE, 2 * PAGE), EINVAL);
	expect_eq(*p, 1);
}

TEST(munmap_then_mmap_gives_zeros,
     "Memory mapped where other memory was shows nothing of it.")
{
	char *p = map_anonymous(4);

	memset(p, 's', 4 * PAGE);
	unmap(p, 4);
	expect_mapped(mmap(p, 4 * PAGE, PROT_READ | PROT_WRITE,
			   ANONYMOUS | MAP_FIXED, -1, 0));
	expect_filled(p, 0, 4 * PAGE);
}

TEST(mmap_rounds_the_length_up,
     "A mapping of one byte is a page, of a page and a byte is two (3).")
{
	char *p = reserve(3);
	char *q = expect_mapped(mmap(p, PAGE + 1, PROT_READ | PROT_WRITE,
				     ANONYMOUS | MAP_FIXED, -1, 0));

	expect_no_fault(fault_write(q + 2 * PAGE - 1, 1));
	expect_fault(fault_write(q + 2 * PAGE, 1), SIGSEGV, SEGV_ACCERR,
		     q + 2 * PAGE);
}

TEST(mmap_refuses_length_zero,
     "Length 0 is EINVAL, with a file and without (2).")
{
	int fd = make_file("file", PAGE);

	expect_errno(mmap(NULL, 0, PROT_READ, ANONYMOUS, -1, 0), EINVAL);
	expect_errno(mmap(NULL, 0, PROT_READ, MAP_SHARED, fd, 0), EINVAL);
}

TEST(mmap_refuses_absurd_lengths,
     "More than the address space holds, or what wraps when it is rounded "
     "up, is ENOMEM (2).")
{
	static const size_t lengths[] = {SIZE_MAX, SIZE_MAX - PAGE, 1ul << 63,
					 FAR_TOO_MUCH};

	for (int i = 0; i < 4; i++)
		expect_errno(mmap(NULL, lengths[i], PROT_READ,
				  ANONYMOUS | MAP_NORESERVE, -1, 0),
			     ENOMEM);
}

TEST(mmap_refuses_fixed_addresses_outside_user_space,
     "MAP_FIXED at or beyond the end of user space, or across it, is ENOMEM "
     "(2).")
{
	char *kernel = (char *)-(1l << 38);
	char *p = map_anonymous(1);

	expect_errno(
		mmap(kernel, PAGE, PROT_READ, ANONYMOUS | MAP_FIXED, -1, 0),
		ENOMEM);
	expect_errno(mmap((void *)-(long)PAGE, PAGE, PROT_READ,
			  ANONYMOUS | MAP_FIXED, -1, 0),
		     ENOMEM);
	expect_errno(
		mmap(p, FAR_TOO_MUCH, PROT_READ, ANONYMOUS | MAP_FIXED, -1, 0),
		ENOMEM);
	expect_no_fault(fault_write(p, 1));
}

TEST(mmap_refuses_unknown_kinds,
     "Flags must say MAP_SHARED or MAP_PRIVATE: neither is EINVAL.")
{
	int fd = make_file("file", PAGE);

	expect_errno(mmap(NULL, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0), EINVAL);
	expect_errno(mmap(NULL, PAGE, PROT_READ, 0, fd, 0), EINVAL);
}

TEST(hint_is_taken_when_the_place_is_free,
     "Without MAP_FIXED a free, aligned address is used as it is.")
{
	char *p = reserve(4);

	unmap(p, 4);
	expect_eq(expect_mapped(
			  mmap(p + PAGE, PAGE, PROT_READ, ANONYMOUS, -1, 0)),
		  p + PAGE);
}

TEST(hint_never_replaces_a_mapping,
     "A hint at a mapping gives another place; the mapping keeps its bytes "
     "(9).")
{
	char *p = map_anonymous(2);
	char *q;

	memset(p, 'k', 2 * PAGE);
	q = expect_mapped(
		mmap(p, 2 * PAGE, PROT_READ | PROT_WRITE, ANONYMOUS, -1, 0));
	expect(q + 2 * PAGE <= p || p + 2 * PAGE <= q);
	expect_filled(q, 0, 2 * PAGE);
	expect_filled(p, 'k', 2 * PAGE);
}

TEST(hint_in_a_small_hole_goes_elsewhere,
     "A hint in a hole that is too small gives a place that is large enough "
     "(9).")
{
	char *p = reserve(5);
	char *q;

	unmap(p + PAGE, 1);
	q = expect_mapped(mmap(p + PAGE, 2 * PAGE, PROT_READ | PROT_WRITE,
			       ANONYMOUS, -1, 0));
	expect(q + 2 * PAGE <= p || p + 5 * PAGE <= q);
	touch(q, 2);
}

TEST(hint_need_not_be_aligned_or_sane,
     "An unaligned hint is rounded, and one in the kernel's half is ignored.")
{
	char *p = reserve(4);
	char *q;

	unmap(p, 4);
	q = expect_mapped(
		mmap(p + PAGE + 1, PAGE, PROT_READ, ANONYMOUS, -1, 0));
	expect_eq((uintptr_t)q % PAGE, 0);
	q = expect_mapped(
		mmap((void *)-(1l << 38), PAGE, PROT_READ, ANONYMOUS, -1, 0));
	expect_no_fault(fault_read(q));
}

TEST(fixed_replaces_what_was_there,
     "MAP_FIXED over a part of a mapping replaces that part only: the rest "
     "keeps its bytes (10).")
{
	char *p = map_anonymous(5);

	memset(p, 'o', 5 * PAGE);
	expect_eq(mmap(p + PAGE, 2 * PAGE, PROT_READ | PROT_WRITE,
		       ANONYMOUS | MAP_FIXED, -1, 0),
		  p + PAGE);
	expect_filled(p, 'o', PAGE);
	expect_filled(p + PAGE, 0, 2 * PAGE);
	expect_filled(p + 3 * PAGE, 'o', 2 * PAGE);
}

TEST(fixed_refuses_an_unaligned_address,
     "MAP_FIXED at an address inside a page is EINVAL.")
{
	char *p = reserve(3);

	expect_errno(mmap(p + 1, PAGE, PROT_READ, ANONYMOUS | MAP_FIXED, -1, 0),
		     EINVAL);
	expect_errno(mmap(p + PAGE / 2, PAGE, PROT_READ, ANONYMOUS | MAP_FIXED,
			  -1, 0),
		     EINVAL);
}

TEST(fixed_that_fails_keeps_the_old_mapping,
     "MAP_FIXED with a bad descriptor, rights or offset fails before it "
     "removes anything (10).")
{
	int fd = make_file("file", PAGE);
	int only_write = expect_ok(open("file", O_WRONLY));
	int only_read = expect_ok(open("file", O_RDONLY));
	char *p = map_anonymous(1);
	off_t last = (off_t)1 << 62;

	memset(p, 'k', PAGE);
	expect_errno(mmap(p, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, 999, 0),
		     EBADF);
	expect_errno(
		mmap(p, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, only_write, 0),
		EACCES);
	expect_errno(
		mmap(p, PAGE, PROT_WRITE, MAP_SHARED | MAP_FIXED, only_read, 0),
		EACCES);
	expect_errno(mmap(p, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 1),
		     EINVAL);
	if (where() != ON_EMULATOR)
		expect_errno(mmap(p, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED,
				  fd, -last * 2 - PAGE),
			     EOVERFLOW);
	expect_filled(p, 'k', PAGE);
}

TEST(fixed_over_the_limit_keeps_the_old_mapping,
     "MAP_FIXED that needs more address space than RLIMIT_AS leaves is ENOMEM, "
     "and what it would have replaced is still there (10).")
{
	struct rlimit limit = {64ul << 20, 64ul << 20};
	char *p = reserve(32768);

	skip_on(ON_EMULATOR, "it would limit the emulator");
	unmap(p + PAGE, 32767);
	expect_ok(mprotect(p, PAGE, PROT_READ | PROT_WRITE));
	memset(p, 'k', PAGE);
	expect_ok(setrlimit(RLIMIT_AS, &limit));
	expect_errno(
		mmap(p, 32768 * PAGE, PROT_READ, ANONYMOUS | MAP_FIXED, -1, 0),
		ENOMEM);
	expect_filled(p, 'k', PAGE);
}

TEST(noreplace_refuses_any_overlap,
     "MAP_FIXED_NOREPLACE over a mapping, by one page at either end, is "
     "EEXIST and changes nothing (9).")
{
	char *p = reserve(6);
	int flags = ANONYMOUS | MAP_FIXED_NOREPLACE;

	skip_on(ON_EMULATOR, "qemu-user 7.2 takes the flag for a hint");
	unmap(p, 2);
	unmap(p + 4 * PAGE, 2);
	expect_mapped(mmap(p + 2 * PAGE, 2 * PAGE, PROT_READ | PROT_WRITE,
			   ANONYMOUS | MAP_FIXED, -1, 0));
	memset(p + 2 * PAGE, 'k', 2 * PAGE);
	expect_errno(mmap(p, 3 * PAGE, PROT_READ, flags, -1, 0), EEXIST);
	expect_errno(mmap(p + 3 * PAGE, 2 * PAGE, PROT_READ, flags, -1, 0),
		     EEXIST);
	expect_errno(mmap(p, 6 * PAGE, PROT_READ, flags, -1, 0), EEXIST);
	expect_filled(p + 2 * PAGE, 'k', 2 * PAGE);
	expect_fault(fault_read(p), SIGSEGV, SEGV_MAPERR, p);
}

TEST(place_is_refused_before_the_file,
     "MAP_FIXED_NOREPLACE over a mapping is EEXIST, and more than there is of "
     "address space ENOMEM, also where the file's rights or the flags would "
     "be refused (9).")
{
	int fd = make_file("file", PAGE), write_only;
	char *p = map_anonymous(1);

	skip_on(ON_EMULATOR, "qemu-user 7.2 has an order of its own");
	write_only = expect_ok(open("file", O_WRONLY));
	expect_errno(mmap(p, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED_NOREPLACE,
			  write_only, 0),
		     EEXIST);
	expect_errno(mmap(p, PAGE, PROT_READ,
			  MAP_SHARED_VALIDATE | MAP_FIXED_NOREPLACE | 1 << 30,
			  fd, 0),
		     EEXIST);
	for (int i = 0; i < 2; i++)
		expect_errno(mmap(NULL, -(size_t)PAGE, PROT_READ, MAP_SHARED,
				  i ? fd : write_only, 0),
			     ENOMEM);
	expect_errno(mmap(NULL, -(size_t)PAGE, PROT_READ,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0),
		     ENOMEM);
}

TEST(noreplace_maps_exactly_there,
     "MAP_FIXED_NOREPLACE in a hole of just that size works (1, 9).")
{
	char *p = reserve(4);

	unmap(p + PAGE, 2);
	expect_eq(mmap(p + PAGE, 2 * PAGE, PROT_READ | PROT_WRITE,
		       ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0),
		  p + PAGE);
	touch(p + PAGE, 2);
}

TEST(anonymous_ignores_descriptor_and_checks_offset,
     "MAP_ANONYMOUS does not look at the descriptor; an unaligned offset is "
     "EINVAL all the same.")
{
	expect_mapped(mmap(NULL, PAGE, PROT_READ, ANONYMOUS, 999, 0));
	expect_errno(mmap(NULL, PAGE, PROT_READ, ANONYMOUS, -1, 1), EINVAL);
}

TEST(descriptor_zero_can_be_mapped, "0 is a descriptor like any other (9).")
{
	int fd = make_file("file", PAGE);
	char *p;

	expect_ok(dup2(fd, 0));
	p = expect_mapped(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, 0, 0));
	expect_pattern(p, PAGE, 0);
}

TEST(mappings_do_not_overlap,
     "Of 200 mappings of mixed sizes, half of them unmapped and mapped again, "
     "each keeps its own byte in all of its pages (1, 6).")
{
	enum { N = 200 };
	char *at[N];

	for (int i = 0; i < N; i++) {
		at[i] = map_anonymous(1 + i % 7);
		memset(at[i], i, (1 + i % 7) * PAGE);
	}
	for (int i = 0; i < N; i += 2) {
		unmap(at[i], 1 + i % 7);
		at[i] = map_anonymous(1 + i % 5);
		memset(at[i], i, (1 + i % 5) * PAGE);
	}
	for (int i = 0; i < N; i++)
		expect_filled(at[i], i, (1 + i % (i % 2 ? 7 : 5)) * PAGE);
}
