/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_DEV_VPORT_H
#define KERNEL_DEV_VPORT_H

/*
 * vport.h - what virtio_console.c (a device, its control queues) and vport.c
 * (one port's data) share.
 */

#include <linux/virtio_console.h>

#include "kernel/dev/virtio.h"
#include "kernel/dev/virtio_console.h"

enum { VPORT_BUFFERS = 4, VPORT_NAME_SIZE = 32, CONTROL_BUFFERS = 32 };

/* A write(2) under way: how many of its pages are with the device. */
struct vport_writer {
	unsigned nflying;
};

/*
 * A page of data on its way.  Guarded by the device's lock, but for the data:
 * that is the device's, or, of a page in no queue, its reader's or writer's.
 */
struct vport_page {
	uint8_t *data;
	uint32_t start, end;         /* input: what is still to be read */
	struct list link;            /* input: among the filled ones */
	bool busy;                   /* output: a writer's, or the device's */
	struct vport_writer *writer; /* output: who waits for it, or NULL */
};

/* One port.  (c) constant; the rest guarded by the device's lock. */
struct vport {
	struct virtio_console *console; /* (c) */
	uint32_t id;                    /* (c) */
	char name[16];                  /* (c) "vport0p1" */
	char label[VPORT_NAME_SIZE];    /* what the host calls it */
	bool present;                   /* the device has told us of it */
	bool open;                      /* our end */
	bool host_open;                 /* the other end */
	struct virtq in, out;
	struct list filled; /* input pages, in order */
	struct waitq readable, writable;
	struct vport_page in_page[VPORT_BUFFERS], out_page[VPORT_BUFFERS];
};

/* Messages on the control queues. */
struct control_buffers {
	struct {
		struct virtio_console_control message;
		bool busy;
	} out[CONTROL_BUFFERS];
	struct {
		struct virtio_console_control message;
		char name[64 - sizeof(struct virtio_console_control)];
	} in[CONTROL_BUFFERS];
};

struct virtio_console {
	struct spinlock lock;
	struct virtio_device *device;
	unsigned index; /* the N of "vportNpM" */
	bool multiport;
	struct virtq control_in, control_out;
	struct control_buffers *control;
	unsigned nports;
	struct vport *port; /* by id */
	struct list link;   /* among all devices */
};

/* Tell the device something about a port. */
void vport_control_locked(struct virtio_console *console, uint32_t id,
			  uint16_t event, uint16_t value);

/* The device may have used buffers of the port: wake who waits for that. */
void vport_interrupt_locked(struct vport *port);

#endif
