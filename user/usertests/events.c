// SPDX-License-Identifier: MIT
/*
 * events.c - files that are made to be waited for: counters, timers, signals.
 */

#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "testlib/files.h"
#include "testlib/memory.h"
#include "testlib/where.h"

static void add(int fd, uint64_t n)
{
	expect_eq(write(fd, &n, sizeof(n)), sizeof(n));
}

static uint64_t take(int fd)
{
	uint64_t n;

	expect_eq(read(fd, &n, sizeof(n)), sizeof(n));
	return n;
}

static int ready_for(int fd)
{
	struct pollfd fds = {.fd = fd, .events = POLLIN | POLLOUT};

	poll(&fds, 1, 0);
	return fds.revents;
}

static void expect_kind(int fd, const char *kind)
{
	char path[40], text[80] = {0};

	skip_on(ON_EMULATOR, "the host's /proc");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	expect_ok(readlink(path, text, sizeof(text) - 1));
	expect_string(text, kind);
}

/* --- eventfd --- */

TEST(eventfd_adds_up,
     "What is written to an eventfd adds up; read takes all, and then there is "
     "nothing to read (EAGAIN).")
{
	int fd = expect_ok(eventfd(3, EFD_NONBLOCK));

	add(fd, 4);
	expect_eq(ready_for(fd), POLLIN | POLLOUT);
	expect_eq(take(fd), 7);
	expect_eq(ready_for(fd), POLLOUT);

	uint64_t n = 0;

	expect_errno(read(fd, &n, sizeof(n)), EAGAIN);
	add(fd, 0);
	expect_errno(read(fd, &n, sizeof(n)), EAGAIN);
	expect_kind(fd, "anon_inode:[eventfd]");
}

TEST(eventfd_as_a_semaphore, "With EFD_SEMAPHORE each read takes one.")
{
	int fd = expect_ok(eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK));
	uint64_t n;

	expect_eq(take(fd), 1);
	expect_eq(take(fd), 1);
	expect_errno(read(fd, &n, sizeof(n)), EAGAIN);
}

TEST(eventfd_has_an_end,
     "The counter goes to 2^64 - 2; what would be more waits (EAGAIN), 2^64 - "
     "1 "
     "itself, fewer than eight bytes, and odd flags are EINVAL.")
{
	int fd = expect_ok(eventfd(0, EFD_NONBLOCK));
	uint64_t n = UINT64_MAX;
	const void *volatile nowhere = NULL;

	expect_errno(write(fd, &n, sizeof(n)), EINVAL);
	expect_errno(write(fd, &n, 7), EINVAL);
	expect_errno(read(fd, &n, 7), EINVAL);
	expect_errno(eventfd(0, 0x10), EINVAL);
	add(fd, UINT64_MAX - 1);
	expect_eq(ready_for(fd), POLLIN);
	n = 1;
	expect_errno(write(fd, &n, sizeof(n)), EAGAIN);
	expect(take(fd) == UINT64_MAX - 1);
	expect_errno(write(fd, nowhere, sizeof(n)), EFAULT);
}

TEST(eventfd_between_processes,
     "A reader waits for a writer, and a writer for room.")
{
	enum { ROUNDS = 500 };
	int there = expect_ok(eventfd(0, 0));
	int back = expect_ok(eventfd(0, 0));
	pid_t child = expect_ok(fork());

	if (child == 0) {
		for (int i = 1; i <= ROUNDS; i++) {
			expect_eq(take(there), i);
			add(back, i);
		}
		add(back, UINT64_MAX - 1);
		add(back, 5);
		_exit(0);
	}
	for (int i = 1; i <= ROUNDS; i++) {
		add(there, i);
		expect_eq(take(back), i);
	}
	expect(take(back) == UINT64_MAX - 1);
	expect_eq(take(back), 5);
	expect_exit(child, 0);
}

/* --- timerfd --- */

static const long MS = 1000000;

static struct itimerspec setting(long left, long interval)
{
	return (struct itimerspec){
		.it_value = {left / 1000000000, left % 1000000000},
		.it_interval = {interval / 1000000000, interval % 1000000000},
	};
}

static void set(int fd, int flags, long left, long interval)
{
	struct itimerspec s = setting(left, interval);

	expect_ok(timerfd_settime(fd, flags, &s, NULL));
}

static long now_of(clockid_t clock)
{
	struct timespec t;

	expect_ok(clock_gettime(clock, &t));
	return t.tv_sec * 1000000000 + t.tv_nsec;
}

TEST(timerfd_expires_once,
     "read waits until the time has come, not less; then the timer is not set "
     "any more.")
{
	int fd = expect_ok(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
	long before = now_of(CLOCK_MONOTONIC);
	struct itimerspec s;

	set(fd, 0, 20 * MS, 0);
	expect_eq(ready_for(fd) & POLLIN, 0);
	expect_ok(timerfd_gettime(fd, &s));
	expect_eq(s.it_value.tv_sec, 0);
	expect_between(s.it_value.tv_nsec, 1, 20 * MS);
	expect_eq(take(fd), 1);
	expect(now_of(CLOCK_MONOTONIC) - before >= 20 * MS);
	expect_ok(timerfd_gettime(fd, &s));
	expect_eq(s.it_value.tv_nsec, 0);
	expect_kind(fd, "anon_inode:[timerfd]");
}

TEST(timerfd_expires_again_and_again,
     "With an interval read tells how often it has expired, and none is lost; "
     "set to zero it stops.")
{
	int fd = expect_ok(timerfd_create(CLOCK_MONOTONIC, 0));
	struct pollfd fds = {.fd = fd, .events = POLLIN};
	long before = now_of(CLOCK_MONOTONIC);
	uint64_t total = 0;

	set(fd, 0, 2 * MS, 2 * MS);
	while (total < 10) {
		expect_eq(poll(&fds, 1, -1), 1);
		total += take(fd);
	}

	long passed = now_of(CLOCK_MONOTONIC) - before;

	expect_between(total, 10, passed / (2 * MS));
	set(fd, 0, 0, 2 * MS);
	expect_eq(poll(&fds, 1, 5), 0);
}

TEST(timerfd_at_a_time,
     "TFD_TIMER_ABSTIME is by the timer's clock; what is over expires at once; "
     "the old setting is told.")
{
	static const clockid_t clocks[] = {CLOCK_MONOTONIC, CLOCK_REALTIME};

	for (int i = 0; i < 2; i++) {
		int fd = expect_ok(timerfd_create(clocks[i], 0));
		long when = now_of(clocks[i]) + 20 * MS;
		struct itimerspec s = setting(1, 0), old;

		set(fd, TFD_TIMER_ABSTIME, when, 0);
		expect_eq(take(fd), 1);
		expect(now_of(clocks[i]) >= when);
		set(fd, 0, 3000000000, 4 * MS);
		expect_ok(timerfd_settime(fd, TFD_TIMER_ABSTIME, &s, &old));
		expect_between(old.it_value.tv_sec, 2, 3);
		expect_eq(old.it_interval.tv_nsec, 4 * MS);
		expect_eq(take(fd), 1);
	}
}

TEST(timerfd_refuses,
     "Unknown clocks and flags, times that are none, and other files: EINVAL.")
{
	int fd = expect_ok(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
	struct itimerspec s = setting(1, 0);
	uint64_t n;

	expect_errno(timerfd_create(CLOCK_PROCESS_CPUTIME_ID, 0), EINVAL);
	expect_errno(timerfd_create(CLOCK_MONOTONIC, 1), EINVAL);
	expect_errno(timerfd_settime(fd, 8, &s, NULL), EINVAL);
	expect_errno(timerfd_settime(-1, 0, &s, NULL), EBADF);
	expect_errno(timerfd_settime(eventfd(0, 0), 0, &s, NULL), EINVAL);
	s.it_value.tv_nsec = 1000000000;
	expect_errno(timerfd_settime(fd, 0, &s, NULL), EINVAL);
	expect_errno(read(fd, &n, sizeof(n)), EAGAIN);
	expect_errno(read(fd, &n, 4), EINVAL);
}

/* --- signalfd --- */

/* One for the @n signals, which are blocked. */
static int make_signalfd(const int *signals, int n, sigset_t *set)
{
	sigemptyset(set);
	for (int i = 0; i < n; i++)
		sigaddset(set, signals[i]);
	expect_ok(sigprocmask(SIG_BLOCK, set, NULL));
	return expect_ok(signalfd(-1, set, SFD_NONBLOCK));
}

TEST(signalfd_reads_signals,
     "Blocked signals are read in order, with who sent them and what; others "
     "stay.")
{
	int signals[] = {SIGUSR1, SIGRTMIN};
	struct signalfd_siginfo infos[4];
	sigset_t mask, pending;
	int fd = make_signalfd(signals, 2, &mask);

	expect_errno(read(fd, infos, sizeof(infos)), EAGAIN);
	sigaddset(&mask, SIGUSR2);
	expect_ok(sigprocmask(SIG_BLOCK, &mask, NULL));
	expect_ok(kill(getpid(), SIGUSR2));
	expect_eq(ready_for(fd), 0);
	expect_ok(sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 7}));
	expect_ok(sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 8}));
	expect_ok(kill(getpid(), SIGUSR1));
	expect_eq(ready_for(fd), POLLIN);
	expect_eq(read(fd, infos, sizeof(infos)), 3 * sizeof(infos[0]));
	expect_eq(infos[0].ssi_signo, SIGUSR1);
	expect_eq(infos[0].ssi_code, SI_USER);
	expect_eq(infos[0].ssi_pid, getpid());
	expect_eq(infos[1].ssi_signo, SIGRTMIN);
	expect_eq(infos[1].ssi_int, 7);
	expect_eq(infos[2].ssi_code, SI_QUEUE);
	expect_eq(infos[2].ssi_int, 8);
	expect_eq(ready_for(fd), 0);
	expect_ok(sigpending(&pending));
	expect(sigismember(&pending, SIGUSR2));
	expect_kind(fd, "anon_inode:[signalfd]");
}

TEST(signalfd_waits_for_a_child,
     "A read that waits gets the child's SIGCHLD, with its status.")
{
	static const int signals[] = {SIGCHLD};
	struct signalfd_siginfo info;
	sigset_t mask;
	int fd = make_signalfd(signals, 1, &mask);

	expect_ok(fcntl(fd, F_SETFL, 0));
	for (int i = 0; i < 50; i++) {
		pid_t child = expect_ok(fork());

		if (child == 0)
			_exit(i);
		expect_eq(read(fd, &info, sizeof(info)), sizeof(info));
		expect_eq(info.ssi_signo, SIGCHLD);
		expect_eq(info.ssi_code, CLD_EXITED);
		expect_eq(info.ssi_pid, child);
		expect_eq(info.ssi_status, i);
		expect_exit(child, i);
	}
}

TEST(signalfd_set_anew,
     "signalfd of an old one changes its set; short reads, odd flags and other "
     "files are EINVAL.")
{
	static const int signals[] = {SIGUSR1};
	struct signalfd_siginfo info;
	sigset_t mask;
	int fd = make_signalfd(signals, 1, &mask);

	expect_ok(kill(getpid(), SIGUSR1));
	sigemptyset(&mask);
	expect_eq(signalfd(fd, &mask, 0), fd);
	expect_errno(read(fd, &info, sizeof(info)), EAGAIN);
	sigaddset(&mask, SIGUSR1);
	expect_eq(signalfd(fd, &mask, 0), fd);
	expect_errno(read(fd, &info, sizeof(info) - 1), EINVAL);
	expect_eq(read(fd, &info, sizeof(info)), sizeof(info));
	expect_errno(signalfd(-1, &mask, 1), EINVAL);
	expect_errno(signalfd(eventfd(0, 0), &mask, 0), EINVAL);
}
