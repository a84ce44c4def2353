// SPDX-License-Identifier: MIT
/*
 * restart.c - what becomes of a call that sleeps when a signal comes.
 *
 *	                 handler      handler with    stop and go on,
 *	                              SA_RESTART      no handler
 *	read, write,
 *	open, wait, futex  EINTR      made again      made again
 *	poll, sleeps,
 *	timed futex        EINTR      EINTR           go on until the
 *	                                              same moment
 *	pause, sigsuspend  EINTR      EINTR           go on
 *	sigtimedwait       EINTR      EINTR           EINTR
 *
 * A child sends signals, many, until it is killed or has sent its number: so
 * that one of them comes when its parent sleeps, however slow the machine.
 */

#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "testlib/files.h"
#include "testlib/test.h"
#include "testlib/where.h"

static volatile sig_atomic_t ncaught;
static int pipe_ends[2]; /* empty, and nothing ever comes */
static int full_end;     /* of a pipe without room */
static uint32_t word;

static void count(int signal)
{
	(void)signal;
	ncaught++;
}

static void catch_usr1(int flags)
{
	struct sigaction action = {.sa_handler = count, .sa_flags = flags};

	expect_ok(sigaction(SIGUSR1, &action, NULL));
}

static void fill_pipe(int fd)
{
	static char bytes[PAGE];

	expect_ok(fcntl(fd, F_SETFL, O_NONBLOCK));
	while (write(fd, bytes, PAGE) > 0)
		;
	expect_ok(fcntl(fd, F_SETFL, 0));
}

static void make_pipes(void)
{
	int ends[2];

	expect_ok(pipe(pipe_ends));
	expect_ok(pipe(ends));
	fill_pipe(ends[1]);
	full_end = ends[1];
	expect_ok(mkfifo("fifo", 0600));
}

/* Send @first and then @second to the parent, @n times or for ever. */
static pid_t fork_sender(int first, int second, int n)
{
	pid_t child = expect_ok(fork());

	if (child != 0)
		return child;
	for (int i = 0; i != n; i++) {
		usleep(1000);
		kill(getppid(), first);
		if (second)
			kill(getppid(), second);
	}
	return 0;
}

/* --- calls that sleep ----------------------------------------------------- */

static const struct timespec long_time = {.tv_sec = 100};

static long call_read(void)
{
	char byte;

	return read(pipe_ends[0], &byte, 1);
}

static long call_write(void)
{
	return write(full_end, "w", 1);
}

static long call_open(void)
{
	return open("fifo", O_RDONLY);
}

static long call_wait(void)
{
	return waitpid(-1, NULL, 0);
}

static long call_waitid(void)
{
	siginfo_t info;

	return waitid(P_ALL, 0, &info, WEXITED);
}

static long call_futex(void)
{
	return syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL);
}

static long call_timed_futex(void)
{
	return syscall(SYS_futex, &word, FUTEX_WAIT, 0, &long_time);
}

static long call_poll(void)
{
	struct pollfd fd = {pipe_ends[0], POLLIN, 0};

	return poll(&fd, 1, 100000);
}

static long call_select(void)
{
	fd_set set;

	FD_ZERO(&set);
	FD_SET(pipe_ends[0], &set);
	return select(pipe_ends[0] + 1, &set, NULL, NULL, NULL);
}

static long call_nanosleep(void)
{
	return nanosleep(&long_time, NULL);
}

static long call_sleep_until(void)
{
	struct timespec end;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += 100;
	errno = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL);
	return errno ? -1 : 0;
}

static long call_pause(void)
{
	return pause();
}

static long call_suspend(void)
{
	sigset_t none;

	sigemptyset(&none);
	return sigsuspend(&none);
}

static long call_timedwait(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	return sigtimedwait(&set, NULL, &long_time);
}

static const struct call {
	const char *name;
	long (*make)(void);
	bool again; /* with SA_RESTART */
} calls[] = {
	{"read", call_read, true},
	{"write", call_write, true},
	{"open", call_open, true},
	{"waitpid", call_wait, true},
	{"waitid", call_waitid, true},
	{"futex", call_futex, true},
	{"timed futex", call_timed_futex, false},
	{"poll", call_poll, false},
	{"select", call_select, false},
	{"nanosleep", call_nanosleep, false},
	{"clock_nanosleep", call_sleep_until, false},
	{"pause", call_pause, false},
	{"sigsuspend", call_suspend, false},
	{"sigtimedwait", call_timedwait, false},
};

enum { NCALLS = sizeof(calls) / sizeof(calls[0]) };

static void expect_interrupted(const struct call *call)
{
	pid_t sender = fork_sender(SIGUSR1, 0, -1);
	long result = call->make();

	if (result != -1 || errno != EINTR)
		fail(HERE, "%s: expected EINTR, saw %ld, errno %d", call->name,
		     result, errno);
	expect_ok(kill(sender, SIGKILL));
	expect_killed(sender, SIGKILL);
}

TEST(a_handler_interrupts_every_wait,
     "Each call that sleeps is EINTR after a handler without SA_RESTART.")
{
	make_pipes();
	catch_usr1(0);
	for (int i = 0; i < NCALLS; i++)
		expect_interrupted(&calls[i]);
	expect(ncaught >= NCALLS);
}

TEST(some_waits_are_never_restarted,
     "Sleeps, poll, select, pause and the waits for signals are EINTR after a "
     "handler with SA_RESTART, too.")
{
	make_pipes();
	catch_usr1(SA_RESTART);
	for (int i = 0; i < NCALLS; i++)
		if (!calls[i].again)
			expect_interrupted(&calls[i]);
}

/* A process in @call, of which signals @first and @second make nothing: it is
 * there after all, and only SIGKILL ends it. */
static void expect_unmoved(const struct call *call, int first, int second)
{
	pid_t child = expect_ok(fork()), inner;

	if (child == 0) {
		inner = fork_sender(first, second, 30);
		if (inner == 0) {
			kill(getppid(), SIGKILL);
			_exit(0);
		}
		call->make();
		fail(HERE, "%s: expected it to go on, saw errno %d", call->name,
		     errno);
	}
	expect_killed(child, SIGKILL);
}

TEST(other_waits_are_restarted,
     "read, write, open, wait and futex go on after handlers with "
     "SA_RESTART.")
{
	make_pipes();
	catch_usr1(SA_RESTART);
	for (int i = 0; i < NCALLS; i++)
		if (calls[i].again)
			expect_unmoved(&calls[i], SIGUSR1, 0);
}

TEST(being_stopped_interrupts_no_wait,
     "After SIGSTOP and SIGCONT without handlers every wait goes on, but for "
     "sigtimedwait.")
{
	make_pipes();
	for (int i = 0; i < NCALLS; i++)
		if (calls[i].make != call_timedwait)
			expect_unmoved(&calls[i], SIGSTOP, SIGCONT);
}

TEST(sleep_that_was_stopped_ends_in_time,
     "nanosleep, poll and a futex with a time, stopped and continued again "
     "and again, end when they would have ended: not before, nor never.")
{
	struct timespec start, end, time = {.tv_nsec = 50000000};
	pid_t sender;

	make_pipes();
	for (int i = 0; i < 3; i++) {
		struct pollfd fd = {pipe_ends[0], POLLIN, 0};

		/* It ends by itself: killed between the two signals it would
		 * leave us stopped. */
		sender = fork_sender(SIGSTOP, SIGCONT, 60);
		if (sender == 0)
			_exit(0);
		clock_gettime(CLOCK_MONOTONIC, &start);
		if (i == 0)
			expect_ok(nanosleep(&time, NULL));
		else if (i == 1)
			expect_eq(poll(&fd, 1, 50), 0);
		else
			expect_errno(
				syscall(SYS_futex, &word, FUTEX_WAIT, 0, &time),
				ETIMEDOUT);
		clock_gettime(CLOCK_MONOTONIC, &end);
		expect((end.tv_sec - start.tv_sec) * 1000000000 +
			       (end.tv_nsec - start.tv_nsec) >=
		       time.tv_nsec);
		expect_exit(sender, 0);
	}
}

TEST(part_of_a_write_is_its_result,
     "A write that has put something into a pipe when a signal comes returns "
     "that count, with SA_RESTART or without.")
{
	static char bytes[1 << 20];

	for (int i = 0; i < 2; i++) {
		int ends[2];
		pid_t sender;

		catch_usr1(i ? SA_RESTART : 0);
		expect_ok(pipe(ends));
		sender = fork_sender(SIGUSR1, 0, -1);
		expect_eq(write(ends[1], bytes, sizeof(bytes)), 65536);
		expect_ok(kill(sender, SIGKILL));
		expect_killed(sender, SIGKILL);
	}
}

TEST(mask_of_ppoll_is_for_its_wait,
     "A pending signal that only ppoll's mask lets in is not taken if a "
     "descriptor is ready; if none is, it is EINTR, even without a wait.")
{
	struct timespec no_time = {0};
	struct pollfd ready = {0, POLLOUT, 0};
	sigset_t set, none, pending;
	int ends[2];

	catch_usr1(0);
	sigemptyset(&none);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	expect_ok(sigprocmask(SIG_BLOCK, &set, NULL));
	expect_ok(pipe(ends));
	ready.fd = ends[1];
	raise(SIGUSR1);
	expect_eq(ppoll(&ready, 1, NULL, &none), 1);
	expect_eq(ncaught, 0);
	expect_errno(ppoll(NULL, 0, &no_time, &none), EINTR);
	expect_eq(ncaught, 1);
	raise(SIGUSR1);
	expect_eq(pselect(0, NULL, NULL, NULL, &no_time, NULL), 0);
	expect_errno(pselect(0, NULL, NULL, NULL, NULL, &none), EINTR);
	expect_eq(ncaught, 2);
	expect_ok(sigpending(&pending));
	expect_eq(sigismember(&pending, SIGUSR1), 0);
	expect_ok(sigprocmask(SIG_BLOCK, NULL, &pending));
	expect_eq(sigismember(&pending, SIGUSR1), 1);
}

TEST(restart_syscall_by_hand_finds_nothing,
     "restart_syscall(2) is EINTR for a program that calls it, also after a "
     "sleep that a handler cut short.")
{
	pid_t sender;

	skip_on(ON_EMULATOR, "qemu-user 7.2 does not have it");
	expect_errno(syscall(SYS_restart_syscall), EINTR);
	catch_usr1(0);
	sender = fork_sender(SIGUSR1, 0, -1);
	expect_errno(nanosleep(&long_time, NULL), EINTR);
	expect_ok(kill(sender, SIGKILL));
	expect_killed(sender, SIGKILL);
	expect_errno(syscall(SYS_restart_syscall), EINTR);
}
