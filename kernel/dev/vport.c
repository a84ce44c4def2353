// SPDX-License-Identifier: MIT
/*
 * vport.c - one stream of bytes between host and guest: a virtio port's data.
 *
 * Input: an open port has offered some pages to the device; a reader takes
 * them as they come back filled, and offers each again when it is read.
 *
 *      offered --device--> used ring --collect--> filled --read--> offered
 *
 * End of file is the host's end closed and nothing left on that way, so bytes
 * sent before the end are never lost to it.
 *
 * Output: a writer copies its bytes to one of the port's pages, hands that
 * over, and waits until the device has taken it: when write(2) returns the
 * bytes have left the machine.  A writer that a signal interrupts leaves its
 * pages to the device; they have been written, as far as it can tell.
 *
 * Locks: console->lock (RANK_CONSOLE_INPUT), taken in interrupts.  User memory
 * is touched without it: a page being copied belongs to whoever copies it.
 * Book: chapter 10.
 */

#include "kernel/dev/vport.h"

#include <linux/poll.h>

#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "mm/page.h"

static void offer_locked(struct vport *port, struct vport_page *page)
{
	struct virtq_piece piece = {virt_to_phys(page->data), PAGE_SIZE};

	virtq_add(&port->in, &piece, 0, 1, page);
	virtq_notify(&port->in);
}

/* Move what the device has filled to the queue of filled pages. */
static void collect_input_locked(struct vport *port)
{
	struct vport_page *page;
	uint32_t nbytes;

	while ((page = virtq_take(&port->in, &nbytes))) {
		page->start = 0;
		page->end = min_u64(nbytes, PAGE_SIZE);
		if (page->end)
			list_add_tail(&port->filled, &page->link);
		else
			offer_locked(port, page);
	}
}

static void collect_output_locked(struct vport *port)
{
	struct vport_page *page;
	uint32_t nbytes;
	bool any = false;

	while ((page = virtq_take(&port->out, &nbytes))) {
		page->busy = false;
		if (page->writer)
			page->writer->nflying--;
		page->writer = NULL;
		any = true;
	}
	if (any)
		waitq_wake_all(&port->writable);
}

/* Wait for a filled page, and take it.  0; 1 at the end of the file. */
static int take_input_locked(struct vport *port, bool nonblocking,
			     struct vport_page **out)
{
	for (;;) {
		int err;

		collect_input_locked(port);
		if (!list_empty(&port->filled)) {
			*out = list_entry(list_pop(&port->filled),
					  struct vport_page, link);
			return 0;
		}
		if (!port->host_open)
			return 1;
		if (nonblocking)
			return -EAGAIN;
		err = waitq_wait_interruptible(&port->readable,
					       &port->console->lock);
		if (err)
			return err;
	}
}

ssize_t vport_read(struct vport *port, struct uio *uio, bool nonblocking)
{
	struct virtio_console *c = port->console;
	struct vport_page *page;
	unsigned long saved;
	size_t n;
	int err;

	if (!uio->left)
		return 0;
	saved = spin_lock_irq(&c->lock);
	err = take_input_locked(port, nonblocking, &page);
	spin_unlock_irq(&c->lock, saved);
	if (err)
		return err < 0 ? err : 0;
	n = uio_copy_to(uio, page->data + page->start, page->end - page->start);
	saved = spin_lock_irq(&c->lock);
	page->start += n;
	if (page->start == page->end) {
		offer_locked(port, page);
	} else {
		list_add(&port->filled, &page->link);
		waitq_wake_one(&port->readable);
	}
	spin_unlock_irq(&c->lock, saved);
	return n ? (ssize_t)n : -EFAULT;
}

/* Wait until the host's end is open and a page is free, and claim that. */
static int claim_output_locked(struct vport *port, struct vport_page **out)
{
	for (;;) {
		int err;

		for (int i = 0; port->host_open && i < VPORT_BUFFERS; i++) {
			*out = &port->out_page[i];
			if (!(*out)->busy) {
				(*out)->busy = true;
				return 0;
			}
		}
		err = waitq_wait_interruptible(&port->writable,
					       &port->console->lock);
		if (err)
			return err;
	}
}

/* Send one page's worth.  Bytes sent, or a negative errno. */
static ssize_t write_page(struct vport *port, struct uio *uio,
			  struct vport_writer *writer)
{
	struct virtio_console *c = port->console;
	unsigned long saved = spin_lock_irq(&c->lock);
	struct vport_page *page;
	struct virtq_piece piece;
	int err = claim_output_locked(port, &page);

	spin_unlock_irq(&c->lock, saved);
	if (err)
		return err;
	piece = (struct virtq_piece){
		virt_to_phys(page->data),
		uio_copy_from(uio, page->data, min_u64(uio->left, PAGE_SIZE))};
	saved = spin_lock_irq(&c->lock);
	if (piece.nbytes && virtq_add(&port->out, &piece, 1, 0, page)) {
		page->writer = writer;
		writer->nflying++;
		virtq_notify(&port->out);
		collect_output_locked(port);
	} else {
		page->busy = false;
		waitq_wake_all(&port->writable);
	}
	spin_unlock_irq(&c->lock, saved);
	return piece.nbytes ? (ssize_t)piece.nbytes : -EFAULT;
}

/* Wait until the device has taken all of the writer's pages; after a signal
 * leave them to it. */
static void wait_written(struct vport *port, struct vport_writer *writer)
{
	unsigned long saved = spin_lock_irq(&port->console->lock);

	while (writer->nflying &&
	       waitq_wait_interruptible(&port->writable,
					&port->console->lock) == 0)
		;
	for (int i = 0; i < VPORT_BUFFERS; i++) {
		if (port->out_page[i].writer == writer)
			port->out_page[i].writer = NULL;
	}
	spin_unlock_irq(&port->console->lock, saved);
}

ssize_t vport_write(struct vport *port, struct uio *uio)
{
	struct vport_writer writer = {0};
	ssize_t done = 0, n = 0;

	while (uio->left) {
		n = write_page(port, uio, &writer);
		if (n < 0)
			break;
		done += n;
	}
	wait_written(port, &writer);
	return done ? done : n;
}

static bool input_ready_locked(const struct vport *port)
{
	return !list_empty(&port->filled) || virtq_ready(&port->in);
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
	collect_output_locked(port);
	if (input_ready_locked(port) || !port->host_open)
		events |= POLLIN;
	if (!port->host_open)
		events |= POLLHUP;
	for (int i = 0; port->host_open && i < VPORT_BUFFERS; i++) {
		if (!port->out_page[i].busy)
			events |= POLLOUT;
	}
	spin_unlock_irq(&port->console->lock, saved);
	return events;
}

void vport_interrupt_locked(struct vport *port)
{
	collect_output_locked(port);
	if (virtq_ready(&port->in))
		waitq_wake_all(&port->readable);
}

/* The pages that an open port needs; they stay with it.  0 or -ENOMEM. */
static int alloc_pages(struct vport_page *page)
{
	for (int i = 0; i < VPORT_BUFFERS; i++) {
		struct page *pg;

		if (page[i].data)
			continue;
		pg = page_alloc();
		if (!pg)
			return -ENOMEM;
		page[i].data = page_address(pg);
	}
	return 0;
}

int vport_open(struct vport *port)
{
	struct virtio_console *c = port->console;
	unsigned long saved = spin_lock_irq(&c->lock);
	bool busy = port->open;
	int err;

	port->open = true;
	spin_unlock_irq(&c->lock, saved);
	if (busy)
		return -EBUSY;
	/* Alone here: others find it open. */
	err = alloc_pages(port->in_page);
	if (!err)
		err = alloc_pages(port->out_page);
	saved = spin_lock_irq(&c->lock);
	if (err) {
		port->open = false;
	} else {
		for (int i = 0; i < VPORT_BUFFERS; i++)
			offer_locked(port, &port->in_page[i]);
		vport_control_locked(c, port->id, VIRTIO_CONSOLE_PORT_OPEN, 1);
	}
	spin_unlock_irq(&c->lock, saved);
	return err;
}

/* What nobody has read is lost, as on Linux. */
void vport_close(struct vport *port)
{
	struct virtio_console *c = port->console;
	unsigned long saved = spin_lock_irq(&c->lock);

	vport_control_locked(c, port->id, VIRTIO_CONSOLE_PORT_OPEN, 0);
	collect_input_locked(port);
	while (!list_empty(&port->filled))
		offer_locked(port, list_entry(list_pop(&port->filled),
					      struct vport_page, link));
	port->open = false;
	spin_unlock_irq(&c->lock, saved);
}
