// SPDX-License-Identifier: MIT
/*
 * descriptors.c - small numbers that stand for open files: dup, fcntl, close
 * and the limit of how many.
 */

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testlib/files.h"
#include "testlib/where.h"

TEST(lowest_number_is_taken,
     "open, dup and pipe give the lowest numbers that are free.")
{
	int fd = make_file("file", 10), other, ends[2];

	other = expect_ok(dup(fd));
	expect_ok(close(fd));
	expect_eq(open("file", O_RDONLY), fd);
	expect_ok(close(fd));
	expect_ok(close(other));
	expect_ok(pipe(ends));
	expect(ends[0] <= fd || ends[0] <= other);
}

TEST(dup_shares_the_open_file,
     "dup, dup2 and F_DUPFD share position and flags; closing one leaves the "
     "others.")
{
	int fd = make_file("file", 100), copy = expect_ok(dup(fd));

	expect_eq(dup2(fd, 60), 60);
	expect_eq(fcntl(fd, F_DUPFD, 70), 70);
	expect_eq(lseek(copy, 42, SEEK_SET), 42);
	expect_eq(lseek(60, 0, SEEK_CUR), 42);
	expect_ok(close(fd));
	expect_ok(close(copy));
	expect_eq(file_byte(70, 5), pattern(5));
	expect_ok(fcntl(60, F_SETFL, O_APPEND));
	expect(fcntl(70, F_GETFL) & O_APPEND);
}

TEST(dup2_replaces,
     "dup2 closes what was there; onto itself it does nothing; dup3 onto "
     "itself is EINVAL.")
{
	int fd = make_file("file", 10), ends[2];
	char byte;

	expect_ok(pipe(ends));
	expect_eq(dup2(fd, ends[1]), ends[1]);
	expect_eq(read(ends[0], &byte, 1), 0);
	expect_eq(dup2(fd, fd), fd);
	expect_errno(dup3(fd, fd, 0), EINVAL);
	expect_errno(dup2(fd, -1), EBADF);
	expect_errno(dup2(77, 5), EBADF);
}

TEST(close_on_exec_is_per_descriptor,
     "O_CLOEXEC and FD_CLOEXEC mark one number; dup's copy is not marked, "
     "F_DUPFD_CLOEXEC's is.")
{
	int fd, copy;

	make_text("file", "");
	fd = expect_ok(open("file", O_RDONLY | O_CLOEXEC));
	expect_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	copy = expect_ok(dup(fd));
	expect_eq(fcntl(copy, F_GETFD), 0);
	expect_ok(fcntl(copy, F_SETFD, FD_CLOEXEC));
	expect_eq(fcntl(copy, F_GETFD), FD_CLOEXEC);
	expect_ok(fcntl(copy, F_SETFD, 0));
	expect_eq(fcntl(copy, F_GETFD), 0);
	copy = expect_ok(fcntl(fd, F_DUPFD_CLOEXEC, 40));
	expect_eq(fcntl(copy, F_GETFD), FD_CLOEXEC);
}

TEST(closed_twice_is_ebadf,
     "A closed number is EBADF at once, and the file's other descriptors do "
     "not mind.")
{
	int fd = make_file("file", 10), copy = expect_ok(dup(fd));

	expect_ok(close(fd));
	expect_errno(close(fd), EBADF);
	expect_errno(lseek(fd, 0, SEEK_SET), EBADF);
	expect_eq(file_byte(copy, 1), pattern(1));
}

TEST(descriptors_run_out,
     "Files are opened up to RLIMIT_NOFILE; then it is EMFILE, until one is "
     "closed.")
{
	struct rlimit limit;
	int fd = -1, last = -1;

	expect_ok(getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = 200;
	expect_ok(setrlimit(RLIMIT_NOFILE, &limit));
	make_text("file", "");
	while ((fd = open("file", O_RDONLY)) >= 0)
		last = fd;
	expect_eq(errno, EMFILE);
	expect_eq(last, 199);
	expect_errno(dup(last), EMFILE);
	expect_errno(fcntl(last, F_DUPFD, 200), EINVAL);
	expect_errno(dup2(last, 200), EBADF);
	expect_ok(close(100));
	expect_eq(open("file", O_RDONLY), 100);
}

TEST(a_thousand_open_files,
     "A thousand descriptors of one process work, and fork copies them.")
{
	struct rlimit limit;
	pid_t child;
	int fd = make_file("file", 10);

	expect_ok(getrlimit(RLIMIT_NOFILE, &limit));
	if (limit.rlim_cur < 1100 && limit.rlim_max < 1100)
		skip("the limit is %ld", (long)limit.rlim_max);
	limit.rlim_cur = 1100;
	expect_ok(setrlimit(RLIMIT_NOFILE, &limit));
	for (int i = 50; i < 1050; i++)
		expect_eq(dup2(fd, i), i);
	child = expect_ok(fork());
	if (child == 0) {
		expect_eq(file_byte(1049, 3), pattern(3));
		_exit(0);
	}
	expect_exit(child, 0);
	expect_eq(file_byte(777, 4), pattern(4));
}

TEST(exit_closes_descriptors,
     "When the last process with a pipe's writing end is gone, however it "
     "went, the reader sees the end.")
{
	int ends[2];
	char byte;

	for (int i = 0; i < 2; i++) {
		pid_t child;

		expect_ok(pipe(ends));
		child = expect_ok(fork());
		if (child == 0) {
			if (i == 0)
				_exit(0);
			kill(getpid(), SIGKILL);
		}
		expect_ok(close(ends[1]));
		expect_eq(read(ends[0], &byte, 1), 0);
		expect_ok(waitpid(child, NULL, 0));
		expect_ok(close(ends[0]));
	}
}
