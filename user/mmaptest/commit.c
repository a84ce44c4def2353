// SPDX-License-Identifier: MIT
/*
 * commit.c - how much memory is promised: /proc/sys/vm/overcommit_memory.
 */

#define _GNU_SOURCE
#include "testlib/counter.h"
#include "testlib/files.h"
#include "testlib/memory.h"
#include "testlib/where.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BOTH = PROT_READ | PROT_WRITE, NORESERVE = MAP_NORESERVE };

static const char mode_path[] = "/proc/sys/vm/overcommit_memory";
static const char ratio_path[] = "/proc/sys/vm/overcommit_ratio";

static void set(const char *path, long value)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0)
		skip("%s can't be written here", path);
	dprintf(fd, "%ld\n", value);
	close(fd);
}

/* A line of /proc/meminfo, in pages. */
static long meminfo(const char *name)
{
	FILE *in = fopen("/proc/meminfo", "r");
	char line[100];
	long n = -1;

	while (n < 0 && in && fgets(line, sizeof(line), in))
		if (strncmp(line, name, strlen(name)) == 0)
			n = strtol(line + strlen(name) + 1, NULL, 10) / 4;
	fclose(in);
	return n;
}

static void *try_map(size_t npages, int prot, int flags)
{
	return mmap(NULL, npages * PAGE, prot,
		    MAP_ANONYMOUS | (flags & MAP_SHARED ? 0 : MAP_PRIVATE) |
			    flags,
		    -1, 0);
}

static long committed_by(size_t npages, int prot, int flags)
{
	long before = meminfo("Committed_AS");
	void *at = expect_mapped(try_map(npages, prot, flags));
	long after = meminfo("Committed_AS");

	expect_ok(munmap(at, npages * PAGE));
	expect_eq(meminfo("Committed_AS"), before);
	return after - before;
}

TEST(commit_counts_private_writable_memory,
     "Committed_AS grows by private memory that may be written, and by shared "
     "memory without a file; not by what is read-only, or MAP_NORESERVE.")
{
	long before;
	char *p;

	skip_on(ON_LINUX | ON_EMULATOR, "others' promises are counted, too");
	expect_eq(committed_by(100, BOTH, 0), 100);
	expect_eq(committed_by(100, PROT_NONE, 0), 0);
	expect_eq(committed_by(100, PROT_READ, 0), 0);
	expect_eq(committed_by(100, BOTH, NORESERVE), 0);
	expect_eq(committed_by(100, BOTH, MAP_SHARED), 100);
	before = meminfo("Committed_AS");
	p = expect_mapped(try_map(10, PROT_NONE, 0));
	expect_eq(meminfo("Committed_AS"), before);
	expect_ok(mprotect(p + PAGE, 4 * PAGE, BOTH));
	expect_eq(meminfo("Committed_AS"), before + 4);
	expect_ok(mprotect(p + PAGE, 4 * PAGE, PROT_READ));
	expect_eq(meminfo("Committed_AS"), before + 4);
	expect_ok(munmap(p + 2 * PAGE, PAGE));
	expect_eq(meminfo("Committed_AS"), before + 3);
}

TEST(promises_end_with_the_process,
     "What a process was promised is given back when it ends, by exit or by "
     "SIGKILL, and when it executes another program.")
{
	long before = 0;

	skip_on(ON_LINUX | ON_EMULATOR, "others' promises are counted, too");
	for (int round = 0; round < 6; round++) {
		if (round == 3)
			before = meminfo("Committed_AS");

		pid_t child = expect_ok(fork());

		if (child == 0) {
			expect_mapped(try_map(1000, BOTH, 0));
			expect_mapped(try_map(1000, BOTH, MAP_SHARED));
			if (round % 3 == 0)
				execl("/bin/true", "true", NULL);
			if (round % 3 == 1)
				kill(getpid(), SIGKILL);
			_exit(0);
		}
		if (round % 3 == 1)
			expect_killed(child, SIGKILL);
		else
			expect_exit(child, 0);
	}
	expect_between(meminfo("Committed_AS"), before - 100, before + 100);
}

TEST(commit_refuses_more_than_there_is,
     "In mode 0 a mapping that is larger than memory and swap is ENOMEM, but "
     "with MAP_NORESERVE; in mode 1 it is none.")
{
	size_t npages = meminfo("MemTotal") + meminfo("SwapTotal") + 1000;

	skip_on(ON_EMULATOR, "memory is the host's");
	set(mode_path, 1);
	expect_mapped(try_map(npages, BOTH, 0));
	set(mode_path, 0);
	expect(try_map(npages, BOTH, 0) == MAP_FAILED && errno == ENOMEM);
	expect_mapped(try_map(npages, BOTH, NORESERVE));
	expect_mapped(try_map(npages, PROT_READ, 0));
}

/* With nothing left: each way to ask for more. */
static void refused(char *none, char *some, size_t n)
{
	char *at = sbrk(0);

	expect(try_map(n, BOTH, 0) == MAP_FAILED && errno == ENOMEM);
	expect(try_map(n, BOTH, NORESERVE) == MAP_FAILED && errno == ENOMEM);
	expect(try_map(n, BOTH, MAP_SHARED) == MAP_FAILED && errno == ENOMEM);
	expect_errno(brk(at + n * PAGE), ENOMEM);
	expect_errno(mprotect(none, n * PAGE, BOTH), ENOMEM);
	expect(mremap(some, PAGE, n * PAGE, MREMAP_MAYMOVE) == MAP_FAILED &&
	       errno == ENOMEM);
	expect_errno(fork(), ENOMEM);
}

TEST(commit_of_many_is_none_too_large,
     "In mode 0 a process may fork whose mappings, each a quarter of memory, "
     "are twice as much together.")
{
	size_t npages = meminfo("MemTotal") / 4;

	skip_on(ON_EMULATOR, "memory is the host's");
	for (int i = 0; i < 8; i++)
		expect_mapped(mmap(reserve(npages), npages * PAGE, BOTH,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
				   0));

	pid_t child = expect_ok(fork());

	if (child == 0)
		_exit(0);
	expect_exit(child, 0);
}

TEST(commit_is_strict_in_mode_2,
     "With a limit that is reached mmap, brk, mprotect, mremap and fork are "
     "ENOMEM; what needs no promise works; in mode 0 again all does.")
{
	size_t n = 4096;
	char *none, *some;
	siginfo_t info;
	pid_t child;

	skip_on(ON_LINUX | ON_EMULATOR, "it would starve the rest");
	none = expect_mapped(try_map(n, PROT_NONE, 0));
	some = expect_mapped(try_map(n, BOTH, 0));
	if (meminfo("SwapTotal"))
		skip("there is swap, which may be promised");
	child = expect_ok(fork());
	if (child == 0) {
		set(ratio_path, 0);
		set(mode_path, 2);
		refused(none, some, n);
		expect_ok(munmap(some + PAGE, PAGE));
		some[0] = 1;
		expect_mapped(try_map(n, PROT_READ, 0));
		_exit(0);
	}
	expect_ok(waitid(P_PID, child, &info, WEXITED | WNOWAIT));
	set(mode_path, 0); /* whatever has become of it */
	set(ratio_path, 50);
	expect_exit(child, 0);
	child = expect_ok(fork());
	if (child == 0)
		_exit(0);
	expect_exit(child, 0);
}
