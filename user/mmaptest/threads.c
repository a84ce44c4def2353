// SPDX-License-Identifier: MIT
/*
 * threads.c - one address space on several harts at once.
 *
 * Each hart has a TLB, and a change of a mapping is only done when none of
 * them knows the old one any more.  The cases let some threads load and store
 * while another unmaps, protects, replaces, forks or truncates, and then look
 * for an access that came through too late.  With one hart the scheduler is
 * what mixes them.
 */

#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "testlib/counter.h"
#include "testlib/fault.h"
#include "testlib/files.h"
#include "testlib/memory.h"
#include "testlib/where.h"

enum { NTHREADS = 4 };

typedef void *thread_body(void *);

static pthread_t start(thread_body *body, void *argument)
{
	pthread_t thread;

	errno = pthread_create(&thread, NULL, body, argument);
	expect(errno == 0);
	return thread;
}

static void *join(pthread_t thread)
{
	void *result;

	errno = pthread_join(thread, &result);
	expect(errno == 0);
	return result;
}

/* Run @body(@argument) on NTHREADS threads, and wait for all. */
static void run_all(thread_body *body, void *argument)
{
	pthread_t threads[NTHREADS];

	for (int i = 0; i < NTHREADS; i++)
		threads[i] = start(body, argument);
	for (int i = 0; i < NTHREADS; i++)
		join(threads[i]);
}

/* --- the same fault at once ---------------------------------------------- */

enum { RACE_PAGES = 100 };

static struct race {
	atomic_int arrived;
	atomic_int *counts;
} race;

/* Wait for the others, without sleeping: who is woken would come too late. */
static void meet(int round)
{
	atomic_fetch_add(&race.arrived, 1);
	for (unsigned i = 1; race.arrived < (round + 1) * NTHREADS; i++)
		if (i % 10000 == 0)
			sched_yield();
}

/* Each page's first touch is made by all threads together. */
static void *add_to_each_page(void *unused)
{
	for (int i = 0; i < RACE_PAGES; i++) {
		meet(i);
		atomic_fetch_add(&race.counts[i * PAGE / sizeof(int)], 1);
	}
	return unused;
}

/* One added by each thread to each page of @memory: none may be lost. */
static void race_on(void *memory, int before)
{
	race.counts = memory;
	race.arrived = 0;
	run_all(add_to_each_page, NULL);
	for (int i = 0; i < RACE_PAGES; i++)
		expect_eq(race.counts[i * PAGE / sizeof(int)],
			  before + NTHREADS);
}

TEST(threads_fault_on_the_same_fresh_page,
     "Four threads touch each page at the same time: they get the same page, "
     "and no store is lost (24, 50).")
{
	race_on(map_anonymous(RACE_PAGES), 0);
}

TEST(threads_fault_on_the_same_file_page,
     "The same for the pages of a shared file mapping.")
{
	int fd = make_sparse("file", RACE_PAGES * PAGE);

	race_on(map_shared(fd, RACE_PAGES), 0);
}

TEST(threads_copy_the_same_page_once,
     "The same for pages shared with a child: the copy is made once, and the "
     "child's bytes stay (24, 43).")
{
	int *p = map_anonymous(RACE_PAGES), ends[2];
	pid_t child;
	char byte;

	for (int i = 0; i < RACE_PAGES; i++)
		p[i * PAGE / sizeof(int)] = 7;
	expect_ok(pipe(ends));
	child = expect_ok(fork());
	if (child == 0) {
		expect_eq(read(ends[0], &byte, 1), 1);
		for (int i = 0; i < RACE_PAGES; i++)
			expect_eq(p[i * PAGE / sizeof(int)], 7);
		_exit(0);
	}
	race_on(p, 7);
	expect_eq(write(ends[1], "x", 1), 1);
	expect_exit(child, 0);
}

/* Three threads and a page that is about to be copied. */
enum { COPY_ROUNDS = 60 };

static struct copy_race {
	volatile char *page; /* of this round */
	atomic_int reading, told;
	pthread_barrier_t barrier;
} copy_race;

/* One store makes the copy, as soon as the old page is being read... */
static void *copy_the_page(void *unused)
{
	for (int i = 1; i <= COPY_ROUNDS; i++) {
		pthread_barrier_wait(&copy_race.barrier);
		while (copy_race.reading < i)
			sched_yield();
		copy_race.page[100] = 1;
		pthread_barrier_wait(&copy_race.barrier);
	}
	return unused;
}

/* ... another thread stores too, and says so ... */
static void *store_and_tell(void *unused)
{
	for (int i = 1; i <= COPY_ROUNDS; i++) {
		pthread_barrier_wait(&copy_race.barrier);
		while (copy_race.reading < i)
			sched_yield();
		for (volatile int wait = i * 50; wait; wait--)
			;
		copy_race.page[0] = i;
		copy_race.told = i;
		pthread_barrier_wait(&copy_race.barrier);
	}
	return unused;
}

/* ... and who was told must see it. */
static void *read_what_is_told(void *pages)
{
	for (int i = 1; i <= COPY_ROUNDS; i++) {
		copy_race.page = (char *)pages + (i - 1) * PAGE;
		pthread_barrier_wait(&copy_race.barrier);
		while (copy_race.told < i) {
			(void)copy_race.page[0];
			copy_race.reading = i;
		}
		expect_eq(copy_race.page[0], i);
		pthread_barrier_wait(&copy_race.barrier);
	}
	return NULL;
}

TEST(threads_never_see_two_pages,
     "While a page shared since fork is copied, a thread that was told of a "
     "store to the copy does not read the old page (46).")
{
	char *pages = map_anonymous(COPY_ROUNDS), byte;
	pthread_t threads[2];
	int ends[2];
	pid_t child;

	memset(pages, 0, COPY_ROUNDS * PAGE);
	expect_ok(pipe(ends));
	child = expect_ok(fork());
	if (child == 0) {
		close(ends[1]);
		_exit(read(ends[0], &byte, 1));
	}
	expect_eq(pthread_barrier_init(&copy_race.barrier, NULL, 3), 0);
	threads[0] = start(copy_the_page, NULL);
	threads[1] = start(store_and_tell, NULL);
	read_what_is_told(pages);
	join(threads[0]);
	join(threads[1]);
	close(ends[1]);
	expect_exit(child, 0);
}

/* --- access taken away --------------------------------------------------- */

static atomic_bool under_way;

static void count_up(void *at)
{
	for (volatile int *count = at;; ++*count)
		under_way = true;
}

static void load_for_ever(void *at)
{
	for (;;) {
		(void)*(volatile int *)at;
		under_way = true;
	}
}

static struct fault how_it_ended[1];

static void *count_until_fault(void *at)
{
	*how_it_ended = fault_call(count_up, at);
	return NULL;
}

static void *load_until_fault(void *at)
{
	*how_it_ended = fault_call(load_for_ever, at);
	return NULL;
}

static pthread_t start_and_wait(thread_body *body, void *at)
{
	pthread_t thread;

	under_way = false;
	thread = start(body, at);
	while (!under_way)
		sched_yield();
	return thread;
}

TEST(mprotect_stops_another_threads_stores,
     "When mprotect returns, no store of another thread comes through any "
     "more: the word stands still (46, 47).")
{
	for (int i = 0; i < 20; i++) {
		volatile int *count = map_anonymous(1);
		pthread_t thread =
			start_and_wait(count_until_fault, (void *)count);
		int seen;

		expect_ok(mprotect((void *)count, PAGE, PROT_READ));
		seen = *count;
		usleep(1000);
		expect_eq(*count, seen);
		join(thread);
		expect_fault(*how_it_ended, SIGSEGV, SEGV_ACCERR, count);
	}
}

TEST(munmap_stops_another_threads_loads,
     "A thread that reads a page all the time gets SIGSEGV when another "
     "unmaps it (46, 47).")
{
	for (int i = 0; i < 20; i++) {
		int *at = map_anonymous(1);
		pthread_t thread = start_and_wait(load_until_fault, at);

		unmap(at, 1);
		join(thread);
		expect_fault(*how_it_ended, SIGSEGV, SEGV_MAPERR, at);
	}
}

TEST(taking_access_away_is_told_to_other_harts,
     "Of 20 pages that are unmapped while another thread reads them, at least "
     "one is read on another hart: a shootdown.")
{
	struct counter shootdowns;

	skip_unless_counted("quire_tlb_shootdowns");
	if (harts_online() < 2)
		skip("needs two harts");
	shootdowns = counter_start("quire_tlb_shootdowns");
	for (int i = 0; i < 20; i++) {
		int *at = map_anonymous(1);
		pthread_t thread = start_and_wait(load_until_fault, at);

		unmap(at, 1);
		join(thread);
	}
	expect(counter_since(&shootdowns) > 0);
}

/* --- replaced ------------------------------------------------------------ */

static struct replaced {
	volatile int *at;
	atomic_int published; /* what was stored there before this was */
	atomic_bool done;
} replaced;

static void *watch_replacements(void *unused)
{
	while (!replaced.done) {
		int least = replaced.published;
		int seen = *replaced.at;

		/* 0 is the next page, fresh; less is an old page. */
		if (seen != 0 && seen < least)
			fail(HERE, "expected 0 or at least %d, saw %d", least,
			     seen);
	}
	return unused;
}

TEST(replaced_page_is_not_seen_again,
     "A page is replaced by MAP_FIXED again and again: a thread that watches "
     "never sees an older one, nor a hole (46).")
{
	pthread_t thread;

	replaced = (struct replaced){.at = map_anonymous(1)};
	thread = start(watch_replacements, NULL);
	for (int i = 1; i <= 500; i++) {
		expect_mapped(
			mmap((void *)replaced.at, PAGE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
		*replaced.at = i;
		replaced.published = i;
	}
	replaced.done = true;
	join(thread);
}

static atomic_bool enough;

static void *count_till_enough(void *at)
{
	while (!enough)
		++*(volatile int *)at;
	return NULL;
}

TEST(fork_is_a_snapshot,
     "While another thread stores all the time the child's copy stands still "
     "from its first instruction on (42, 46).")
{
	volatile int *count = map_anonymous(1);
	pthread_t thread = start(count_till_enough, (void *)count);

	for (int i = 0; i < 10; i++) {
		pid_t child = expect_ok(fork());

		if (child == 0) {
			int seen = *count;

			usleep(500);
			expect_eq(*count, seen);
			_exit(0);
		}
		expect_exit(child, 0);
	}
	enough = true;
	join(thread);
}

/* --- files --------------------------------------------------------------- */

enum { FILE_PAGES = 16 };

/* Load from all pages of a mapping that comes and goes. */
static void load_all(void *at)
{
	for (int i = 0; i < FILE_PAGES; i++) {
		unsigned char seen = *((volatile char *)at + i * PAGE);

		if (seen != 0 && seen != pattern(i * PAGE))
			fail(HERE, "page %d: expected %#x or 0, saw %#x", i,
			     pattern(i * PAGE), seen);
	}
}

static void *load_all_till_enough(void *at)
{
	while (!enough)
		fault_call(load_all, at);
	return NULL;
}

TEST(unmapping_races_with_faults,
     "Three threads read a file's pages while another unmaps them and maps "
     "them again: right bytes or SIGSEGV (28, 50).")
{
	int fd = make_file("file", FILE_PAGES * PAGE);
	char *p = map_shared(fd, FILE_PAGES);
	pthread_t threads[3];

	for (int i = 0; i < 3; i++)
		threads[i] = start(load_all_till_enough, p);
	for (int i = 0; i < 200; i++) {
		unmap(p, FILE_PAGES);
		expect_mapped(mmap(p, FILE_PAGES * PAGE, PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_FIXED, fd, 0));
	}
	enough = true;
	for (int i = 0; i < 3; i++)
		join(threads[i]);
	expect_pattern(p, FILE_PAGES * PAGE, 0);
}

TEST(truncation_races_with_faults,
     "Three threads read while the file is cut to nothing and filled again: "
     "its bytes, zeros or SIGBUS; at the end no old page is left (18).")
{
	int fd = make_file("file", FILE_PAGES * PAGE);
	static char bytes[FILE_PAGES * PAGE];
	char *p = map_shared(fd, FILE_PAGES);
	pthread_t threads[3];

	fill_pattern(bytes, sizeof(bytes), 0);
	for (int i = 0; i < 3; i++)
		threads[i] = start(load_all_till_enough, p);
	for (int i = 0; i < 100; i++) {
		expect_ok(ftruncate(fd, 0));
		expect_eq(pwrite(fd, bytes, sizeof(bytes), 0), sizeof(bytes));
	}
	expect_ok(ftruncate(fd, 0));
	expect_ok(ftruncate(fd, sizeof(bytes)));
	expect_filled(p, 0, sizeof(bytes));
	enough = true;
	for (int i = 0; i < 3; i++)
		join(threads[i]);
}

TEST(stores_during_msync_are_kept,
     "One thread counts in a shared page while another calls msync all the "
     "time: no store goes without a write after it, and read(2) and the disk "
     "have the last number (32, 36).")
{
	int fd = make_sparse("file", PAGE), last, seen;
	int *count = map_shared(fd, 1);
	pthread_t thread = start(count_till_enough, count);

	for (int i = 0; i < 50; i++) {
		struct counter written;
		int before;

		expect_ok(msync(count, PAGE, MS_SYNC));
		/* A store after this line is one more write. */
		written = counter_start("quire_data_pages_written");
		before = *(volatile int *)count;
		while (*(volatile int *)count == before)
			sched_yield();
		expect_ok(msync(count, PAGE, MS_SYNC));
		expect_counted_between(&written, 1, LONG_MAX);
	}
	enough = true;
	join(thread);
	last = *count;
	unmap(count, 1);
	expect_ok(fsync(fd));
	drop_caches();
	expect_eq(pread(fd, &seen, sizeof(seen), 0), sizeof(seen));
	expect_eq(seen, last);
}

/* --- everybody maps ------------------------------------------------------ */

static void *map_and_unmap(void *argument)
{
	int mark = (long)pthread_self() >> 12;

	for (int i = 0; i < 100; i++) {
		char *p = map_anonymous(4);

		expect_filled(p, 0, 4 * PAGE);
		memset(p, mark, 4 * PAGE);
		sched_yield();
		expect_filled(p, mark, 4 * PAGE);
		unmap(p, 4);
	}
	return argument;
}

TEST(threads_map_and_unmap_at_once,
     "Four threads map, fill, check and unmap their own memory 100 times.")
{
	run_all(map_and_unmap, NULL);
}

TEST(processes_add_to_one_word,
     "Three processes add to one word of shared memory 5,000 times each: "
     "atomic operations are atomic across address spaces.")
{
	atomic_int *sum = map_anonymous_shared(1);
	pid_t children[3];

	for (int i = 0; i < 3; i++) {
		children[i] = expect_ok(fork());
		if (children[i] == 0) {
			for (int n = 0; n < 5000; n++)
				atomic_fetch_add(sum, 1);
			_exit(0);
		}
	}
	for (int i = 0; i < 3; i++)
		expect_exit(children[i], 0);
	expect_eq(*sum, 15000);
}

/* --- the end of a file, on the move -------------------------------------- */

enum { END_ROUNDS = 2000 };

static struct {
	pthread_barrier_t barrier;
	volatile char *at;
} behind;

static void *store_behind_the_end(void *unused)
{
	for (int i = 0; i < END_ROUNDS; i++) {
		pthread_barrier_wait(&behind.barrier);
		*behind.at = 'x';
		pthread_barrier_wait(&behind.barrier);
	}
	return unused;
}

TEST(truncation_races_with_a_store_behind_the_end,
     "One thread cuts a file inside a page while another stores to that page, "
     "behind the new end: once the file has grown again there is a zero, "
     "whoever was first (12, 18).")
{
	int fd = make_sparse("file", 3 * PAGE);
	long at = 2 * PAGE - 1;
	pthread_t thread;
	char byte;

	skip_on(ON_LINUX | ON_EMULATOR, "there such a byte may survive");
	behind.at = map_shared(fd, 3) + at;
	expect_eq(pthread_barrier_init(&behind.barrier, NULL, 2), 0);
	thread = start(store_behind_the_end, NULL);
	for (int i = 0; i < END_ROUNDS; i++) {
		pthread_barrier_wait(&behind.barrier);
		for (volatile int delay = i % 500; delay > 0; delay--)
			;
		expect_ok(ftruncate(fd, at - PAGE / 2));
		pthread_barrier_wait(&behind.barrier);
		expect_ok(ftruncate(fd, 3 * PAGE));
		expect_eq(pread(fd, &byte, 1, at), 1);
		expect_eq(byte, 0);
	}
	join(thread);
}
