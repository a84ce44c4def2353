// SPDX-License-Identifier: MIT
/*
 * locks.c - fcntl's locks on ranges, of processes and of open files, and
 * flock's on whole files.
 *
 * A process can't see its own locks, so a child asks.
 */

#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "testlib/files.h"
#include "testlib/where.h"

static int lock(int fd, int command, int type, off_t start, off_t nbytes)
{
	struct flock l = {.l_type = type,
			  .l_whence = SEEK_SET,
			  .l_start = start,
			  .l_len = nbytes};

	return fcntl(fd, command, &l);
}

/* What a child of ours finds in the way of a write lock there. */
static struct flock seen_by_child(int fd, off_t start, off_t nbytes)
{
	struct flock l = {.l_type = F_WRLCK,
			  .l_whence = SEEK_SET,
			  .l_start = start,
			  .l_len = nbytes};
	int ends[2];
	pid_t child;

	expect_ok(pipe(ends));
	child = expect_ok(fork());
	if (child == 0) {
		expect_ok(fcntl(fd, F_GETLK, &l));
		expect_eq(write(ends[1], &l, sizeof(l)), sizeof(l));
		_exit(0);
	}
	expect_eq(read(ends[0], &l, sizeof(l)), sizeof(l));
	close(ends[0]);
	close(ends[1]);
	expect_exit(child, 0);
	return l;
}

static void expect_lock(struct flock l, int type, off_t start, off_t nbytes)
{
	expect_eq(l.l_type, type);
	if (type == F_UNLCK)
		return;
	expect_eq(l.l_whence, SEEK_SET);
	expect_eq(l.l_start, start);
	expect_eq(l.l_len, nbytes);
}

/* Run it in a child that must succeed. */
static void in_child(void (*run)(int fd), int fd)
{
	pid_t child = expect_ok(fork());

	if (child == 0) {
		run(fd);
		_exit(0);
	}
	expect_exit(child, 0);
}

static void expect_refused(int fd)
{
	expect_errno(lock(fd, F_SETLK, F_WRLCK, 0, 0), EAGAIN);
	expect_errno(lock(fd, F_SETLK, F_RDLCK, 15, 1), EAGAIN);
	expect_ok(lock(fd, F_SETLK, F_WRLCK, 0, 10));
	expect_ok(lock(fd, F_SETLK, F_WRLCK, 20, 0));
}

TEST(locked_range_is_refused_to_others,
     "A write lock keeps other processes from that range, and from no other; "
     "F_GETLK tells whose it is.")
{
	int fd = make_file("file", 100);

	expect_ok(lock(fd, F_SETLK, F_WRLCK, 10, 10));
	expect_lock(seen_by_child(fd, 0, 0), F_WRLCK, 10, 10);
	expect_eq(seen_by_child(fd, 19, 1).l_pid, getpid());
	expect_lock(seen_by_child(fd, 20, 0), F_UNLCK, 0, 0);
	in_child(expect_refused, fd);
	expect_ok(lock(fd, F_SETLK, F_UNLCK, 0, 0));
	expect_lock(seen_by_child(fd, 0, 0), F_UNLCK, 0, 0);
}

static void expect_shared(int fd)
{
	expect_ok(lock(fd, F_SETLK, F_RDLCK, 0, 100));
	expect_errno(lock(fd, F_SETLK, F_WRLCK, 50, 1), EAGAIN);
}

TEST(read_locks_are_shared,
     "Two processes may have read locks on one range, and then neither a "
     "write lock.")
{
	int fd = make_file("file", 100);

	expect_ok(lock(fd, F_SETLK, F_RDLCK, 0, 0));
	in_child(expect_shared, fd);
}

TEST(lock_ranges_split_and_join,
     "Unlocking the middle leaves two locks, another type in it three; the "
     "same type joins them again; length 0 is to the end of all files.")
{
	int fd = make_file("file", 10);

	expect_ok(lock(fd, F_SETLK, F_WRLCK, 0, 100));
	expect_ok(lock(fd, F_SETLK, F_UNLCK, 40, 20));
	expect_lock(seen_by_child(fd, 0, 0), F_WRLCK, 0, 40);
	expect_lock(seen_by_child(fd, 40, 20), F_UNLCK, 0, 0);
	expect_lock(seen_by_child(fd, 40, 0), F_WRLCK, 60, 40);
	expect_ok(lock(fd, F_SETLK, F_WRLCK, 40, 20));
	expect_lock(seen_by_child(fd, 50, 1), F_WRLCK, 0, 100);
	expect_ok(lock(fd, F_SETLK, F_RDLCK, 10, 10));
	expect_lock(seen_by_child(fd, 10, 10), F_RDLCK, 10, 10);
	expect_lock(seen_by_child(fd, 20, 0), F_WRLCK, 20, 80);
	expect_ok(lock(fd, F_SETLK, F_RDLCK, 5, 0));
	expect_lock(seen_by_child(fd, 1000, 1), F_RDLCK, 5, 0);
	expect_lock(seen_by_child(fd, 0, 1), F_WRLCK, 0, 5);
}

TEST(lock_ranges_are_checked,
     "Places before the file are EINVAL, beyond all files EOVERFLOW; a length "
     "may be negative; the descriptor must be open for it.")
{
	int fd = make_file("file", 100), only_read = open("file", O_RDONLY);
	struct flock l = {.l_type = F_WRLCK,
			  .l_whence = SEEK_END,
			  .l_start = -10,
			  .l_len = -5};

	expect_ok(fcntl(fd, F_SETLK, &l));
	expect_lock(seen_by_child(fd, 0, 0), F_WRLCK, 85, 5);
	l.l_whence = 7;
	expect_errno(fcntl(fd, F_SETLK, &l), EINVAL);
	expect_errno(lock(fd, F_SETLK, F_WRLCK, -1, 5), EINVAL);
	expect_errno(lock(fd, F_SETLK, F_WRLCK, 5, -6), EINVAL);
	expect_errno(lock(fd, F_SETLK, 9, 0, 0), EINVAL);
	expect_errno(lock(fd, F_SETLK, F_WRLCK, INT64_MAX, 2), EOVERFLOW);
	expect_errno(lock(only_read, F_SETLK, F_WRLCK, 0, 1), EBADF);
	expect_ok(lock(only_read, F_SETLK, F_RDLCK, 0, 1));
	expect_errno(fcntl(fd, F_SETLK, (void *)8), EFAULT);
	expect_errno(lock(-1, F_SETLK, F_WRLCK, 0, 1), EBADF);
}

TEST(closing_any_descriptor_drops_the_locks,
     "A process's locks on a file go with the first of its descriptors that "
     "is closed, and are not a child's.")
{
	int fd = make_file("file", 100), other = open("file", O_RDONLY);

	expect_ok(lock(fd, F_SETLK, F_WRLCK, 0, 0));
	expect_lock(seen_by_child(fd, 0, 0), F_WRLCK, 0, 0);
	expect_ok(close(other));
	expect_lock(seen_by_child(fd, 0, 0), F_UNLCK, 0, 0);
}

TEST(locks_go_with_their_process,
     "Who waits for a lock (F_SETLKW) gets it when the other is killed.")
{
	int fd = make_file("file", 100);
	pid_t child = expect_ok(fork());

	if (child == 0) {
		expect_ok(lock(fd, F_SETLK, F_WRLCK, 0, 0));
		expect_ok(lock(fd, F_SETLK, F_RDLCK, 50, 1));
		for (;;)
			pause();
	}
	/* Until the second one is there. */
	while (lock(fd, F_SETLK, F_RDLCK, 50, 1) != 0)
		expect_eq(errno, EAGAIN);
	expect_ok(kill(child, SIGKILL));
	expect_ok(lock(fd, F_SETLKW, F_WRLCK, 0, 0));
	expect_killed(child, SIGKILL);
}

TEST(waiting_in_a_circle_is_edeadlk,
     "Two processes that wait for each other's locks: one gets EDEADLK.")
{
	int fd = make_file("file", 100), ends[2], status;
	char byte;
	pid_t child;
	bool refused;

	expect_ok(pipe(ends));
	expect_ok(lock(fd, F_SETLK, F_WRLCK, 0, 1));
	child = expect_ok(fork());
	if (child == 0) {
		expect_ok(lock(fd, F_SETLK, F_WRLCK, 1, 1));
		expect_eq(write(ends[1], "x", 1), 1);
		_exit(lock(fd, F_SETLKW, F_WRLCK, 0, 1) == 0 ? 0 : errno);
	}
	expect_eq(read(ends[0], &byte, 1), 1);
	refused = lock(fd, F_SETLKW, F_WRLCK, 1, 1) != 0;
	if (refused)
		expect_eq(errno, EDEADLK);
	expect_ok(lock(fd, F_SETLK, F_UNLCK, 0, 0));
	expect_ok(waitpid(child, &status, 0));
	expect_eq(status, refused ? 0 : EDEADLK << 8);
}

static void nothing(int signal)
{
	(void)signal;
}

TEST(signal_ends_a_wait_for_a_lock,
     "F_SETLKW and flock are EINTR when a handler has run.")
{
	int fd = make_file("file", 100), ends[2];
	struct sigaction action = {.sa_handler = nothing};
	char byte;
	pid_t child;

	expect_ok(pipe(ends));
	expect_ok(lock(fd, F_SETLK, F_WRLCK, 0, 0));
	expect_ok(sigaction(SIGUSR1, &action, NULL));
	child = expect_ok(fork());
	if (child == 0) {
		expect_eq(write(ends[1], "x", 1), 1);
		expect_errno(lock(fd, F_SETLKW, F_WRLCK, 0, 0), EINTR);
		_exit(0);
	}
	expect_eq(read(ends[0], &byte, 1), 1);
	/* It may not have come to wait yet: again until it is gone. */
	while (waitpid(child, NULL, WNOHANG | __WALL) == 0) {
		kill(child, SIGUSR1);
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
}

TEST(lock_of_an_open_file,
     "F_OFD_SETLK belongs to the open file: a second open conflicts, in the "
     "same process; a child and a dup share it; l_pid must be 0.")
{
	int fd = make_file("file", 100), other = open("file", O_RDWR);
	struct flock l = {.l_type = F_WRLCK, .l_pid = 1};
	int copy;

	expect_errno(fcntl(fd, F_OFD_SETLK, &l), EINVAL);
	expect_ok(lock(fd, F_OFD_SETLK, F_WRLCK, 10, 10));
	expect_errno(lock(other, F_OFD_SETLK, F_RDLCK, 0, 0), EAGAIN);
	expect_errno(lock(other, F_SETLK, F_RDLCK, 0, 0), EAGAIN);
	l.l_pid = 0;
	expect_ok(fcntl(other, F_OFD_GETLK, &l));
	expect_lock(l, F_WRLCK, 10, 10);
	expect_eq(l.l_pid, -1);
	copy = expect_ok(dup(fd));
	expect_ok(lock(copy, F_OFD_SETLK, F_WRLCK, 0, 50));
	expect_ok(close(fd));
	expect_errno(lock(other, F_OFD_SETLK, F_RDLCK, 0, 0), EAGAIN);
	expect_ok(close(copy));
	expect_ok(lock(other, F_OFD_SETLK, F_RDLCK, 0, 0));
}

TEST(flock_is_shared_or_not,
     "flock: two opens share LOCK_SH, none shares LOCK_EX; a lock changes its "
     "type; it goes with the last descriptor, and knows nothing of fcntl's.")
{
	int a = make_file("file", 100), b = open("file", O_RDONLY), copy;

	expect_ok(flock(a, LOCK_SH));
	expect_ok(flock(b, LOCK_SH | LOCK_NB));
	expect_errno(flock(a, LOCK_EX | LOCK_NB), EWOULDBLOCK);
	expect_ok(flock(b, LOCK_UN));
	expect_ok(flock(a, LOCK_EX | LOCK_NB));
	expect_errno(flock(b, LOCK_SH | LOCK_NB), EWOULDBLOCK);
	expect_ok(lock(a, F_OFD_SETLK, F_WRLCK, 0, 0));
	expect_ok(flock(a, LOCK_SH | LOCK_NB));
	expect_errno(lock(b, F_OFD_SETLK, F_RDLCK, 0, 0), EAGAIN);
	expect_ok(flock(a, LOCK_EX | LOCK_NB));
	copy = expect_ok(dup(a));
	expect_ok(close(a));
	expect_errno(flock(b, LOCK_SH | LOCK_NB), EWOULDBLOCK);
	expect_ok(close(copy));
	expect_ok(flock(b, LOCK_EX | LOCK_NB));
	expect_errno(flock(b, LOCK_NB), EINVAL);
	expect_errno(flock(b, LOCK_SH | LOCK_EX), EINVAL);
}

enum { WORKERS = 4, ROUNDS = 200 };

/* Add one to the number in the file, many times, each under a lock. */
static void add_up(int fd, int how)
{
	for (int i = 0; i < ROUNDS; i++) {
		long n;

		if (how)
			expect_ok(flock(fd, LOCK_EX));
		else
			expect_ok(lock(fd, F_SETLKW, F_WRLCK, 0, sizeof(n)));
		expect_eq(pread(fd, &n, sizeof(n), 0), sizeof(n));
		n++;
		expect_eq(pwrite(fd, &n, sizeof(n), 0), sizeof(n));
		if (how)
			expect_ok(flock(fd, LOCK_UN));
		else
			expect_ok(lock(fd, F_SETLK, F_UNLCK, 0, 0));
	}
}

TEST(locks_keep_writers_apart,
     "Four processes add to a number in a file under fcntl's lock, and under "
     "flock's: no addition is lost.")
{
	for (int how = 0; how < 2; how++) {
		pid_t children[WORKERS];
		int fd = make_sparse("number", sizeof(long));
		long n = 0;

		for (int i = 0; i < WORKERS; i++) {
			children[i] = expect_ok(fork());
			if (children[i] == 0) {
				add_up(expect_ok(open("number", O_RDWR)), how);
				_exit(0);
			}
		}
		for (int i = 0; i < WORKERS; i++)
			expect_exit(children[i], 0);
		expect_eq(pread(fd, &n, sizeof(n), 0), sizeof(n));
		expect_eq(n, WORKERS * ROUNDS);
		close(fd);
		expect_ok(unlink("number"));
	}
}
