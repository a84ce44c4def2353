// SPDX-License-Identifier: MIT
/*
 * swap.c - anonymous pages that are on a disk: what of them is seen, and that
 * it is not seen.  MADV_PAGEOUT puts them there; without swap cases are
 * skipped.
 */

#define _GNU_SOURCE
#include "testlib/counter.h"
#include "testlib/fault.h"
#include "testlib/files.h"
#include "testlib/memory.h"
#include "testlib/where.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

enum { N = 16, BOTH = PROT_READ | PROT_WRITE };

static void skip_without_swap(void)
{
	skip_on(ON_EMULATOR, "its host's swap is another's");
	if (!memory_of_swap())
		skip("there is no swap");
}

/* How many of the pages are in a swap area, by pagemap's bit 62. */
static int swapped(const void *at, size_t npages)
{
	int fd = expect_ok(open("/proc/self/pagemap", O_RDONLY));
	uint64_t word;
	int n = 0;

	for (size_t i = 0; i < npages; i++) {
		expect_eq(pread(fd, &word, 8, ((uintptr_t)at / PAGE + i) * 8),
			  8);
		n += word >> 62 & 1;
	}
	close(fd);
	return n;
}

static long status_kib(const char *name)
{
	FILE *in = fopen("/proc/self/status", "r");
	char line[200];
	long n = -1;

	while (n < 0 && fgets(line, sizeof(line), in))
		if (strncmp(line, name, strlen(name)) == 0)
			n = strtol(line + strlen(name), NULL, 10);
	fclose(in);
	return n;
}

/* N pages with the pattern, on the disk now. */
static char *map_swapped(void)
{
	char *p = map_anonymous(N);

	fill_pattern(p, N * PAGE, 0);
	expect_ok(madvise(p, N * PAGE, MADV_PAGEOUT));
	if (swapped(p, N) < N)
		skip("reclaim was busy elsewhere");
	return p;
}

TEST(swap_keeps_the_bytes,
     "Pages that were put on the disk are not resident, and tell so in "
     "pagemap, status and mincore; touched, they have their bytes.")
{
	unsigned char vec[N];
	char *p;

	skip_without_swap();
	p = map_swapped();
	expect(status_kib("VmSwap:") >= N * 4);
	expect_ok(mincore(p, N * PAGE, vec));
	expect_pattern(p, N * PAGE, 0);
}

TEST(swap_is_written_and_read_once,
     "Pages that four processes share since fork are on the disk once: each "
     "reads them, and the disk is asked once for each.")
{
	struct counter in;
	char *p = map_anonymous(N);
	pid_t child[3];
	int ends[2];
	char byte;

	skip_without_swap();
	skip_unless_counted("pswpin");
	skip_if_memory_is_short();
	expect_ok(pipe(ends));
	p = map_swapped();
	in = counter_start("pswpin");
	for (int i = 0; i < 3; i++) {
		child[i] = expect_ok(fork());
		if (child[i] == 0) {
			close(ends[1]);
			expect_pattern(p, N * PAGE, 0);
			_exit(read(ends[0], &byte, 1));
		}
	}
	expect_pattern(p, N * PAGE, 0);
	close(ends[1]);
	for (int i = 0; i < 3; i++)
		expect_exit(child[i], 0);
	expect_counted_between(&in, 1, N);
}

TEST(swap_is_copied_on_write,
     "After fork a page on the disk is private to each: the stores of one are "
     "not seen by the other.")
{
	pid_t child;
	char *p;

	skip_without_swap();
	p = map_swapped();
	child = expect_ok(fork());
	if (child == 0) {
		memset(p, 'c', N * PAGE);
		expect_ok(madvise(p, N * PAGE, MADV_PAGEOUT));
		expect_filled(p, 'c', N * PAGE);
		_exit(0);
	}
	expect_exit(child, 0);
	expect_pattern(p, N * PAGE, 0);
	memset(p, 'p', N * PAGE);
	expect_ok(madvise(p, N * PAGE, MADV_PAGEOUT));
	expect_filled(p, 'p', N * PAGE);
}

TEST(swap_follows_its_mapping,
     "mremap takes pages on the disk along, mprotect holds for them, munmap "
     "and MADV_DONTNEED let them go, mlock brings them back.")
{
	char *p, *to = reserve(N);

	skip_without_swap();
	p = map_swapped();
	expect(mremap(p, N * PAGE, N * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		      to) == to);
	expect_eq(swapped(to, N), N);
	expect_ok(mprotect(to, PAGE, PROT_NONE));
	expect_fault(fault_read(to), SIGSEGV, SEGV_ACCERR, to);
	expect_ok(mprotect(to, PAGE, PROT_READ));
	expect_pattern(to, PAGE, 0);
	expect_fault(fault_write(to, 1), SIGSEGV, SEGV_ACCERR, to);
	expect_ok(madvise(to + PAGE, PAGE, MADV_DONTNEED));
	expect_filled(to + PAGE, 0, PAGE);
	expect_ok(munmap(to + 2 * PAGE, PAGE));
	expect_ok(mlock(to + 3 * PAGE, (N - 3) * PAGE));
	expect_eq(swapped(to + 3 * PAGE, N - 3), 0);
	expect_pattern(to + 3 * PAGE, (N - 3) * PAGE, 3 * PAGE);
}

TEST(swapon_refuses_what_is_no_area,
     "swapon of a folder, of a file without a header, of unknown flags; "
     "swapoff of what is not in use.")
{
	skip_on(ON_EMULATOR | ON_LINUX, "it takes a right that tests lack");
	close(make_file("file", 20 * PAGE));
	expect_errno(syscall(SYS_swapon, "file", 0), EINVAL);
	expect_errno(syscall(SYS_swapon, ".", 0), EISDIR);
	expect_errno(syscall(SYS_swapon, "none", 0), ENOENT);
	expect_errno(syscall(SYS_swapon, "file", 0x100000), EINVAL);
	expect_errno(syscall(SYS_swapoff, "file"), EINVAL);
	expect_errno(syscall(SYS_swapon, "/dev/vda", 0), EBUSY);
}
