// SPDX-License-Identifier: MIT
/*
 * remap.c - mremap: mappings that grow, shrink and move.
 *
 * What a program must see: its bytes, wherever they are now; nothing at the
 * old place; a file that shows through at the right offset; and a call that
 * fails leaves everything as it was.
 */

#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "testlib/counter.h"
#include "testlib/fault.h"
#include "testlib/files.h"
#include "testlib/memory.h"
#include "testlib/where.h"

enum { ANONYMOUS = MAP_PRIVATE | MAP_ANONYMOUS, BOTH = PROT_READ | PROT_WRITE };

/* The page's own number in each of @npages. */
static void number(char *p, size_t npages)
{
	for (size_t i = 0; i < npages; i++)
		p[i * PAGE] = i + 1;
}

static void expect_numbers(const char *p, size_t npages)
{
	for (size_t i = 0; i < npages; i++)
		expect_eq(p[i * PAGE], i + 1);
}

static void expect_hole(char *p, size_t npages)
{
	for (size_t i = 0; i < npages; i++)
		expect_fault(fault_read(p + i * PAGE), SIGSEGV, SEGV_MAPERR,
			     p + i * PAGE);
}

static char *map_over(char *at, size_t npages)
{
	return expect_mapped(
		mmap(at, npages * PAGE, BOTH, ANONYMOUS | MAP_FIXED, -1, 0));
}

static char *move_to(char *from, size_t old, size_t new, char *to)
{
	return expect_mapped(mremap(from, old * PAGE, new *PAGE,
				    MREMAP_MAYMOVE | MREMAP_FIXED, to));
}

TEST(mremap_shrinks_from_the_end,
     "A shorter length unmaps the tail, touched or not, and keeps the rest "
     "where it is.")
{
	char *p = map_anonymous(4);

	number(p, 3);
	expect(mremap(p, 4 * PAGE, 2 * PAGE, 0) == p);
	expect_numbers(p, 2);
	expect_hole(p + 2 * PAGE, 2);
	expect(mremap(p, 2 * PAGE, 2 * PAGE, 0) == p);
	expect_numbers(p, 2);
}

TEST(mremap_grows_into_a_hole,
     "Without MAYMOVE a mapping grows where there is room behind it; the new "
     "pages are zero.")
{
	char *p = reserve(6);

	unmap(p, 5);
	map_over(p, 2);
	number(p, 2);
	expect(mremap(p, 2 * PAGE, 5 * PAGE, 0) == p);
	expect_numbers(p, 2);
	expect_filled(p + 2 * PAGE, 0, 3 * PAGE);
	number(p, 5);
	expect_numbers(p, 5);
}

TEST(mremap_does_not_grow_over_a_neighbour,
     "Where the next mapping is in the way growth is ENOMEM without MAYMOVE, "
     "and both stay as they are (1, 8).")
{
	char *p = reserve(4);

	map_over(p, 2);
	number(p, 2);
	expect_errno((long)mremap(p, 2 * PAGE, 3 * PAGE, 0), ENOMEM);
	expect_numbers(p, 2);
	expect_fault(fault_read(p + 2 * PAGE), SIGSEGV, SEGV_ACCERR,
		     p + 2 * PAGE);
}

TEST(mremap_moves_when_it_must,
     "With MAYMOVE the bytes are found at the new address, and nothing is "
     "left at the old one (46).")
{
	char *p = reserve(4), *q;

	map_over(p, 2);
	number(p, 2);
	q = expect_mapped(mremap(p, 2 * PAGE, 100 * PAGE, MREMAP_MAYMOVE));
	expect(q != p);
	expect_numbers(q, 2);
	expect_filled(q + 2 * PAGE, 0, 98 * PAGE);
	expect_hole(p, 2);
}

TEST(mremap_moves_pages_and_copies_none,
     "Moving 600 touched pages takes no frames but for tables, and no fault "
     "to read them again.")
{
	enum { N = 600 };
	char *p = map_anonymous(N), *q;
	struct counter nfree, faults;

	number(p, N);
	q = reserve(N);
	nfree = counter_start("nr_free_pages");
	faults = counter_start("quire_fault_anonymous_new");
	move_to(p, N, N, q);
	expect_counted_between(&nfree, -12, 24);
	for (int i = 0; i < N; i++)
		expect_eq(q[i * PAGE], (char)(i + 1));
	expect_counted(&faults, 0);
	expect_hole(p, 1);
	expect_hole(p + (N - 1) * PAGE, 1);
}

TEST(mremap_fixed_replaces_what_is_there,
     "MREMAP_FIXED removes the mappings at its place, and no others.")
{
	char *p = map_anonymous(3), *q = reserve(7);

	number(p, 3);
	map_over(q + PAGE, 5);
	memset(q + PAGE, 'q', 5 * PAGE);
	expect(move_to(p, 3, 3, q + 2 * PAGE) == q + 2 * PAGE);
	expect_filled(q + PAGE, 'q', PAGE);
	expect_numbers(q + 2 * PAGE, 3);
	expect_filled(q + 5 * PAGE, 'q', PAGE);
	expect_hole(p, 3);
}

TEST(mremap_fixed_may_grow_and_shrink,
     "A move can change the length: what is too much goes, what is more is "
     "zero.")
{
	char *p = map_anonymous(4), *q = reserve(8);

	number(p, 4);
	move_to(p, 4, 2, q);
	expect_numbers(q, 2);
	expect_hole(p, 4);
	expect_fault(fault_read(q + 2 * PAGE), SIGSEGV, SEGV_ACCERR,
		     q + 2 * PAGE);
	move_to(q, 2, 4, q + 3 * PAGE);
	expect_numbers(q + 3 * PAGE, 2);
	expect_filled(q + 5 * PAGE, 0, 2 * PAGE);
	expect_hole(q, 2);
}

TEST(mremap_of_the_middle_cuts_first,
     "A part of a mapping moves alone; the pages before and after it stay "
     "(4).")
{
	char *p = map_anonymous(5), *q = reserve(1);

	number(p, 5);
	move_to(p + 2 * PAGE, 1, 1, q);
	expect_eq(*q, 3);
	expect_numbers(p, 2);
	expect_hole(p + 2 * PAGE, 1);
	expect_eq(p[3 * PAGE], 4);
	expect_eq(p[4 * PAGE], 5);
}

TEST(mremap_within_one_mapping,
     "A mapping's last page can be put over its second: same interval, no "
     "overlap.")
{
	char *p = map_anonymous(4);

	number(p, 4);
	move_to(p + 3 * PAGE, 1, 1, p + PAGE);
	expect_eq(p[0], 1);
	expect_eq(p[PAGE], 4);
	expect_eq(p[2 * PAGE], 3);
	expect_hole(p + 3 * PAGE, 1);
}

TEST(mremap_across_intervals_is_efault,
     "A range over two mappings, or with a hole, is EFAULT and changes "
     "nothing (5); shrinking may go over both.")
{
	char *p = map_anonymous(4);

	number(p, 4);
	expect_ok(mprotect(p + 2 * PAGE, 2 * PAGE, PROT_READ));
	expect_errno((long)mremap(p, 4 * PAGE, 5 * PAGE, MREMAP_MAYMOVE),
		     EFAULT);
	expect_numbers(p, 4);
	expect(mremap(p, 4 * PAGE, PAGE, 0) == p);
	expect_hole(p + PAGE, 3);
	expect_errno((long)mremap(p, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE),
		     EFAULT);
	expect_errno((long)mremap(p + PAGE, PAGE, PAGE, 0), EFAULT);
	expect_eq(*p, 1);
}

TEST(mremap_refuses_bad_arguments,
     "Unknown flags, FIXED without MAYMOVE, length 0, unaligned and "
     "overlapping places are EINVAL (2).")
{
	char *p = map_anonymous(4);
	const int fixed = MREMAP_MAYMOVE | MREMAP_FIXED;

	skip_on(ON_EMULATOR, "qemu-user 7.2 has checks of its own");
	number(p, 4);
	expect_errno((long)mremap(p, PAGE, PAGE, 8), EINVAL);
	expect_errno((long)mremap(p, PAGE, PAGE, MREMAP_FIXED, p + 4 * PAGE),
		     EINVAL);
	expect_errno((long)mremap(p, PAGE, 0, 0), EINVAL);
	expect_errno((long)mremap(p, PAGE, -(size_t)1, MREMAP_MAYMOVE), EINVAL);
	expect_errno((long)mremap(p + 1, PAGE, PAGE, 0), EINVAL);
	expect_errno((long)mremap(p, 2 * PAGE, 2 * PAGE, fixed, p + PAGE),
		     EINVAL);
	expect_errno((long)mremap(p, PAGE, PAGE, fixed, p + PAGE + 1), EINVAL);
	expect_errno((long)mremap(p, PAGE, PAGE, fixed, p), EINVAL);
	expect_errno((long)mremap(p, 0, PAGE, MREMAP_MAYMOVE), EINVAL);
	expect_numbers(p, 4);
}

TEST(mremap_that_is_too_large_is_enomem,
     "Growth beyond the address space is ENOMEM, and the mapping is whole "
     "(2).")
{
	char *p = map_anonymous(2);

	skip_on(ON_EMULATOR, "its address space is the host's");
	number(p, 2);
	expect_errno((long)mremap(p, 2 * PAGE, 1ul << 60, MREMAP_MAYMOVE),
		     ENOMEM);
	expect_errno((long)mremap(p, 2 * PAGE, 1ul << 60, 0), ENOMEM);
	expect_numbers(p, 2);
}

TEST(mremap_failing_keeps_what_is_at_the_place,
     "A move to a fixed place that fails for RLIMIT_AS has not moved "
     "anything (10).")
{
	char *p = map_anonymous(2), *q = reserve(64);
	struct rlimit limit;

	skip_on(ON_EMULATOR, "it would limit the emulator");
	unmap(q, 64);
	map_over(q, 1);
	number(p, 2);
	*q = 'q';
	limit.rlim_cur = limit.rlim_max = PAGE; /* less than there is */
	expect_ok(setrlimit(RLIMIT_AS, &limit));
	expect_errno((long)mremap(p, 2 * PAGE, 64 * PAGE, MREMAP_MAYMOVE),
		     ENOMEM);
	expect_errno((long)mremap(p, 2 * PAGE, 3 * PAGE, 0), ENOMEM);
	expect_numbers(p, 2);
	if (where() == ON_QUIRE) { /* Linux has unmapped it by then */
		expect_errno((long)mremap(p, 2 * PAGE, 64 * PAGE,
					  MREMAP_MAYMOVE | MREMAP_FIXED, q),
			     ENOMEM);
		expect_eq(*q, 'q');
	}
	move_to(p, 1, 1, q); /* no more than there was */
	expect_eq(*q, 1);
}

TEST(mremap_of_shared_file_keeps_its_offset,
     "A moved part of a shared file mapping shows the same bytes of the file, "
     "touched before or not, and stores reach it (17).")
{
	int fd = make_file("file", 8 * PAGE);
	char *p = map_shared(fd, 8), *q = reserve(4);

	expect_pattern(p + 2 * PAGE, 2 * PAGE, 2 * PAGE);
	move_to(p + 2 * PAGE, 4, 4, q);
	expect_pattern(q, 4 * PAGE, 2 * PAGE);
	q[3 * PAGE] = 'x';
	expect_eq(file_byte(fd, 5 * PAGE), 'x');
	expect_pattern(p, 2 * PAGE, 0);
	expect_pattern(p + 6 * PAGE, 2 * PAGE, 6 * PAGE);
}

TEST(mremap_grows_a_file_mapping,
     "A file mapping that grows shows more of the file, and past its end is "
     "SIGBUS until the file grows (13).")
{
	int fd = make_file("file", 3 * PAGE);
	char *p = map_shared(fd, 1);

	p = expect_mapped(mremap(p, PAGE, 4 * PAGE, MREMAP_MAYMOVE));
	expect_pattern(p, 3 * PAGE, 0);
	expect_fault(fault_read(p + 3 * PAGE), SIGBUS, BUS_ADRERR,
		     p + 3 * PAGE);
	expect_ok(ftruncate(fd, 4 * PAGE));
	expect_no_fault(fault_write(p + 3 * PAGE, 7));
	expect_eq(file_byte(fd, 3 * PAGE), 7);
}

TEST(mremap_of_private_file_keeps_copies,
     "Stores to a private file mapping move with it, and still don't show in "
     "the file.")
{
	int fd = make_file("file", 4 * PAGE);
	char *p = map_private(fd, 4), *q = reserve(4);

	p[PAGE] = 'c';
	move_to(p, 4, 4, q);
	expect_eq(q[PAGE], 'c');
	expect_eq(file_byte(fd, PAGE), pattern(PAGE));
	expect_pattern(q + 2 * PAGE, 2 * PAGE, 2 * PAGE);
	q[2 * PAGE] = 'd';
	expect_eq(file_byte(fd, 2 * PAGE), pattern(2 * PAGE));
}

TEST(mremap_carries_the_dirty_bit,
     "A page stored to, moved, and then synced by its new address is written; "
     "one that was only read is not (31, 33).")
{
	int fd = make_file("file", 4 * PAGE);
	char *p = map_shared(fd, 4), *q = reserve(4);
	struct counter written;

	expect_ok(fsync(fd));
	expect_pattern(p, 4 * PAGE, 0);
	p[2 * PAGE] = 'd';
	written = counter_start("quire_data_pages_written");
	move_to(p, 4, 4, q);
	expect_ok(msync(q, 4 * PAGE, MS_SYNC));
	expect_counted(&written, 1);
	q[2 * PAGE] = 'e'; /* and D is taken where it is now */
	expect_ok(msync(q, 4 * PAGE, MS_SYNC));
	expect_counted(&written, 2);
	unmap(q, 4);
	drop_caches();
	expect_eq(file_byte(fd, 2 * PAGE), 'e');
}

TEST(mremap_of_old_length_0_doubles_a_shared_mapping,
     "Length 0 gives a second view of a shared mapping, of a file or "
     "anonymous; the first stays.")
{
	int fd = make_file("file", 4 * PAGE);
	char *p = map_shared(fd, 4), *a = map_anonymous_shared(2), *q;

	skip_on(ON_EMULATOR, "qemu-user 7.2 does not do that");
	q = expect_mapped(mremap(p + PAGE, 0, 2 * PAGE, MREMAP_MAYMOVE));
	expect_pattern(q, 2 * PAGE, PAGE);
	q[0] = 'q';
	expect_eq(p[PAGE], 'q');
	*a = 'a';
	q = expect_mapped(mremap(a, 0, 2 * PAGE, MREMAP_MAYMOVE));
	expect_eq(*q, 'a');
	q[PAGE] = 'b';
	expect_eq(a[PAGE], 'b');
	expect_errno((long)mremap(p, 0, PAGE, 0), ENOMEM);
}

TEST(mremap_dontunmap_leaves_an_empty_mapping,
     "MREMAP_DONTUNMAP moves the pages and keeps the old mapping: anonymous "
     "memory reads as zero there, a file as itself.")
{
	const int keep = MREMAP_MAYMOVE | MREMAP_DONTUNMAP;
	int fd = make_file("file", PAGE);
	char *p = map_anonymous(3), *s = map_shared(fd, 1), *q;

	skip_on(ON_EMULATOR, "qemu-user 7.2 does not know the flag");
	number(p, 3);
	q = expect_mapped(mremap(p, 3 * PAGE, 3 * PAGE, keep, NULL));
	expect_numbers(q, 3);
	expect_filled(p, 0, 3 * PAGE);
	p[0] = 'n';
	expect_eq(q[0], 1);
	expect_errno((long)mremap(p, 3 * PAGE, 4 * PAGE, keep, NULL), EINVAL);
	s[1] = 's';
	q = expect_mapped(mremap(s, PAGE, PAGE, keep, NULL));
	expect_eq(q[1], 's');
	expect_eq(s[1], 's');
	s[2] = 't';
	expect_eq(q[2], 't');
}

TEST(mremap_of_pages_shared_by_fork,
     "Pages that are copy-on-write after fork stay so when they move: either "
     "side's stores are its own (41, 42).")
{
	char *p = map_anonymous(3), *q = reserve(3);
	pid_t child;

	number(p, 3);
	child = expect_ok(fork());
	move_to(p, 3, 3, q);
	expect_numbers(q, 3);
	q[PAGE] = child ? 'p' : 'c';
	expect_eq(q[PAGE], child ? 'p' : 'c');
	expect_eq(q[0], 1);
	if (child == 0)
		_exit(0);
	expect_exit(child, 0);
	expect_eq(q[PAGE], 'p');
}

TEST(mremap_keeps_rights,
     "Read-only and PROT_NONE pages move with their rights, and show their "
     "bytes when they get others.")
{
	char *p = map_anonymous(2), *q = reserve(2);

	number(p, 2);
	expect_ok(mprotect(p, 2 * PAGE, PROT_NONE));
	move_to(p, 2, 2, q);
	expect_fault(fault_read(q), SIGSEGV, SEGV_ACCERR, q);
	expect_ok(mprotect(q, 2 * PAGE, PROT_READ));
	expect_numbers(q, 2);
	expect_fault(fault_write(q, 1), SIGSEGV, SEGV_ACCERR, q);
}

TEST(mremap_moves_across_tables,
     "Four thousand pages, to a place that begins elsewhere in its page "
     "table, come to the right addresses.")
{
	enum { N = 4096 };
	char *p = map_anonymous(N), *q = reserve(N + 511);
	size_t shift = ((uintptr_t)p / PAGE + 77 - (uintptr_t)q / PAGE) % 511;

	for (int i = 0; i < N; i += 5)
		*(int *)(p + i * PAGE) = i + 1;
	q += shift * PAGE;
	move_to(p, N, N, q);
	for (int i = 0; i < N; i += 5)
		expect_eq(*(int *)(q + i * PAGE), i + 1);
	expect_eq(q[PAGE], 0);
	expect_eq(q[(N - 1) * PAGE], (N - 1) % 5 ? 0 : (char)N);
}

TEST(mremap_truncated_file_is_sigbus_at_the_new_place,
     "Truncating a file takes its pages out of a mapping that has moved, and "
     "of both halves of one that was cut (18).")
{
	int fd = make_file("file", 6 * PAGE);
	char *p = map_shared(fd, 6), *q = reserve(2);

	expect_pattern(p, 6 * PAGE, 0);
	move_to(p + 4 * PAGE, 2, 2, q);
	expect_ok(ftruncate(fd, 3 * PAGE));
	expect_fault(fault_read(q), SIGBUS, BUS_ADRERR, q);
	expect_fault(fault_read(p + 3 * PAGE), SIGBUS, BUS_ADRERR,
		     p + 3 * PAGE);
	expect_pattern(p, 3 * PAGE, 0);
}

TEST(realloc_of_large_blocks_keeps_bytes,
     "realloc, which is mremap for large blocks, keeps bytes up and down.")
{
	size_t n = 40 * PAGE;
	unsigned char *p = malloc(n);

	fill_pattern(p, n, 0);
	for (int i = 1; i <= 6; i++) {
		p = realloc(p, n << i);
		expect(p != NULL);
		expect_pattern(p, n, 0);
		p[(n << i) - 1] = i;
	}
	p = realloc(p, n);
	expect_pattern(p, n, 0);
	free(p);
}

/* --- against others ------------------------------------------------------ */

enum { ROUNDS = 300, SHARED_PAGES = 8 };

static int race_fd;
static volatile bool race_over;

/* Truncate and grow the file, and write it back, again and again. */
static void *change_file(void *unused)
{
	while (!race_over) {
		expect_ok(ftruncate(race_fd, PAGE));
		expect_ok(ftruncate(race_fd, SHARED_PAGES * PAGE));
		expect_ok(fdatasync(race_fd));
	}
	return unused;
}

TEST(mremap_races_with_truncation,
     "While one thread truncates, grows and syncs a file, another moves a "
     "mapping of it to and fro: no page of the old file survives (18, 33).")
{
	char *places[] = {reserve(SHARED_PAGES), reserve(SHARED_PAGES)};
	pthread_t thread;
	char *p;

	race_fd = make_sparse("file", SHARED_PAGES * PAGE);
	p = expect_mapped(mmap(places[0], SHARED_PAGES * PAGE, BOTH,
			       MAP_SHARED | MAP_FIXED, race_fd, 0));
	expect_eq(pthread_create(&thread, NULL, change_file, NULL), 0);
	for (int i = 1; i <= ROUNDS; i++) {
		fault_write(p + PAGE * (i % SHARED_PAGES), 1);
		p = move_to(p, SHARED_PAGES, SHARED_PAGES, places[i % 2]);
	}
	race_over = true;
	expect_eq(pthread_join(thread, NULL), 0);
	expect_ok(ftruncate(race_fd, 0));
	for (int i = 0; i < SHARED_PAGES; i++)
		expect_eq(fault_read(p + i * PAGE).signal, SIGBUS);
	expect_ok(ftruncate(race_fd, SHARED_PAGES * PAGE));
	expect_filled(p, 0, SHARED_PAGES * PAGE);
}

static char *volatile counted_page;

/* Store through the old address until it is gone. */
static void count_up(void *counter)
{
	volatile long *n = (volatile long *)counted_page;

	for (;;)
		*n = ++*(long *)counter;
}

static void *store_until_moved(void *counter)
{
	struct fault fault = fault_call(count_up, counter);

	expect_eq(fault.signal, SIGSEGV);
	return NULL;
}

TEST(mremap_stops_another_threads_stores,
     "A thread that stores to a page faults once the page has moved, and its "
     "last store that went through is there (46, 47).")
{
	for (int round = 0; round < 20; round++) {
		char *p = map_anonymous(1), *q = reserve(1);
		volatile long counter = 0;
		pthread_t thread;
		long seen;

		counted_page = p;
		*p = 0;
		expect_eq(pthread_create(&thread, NULL, store_until_moved,
					 (void *)&counter),
			  0);
		while (counter < 100)
			sched_yield();
		move_to(p, 1, 1, q);
		seen = *(volatile long *)q;
		expect_eq(pthread_join(thread, NULL), 0);
		expect_eq(*(volatile long *)q, seen);
		/* It counts first and stores then. */
		expect_between(counter, seen, seen + 1);
	}
}
