// SPDX-License-Identifier: MIT
/*
 * virtio_console.c - devices that carry streams of bytes between host and
 * guest (Virtual I/O Device specification 1.1, 5.3).
 *
 * One device has many ports, each with two queues of its own (vport.c), and
 * a pair of control queues, on which both sides tell each other about ports:
 *
 *      device                                driver
 *                                <--         DEVICE_READY
 *      PORT_ADD 1                -->
 *                                <--         PORT_READY 1
 *      PORT_NAME 1, PORT_OPEN 1  -->         (the host's end is open)
 *                                <--         PORT_OPEN 1 (so is ours)
 *      ... data ...
 *      PORT_OPEN 0               -->         (end of file)
 *
 * A device without the MULTIPORT feature has just port 0, which is always
 * open, and no control queues.
 *
 * Messages are handled in interrupts, where no memory can be had, so places
 * for ports and their queues are made beforehand, for up to PORTS_MAX of each
 * device.
 *
 * Locks: console->lock (RANK_CONSOLE_INPUT), taken in interrupts, guards one
 * device with all its ports.
 */

#include "kernel/dev/virtio_console.h"

#include "arch/riscv/layout.h"
#include "arch/riscv/time.h"
#include "kernel/dev/vport.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "mm/slab.h"

enum {
	PORTS_MAX = 16,
	PORT_MAJOR = 240, /* one that Linux leaves for local use */
	MINORS_PER_DEVICE = 64,
};

static const uint64_t PORTS_TIMEOUT = 200000000; /* ns */

static struct list consoles = {&consoles, &consoles};

void vport_control_locked(struct virtio_console *c, uint32_t id, uint16_t event,
			  uint16_t value)
{
	struct control_buffers *b = c->control;
	uint32_t nbytes;
	bool *busy;
	int i = 0;

	if (!c->multiport)
		return;
	while ((busy = virtq_take(&c->control_out, &nbytes)))
		*busy = false;
	while (i < CONTROL_BUFFERS && b->out[i].busy)
		i++;
	if (i < CONTROL_BUFFERS) {
		struct virtq_piece piece = {virt_to_phys(&b->out[i].message),
					    sizeof(b->out[i].message)};

		b->out[i].message.id = id;
		b->out[i].message.event = event;
		b->out[i].message.value = value;
		b->out[i].busy = virtq_add(&c->control_out, &piece, 1, 0,
					   &b->out[i].busy);
		virtq_notify(&c->control_out);
	}
}

/* @message is about @port. */
static void handle_event_locked(struct vport *port,
				const struct virtio_console_control *message)
{
	bool open = message->value;

	switch (message->event) {
	case VIRTIO_CONSOLE_PORT_ADD:
		port->present = true;
		vport_control_locked(port->console, port->id,
				     VIRTIO_CONSOLE_PORT_READY, 1);
		return;
	case VIRTIO_CONSOLE_PORT_NAME:
		port->console->told = true;
		return;
	case VIRTIO_CONSOLE_PORT_REMOVE:
		port->present = false;
		open = false;
		break;
	case VIRTIO_CONSOLE_PORT_OPEN:
		port->console->told = true;
		break;
	default: /* a console's size, for one */
		return;
	}
	port->host_open = open;
	waitq_wake_all(&port->readable);
	waitq_wake_all(&port->writable);
}

static void offer_control_locked(struct virtio_console *c, unsigned i)
{
	struct virtq_piece piece = {virt_to_phys(&c->control->in[i]),
				    sizeof(c->control->in[i])};

	virtq_add(&c->control_in, &piece, 0, 1, &c->control->in[i]);
}

static void handle_control_locked(struct virtio_console *c)
{
	struct virtio_console_control *message;
	bool offered = false;
	uint32_t nbytes;

	while ((message = virtq_take(&c->control_in, &nbytes))) {
		unsigned i = container_of(message, typeof(c->control->in[0]),
					  message) -
			     c->control->in;

		if (nbytes >= sizeof(*message) && message->id < c->nports)
			handle_event_locked(&c->port[message->id], message);
		offer_control_locked(c, i);
		offered = true;
	}
	if (offered)
		virtq_notify(&c->control_in);
}

static void console_interrupt(struct virtio_device *device)
{
	struct virtio_console *c = device->driver;

	spin_lock(&c->lock);
	if (c->multiport)
		handle_control_locked(c);
	for (unsigned i = 0; i < c->nports; i++) {
		if (c->port[i].present)
			vport_collect_locked(&c->port[i]);
	}
	spin_unlock(&c->lock);
}

struct vport *vport_get(unsigned index)
{
	list_for_each_entry (struct virtio_console, c, &consoles, link) {
		for (unsigned i = 0; i < c->nports; i++) {
			if (c->port[i].present && index-- == 0)
				return &c->port[i];
		}
	}
	return NULL;
}

const char *vport_name(struct vport *port)
{
	return port->name;
}

uint32_t vport_rdev(struct vport *port)
{
	unsigned minor = port->console->index * MINORS_PER_DEVICE + port->id;

	return (minor & 0xff) | PORT_MAJOR << 8 | (minor & ~0xffu) << 12;
}

/* Port 0 has the first two queues, the control queues come next, and then
 * the other ports' (spec 5.3.2). */
static int init_port(struct virtio_console *c, unsigned id)
{
	struct vport *port = &c->port[id];
	unsigned queue = id == 0 ? 0 : 2 * id + 2;
	int err;

	port->console = c;
	port->id = id;
	snprintf(port->name, sizeof(port->name), "vport%up%u", c->index, id);
	waitq_init(&port->readable);
	waitq_init(&port->writable);
	err = virtq_init(&port->in, c->device, queue);
	return err ? err : virtq_init(&port->out, c->device, queue + 1);
}

static int init_control(struct virtio_console *c)
{
	int err = virtq_init(&c->control_in, c->device, 2);

	if (!err)
		err = virtq_init(&c->control_out, c->device, 3);
	if (err)
		return err;
	c->control = kmalloc_zeroed(sizeof(*c->control));
	return c->control ? 0 : -ENOMEM;
}

static int init_ports(struct virtio_console *c)
{
	unsigned max = offsetof(struct virtio_console_config, max_nr_ports);
	int err = 0;

	c->nports = c->multiport ? min_u64(virtio_config32(c->device, max),
					   PORTS_MAX)
				 : 1;
	c->port = kmalloc_zeroed(c->nports * sizeof(*c->port));
	if (!c->port)
		return -ENOMEM;
	for (unsigned i = 0; !err && i < c->nports; i++)
		err = init_port(c, i);
	if (!err && c->multiport)
		err = init_control(c);
	return err;
}

/*
 * Ask for the ports, and wait until all are there: /dev shows them from the
 * start.  The device answers in order, so once it says more of some port
 * (its name; that it is open) than that it is there, it has named them all.
 */
static void find_ports(struct virtio_console *c)
{
	unsigned long saved = spin_lock_irq(&c->lock);
	uint64_t deadline = time_now() + PORTS_TIMEOUT;

	if (c->multiport) {
		for (unsigned i = 0; i < CONTROL_BUFFERS; i++)
			offer_control_locked(c, i);
		virtq_notify(&c->control_in);
		vport_control_locked(c, 0, VIRTIO_CONSOLE_DEVICE_READY, 1);
		do
			handle_control_locked(c);
		while (!c->told && time_now() < deadline);
	} else {
		c->port[0].present = true;
		c->port[0].host_open = true;
	}
	spin_unlock_irq(&c->lock, saved);
}

int virtio_console_init(struct virtio_device *device)
{
	static unsigned nconsoles;
	struct virtio_console *c = kmalloc_zeroed(sizeof(*c));
	int err;

	if (!c)
		return -ENOMEM;
	c->device = device;
	c->index = nconsoles;
	device->driver = c;
	device->interrupt = console_interrupt;
	spin_init(&c->lock, "virtio console", RANK_CONSOLE_INPUT);
	err = virtio_negotiate(device, 1ul << VIRTIO_CONSOLE_F_MULTIPORT);
	c->multiport = device->features >> VIRTIO_CONSOLE_F_MULTIPORT & 1;
	if (!err)
		err = init_ports(c);
	if (err)
		return err;
	nconsoles++;
	list_add_tail(&consoles, &c->link);
	virtio_start(device);
	find_ports(c);
	return 0;
}
