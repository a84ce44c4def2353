// SPDX-License-Identifier: MIT
/*
 * lazy.c - a mapping is a promise; frames come with the first touch.
 *
 * The cases reserve far more than there is memory, touch a little of it, and
 * count frames.  They also make the heap (brk) grow and shrink, which is an
 * anonymous mapping with an end that moves, and look for mistakes that only
 * show with thousands of intervals.
 */

#define _GNU_SOURCE
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "testlib/counter.h"
#include "testlib/fault.h"
#include "testlib/files.h"
#include "testlib/memory.h"
#include "testlib/where.h"

enum { LAZY = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE };

static const size_t GIB = 1ul << 30;

static char *map_lazily(size_t nbytes)
{
	return expect_mapped(
		mmap(NULL, nbytes, PROT_READ | PROT_WRITE, LAZY, -1, 0));
}

/* Frames in use now that were free then; stocks on harts blur it a little. */
static long frames_used(const struct counter *nfree)
{
	return -counter_since(nfree);
}

TEST(anonymous_memory_reads_as_zeros,
     "A fresh page is zeros, whether a load or a store touches it first.")
{
	char *p = map_anonymous(4);

	expect_filled(p, 0, 2 * PAGE);
	p[2 * PAGE + 5] = 1;
	expect_filled(p + 2 * PAGE, 0, 5);
	expect_filled(p + 2 * PAGE + 6, 0, 2 * PAGE - 6);
}

TEST(anonymous_read_first_then_write,
     "A page that was only read can be written, and no other zero page "
     "changes with it.")
{
	char *p = map_anonymous(8);

	expect_filled(p, 0, 8 * PAGE);
	p[3 * PAGE] = 3;
	expect_eq(p[3 * PAGE], 3);
	expect_filled(p, 0, 3 * PAGE);
	expect_filled(p + 4 * PAGE, 0, 4 * PAGE);
	expect_filled(map_anonymous(1), 0, PAGE);
}

TEST(reserving_a_gigabyte_costs_no_frame,
     "mmap of 1 GiB of anonymous memory takes no frame until it is touched.")
{
	struct counter nfree = counter_start("nr_free_pages");
	char *p = map_lazily(GIB);

	/* The interval itself may need a page of kernel memory. */
	expect(frames_used(&nfree) <= 4);
	expect_eq(p[GIB - 1], 0);
	p[GIB / 2] = 1;
	expect(frames_used(&nfree) <= 4 + 8);
	expect_ok(munmap(p, GIB));
}

TEST(mapping_may_be_larger_than_memory,
     "16 GiB can be mapped, and any of its pages used (promise 1).")
{
	char *p = map_lazily(16 * GIB);

	for (size_t at = 0; at < 16 * GIB; at += GIB)
		p[at + 5 * PAGE] = at / GIB + 1;
	for (size_t at = 0; at < 16 * GIB; at += GIB)
		expect_eq(p[at + 5 * PAGE], at / GIB + 1);
	expect_ok(munmap(p, 16 * GIB));
}

TEST(touching_takes_one_frame_a_page,
     "64 pages touched in a reserved gigabyte take 64 frames and the tables "
     "for them; munmap gives all back.")
{
	struct counter nfree;
	char *p = map_lazily(GIB);

	skip_unless_counted("nr_free_pages");
	nfree = counter_start("nr_free_pages");
	for (int i = 0; i < 64; i++)
		p[i * PAGE] = 1;
	skip_if_memory_is_short();
	expect_between(frames_used(&nfree), 60, 76);
	expect_ok(munmap(p, GIB));
	expect_between(frames_used(&nfree), -8, 8);
}

TEST(first_touch_is_one_fault,
     "Each page faults once when it is first written, and never again.")
{
	struct counter faults;
	char *p = map_anonymous(64);

	skip_unless_counted("pgfault");
	faults = counter_start("pgfault");
	for (int round = 0; round < 3; round++)
		for (int i = 0; i < 64; i++)
			p[i * PAGE] = 1;
	/* Few more for the code and stack that the counting needs. */
	expect_counted_between(&faults, 64, 72);
}

TEST(last_page_of_a_huge_sparse_file,
     "A sparse file of 1 GiB is mapped and its last page read, in any amount "
     "of memory, for a frame or so.")
{
	int fd = make_sparse("file", GIB);
	struct counter nfree;
	unsigned char *p;

	expect_eq(pwrite(fd, "end", 3, GIB - 3), 3);
	nfree = counter_start("nr_free_pages");
	p = expect_mapped(mmap(NULL, GIB, PROT_READ, MAP_SHARED, fd, 0));
	expect(frames_used(&nfree) <= 4);
	expect_bytes(p + GIB - 3, "end", 3);
	expect_filled(p + GIB - PAGE, 0, PAGE - 3);
	expect_filled(p + GIB / 2, 0, PAGE);
	expect(frames_used(&nfree) <= 64);
}

TEST(ten_thousand_mappings,
     "10,000 intervals exist at once, and each finds its own page (11).")
{
	enum { N = 10000 };
	int read_only = PROT_READ;
	char *p;

	skip_on(ON_EMULATOR, "too slow there");
	if (memory_available() < 16ul << 20)
		skip("needs 16 MiB of memory");
	p = map_lazily(N * PAGE);
	/* Every second page other rights: none can merge with its neighbour. */
	for (size_t i = 0; i < N; i += 2)
		expect_ok(mprotect(p + i * PAGE, PAGE, read_only));
	for (size_t i = 1; i < N; i += 1000)
		p[i * PAGE] = 1;
	for (size_t i = 0; i < N; i += 1000) {
		expect_fault(fault_write(p + i * PAGE, 1), SIGSEGV, SEGV_ACCERR,
			     p + i * PAGE);
		expect_eq(p[(i + 1) * PAGE], 1);
	}
	expect_ok(munmap(p, N * PAGE));
}

static long ns_now(void)
{
	struct timespec now;

	expect_ok(clock_gettime(CLOCK_MONOTONIC, &now));
	return now.tv_sec * 1000000000 + now.tv_nsec;
}

/* The quickest of some rounds of mapping, 32 first touches, and unmapping: of
 * two intervals in turn, so that the last one found is never the next one. */
static long touch_time(char *p)
{
	long best = -1;

	for (int round = 0; round < 20; round++) {
		long start = ns_now();

		expect_ok(mprotect(p, 16 * PAGE, PROT_READ | PROT_WRITE));
		expect_ok(mprotect(p + 16 * PAGE, 16 * PAGE,
				   PROT_READ | PROT_WRITE | PROT_EXEC));
		for (int i = 0; i < 16; i++)
			p[i * PAGE] = p[(16 + i) * PAGE] = 1;
		expect_mapped(mmap(p, 32 * PAGE, PROT_NONE,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
				   0));
		start = ns_now() - start;
		if (best < 0 || start < best)
			best = start;
	}
	return best;
}

TEST(cost_does_not_grow_with_intervals,
     "Mapping, touching and unmapping above 4,000 intervals costs about what "
     "it costs with few (11).")
{
	enum { N = 4000 };
	char *above = reserve(32); /* of all the others */
	long few = touch_time(above), many;
	char *p;

	skip_on(ON_EMULATOR, "it is the emulator's time that would be seen");
	p = map_lazily(N * PAGE);
	for (size_t i = 0; i < N; i += 2)
		expect_ok(mprotect(p + i * PAGE, PAGE, PROT_NONE));
	many = touch_time(above);
	/* A linear search would be hundreds of times dearer. */
	expect(many < 8 * few);
}

TEST(holes_are_found_and_filled,
     "Pages freed here and there are handed out again before the mapped area "
     "grows without end.")
{
	enum { N = 256 };
	char *p = reserve(N);
	char *low = p, *high = p + N * PAGE;
	int inside = 0;

	skip_on(ON_EMULATOR, "qemu-user only looks upwards");
	for (int i = 0; i < N; i += 2)
		unmap(p + i * PAGE, 1);
	for (int i = 0; i < N; i++) {
		char *q = map_anonymous(1);

		*q = 1;
		inside += low <= q && q < high;
	}
	/* Which hole is taken first is the kernel's choice. */
	expect_between(inside, 1, N / 2);
}

/* --- the heap ------------------------------------------------------------ */

TEST(brk_grows_and_reads_as_zeros,
     "sbrk gives zeroed memory; shrinking and growing again gives zeros "
     "again.")
{
	char *p = sbrk(3 * PAGE);

	expect_ok((long)p);
	expect_filled(p, 0, 3 * PAGE);
	memset(p, 'h', 3 * PAGE);
	expect_ok((long)sbrk(-3 * PAGE));
	expect_ok((long)sbrk(3 * PAGE));
	expect_filled(p + PAGE, 0, 2 * PAGE);
}

TEST(brk_shrinks_and_the_pages_are_gone,
     "Whole pages above the new end of the heap are SIGSEGV; bytes below it "
     "stay.")
{
	char *p = sbrk(4 * PAGE);
	char *edge = p + (PAGE - (unsigned long)p % PAGE) % PAGE;

	skip_on(ON_EMULATOR, "qemu-user 7.2 never gives the heap's pages back");
	expect_ok((long)p);
	memset(p, 'h', 4 * PAGE);
	expect_ok(brk(edge + PAGE));
	expect_filled(p, 'h', edge + PAGE - p);
	expect_fault(fault_write(edge + PAGE, 1), SIGSEGV, SEGV_MAPERR,
		     edge + PAGE);
	expect_eq(sbrk(0), edge + PAGE);
}

TEST(brk_moves_by_bytes,
     "The heap's end need not be aligned: sbrk(1) moves it by one, and the "
     "rest of that page is usable.")
{
	char *p = sbrk(0);

	expect_eq(sbrk(1), p);
	expect_eq(sbrk(1), p + 1);
	expect_eq(sbrk(0), p + 2);
	p[0] = 1;
	p[1] = 2;
	expect_eq(sbrk(-2), p + 2);
	expect_eq(sbrk(0), p);
}

TEST(brk_stops_at_a_mapping,
     "The heap does not grow into a mapping that is in its way (8).")
{
	char *end = sbrk(0);
	char *wall =
		end + (PAGE - (unsigned long)end % PAGE) % PAGE + 16 * PAGE;

	wall = mmap(wall, PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	expect_ok((long)wall);
	*wall = 'w';
	expect_eq(sbrk(64 * PAGE), -1);
	expect_eq(errno, ENOMEM);
	expect_eq(sbrk(0), end);
	expect_eq(*wall, 'w');
}

TEST(brk_refuses_absurd_ends,
     "An end below the heap's start or beyond all memory changes nothing "
     "(2, 8).")
{
	char *end = sbrk(0);

	/* The system call's answer is the end as it is; glibc's brk() takes
	 * an end that is too high for success. */
	expect_eq(syscall(SYS_brk, PAGE), end);
	expect_eq(syscall(SYS_brk, -(long)PAGE), end);
	expect_eq(sbrk(1l << 50), -1);
	expect_eq(sbrk(0), end);
}

TEST(mmap_never_lands_in_the_heap,
     "What brk gave is not handed out by mmap (8).")
{
	char *p = sbrk(64 * PAGE);

	expect_ok((long)p);
	memset(p, 'h', 64 * PAGE);
	for (int i = 0; i < 64; i++)
		memset(map_anonymous(16), 'm', 16 * PAGE);
	expect_filled(p, 'h', 64 * PAGE);
}
