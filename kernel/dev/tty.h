/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_DEV_TTY_H
#define KERNEL_DEV_TTY_H

/*
 * tty.h - terminals: Linux's line discipline (termios) between a line, which is
 * the UART or the master of a pseudo-terminal (pty.h), and whoever reads and
 * writes /dev/console, /dev/tty and /dev/pts/N.
 */

#include <asm/termios.h>

#include "kernel/sync/waitq.h"
#include "mm/uio.h"

enum { TTY_RING_SIZE = 4096, TTY_OUT_SIZE = 64, CONSOLE_RDEV = 5 << 8 | 1 };

struct tty;

/* What the line behind a terminal does.  Locks: tty->lock. */
struct tty_line {
	/* Take @nbytes; what there is no room for is lost. */
	void (*send)(struct tty *tty, const char *bytes, size_t nbytes);
	/* How many it can take. */
	size_t (*room)(const struct tty *tty);
	/* A key was one that sends @sig to the foreground group. */
	void (*signal)(struct tty *tty, int sig);
};

/*
 * One terminal.  All guarded by lock, which is taken in interrupts; but link
 * by ttys_lock.
 *
 * The ring holds input; positions count for ever (the place is the remainder):
 *
 *	tail            line             head
 *	| to be read    | being edited   |
 *
 * Invariants: tail <= line <= head <= tail + TTY_RING_SIZE; in canonical mode
 * [tail, line) is whole lines; in raw mode line == head.
 */
struct tty {
	struct spinlock lock;
	struct list link; /* in the list of all */
	const struct tty_line *line_ops;
	uint32_t rdev; /* its device's number */
	bool hung_up;  /* the line is gone for good */
	struct termios2 termios;
	struct winsize winsize;
	int session, group;           /* whose it is; 0: nobody's */
	uint16_t ring[TTY_RING_SIZE]; /* a byte, and TTY_LINE_END or _EOF */
	uint32_t tail, line, head;
	uint64_t last_input;    /* when the last byte came */
	unsigned column;        /* where the cursor is */
	unsigned line_column;   /* where it was when the line was begun */
	char out[TTY_OUT_SIZE]; /* on its way to the line */
	unsigned nout;
	struct waitq readable;
	struct waitq writable; /* for room in the line, or in the ring */
};

/* The one on the UART; always there once tty_init() has run. */
struct tty *tty_console(void);
void tty_init(void);

ssize_t tty_read(struct tty *tty, struct uio *uio, bool nonblocking);
ssize_t tty_write(struct tty *tty, struct uio *uio, bool nonblocking);
/* TCGETS, TCSETS*, TIOCGWINSZ, TIOCSWINSZ, TIOCGPGRP, TIOCSPGRP, TIOCSCTTY,
 * FIONREAD, TCFLSH ...; -ENOTTY for others. */
long tty_ioctl(struct tty *tty, unsigned request, vaddr_t argument);
/* POLLIN, POLLOUT now; stands in the queue if @waiter. */
unsigned tty_poll(struct tty *tty, struct waiter *waiter);

/* Is it the caller's controlling terminal? */
bool tty_controls_caller(struct tty *tty);

/* TIOCSCTTY, or it was opened without O_NOCTTY: the caller's controlling
 * terminal from now on, if he leads a session that has none, and it is
 * nobody's.  -EPERM. */
long tty_set_controlling(struct tty *tty);

/* The session's leader is gone: hang up, and belong to nobody. */
void tty_session_ended(int session);

/* Which terminal controls that session, and its foreground group; 0: none. */
uint32_t tty_of_session(int session, int *group);

/* A byte has come in on the line (tty_input.c).  Any context. */
void tty_input(struct tty *tty, uint8_t byte);

/* The caller is about to read (SIGTTIN), or to change, the terminal (SIGTTOU):
 * 0, or a negative errno if its group is not in the foreground. */
int tty_check_foreground(struct tty *tty, int sig);

/* --- pty.c, tty_input.c, tty_session.c and tty.c share: --- */

/* TIOCNOTTY, TIOCSPGRP. */
long tty_give_up_controlling(struct tty *tty);
long tty_set_group(struct tty *tty, vaddr_t argument);
/* The terminal that controls a session, or NULL.  Locks: ttys_lock. */
struct tty *tty_find_locked(int session);

/* The list of all terminals, and who has them open. */
extern struct spinlock ttys_lock;
extern struct list ttys;

/* As Linux sets a terminal up; the rest is zero. */
void tty_setup(struct tty *tty, const struct tty_line *line_ops, uint32_t rdev);

/* The same as tty_input(), with the lock held; the echo is not sent yet. */
void tty_input_locked(struct tty *tty, uint8_t byte);

/* Another byte of input would be lost, and somebody may still read some. */
static inline bool tty_input_full(const struct tty *tty)
{
	return tty->head - tty->tail >= TTY_RING_SIZE - 1 &&
	       tty->line != tty->tail;
}

enum { TTY_LINE_END = 0x100, TTY_EOF = 0x200 };

/* Print a byte, as c_oflag says; and send what is printed to the line. */
void tty_put_locked(struct tty *tty, uint8_t byte);
void tty_flush_locked(struct tty *tty);

static inline bool tty_canonical(const struct tty *tty)
{
	return tty->termios.c_lflag & ICANON;
}

/* --- kernel/task/ provides: --- */

/* @sig to every process of a group: at once, with no lock held; or soon, from
 * any context (^C, ^\, ^Z). */
void tty_signal_group(int pgrp, int sig);
void tty_signal_group_soon(int pgrp, int sig);
/* The line is gone: SIGHUP to the session's leader.  (When that ends, the group
 * in the foreground gets it.) */
void tty_signal_hang_up(int session);
/* SIGTTIN, SIGTTOU to the caller's group, at once.  False: it blocks or ignores
 * that, or nobody could let it go on. */
bool tty_stop_caller(int sig);
/* The caller's process group and session, for job control. */
int tty_caller_group(void);
int tty_caller_session(void);
/* The session that a process group belongs to; 0: there is no such group. */
int tty_group_session(int pgrp);

/* The UART's driver (uart.c). */
void uart_write(const char *bytes, size_t nbytes); /* may be the log's sink */
void uart_start(void (*input)(char byte));

#endif
