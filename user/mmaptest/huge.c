// SPDX-License-Identifier: MIT
/*
 * huge.c - megapages: who gets one, that it is seen, and that it is not seen
 * in what the memory does when a part of it is changed.
 *
 * A case whose mapping got none, because memory is short or because Linux
 * makes none (it doesn't in less than 512 MB), is skipped: the rest of it
 * would be true of any memory, and is shown of that by others.
 */

#define _GNU_SOURCE
#include <linux/prctl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "testlib/counter.h"
#include "testlib/fault.h"
#include "testlib/files.h"
#include "testlib/memory.h"
#include "testlib/smaps.h"
#include "testlib/where.h"

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

enum { HUGE = 512 * PAGE, HUGE_KIB = 2048, READ_WRITE = 3 };

/* A mapping of @npages with nothing beside it, @offset pages behind a multiple
 * of 2 MiB, and that advice. */
static char *map_at(size_t offset, size_t npages, int advice)
{
	uintptr_t at = (uintptr_t)reserve(offset + npages + 513);
	char *p = (char *)((at + HUGE) / HUGE * HUGE) + offset * PAGE;

	if (memory_may_end())
		skip("so much can't be promised");
	expect_mapped(mmap(p, npages * PAGE, READ_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	expect_ok(mprotect(p, npages * PAGE, READ_WRITE));
	madvise(p, npages * PAGE,
		advice); /* an emulator's host may not have it */
	return p;
}

static bool is_huge(const char *p)
{
	return smap(p, "AnonHugePages") == HUGE_KIB;
}

static void skip_if_scarce(void)
{
	if (where() == ON_LINUX)
		skip("this Linux makes no huge pages here");
	if (memory_total() < 64 << 20 || memory_free() < memory_total() / 2)
		skip("too little memory is free");
}

/* 2 MiB behind one entry, with the pattern in it. */
static char *map_huge(void)
{
	char *p = map_at(0, 512, MADV_HUGEPAGE);

	p[0] = 1;
	if (where() != ON_EMULATOR && !is_huge(p)) {
		drop_caches();
		expect_ok(madvise(p, HUGE, MADV_DONTNEED));
		p[0] = 1;
		if (!is_huge(p))
			skip_if_scarce();
		expect_eq(smap(p, "AnonHugePages"), HUGE_KIB);
	}
	fill_pattern(p, HUGE, 0);
	return p;
}

/* counter_start() for who counts huge pages, too. */
static struct counter counted(const char *name)
{
	struct counter counter = counter_start(name);

	expect_ok(prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0));
	return counter;
}

/* --- who gets one --- */

TEST(huge_first_store_brings_2_mib,
     "The first store to an aligned 2 MiB that wants it brings all of it, at "
     "once, zeroed; smaps, mincore and pagemap show it, and it has no faults "
     "any more.")
{
	struct counter made, faults;
	unsigned char vec[512];
	char *p;

	skip_on(ON_EMULATOR, "it shows the emulator's memory");
	map_huge();
	p = map_at(0, 512, MADV_HUGEPAGE);
	made = counted("thp_fault_alloc");
	p[5 * PAGE] = 1;
	if (counter_since(&made) == 0 && !is_huge(p))
		skip_if_scarce();
	faults = counted("pgfault");
	expect_filled(p, 0, 5 * PAGE);
	expect_eq(p[5 * PAGE], 1);
	expect_filled(p + 6 * PAGE, 0, 506 * PAGE);
	for (int i = 0; i < 512; i++)
		p[i * PAGE] = 2;
	expect_counted_between(&faults, 0, 100);
	expect_counted(&made, 1);
	expect_eq(smap(p, "Rss"), HUGE_KIB);
	expect_eq(smap(p, "Private_Dirty"), HUGE_KIB);
	expect_eq(smap(p, "AnonHugePages"), HUGE_KIB);
	expect_eq(smap(p, "THPeligible"), 1);
	expect(strstr(smap_of(p), " hg ") != NULL);
	expect_ok(mincore(p, HUGE, vec));
	for (int i = 0; i < 512; i++)
		expect_eq(vec[i] & 1, 1);
	expect(is_huge(p));
}

TEST(huge_pages_are_frames_in_a_row,
     "pagemap shows 512 frames in a row, the first aligned to 2 MiB, and "
     "/proc/self/mem their bytes; neither splits them.")
{
	static uint64_t words[512];
	char bytes[16];
	char *p;
	int fd;

	skip_on(ON_EMULATOR, "it shows the emulator's memory");
	p = map_huge();
	fd = expect_ok(open("/proc/self/pagemap", O_RDONLY));
	expect_eq(pread(fd, words, sizeof(words), (uintptr_t)p / PAGE * 8),
		  sizeof(words));
	expect_eq(words[0] >> 63, 1);
	expect_eq(words[0] % 512, 0);
	for (int i = 0; i < 512; i++)
		expect_eq(words[i], words[0] + i);
	fd = expect_ok(open("/proc/self/mem", O_RDWR));
	expect_eq(pread(fd, bytes, 16, (uintptr_t)p + 300 * PAGE - 8), 16);
	expect_pattern(bytes, 16, 300 * PAGE - 8);
	expect_eq(pwrite(fd, "stored", 6, (uintptr_t)p + 7 * PAGE), 6);
	expect_bytes(p + 7 * PAGE, "stored", 6);
	expect(is_huge(p));
}

TEST(huge_only_where_it_fits,
     "A mapping that covers no whole aligned 2 MiB gets single pages; so do "
     "shared memory and a file's copies.")
{
	int fd = make_sparse("file", 1 << 23);
	char *p = map_at(1, 1022, MADV_HUGEPAGE);
	char *q = map_anonymous_shared(1024), *r = map_private(fd, 2048);

	skip_on(ON_EMULATOR, "it shows the emulator's memory");
	expect_ok(madvise(q, 1024 * PAGE, MADV_HUGEPAGE));
	expect_ok(madvise(r, 2048 * PAGE, MADV_HUGEPAGE));
	p[0] = p[600 * PAGE] = q[700 * PAGE] = r[1000 * PAGE] = 1;
	expect_eq(smap(p, "Rss"), 8);
	expect_eq(smap(p, "THPeligible"), 0);
	expect_eq(smap(q, "Rss"), 4);
	expect_eq(smap(r, "Anonymous"), 4);
	/* The whole one in the middle of a larger mapping. */
	p = map_at(511, 514, MADV_HUGEPAGE);
	map_huge();
	p[0] = p[513 * PAGE] = 1;
	expect_eq(smap(p, "Rss"), 8);
	p[300 * PAGE] = 1;
	if (!is_huge(p))
		skip_if_scarce();
	expect_eq(smap(p, "AnonHugePages"), HUGE_KIB);
	expect_eq(smap(p, "Rss"), HUGE_KIB + 8);
}

TEST(huge_boot_option_decides,
     "transparent_hugepage= says who gets one without advice, and with it: "
     "all, or none; else who asks.")
{
	char line[512] = "";
	int fd = expect_ok(open("/proc/cmdline", O_RDONLY));
	bool always, never;
	char *p, *q;

	skip_on(ON_LINUX | ON_EMULATOR, "its boot is not ours to see");
	expect(read(fd, line, sizeof(line) - 1) > 0);
	always = strstr(line, "transparent_hugepage=always");
	never = strstr(line, "transparent_hugepage=never");
	p = map_at(0, 512, MADV_NORMAL);
	q = map_at(0, 512, MADV_HUGEPAGE);
	expect_eq(smap(p, "THPeligible"), always);
	expect_eq(smap(q, "THPeligible"), !never);
	p[0] = q[0] = 1;
	if (always && !is_huge(p))
		skip_if_scarce();
	expect_eq(smap(p, "AnonHugePages"), always ? HUGE_KIB : 0);
	if (never)
		expect_eq(smap(q, "AnonHugePages"), 0);
}

TEST(huge_advice_is_taken_and_given,
     "MADV_NOHUGEPAGE keeps huge pages away, and each advice takes the other "
     "back; neighbours that differ in it are two mappings, and the same "
     "advice makes them one.")
{
	char *p = map_at(0, 1024, MADV_NOHUGEPAGE);

	skip_on(ON_EMULATOR, "it shows the emulator's memory");
	p[0] = 1;
	expect_eq(smap(p, "AnonHugePages"), 0);
	expect_eq(smap(p, "Rss"), 4);
	expect_eq(smap(p, "THPeligible"), 0);
	expect(strstr(smap_of(p), " nh ") != NULL);
	expect_ok(madvise(p + HUGE, HUGE, MADV_HUGEPAGE));
	expect_eq(map_lines_in(p, 1024), 2);
	expect(strstr(smap_of(p + HUGE), " hg ") != NULL);
	expect(strstr(smap_of(p + HUGE), " nh ") == NULL);
	expect_ok(madvise(p, HUGE, MADV_HUGEPAGE));
	expect_eq(map_lines_in(p, 1024), 1);
	expect_ok(madvise(p, 2 * HUGE, MADV_NOHUGEPAGE));
	expect(strstr(smap_of(p), " hg ") == NULL);
}

TEST(huge_advice_on_any_mapping,
     "MADV_HUGEPAGE is for any mapping, even where it can't help: a page, a "
     "file, shared memory; over a hole it is ENOMEM, unaligned EINVAL.")
{
	int fd = make_file("file", PAGE);
	char *p = map_anonymous(3);

	skip_on(ON_EMULATOR, "qemu-user 7.2 does not pass on the advice");
	expect_ok(madvise(p, PAGE, MADV_HUGEPAGE));
	expect_ok(madvise(map_shared(fd, 1), PAGE, MADV_HUGEPAGE));
	expect_ok(madvise(map_private(fd, 1), PAGE, MADV_NOHUGEPAGE));
	expect_ok(madvise(map_anonymous_shared(1), PAGE, MADV_HUGEPAGE));
	expect_errno(madvise(p + 1, PAGE, MADV_HUGEPAGE), EINVAL);
	unmap(p + PAGE, 1);
	expect_errno(madvise(p, 3 * PAGE, MADV_HUGEPAGE), ENOMEM);
	expect(strstr(smap_of(p + 2 * PAGE), " hg ") != NULL);
}

TEST(huge_not_for_who_declines,
     "PR_SET_THP_DISABLE keeps them from a process and from its children; "
     "arguments that must be 0 are EINVAL otherwise.")
{
	char *p = map_at(0, 512, MADV_HUGEPAGE);
	pid_t child;

	skip_on(ON_EMULATOR, "it shows the emulator's memory");
	expect_eq(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0), 0);
	expect_errno(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 1), EINVAL);
	expect_errno(prctl(PR_GET_THP_DISABLE, 1, 0, 0, 0), EINVAL);
	expect_ok(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0));
	expect_eq(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0), 1);
	child = expect_ok(fork());
	if (child == 0) {
		p[0] = 1;
		expect_eq(smap(p, "AnonHugePages"), 0);
		expect_eq(smap(p, "Rss"), 4);
		_exit(0);
	}
	expect_exit(child, 0);
	expect_ok(prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0));
	map_huge();
}

TEST(huge_load_brings_nothing,
     "A load of memory that was never stored to brings no page of one's own; "
     "the store after it does.")
{
	char *p;

	skip_on(ON_EMULATOR, "it shows the emulator's memory");
	map_huge();
	p = map_at(0, 512, MADV_HUGEPAGE);
	expect_eq(p[0] + p[511 * PAGE], 0);
	expect_eq(smap(p, "Rss"), 0);
	p[5] = 1;
	expect_eq(p[0] + p[511 * PAGE], 0);
	if (where() == ON_QUIRE && !is_huge(p))
		skip_if_scarce();
	if (where() == ON_QUIRE) /* Linux before 6.13: one page */
		expect_eq(smap(p, "AnonHugePages"), HUGE_KIB);
}

/* --- a part of it changes --- */

TEST(huge_protects_one_page,
     "mprotect of one page in the middle holds for it alone; its bytes and "
     "its neighbours' stay, and so they do when it may be stored to again "
     "(57).")
{
	char *p = map_huge(), *q = p + 100 * PAGE;

	expect_ok(mprotect(q, PAGE, PROT_READ));
	expect_fault(fault_write(q, 1), SIGSEGV, SEGV_ACCERR, q);
	expect_no_fault(fault_write(q - 1, pattern(100 * PAGE - 1)));
	expect_no_fault(fault_write(q + PAGE, pattern(101 * PAGE)));
	expect_pattern(p, HUGE, 0);
	expect_ok(mprotect(p + HUGE / 2, HUGE / 2, PROT_NONE));
	expect_fault(fault_read(p + HUGE - 1), SIGSEGV, SEGV_ACCERR,
		     p + HUGE - 1);
	expect_ok(mprotect(p, HUGE, READ_WRITE));
	expect_pattern(p, HUGE, 0);
	p[100 * PAGE] = 1;
	expect_eq(p[100 * PAGE], 1);
}

TEST(huge_unmapped_in_the_middle,
     "munmap of three pages in the middle takes them and no others, and the "
     "others are as dirty as they were (57).")
{
	char *p = map_huge(), *q = p + 200 * PAGE;

	unmap(q, 3);
	expect_fault(fault_read(q), SIGSEGV, SEGV_MAPERR, q);
	expect_fault(fault_read(q + 2 * PAGE), SIGSEGV, SEGV_MAPERR,
		     q + 2 * PAGE);
	expect_pattern(p, 200 * PAGE, 0);
	expect_pattern(q + 3 * PAGE, 309 * PAGE, 203 * PAGE);
	if (where() != ON_EMULATOR) {
		expect_eq(smap(p, "Rss"), 800);
		expect_eq(smap(q + 3 * PAGE, "Rss"), 309 * 4);
		expect_eq(smap(p, "Private_Dirty"), 800);
	}
}

TEST(huge_is_copied_on_write,
     "After fork the stores of each side are its own, to the first page, to "
     "one in the middle, to the last.")
{
	static const size_t at[] = {0, 255 * PAGE + 17, HUGE - 1};
	char *p = map_huge();
	int go[2], done[2];
	pid_t child;
	char byte;

	expect_ok(pipe(go));
	expect_ok(pipe(done));
	child = expect_ok(fork());
	if (child == 0) {
		expect_eq(read(go[0], &byte, 1), 1);
		expect_pattern(p, HUGE, 0); /* for all that the parent stored */
		memset(p, 'c', HUGE);
		_exit(write(done[1], "c", 1) != 1);
	}
	for (int i = 0; i < 3; i++)
		p[at[i]] = 'p';
	expect_eq(write(go[1], "g", 1), 1);
	expect_eq(read(done[0], &byte, 1), 1);
	for (int i = 0; i < 3; i++) {
		expect_eq(p[at[i]], 'p');
		p[at[i]] = pattern(at[i]);
	}
	expect_pattern(p, HUGE, 0);
	expect_exit(child, 0);
}

TEST(huge_thrown_away_in_part,
     "After MADV_DONTNEED of a part it reads as zeros, and all else is as it "
     "was; of all of it, and the next store brings a huge page again.")
{
	char *p = map_huge(), *q = p + 50 * PAGE;

	expect_ok(madvise(q, 2 * PAGE, MADV_DONTNEED));
	expect_filled(q, 0, 2 * PAGE);
	expect_pattern(p, 50 * PAGE, 0);
	expect_pattern(q + 2 * PAGE, 460 * PAGE, 52 * PAGE);
	q[0] = 1;
	expect_eq(q[0], 1);
	expect_ok(madvise(p, HUGE, MADV_DONTNEED));
	expect_filled(p + HUGE / 2, 0, PAGE);
	expect_ok(madvise(p, HUGE, MADV_DONTNEED));
	p[HUGE - 1] = 1;
	expect_filled(p, 0, HUGE - 1);
	if (where() == ON_QUIRE && !is_huge(p))
		skip_if_scarce();
	if (where() == ON_QUIRE)
		expect_eq(smap(p, "AnonHugePages"), HUGE_KIB);
}

TEST(huge_moved_in_part,
     "mremap takes two pages out of the middle, with their bytes; and the "
     "rest to where another huge page was.")
{
	char *p = map_huge(), *to = reserve(2), *q = map_huge();

	memset(q, 'q', HUGE);
	expect_mapped(mremap(p + 300 * PAGE, 2 * PAGE, 2 * PAGE,
			     MREMAP_MAYMOVE | MREMAP_FIXED, to));
	expect_pattern(to, 2 * PAGE, 300 * PAGE);
	expect_fault(fault_read(p + 300 * PAGE), SIGSEGV, SEGV_MAPERR,
		     p + 300 * PAGE);
	expect_mapped(mremap(p, 300 * PAGE, 300 * PAGE,
			     MREMAP_MAYMOVE | MREMAP_FIXED, q + PAGE));
	expect_pattern(q + PAGE, 300 * PAGE, 0);
	expect_filled(q, 'q', PAGE);
	expect_filled(q + 301 * PAGE, 'q', 211 * PAGE);
	expect_pattern(p + 302 * PAGE, 210 * PAGE, 302 * PAGE);
}

TEST(huge_cut_by_flags,
     "Advice and a lock on a part cut the mapping, but not the memory: a child "
     "gets what it is to get, and what is locked stays.")
{
	char *p = map_huge();
	pid_t child;

	skip_on(ON_EMULATOR, "qemu-user 7.2 does not pass on the advice");
	expect_ok(madvise(p + PAGE, PAGE, MADV_WIPEONFORK));
	expect_ok(madvise(p + 3 * PAGE, PAGE, MADV_DONTFORK));
	expect_ok(mlock(p + 5 * PAGE, PAGE));
	expect_pattern(p, HUGE, 0);
	child = expect_ok(fork());
	if (child == 0) {
		expect_pattern(p, PAGE, 0);
		expect_filled(p + PAGE, 0, PAGE);
		expect_fault(fault_read(p + 3 * PAGE), SIGSEGV, SEGV_MAPERR,
			     p + 3 * PAGE);
		expect_pattern(p + 4 * PAGE, 508 * PAGE, 4 * PAGE);
		_exit(0);
	}
	expect_exit(child, 0);
	expect_errno(madvise(p, HUGE, MADV_DONTNEED), EINVAL);
	expect_filled(p, 0, PAGE); /* until the lock */
	expect_pattern(p + 5 * PAGE, 507 * PAGE, 5 * PAGE);
}

TEST(huge_swapped_out,
     "MADV_PAGEOUT puts a huge page on the disk, page by page; each comes back "
     "with its bytes.")
{
	char *p;

	skip_on(ON_EMULATOR, "its host's swap is another's");
	if (memory_of_swap() < 2 * HUGE)
		skip("there is no swap");
	p = map_huge();
	expect_ok(madvise(p, HUGE, MADV_PAGEOUT));
	expect_eq(smap(p, "AnonHugePages"), 0);
	expect_between(smap(p, "Swap"), 4, HUGE_KIB);
	expect_pattern(p, HUGE, 0);
	p[17 * PAGE] = 1;
	expect_ok(madvise(p, HUGE, MADV_PAGEOUT));
	expect_eq(p[17 * PAGE], 1);
	p[17 * PAGE] = pattern(17 * PAGE);
	expect_pattern(p, HUGE, 0);
}

TEST(huge_frames_come_back,
     "Whatever becomes of huge pages, all of their frames are free again when "
     "the process has ended, and those that are unmapped at once.")
{
	struct counter frames;
	pid_t child;
	char *p;

	skip_unless_counted("nr_free_pages");
	skip_if_memory_is_short();
	unmap(map_huge(), 512);
	frames = counted("nr_free_pages");
	p = map_huge();
	expect_between(-counter_since(&frames), 500, 600);
	unmap(p + 100 * PAGE, 412);
	expect_between(-counter_since(&frames), 90, 190);
	unmap(p, 100);
	expect_returned(&frames, 60);
	child = expect_ok(fork());
	if (child == 0) {
		p = map_huge();
		unmap(p + PAGE, 5);
		p = map_huge();
		expect_ok(mprotect(p, PAGE, PROT_READ));
		map_huge();
		_exit(0);
	}
	expect_exit(child, 0);
	expect_returned(&frames, 60);
}

/* --- threads --- */

enum { ROUNDS = 20, NTHREADS = 4 };

static struct {
	char *memory;
	pthread_barrier_t barrier;
	atomic_bool stop;
	atomic_ulong stores;
} shared;

static void run_all(void *(*body)(void *), void (*meanwhile)(void))
{
	pthread_t threads[NTHREADS];

	for (long i = 0; i < NTHREADS; i++)
		expect_eq(pthread_create(&threads[i], NULL, body, (void *)i),
			  0);
	if (meanwhile)
		meanwhile();
	for (int i = 0; i < NTHREADS; i++)
		expect_eq(pthread_join(threads[i], NULL), 0);
}

/* All touch a fresh 2 MiB at once, each at another place. */
static void *store_together(void *number)
{
	long self = (long)number;

	for (int round = 0; round < ROUNDS; round++) {
		pthread_barrier_wait(&shared.barrier);
		for (int i = self; round % 2 && i < 512; i += 50)
			expect_eq(shared.memory[i * PAGE + self], 0);
		for (int i = self; i < 512; i += 97)
			shared.memory[i * PAGE + self] = round + 1;
		pthread_barrier_wait(&shared.barrier);
		for (int i = self; i < 512; i += 97)
			expect_eq(shared.memory[i * PAGE + self], round + 1);
		if (pthread_barrier_wait(&shared.barrier))
			expect_ok(madvise(shared.memory, HUGE, MADV_DONTNEED));
	}
	return NULL;
}

TEST(huge_fault_by_four_threads,
     "Threads that load from and store to the same fresh 2 MiB at once get the "
     "same one, and no store is lost; and after MADV_DONTNEED the same again.")
{
	shared.memory = map_huge();
	expect_ok(madvise(shared.memory, HUGE, MADV_DONTNEED));
	expect_eq(pthread_barrier_init(&shared.barrier, NULL, NTHREADS), 0);
	run_all(store_together, NULL);
}

/* Each counts up in a page of its own. */
static void *count_up(void *number)
{
	atomic_ulong *at = (atomic_ulong *)(shared.memory +
					    (2 + 40 * (long)number) * PAGE);
	unsigned long n = 0;

	while (!shared.stop) {
		expect_eq(atomic_load(at), n);
		atomic_store(at, ++n);
		atomic_fetch_add(&shared.stores, 1);
	}
	expect_eq(atomic_load(at), n);
	return NULL;
}

static void split_again_and_again(void)
{
	static char *places[ROUNDS];
	unsigned long seen = 0;

	for (int i = 0; i < ROUNDS; i++) {
		char *q = places[i] = shared.memory + 300 * PAGE;

		/* Once some have stored since the last time. */
		while (shared.stores < seen + NTHREADS)
			sched_yield();
		if (i % 3 == 0) {
			expect_ok(mprotect(q, PAGE, PROT_READ));
			expect_ok(mprotect(q, PAGE, READ_WRITE));
		} else if (i % 3 == 1) {
			expect_ok(madvise(q, PAGE, MADV_DONTNEED));
		} else {
			pid_t child = expect_ok(fork());

			if (child == 0)
				_exit(0);
			expect_exit(child, 0);
		}
		seen = shared.stores;
	}
	shared.stop = true;
}

TEST(huge_split_while_others_store,
     "While threads store to a huge page another protects, drops or forks a "
     "part of it: no store is lost, and none is seen twice.")
{
	for (int i = 0; i < 3; i++) {
		shared.memory = map_huge();
		expect_ok(madvise(shared.memory, HUGE, MADV_DONTNEED));
		shared.memory[0] = 1;
		shared.stop = false;
		run_all(count_up, split_again_and_again);
	}
}
