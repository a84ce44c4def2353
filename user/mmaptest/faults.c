// SPDX-License-Identifier: MIT
/*
 * faults.c - accesses that must fail, and what happens to who makes them.
 *
 * The stack is an interval that grows down by faults, with a gap below it
 * that nothing grows into:
 *
 *	| mapping |   gap   |xxxxx stack xxxxx| top
 *	                    ^ moves down, to the limit
 */

#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "testlib/counter.h"
#include "testlib/fault.h"
#include "testlib/files.h"
#include "testlib/memory.h"
#include "testlib/where.h"

/* In the kernel's half, between the halves, and at the edges of both. */
static const uint64_t not_ours[] = {
	0x4000000000000000, 0x0000800000000000, 0x8000000000000000,
	0xffffffbfffffff00, 0xffffffc000000000, 0xffffffc080200000,
	0xffffffe000000000, 0xffffffff80000000, 0xffffffff80200000,
	0xfffffffffffff000, 0xffffffffffffffff,
};

/* No mapping, and the compiler can't see it. */
static int *volatile nowhere = (int *)8;

enum { NOT_OURS = sizeof(not_ours) / sizeof(not_ours[0]) };

TEST(null_pointer_is_sigsegv,
     "A load, a store and a jump at address 0 are SIGSEGV (MAPERR) with that "
     "address (30).")
{
	expect_fault(fault_read(NULL), SIGSEGV, SEGV_MAPERR, NULL);
	expect_fault(fault_write(NULL, 1), SIGSEGV, SEGV_MAPERR, NULL);
	expect_fault(fault_jump(NULL), SIGSEGV, SEGV_MAPERR, NULL);
}

TEST(kernel_addresses_are_sigsegv,
     "Loads, stores and jumps in the kernel's half, and at addresses that are "
     "not canonical, are SIGSEGV (30; promise 6).")
{
	skip_on(ON_EMULATOR, "there the host's addresses would be touched");
	for (int i = 0; i < NOT_OURS; i++) {
		char *at = (char *)not_ours[i];

		expect_eq(fault_read(at).signal, SIGSEGV);
		expect_eq(fault_write(at, 1).signal, SIGSEGV);
		expect_eq(fault_jump((void *)(not_ours[i] & ~1ul)).signal,
			  SIGSEGV);
	}
}

TEST(kernel_addresses_are_efault_for_calls,
     "read(2) and write(2) do not touch kernel memory for us: EFAULT "
     "(25; promise 6).")
{
	int fd = make_file("file", PAGE);

	for (int i = 0; i < NOT_OURS; i++) {
		expect_errno(pread(fd, (void *)not_ours[i], 8, 0), EFAULT);
		expect_errno(pwrite(fd, (void *)not_ours[i], 8, 0), EFAULT);
	}
	expect_pattern(map_shared(fd, 1), PAGE, 0);
}

TEST(page_after_the_mapping_is_sigsegv,
     "The byte after a mapping's last is not mapped, the last one is (1).")
{
	char *p = reserve(2);

	unmap(p + PAGE, 1);
	expect_ok(mprotect(p, PAGE, PROT_READ | PROT_WRITE));
	expect_no_fault(fault_write(p + PAGE - 1, 1));
	expect_fault(fault_write(p + PAGE, 1), SIGSEGV, SEGV_MAPERR, p + PAGE);
	expect_fault(fault_read(p - 1), SIGSEGV, SEGV_MAPERR, p - 1);
}

static void load_across(void *at)
{
	(void)*(volatile uint64_t *)at;
}

TEST(access_may_cross_a_page,
     "An unaligned load over two pages works when both are mapped, in one "
     "mapping or two, and is SIGSEGV when the second is not.")
{
	char *p = map_anonymous(3);
	uint64_t word;

	memset(p, 0x5a, 3 * PAGE);
	expect_ok(mprotect(p + PAGE, PAGE, PROT_READ));
	memcpy(&word, p + PAGE - 4, 8);
	expect_eq(word, 0x5a5a5a5a5a5a5a5a);
	expect_no_fault(fault_call(load_across, p + PAGE - 4));
	expect_ok(mprotect(p + PAGE, PAGE, PROT_NONE));
	expect_eq(fault_call(load_across, p + PAGE - 4).signal, SIGSEGV);
}

TEST(uncaught_sigsegv_ends_the_process,
     "Without a handler a bad access kills the process by SIGSEGV, and nobody "
     "else.")
{
	pid_t child = expect_ok(fork());

	if (child == 0) {
		*nowhere = 1;
		_exit(0);
	}
	expect_killed(child, SIGSEGV);
}

TEST(uncaught_sigbus_ends_the_process,
     "A page past the end of the file, without a handler, kills by SIGBUS.")
{
	int fd = make_sparse("file", 0);
	volatile char *p = map_shared(fd, 1);
	pid_t child = expect_ok(fork());

	if (child == 0) {
		*p = 1;
		_exit(0);
	}
	expect_killed(child, SIGBUS);
}

static void fault_again(int signal)
{
	(void)signal;
	*nowhere = 1;
}

TEST(fault_in_the_handler_ends_the_process,
     "SIGSEGV while its handler runs, and so is blocked, kills instead of "
     "looping.")
{
	pid_t child = expect_ok(fork());

	if (child == 0) {
		signal(SIGSEGV, fault_again);
		*nowhere = 1;
		_exit(0);
	}
	expect_killed(child, SIGSEGV);
}

TEST(handler_without_a_stack_ends_the_process,
     "A signal whose alternate stack can't be written kills by SIGSEGV: the "
     "kernel neither panics nor goes on (25).")
{
	pid_t child = expect_ok(fork());

	if (child == 0) {
		stack_t stack = {.ss_sp = reserve(16), .ss_size = 16 * PAGE};
		struct sigaction action = {.sa_handler = fault_again,
					   .sa_flags = SA_ONSTACK};

		expect_ok(sigaltstack(&stack, NULL));
		expect_ok(sigaction(SIGUSR1, &action, NULL));
		raise(SIGUSR1);
		_exit(0);
	}
	expect_killed(child, SIGSEGV);
}

TEST(crash_gives_all_frames_back,
     "A process with 200 touched pages dies of SIGSEGV: as many frames are "
     "free as before (promise 5).")
{
	struct counter nfree;

	skip_unless_counted("nr_free_pages");
	for (int round = 0; round < 4; round++) {
		pid_t child;

		if (round < 2) /* what is needed once is there after two */
			nfree = counter_start("nr_free_pages");
		child = expect_ok(fork());
		if (child == 0) {
			memset(map_anonymous(200), 1, 200 * PAGE);
			memset(map_anonymous_shared(50), 1, 50 * PAGE);
			*nowhere = 1;
		}
		expect_killed(child, SIGSEGV);
	}
	expect_returned(&nfree, 16);
}

/* --- the stack ----------------------------------------------------------- */

/* Use @nbytes of stack, a page and a bit at a time; returns how many pages.
 * That each frame knows the one above keeps the compiler from making a loop
 * of it. */
static __attribute__((noipa)) long dig(size_t nbytes, const char *above)
{
	char frame[PAGE];

	frame[0] = *above;
	*(volatile char *)&frame[PAGE - 1] = 1;
	return nbytes <= PAGE ? 1 : 1 + dig(nbytes - PAGE, frame);
}

TEST(stack_grows_as_it_is_used,
     "A megabyte of stack is there when it is used, page by page.")
{
	expect_eq(dig(1 << 20, ""), (1 << 20) / PAGE);
}

static void touch_far_below(void *distance)
{
	volatile char here;

	*(&here - (size_t)distance) = 1;
}

TEST(stack_grows_in_one_leap,
     "A store far below the stack pointer's page, within the limit, makes the "
     "stack grow to it.")
{
	expect_no_fault(fault_call(touch_far_below, (void *)(512ul << 10)));
}

TEST(endless_recursion_is_sigsegv,
     "Recursion without an end uses up the stack's limit and dies of SIGSEGV; "
     "its parent goes on.")
{
	pid_t child = expect_ok(fork());

	if (child == 0) {
		dig(SIZE_MAX, "");
		_exit(0);
	}
	expect_killed(child, SIGSEGV);
	expect_eq(dig(64 << 10, ""), 16);
}

static sig_atomic_t volatile overflow_seen;

static void overflowed(int signal)
{
	(void)signal;
	overflow_seen = 1;
	_exit(42);
}

TEST(overflow_is_handled_on_another_stack,
     "With sigaltstack a process lives to handle the overflow of its own "
     "stack.")
{
	pid_t child = expect_ok(fork());

	if (child == 0) {
		stack_t stack = {.ss_sp = map_anonymous(16),
				 .ss_size = 16 * PAGE};
		struct sigaction action = {.sa_handler = overflowed,
					   .sa_flags = SA_ONSTACK};

		expect_ok(sigaltstack(&stack, NULL));
		expect_ok(sigaction(SIGSEGV, &action, NULL));
		dig(SIZE_MAX, "");
		_exit(0);
	}
	expect_exit(child, 42);
}

TEST(stack_keeps_away_from_mappings,
     "With a mapping 16 pages below it the stack does not grow to touch it: "
     "the gap holds, and the mapping keeps its bytes (8).")
{
	int fd = make_file("file", PAGE);
	pid_t child;

	skip_unless_maps_tell();
	child = expect_ok(fork());
	if (child == 0) {
		struct map_line stack;
		char *wall;

		expect(map_line_at(&stack, &stack));
		wall = (char *)stack.start - 16 * PAGE;
		expect_eq(mmap(wall, PAGE, PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0),
			  wall);
		dig(stack.end - stack.start + 64 * PAGE, "");
		_exit(0);
	}
	expect_killed(child, SIGSEGV);
	expect_pattern(map_shared(fd, 1), PAGE, 0);
}

TEST(mmap_keeps_away_from_the_stack,
     "After many mappings without an address the stack can still grow by a "
     "megabyte (8).")
{
	for (int i = 0; i < 300; i++)
		map_anonymous(16);
	expect_eq(dig(1 << 20, ""), (1 << 20) / PAGE);
}

TEST(stack_limit_can_be_lowered,
     "Under RLIMIT_STACK of 256 KiB, recursion to 1 MiB is SIGSEGV.")
{
	struct rlimit limit = {256 << 10, 256 << 10};
	pid_t child;

	skip_on(ON_EMULATOR, "qemu-user makes the stack at the start");
	child = expect_ok(fork());
	if (child == 0) {
		expect_ok(setrlimit(RLIMIT_STACK, &limit));
		dig(1 << 20, "");
		_exit(0);
	}
	expect_killed(child, SIGSEGV);
}
