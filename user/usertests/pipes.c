// SPDX-License-Identifier: MIT
/*
 * pipes.c - a buffer between processes, with an end for each direction.
 *
 *	read:   waits while empty, 0 when no writer is left
 *	write:  waits while full, EPIPE and SIGPIPE when no reader is left;
 *	        up to PIPE_BUF bytes go in one piece
 */

#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testlib/files.h"
#include "testlib/memory.h"
#include "testlib/where.h"

static const int READ = 0, WRITE = 1;

TEST(pipe_carries_bytes_in_order,
     "What is written in pieces is read in other pieces, in order.")
{
	int ends[2];
	char text[20] = {0};

	expect_ok(pipe(ends));
	expect_eq(write(ends[WRITE], "abc", 3), 3);
	expect_eq(write(ends[WRITE], "defgh", 5), 5);
	expect_eq(read(ends[READ], text, 2), 2);
	expect_eq(read(ends[READ], text + 2, 18), 6);
	expect_string(text, "abcdefgh");
}

TEST(pipe_ends_have_directions,
     "The reading end can't be written, nor the writing end read (EBADF); "
     "neither can seek (ESPIPE).")
{
	int ends[2];
	struct stat st;
	char byte = 'x';

	expect_ok(pipe(ends));
	expect_errno(write(ends[READ], &byte, 1), EBADF);
	expect_errno(read(ends[WRITE], &byte, 1), EBADF);
	expect_errno(lseek(ends[READ], 0, SEEK_SET), ESPIPE);
	expect_errno(pread(ends[READ], &byte, 1, 0), ESPIPE);
	expect_ok(fstat(ends[READ], &st));
	expect(S_ISFIFO(st.st_mode));
}

TEST(bulk_data_through_a_pipe,
     "A megabyte through a pipe from another process, read in odd pieces, is "
     "whole.")
{
	enum { SIZE = 1 << 20 };
	static char bytes[10007];
	int ends[2];
	pid_t child;
	size_t at = 0;
	ssize_t n;

	expect_ok(pipe(ends));
	child = expect_ok(fork());
	if (child == 0) {
		for (; at < SIZE; at += PAGE) {
			fill_pattern(bytes, PAGE, at);
			expect_eq(write(ends[WRITE], bytes, PAGE), PAGE);
		}
		_exit(0);
	}
	expect_ok(close(ends[WRITE]));
	while ((n = read(ends[READ], bytes, sizeof(bytes))) > 0) {
		expect_pattern(bytes, n, at);
		at += n;
	}
	expect_eq(n, 0);
	expect_eq(at, SIZE);
	expect_exit(child, 0);
}

TEST(small_writes_are_not_mixed,
     "Three processes write records of 512 bytes to one pipe: each arrives in "
     "one piece.")
{
	enum { RECORD = 512, N = 100 };
	char record[RECORD];
	int ends[2], count[3] = {0};
	pid_t children[3];

	expect_ok(pipe(ends));
	for (int i = 0; i < 3; i++) {
		children[i] = expect_ok(fork());
		memset(record, i, RECORD);
		for (int n = 0; children[i] == 0 && n < N; n++)
			expect_eq(write(ends[WRITE], record, RECORD), RECORD);
		if (children[i] == 0)
			_exit(0);
	}
	expect_ok(close(ends[WRITE]));
	while (read(ends[READ], record, RECORD) == RECORD) {
		expect_between(record[0], 0, 2);
		expect_filled(record, record[0], RECORD);
		count[(int)record[0]]++;
	}
	for (int i = 0; i < 3; i++) {
		expect_exit(children[i], 0);
		expect_eq(count[i], N);
	}
}

TEST(write_without_a_reader,
     "With the reading end closed write kills by SIGPIPE, or is EPIPE where "
     "that is ignored.")
{
	int ends[2];
	pid_t child;

	expect_ok(pipe(ends));
	expect_ok(close(ends[READ]));
	child = expect_ok(fork());
	if (child == 0) {
		write(ends[WRITE], "x", 1) == 1 ? _exit(1) : _exit(2);
	}
	expect_killed(child, SIGPIPE);
	signal(SIGPIPE, SIG_IGN);
	expect_errno(write(ends[WRITE], "x", 1), EPIPE);
}

TEST(full_pipe_makes_the_writer_wait,
     "A pipe takes at least 4 KiB and at most 1 MiB; then a write that may "
     "not wait is EAGAIN, and space comes by reading.")
{
	static char bytes[PAGE];
	int ends[2];
	size_t size = 0;

	expect_ok(pipe2(ends, O_NONBLOCK));
	expect_errno(read(ends[READ], bytes, 1), EAGAIN);
	while (write(ends[WRITE], bytes, PAGE) == PAGE)
		size += PAGE;
	expect_eq(errno, EAGAIN);
	expect_between(size, PAGE, 1 << 20);
	expect_eq(read(ends[READ], bytes, PAGE), PAGE);
	expect_eq(write(ends[WRITE], bytes, PAGE), PAGE);
	expect_errno(write(ends[WRITE], bytes, PAGE), EAGAIN);
}

TEST(reader_and_writer_wake_each_other,
     "A reader that waits gets what is written later; a writer of more than "
     "fits goes on as it is read.")
{
	enum { SIZE = 300000 };
	char *bytes = map_anonymous(SIZE / PAGE + 1);
	int ends[2];
	pid_t child;
	size_t n = 0;

	expect_ok(pipe(ends));
	child = expect_ok(fork());
	if (child == 0) {
		usleep(5000);
		expect_eq(write(ends[WRITE], bytes, SIZE), SIZE);
		_exit(0);
	}
	expect_ok(close(ends[WRITE]));
	for (ssize_t got; (got = read(ends[READ], bytes, 1000)) > 0; n += got)
		;
	expect_eq(n, SIZE);
	expect_exit(child, 0);
}

TEST(closing_wakes_the_reader,
     "A reader that waits on an empty pipe gets 0 when the last writer closes.")
{
	int ends[2];
	char byte;
	pid_t child;

	expect_ok(pipe(ends));
	child = expect_ok(fork());
	if (child == 0) {
		close(ends[WRITE]);
		_exit(read(ends[READ], &byte, 1));
	}
	usleep(5000);
	expect_ok(close(ends[WRITE]));
	expect_exit(child, 0);
}

TEST(closing_wakes_the_writer,
     "A writer that waits on a full pipe is killed by SIGPIPE when the last "
     "reader closes.")
{
	static char bytes[1 << 20];
	int ends[2];
	pid_t child;

	expect_ok(pipe(ends));
	child = expect_ok(fork());
	if (child == 0) {
		close(ends[READ]);
		for (;;)
			if (write(ends[WRITE], bytes, sizeof(bytes)) < 0)
				_exit(1);
	}
	usleep(5000);
	expect_ok(close(ends[READ]));
	expect_killed(child, SIGPIPE);
}

static volatile sig_atomic_t nsignals;

static void count_signal(int signal)
{
	(void)signal;
	nsignals++;
}

TEST(closing_signals_a_writer_that_wrote_some,
     "If the last reader closes in the middle of a write, that returns what "
     "it wrote, and there is SIGPIPE all the same.")
{
	static char bytes[1 << 20];
	int ends[2];
	pid_t child;

	expect_ok(pipe(ends));
	child = expect_ok(fork());
	if (child == 0) {
		close(ends[READ]);
		signal(SIGPIPE, count_signal);
		ssize_t n = write(ends[WRITE], bytes, sizeof(bytes));
		_exit(n <= 0 || n == sizeof(bytes) ? 10 : nsignals);
	}
	expect_eq(read(ends[READ], bytes, 1), 1);
	expect_ok(close(ends[READ]));
	expect_exit(child, 1);
}

TEST(chain_of_pipes,
     "A number goes through 20 processes in a row, each of which adds one.")
{
	int in, number = 0;

	in = -1;
	for (int i = 0; i < 20; i++) {
		int ends[2];

		expect_ok(pipe(ends));
		if (expect_ok(fork()) == 0) {
			if (i > 0)
				expect_eq(read(in, &number, sizeof(number)),
					  sizeof(number));
			number++;
			expect_eq(write(ends[WRITE], &number, sizeof(number)),
				  sizeof(number));
			_exit(0);
		}
		expect_ok(close(ends[WRITE]));
		in = ends[READ];
	}
	expect_eq(read(in, &number, sizeof(number)), sizeof(number));
	expect_eq(number, 20);
	for (int i = 0; i < 20; i++)
		expect_ok(wait(NULL));
}

TEST(bytes_to_and_fro, "1,000 times a byte goes to another process and back.")
{
	int there[2], back[2];
	unsigned char byte = 0;
	pid_t child;

	expect_ok(pipe(there));
	expect_ok(pipe(back));
	child = expect_ok(fork());
	for (int i = 0; i < 1000; i++) {
		if (child == 0) {
			expect_eq(read(there[READ], &byte, 1), 1);
			byte++;
			expect_eq(write(back[WRITE], &byte, 1), 1);
		} else {
			byte = i;
			expect_eq(write(there[WRITE], &byte, 1), 1);
			expect_eq(read(back[READ], &byte, 1), 1);
			expect_eq(byte, (unsigned char)(i + 1));
		}
	}
	if (child == 0)
		_exit(0);
	expect_exit(child, 0);
}

TEST(poll_knows_pipes,
     "poll: an empty pipe is writable only, one with bytes readable, one "
     "without writer hung up; a timeout gives 0.")
{
	int ends[2];
	struct pollfd fds[2];

	expect_ok(pipe(ends));
	fds[0] = (struct pollfd){.fd = ends[READ], .events = POLLIN};
	fds[1] = (struct pollfd){.fd = ends[WRITE], .events = POLLOUT};
	expect_eq(poll(fds, 2, -1), 1);
	expect_eq(fds[0].revents, 0);
	expect_eq(fds[1].revents, POLLOUT);
	expect_eq(poll(fds, 1, 5), 0);
	expect_eq(write(ends[WRITE], "x", 1), 1);
	expect_eq(poll(fds, 2, 0), 2);
	expect_eq(fds[0].revents, POLLIN);
	expect_ok(close(ends[WRITE]));
	expect_eq(poll(fds, 1, -1), 1);
	expect_eq(fds[0].revents, POLLIN | POLLHUP);
	fds[1].fd = 99;
	expect_eq(poll(fds + 1, 1, 0), 1);
	expect_eq(fds[1].revents, POLLNVAL);
}

TEST(poll_waits_for_another_process,
     "poll sleeps until a child writes to one of two pipes.")
{
	int first[2], second[2];
	struct pollfd fds[2];
	pid_t child;

	expect_ok(pipe(first));
	expect_ok(pipe(second));
	child = expect_ok(fork());
	if (child == 0) {
		usleep(5000);
		expect_eq(write(second[WRITE], "x", 1), 1);
		_exit(0);
	}
	fds[0] = (struct pollfd){.fd = first[READ], .events = POLLIN};
	fds[1] = (struct pollfd){.fd = second[READ], .events = POLLIN};
	expect_eq(poll(fds, 2, 20000), 1);
	expect_eq(fds[0].revents, 0);
	expect_eq(fds[1].revents, POLLIN);
	expect_exit(child, 0);
}

TEST(bytes_in_a_pipe_can_be_counted, "FIONREAD tells how many bytes wait.")
{
	int ends[2], n = -1;

	expect_ok(pipe(ends));
	expect_eq(write(ends[WRITE], "12345", 5), 5);
	expect_ok(ioctl(ends[READ], FIONREAD, &n));
	expect_eq(n, 5);
}
