// SPDX-License-Identifier: MIT
/*
 * writeback.c - stores through a shared mapping reach the disk: all of those,
 * and nothing else.
 *
 * The page-table entry's D bit is the only record of a store, and bytes can't
 * show that it was lost: the page cache has them anyway.  So these cases count
 * the pages of data that were written (quire_data_pages_written).  On Linux,
 * where there is no such count, they still run, and look at bytes alone.
 */

#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testlib/counter.h"
#include "testlib/fault.h"
#include "testlib/files.h"
#include "testlib/memory.h"
#include "testlib/where.h"

/* A file that is all on disk, and a count of what is written from now on. */
static int make_clean_file(size_t npages, struct counter *written)
{
	int fd = make_file("file", npages * PAGE);

	expect_ok(fsync(fd));
	*written = counter_start("quire_data_pages_written");
	return fd;
}

TEST(msync_refuses_bad_arguments,
     "msync of an unaligned address, of MS_SYNC with MS_ASYNC, and with "
     "unknown flags is EINVAL (37).")
{
	int fd = make_file("file", PAGE);
	char *p = map_shared(fd, 1);

	skip_on(ON_EMULATOR, "qemu-user 7.2 passes on flags without a look");
	expect_errno(msync(p + 1, PAGE, MS_SYNC), EINVAL);
	expect_errno(msync(p, PAGE, MS_SYNC | MS_ASYNC), EINVAL);
	expect_errno(msync(p, PAGE, 0x100), EINVAL);
	expect_errno(msync(p, -(size_t)p - PAGE + 1, MS_SYNC), ENOMEM);
}

TEST(msync_takes_any_memory,
     "msync of private, anonymous, unreadable and clean memory, of length 0, "
     "and with MS_ASYNC or MS_INVALIDATE succeeds (37).")
{
	int fd = make_file("file", PAGE);
	char *p = map_shared(fd, 1);

	expect_ok(msync(p, 0, MS_SYNC));
	expect_ok(msync(p, PAGE, MS_SYNC));
	expect_ok(msync(p, 1, MS_ASYNC));
	expect_ok(msync(p, PAGE, MS_SYNC | MS_INVALIDATE));
	expect_ok(msync(p, PAGE, 0));
	expect_ok(msync(map_anonymous(2), 2 * PAGE, MS_SYNC));
	expect_ok(msync(map_private(fd, 1), PAGE, MS_SYNC));
	expect_ok(mprotect(p, PAGE, PROT_NONE));
	expect_ok(msync(p, PAGE, MS_SYNC));
}

TEST(msync_across_a_hole_does_the_rest,
     "msync of a range with a hole writes what is on either side, then "
     "returns ENOMEM (5, 37).")
{
	struct counter written;
	int fd = make_clean_file(3, &written);
	char *p = map_shared(fd, 3);

	p[0] = p[2 * PAGE] = 'h';
	unmap(p + PAGE, 1);
	expect_errno(msync(p, 3 * PAGE, MS_SYNC), ENOMEM);
	expect_counted(&written, 2);
}

TEST(one_page_of_a_thousand_is_written,
     "Of 1,000 resident pages one was stored to: msync writes exactly that "
     "page (31).")
{
	enum { N = 1000 };
	struct counter written;
	int fd = make_clean_file(N, &written);
	char *p = map_shared(fd, N);

	for (size_t i = 0; i < N; i++)
		expect_eq(p[i * PAGE], (char)pattern(i * PAGE));
	p[777 * PAGE] = 'd';
	expect_ok(msync(p, N * PAGE, MS_SYNC));
	expect_counted(&written, 1);
	expect_eq(file_byte(fd, 777 * PAGE), 'd');
}

TEST(pages_only_read_are_never_written,
     "Reading a writable shared mapping, msync, munmap and fsync write "
     "nothing (31).")
{
	struct counter written;
	int fd = make_clean_file(64, &written);
	char *p = map_shared(fd, 64);

	expect_pattern(p, 64 * PAGE, 0);
	expect_ok(msync(p, 64 * PAGE, MS_SYNC));
	unmap(p, 64);
	expect_ok(fsync(fd));
	expect_counted(&written, 0);
}

TEST(msync_writes_its_range_only,
     "Of two dirty pages msync writes the one in its range, fsync the other "
     "(37).")
{
	struct counter written;
	int fd = make_clean_file(10, &written);
	char *p = map_shared(fd, 10);

	p[0] = p[9 * PAGE] = 'r';
	expect_ok(msync(p + 9 * PAGE, PAGE, MS_SYNC));
	expect_counted(&written, 1);
	expect_ok(fsync(fd));
	expect_counted(&written, 2);
}

TEST(stores_after_msync_are_written_again,
     "A page that is stored to again after msync is dirty again, each time "
     "(26, 32, 36).")
{
	enum { ROUNDS = 10 };
	struct counter written;
	int fd = make_clean_file(1, &written);
	char *p = map_shared(fd, 1);

	for (int i = 0; i < ROUNDS; i++) {
		p[i] = 'a' + i;
		expect_ok(msync(p, PAGE, MS_SYNC));
		expect_counted(&written, i + 1);
	}
	expect_ok(msync(p, PAGE, MS_SYNC));
	expect_counted(&written, ROUNDS);
}

TEST(store_after_msync_costs_no_fault,
     "After msync the mapping stays writable: the next stores do not fault, "
     "where harts set D.")
{
	enum { N = 64 };
	struct counter written, faults, mended;
	int fd = make_clean_file(N, &written);
	char *p = map_shared(fd, N);

	skip_unless_counted("pgfault");
	for (int i = 0; i < N; i++)
		p[i * PAGE] = 'a';
	expect_ok(msync(p, N * PAGE, MS_SYNC));
	faults = counter_start("pgfault");
	mended = counter_start("quire_fault_mended");
	for (int i = 0; i < N; i++)
		p[i * PAGE] = 'b';
	/* A hart that can't set D by itself asks for it: one fault a page. */
	if (counter_since(&mended) < N)
		expect_counted_between(&faults, 0, 4);
	expect_ok(msync(p, N * PAGE, MS_SYNC));
	expect_counted(&written, 2 * N);
}

TEST(munmap_keeps_the_record_of_stores,
     "A page stored to, then unmapped alone or with its neighbours, is "
     "written by fsync (33, 34).")
{
	struct counter written;
	int fd = make_clean_file(8, &written);
	char *p = map_shared(fd, 8);

	expect_pattern(p, 8 * PAGE, 0);
	p[PAGE] = p[5 * PAGE] = 'u';
	unmap(p + PAGE, 1);
	unmap(p, 8);
	expect_ok(fsync(fd));
	expect_counted(&written, 2);
}

TEST(mprotect_keeps_the_record_of_stores,
     "Stores made before the page became read-only or unreadable are written "
     "(33).")
{
	struct counter written;
	int fd = make_clean_file(2, &written);
	char *p = map_shared(fd, 2);

	p[0] = p[PAGE] = 'm';
	expect_ok(mprotect(p, PAGE, PROT_READ));
	expect_ok(mprotect(p + PAGE, PAGE, PROT_NONE));
	expect_ok(msync(p, 2 * PAGE, MS_SYNC));
	expect_counted(&written, 2);
}

TEST(fork_keeps_the_record_of_stores,
     "The parent's stores before fork, and the child's after it, are written "
     "when either calls msync (33).")
{
	struct counter written;
	int fd = make_clean_file(4, &written);
	char *p = map_shared(fd, 4);
	pid_t child;

	p[0] = 'p';
	child = expect_ok(fork());
	if (child == 0) {
		p[PAGE] = 'c';
		expect_ok(msync(p, 4 * PAGE, MS_SYNC));
		expect_counted(&written, 2);
		p[2 * PAGE] = 'c';
		_exit(0);
	}
	expect_exit(child, 0);
	expect_ok(msync(p, 4 * PAGE, MS_SYNC));
	expect_counted(&written, 3);
}

static void end_by_exit(void)
{
	_exit(0);
}

static void end_by_kill(void)
{
	kill(getpid(), SIGKILL);
}

static void end_by_crash(void)
{
	fault_write(NULL, 1); /* the same fault, not caught, is next */
	signal(SIGSEGV, SIG_DFL);
	raise(SIGSEGV);
}

/* A child stores to 2 of 16 pages and ends so; the parent calls fsync. */
static void store_and_end(void (*end)(void))
{
	struct counter written;
	int fd = make_clean_file(16, &written), status;
	pid_t child = expect_ok(fork());

	if (child == 0) {
		char *p = map_shared(fd, 16);

		p[3 * PAGE] = p[15 * PAGE] = 'e';
		end();
	}
	expect_ok(waitpid(child, &status, 0));
	expect_ok(fsync(fd));
	expect_counted(&written, 2);
	expect_eq(file_byte(fd, 15 * PAGE), 'e');
}

TEST(exit_keeps_the_record_of_stores,
     "A process exits without msync: its stores are written (34).")
{
	store_and_end(end_by_exit);
}

TEST(kill_keeps_the_record_of_stores,
     "A process is killed by SIGKILL: its stores are written (34).")
{
	store_and_end(end_by_kill);
}

TEST(crash_keeps_the_record_of_stores,
     "A process dies of SIGSEGV: its stores are written (34).")
{
	store_and_end(end_by_crash);
}

TEST(exec_keeps_the_record_of_stores,
     "A process executes another program: its stores are written (34).")
{
	struct counter written;
	int fd;
	pid_t child;

	skip_unless_exec_works();
	fd = make_clean_file(4, &written);
	child = expect_ok(fork());
	if (child == 0) {
		char *p = map_shared(fd, 4);

		p[PAGE] = 'x';
		execl(program_path(), "mmaptest", "@exit", "0", NULL);
		_exit(1);
	}
	expect_exit(child, 0);
	expect_ok(fsync(fd));
	expect_counted(&written, 1);
	expect_eq(file_byte(fd, PAGE), 'x');
}

TEST(fsync_and_sync_see_stores,
     "fsync, fdatasync by another descriptor, and sync write what was stored "
     "through a mapping.")
{
	struct counter written;
	int fd = make_clean_file(3, &written);
	int other = expect_ok(open("file", O_RDONLY));
	char *p = map_shared(fd, 3);

	p[0] = 's';
	expect_ok(fsync(fd));
	expect_counted(&written, 1);
	p[PAGE] = 's';
	expect_ok(fdatasync(other));
	expect_counted(&written, 2);
	p[2 * PAGE] = 's';
	sync();
	expect_counted(&written, 3);
}

TEST(same_page_of_two_mappings_is_written_once,
     "A page stored to through two mappings is one dirty page.")
{
	struct counter written;
	int fd = make_clean_file(2, &written);
	char *p = map_shared(fd, 2), *q = map_shared(fd, 2);

	p[0] = 'p';
	q[1] = 'q';
	expect_ok(msync(p, 2 * PAGE, MS_SYNC));
	expect_counted(&written, 1);
	expect_ok(msync(q, 2 * PAGE, MS_SYNC));
	expect_counted(&written, 1);
}

TEST(private_stores_are_never_written,
     "Stores to a private mapping are no data of the file: nothing is "
     "written.")
{
	struct counter written;
	int fd = make_clean_file(4, &written);
	char *p = map_private(fd, 4);

	memset(p, 'p', 4 * PAGE);
	expect_ok(msync(p, 4 * PAGE, MS_SYNC));
	unmap(p, 4);
	expect_ok(fsync(fd));
	expect_counted(&written, 0);
}

TEST(clean_mapping_does_not_undo_write,
     "A page that was read through a mapping, then written by write(2), is "
     "not put back when the mapping goes (39).")
{
	int fd = make_file("file", PAGE);
	char *p = map_shared(fd, 1);

	expect_pattern(p, PAGE, 0);
	expect_eq(pwrite(fd, "newer", 5, 0), 5);
	expect_ok(msync(p, PAGE, MS_SYNC));
	unmap(p, 1);
	expect_ok(fsync(fd));
	drop_caches(); /* drops the caches, where it can */
	expect_eq(file_byte(fd, 0), 'n');
	expect_eq(file_byte(fd, 4), 'r');
}

TEST(stores_come_back_from_the_disk,
     "After msync the bytes are on the disk: they are there when the cache "
     "has been emptied.")
{
	int fd = make_file("file", 20 * PAGE);
	char *p = map_shared(fd, 20);

	for (int i = 0; i < 20; i += 3)
		p[i * PAGE + i] = 'd';
	expect_ok(msync(p, 20 * PAGE, MS_SYNC));
	unmap(p, 20);
	drop_caches();
	for (int i = 0; i < 20; i++)
		expect_eq(file_byte(fd, i * PAGE + i),
			  i % 3 ? pattern(i * PAGE + i) : 'd');
}

TEST(tail_of_the_last_page_stays_zero_on_disk,
     "Stores past the end of the file are not in it when it grows after they "
     "were written back (12).")
{
	int fd = make_file("file", 100);
	char *p = map_shared(fd, 1);
	struct counter written = counter_start("quire_data_pages_written");

	if (written.start < 0)
		skip("only Quire promises it for every filesystem");
	memset(p + 90, 't', 100);
	expect_ok(msync(p, PAGE, MS_SYNC));
	unmap(p, 1);
	drop_caches();
	expect_ok(ftruncate(fd, PAGE));
	expect_eq(file_byte(fd, 99), 't');
	for (int i = 100; i < 200; i++)
		expect_eq(file_byte(fd, i), 0);
}

TEST(store_fills_a_hole,
     "A store to a page of a hole gives the file a block for it, and reads as "
     "zeros around it.")
{
	int fd = make_sparse("file", 64 * PAGE);
	char *p = map_shared(fd, 64);
	struct statfs disk;
	struct stat st;

	expect_filled(p, 0, 4 * PAGE);
	expect_ok(fstatfs(fd, &disk));
	expect_ok(fstat(fd, &st));
	/* A tmpfs has nothing but memory, and counts what it took to read. */
	expect_between(st.st_blocks, 0,
		       disk.f_type == TMPFS_MAGIC ? 4 * PAGE / 512 : 0);
	p[40 * PAGE + 8] = 'h';
	expect_ok(msync(p, 64 * PAGE, MS_SYNC));
	expect_ok(fstat(fd, &st));
	expect_between(st.st_blocks, 1, 64 * PAGE / 512 / 2);
	expect_eq(file_byte(fd, 40 * PAGE + 8), 'h');
	expect_eq(file_byte(fd, 40 * PAGE + 9), 0);
}

/* Write until nothing more fits. */
static void fill_disk(const char *name)
{
	static char chunk[256 << 10];
	int fd = make_sparse(name, 0);

	for (size_t n = sizeof(chunk); n >= 1; n /= 4)
		while (write(fd, chunk, n) > 0)
			;
	expect_eq(errno, ENOSPC);
	expect_ok(close(fd));
}

TEST(store_on_a_full_disk_is_sigbus,
     "A store to a hole for which the disk has no block is SIGBUS at once, not "
     "a loss later; when there is room again it works (40).")
{
	enum { N = 64 };
	int fd = make_sparse("file", N * PAGE), refused = 0;
	char *p = map_shared(fd, N);

	skip_on(ON_EMULATOR, "it is the host's disk");
	if (disk_free() > 128ul << 20)
		skip("the disk has more than 128 MiB free");
	fill_disk("filler");
	for (int i = 0; i < N; i++) {
		struct fault f = fault_write(p + i * PAGE, 'f');

		expect(f.signal == 0 || f.signal == SIGBUS);
		refused += f.signal == SIGBUS;
	}
	/* What the filler could not use, it having needed two blocks. */
	expect_between(refused, N / 2, N);
	expect_ok(unlink("filler"));
	sync(); /* the flusher may be at work on it, and let go only now */
	for (int i = 0; i < N; i++)
		expect_no_fault(fault_write(p + i * PAGE, 'g'));
	expect_ok(msync(p, N * PAGE, MS_SYNC));
	for (int i = 0; i < N; i++)
		expect_eq(file_byte(fd, i * PAGE), 'g');
}

TEST(stores_are_written_in_the_background,
     "Without any call a store reaches the disk within seconds.")
{
	struct counter written;
	int fd;
	char *p;

	skip_unless_counted("quire_data_pages_written");
	fd = make_clean_file(1, &written);
	p = map_shared(fd, 1);
	p[0] = 'b';
	for (int i = 0; i < 200 && counter_since(&written) == 0; i++)
		usleep(100000);
	expect_counted(&written, 1);
}
