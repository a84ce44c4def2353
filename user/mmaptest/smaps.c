// SPDX-License-Identifier: MIT
/*
 * smaps.c - what /proc/PID says about pages: smaps and smaps_rollup count
 * them, pagemap shows each one, mem lets others in.
 */

#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testlib/fault.h"
#include "testlib/files.h"
#include "testlib/memory.h"
#include "testlib/smaps.h"
#include "testlib/where.h"

enum { READ_WRITE = PROT_READ | PROT_WRITE };

static const uint64_t PRESENT = 1ul << 63, SHARED = 1ul << 61,
		      EXCLUSIVE = 1ul << 56, PFN = (1ul << 55) - 1;

static void skip_unless_true(void)
{
	skip_on(ON_EMULATOR, "it shows the emulator's memory");
}

static char *map_here(size_t npages)
{
	return expect_mapped(mmap(reserve(npages), npages * PAGE, READ_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
				  0));
}

TEST(smaps_counts_anonymous_pages,
     "Of eight pages three are stored to and two are read: 12 kB are resident, "
     "dirty, private and anonymous; what is only read is the page of zeros.")
{
	char *p = map_here(8);

	skip_unless_true();
	for (int i = 0; i < 3; i++)
		p[2 * i * PAGE] = 1;
	expect_eq(p[PAGE] + p[3 * PAGE], 0);
	expect_eq(smap(p, "Size"), 32);
	expect_eq(smap(p, "KernelPageSize"), 4);
	expect_eq(smap(p, "Rss"), 12);
	expect_eq(smap(p, "Pss"), 12);
	expect_eq(smap(p, "Private_Dirty"), 12);
	expect_eq(smap(p, "Private_Clean"), 0);
	expect_eq(smap(p, "Shared_Dirty"), 0);
	expect_eq(smap(p, "Referenced"), 12);
	expect_eq(smap(p, "Anonymous"), 12);
	expect_eq(smap(p, "Swap"), 0);
	expect_eq(smap(p, "Locked"), 0);
	expect(strstr(smap_of(p), "VmFlags: rd wr mr mw me ") != NULL);
	expect_ok(mprotect(p, 8 * PAGE, PROT_NONE));
	expect_eq(smap(p, "Rss"), 12);
}

TEST(smaps_shares_after_fork,
     "After fork the pages are shared, and each process's part is half; the "
     "child's end gives the other half back.")
{
	char *p = map_here(4), byte;
	int go[2];
	pid_t child;

	skip_unless_true();
	memset(p, 1, 4 * PAGE);
	expect_ok(pipe(go));
	child = expect_ok(fork());
	if (child == 0) {
		close(go[1]);
		_exit(read(go[0], &byte, 1) != 0);
	}
	expect_eq(smap(p, "Rss"), 16);
	expect_eq(smap(p, "Shared_Dirty"), 16);
	expect_eq(smap(p, "Pss"), 8);
	expect_eq(smap(p, "Private_Dirty"), 0);
	p[0] = 2; /* a copy of its own */
	expect_eq(smap(p, "Private_Dirty"), 4);
	expect_eq(smap(p, "Pss"), 10);
	expect_ok(close(go[1]));
	expect_exit(child, 0);
	expect_eq(smap(p, "Private_Dirty"), 16);
}

TEST(smaps_counts_file_pages,
     "A file's pages are counted as shared or private, clean or dirty, and "
     "the four add up to Rss; none is anonymous until a private store.")
{
	int fd = make_file("file", 4 * PAGE);
	char *p = map_shared(fd, 4);
	char *q = map_private(fd, 4);

	skip_unless_true();
	expect_ok(fsync(fd));
	p[0] = p[PAGE] + 1;
	expect_between(smap(p, "Rss"), 8, 16);
	expect_eq(smap(p, "Shared_Clean") + smap(p, "Shared_Dirty") +
			  smap(p, "Private_Clean") + smap(p, "Private_Dirty"),
		  smap(p, "Rss"));
	expect_between(smap(p, "Private_Dirty") + smap(p, "Shared_Dirty"), 4,
		       16);
	expect_eq(smap(p, "Anonymous"), 0);
	expect(strstr(smap_of(p), "VmFlags: rd wr sh mr mw me ms ") != NULL);
	q[PAGE] = 1;
	expect_eq(smap(q, "Anonymous"), 4);
	expect_eq(q[0], p[0]);
	expect_between(smap(p, "Shared_Dirty"), 4, 16);
}

TEST(smaps_tells_what_is_locked, "Locked is the process's part of what mlock "
				 "keeps, and the mapping's flags "
				 "say so, until munlock.")
{
	char *p = map_here(4);

	skip_unless_true();
	expect_ok(mlock(p, 4 * PAGE));
	expect_eq(smap(p, "Rss"), 16);
	expect_eq(smap(p, "Locked"), 16);
	expect(strstr(smap_of(p), " me lo ") != NULL);
	expect_between(proc_field(read_proc("smaps_rollup"), "Locked"), 16, 19);
	expect_eq(proc_field(read_proc("status"), "VmLck"), 16);
	expect_ok(munlock(p, 4 * PAGE));
	expect_eq(smap(p, "Locked"), 0);
	expect(strstr(smap_of(p), " me lo ") == NULL);
}

TEST(smaps_rollup_is_the_sum,
     "smaps_rollup's Rss, Pss, dirty and anonymous memory are the sums of "
     "those in smaps, and Pss is the sum of its three kinds.")
{
	static const char *const names[] = {"Rss", "Pss", "Private_Dirty",
					    "Anonymous"};
	char *p = map_here(100), *text;
	long sums[4] = {0};

	skip_unless_true();
	memset(p, 1, 100 * PAGE);
	read_proc("smaps"); /* its buffer is counted, too */
	text = read_proc("smaps");
	for (char *at = text; (at = strstr(at, "\nSize:")); at++)
		for (int i = 0; i < 4; i++)
			sums[i] += proc_field(at, names[i]);
	text = read_proc("smaps_rollup");
	expect(strstr(text, "[rollup]\n") != NULL);
	for (int i = 0; i < 4; i++) /* smaps rounds each Pss down */
		expect_between(proc_field(text, names[i]), sums[i] - 100,
			       sums[i] + 100);
	expect(proc_field(text, "Anonymous") >= 400);
	expect_between(proc_field(text, "Pss_Anon") +
			       proc_field(text, "Pss_File") +
			       proc_field(text, "Pss_Shmem"),
		       proc_field(text, "Pss") - 3, proc_field(text, "Pss"));
}

/* --- pagemap --- */

static uint64_t pagemap(const void *p)
{
	int fd = expect_ok(open("/proc/self/pagemap", O_RDONLY));
	uint64_t word;

	expect_eq(pread(fd, &word, 8, (uintptr_t)p / PAGE * 8), 8);
	expect_ok(close(fd));
	return word;
}

TEST(pagemap_shows_each_page,
     "A page's word says whether it is there, a file's, ours alone, and which "
     "frame it is; for what was never touched it is 0.")
{
	char *p = map_here(4);
	char *q = map_shared(make_file("file", PAGE), 1);
	char *r = map_anonymous_shared(1);
	pid_t child;

	skip_unless_true();
	expect_eq(pagemap(p), 0);
	p[0] = p[PAGE] = q[0] = r[0] = 1;
	expect_eq(pagemap(p + 2 * PAGE), 0);
	expect_eq(pagemap(p) & (PRESENT | SHARED | EXCLUSIVE),
		  PRESENT | EXCLUSIVE);
	expect_eq(pagemap(q) & (PRESENT | SHARED), PRESENT | SHARED);
	expect_eq(pagemap(r) & (PRESENT | SHARED), PRESENT | SHARED);
	expect((pagemap(p) & PFN) != (pagemap(p + PAGE) & PFN));
	child = expect_ok(fork());
	if (child == 0) {
		expect_eq(pagemap(p) & (PRESENT | EXCLUSIVE), PRESENT);
		_exit(0);
	}
	expect_exit(child, 0);
	expect_ok(munmap(p + PAGE, PAGE));
	expect_eq(pagemap(p + PAGE), 0);
}

TEST(pagemap_is_an_array_of_words,
     "It is read at any multiple of 8, in any length that is one, across "
     "holes, quickly; else EINVAL.")
{
	int fd = expect_ok(open("/proc/self/pagemap", O_RDONLY));
	char *p = reserve(2000);
	off_t at = (uintptr_t)p / PAGE * 8;
	uint64_t *words = map_anonymous(4);

	skip_unless_true();
	expect_ok(mprotect(p + 1500 * PAGE, PAGE, READ_WRITE));
	p[1500 * PAGE] = 1;
	expect_eq(pread(fd, words, 2000 * 8, at), 2000 * 8);
	for (int i = 0; i < 2000; i++)
		expect_eq(words[i] >> 63, i == 1500);
	expect_eq(pread(fd, words, 8, at + 1500 * 8), 8);
	expect_eq(words[0], words[1500]);
	expect_errno(pread(fd, words, 8, at + 4), EINVAL);
	expect_errno(pread(fd, words, 12, at), EINVAL);
	expect_errno(pread(fd, (void *)reserve(1), 8, at), EFAULT);
	expect_eq(pread(fd, words, 8, (off_t)1 << 60), 0); /* past the end */
	/* the lowest GiB but for its end: one hole */
	for (int i = 0; i < 100; i++)
		expect_eq(pread(fd, words, 4 * PAGE, i * 4 * PAGE), 4 * PAGE);
	expect_eq(lseek(fd, at, SEEK_SET), at);
	expect_eq(read(fd, words, 16), 16);
	expect_eq(lseek(fd, 0, SEEK_CUR), at + 16);
}

/* --- mem --- */

TEST(mem_of_another_process,
     "/proc/PID/mem of a child reads and writes its memory, private pages and "
     "untouched ones; where nothing is mapped it is EIO.")
{
	char *p = map_here(4);
	char path[64], bytes[2 * PAGE];
	int go[2], fd;
	pid_t child;

	skip_unless_true();
	strcpy(p + PAGE - 5, "across the page");
	expect_ok(pipe(go));
	child = expect_ok(fork());
	if (child == 0) {
		close(go[1]);
		expect_eq(read(go[0], bytes, 1), 0);
		expect_string(p + PAGE - 5, "around the page");
		expect_eq(p[3 * PAGE], 'x');
		_exit(0);
	}
	snprintf(path, sizeof(path), "/proc/%d/mem", child);
	fd = expect_ok(open(path, O_RDWR));
	expect_eq(pread(fd, bytes, 16, (uintptr_t)p + PAGE - 5), 16);
	expect_string(bytes, "across the page");
	expect_eq(pwrite(fd, "around", 6, (uintptr_t)p + PAGE - 5), 6);
	expect_eq(pwrite(fd, "x", 1, (uintptr_t)p + 3 * PAGE), 1);
	expect_string(p + PAGE - 5, "across the page");
	expect_errno(pread(fd, bytes, 16, (uintptr_t)p - PAGE), EIO);
	expect_errno(pread(fd, bytes, 16, 0), EIO);
	expect_eq(pread(fd, bytes, 2 * PAGE, (uintptr_t)p + 3 * PAGE), PAGE);
	expect_errno(pread(fd, p - PAGE, 8, (uintptr_t)p), EFAULT);
	expect_ok(close(go[1]));
	expect_exit(child, 0);
	expect_ok(close(fd));
}
