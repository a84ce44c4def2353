// SPDX-License-Identifier: MIT
/*
 * processes.c - fork, exit, wait, and many processes at once.
 *
 *	fork ──► running ──exit, signal──► zombie ──wait──► gone
 *	              (its children go to init, or a subreaper)
 */

#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "testlib/files.h"
#include "testlib/memory.h"
#include "testlib/where.h"

static pid_t fork_exiting(int status)
{
	pid_t child = expect_ok(fork());

	if (child == 0)
		_exit(status);
	return child;
}

static pid_t fork_pausing(void)
{
	pid_t child = expect_ok(fork());

	while (child == 0)
		pause();
	return child;
}

TEST(exit_status_reaches_the_parent,
     "Each of the 256 exit statuses, and no more than 8 bits of a larger "
     "one.")
{
	for (int status = 0; status < 256; status += 5)
		expect_exit(fork_exiting(status), status);
	expect_exit(fork_exiting(0x1234), 0x34);
	expect_exit(fork_exiting(-1), 255);
}

TEST(signal_that_killed_reaches_the_parent,
     "The parent learns by which signal a child was killed.")
{
	static const int signals[] = {SIGKILL, SIGTERM, SIGINT, SIGHUP,
				      SIGUSR1, SIGPIPE, SIGALRM};

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		pid_t child = fork_pausing();

		expect_ok(kill(child, signals[i]));
		expect_killed(child, signals[i]);
	}
}

TEST(wait_without_children,
     "With no child left wait is ECHILD; so is waiting for a stranger.")
{
	expect_errno(wait(NULL), ECHILD);
	expect_exit(fork_exiting(0), 0);
	expect_errno(wait(NULL), ECHILD);
	expect_errno(waitpid(1, NULL, 0), ECHILD);
	expect_errno(waitpid(-getpid(), NULL, WNOHANG), ECHILD);
	expect_errno(waitpid(-1, NULL, 0x1000), EINVAL);
}

TEST(wait_that_does_not_hang,
     "WNOHANG gives 0 while the child runs, and its pid when it has ended.")
{
	pid_t child = fork_pausing();
	int status;

	expect_eq(waitpid(child, &status, WNOHANG), 0);
	expect_ok(kill(child, SIGTERM));
	expect_eq(waitpid(child, &status, 0), child);
	expect_errno(waitpid(child, &status, WNOHANG), ECHILD);
}

TEST(wait_for_one_of_many,
     "waitpid for one pid takes that child, whichever ended first; wait takes "
     "the others, each once.")
{
	pid_t children[5], seen;
	int status, sum = 0;

	for (int i = 0; i < 5; i++)
		children[i] = fork_exiting(i);
	expect_exit(children[3], 3);
	for (int i = 0; i < 4; i++) {
		seen = expect_ok(wait(&status));
		expect(WIFEXITED(status));
		expect_eq(seen, children[WEXITSTATUS(status)]);
		sum += WEXITSTATUS(status);
	}
	expect_eq(sum, 0 + 1 + 2 + 4);
}

TEST(wait_by_process_group,
     "waitpid(-group) takes only children of that group.")
{
	pid_t inside = fork_pausing(), outside = fork_exiting(1);

	expect_ok(setpgid(inside, inside));
	expect_eq(getpgid(inside), inside);
	expect_eq(waitpid(-inside, NULL, WNOHANG), 0);
	expect_ok(kill(-inside, SIGTERM));
	expect_eq(waitpid(-inside, NULL, 0), inside);
	expect_exit(outside, 1);
}

TEST(waitid_tells_without_taking,
     "waitid with WNOWAIT reports the child and leaves it; then it is taken.")
{
	pid_t child = fork_exiting(9);
	siginfo_t info = {0};

	expect_ok(waitid(P_PID, child, &info, WEXITED | WNOWAIT));
	expect_eq(info.si_pid, child);
	expect_eq(info.si_status, 9);
	expect_eq(info.si_code, CLD_EXITED);
	expect_exit(child, 9);
}

TEST(wait_gives_resources_used,
     "wait4 fills in the time that the child used: as much at least as the "
     "child itself had seen.")
{
	struct rusage used = {0};
	pid_t child = expect_ok(fork());
	int status;

	if (child == 0) {
		while (used.ru_utime.tv_sec == 0 && used.ru_utime.tv_usec == 0)
			getrusage(RUSAGE_SELF, &used);
		_exit(0);
	}
	expect_eq(wait4(child, &status, 0, &used), child);
	expect(used.ru_utime.tv_sec > 0 || used.ru_utime.tv_usec > 0);
}

static long used_us(struct timeval t)
{
	return t.tv_sec * 1000000 + t.tv_usec;
}

TEST(times_used_never_go_back,
     "A process is now in user mode, now in the kernel: the time that it spent "
     "in either never becomes less.")
{
	struct rusage before = {0}, now;
	volatile unsigned spin = 0;

	do {
		for (int i = 0; i < 50000; i++)
			spin = spin + 1;
		for (int i = 0; i < 50; i++) {
			expect_ok(getrusage(RUSAGE_SELF, &now));
			expect(used_us(now.ru_utime) >=
			       used_us(before.ru_utime));
			expect(used_us(now.ru_stime) >=
			       used_us(before.ru_stime));
			before = now;
		}
	} while (used_us(now.ru_utime) + used_us(now.ru_stime) < 100000);
}

TEST(stopped_children_are_reported,
     "SIGSTOP and SIGCONT: WUNTRACED and WCONTINUED tell of both.")
{
	pid_t child = fork_pausing();
	int status;

	expect_ok(kill(child, SIGSTOP));
	expect_eq(waitpid(child, &status, WUNTRACED), child);
	expect(WIFSTOPPED(status));
	expect_eq(WSTOPSIG(status), SIGSTOP);
	expect_ok(kill(child, SIGCONT));
	expect_eq(waitpid(child, &status, WCONTINUED), child);
	expect(WIFCONTINUED(status));
	expect_ok(kill(child, SIGKILL));
	expect_killed(child, SIGKILL);
}

TEST(zombie_keeps_its_pid,
     "An ended child can be signalled until it is waited for, and is unknown "
     "(ESRCH) after.")
{
	pid_t child = fork_exiting(0);
	siginfo_t info;

	expect_ok(waitid(P_PID, child, &info, WEXITED | WNOWAIT));
	expect_ok(kill(child, 0));
	expect_exit(child, 0);
	expect_errno(kill(child, 0), ESRCH);
}

TEST(orphans_get_a_new_parent,
     "When its parent exits a process is given to another, and goes on.")
{
	int ends[2];
	pid_t child, seen[2];

	expect_ok(pipe(ends));
	child = expect_ok(fork());
	if (child == 0) {
		pid_t middle = getpid();

		if (fork() == 0) {
			while (getppid() == middle)
				usleep(1000);
			seen[0] = getppid();
			seen[1] = middle;
			expect_eq(write(ends[1], seen, sizeof(seen)),
				  sizeof(seen));
		}
		_exit(0);
	}
	expect_exit(child, 0);
	expect_eq(read(ends[0], seen, sizeof(seen)), sizeof(seen));
	expect_eq(seen[1], child);
	expect(seen[0] > 0 && seen[0] != child);
}

TEST(orphans_by_the_dozen,
     "50 times a child leaves two grandchildren behind and exits: nobody is "
     "lost, and no zombie is left for us.")
{
	for (int i = 0; i < 50; i++) {
		pid_t child = expect_ok(fork());

		if (child == 0) {
			if (fork() == 0 || fork() == 0)
				_exit(0);
			_exit(7);
		}
		expect_exit(child, 7);
	}
	expect_errno(wait(NULL), ECHILD);
}

TEST(fork_exit_wait_again_and_again,
     "200 children in a row, each with a pid of its own and its own status.")
{
	pid_t before = 0;

	for (int i = 0; i < 200; i++) {
		pid_t child = fork_exiting(i);

		expect(child > 0 && child != before);
		before = child;
		expect_exit(child, i);
	}
}

TEST(forks_in_forks,
     "Children that fork children that fork, five deep and two wide: all 62 "
     "come home.")
{
	int depth = 0, nchildren = 0;

	skip_if_memory_is_short();
	while (depth < 5 && nchildren < 2) {
		if (expect_ok(fork()) == 0) {
			depth++;
			nchildren = 0;
		} else {
			nchildren++;
		}
	}
	for (int i = 0; i < nchildren; i++) {
		int status;

		expect_ok(wait(&status));
		expect_eq(status, 0);
	}
	expect_errno(wait(NULL), ECHILD);
	if (depth > 0)
		_exit(0);
}

TEST(many_processes_at_once,
     "30 processes compute on all harts at the same time, and get the same "
     "result.")
{
	enum { N = 30 };
	pid_t children[N];

	for (int i = 0; i < N; i++) {
		children[i] = expect_ok(fork());
		if (children[i] == 0) {
			uint32_t x = 1;

			for (int n = 0; n < 200000; n++)
				x = x * 1664525 + 1013904223;
			_exit(x >> 24);
		}
	}
	for (int i = 1; i < N; i++) {
		int status, first;

		if (i == 1)
			expect_ok(waitpid(children[0], &first, 0));
		expect_ok(waitpid(children[i], &status, 0));
		expect_eq(status, first);
	}
}

TEST(spinning_processes_do_not_starve_others,
     "Beside eight processes that never sleep, one that sleeps 10 ms ten "
     "times is done within seconds.")
{
	enum { N = 8 };
	pid_t children[N];
	time_t start = time(NULL);

	for (int i = 0; i < N; i++) {
		children[i] = expect_ok(fork());
		while (children[i] == 0)
			;
	}
	for (int i = 0; i < 10; i++)
		usleep(10000);
	expect(time(NULL) - start < 20);
	for (int i = 0; i < N; i++) {
		expect_ok(kill(children[i], SIGKILL));
		expect_killed(children[i], SIGKILL);
	}
}

TEST(fork_shares_the_file_position,
     "Parent and child have one position in a file that was open before fork.")
{
	int fd = make_file("file", 100);
	char bytes[10];
	pid_t child = expect_ok(fork());

	if (child == 0) {
		expect_eq(read(fd, bytes, 10), 10);
		_exit(0);
	}
	expect_exit(child, 0);
	expect_eq(read(fd, bytes, 10), 10);
	expect_pattern(bytes, 10, 10);
}

TEST(fork_copies_the_descriptors,
     "What the child closes stays open in the parent, and the other way "
     "round.")
{
	int fd = make_file("file", 10), other = make_file("other", 10);
	pid_t child = expect_ok(fork());

	if (child == 0) {
		expect_ok(close(fd));
		usleep(2000);
		expect_eq(file_byte(other, 3), pattern(3));
		_exit(0);
	}
	expect_ok(close(other));
	expect_exit(child, 0);
	expect_eq(file_byte(fd, 3), pattern(3));
}

TEST(vfork_waits_for_the_child,
     "vfork's parent goes on when the child has exited, and not before.")
{
	volatile int *shared = map_anonymous_shared(1);
	pid_t child;

	skip_on(ON_EMULATOR, "qemu-user's vfork is fork");
	child = vfork();
	if (child == 0) {
		for (volatile int i = 0; i < 100000; i++)
			;
		*shared = 5;
		_exit(3);
	}
	expect_ok(child);
	expect_eq(*shared, 5);
	expect_exit(child, 3);
}

TEST(ids_of_a_process,
     "getpid, getppid, gettid, groups and sessions agree between parent and "
     "child.")
{
	pid_t me = getpid(), child;

	expect_eq(gettid(), me);
	child = expect_ok(fork());
	if (child == 0) {
		expect(getpid() != me);
		expect_eq(getppid(), me);
		expect_eq(getpgid(0), getpgid(me));
		expect_ok(setsid());
		expect_eq(getsid(0), getpid());
		expect_eq(getpgrp(), getpid());
		expect_errno(setsid(), EPERM);
		_exit(0);
	}
	expect_exit(child, 0);
	expect_errno(setpgid(99999999, 0), ESRCH);
	expect_errno(getpgid(99999999), ESRCH);
}

TEST(fork_bomb_ends_and_memory_returns,
     "Processes are forked until the kernel has enough of it: EAGAIN or "
     "ENOMEM, or it kills some of them; we live, and can fork again.")
{
	/* A Linux that runs other things too is not driven to its limits. */
	int limit = where() == ON_QUIRE ? 600 : 100, ends[2], n;
	char byte;

	skip_if_memory_is_short();
	expect_ok(pipe(ends));
	for (n = 0; n < limit; n++) {
		pid_t child = fork();

		if (child == 0) {
			close(ends[1]);
			_exit(read(ends[0], &byte, 1) != 0);
		}
		if (child == -1) {
			expect(errno == EAGAIN || errno == ENOMEM);
			break;
		}
	}
	expect(n >= 30);
	expect_ok(close(ends[1]));
	for (int i = 0; i < n; i++) {
		int status;

		expect_ok(wait(&status));
		expect(status == 0 || status == SIGKILL);
	}
	expect_exit(fork_exiting(4), 4);
}
