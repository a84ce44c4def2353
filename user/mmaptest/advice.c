// SPDX-License-Identifier: MIT
/*
 * advice.c - madvise and mincore: what a program says of its memory, and what
 * it is told.
 */

#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "testlib/counter.h"
#include "testlib/fault.h"
#include "testlib/files.h"
#include "testlib/memory.h"
#include "testlib/where.h"

#ifndef MADV_POPULATE_READ /* C library before 2.35 */
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

enum { BOTH = PROT_READ | PROT_WRITE };

/* Bit i: is page i (of 64 at most) resident? */
static unsigned long resident(void *at, size_t npages)
{
	unsigned char vec[64];
	unsigned long set = 0;

	expect_ok(mincore(at, npages * PAGE, vec));
	for (size_t i = 0; i < npages; i++)
		set |= (unsigned long)(vec[i] & 1) << i;
	return set;
}

/* qemu-user passes on DONTNEED only. */
static void skip_unless_advice_counts(void)
{
	skip_on(ON_EMULATOR, "qemu-user 7.2 does not pass on the advice");
}

TEST(dontneed_gives_zeros_or_the_file_again,
     "After DONTNEED private anonymous pages are zero, private file pages the "
     "file's, and shared stores stay.")
{
	int fd = make_file("file", 2 * PAGE);
	char *a = map_anonymous(3), *p = map_private(fd, 2),
	     *s = map_shared(fd, 2);

	memset(a, 'a', 3 * PAGE);
	p[0] = 'p';
	s[PAGE] = 's';
	expect_ok(madvise(a + PAGE, PAGE, MADV_DONTNEED));
	expect_ok(madvise(p, 2 * PAGE, MADV_DONTNEED));
	expect_ok(madvise(s, 2 * PAGE, MADV_DONTNEED));
	expect_filled(a, 'a', PAGE);
	expect_filled(a + PAGE, 0, PAGE);
	expect_filled(a + 2 * PAGE, 'a', PAGE);
	expect_pattern(p, PAGE, 0);
	expect_eq(p[PAGE], 's');
	expect_eq(s[PAGE], 's');
	expect_eq(file_byte(fd, PAGE), 's');
}

TEST(dontneed_of_shared_stores_loses_none,
     "Stores to a shared mapping that DONTNEED unmaps reach the disk (33).")
{
	int fd = make_file("file", PAGE);
	char *s = map_shared(fd, 1);
	struct counter written;

	expect_ok(fsync(fd));
	s[1] = 'd';
	written = counter_start("quire_data_pages_written");
	expect_ok(madvise(s, PAGE, MADV_DONTNEED));
	expect_ok(fsync(fd));
	expect_counted(&written, 1);
	drop_caches();
	expect_eq(s[1], 'd');
}

TEST(free_takes_anonymous_pages_only,
     "After MADV_FREE a page has its old byte or is zero, and keeps what is "
     "stored next; files are EINVAL.")
{
	int fd = make_file("file", PAGE);
	volatile char *p = map_anonymous(1);

	skip_unless_advice_counts();
	*p = 'f';
	expect_ok(madvise((void *)p, PAGE, MADV_FREE));
	expect(*p == 'f' || *p == 0);
	*p = 'g';
	expect_eq(*p, 'g');
	expect_errno(madvise(map_private(fd, 1), PAGE, MADV_FREE), EINVAL);
	expect_errno(madvise(map_anonymous_shared(1), PAGE, MADV_FREE), EINVAL);
}

TEST(madvise_does_the_rest_across_a_hole,
     "Over a hole madvise returns ENOMEM when all that is mapped has got the "
     "advice (5).")
{
	char *p = map_anonymous(5);

	memset(p, 1, 5 * PAGE);
	unmap(p + PAGE, 1);
	unmap(p + 4 * PAGE, 1);
	if (where() == ON_EMULATOR) /* which looks for holes first */
		return;
	expect_errno(madvise(p, 5 * PAGE, MADV_DONTNEED), ENOMEM);
	expect_filled(p, 0, PAGE);
	expect_filled(p + 2 * PAGE, 0, 2 * PAGE);
	expect_errno(madvise(p + PAGE, PAGE, MADV_NORMAL), ENOMEM);
	expect_errno(madvise(p, 3 * PAGE, MADV_DONTFORK), ENOMEM);
	expect_ok(madvise(p + 2 * PAGE, 2 * PAGE, MADV_WILLNEED));
}

TEST(madvise_refuses_bad_arguments,
     "Unknown advice, an unaligned address and a wrapping length are EINVAL; "
     "length 0 is nothing, even in a hole (2).")
{
	char *p = map_anonymous(2);

	skip_unless_advice_counts();
	expect_errno(madvise(p, PAGE, 7), EINVAL);
	expect_errno(madvise(p, PAGE, -1), EINVAL);
	expect_errno(madvise(p, 0, 1000), EINVAL);
	expect_errno(madvise(p + 1, PAGE, MADV_NORMAL), EINVAL);
	expect_errno(madvise(p, -(size_t)1, MADV_NORMAL), EINVAL);
	expect_errno(madvise(p, -(size_t)PAGE, MADV_NORMAL), EINVAL);
	if (where() == ON_QUIRE) /* some Linux can, for root */
		expect_errno(madvise(p, PAGE, MADV_HWPOISON), EINVAL);
	unmap(p, 2);
	expect_ok(madvise(p, 0, MADV_DONTNEED));
}

TEST(flags_of_advice_cut_and_merge,
     "RANDOM, SEQUENTIAL, DONTFORK and WIPEONFORK of the middle cut an "
     "interval in three; taken back it is one again (7).")
{
	static const int advice[][2] = {
		{MADV_RANDOM, MADV_NORMAL},
		{MADV_SEQUENTIAL, MADV_NORMAL},
		{MADV_DONTFORK, MADV_DOFORK},
		{MADV_WIPEONFORK, MADV_KEEPONFORK},
	};
	char *p = reserve(3);

	skip_unless_maps_tell();
	for (size_t i = 0; i < sizeof(advice) / sizeof(advice[0]); i++) {
		expect_eq(map_lines_in(p, 3), 1);
		expect_ok(madvise(p + PAGE, PAGE, advice[i][0]));
		expect_eq(map_lines_in(p, 3), 3);
		expect_ok(madvise(p, 3 * PAGE, advice[i][1]));
	}
	expect_eq(map_lines_in(p, 3), 1);
	expect_ok(madvise(p, 3 * PAGE, MADV_DONTDUMP));
	expect_ok(madvise(p, 3 * PAGE, MADV_DODUMP));
}

TEST(dontfork_is_not_inherited,
     "A child lacks the pages marked DONTFORK: SIGSEGV (MAPERR); its parent, "
     "and the pages beside them, have theirs.")
{
	char *p = map_anonymous(3);
	pid_t child;

	skip_unless_advice_counts();
	memset(p, 'f', 3 * PAGE);
	expect_ok(madvise(p + PAGE, PAGE, MADV_DONTFORK));
	child = expect_ok(fork());
	if (child == 0) {
		expect_fault(fault_read(p + PAGE), SIGSEGV, SEGV_MAPERR,
			     p + PAGE);
		expect_filled(p, 'f', PAGE);
		expect_filled(p + 2 * PAGE, 'f', PAGE);
		_exit(0);
	}
	expect_exit(child, 0);
	expect_filled(p, 'f', 3 * PAGE);
	expect_ok(madvise(p, 3 * PAGE, MADV_DOFORK));
	child = expect_ok(fork());
	if (child == 0) {
		expect_filled(p, 'f', 3 * PAGE);
		_exit(0);
	}
	expect_exit(child, 0);
}

TEST(wipeonfork_is_zero_in_the_child,
     "A child, and its child, see zeros in pages marked WIPEONFORK; their "
     "parent its bytes.  Files can't be marked.")
{
	int fd = make_file("file", PAGE);
	char *p = map_anonymous(2);
	pid_t child;

	skip_unless_advice_counts();
	memset(p, 'w', 2 * PAGE);
	expect_ok(madvise(p, PAGE, MADV_WIPEONFORK));
	child = expect_ok(fork());
	if (child == 0) {
		expect_filled(p, 0, PAGE);
		expect_filled(p + PAGE, 'w', PAGE);
		p[0] = 'c';
		child = expect_ok(fork());
		if (child == 0) {
			expect_filled(p, 0, PAGE);
			_exit(0);
		}
		expect_exit(child, 0);
		_exit(0);
	}
	expect_exit(child, 0);
	expect_filled(p, 'w', 2 * PAGE);
	expect_errno(madvise(map_private(fd, 1), PAGE, MADV_WIPEONFORK),
		     EINVAL);
	expect_errno(madvise(map_anonymous_shared(1), PAGE, MADV_WIPEONFORK),
		     EINVAL);
}

TEST(willneed_reads_ahead,
     "After WILLNEED the pages of the range are in the cache without a touch, "
     "none past the end of the file (15).")
{
	enum { N = 40 };
	int fd = make_file("file", N * PAGE);
	char *p = expect_mapped(
		mmap(NULL, (N + 8) * PAGE, PROT_READ, MAP_SHARED, fd, 0));
	struct counter major;

	skip_on(ON_LINUX | ON_EMULATOR, "its caches are not ours alone");
	expect_ok(fsync(fd));
	expect_ok(madvise(p, N * PAGE, MADV_PAGEOUT));
	expect_eq(resident(p, N), 0);
	expect_ok(madvise(p + 4 * PAGE, (N + 4) * PAGE, MADV_WILLNEED));
	major = counter_start("pgmajfault");
	expect_pattern(p + 4 * PAGE, (N - 4) * PAGE, 4 * PAGE);
	expect_counted(&major, 0);
	expect_eq(resident(p + N * PAGE, 8), 0);
	expect_eq(resident(p + 4 * PAGE, N - 4), (1ul << (N - 4)) - 1);
}

TEST(random_reads_one_page,
     "A fault in a mapping marked RANDOM reads its page and no other; marked "
     "SEQUENTIAL, many; NORMAL, some.")
{
	enum { N = 64 };
	int fd = make_file("file", N * PAGE);
	char *p = expect_mapped(
		mmap(NULL, N * PAGE, PROT_READ, MAP_SHARED, fd, 0));
	static const int advice[] = {MADV_RANDOM, MADV_NORMAL, MADV_SEQUENTIAL};
	static const int low[] = {1, 2, 17}, high[] = {1, 16, 40};

	skip_on(ON_LINUX | ON_EMULATOR, "its caches are not ours alone");
	skip_if_memory_is_short();
	expect_ok(fsync(fd));
	for (int i = 0; i < 3; i++) {
		int nread = 0;

		/* It reads ahead into what memory is free: in time there
		 * will be some. */
		for (int try = 0; nread < low[i] && try < 100; try++) {
			expect_ok(madvise(p, N * PAGE, MADV_PAGEOUT));
			expect_eq(resident(p, N), 0);
			expect_ok(madvise(p, N * PAGE, advice[i]));
			expect_pattern(p + 16 * PAGE, 8, 16 * PAGE);
			nread = __builtin_popcountl(resident(p, N));
			expect(nread <= high[i]);
		}
		expect(nread >= low[i]);
	}
}

TEST(pageout_drops_clean_cached_pages,
     "PAGEOUT takes a file's clean pages out of memory, and they come back "
     "with their bytes; stores and anonymous pages stay.")
{
	enum { N = 8 };
	int fd = make_file("file", N * PAGE);
	char *p = map_shared(fd, N), *a = map_anonymous(1);

	skip_unless_advice_counts();
	*a = 'a';
	expect_ok(fsync(fd));
	expect_pattern(p, N * PAGE, 0);
	p[5 * PAGE] = 'd';
	expect_ok(madvise(p, N * PAGE, MADV_COLD));
	expect_ok(madvise(p, N * PAGE, MADV_PAGEOUT));
	expect_ok(madvise(a, PAGE, MADV_PAGEOUT));
	if (where() == ON_QUIRE)
		expect_eq(resident(p, N), 1 << 5);
	expect_eq(p[5 * PAGE], 'd');
	expect_pattern(p, 5 * PAGE, 0);
	expect_eq(*a, 'a');
	expect_ok(fsync(fd));
	expect_eq(file_byte(fd, 5 * PAGE), 'd');
}

TEST(populate_read_and_write,
     "POPULATE_READ maps pages without copying, POPULATE_WRITE as stores "
     "would; both are followed by no fault.")
{
	char *p = map_anonymous(8);
	struct counter nfree, faults;

	skip_unless_advice_counts();
	nfree = counter_start("nr_free_pages");
	expect_ok(madvise(p, 4 * PAGE, MADV_POPULATE_READ));
	expect_counted_between(&nfree, -3, 3);
	expect_ok(madvise(p + 4 * PAGE, 4 * PAGE, MADV_POPULATE_WRITE));
	expect_eq(resident(p + 4 * PAGE, 4), 15);
	faults = counter_start("quire_fault_anonymous_new");
	memset(p + 4 * PAGE, 1, 4 * PAGE);
	expect_counted(&faults, 0);
	expect_filled(p, 0, 4 * PAGE);
}

TEST(populate_tells_what_is_wrong,
     "Without the right it is EINVAL, in a hole ENOMEM, past the end of a file "
     "EFAULT; what lay before is there (5, 15).")
{
	int fd = make_file("file", PAGE);
	char *p = map_anonymous(3), *s = map_shared(fd, 2);

	skip_unless_advice_counts();
	expect_ok(mprotect(p + PAGE, PAGE, PROT_READ));
	expect_errno(madvise(p, 3 * PAGE, MADV_POPULATE_WRITE), EINVAL);
	expect_eq(resident(p, 1), 1);
	expect_ok(mprotect(p + PAGE, PAGE, PROT_NONE));
	expect_errno(madvise(p + PAGE, PAGE, MADV_POPULATE_READ), EINVAL);
	unmap(p + PAGE, 1);
	expect_errno(madvise(p, 3 * PAGE, MADV_POPULATE_READ), ENOMEM);
	expect_errno(madvise(s, 2 * PAGE, MADV_POPULATE_READ), EFAULT);
	expect_ok(madvise(s, PAGE, MADV_POPULATE_WRITE));
	expect_pattern(s, PAGE, 0);
}

TEST(remove_punches_a_hole,
     "After MADV_REMOVE shared anonymous pages are zero in every process, and "
     "their frames are free; they can be stored to again.")
{
	enum { N = 64 };
	char *p = map_anonymous_shared(N);
	struct counter nfree = counter_start("nr_free_pages");
	pid_t child;

	skip_unless_advice_counts();
	memset(p, 'r', N * PAGE);
	child = expect_ok(fork());
	if (child == 0) {
		expect_eq(p[PAGE], 'r');
		expect_ok(madvise(p + PAGE, (N - 2) * PAGE, MADV_REMOVE));
		expect_filled(p + PAGE, 0, 3 * PAGE);
		p[2 * PAGE] = 'c';
		_exit(0);
	}
	expect_exit(child, 0);
	expect_filled(p, 'r', PAGE);
	expect_filled(p + PAGE, 0, PAGE);
	expect_eq(p[2 * PAGE], 'c');
	expect_filled(p + (N - 1) * PAGE, 'r', PAGE);
	expect_returned(&nfree, 24);
}

TEST(remove_refuses_what_is_not_shared,
     "Private memory is EINVAL or, of a file, EACCES, as is a mapping that "
     "can't be written; locked memory EINVAL; a hole ENOMEM after the rest "
     "(5, 21).")
{
	int fd = make_file("file", PAGE), readable;
	char *p = map_anonymous_shared(3);

	skip_unless_advice_counts();
	memset(p, 'r', 3 * PAGE);
	readable = expect_ok(open("file", O_RDONLY));
	expect_errno(madvise(map_anonymous(1), PAGE, MADV_REMOVE), EINVAL);
	expect_errno(madvise(map_private(fd, 1), PAGE, MADV_REMOVE), EACCES);
	expect_errno(madvise(expect_mapped(mmap(NULL, PAGE, PROT_READ,
						MAP_SHARED, readable, 0)),
			     PAGE, MADV_REMOVE),
		     EACCES);
	expect_ok(mlock(p, PAGE));
	expect_errno(madvise(p, PAGE, MADV_REMOVE), EINVAL);
	expect_ok(munlock(p, PAGE));
	unmap(p + PAGE, 1);
	expect_errno(madvise(p, 3 * PAGE, MADV_REMOVE), ENOMEM);
	expect_filled(p, 0, PAGE);
	expect_filled(p + 2 * PAGE, 0, PAGE);
}

/* --- mincore ------------------------------------------------------------- */

TEST(mincore_tells_touched_pages,
     "One byte for each page: 1 where it was touched, 0 where not; a byte past "
     "the range is left alone.")
{
	char *p = map_anonymous(6);
	unsigned char vec[7];

	memset(vec, 0xee, sizeof(vec));
	p[PAGE] = p[4 * PAGE] = 1;
	expect_ok(mincore(p, 5 * PAGE + 1, vec));
	for (int i = 0; i < 6; i++)
		expect_eq(vec[i] & 1, i == 1 || i == 4);
	expect_eq(vec[6], 0xee);
}

TEST(mincore_of_a_file_tells_what_is_cached,
     "Pages of a file that are cached but not mapped count, and of private "
     "mappings too.")
{
	int fd = make_file("file", 4 * PAGE);
	char byte;

	expect_eq(pread(fd, &byte, 1, 2 * PAGE), 1);
	expect_eq(resident(map_shared(fd, 4), 4) & 4, 4);
	expect_eq(resident(map_private(fd, 4), 4) & 4, 4);
}

TEST(mincore_refuses_bad_arguments,
     "An unaligned address is EINVAL, a hole ENOMEM with the bytes before it "
     "told, a bad vector EFAULT; length 0 is nothing (5).")
{
	char *p = map_anonymous(4);
	unsigned char vec[4] = {9, 9, 9, 9};

	*p = 1;
	unmap(p + 2 * PAGE, 1);
	expect_errno(mincore(p + 1, PAGE, vec), EINVAL);
	expect_ok(mincore(p, 0, vec));
	expect_errno(mincore(p + 2 * PAGE, PAGE, vec), ENOMEM);
	expect_errno(mincore(p, PAGE, (void *)(p + 2 * PAGE)), EFAULT);
	expect_errno(mincore(p, 4 * PAGE, vec), ENOMEM);
	if (where() != ON_EMULATOR) {
		expect_eq(vec[0] & 1, 1);
		expect_eq(vec[1], 0);
		expect_eq(vec[2], 9);
		expect_errno(mincore(p, -(size_t)p, vec), ENOMEM);
	}
}

TEST(mincore_of_a_large_hole_is_quick,
     "A gigabyte that was never touched, in one call and with one page in its "
     "middle.")
{
	enum { N = 1 << 18 };
	char *p = expect_mapped(
		mmap(NULL, (size_t)N * PAGE, BOTH,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
	unsigned char *vec = malloc(N);
	size_t n = 0;

	madvise(p, (size_t)N * PAGE, MADV_NOHUGEPAGE);
	p[(size_t)N / 2 * PAGE] = 1;
	expect_ok(mincore(p, (size_t)N * PAGE, vec));
	for (int i = 0; i < N; i++)
		n += vec[i] & 1;
	expect_eq(n, 1);
	expect_eq(vec[N / 2] & 1, 1);
	free(vec);
}
