// SPDX-License-Identifier: MIT
/*
 * tty.c - reading, writing and controlling the terminal.
 *
 * A reader in canonical mode gets at most one line; the end-of-file character
 * ends a line without being part of it, so that on an empty line it is a read
 * of no bytes.  In raw mode VMIN and VTIME say what a read waits for:
 *
 *      MIN > 0, TIME = 0   MIN bytes
 *      MIN > 0, TIME > 0   MIN bytes, or a pause of TIME after the last one
 *      MIN = 0, TIME > 0   one byte, or TIME
 *      MIN = 0, TIME = 0   nothing
 *
 * Who is not in the foreground (tty_session.c) is stopped when he reads.
 *
 * Locks: tty->lock (RANK_CONSOLE_INPUT); user memory is touched without it, by
 * way of a small buffer.  Tests: tests/host/tty_test.c.
 */

#include "kernel/dev/tty.h"

#include <asm/ioctls.h>
#include <asm/signal.h>
#include <linux/poll.h>

#include "arch/riscv/time.h"
#include "arch/riscv/usercopy.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"

enum { CHUNK = 128, TENTH_OF_SECOND = 100000000 };

/* As Linux sets a terminal up, but for IXON, which is not there. */
static const struct termios2 usual = {
	.c_iflag = ICRNL | IUTF8,
	.c_oflag = OPOST | ONLCR,
	.c_cflag = B38400 | CS8 | CREAD | HUPCL,
	.c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE |
		   IEXTEN,
	.c_cc =
		{
			[VINTR] = 'C' - '@',
			[VQUIT] = '\\' - '@',
			[VERASE] = 0x7f,
			[VKILL] = 'U' - '@',
			[VEOF] = 'D' - '@',
			[VMIN] = 1,
			[VSUSP] = 'Z' - '@',
			[VWERASE] = 'W' - '@',
		},
	.c_ispeed = 38400,
	.c_ospeed = 38400,
};

void tty_setup(struct tty *tty, const struct tty_line *line_ops, uint32_t rdev)
{
	spin_init(&tty->lock, "tty", RANK_CONSOLE_INPUT);
	waitq_init(&tty->readable);
	waitq_init(&tty->writable);
	tty->termios = usual;
	tty->line_ops = line_ops;
	tty->rdev = rdev;
}

/* --- the console --- */

static struct tty console;

struct tty *tty_console(void)
{
	return &console;
}

static void console_send(struct tty *tty, const char *bytes, size_t nbytes)
{
	uart_write(bytes, nbytes);
}

static size_t console_room(const struct tty *tty)
{
	return SIZE_MAX; /* it waits for the UART */
}

static void console_signal(struct tty *tty, int sig)
{
	tty_signal_group_soon(tty->group, sig);
}

static const struct tty_line console_line = {
	.send = console_send,
	.room = console_room,
	.signal = console_signal,
};

static void console_input(char byte)
{
	tty_input(&console, byte);
}

void tty_init(void)
{
	tty_setup(&console, &console_line, CONSOLE_RDEV);
	list_add(&ttys, &console.link);
	uart_start(console_input);
}

/* --- output --- */

void tty_flush_locked(struct tty *tty)
{
	tty->line_ops->send(tty, tty->out, tty->nout);
	tty->nout = 0;
}

static void send_locked(struct tty *tty, char c)
{
	if (tty->nout == TTY_OUT_SIZE)
		tty_flush_locked(tty);
	tty->out[tty->nout++] = c;
}

static void move_cursor(struct tty *tty, uint8_t c)
{
	if (c == '\r')
		tty->column = 0;
	else if (c == '\b')
		tty->column -= tty->column > 0;
	else if (c == '\t')
		tty->column = (tty->column | 7) + 1;
	else if (c >= ' ' && c != 0x7f &&
		 !((tty->termios.c_iflag & IUTF8) && (c & 0xc0) == 0x80))
		tty->column++;
}

void tty_put_locked(struct tty *tty, uint8_t c)
{
	if (c == '\n' && (tty->termios.c_oflag & OPOST) &&
	    (tty->termios.c_oflag & ONLCR)) {
		move_cursor(tty, '\r');
		send_locked(tty, '\r');
	}
	move_cursor(tty, c);
	send_locked(tty, c);
}

/* Until when a raw read waits: see above. */
static uint64_t raw_deadline(const struct tty *tty, uint64_t start)
{
	uint64_t pause = (uint64_t)tty->termios.c_cc[VTIME] * TENTH_OF_SECOND;

	if (!pause)
		return UINT64_MAX;
	if (!tty->termios.c_cc[VMIN])
		return start + pause;
	return tty->tail == tty->head ? UINT64_MAX : tty->last_input + pause;
}

/* Is there enough for a read of @want bytes to return? */
static bool satisfied(const struct tty *tty, size_t want)
{
	uint8_t min = tty->termios.c_cc[VMIN];
	uint32_t have = tty->head - tty->tail;

	if (tty_canonical(tty))
		return tty->tail != tty->line;
	if (!min)
		return have || !tty->termios.c_cc[VTIME];
	return have >= min_u64(min, want);
}

static int wait_input_locked(struct tty *tty, size_t want, bool nonblocking)
{
	uint64_t start = time_now(), deadline;
	bool was_hung_up = tty->hung_up;
	int err = 0;

	while (!tty->hung_up && !satisfied(tty, want)) {
		bool some = !tty_canonical(tty) && tty->tail != tty->head;

		if (nonblocking || (err && err != -ETIMEDOUT))
			return some ? 0 : nonblocking ? -EAGAIN : err;
		if (err == -ETIMEDOUT)
			return 0;
		deadline = tty_canonical(tty) ? UINT64_MAX
					      : raw_deadline(tty, start);
		err = waitq_wait_until(&tty->readable, &tty->lock, deadline);
	}
	return tty->hung_up && !was_hung_up ? -EIO : 0;
}

/* Move up to @max bytes to @out.  *ended: this read gets no more. */
static size_t take_locked(struct tty *tty, char *out, size_t max, bool *ended)
{
	size_t n = 0;

	*ended = false;
	while (tty->tail != tty->line && !*ended) {
		uint16_t entry = tty->ring[tty->tail % TTY_RING_SIZE];

		/* An end of file right behind a full buffer belongs to what
		 * was read. */
		if (n == max && !(entry & TTY_EOF))
			return n;
		tty->tail++;
		if (!(entry & TTY_EOF))
			out[n++] = entry;
		*ended = (entry & TTY_LINE_END) && tty_canonical(tty);
	}
	*ended = true;
	return n;
}

ssize_t tty_read(struct tty *tty, struct uio *uio, bool nonblocking)
{
	char chunk[CHUNK];
	unsigned long saved;
	bool ended = false;
	ssize_t done = 0;
	int err = tty_check_foreground(tty, SIGTTIN);

	if (err || !uio->left)
		return err;
	saved = spin_lock_irq(&tty->lock);
	err = wait_input_locked(tty, uio->left, nonblocking);
	while (!err && !ended && uio->left) {
		size_t n = take_locked(tty, chunk, min_u64(CHUNK, uio->left),
				       &ended);
		size_t copied;

		waitq_wake_all(&tty->writable);
		spin_unlock_irq(&tty->lock, saved);
		copied = uio_copy_to(uio, chunk, n);
		done += copied;
		if (copied < n)
			return done ? done : -EFAULT;
		saved = spin_lock_irq(&tty->lock);
	}
	spin_unlock_irq(&tty->lock, saved);
	return err ? err : done;
}

/* Room for a whole chunk, each byte of which may become two. */
static bool has_room(const struct tty *tty)
{
	return tty->line_ops->room(tty) >= 2 * CHUNK;
}

static int wait_room_locked(struct tty *tty, bool nonblocking)
{
	int err = 0;

	while (!err && !tty->hung_up && !has_room(tty))
		err = nonblocking ? -EAGAIN
				  : waitq_wait_interruptible(&tty->writable,
							     &tty->lock);
	return tty->hung_up ? -EIO : err;
}

ssize_t tty_write(struct tty *tty, struct uio *uio, bool nonblocking)
{
	char chunk[CHUNK];
	ssize_t done = 0;
	int err = 0;

	if (tty->termios.c_lflag & TOSTOP)
		err = tty_check_foreground(tty, SIGTTOU);
	while (!err && uio->left) {
		size_t n = uio_copy_from(uio, chunk, min_u64(CHUNK, uio->left));
		unsigned long saved;

		if (!n)
			return done ? done : -EFAULT;
		saved = spin_lock_irq(&tty->lock);
		err = wait_room_locked(tty, nonblocking);
		for (size_t i = 0; i < n && !err; i++)
			tty_put_locked(tty, chunk[i]);
		tty_flush_locked(tty);
		spin_unlock_irq(&tty->lock, saved);
		if (!err)
			done += n;
	}
	return done ? done : err;
}

unsigned tty_poll(struct tty *tty, struct waiter *waiter)
{
	unsigned long saved;
	unsigned events = 0;

	if (waiter) {
		waitq_enter(&tty->readable, &waiter[0]);
		waitq_enter(&tty->writable, &waiter[1]);
	}
	saved = spin_lock_irq(&tty->lock);
	if (tty->hung_up)
		events |= POLLIN | POLLOUT | POLLERR | POLLHUP;
	if (tty->tail != tty->line)
		events |= POLLIN;
	if (has_room(tty))
		events |= POLLOUT;
	spin_unlock_irq(&tty->lock, saved);
	return events;
}

/* Input typed in one mode and read in the other. */
static void mode_changed_locked(struct tty *tty)
{
	if (tty_canonical(tty) && tty->head != tty->tail)
		tty->ring[(tty->head - 1) % TTY_RING_SIZE] |= TTY_LINE_END;
	tty->line = tty->head;
	waitq_wake_all(&tty->readable);
}

static long set_termios(struct tty *tty, vaddr_t argument, size_t nbytes,
			bool flush_input)
{
	struct termios2 new = tty->termios;
	unsigned long saved;
	bool changed;
	int err = tty_check_foreground(tty, SIGTTOU);

	if (err)
		return err;
	/* struct termios is how struct termios2 begins. */
	if (user_read(&new, argument, nbytes))
		return -EFAULT;
	saved = spin_lock_irq(&tty->lock);
	if (flush_input)
		tty->tail = tty->line = tty->head;
	changed = (new.c_lflag ^ tty->termios.c_lflag) & ICANON;
	tty->termios = new;
	if (changed)
		mode_changed_locked(tty);
	spin_unlock_irq(&tty->lock, saved);
	return 0;
}

/* TCFLSH: input (0), output (1: it is on the line at once), or both (2). */
static long flush_queues(struct tty *tty, vaddr_t which)
{
	unsigned long saved;

	if (which > TCIOFLUSH)
		return -EINVAL;
	saved = spin_lock_irq(&tty->lock);
	if (which != TCOFLUSH)
		tty->tail = tty->line = tty->head;
	waitq_wake_all(&tty->writable);
	spin_unlock_irq(&tty->lock, saved);
	return 0;
}

static long set_winsize(struct tty *tty, vaddr_t argument)
{
	struct winsize new;
	bool changed;

	if (user_read(&new, argument, sizeof(new)))
		return -EFAULT;
	changed = memcmp(&new, &tty->winsize, sizeof(new)) != 0;
	tty->winsize = new;
	if (changed && tty->group)
		tty_signal_group(tty->group, SIGWINCH);
	return 0;
}

static long copy_out(vaddr_t argument, const void *from, size_t nbytes)
{
	return user_write(argument, from, nbytes);
}

static long get_number(struct tty *tty, unsigned request, vaddr_t argument)
{
	int number = 0;

	if (request == TIOCGPGRP || request == TIOCGSID) {
		if (!tty_controls_caller(tty))
			return -ENOTTY;
		number = request == TIOCGPGRP ? tty->group : tty->session;
	} else if (request == FIONREAD) {
		number = tty->line - tty->tail;
	}
	return copy_out(argument, &number, sizeof(number));
}

long tty_ioctl(struct tty *tty, unsigned request, vaddr_t argument)
{
	if (tty->hung_up)
		return -EIO;
	switch (request) {
	case TCGETS:
		return copy_out(argument, &tty->termios,
				sizeof(struct termios));
	case TCGETS2:
		return copy_out(argument, &tty->termios, sizeof(tty->termios));
	case TCSETS:
	case TCSETSW:
	case TCSETSF:
		return set_termios(tty, argument, sizeof(struct termios),
				   request == TCSETSF);
	case TCSETS2:
	case TCSETSW2:
	case TCSETSF2:
		return set_termios(tty, argument, sizeof(struct termios2),
				   request == TCSETSF2);
	case TIOCGWINSZ:
		return copy_out(argument, &tty->winsize, sizeof(tty->winsize));
	case TIOCSWINSZ:
		return set_winsize(tty, argument);
	case TIOCSCTTY:
		return tty_set_controlling(tty);
	case TIOCNOTTY:
		return tty_give_up_controlling(tty);
	case TIOCSPGRP:
		return tty_set_group(tty, argument);
	case TIOCGPGRP:
	case TIOCGSID:
	case FIONREAD:
	case TIOCOUTQ:
		return get_number(tty, request, argument);
	case TCSBRK: /* drain: output is on the line at once */
	case TCSBRKP:
		return 0;
	case TCFLSH:
		return flush_queues(tty, argument);
	}
	return -ENOTTY;
}
