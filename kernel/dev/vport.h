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

enum { CONTROL_BUFFERS = 32 };

/*
 * One port.  (c) constant; the rest guarded by the device's lock, but for the
 * bytes in the two pages: those are the device's, or whose turn it is.
 */
struct vport {
	struct virtio_console *console; /* (c) */
	uint32_t id;                    /* (c) */
	char name[16];                  /* (c) "vport0p1" */
	bool present;                   /* the device has told us of it */
	bool open;                      /* our end */
	bool host_open;                 /* the other end */
	struct virtq in, out;
	struct waitq readable, writable;
	uint8_t *in_page, *out_page;
	uint32_t in_start, in_end; /* to be read; none: with the device */
	bool reading;              /* somebody copies from in_page */
	bool writing;              /* out_page is a writer's, or the device's */
	uint32_t nwritten;         /* counts pages that the device has taken */
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
	bool told; /* the device has told of all its ports */
	struct virtq control_in, control_out;
	struct control_buffers *control;
	unsigned nports;
	struct vport *port; /* by id */
	struct list link;   /* among all devices */
};

/* Tell the device something about a port. */
void vport_control_locked(struct virtio_console *console, uint32_t id,
			  uint16_t event, uint16_t value);

/* The device may have used the port's pages: see, and wake who waits. */
void vport_collect_locked(struct vport *port);

#endif
