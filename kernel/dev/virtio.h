/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_DEV_VIRTIO_H
#define KERNEL_DEV_VIRTIO_H

/*
 * virtio.h - virtio devices behind memory-mapped registers, and their split
 * queues (Virtual I/O Device specification 1.1, 2.6 and 4.2), as a driver
 * sees them.
 */

#include "kernel/lib/types.h"

struct virtio_device {
	vaddr_t registers;
	bool legacy;       /* version 1 of the registers */
	uint32_t source;   /* of interrupts */
	uint64_t features; /* agreed on */
	/* The driver's: called in interrupts, when the device used buffers
	 * or changed its configuration. */
	void (*interrupt)(struct virtio_device *device);
	void *driver;
};

/* So a queue fits in a page. */
enum { VIRTQ_SIZE_MAX = 128 };

/* One piece of a buffer. */
struct virtq_piece {
	paddr_t pa;
	uint32_t nbytes;
};

/*
 * A queue.  The device's memory holds descriptors, of which chains make up
 * buffers, and two rings of chains: available ones, by us, and used ones, by
 * the device.  All but that memory is private, so whatever a device writes
 * there can't lead us astray.
 *
 * The caller excludes others.
 */
struct virtq {
	struct virtio_device *device;
	unsigned index;
	uint16_t size;
	uint16_t nfree, first_free; /* of descriptors */
	uint16_t last_used;         /* what we have seen of the used ring */
	bool added;                 /* since the last notification */
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	struct virtq_slot {
		void *token;   /* of a chain in flight, by its head */
		uint16_t next; /* in a chain, or among the free ones */
	} * slot;
};

/*
 * Bring a device up: reset it and agree on features, of which @wanted and
 * VERSION_1 are taken where offered.  0 or -EIO.  Then the driver makes its
 * queues, and calls virtio_start(), upon which the device works.
 */
int virtio_negotiate(struct virtio_device *device, uint64_t wanted);
void virtio_start(struct virtio_device *device);

/* Queue @index.  0; -ENOENT: the device has no such queue; -ENOMEM. */
int virtq_init(struct virtq *q, struct virtio_device *device, unsigned index);

/* A field of the device's configuration, by offset. */
uint32_t virtio_config32(struct virtio_device *device, unsigned offset);

/*
 * Offer a buffer: @nout pieces that the device reads, then @nin that it
 * writes.  False if there is no room just now.  The device need not look
 * before virtq_notify().
 */
bool virtq_add(struct virtq *q, const struct virtq_piece *piece, unsigned nout,
	       unsigned nin, void *token);
void virtq_notify(struct virtq *q);

/* The token of a buffer that the device has used, NULL if there is none, and
 * how many bytes it says it wrote (which proves nothing). */
void *virtq_take(struct virtq *q, uint32_t *nbytes);

/* The drivers.  0, or an errno if the device can't be used. */
int virtio_blk_init(struct virtio_device *device);
int virtio_console_init(struct virtio_device *device);

#endif
