// SPDX-License-Identifier: MIT
/*
 * handlers.c - memory management by the program: a SIGSEGV handler mends what
 * the access needed, returns, and the instruction is made again.
 *
 *	store ──► page fault ──► no right ──► SIGSEGV ──► handler
 *	  ▲                                                  │ mprotect, mmap
 *	  └───────────── rt_sigreturn ◄──────────────────────┘
 *
 * Collectors find out so which pages were written, databases bring theirs in,
 * and language run times grow their stacks.
 */

#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "testlib/fault.h"
#include "testlib/files.h"
#include "testlib/memory.h"
#include "testlib/where.h"

enum { NTHREADS = 4, HEAP_PAGES = 64 };

static char *heap;
static int heap_file;
static atomic_int nfaults;
static atomic_bool dirty[HEAP_PAGES];

static void handle(int signal, void (*handler)(int, siginfo_t *, void *),
		   int flags)
{
	struct sigaction action = {.sa_sigaction = handler,
				   .sa_flags = flags | SA_SIGINFO};

	expect_ok(sigaction(signal, &action, NULL));
}

/* Which page of the heap a fault is about; one outside is a real one. */
static size_t page_of(const siginfo_t *info)
{
	size_t n = ((char *)info->si_addr - heap) / PAGE;

	if ((char *)info->si_addr < heap || n >= HEAP_PAGES)
		abort();
	return n;
}

static void run_all(void *(*body)(void *))
{
	pthread_t threads[NTHREADS];

	for (intptr_t i = 0; i < NTHREADS; i++) {
		errno = pthread_create(&threads[i], NULL, body, (void *)i);
		expect(errno == 0);
	}
	for (int i = 0; i < NTHREADS; i++) {
		errno = pthread_join(threads[i], NULL);
		expect(errno == 0);
	}
}

/* --- a collector's write barrier ------------------------------------------ */

static void barrier(int signal, siginfo_t *info, void *context)
{
	size_t n = page_of(info);

	(void)signal;
	(void)context;
	if (info->si_code != SEGV_ACCERR)
		abort();
	nfaults++;
	dirty[n] = true;
	if (mprotect(heap + n * PAGE, PAGE, PROT_READ | PROT_WRITE))
		abort();
}

static void protect_heap(void)
{
	memset(dirty, 0, sizeof(dirty));
	expect_ok(mprotect(heap, HEAP_PAGES * PAGE, PROT_READ));
}

TEST(write_barrier_finds_the_pages_written,
     "After each protection of the heap the handler runs once for each page "
     "that is stored to, whose store is made; no other page is called dirty.")
{
	heap = map_anonymous(HEAP_PAGES);
	handle(SIGSEGV, barrier, 0);
	srand(3);
	for (int round = 1; round <= 100; round++) {
		bool wanted[HEAP_PAGES] = {false};
		int n = 0;

		protect_heap();
		nfaults = 0;
		for (int i = 0; i < 40; i++) {
			size_t at = rand() % (HEAP_PAGES * PAGE);

			heap[at] = round;
			expect_eq(heap[at], round);
			n += !wanted[at / PAGE];
			wanted[at / PAGE] = true;
		}
		expect_eq(nfaults, n);
		for (int i = 0; i < HEAP_PAGES; i++)
			expect_eq(dirty[i], wanted[i]);
	}
}

TEST(registers_survive_a_mended_fault,
     "A computation that stores to protected pages on its way comes to the "
     "same sum as one that meets no fault.")
{
	double quiet = 0, disturbed = 0;

	heap = map_anonymous(HEAP_PAGES);
	handle(SIGSEGV, barrier, 0);
	for (int round = 0; round < 2; round++) {
		double x = 1.5;

		for (int i = 0; i < HEAP_PAGES; i++) {
			x = x * 1.0000001 + 0.5 / x;
			*(double *)(heap + i * PAGE) = x;
		}
		for (int i = 0; i < HEAP_PAGES; i++)
			x += *(double *)(heap + i * PAGE) / 3;
		*(round ? &disturbed : &quiet) = x;
		protect_heap();
		nfaults = 0;
	}
	expect(quiet == disturbed && quiet != 0);
}

enum { ADDS = 2000 };

static void *add_to_all(void *argument)
{
	for (int i = 0; i < ADDS; i++) {
		size_t n = (i + (intptr_t)argument * 17) % HEAP_PAGES;

		atomic_fetch_add((atomic_int *)(heap + n * PAGE), 1);
	}
	return NULL;
}

static void expect_all_added(int rounds)
{
	int sum = 0;

	for (int i = 0; i < HEAP_PAGES; i++)
		sum += *(int *)(heap + i * PAGE);
	expect_eq(sum, rounds * NTHREADS * ADDS);
}

TEST(threads_meet_at_the_barrier,
     "Four threads add to the words of pages that were protected, all at "
     "once, and none of the additions is lost or made twice.")
{
	heap = map_anonymous(HEAP_PAGES);
	handle(SIGSEGV, barrier, 0);
	for (int round = 1; round <= 10; round++) {
		protect_heap();
		run_all(add_to_all);
		expect_all_added(round);
		for (int i = 0; i < HEAP_PAGES; i++)
			expect(dirty[i]);
	}
}

static atomic_bool over;

static void *protect_again_and_again(void *argument)
{
	while (!over) {
		protect_heap();
		usleep(100);
	}
	return argument;
}

TEST(barrier_goes_up_while_threads_store,
     "The same while a fifth thread goes on protecting the heap under them.")
{
	pthread_t collector;

	heap = map_anonymous(HEAP_PAGES);
	handle(SIGSEGV, barrier, 0);
	errno = pthread_create(&collector, NULL, protect_again_and_again, NULL);
	expect(errno == 0);
	for (int round = 1; round <= 5; round++)
		run_all(add_to_all);
	over = true;
	errno = pthread_join(collector, NULL);
	expect(errno == 0);
	expect_all_added(5);
}

/* --- a pager of one's own ------------------------------------------------- */

/* Bring the page in: its bytes first, its right to be read last. */
static void page_in(int signal, siginfo_t *info, void *context)
{
	size_t n = page_of(info);
	char *at = heap + n * PAGE;

	(void)signal;
	(void)context;
	nfaults++;
	if (mprotect(at, PAGE, PROT_READ | PROT_WRITE) ||
	    pread(heap_file, at, PAGE, n * PAGE) != PAGE ||
	    mprotect(at, PAGE, PROT_READ))
		abort();
}

TEST(handler_pages_a_file_in,
     "An arena without rights is read page by page from a file by the "
     "handler; after its pages were thrown away it comes again.")
{
	heap_file = make_file("file", HEAP_PAGES * PAGE);
	heap = reserve(HEAP_PAGES);
	handle(SIGSEGV, page_in, 0);
	for (int round = 1; round <= 5; round++) {
		expect_pattern(heap, HEAP_PAGES * PAGE, 0);
		expect_eq(nfaults, round * HEAP_PAGES);
		expect_ok(madvise(heap, HEAP_PAGES * PAGE, MADV_DONTNEED));
		expect_ok(mprotect(heap, HEAP_PAGES * PAGE, PROT_NONE));
	}
}

/* Several threads may be here for one page: each puts the same there. */
static void map_in(int signal, siginfo_t *info, void *context)
{
	size_t n = page_of(info);
	char *at = heap + n * PAGE;

	(void)signal;
	(void)context;
	if (mmap(at, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, heap_file,
		 n * PAGE) != at)
		abort();
}

static void *read_all(void *argument)
{
	expect_pattern(heap, HEAP_PAGES * PAGE, 0);
	return argument;
}

TEST(threads_share_a_pager,
     "Four threads read an arena at once whose handler maps each page over "
     "the hole that it was.")
{
	heap_file = make_file("file", HEAP_PAGES * PAGE);
	heap = reserve(HEAP_PAGES);
	handle(SIGSEGV, map_in, 0);
	for (int round = 0; round < 5; round++) {
		run_all(read_all);
		expect_eq(mmap(heap, HEAP_PAGES * PAGE, PROT_NONE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
			  heap);
	}
}

/* --- a stack that grows by hand ------------------------------------------- */

static void grow_stack(int signal, siginfo_t *info, void *context)
{
	size_t n = page_of(info);

	(void)signal;
	(void)context;
	nfaults++;
	if (mprotect(heap + n * PAGE, (HEAP_PAGES - n) * PAGE,
		     PROT_READ | PROT_WRITE))
		abort();
}

static __attribute__((noipa)) long add_up(long n)
{
	volatile char frame[200];

	frame[199] = n % 100;
	return n == 0 ? 0 : n + add_up(n - 1) + frame[199] - n % 100;
}

static void *use_stack(void *result)
{
	stack_t stack = {.ss_sp = map_anonymous(8), .ss_size = 8 * PAGE};

	expect_ok(sigaltstack(&stack, NULL));
	*(long *)result = add_up(600);
	return NULL;
}

TEST(handler_grows_a_stack,
     "A thread's stack is given its pages by the handler, which runs on "
     "another, as recursion comes to them.")
{
	pthread_attr_t attributes;
	pthread_t thread;
	long sum = 0;

	heap = reserve(HEAP_PAGES);
	expect_ok(mprotect(heap + (HEAP_PAGES - 8) * PAGE, 8 * PAGE,
			   PROT_READ | PROT_WRITE));
	handle(SIGSEGV, grow_stack, SA_ONSTACK);
	pthread_attr_init(&attributes);
	errno = pthread_attr_setstack(&attributes, heap, HEAP_PAGES * PAGE);
	expect(errno == 0);
	errno = pthread_create(&thread, &attributes, use_stack, &sum);
	expect(errno == 0);
	errno = pthread_join(thread, NULL);
	expect(errno == 0);
	expect_eq(sum, 600 * 601 / 2);
	expect(nfaults > 20);
}

/* --- handlers that fault, or do not return -------------------------------- */

static volatile int depth, deepest;

/* The first handler stores to the page that it is about. */
static void store_again(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	if (++depth > deepest)
		deepest = depth;
	if (depth == 3)
		expect_ok(mprotect(heap, PAGE, PROT_READ | PROT_WRITE));
	*(volatile char *)info->si_addr = depth;
	depth--;
}

TEST(handler_faults_on_the_same_page,
     "A handler with SA_NODEFER faults where it was called for, twice, until "
     "the innermost one mends the page: then all three stores are made, and "
     "the first one last.")
{
	heap = reserve(1);
	handle(SIGSEGV, store_again, SA_NODEFER);
	*(volatile char *)heap = 9;
	expect_eq(deepest, 3);
	expect_eq(heap[0], 9);
}

static void touch_file(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)info;
	(void)context;
	heap[PAGE] = 's'; /* past the end of the file */
	expect_ok(mprotect(heap, PAGE, PROT_READ | PROT_WRITE));
}

static void grow_file(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	if (info->si_code != BUS_ADRERR || info->si_addr != heap + PAGE)
		abort();
	expect_ok(ftruncate(heap_file, 2 * PAGE));
}

TEST(one_fault_inside_another,
     "In SIGSEGV's handler a store past the end of a file is SIGBUS, whose "
     "handler makes the file longer; both stores are made.")
{
	heap_file = make_file("file", PAGE);
	heap = map_shared(heap_file, 2);
	expect_ok(mprotect(heap, PAGE, PROT_READ));
	handle(SIGSEGV, touch_file, 0);
	handle(SIGBUS, grow_file, 0);
	heap[1] = 'f';
	expect_eq(file_byte(heap_file, 1), 'f');
	expect_eq(file_byte(heap_file, PAGE), 's');
}

static _Thread_local jmp_buf way_out;

static void jump_out(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)info;
	(void)context;
	_longjmp(way_out, 1);
}

static void *jump_often(void *argument)
{
	for (volatile int i = 0; i < 3000; i++) {
		if (_setjmp(way_out) == 0) {
			*(volatile char *)(heap + i % 8 * PAGE) = 1;
			abort();
		}
	}
	return argument;
}

TEST(handlers_are_left_by_jumps,
     "Four threads leave handlers of the same page's fault by longjmp 3,000 "
     "times each: the kernel keeps no count of handlers that did not return.")
{
	heap = reserve(8);
	handle(SIGSEGV, jump_out, SA_NODEFER);
	run_all(jump_often);
}
