// SPDX-License-Identifier: MIT
/*
 * pty.c - pseudo-terminals: terminals whose line is a program.
 *
 *	 terminal emulator, script, sshd          shell, editor
 *	        write |      ^ read                 |      ^
 *	              v      |                      v      |
 *	            master   |                    slave: struct tty
 *	              |      '------- ring <--- c_oflag, echo |
 *	              '-------------> c_iflag, line edited ---'
 *
 * The slave is a terminal like the console (tty.c).  What it prints, and
 * echoes, goes into a ring, from which the master reads; what the master
 * writes is typed.  A slave waits for room in the ring, and the master for
 * somebody to read what is typed.  (Only the echo is lost when the ring is
 * full.)
 *
 * When the master is closed the slave is hung up for good.  When all slaves
 * are closed a read of the master is EIO, until one is opened again.
 *
 * Signals of keys are noted while the terminal's lock is held, and sent after
 * it is released.
 *
 * Locks: ttys_lock for the list, counts and locked; tty.lock for the rest.
 * Tests: usertests.
 */

#include "kernel/dev/pty.h"

#include <asm/ioctls.h>
#include <linux/major.h>
#include <linux/poll.h>

#include "arch/riscv/usercopy.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "mm/slab.h"

enum { RING = 4096, CHUNK = 128, NUMBERS = 4096 };

struct pty {
	struct tty tty;       /* first: of it the list of terminals is made */
	unsigned number;      /* constant */
	bool locked;          /* no slave can be opened */
	bool master;          /* it is open */
	unsigned nslaves;     /* how many are */
	bool slaves_gone;     /* the last was closed */
	uint32_t head, tail;  /* bytes printed, and read, ever */
	uint64_t signals;     /* to be sent: bit by number */
	struct waitq readers; /* the master's, for head != tail */
	char ring[RING];
};

static struct pty *pty_of(const struct tty *tty)
{
	return container_of(tty, struct pty, tty);
}

/* --- the slave's line --- */

static size_t ring_room(const struct tty *tty)
{
	const struct pty *p = pty_of(tty);

	return RING - (p->head - p->tail);
}

static void ring_send(struct tty *tty, const char *bytes, size_t nbytes)
{
	struct pty *p = pty_of(tty);

	nbytes = min_u64(nbytes, ring_room(tty));
	for (size_t i = 0; i < nbytes; i++)
		p->ring[p->head++ % RING] = bytes[i];
	waitq_wake_all(&p->readers);
}

static void note_signal(struct tty *tty, int sig)
{
	pty_of(tty)->signals |= 1ul << sig;
}

static const struct tty_line pty_line = {
	.send = ring_send,
	.room = ring_room,
	.signal = note_signal,
};

/* --- the list --- */

/* The pty of the smallest number from @number on.  Locks: ttys_lock. */
static struct pty *find_locked(unsigned number)
{
	struct pty *found = NULL;

	list_for_each_entry (struct tty, tty, &ttys, link) {
		struct pty *p = pty_of(tty);

		if (tty->line_ops == &pty_line && p->number >= number &&
		    (!found || p->number < found->number))
			found = p;
	}
	return found;
}

int pty_next(unsigned number)
{
	struct pty *p;
	int next;

	spin_lock(&ttys_lock);
	p = find_locked(number);
	next = p ? (int)p->number : -1;
	spin_unlock(&ttys_lock);
	return next;
}

unsigned pty_number(const struct pty *p)
{
	return p->number;
}

int pty_new(struct pty **out)
{
	struct pty *p = kmalloc_zeroed(sizeof(*p)), *next;

	if (!p)
		return -ENOMEM;
	p->locked = p->master = true;
	waitq_init(&p->readers);
	spin_lock(&ttys_lock);
	while ((next = find_locked(p->number)) && next->number == p->number)
		p->number++;
	tty_setup(&p->tty, &pty_line,
		  UNIX98_PTY_SLAVE_MAJOR << 8 | (p->number & 0xff) |
			  (p->number & ~0xffu) << 12);
	if (p->number < NUMBERS)
		list_add_tail(&ttys, &p->tty.link);
	spin_unlock(&ttys_lock);
	if (p->number >= NUMBERS) {
		kfree(p);
		return -ENOSPC;
	}
	*out = p;
	return 0;
}

/* One more slave.  Locks: ttys_lock. */
static void open_locked(struct pty *p)
{
	unsigned long saved = spin_lock_irq(&p->tty.lock);

	p->nslaves++;
	p->slaves_gone = false;
	spin_unlock_irq(&p->tty.lock, saved);
}

int pty_open_slave(unsigned number, struct tty **out)
{
	struct pty *p;
	int err = 0;

	spin_lock(&ttys_lock);
	p = find_locked(number);
	if (!p || p->number != number)
		err = -ENXIO;
	else if (!p->master || p->locked)
		err = -EIO;
	else
		open_locked(p);
	spin_unlock(&ttys_lock);
	*out = err ? NULL : &p->tty;
	return err;
}

int tty_open_own(struct tty **out)
{
	spin_lock(&ttys_lock);
	*out = tty_find_locked(tty_caller_session());
	if (*out && (*out)->hung_up)
		*out = NULL;
	if (*out && (*out)->line_ops == &pty_line)
		open_locked(pty_of(*out));
	spin_unlock(&ttys_lock);
	return *out ? 0 : -ENXIO;
}

/* Free @p, if nobody has it any more; ttys_lock is released. */
static void free_unused(struct pty *p)
{
	bool unused = !p->master && p->nslaves == 0;

	if (unused)
		list_remove(&p->tty.link);
	spin_unlock(&ttys_lock);
	if (unused)
		kfree(p);
}

void tty_close(struct tty *tty)
{
	struct pty *p = pty_of(tty);
	unsigned long saved;

	if (tty->line_ops != &pty_line)
		return;
	spin_lock(&ttys_lock);
	saved = spin_lock_irq(&tty->lock);
	if (--p->nslaves == 0) {
		p->slaves_gone = true;
		waitq_wake_all(&p->readers);
	}
	spin_unlock_irq(&tty->lock, saved);
	free_unused(p);
}

void pty_close(struct pty *p)
{
	struct tty *tty = &p->tty;
	unsigned long saved;
	int session;

	spin_lock(&ttys_lock);
	session = tty->session;
	p->master = false;
	saved = spin_lock_irq(&tty->lock);
	tty->hung_up = true;
	waitq_wake_all(&tty->readable);
	waitq_wake_all(&tty->writable);
	spin_unlock_irq(&tty->lock, saved);
	free_unused(p);
	if (session)
		tty_signal_hang_up(session);
}

/* --- the master --- */

/* Up to a chunk, from the ring; waits for the first byte. */
static ssize_t take(struct pty *p, char *chunk, size_t max, bool nonblocking)
{
	struct tty *tty = &p->tty;
	unsigned long saved = spin_lock_irq(&tty->lock);
	size_t n = 0;
	int err = 0;

	while (!err && p->head == p->tail)
		err = p->slaves_gone ? -EIO
		      : nonblocking  ? -EAGAIN
				     : waitq_wait_interruptible(&p->readers,
								&tty->lock);
	for (; n < max && p->tail != p->head; n++)
		chunk[n] = p->ring[p->tail++ % RING];
	waitq_wake_all(&tty->writable);
	spin_unlock_irq(&tty->lock, saved);
	return n ? (ssize_t)n : err;
}

ssize_t pty_read(struct pty *p, struct uio *uio, bool nonblocking)
{
	char chunk[CHUNK];
	ssize_t done = 0;

	while (uio->left) {
		ssize_t n = take(p, chunk, min_u64(CHUNK, uio->left),
				 nonblocking || done);

		if (n < 0)
			return done ? done : n;
		if (uio_copy_to(uio, chunk, n) < (size_t)n)
			return done ? done : -EFAULT;
		done += n;
	}
	return done;
}

static void send_signals(struct pty *p)
{
	struct tty *tty = &p->tty;
	unsigned long saved = spin_lock_irq(&tty->lock);
	uint64_t signals = p->signals;
	int group = tty->group;

	p->signals = 0;
	spin_unlock_irq(&tty->lock, saved);
	for (int sig = 0; signals; sig++, signals >>= 1)
		if ((signals & 1) && group)
			tty_signal_group(group, sig);
}

/* Type @n bytes; how many before a signal came, or -EAGAIN. */
static ssize_t type(struct pty *p, const char *chunk, size_t n,
		    bool nonblocking)
{
	struct tty *tty = &p->tty;
	unsigned long saved = spin_lock_irq(&tty->lock);
	size_t done = 0;
	int err = 0;

	while (done < n && !err) {
		if (!tty_input_full(tty))
			tty_input_locked(tty, chunk[done++]);
		else if (nonblocking)
			err = -EAGAIN;
		else
			err = waitq_wait_interruptible(&tty->writable,
						       &tty->lock);
	}
	tty_flush_locked(tty);
	spin_unlock_irq(&tty->lock, saved);
	send_signals(p);
	return done ? (ssize_t)done : err;
}

ssize_t pty_write(struct pty *p, struct uio *uio, bool nonblocking)
{
	char chunk[CHUNK];
	ssize_t done = 0;

	while (uio->left) {
		size_t n = uio_copy_from(uio, chunk, min_u64(CHUNK, uio->left));
		ssize_t typed = n ? type(p, chunk, n, nonblocking) : -EFAULT;

		if (typed > 0)
			done += typed;
		if (typed < (ssize_t)n || typed <= 0)
			return done ? done : typed;
	}
	return done;
}

unsigned pty_poll(struct pty *p, struct waiter *waiter)
{
	struct tty *tty = &p->tty;
	unsigned long saved;
	unsigned events = 0;

	if (waiter) {
		waitq_enter(&p->readers, &waiter[0]);
		waitq_enter(&tty->writable, &waiter[1]);
	}
	saved = spin_lock_irq(&tty->lock);
	if (p->head != p->tail)
		events |= POLLIN | POLLRDNORM;
	if (p->slaves_gone)
		events |= POLLHUP;
	if (!tty_input_full(tty))
		events |= POLLOUT | POLLWRNORM;
	spin_unlock_irq(&tty->lock, saved);
	return events;
}

static long set_locked(struct pty *p, vaddr_t argument)
{
	int locked;

	if (user_read(&locked, argument, sizeof(locked)))
		return -EFAULT;
	p->locked = locked;
	return 0;
}

/* What is not the master's own is the terminal's. */
long pty_ioctl(struct pty *p, unsigned request, vaddr_t argument)
{
	int number;

	switch (request) {
	case TIOCSPTLCK:
		return set_locked(p, argument);
	case TIOCGPTLCK:
		number = p->locked;
		break;
	case TIOCGPTN:
		number = p->number;
		break;
	case TIOCGPGRP:
		number = p->tty.group;
		break;
	case TIOCGSID:
		number = p->tty.session;
		break;
	case FIONREAD:
		number = p->head - p->tail;
		break;
	case TIOCSCTTY:
	case TIOCNOTTY:
	case TIOCSPGRP:
		return -ENOTTY;
	default:
		return tty_ioctl(&p->tty, request, argument);
	}
	return user_write(argument, &number, sizeof(number));
}
