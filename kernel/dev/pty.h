/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_DEV_PTY_H
#define KERNEL_DEV_PTY_H

/*
 * pty.h - pseudo-terminals: a terminal (the slave, /dev/pts/N), and at its line
 * a program (the master, from /dev/ptmx) that types and reads the screen.
 *
 * Both live until they are closed for the last time.
 */

#include "kernel/dev/tty.h"

struct pty;

/* A fresh one, its slave still locked (TIOCSPTLCK).  -ENOMEM, -ENOSPC. */
int pty_new(struct pty **out);

/* As read(2) ... on the master; a read is -EIO when all slaves are closed. */
ssize_t pty_read(struct pty *p, struct uio *uio, bool nonblocking);
ssize_t pty_write(struct pty *p, struct uio *uio, bool nonblocking);
unsigned pty_poll(struct pty *p, struct waiter *waiter);
long pty_ioctl(struct pty *p, unsigned request, vaddr_t argument);

/* The line is cut: SIGHUP to the session's leader, and EIO on the slaves. */
void pty_close(struct pty *p);

/* The slave of that number, counted.  -EIO: it is locked, or hung up. */
int pty_open_slave(unsigned number, struct tty **out);
/* The caller's controlling terminal, the console or a slave, counted.  -ENXIO.
 */
int tty_open_own(struct tty **out);
/* One that was so opened, or the console. */
void tty_close(struct tty *tty);

unsigned pty_number(const struct pty *p);
/* The smallest number in use from @number on, or -1. */
int pty_next(unsigned number);

#endif
