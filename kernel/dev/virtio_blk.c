// SPDX-License-Identifier: MIT
/*
 * virtio_blk.c - disks (Virtual I/O Device specification 1.1, 5.2).
 *
 * A request is one chain of descriptors:
 *
 *      | header: op, sector | segment | ... | segment | status byte |
 *        read by the device    read or written          written
 *
 * Requests go to the device as they come, as many as the queue has room for;
 * the rest wait in a list, first come, first served, and follow as others
 * complete.
 *
 * Whatever the device reports but success is -EIO.  A device that breaks the
 * protocol can make us wait for ever, or read wrong data, but not more.
 *
 * Locks: disk->lock (RANK_BLOCK), taken in interrupts.  done() is called
 * without it.
 */

#include <linux/virtio_blk.h>

#include "kernel/block/block.h"
#include "kernel/dev/virtio.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "mm/slab.h"

#include "arch/riscv/layout.h"

enum {
	DISK_MAJOR = 254, /* what Linux usually gives virtio disks */
	MINORS_PER_DISK = 16,
};

/* What the device reads and writes of one request in flight. */
struct blk_slot {
	struct virtio_blk_outhdr header;
	uint8_t status;
	struct block_request *request;
	struct blk_slot *next; /* among the free ones */
};

struct disk {
	struct block_device block;
	struct virtio_device *device;
	struct spinlock lock; /* guards all below */
	struct virtq q;
	struct list waiting; /* block_requests */
	struct blk_slot *free;
};

static uint32_t op_to_type(enum block_op op)
{
	switch (op) {
	case BLOCK_READ:
		return VIRTIO_BLK_T_IN;
	case BLOCK_WRITE:
		return VIRTIO_BLK_T_OUT;
	case BLOCK_FLUSH:
		return VIRTIO_BLK_T_FLUSH;
	}
	return 0;
}

/* Give a request to the device; false if there is no room. */
static bool start_locked(struct disk *disk, struct block_request *request)
{
	struct virtq_piece piece[BLOCK_SEGMENTS_MAX + 2];
	struct blk_slot *slot = disk->free;
	bool reads = request->op == BLOCK_READ;
	unsigned n = 0;

	if (!slot)
		return false;
	slot->header.type = op_to_type(request->op);
	slot->header.sector = request->sector;
	slot->status = VIRTIO_BLK_S_IOERR;
	slot->request = request;
	piece[n++] = (struct virtq_piece){virt_to_phys(&slot->header),
					  sizeof(slot->header)};
	for (unsigned i = 0; i < request->nsegments; i++)
		piece[n++] = (struct virtq_piece){request->segment[i].pa,
						  request->segment[i].nbytes};
	piece[n++] = (struct virtq_piece){virt_to_phys(&slot->status), 1};
	if (!virtq_add(&disk->q, piece, reads ? 1 : n - 1, reads ? n - 1 : 1,
		       slot))
		return false;
	disk->free = slot->next;
	return true;
}

static void start_waiting_locked(struct disk *disk)
{
	while (!list_empty(&disk->waiting)) {
		struct block_request *request = list_entry(
			disk->waiting.next, struct block_request, link);

		if (!start_locked(disk, request))
			break;
		list_remove(&request->link);
	}
	virtq_notify(&disk->q);
}

static void disk_submit(struct block_device *block,
			struct block_request *request)
{
	struct disk *disk = block->driver;
	unsigned long saved = spin_lock_irq(&disk->lock);

	list_add_tail(&disk->waiting, &request->link);
	start_waiting_locked(disk);
	spin_unlock_irq(&disk->lock, saved);
}

static void disk_interrupt(struct virtio_device *device)
{
	struct disk *disk = device->driver;
	struct blk_slot *slot;
	uint32_t nbytes;

	spin_lock(&disk->lock);
	while ((slot = virtq_take(&disk->q, &nbytes))) {
		struct block_request *request = slot->request;
		int err = slot->status == VIRTIO_BLK_S_OK ? 0 : -EIO;

		slot->next = disk->free;
		disk->free = slot;
		/* done() may submit the next one. */
		spin_unlock(&disk->lock);
		request->done(request, err);
		spin_lock(&disk->lock);
	}
	start_waiting_locked(disk);
	spin_unlock(&disk->lock);
}

static bool has(const struct virtio_device *device, unsigned feature)
{
	return device->features >> feature & 1;
}

static void describe(struct disk *disk)
{
	static unsigned ndisks;
	struct virtio_device *device = disk->device;
	unsigned minor = ndisks * MINORS_PER_DISK;
	struct block_device *b = &disk->block;

	snprintf(b->name, sizeof(b->name), "vd%c", 'a' + ndisks++);
	b->rdev = (minor & 0xff) | DISK_MAJOR << 8 | (minor & ~0xffu) << 12;
	b->nsectors = virtio_config32(device, 0) |
		      (uint64_t)virtio_config32(device, 4) << 32;
	b->read_only = has(device, VIRTIO_BLK_F_RO);
	b->can_flush = has(device, VIRTIO_BLK_F_FLUSH);
	b->submit = disk_submit;
	b->driver = disk;
}

/* Does the device take our largest request? */
static bool large_enough(const struct disk *disk)
{
	unsigned seg_max = offsetof(struct virtio_blk_config, seg_max);

	return disk->q.size >= BLOCK_SEGMENTS_MAX + 2 &&
	       (!has(disk->device, VIRTIO_BLK_F_SEG_MAX) ||
		virtio_config32(disk->device, seg_max) >= BLOCK_SEGMENTS_MAX);
}

static int make_slots(struct disk *disk)
{
	/* No request has less than two descriptors. */
	unsigned nslots = disk->q.size / 2;
	struct blk_slot *slot = kmalloc_zeroed(nslots * sizeof(*slot));

	if (!slot)
		return -ENOMEM;
	for (unsigned i = 0; i < nslots; i++) {
		slot[i].next = disk->free;
		disk->free = &slot[i];
	}
	return 0;
}

int virtio_blk_init(struct virtio_device *device)
{
	struct disk *disk = kmalloc_zeroed(sizeof(*disk));
	int err;

	if (!disk)
		return -ENOMEM;
	disk->device = device;
	device->driver = disk;
	device->interrupt = disk_interrupt;
	spin_init(&disk->lock, "disk", RANK_BLOCK);
	list_init(&disk->waiting);
	err = virtio_negotiate(device, 1ul << VIRTIO_BLK_F_RO |
					       1ul << VIRTIO_BLK_F_FLUSH |
					       1ul << VIRTIO_BLK_F_SEG_MAX);
	if (!err)
		err = virtq_init(&disk->q, device, 0);
	if (!err && !large_enough(disk))
		err = -ENODEV;
	if (!err)
		err = make_slots(disk);
	if (err)
		return err;
	describe(disk);
	virtio_start(device);
	block_register(&disk->block);
	printk("%s: %lu sectors%s%s\n", disk->block.name, disk->block.nsectors,
	       disk->block.read_only ? ", read-only" : "",
	       disk->block.can_flush ? ", volatile cache" : "");
	return 0;
}
