// SPDX-License-Identifier: MIT
/*
 * vport.c - one stream of bytes between host and guest: a virtio port's data.
 *
 * Each way has one page, which goes back and forth:
 *
 *      input    device --filled--> readers --all is read--> device
 *      output   a writer --full, or all there is--> device --taken--> next
 *
 * A read gives what is there.  End of file is the host's end closed and
 * nothing left, so bytes sent before the end are never lost to it.
 *
 * A write returns when the device has taken the bytes: then they have left the
 * machine.  A writer that a signal interrupts leaves its page to the device;
 * those bytes have been written, as far as it can tell.
 *
 * Locks: console->lock (RANK_CONSOLE_INPUT), taken in interrupts.  User memory
 * is touched without it: `reading' and `writing' keep others away meanwhile.
 */

#include "kernel/dev/vport.h"

#include <linux/poll.h>

#include "kernel/lib/errno.h"
#include "mm/page.h"

static void offer_input_locked(struct vport *port)
{
	struct virtq_piece piece = {virt_to_phys(port->in_page), PAGE_SIZE};

	port->in_start = port->in_end = 0;
	virtq_add(&port->in, &piece, 0, 1, port);
	virtq_notify(&port->in);
}

void vport_collect_locked(struct vport *port)
{
	uint32_t nbytes;

	if (virtq_take(&port->in, &nbytes)) {
		port->in_end = min_u64(nbytes, PAGE_SIZE);
		if (!port->in_end)
			offer_input_locked(port);
		waitq_wake_all(&port->readable);
	}
	if (virtq_take(&port->out, &nbytes)) {
		port->writing = false;
		port->nwritten++;
		waitq_wake_all(&port->writable);
	}
}

/* Wait for something to read, and for our turn: 0; 1: the end of the file. */
static int claim_input_locked(struct vport *port, bool nonblocking)
{
	int err = 0;

	for (;;) {
		vport_collect_locked(port);
		if (!port->reading && port->in_start < port->in_end)
			return 0;
		if (!port->reading && !port->host_open)
			return 1;
		if (nonblocking)
			return -EAGAIN;
		if (err)
			return err;
		err = waitq_wait_interruptible(&port->readable,
					       &port->console->lock);
	}
}

ssize_t vport_read(struct vport *port, struct uio *uio, bool nonblocking)
{
	struct virtio_console *c = port->console;
	unsigned long saved;
	size_t n;
	int err;

	if (!uio->left)
		return 0;
	saved = spin_lock_irq(&c->lock);
	err = claim_input_locked(port, nonblocking);
	port->reading |= !err;
	spin_unlock_irq(&c->lock, saved);
	if (err)
		return err < 0 ? err : 0;
	n = uio_copy_to(uio, port->in_page + port->in_start,
			port->in_end - port->in_start);
	saved = spin_lock_irq(&c->lock);
	port->reading = false;
	port->in_start += n;
	if (port->in_start == port->in_end)
		offer_input_locked(port);
	waitq_wake_all(&port->readable);
	spin_unlock_irq(&c->lock, saved);
	return n ? (ssize_t)n : -EFAULT;
}

/* Wait until the host's end is open, and for our turn. */
static int claim_output_locked(struct vport *port)
{
	int err = 0;

	while (!err && (port->writing || !port->host_open))
		err = waitq_wait_interruptible(&port->writable,
					       &port->console->lock);
	port->writing |= !err;
	return err;
}

/* Hand the page to the device, and wait until it has taken it. */
static void send_page_locked(struct vport *port, uint32_t nbytes)
{
	struct virtq_piece piece = {virt_to_phys(port->out_page), nbytes};
	uint32_t before = port->nwritten;

	virtq_add(&port->out, &piece, 1, 0, port);
	virtq_notify(&port->out);
	vport_collect_locked(port);
	while (port->nwritten == before &&
	       waitq_wait_interruptible(&port->writable,
					&port->console->lock) == 0)
		;
}

static ssize_t write_page(struct vport *port, struct uio *uio)
{
	struct virtio_console *c = port->console;
	unsigned long saved = spin_lock_irq(&c->lock);
	int err = claim_output_locked(port);
	size_t n;

	spin_unlock_irq(&c->lock, saved);
	if (err)
		return err;
	n = uio_copy_from(uio, port->out_page, min_u64(uio->left, PAGE_SIZE));
	saved = spin_lock_irq(&c->lock);
	if (n) {
		send_page_locked(port, n);
	} else {
		port->writing = false;
		waitq_wake_all(&port->writable);
	}
	spin_unlock_irq(&c->lock, saved);
	return n ? (ssize_t)n : -EFAULT;
}

ssize_t vport_write(struct vport *port, struct uio *uio)
{
	ssize_t done = 0, n = 0;

	while (uio->left && n >= 0) {
		n = write_page(port, uio);
		done += n > 0 ? n : 0;
	}
	return done ? done : n;
}

unsigned vport_poll(struct vport *port, struct waiter *waiter)
{
	unsigned long saved;
	unsigned events = 0;

	if (waiter) {
		waitq_enter(&port->readable, &waiter[0]);
		waitq_enter(&port->writable, &waiter[1]);
	}
	saved = spin_lock_irq(&port->console->lock);
	vport_collect_locked(port);
	if (port->in_start < port->in_end || !port->host_open)
		events |= POLLIN;
	if (!port->host_open)
		events |= POLLHUP;
	else if (!port->writing)
		events |= POLLOUT;
	spin_unlock_irq(&port->console->lock, saved);
	return events;
}

static int alloc_pages(struct vport *port)
{
	struct page *in = page_alloc(), *out = page_alloc();

	if (!in || !out) {
		if (in)
			page_put(in);
		if (out)
			page_put(out);
		return -ENOMEM;
	}
	port->in_page = page_address(in);
	port->out_page = page_address(out);
	return 0;
}

int vport_open(struct vport *port)
{
	struct virtio_console *c = port->console;
	unsigned long saved = spin_lock_irq(&c->lock);
	bool busy = port->open, first = !port->in_page;
	int err = 0;

	port->open = true;
	spin_unlock_irq(&c->lock, saved);
	if (busy)
		return -EBUSY;
	/* The first time: pages, which then stay.  We are alone with it. */
	if (first)
		err = alloc_pages(port);
	saved = spin_lock_irq(&c->lock);
	port->open = !err;
	if (first && !err)
		offer_input_locked(port);
	if (!err)
		vport_control_locked(c, port->id, VIRTIO_CONSOLE_PORT_OPEN, 1);
	spin_unlock_irq(&c->lock, saved);
	return err;
}

/* What nobody has read is lost, as on Linux. */
void vport_close(struct vport *port)
{
	struct virtio_console *c = port->console;
	unsigned long saved = spin_lock_irq(&c->lock);

	vport_control_locked(c, port->id, VIRTIO_CONSOLE_PORT_OPEN, 0);
	vport_collect_locked(port);
	if (port->in_end)
		offer_input_locked(port);
	port->open = false;
	spin_unlock_irq(&c->lock, saved);
}
