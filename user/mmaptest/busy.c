// SPDX-License-Identifier: MIT
/*
 * busy.c - files that are cut, written, renamed and executed while they are
 * mapped, by several processes at once.
 *
 *	process A: mapping ─┐                 ┌─ truncate, rename, unlink
 *	process B: mapping ─┼──► file ◄───────┼─ write from a mapping of it
 *	process C: mapping ─┘                 └─ append, exec
 */

#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testlib/counter.h"
#include "testlib/fault.h"
#include "testlib/files.h"
#include "testlib/memory.h"
#include "testlib/where.h"

enum { NCHILDREN = 3, NPAGES = 16 };

static void expect_byte(int fd, char wanted)
{
	char byte;

	expect_eq(read(fd, &byte, 1), 1);
	expect_eq(byte, wanted);
}

static void send_byte(int fd, char byte)
{
	expect_eq(write(fd, &byte, 1), 1);
}

/* Stores in all of 4 pages; at a byte, the file ends in the second one. */
static void watch_truncation(char *p, int ready, int go)
{
	for (int i = 0; i < 4; i++)
		p[i * PAGE + PAGE - 1] = 'w';
	send_byte(ready, 'r');
	expect_byte(go, 'c');
	expect_eq(p[PAGE + 99], (char)pattern(PAGE + 99));
	expect_filled(p + PAGE + 100, 0, PAGE - 100);
	expect_fault(fault_read(p + 2 * PAGE), SIGBUS, BUS_ADRERR,
		     p + 2 * PAGE);
	expect_fault(fault_write(p + 3 * PAGE, 1), SIGBUS, BUS_ADRERR,
		     p + 3 * PAGE);
	send_byte(ready, 'r');
	expect_byte(go, 'e');
	expect_filled(p + PAGE + 100, 0, 3 * PAGE - 100);
}

TEST(truncation_reaches_every_process,
     "Processes with resident, dirty pages of a file all lose those past its "
     "new end, see zeros in the last one, and zeros when it has grown (18).")
{
	int fd = make_file("file", 4 * PAGE), ready[2], go[NCHILDREN][2];
	pid_t children[NCHILDREN];

	expect_ok(pipe(ready));
	for (int i = 0; i < NCHILDREN; i++) {
		expect_ok(pipe(go[i]));
		children[i] = expect_ok(fork());
		if (children[i] == 0) {
			watch_truncation(map_shared(fd, 4), ready[1], go[i][0]);
			_exit(0);
		}
	}
	for (const char *step = "ce"; *step; step++) {
		for (int i = 0; i < NCHILDREN; i++)
			expect_byte(ready[0], 'r');
		expect_ok(ftruncate(fd, *step == 'c' ? PAGE + 100 : 4 * PAGE));
		for (int i = 0; i < NCHILDREN; i++)
			send_byte(go[i][1], *step);
	}
	for (int i = 0; i < NCHILDREN; i++)
		expect_exit(children[i], 0);
}

TEST(append_shows_in_the_mapping,
     "What an O_APPEND descriptor writes comes after the file's end, wherever "
     "its offset is, and is in the mapping at once; a store made before in "
     "the tail is overwritten.")
{
	int fd = make_file("file", 100), other;
	char *p = map_shared(fd, 2);

	other = expect_ok(open("file", O_WRONLY | O_APPEND));
	p[100] = p[103] = 't';
	expect_eq(write(other, "abc", 3), 3);
	expect_bytes(p + 100, "abc", 3);
	expect_ok(lseek(other, 0, SEEK_SET));
	expect_eq(write(other, p, 100), 100);
	expect_pattern(p + 103, 100, 0);
	expect_eq(file_size(fd), 203);
	for (int i = 0; i < 40; i++)
		expect_eq(write(other, p, 100), 100);
	expect_pattern(p + 203 + 39 * 100, 100, 0);
	expect_pattern(p, 100, 0);
}

TEST(rename_over_a_mapped_file,
     "A file that another one's name was given to lives on in its mapping; "
     "the name shows the other (35).")
{
	int fd = make_file("file", 2 * PAGE);
	char *p = map_shared(fd, 2);

	make_text("new", "new");
	expect_ok(rename("new", "file"));
	expect_ok(close(fd));
	expect_pattern(p, 2 * PAGE, 0);
	p[PAGE] = 'o';
	expect_ok(msync(p, 2 * PAGE, MS_SYNC));
	fd = expect_ok(open("file", O_RDONLY));
	expect_eq(file_size(fd), 3);
	expect_eq(file_byte(fd, 0), 'n');
	expect_eq(p[PAGE], 'o');
}

TEST(last_mapping_frees_the_blocks,
     "The blocks of a nameless file are given back when its last mapping "
     "goes, and not before.")
{
	size_t before, during;
	int fd;
	char *p;

	if (where() != ON_QUIRE)
		skip("others may use the disk");
	before = disk_free();
	fd = make_file("file", 256 * PAGE);
	expect_ok(fsync(fd));
	p = map_shared(fd, 256);
	expect_ok(close(fd));
	expect_ok(unlink("file"));
	sync();
	during = disk_free();
	expect(during <= before - 256 * PAGE);
	unmap(p, 128);
	expect_pattern(p + 128 * PAGE, 128 * PAGE, 128 * PAGE);
	unmap(p + 128 * PAGE, 128);
	sync();
	expect(disk_free() >= during + 256 * PAGE);
}

/* Copy pages of one file to another out of its unfaulted mapping, and to
 * itself; all of them hold one byte, 'a' or 'b', over and over. */
static void copy_again_and_again(int from, int to, unsigned seed)
{
	char *p = map_shared(from, NPAGES);

	srand(seed);
	for (int i = 0; i < 200; i++) {
		size_t at = rand() % (NPAGES - 3) * PAGE;
		off_t offset = rand() % ((NPAGES - 3) * PAGE);
		size_t half = PAGE + rand() % PAGE;
		struct iovec parts[2] = {{p + at, half}, {p + at + half, PAGE}};

		expect_ok(madvise(p, NPAGES * PAGE, MADV_DONTNEED));
		if (i % 3 == 0)
			expect_eq(pwritev(to, parts, 2, offset), half + PAGE);
		else if (i % 3 == 1)
			expect_eq(preadv(to, parts, 2, offset), half + PAGE);
		else
			expect_eq(pwrite(from, p + at, half, offset), half);
		if (i % 16 == 0)
			expect_ok(msync(p, NPAGES * PAGE, MS_SYNC));
	}
}

static int make_letters(const char *name, char letter)
{
	char page[PAGE];
	int fd = make_sparse(name, 0);

	memset(page, letter, PAGE);
	for (int i = 0; i < NPAGES; i++)
		expect_eq(pwrite(fd, page, PAGE, i * PAGE), PAGE);
	return fd;
}

TEST(files_are_copied_into_each_other,
     "Four processes read and write two files out of, and into, mappings of "
     "both that are not resident: nobody waits for ever, and no byte is of "
     "neither file (27).")
{
	int fds[2] = {make_letters("one", 'a'), make_letters("two", 'b')};
	pid_t children[4];

	for (int i = 0; i < 4; i++) {
		children[i] = expect_ok(fork());
		if (children[i] == 0) {
			copy_again_and_again(fds[i % 2], fds[1 - i % 2], i);
			_exit(0);
		}
	}
	for (int i = 0; i < 4; i++)
		expect_exit(children[i], 0);
	for (int i = 0; i < 2; i++) {
		char *p = map_shared(fds[i], NPAGES);

		expect_eq(file_size(fds[i]), NPAGES * PAGE);
		for (int at = 0; at < NPAGES * PAGE; at++)
			expect(p[at] == 'a' || p[at] == 'b');
	}
}

/* Move bytes within the file by way of its mapping while it comes and goes. */
static void move_while_cut(int fd, unsigned seed)
{
	char *p = map_shared(fd, NPAGES);

	srand(seed);
	for (int i = 0; i < 300; i++) {
		char *at = p + rand() % (NPAGES - 2) * PAGE;
		off_t offset = rand() % (NPAGES * PAGE / 2);
		ssize_t n = i % 2 ? pread(fd, at, 2 * PAGE, offset)
				  : pwrite(fd, at, 2 * PAGE, offset);
		struct fault f = fault_write(at, 'm');

		expect(n >= 0 || errno == EFAULT);
		expect(f.signal == 0 || f.signal == SIGBUS);
		if (i % 8 == 0)
			expect_ok(madvise(p, NPAGES * PAGE, MADV_DONTNEED));
	}
}

TEST(file_is_cut_under_its_users,
     "While a file is made shorter and longer, reads and writes whose buffer "
     "is its own mapping end, with a count or EFAULT; stores are made or "
     "SIGBUS; and what was cut off reads as zeros (18, 27).")
{
	int fd = make_file("file", NPAGES * PAGE), status, left = NCHILDREN;
	char *p = map_shared(fd, NPAGES);

	skip_on(ON_LINUX, "a write(2) whose buffer is cut off half-way may "
			  "never end there");
	for (int i = 0; i < NCHILDREN; i++)
		if (expect_ok(fork()) == 0) {
			move_while_cut(fd, i);
			_exit(0);
		}
	while (left > 0) {
		expect_ok(ftruncate(fd, rand() % (NPAGES * PAGE)));
		expect_ok(ftruncate(fd, NPAGES * PAGE));
		if (waitpid(-1, &status, WNOHANG) > 0) {
			expect_eq(status, 0);
			left--;
		}
	}
	expect_ok(ftruncate(fd, PAGE + 7));
	expect_ok(ftruncate(fd, NPAGES * PAGE));
	expect_filled(p + PAGE + 7, 0, (NPAGES - 1) * PAGE - 7);
}

/* The exit status of executing "copy", or its errno. */
static int run_copy(void)
{
	pid_t child = expect_ok(fork());
	int status;

	if (child == 0) {
		execl("copy", "mmaptest", "@exit", "0", NULL);
		_exit(errno);
	}
	expect_ok(waitpid(child, &status, 0));
	return WEXITSTATUS(status);
}

TEST(mapping_of_a_program_keeps_it_from_being_run,
     "A file with a writable shared mapping is ETXTBSY for execve even after "
     "its descriptor was closed; without the mapping it runs, and then it "
     "can't be truncated.")
{
	char command[4200];
	char *p;
	int fd;

	skip_unless_exec_works();
	fd = expect_ok(open(program_path(), O_RDONLY));
	p = expect_mapped(
		mmap(NULL, file_size(fd), PROT_READ, MAP_PRIVATE, fd, 0));
	snprintf(command, sizeof(command), "%s", program_path());
	expect_errno(truncate(command, 0), ETXTBSY);

	int out = expect_ok(open("copy", O_RDWR | O_CREAT, 0755));
	size_t nbytes = file_size(fd);

	expect_eq(write(out, p, nbytes), nbytes);
	p = map_shared(out, 1);
	expect_ok(close(out));
	expect_eq(run_copy(), ETXTBSY);
	unmap(p, 1);
	expect_eq(run_copy(), 0);
	out = expect_ok(open("copy", O_RDWR));
	p = map_private(out, 1);
	expect_eq(run_copy(), ETXTBSY);
	expect_ok(close(out));
	unmap(p, 1);
	expect_eq(run_copy(), 0);
}
