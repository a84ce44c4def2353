/* host-test: kernel/dev/tty.c kernel/dev/tty_input.c kernel/dev/tty_session.c kernel/sync/waitq.c kernel/sync/spinlock.c */
/* SPDX-License-Identifier: MIT */
/*
 * tty_test.c - the line discipline: what typed bytes put on the screen and
 * what readers get, in both modes; signals; modes changed with input waiting;
 * reads that wait.  Time is a variable, and "later" is what is typed when a
 * reader goes to sleep.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <asm/ioctls.h>
#include <linux/poll.h>

#include "arch/riscv/time.h"
#include "arch/riscv/usercopy.h"
#include "kernel/dev/tty.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/sync/sched.h"

static unsigned long passed;

#define CHECK(cond) \
	do { \
		passed++; \
		if (!(cond)) { \
			printf("line %d: %s\n", __LINE__, #cond); \
			exit(1); \
		} \
	} while (0)

/* --- what the terminal needs of the kernel --- */

static void (*input)(char byte);
static char screen[20000];
static size_t nscreen;
static uint64_t clock_now;
static const char *later; /* typed when somebody sleeps */
static bool interrupted, awake;
static int signalled_group, signal_sent, caller_group = 7, caller_session = 7;

void uart_write(const char *bytes, size_t nbytes)
{
	memcpy(screen + nscreen, bytes, nbytes);
	nscreen += nbytes;
}

void uart_start(void (*fn)(char byte))
{
	input = fn;
}

void tty_signal_group(int pgrp, int sig)
{
	signalled_group = pgrp;
	signal_sent = sig;
}

void tty_signal_group_soon(int pgrp, int sig)
{
	tty_signal_group(pgrp, sig);
}

int tty_caller_group(void)
{
	return caller_group;
}

int tty_caller_session(void)
{
	return caller_session;
}

int tty_group_session(int pgrp)
{
	return pgrp < 100 ? 7 : 0;
}

bool tty_stop_caller(int sig)
{
	tty_signal_group(caller_group, sig);
	return true;
}

uint64_t time_now(void)
{
	return clock_now;
}

size_t copy_to_user(vaddr_t to, const void *from, size_t nbytes)
{
	memcpy((void *)to, from, nbytes);
	return 0;
}

size_t copy_from_user(void *to, vaddr_t from, size_t nbytes)
{
	memcpy(to, (void *)from, nbytes);
	return 0;
}

size_t uio_copy_to(struct uio *uio, const void *buffer, size_t nbytes)
{
	memcpy((char *)uio->one.iov_base + uio->at, buffer, nbytes);
	uio->at += nbytes;
	uio->left -= nbytes;
	return nbytes;
}

size_t uio_copy_from(struct uio *uio, void *buffer, size_t nbytes)
{
	memcpy(buffer, (char *)uio->one.iov_base + uio->at, nbytes);
	uio->at += nbytes;
	uio->left -= nbytes;
	return nbytes;
}

void sched_prepare(void)
{
	awake = false;
}

void sched_cancel(void)
{
}

bool sched_wake(struct task *task)
{
	awake = true;
	return true;
}

static void type(const char *bytes)
{
	while (*bytes)
		input(*bytes++);
}

/* Nothing else happens in this world than what comes later. */
void sched_block_until(uint64_t deadline)
{
	const char *bytes = later;

	later = NULL;
	if (awake)
		return;
	if (bytes)
		type(bytes);
	else if (deadline == UINT64_MAX)
		interrupted = true;
	else
		clock_now = deadline;
}

void sched_block(void)
{
	sched_block_until(UINT64_MAX);
}

bool sched_interrupted(void)
{
	return interrupted;
}

_Noreturn void panic(const char *format, ...)
{
	printf("panic: %s\n", format);
	exit(1);
}

_Noreturn void assert_failed(const char *expression, const char *file, int line,
			     const char *function)
{
	printf("%s:%d: %s\n", file, line, expression);
	exit(1);
}

/* --- helpers --- */

static struct tty *tty;
static struct termios2 original;
static char got[8192];

static ssize_t read_some(size_t nbytes, bool nonblocking)
{
	struct uio uio = {.left = nbytes, .one.iov_base = got};
	ssize_t n;

	memset(got, 0, sizeof(got));
	interrupted = false;
	n = tty_read(tty, &uio, nonblocking);
	return n;
}

static bool reads(const char *want)
{
	ssize_t n = read_some(sizeof(got) - 1, true);

	return n == (ssize_t)strlen(want) && strcmp(got, want) == 0;
}

static bool shows(const char *want)
{
	bool same;

	screen[nscreen] = '\0';
	same = strcmp(screen, want) == 0;
	if (!same)
		printf("screen: \"%s\"\n", screen);
	nscreen = 0;
	return same;
}

static void set_modes(uint32_t lflag, uint8_t min, uint8_t time)
{
	struct termios2 t = original;

	t.c_lflag = lflag;
	t.c_cc[VMIN] = min;
	t.c_cc[VTIME] = time;
	CHECK(tty_ioctl(tty, TCSETS2, (vaddr_t)&t) == 0);
}

static void reset(void)
{
	CHECK(tty_ioctl(tty, TCSETS2, (vaddr_t)&original) == 0);
	CHECK(tty_ioctl(tty, TCFLSH, 0) == 0);
	tty->column = 0;
	nscreen = 0;
}

/* --- tests --- */

static void line_is_read_when_it_ends(void)
{
	reset();
	type("ab");
	CHECK(read_some(10, true) == -EAGAIN && shows("ab"));
	CHECK(tty_poll(tty, NULL) == POLLOUT);
	type("c\r");
	CHECK(tty_poll(tty, NULL) == (POLLIN | POLLOUT));
	CHECK(shows("c\r\n") && reads("abc\n"));
	type("one\ntwo\n");
	CHECK(reads("one\n") && reads("two\n"));
	CHECK(read_some(10, true) == -EAGAIN);
	/* A line is read in pieces by small reads. */
	type("12345\n");
	CHECK(read_some(3, true) == 3 && strcmp(got, "123") == 0);
	CHECK(reads("45\n"));
}

static void end_of_file(void)
{
	reset();
	type("\4");
	CHECK(read_some(10, true) == 0 && shows(""));
	type("ab\4");
	CHECK(reads("ab"));
	CHECK(read_some(10, true) == -EAGAIN);
	/* Right behind what fills the buffer it is not one more, empty, read.
	 */
	type("abc\4");
	CHECK(read_some(3, true) == 3);
	CHECK(read_some(3, true) == -EAGAIN);
	type("x\n\4y\n");
	CHECK(reads("x\n") && read_some(10, true) == 0 && reads("y\n"));
}

static void erasing(void)
{
	reset();
	type("abc\177\177x\n");
	CHECK(shows("abc\b \b\b \bx\r\n") && reads("ax\n"));
	type("\177\177\n");
	CHECK(shows("\r\n") && reads("\n"));
	type("a\001\177b\n"); /* ^A takes two columns */
	CHECK(shows("a^A\b \b\b \bb\r\n") && reads("ab\n"));
	type("a\t\177b\n"); /* a tab takes seven here */
	CHECK(nscreen == 1 + 1 + 7 * 3 + 1 + 2 && reads("ab\n"));
	nscreen = 0;
	type("\303\251\177b\n"); /* two bytes, one character */
	CHECK(shows("\303\251\b \bb\r\n") && reads("b\n"));
	type("one two  \027x\n");
	CHECK(reads("one x\n"));
	nscreen = 0;
	type("junk\025good\n");
	CHECK(shows("junk\b \b\b \b\b \b\b \bgood\r\n") && reads("good\n"));
}

/* A prompt stands before the line: only what was typed is rubbed out. */
static void erasing_after_a_prompt(void)
{
	struct uio uio = {.left = 5, .one.iov_base = (char *)"\n12> "};

	reset();
	CHECK(tty_write(tty, &uio, false) == 5 && shows("\r\n12> "));
	type("\t\177");
	CHECK(shows("\t\b \b\b \b\b \b\b \b"));
	CHECK(tty->column == 4);
}

static void signals(void)
{
	reset();
	caller_group = caller_session = 7;
	CHECK(tty_ioctl(tty, TIOCSCTTY, 0) == 0);
	type("abc\3");
	CHECK(signalled_group == 7 && signal_sent == SIGINT && shows("abc^C"));
	type("d\n");
	CHECK(reads("d\n")); /* abc went with the signal */
	type("\34");
	CHECK(signal_sent == SIGQUIT);
	type("\32");
	CHECK(signal_sent == SIGTSTP);
	nscreen = 0;
	signal_sent = 0;
	set_modes(original.c_lflag & ~ISIG, 1, 0);
	type("\3\n");
	CHECK(signal_sent == 0 && reads("\3\n"));
}

static void job_control(void)
{
	int group = 8;

	reset();
	CHECK(tty_ioctl(tty, TIOCGPGRP, (vaddr_t)&group) == 0 && group == 7);
	group = 8;
	CHECK(tty_ioctl(tty, TIOCSPGRP, (vaddr_t)&group) == 0);
	type("\3");
	CHECK(signalled_group == 8);
	CHECK(read_some(10, true) == -ERESTARTSYS && signal_sent == SIGTTIN &&
	      signalled_group == 7);
	CHECK(tty_ioctl(tty, TIOCSPGRP, (vaddr_t)&group) == -ERESTARTSYS &&
	      signal_sent == SIGTTOU);
	caller_group = 8;
	group = 1000;
	CHECK(tty_ioctl(tty, TIOCSPGRP, (vaddr_t)&group) == -ESRCH);
	CHECK(tty_ioctl(tty, TIOCSCTTY, 0) == 0);
	caller_session = 9;
	CHECK(tty_ioctl(tty, TIOCSCTTY, 0) == -EPERM);
	CHECK(tty_ioctl(tty, TIOCGPGRP, (vaddr_t)&group) == -ENOTTY);
	CHECK(!tty_controls_caller(tty));
	caller_session = caller_group = 7;
	tty_session_ended(7);
	CHECK(signalled_group == 8 && !tty_controls_caller(tty));
	signal_sent = 0;
	type("\3");
	CHECK(signal_sent == 0);
}

static void raw_reads(void)
{
	uint32_t raw = original.c_lflag & ~(ICANON | ECHO);

	reset();
	set_modes(raw, 1, 0);
	type("a\177\4");
	CHECK(shows("") && reads("a\177\4"));
	CHECK(read_some(10, true) == -EAGAIN);
	later = "x";
	CHECK(read_some(10, false) == 1 && got[0] == 'x');
	set_modes(raw, 3, 0); /* three bytes, or what was asked for */
	type("ab");
	later = "cd";
	CHECK(read_some(10, false) == 4);
	type("ab");
	CHECK(read_some(2, false) == 2);
	set_modes(raw, 0, 0); /* what there is */
	CHECK(read_some(10, false) == 0);
	set_modes(raw, 0, 5); /* half a second */
	clock_now = 0;
	CHECK(read_some(10, false) == 0 && clock_now == 500000000);
	later = "z";
	CHECK(read_some(10, false) == 1);
	set_modes(raw, 9, 2); /* a pause behind the first byte */
	clock_now = 1000;
	later = "ab";
	CHECK(read_some(10, false) == 2 && clock_now == 200001000);
}

static void waiting(void)
{
	reset();
	later = "typed later\n";
	CHECK(read_some(100, false) == 12);
	CHECK(read_some(100, false) == -ERESTARTSYS); /* nothing ever comes */
	CHECK(read_some(0, false) == 0);
}

static void mode_changes(void)
{
	reset();
	type("half");
	set_modes(original.c_lflag & ~ICANON, 1, 0);
	CHECK(reads("half"));
	type("raw");
	set_modes(original.c_lflag, 1, 0);
	CHECK(reads("raw"));
	CHECK(read_some(10, true) == -EAGAIN);
	type("x\4");
	set_modes(original.c_lflag & ~ICANON, 1, 0);
	CHECK(reads("x"));
}

/* More than fits: the line's end still gets in, and ends it. */
static void overflow(void)
{
	reset();
	for (int i = 0; i < 5000; i++)
		input('a');
	CHECK(nscreen == TTY_RING_SIZE - 1);
	type("\n");
	CHECK(read_some(sizeof(got), true) == TTY_RING_SIZE);
	CHECK(got[TTY_RING_SIZE - 1] == '\n');
	nscreen = 0;
	for (int i = 0; i < 5000; i++)
		input('\n');
	for (int i = 0; i < TTY_RING_SIZE; i++)
		CHECK(read_some(10, true) == 1);
	CHECK(read_some(10, true) == -EAGAIN);
}

static void ioctls(void)
{
	struct winsize size = {.ws_row = 50, .ws_col = 132}, seen = {0};
	struct termios old;
	int n;

	reset();
	caller_session = caller_group = 7;
	CHECK(tty_ioctl(tty, TIOCSCTTY, 0) == 0);
	CHECK(tty_ioctl(tty, TIOCSWINSZ, (vaddr_t)&size) == 0);
	CHECK(signal_sent == SIGWINCH);
	CHECK(tty_ioctl(tty, TIOCGWINSZ, (vaddr_t)&seen) == 0);
	CHECK(seen.ws_row == 50 && seen.ws_col == 132);
	CHECK(tty_ioctl(tty, TCGETS, (vaddr_t)&old) == 0);
	CHECK(old.c_lflag == original.c_lflag && old.c_cc[VEOF] == 4);
	type("12345\n67");
	CHECK(tty_ioctl(tty, FIONREAD, (vaddr_t)&n) == 0 && n == 6);
	CHECK(tty_ioctl(tty, TCSETSF, (vaddr_t)&old) == 0);
	CHECK(read_some(10, true) == -EAGAIN);
	CHECK(tty_ioctl(tty, TCFLSH, 3) == -EINVAL);
	CHECK(tty_ioctl(tty, 0x1234, 0) == -ENOTTY);
}

static void output_translation(void)
{
	struct uio uio = {.left = 4, .one.iov_base = (char *)"a\nb\n"};
	struct termios2 t = original;

	reset();
	CHECK(tty_write(tty, &uio, false) == 4 && shows("a\r\nb\r\n"));
	t.c_oflag = 0;
	CHECK(tty_ioctl(tty, TCSETS2, (vaddr_t)&t) == 0);
	uio = (struct uio){.left = 4, .one.iov_base = (char *)"a\nb\n"};
	CHECK(tty_write(tty, &uio, false) == 4 && shows("a\nb\n"));
}

int main(void)
{
	tty = tty_console();
	tty_init();
	original = tty->termios;
	line_is_read_when_it_ends();
	end_of_file();
	erasing();
	erasing_after_a_prompt();
	signals();
	job_control();
	raw_reads();
	waiting();
	mode_changes();
	overflow();
	ioctls();
	output_translation();
	printf("tty: %lu passed\n", passed);
	return 0;
}
