/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_DEV_VIRTIO_CONSOLE_H
#define KERNEL_DEV_VIRTIO_CONSOLE_H

/*
 * virtio_console.h - byte streams between host and guest (Virtual I/O Device
 * spec 1.1, 5.3, with VIRTIO_CONSOLE_F_MULTIPORT): /dev/vport<N>p<M>.
 *
 * As on Linux: read gives 0 when the host's end is closed and all is read;
 * write returns when the host has taken the bytes.
 */

#include "kernel/sync/waitq.h"
#include "mm/uio.h"

struct vport;

/* The @index-th port found, or NULL. */
struct vport *vport_get(unsigned index);
const char *vport_name(struct vport *port); /* "vport0p1" */
uint32_t vport_rdev(struct vport *port);

int vport_open(struct vport *port); /* -EBUSY when open already */
void vport_close(struct vport *port);
ssize_t vport_read(struct vport *port, struct uio *uio, bool nonblocking);
ssize_t vport_write(struct vport *port, struct uio *uio);
unsigned vport_poll(struct vport *port, struct waiter *waiter);

#endif
