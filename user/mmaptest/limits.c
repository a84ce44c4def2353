// SPDX-License-Identifier: MIT
/*
 * limits.c - resource limits of memory: the call beyond one fails, what was
 * there stays, and the limit goes with fork and exec.
 */

#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "testlib/fault.h"
#include "testlib/files.h"
#include "testlib/memory.h"
#include "testlib/where.h"

enum { BOTH = PROT_READ | PROT_WRITE, ANONYMOUS = MAP_PRIVATE | MAP_ANONYMOUS };

static const size_t MUCH = 256ul << 20;

static void limit(int which, rlim_t bytes)
{
	struct rlimit new = {bytes, RLIM_INFINITY};

	skip_on(ON_EMULATOR, "it would limit the emulator");
	expect_ok(setrlimit(which, &new));
}

static void *try_map(size_t nbytes, int prot, int flags)
{
	return mmap(NULL, nbytes, prot, flags | MAP_ANONYMOUS, -1, 0);
}

TEST(limit_of_data_counts_private_writable_memory,
     "Under RLIMIT_DATA private writable mappings and brk beyond it are "
     "ENOMEM; shared and read-only ones are not counted.")
{
	char *p;

	limit(RLIMIT_DATA, 64ul << 20);
	expect_errno((long)try_map(MUCH, BOTH, MAP_PRIVATE), ENOMEM);
	expect_errno((long)sbrk(MUCH), ENOMEM);
	expect_mapped(try_map(MUCH, PROT_READ, MAP_PRIVATE));
	expect_mapped(try_map(MUCH, BOTH, MAP_SHARED | MAP_NORESERVE));
	p = expect_mapped(try_map(4 * PAGE, BOTH, MAP_PRIVATE));
	memset(p, 1, 4 * PAGE);
	expect_errno((long)mremap(p, 4 * PAGE, MUCH, MREMAP_MAYMOVE), ENOMEM);
	expect_filled(p, 1, 4 * PAGE);
}

TEST(limit_of_data_holds_for_mprotect,
     "Making more private memory writable than RLIMIT_DATA allows is ENOMEM, "
     "and it stays read-only.")
{
	char *p;

	limit(RLIMIT_DATA, 64ul << 20);
	p = expect_mapped(try_map(MUCH, PROT_READ, MAP_PRIVATE));
	expect_errno(mprotect(p, MUCH, BOTH), ENOMEM);
	expect_fault(fault_write(p, 1), SIGSEGV, SEGV_ACCERR, p);
	expect_ok(mprotect(p, PAGE, BOTH));
	expect_no_fault(fault_write(p, 1));
}

TEST(limit_of_space_counts_all,
     "RLIMIT_AS counts read-only, shared and untouched memory alike, for mmap "
     "and mremap; unmapping makes room again.")
{
	char *p;

	limit(RLIMIT_AS, MUCH);
	expect_errno((long)try_map(MUCH, PROT_NONE, MAP_PRIVATE), ENOMEM);
	expect_errno((long)try_map(MUCH, PROT_READ, MAP_SHARED), ENOMEM);
	p = expect_mapped(try_map(MUCH / 2, PROT_READ, MAP_PRIVATE));
	expect_errno((long)try_map(MUCH / 2, PROT_READ, MAP_PRIVATE), ENOMEM);
	expect_errno((long)mremap(p, MUCH / 2, MUCH, MREMAP_MAYMOVE), ENOMEM);
	/* What it replaces is not counted twice. */
	expect_mapped(
		mmap(p, MUCH / 2, PROT_READ, ANONYMOUS | MAP_FIXED, -1, 0));
	unmap(p, MUCH / 2 / PAGE);
	expect_mapped(try_map(MUCH / 2, PROT_READ, MAP_PRIVATE));
}

/* Use @arg bytes of stack. */
static __attribute__((noipa)) void use_stack(void *arg)
{
	size_t left = *(size_t *)arg;
	volatile char frame[16 << 10];

	frame[0] = 1;
	frame[sizeof(frame) - 1] = 1;
	if (left > sizeof(frame)) {
		left -= sizeof(frame);
		use_stack(&left);
	}
	frame[1] = frame[0];
}

TEST(limit_of_stack_stops_its_growth,
     "Under RLIMIT_STACK of 1 MiB half of that can be used, and 2 MiB is "
     "SIGSEGV; raised again the stack grows on.")
{
	static char alternate[64 << 10];
	stack_t stack = {.ss_sp = alternate, .ss_size = sizeof(alternate)};
	size_t little = 512 << 10, much = 2 << 20;
	pid_t child;

	limit(RLIMIT_STACK, 1 << 20);
	expect_ok(sigaltstack(&stack, NULL));
	use_stack(&little);
	child = expect_ok(fork());
	if (child == 0) {
		signal(SIGSEGV, SIG_DFL);
		use_stack(&much);
		_exit(0);
	}
	expect_killed(child, SIGSEGV);
	limit(RLIMIT_STACK, 8 << 20);
	use_stack(&much);
}

TEST(growsdown_mapping_grows_and_keeps_its_distance,
     "A MAP_GROWSDOWN mapping grows at a touch below it, but not closer than "
     "256 pages to the mapping under it (8, 30).")
{
	enum { GAP = 256, N = 600 };
	char *base = reserve(N);
	char *top = base + (N - 1) * PAGE;

	skip_on(ON_EMULATOR, "its pages' table has no place for it");
	unmap(base, N);
	expect_mapped(mmap(base, PAGE, BOTH, ANONYMOUS | MAP_FIXED, -1, 0));
	expect_mapped(mmap(top, PAGE, BOTH,
			   ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN, -1, 0));
	expect_no_fault(fault_write(top - PAGE, 1));
	expect_no_fault(fault_write(top - 20 * PAGE, 2));
	expect_eq(top[-PAGE], 1);
	expect_no_fault(fault_read(top - 10 * PAGE));
	expect_no_fault(fault_write(base + (GAP + 1) * PAGE, 3));
	expect_fault(fault_write(base + GAP * PAGE, 4), SIGSEGV, SEGV_MAPERR,
		     base + GAP * PAGE);
	expect_fault(fault_read(base + PAGE), SIGSEGV, SEGV_MAPERR,
		     base + PAGE);
}

TEST(map_flags_known_and_unknown,
     "MAP_STACK, MAP_NORESERVE and flags nobody knows are taken; with "
     "MAP_SHARED_VALIDATE unknown ones are EOPNOTSUPP, MAP_SYNC too.")
{
	enum { UNKNOWN = 1 << 25, SYNC = 0x80000 };
	int fd = make_file("file", PAGE);

	skip_on(ON_EMULATOR, "qemu-user 7.2 does not pass them on");
	expect_mapped(try_map(PAGE, BOTH, MAP_PRIVATE | MAP_STACK));
	expect_mapped(try_map(PAGE, BOTH, MAP_PRIVATE | MAP_NORESERVE));
	expect_mapped(try_map(PAGE, BOTH, MAP_PRIVATE | UNKNOWN));
	expect_errno((long)try_map(PAGE, BOTH, MAP_SHARED_VALIDATE), EINVAL);
	expect_errno((long)try_map(PAGE, BOTH, 0), EINVAL);
	expect_mapped(mmap(NULL, PAGE, BOTH, MAP_SHARED | UNKNOWN, fd, 0));
	expect_mapped(mmap(NULL, PAGE, BOTH, MAP_SHARED_VALIDATE, fd, 0));
	expect_errno((long)mmap(NULL, PAGE, BOTH, MAP_SHARED_VALIDATE | UNKNOWN,
				fd, 0),
		     EOPNOTSUPP);
	expect_errno(
		(long)mmap(NULL, PAGE, BOTH, MAP_SHARED_VALIDATE | SYNC, fd, 0),
		EOPNOTSUPP);
}
