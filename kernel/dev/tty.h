/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_DEV_TTY_H
#define KERNEL_DEV_TTY_H

/*
 * tty.h - the console terminal: Linux's line discipline (termios) between the
 * UART and whoever reads and writes /dev/console and /dev/tty.
 */

#include <asm/termios.h>

#include "kernel/sync/waitq.h"
#include "mm/uio.h"

enum { TTY_RING_SIZE = 4096, TTY_OUT_SIZE = 64 };

/*
 * One terminal.  All guarded by lock, which is taken in interrupts.
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
	struct termios2 termios;
	struct winsize winsize;
	int session, group;           /* whose it is; 0: nobody's */
	uint16_t ring[TTY_RING_SIZE]; /* a byte, and TTY_LINE_END or _EOF */
	uint32_t tail, line, head;
	uint64_t last_input;    /* when the last byte came */
	unsigned column;        /* where the cursor is */
	unsigned line_column;   /* where it was when the line was begun */
	char out[TTY_OUT_SIZE]; /* on its way to the UART */
	unsigned nout;
	struct waitq readable;
};

/* The one on the UART; always there once tty_init() has run. */
struct tty *tty_console(void);
void tty_init(void);

ssize_t tty_read(struct tty *tty, struct uio *uio, bool nonblocking);
ssize_t tty_write(struct tty *tty, struct uio *uio);
/* TCGETS, TCSETS*, TIOCGWINSZ, TIOCSWINSZ, TIOCGPGRP, TIOCSPGRP, TIOCSCTTY,
 * FIONREAD, TCFLSH ...; -ENOTTY for others. */
long tty_ioctl(struct tty *tty, unsigned request, vaddr_t argument);
/* POLLIN, POLLOUT now; stands in the queue if @waiter. */
unsigned tty_poll(struct tty *tty, struct waiter *waiter);

/* Is it the caller's controlling terminal?  (Else /dev/tty is ENXIO.) */
bool tty_controls_caller(struct tty *tty);

/* The session's leader is gone: hang up, and belong to nobody. */
void tty_session_ended(int session);

/* A byte has come in on the line (tty_input.c).  Any context. */
void tty_input(struct tty *tty, uint8_t byte);

/* The caller is about to read (SIGTTIN), or to change, the terminal (SIGTTOU):
 * 0, or a negative errno if its group is not in the foreground. */
int tty_check_foreground(struct tty *tty, int sig);

/* --- tty_input.c and tty.c share: --- */

enum { TTY_LINE_END = 0x100, TTY_EOF = 0x200 };

/* Print a byte, as c_oflag says; and send what is printed to the line. */
void tty_put_locked(struct tty *tty, uint8_t byte);
void tty_flush_locked(struct tty *tty);

static inline bool tty_canonical(const struct tty *tty)
{
	return tty->termios.c_lflag & ICANON;
}

/* --- kernel/task/ provides: --- */

/* ^C, ^\, ^Z: @sig to every process of the foreground group. */
void tty_signal_group(int pgrp, int sig);
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
