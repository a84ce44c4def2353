/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_DEV_TTY_H
#define KERNEL_DEV_TTY_H

/*
 * tty.h - the console terminal: Linux's line discipline (termios) between the
 * UART and whoever reads and writes /dev/console and /dev/tty.
 */

#include <asm/termbits.h>

#include "kernel/sync/waitq.h"
#include "mm/uio.h"

struct tty;

/* The one on the UART; always there once tty_init() has run. */
struct tty *tty_console(void);
void tty_init(void);

ssize_t tty_read(struct tty *tty, struct uio *uio, bool nonblocking);
ssize_t tty_write(struct tty *tty, struct uio *uio);
/* TCGETS, TCSETS*, TIOCGWINSZ, TIOCSWINSZ, TIOCGPGRP, TIOCSPGRP, TIOCSCTTY,
 * FIONREAD, TCFLSH ...; -ENOTTY for others. */
long tty_ioctl(struct tty *tty, unsigned request, vaddr_t argument);
/* EPOLLIN, EPOLLOUT now; stands in the queues if @waiter (two of them). */
unsigned tty_poll(struct tty *tty, struct waiter *waiter);

/* --- kernel/task/ provides: --- */

/* ^C, ^\, ^Z: @sig to every process of the foreground group. */
void tty_signal_group(int pgrp, int sig);
/* The caller's process group and session, for job control. */
int tty_caller_group(void);
int tty_caller_session(void);

/* The UART's driver (uart.c). */
void uart_write(const char *bytes, size_t nbytes); /* may be the log's sink */
void uart_start(void (*input)(char byte));

#endif
