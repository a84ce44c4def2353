// SPDX-License-Identifier: MIT
/*
 * ptys.c - pseudo-terminals, and whose a terminal is.
 *
 * A case's process is made leader of a session of its own where it wants a
 * controlling terminal.
 */

#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#include "testlib/counter.h"
#include "testlib/files.h"
#include "testlib/memory.h"
#include "testlib/where.h"

static int master, slave;

static void open_both(void)
{
	master = expect_ok(posix_openpt(O_RDWR | O_NOCTTY));
	expect_ok(grantpt(master));
	expect_ok(unlockpt(master));
	slave = expect_ok(open(ptsname(master), O_RDWR | O_NOCTTY));
}

static void type(const char *text)
{
	expect_eq(write(master, text, strlen(text)), strlen(text));
}

/* The master reads exactly that. */
static void expect_screen(const char *wanted)
{
	char seen[200] = {0};
	size_t n = 0;

	while (n < strlen(wanted))
		n += expect_ok(read(master, seen + n, sizeof(seen) - 1 - n));
	expect_string(seen, wanted);
}

/* The slave reads exactly that, in one read. */
static void expect_line(const char *wanted)
{
	char seen[200] = {0};

	expect_eq(read(slave, seen, sizeof(seen) - 1), strlen(wanted));
	expect_string(seen, wanted);
}

static void set_flags(tcflag_t off, tcflag_t output_off)
{
	struct termios t;

	expect_ok(tcgetattr(slave, &t));
	t.c_lflag &= ~off;
	t.c_oflag &= ~output_off;
	expect_ok(tcsetattr(slave, TCSANOW, &t));
}

static short events_of(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT};

	expect_ok(poll(&p, 1, 0));
	return p.revents;
}

TEST(pty_has_a_name,
     "A master's slave is /dev/pts/N, a character device that is there as "
     "long as the master; it is locked at first.")
{
	char *name;
	struct stat st, by_name;

	master = expect_ok(posix_openpt(O_RDWR | O_NOCTTY));
	name = ptsname(master);
	expect_errno(open(name, O_RDWR | O_NOCTTY), EIO);
	expect_ok(unlockpt(master));
	slave = expect_ok(open(name, O_RDWR | O_NOCTTY));
	expect(isatty(slave) && isatty(master));
	expect_ok(fstat(slave, &st));
	expect_ok(stat(name, &by_name));
	expect(S_ISCHR(st.st_mode));
	expect_eq(st.st_rdev, by_name.st_rdev);
	expect_string(ttyname(slave), name);
	name = strdup(name);
	expect_ok(close(slave));
	expect_ok(close(master));
	expect_errno(stat(name, &st), ENOENT);
}

TEST(pty_edits_lines,
     "What the master types is echoed, edited, and read line by line.")
{
	open_both();
	type("abx\177c\r");
	expect_screen("abx\b \bc\r\n");
	expect_line("abc\n");
	expect_eq(write(slave, "hello\n", 6), 6);
	expect_screen("hello\r\n");
	type("\004");
	expect_line("");
}

TEST(pty_in_raw_mode,
     "Without ICANON, ECHO and OPOST bytes go through as they are.")
{
	open_both();
	set_flags(ICANON | ECHO | ISIG, OPOST);
	type("a\003\004");
	expect_line("a\003\004");
	expect_eq(write(slave, "x\ny", 3), 3);
	expect_screen("x\ny");
}

TEST(bulk_through_a_pty,
     "100,000 bytes each way: who writes waits for who reads, and nothing is "
     "lost.")
{
	enum { SIZE = 100000 };
	static char bytes[SIZE];
	pid_t child;
	size_t at = 0;
	ssize_t n;

	open_both();
	set_flags(ICANON | ECHO | ISIG | IEXTEN, OPOST);
	struct termios t;
	expect_ok(tcgetattr(slave, &t));
	t.c_iflag = 0;
	expect_ok(tcsetattr(slave, TCSANOW, &t));
	child = expect_ok(fork());
	if (child == 0) {
		close(master);
		while (at < SIZE)
			at += expect_ok(read(slave, bytes + at, SIZE - at));
		expect_pattern(bytes, SIZE, 0);
		expect_eq(write(slave, bytes, SIZE), SIZE);
		_exit(0);
	}
	fill_pattern(bytes, SIZE, 0);
	for (; at < SIZE; at += n)
		n = expect_ok(write(master, bytes + at, SIZE - at));
	memset(bytes, 0, SIZE);
	for (at = 0; at < SIZE; at += n)
		n = expect_ok(read(master, bytes + at, SIZE - at));
	expect_pattern(bytes, SIZE, 0);
	expect_exit(child, 0);
}

TEST(pty_readiness,
     "poll tells of bytes at both ends, and of a slave that is closed; a "
     "master that may not wait gets EAGAIN, and EIO then.")
{
	char byte;

	open_both();
	expect_ok(fcntl(master, F_SETFL, O_NONBLOCK));
	expect_errno(read(master, &byte, 1), EAGAIN);
	expect_eq(events_of(master), POLLOUT);
	expect_eq(events_of(slave), POLLOUT);
	type("x\n");
	expect_eq(events_of(slave), POLLIN | POLLOUT);
	expect_eq(events_of(master), POLLIN | POLLOUT);
	expect_screen("x\r\n");
	expect_eq(write(slave, "y", 1), 1);
	expect_ok(close(slave));
	expect(events_of(master) & POLLHUP);
	expect_screen("y");
	expect_errno(read(master, &byte, 1), EIO);
	slave = expect_ok(open(ptsname(master), O_RDWR | O_NOCTTY));
	expect_errno(read(master, &byte, 1), EAGAIN);
}

TEST(master_is_closed, "Then the slave reads 0, writes EIO, and has hung up.")
{
	char byte;
	pid_t child;

	open_both();
	child = expect_ok(fork());
	if (child == 0) {
		close(master);
		_exit(read(slave, &byte, 1) == 1);
	}
	usleep(5000);
	expect_ok(close(master));
	expect_exit(child, 0);
	expect_eq(read(slave, &byte, 1), 0);
	expect_errno(write(slave, "x", 1), EIO);
	expect(events_of(slave) & POLLHUP);
}

TEST(pty_window_size,
     "Both ends see one window size, and the foreground group is told of a "
     "new one.")
{
	struct winsize w = {.ws_row = 24, .ws_col = 80}, seen;
	pid_t child;
	sigset_t set;
	int ready[2], sig;
	char byte;

	open_both();
	expect_ok(ioctl(master, TIOCSWINSZ, &w));
	expect_ok(ioctl(slave, TIOCGWINSZ, &seen));
	expect_eq(seen.ws_col, 80);
	expect_ok(pipe(ready));
	child = expect_ok(fork());
	if (child == 0) {
		expect_ok(setsid());
		expect_ok(ioctl(slave, TIOCSCTTY, 0));
		sigemptyset(&set);
		sigaddset(&set, SIGWINCH);
		sigprocmask(SIG_BLOCK, &set, NULL);
		signal(SIGWINCH, exit); /* not ignored */
		expect_eq(write(ready[1], "r", 1), 1);
		expect_eq(sigwait(&set, &sig), 0);
		expect_ok(ioctl(slave, TIOCGWINSZ, &seen));
		_exit(seen.ws_col);
	}
	expect_eq(read(ready[0], &byte, 1), 1);
	w.ws_col = 99;
	expect_ok(ioctl(master, TIOCSWINSZ, &w));
	expect_exit(child, 99);
}

/* --- sessions --- */

/* A child that leads a session on the slave, and has it as 0, 1 and 2. */
static pid_t start_session(void)
{
	pid_t child;

	open_both();
	child = expect_ok(fork());
	if (child == 0) {
		close(master);
		expect_eq(login_tty(slave), 0);
		slave = 0;
	} else {
		expect_ok(close(slave));
	}
	return child;
}

TEST(controlling_terminal,
     "A leader's TIOCSCTTY, or its first open without O_NOCTTY, gives the "
     "session /dev/tty; others can't have it, nor the session another.")
{
	pid_t child, other;
	int status = 0, fd;

	open_both();
	child = expect_ok(fork());
	if (child == 0) {
		expect_ok(setsid());
		close(expect_ok(open(ptsname(master), O_RDWR | O_NOCTTY)));
		expect_errno(open("/dev/tty", O_RDWR), ENXIO);
		fd = expect_ok(open(ptsname(master), O_RDWR));
		expect_eq(tcgetpgrp(fd), getpid());
		fd = expect_ok(open("/dev/tty", O_RDWR));
		expect_eq(write(fd, "own", 3), 3);
		expect_screen("own");
		other = expect_ok(fork());
		if (other == 0) {
			expect_ok(setsid());
			expect_errno(ioctl(slave, TIOCSCTTY, 0), EPERM);
			expect_errno(open("/dev/tty", O_RDWR), ENXIO);
			_exit(3);
		}
		expect_exit(other, 3);
		close(master);
		close(slave);
		open_both();
		expect_errno(ioctl(slave, TIOCSCTTY, 0), EPERM);
		signal(SIGHUP, SIG_IGN);
		expect_ok(ioctl(fd, TIOCNOTTY, 0));
		expect_errno(open("/dev/tty", O_RDWR), ENXIO);
		expect_ok(ioctl(slave, TIOCSCTTY, 0));
		_exit(4);
	}
	expect_ok(waitpid(child, &status, 0));
	expect_eq(status, 4 << 8);
}

TEST(keys_that_send_signals,
     "^C from the master kills the session's foreground group.")
{
	pid_t child = start_session();

	if (child == 0) {
		expect_eq(write(1, "ready", 5), 5);
		for (;;)
			pause();
	}
	expect_screen("ready");
	type("\003");
	expect_killed(child, SIGINT);
}

TEST(session_is_hung_up,
     "When the master is closed the leader gets SIGHUP; and when that ends, "
     "who is in the foreground.")
{
	int ends[2];
	char byte;
	pid_t child;

	expect_ok(pipe(ends));
	child = start_session();
	if (child == 0) {
		if (expect_ok(fork()) == 0) {
			expect_ok(setpgid(0, 0));
			signal(SIGTTOU, SIG_IGN);
			expect_ok(tcsetpgrp(0, getpid()));
			expect_eq(write(1, "ready", 5), 5);
		}
		for (;;)
			pause();
	}
	expect_ok(close(ends[1]));
	expect_screen("ready");
	expect_ok(close(master));
	expect_killed(child, SIGHUP);
	expect_eq(read(ends[0], &byte, 1), 0); /* both are gone */
}

/* In the leader: a job in the background does @touch; how it was stopped. */
static int stopped_by(void (*touch)(void))
{
	pid_t job = expect_ok(fork());
	int status;

	if (job == 0) {
		expect_ok(setpgid(0, 0));
		touch();
		_exit(1);
	}
	expect_eq(waitpid(job, &status, WUNTRACED), job);
	if (!WIFSTOPPED(status))
		return 0;
	kill(job, SIGKILL);
	expect_killed(job, SIGKILL);
	return WSTOPSIG(status);
}

static void read_terminal(void)
{
	char byte;

	read(0, &byte, 1) == 1 ? _exit(2) : _exit(3);
}

static void write_terminal(void)
{
	write(1, "b", 1) == 1 ? _exit(2) : _exit(3);
}

static void change_terminal(void)
{
	set_flags(ECHO, 0);
}

TEST(background_is_stopped,
     "A job in the background that reads is stopped by SIGTTIN; one that "
     "changes the terminal, or with TOSTOP writes, by SIGTTOU.")
{
	struct termios t;
	pid_t child = start_session();

	if (child == 0) {
		expect_eq(stopped_by(read_terminal), SIGTTIN);
		expect_eq(stopped_by(change_terminal), SIGTTOU);
		expect_eq(stopped_by(write_terminal), 0);
		expect_ok(tcgetattr(0, &t));
		t.c_lflag |= TOSTOP;
		expect_ok(tcsetattr(0, TCSANOW, &t));
		expect_eq(stopped_by(write_terminal), SIGTTOU);
		_exit(5);
	}
	expect_exit(child, 5);
	expect_screen("b");
}

TEST(orphan_in_the_background,
     "Nobody could let an orphaned group go on, so its read is EIO.")
{
	int ends[2];
	char byte = 0;
	pid_t child;

	expect_ok(pipe(ends));
	child = start_session();
	if (child == 0) {
		pid_t parent = expect_ok(fork());

		if (parent == 0) {
			pid_t job = expect_ok(fork());

			if (job == 0) {
				expect_ok(setpgid(0, 0));
				signal(SIGHUP, SIG_IGN);
				pid_t old = getppid();
				expect_eq(write(ends[1], "r", 1), 1);
				while (getppid() == old)
					sched_yield();
				byte = read(0, &byte, 1) == -1 && errno == EIO;
				expect_eq(write(ends[1], &byte, 1), 1);
				_exit(0);
			}
			expect_eq(read(ends[0], &byte, 1), 1);
			_exit(0);
		}
		expect_exit(parent, 0);
		expect_eq(read(ends[0], &byte, 1), 1);
		_exit(byte);
	}
	expect_exit(child, 1);
}

TEST(forkpty_and_its_program,
     "glibc's openpty and forkpty work; the parent reads what the child "
     "prints, and EIO at its end.")
{
	char text[20] = {0}, name[64];
	pid_t child;
	size_t n = 0;
	ssize_t got;

	expect_ok(openpty(&master, &slave, name, NULL, NULL));
	expect_string(ttyname(slave), name);
	close(slave);
	close(master);
	child = expect_ok(forkpty(&master, NULL, NULL, NULL));
	if (child == 0) {
		expect_eq(write(1, isatty(0) ? "yes\n" : "no\n", 4), 4);
		_exit(0);
	}
	while ((got = read(master, text + n, sizeof(text) - 1 - n)) > 0)
		n += got;
	expect_eq(errno, EIO);
	expect_string(text, "yes\r\n");
	expect_exit(child, 0);
}

TEST(ptys_lose_no_memory,
     "100 pairs opened and closed in either order lose no memory.")
{
	struct counter free_pages;

	for (int i = 0; i < 110; i++) {
		if (i == 10)
			free_pages = counter_start("nr_free_pages");
		open_both();
		expect_ok(close(i % 2 ? master : slave));
		expect_ok(close(i % 2 ? slave : master));
	}
	expect_returned(&free_pages, 8);
}
