// SPDX-License-Identifier: MIT
/*
 * signals.c - handlers, masks, what interrupts what, and alarms.
 *
 *	kill, alarm, child's end ... ──► pending ──(not blocked)──► taken:
 *	                              default action | ignored | handler
 *
 * A handler gets a frame on the user's stack, and sigreturn puts all
 * registers back as they were.
 */

#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "testlib/files.h"
#include "testlib/memory.h"
#include "testlib/where.h"

static volatile sig_atomic_t ncaught, last;
static siginfo_t last_info;

static void count(int signal)
{
	ncaught++;
	last = signal;
}

static void note(int signal, siginfo_t *info, void *context)
{
	(void)context;
	count(signal);
	last_info = *info;
}

static void catch_signal(int signal, int flags)
{
	struct sigaction action = {.sa_handler = count, .sa_flags = flags};

	if (flags & SA_SIGINFO)
		action.sa_sigaction = note;
	expect_ok(sigaction(signal, &action, NULL));
}

static sigset_t set_of(int signal)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signal);
	return set;
}

TEST(handler_runs_and_returns,
     "A handler is called with the signal's number, and the program goes on "
     "where it was.")
{
	catch_signal(SIGUSR1, 0);
	for (int i = 1; i <= 100; i++) {
		expect_ok(raise(SIGUSR1));
		expect_eq(ncaught, i);
	}
	expect_eq(last, SIGUSR1);
}

TEST(handler_learns_who_sent_it,
     "With SA_SIGINFO the handler sees the sender's pid, and that it was "
     "kill.")
{
	catch_signal(SIGUSR1, SA_SIGINFO);
	expect_ok(kill(getpid(), SIGUSR1));
	expect_eq(ncaught, 1);
	expect_eq(last_info.si_signo, SIGUSR1);
	expect_eq(last_info.si_code, SI_USER);
	expect_eq(last_info.si_pid, getpid());
}

TEST(blocked_signal_waits,
     "A blocked signal stays pending, once however often it was sent, and is "
     "taken when it is let in.")
{
	sigset_t set = set_of(SIGUSR1), pending;

	catch_signal(SIGUSR1, 0);
	expect_ok(sigprocmask(SIG_BLOCK, &set, NULL));
	raise(SIGUSR1);
	raise(SIGUSR1);
	expect_eq(ncaught, 0);
	expect_ok(sigpending(&pending));
	expect_eq(sigismember(&pending, SIGUSR1), 1);
	expect_eq(sigismember(&pending, SIGUSR2), 0);
	expect_ok(sigprocmask(SIG_UNBLOCK, &set, NULL));
	expect_eq(ncaught, 1);
	expect_ok(sigpending(&pending));
	expect_eq(sigismember(&pending, SIGUSR1), 0);
}

static volatile sig_atomic_t nruns, depth, deepest;

/* Sends its own signal twice more, from inside. */
static void nest(int signal)
{
	if (++depth > deepest)
		deepest = depth;
	if (++nruns < 3)
		raise(signal);
	depth--;
}

TEST(signal_is_blocked_in_its_handler,
     "A signal that comes while its handler runs waits until it returns; with "
     "SA_NODEFER it does not.")
{
	struct sigaction action = {.sa_handler = nest};

	expect_ok(sigaction(SIGUSR1, &action, NULL));
	raise(SIGUSR1);
	expect_eq(nruns, 3);
	expect_eq(deepest, 1);
	nruns = 0;
	action.sa_flags = SA_NODEFER;
	expect_ok(sigaction(SIGUSR1, &action, NULL));
	raise(SIGUSR1);
	expect_eq(nruns, 3);
	expect_eq(deepest, 3);
}

static sigset_t seen_mask;

static void note_mask(int signal)
{
	(void)signal;
	sigprocmask(SIG_BLOCK, NULL, &seen_mask);
}

TEST(handler_has_its_mask,
     "sa_mask is blocked while the handler runs, and no longer after it.")
{
	struct sigaction action = {.sa_handler = note_mask};
	sigset_t after;

	skip_on(ON_EMULATOR, "qemu-user 7.2 does not let it be seen");
	sigaddset(&action.sa_mask, SIGUSR2);
	expect_ok(sigaction(SIGUSR1, &action, NULL));
	raise(SIGUSR1);
	expect_eq(sigismember(&seen_mask, SIGUSR1), 1);
	expect_eq(sigismember(&seen_mask, SIGUSR2), 1);
	expect_eq(sigismember(&seen_mask, SIGTERM), 0);
	sigprocmask(SIG_BLOCK, NULL, &after);
	expect_eq(sigismember(&after, SIGUSR1), 0);
	expect_eq(sigismember(&after, SIGUSR2), 0);
}

TEST(handler_for_one_time,
     "With SA_RESETHAND the second signal takes the default action.")
{
	pid_t child = expect_ok(fork());

	if (child == 0) {
		catch_signal(SIGUSR1, SA_RESETHAND);
		raise(SIGUSR1);
		expect_eq(ncaught, 1);
		raise(SIGUSR1);
		_exit(0);
	}
	expect_killed(child, SIGUSR1);
}

TEST(some_signals_cannot_be_caught,
     "SIGKILL and SIGSTOP can't be handled, ignored or blocked; 0 and 65 are "
     "no signals.")
{
	struct sigaction action = {.sa_handler = SIG_IGN};
	sigset_t all, after;

	expect_errno(sigaction(SIGKILL, &action, NULL), EINVAL);
	expect_errno(sigaction(SIGSTOP, &action, NULL), EINVAL);
	sigfillset(&all);
	expect_ok(sigprocmask(SIG_SETMASK, &all, NULL));
	expect_ok(sigprocmask(SIG_BLOCK, NULL, &after));
	expect_eq(sigismember(&after, SIGKILL), 0);
	expect_eq(sigismember(&after, SIGSTOP), 0);
	expect_eq(sigismember(&after, SIGTERM), 1);
	expect_errno(kill(getpid(), 65), EINVAL);
	expect_errno(kill(getpid(), -1), EINVAL);
	expect_ok(kill(getpid(), 0));
}

TEST(ignored_signals_do_nothing,
     "What is ignored by us or by default (SIGCHLD, SIGURG, SIGWINCH) neither "
     "kills nor interrupts.")
{
	static const int signals[] = {SIGCHLD, SIGURG, SIGWINCH, SIGCONT};
	struct timespec pause = {.tv_nsec = 5000000};
	pid_t child;

	signal(SIGTERM, SIG_IGN);
	child = expect_ok(fork());
	if (child == 0) {
		pid_t parent = getppid();

		for (int i = 0; i < 4; i++)
			kill(parent, signals[i]);
		kill(parent, SIGTERM);
		_exit(0);
	}
	expect_ok(nanosleep(&pause, NULL));
	expect_exit(child, 0);
}

TEST(signal_to_a_group,
     "kill(-group) and kill(0) reach all of a process group.")
{
	pid_t children[3], leader = 0;

	for (int i = 0; i < 3; i++) {
		children[i] = expect_ok(fork());
		while (children[i] == 0)
			pause();
		if (i == 0)
			leader = children[0];
		expect_ok(setpgid(children[i], leader));
	}
	expect_ok(kill(-leader, SIGTERM));
	for (int i = 0; i < 3; i++)
		expect_killed(children[i], SIGTERM);
	expect_errno(kill(-leader, SIGTERM), ESRCH);
	catch_signal(SIGUSR1, 0);
	expect_ok(setpgid(0, 0));
	expect_ok(kill(0, SIGUSR1));
	expect_eq(ncaught, 1);
}

/* A child that signals its parent @n times, then writes a byte. */
static pid_t fork_sender(int n, int fd)
{
	pid_t child = expect_ok(fork());

	if (child != 0)
		return child;
	for (int i = 0; i < n; i++) {
		usleep(5000);
		kill(getppid(), SIGUSR1);
	}
	expect_eq(write(fd, "b", 1), 1);
	_exit(0);
}

TEST(signal_interrupts_a_call,
     "A handler without SA_RESTART makes a waiting read return EINTR.")
{
	int ends[2];
	pid_t child;
	char byte;

	catch_signal(SIGUSR1, 0);
	expect_ok(pipe(ends));
	child = fork_sender(10000, ends[1]);
	expect_errno(read(ends[0], &byte, 1), EINTR);
	expect(ncaught > 0);
	expect_ok(kill(child, SIGKILL));
	expect_killed(child, SIGKILL);
}

TEST(interrupted_call_is_restarted,
     "With SA_RESTART the read goes on waiting, and gets the byte.")
{
	int ends[2];
	pid_t child;
	char byte = 0;

	catch_signal(SIGUSR1, SA_RESTART);
	expect_ok(pipe(ends));
	child = fork_sender(10, ends[1]);
	expect_eq(read(ends[0], &byte, 1), 1);
	expect_eq(byte, 'b');
	expect(ncaught > 0);
	expect_exit(child, 0);
}

TEST(sleep_tells_what_was_left,
     "nanosleep that is interrupted returns EINTR and the rest of its time.")
{
	struct timespec wanted = {.tv_sec = 20}, left = {0};
	struct itimerval timer = {.it_value = {.tv_usec = 20000},
				  .it_interval = {.tv_usec = 20000}};

	catch_signal(SIGALRM, SA_RESTART);
	expect_ok(setitimer(ITIMER_REAL, &timer, NULL));
	expect_errno(nanosleep(&wanted, &left), EINTR);
	expect(ncaught > 0);
	expect_between(left.tv_sec, 10, 19);
}

TEST(child_end_is_a_signal,
     "SIGCHLD comes when a child ends, with its pid, status and the reason.")
{
	sigset_t set = set_of(SIGCHLD), old;
	pid_t child;

	catch_signal(SIGCHLD, SA_SIGINFO);
	expect_ok(sigprocmask(SIG_BLOCK, &set, &old));
	child = expect_ok(fork());
	if (child == 0)
		_exit(6);
	while (ncaught == 0)
		sigsuspend(&old);
	expect_eq(last_info.si_pid, child);
	expect_eq(last_info.si_status, 6);
	expect_eq(last_info.si_code, CLD_EXITED);
	expect_exit(child, 6);
}

TEST(ignored_children_are_not_kept,
     "With SIGCHLD ignored ended children leave no zombie: wait is ECHILD "
     "after the last.")
{
	signal(SIGCHLD, SIG_IGN);
	for (int i = 0; i < 5; i++)
		if (expect_ok(fork()) == 0)
			_exit(i);
	expect_errno(wait(NULL), ECHILD);
}

TEST(alarm_comes_in_time,
     "alarm and setitimer send SIGALRM once and again; a second alarm "
     "replaces the first and tells what was left of it.")
{
	struct itimerval timer = {.it_value = {.tv_usec = 2000},
				  .it_interval = {.tv_usec = 2000}};

	alarm(100);
	expect_between(alarm(50), 99, 100);
	expect_between(alarm(0), 49, 50);
	catch_signal(SIGALRM, 0);
	expect_ok(setitimer(ITIMER_REAL, &timer, NULL));
	while (ncaught < 5)
		pause();
	timer = (struct itimerval){0};
	expect_ok(setitimer(ITIMER_REAL, &timer, NULL));
	ncaught = 0;
	usleep(10000);
	expect_eq(ncaught, 0);
}

static void spin(int n)
{
	for (volatile int i = 0; i < n; i++)
		;
}

TEST(no_alarm_after_it_was_taken_back,
     "Once setitimer has disarmed a timer no SIGALRM comes of it, not even "
     "one that was due in that instant.")
{
	struct itimerval soon = {.it_value = {.tv_usec = 50}};
	struct itimerval off = {0};

	catch_signal(SIGALRM, 0);
	for (int i = 0; i < 1000; i++) {
		expect_ok(setitimer(ITIMER_REAL, &soon, NULL));
		spin(i * 20);
		expect_ok(setitimer(ITIMER_REAL, &off, NULL));
		ncaught = 0;
		spin(2000);
		expect_eq(ncaught, 0);
	}
}

TEST(alarm_kills_by_default, "Without a handler the alarm ends the process.")
{
	pid_t child = expect_ok(fork());

	if (child == 0) {
		struct itimerval timer = {.it_value = {.tv_usec = 5000}};

		setitimer(ITIMER_REAL, &timer, NULL);
		for (;;)
			;
	}
	expect_killed(child, SIGALRM);
}

TEST(suspend_swaps_the_mask,
     "sigsuspend lets a blocked signal in and waits for it; afterwards it is "
     "blocked again.")
{
	sigset_t set = set_of(SIGUSR1), none, now;

	catch_signal(SIGUSR1, 0);
	sigemptyset(&none);
	expect_ok(sigprocmask(SIG_BLOCK, &set, NULL));
	raise(SIGUSR1);
	expect_errno(sigsuspend(&none), EINTR);
	expect_eq(ncaught, 1);
	expect_ok(sigprocmask(SIG_BLOCK, NULL, &now));
	expect_eq(sigismember(&now, SIGUSR1), 1);
}

static char *volatile handler_stack;

static void note_stack(int signal)
{
	(void)signal;
	handler_stack = __builtin_frame_address(0);
}

TEST(handler_on_another_stack,
     "With sigaltstack and SA_ONSTACK the handler runs there; without the "
     "flag it does not.")
{
	char *place = map_anonymous(16);
	stack_t stack = {.ss_sp = place, .ss_size = 16 * PAGE}, old;
	struct sigaction action = {.sa_handler = note_stack,
				   .sa_flags = SA_ONSTACK};

	expect_ok(sigaltstack(&stack, NULL));
	expect_ok(sigaction(SIGUSR1, &action, NULL));
	raise(SIGUSR1);
	expect(place <= handler_stack && handler_stack < place + 16 * PAGE);
	action.sa_flags = 0;
	expect_ok(sigaction(SIGUSR1, &action, NULL));
	raise(SIGUSR1);
	expect(handler_stack < place || place + 16 * PAGE <= handler_stack);
	expect_ok(sigaltstack(NULL, &old));
	expect_eq(old.ss_sp, place);
	expect_eq(old.ss_flags, 0);
	stack.ss_size = 100;
	expect_errno(sigaltstack(&stack, NULL), ENOMEM);
}

TEST(fork_and_signals,
     "A child has its parent's handlers and mask, but not the signals that "
     "wait for it.")
{
	sigset_t set = set_of(SIGUSR1), pending;
	pid_t child;

	catch_signal(SIGUSR1, 0);
	expect_ok(sigprocmask(SIG_BLOCK, &set, NULL));
	raise(SIGUSR1);
	child = expect_ok(fork());
	if (child == 0) {
		expect_ok(sigpending(&pending));
		expect_eq(sigismember(&pending, SIGUSR1), 0);
		expect_ok(sigprocmask(SIG_UNBLOCK, &set, NULL));
		expect_eq(ncaught, 0);
		raise(SIGUSR1);
		expect_eq(ncaught, 1);
		_exit(0);
	}
	expect_exit(child, 0);
	expect_eq(ncaught, 0);
}

TEST(wait_for_a_signal_without_handler,
     "sigtimedwait takes a pending signal with its info, and is EAGAIN when "
     "none comes in time.")
{
	struct timespec soon = {.tv_nsec = 2000000};
	sigset_t set = set_of(SIGUSR1);
	siginfo_t info;

	expect_ok(sigprocmask(SIG_BLOCK, &set, NULL));
	expect_errno(sigtimedwait(&set, &info, &soon), EAGAIN);
	expect_ok(kill(getpid(), SIGUSR1));
	expect_eq(sigtimedwait(&set, &info, &soon), SIGUSR1);
	expect_eq(info.si_pid, getpid());
}
