// SPDX-License-Identifier: MIT
/*
 * virtio.c - finding virtio devices, and talking to them through queues
 * (Virtual I/O Device specification 1.1).
 *
 *   descriptor table        available ring         used ring
 *   0: addr len next=2      (we write)             (the device writes)
 *   1: (free)               idx=7                  idx=6
 *   2: addr len next=-      ... 5 3 0              ... 5 3
 *
 * We chain descriptors into a buffer, put the chain's head into the available
 * ring and raise its index; the device works on it, puts the head into the
 * used ring and raises that index.  Indices count for ever; a ring's place is
 * the index modulo the queue's size.
 *
 * Two generations of the registers exist.  In the older (version 1, QEMU's
 * default) a queue is one contiguous piece, of which the device is told the
 * page number; in the newer (version 2) the three parts may lie anywhere.  We
 * put a queue into one page for both.
 *
 * Disks are named in the device tree's order, as on Linux, which with QEMU is
 * that of its -device options.
 *
 * Locks: each queue's driver has its own.
 */

#include "kernel/dev/virtio.h"

#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_mmio.h>
#include <linux/virtio_ring.h>

#include "kernel/dev/dev.h"
#include "kernel/dev/drivers.h"
#include "kernel/dev/mmio.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "mm/page.h"
#include "mm/slab.h"

enum {
	VIRTIO_MAGIC = 0x74726976, /* "virt" */
	VERSION_LEGACY = 1,
	USED_ALIGN = 64,
	NO_SLOT = 0xffff,
};

static uint32_t read_register(const struct virtio_device *d, unsigned offset)
{
	return mmio_read32(d->registers + offset);
}

static void write_register(struct virtio_device *d, unsigned offset,
			   uint32_t value)
{
	mmio_write32(d->registers + offset, value);
}

static void add_status(struct virtio_device *d, uint32_t bit)
{
	write_register(d, VIRTIO_MMIO_STATUS,
		       read_register(d, VIRTIO_MMIO_STATUS) | bit);
}

static uint64_t read_features(struct virtio_device *d)
{
	uint64_t features;

	write_register(d, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
	features = read_register(d, VIRTIO_MMIO_DEVICE_FEATURES);
	write_register(d, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
	return features << 32 | read_register(d, VIRTIO_MMIO_DEVICE_FEATURES);
}

static void write_features(struct virtio_device *d, uint64_t features)
{
	write_register(d, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	write_register(d, VIRTIO_MMIO_DRIVER_FEATURES, features >> 32);
	write_register(d, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
	write_register(d, VIRTIO_MMIO_DRIVER_FEATURES, features);
}

/* Spec 3.1.1: the steps of initialisation, up to the queues. */
int virtio_negotiate(struct virtio_device *d, uint64_t wanted)
{
	const uint64_t version_1 = 1ul << VIRTIO_F_VERSION_1;

	write_register(d, VIRTIO_MMIO_STATUS, 0);
	add_status(d, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	add_status(d, VIRTIO_CONFIG_S_DRIVER);
	d->features = read_features(d) & (wanted | version_1);
	if (d->legacy) {
		d->features &= ~version_1;
		write_features(d, d->features);
		write_register(d, VIRTIO_MMIO_GUEST_PAGE_SIZE, PAGE_SIZE);
		return 0;
	}
	write_features(d, d->features);
	add_status(d, VIRTIO_CONFIG_S_FEATURES_OK);
	if (!(d->features & version_1) ||
	    !(read_register(d, VIRTIO_MMIO_STATUS) &
	      VIRTIO_CONFIG_S_FEATURES_OK))
		return -EIO;
	return 0;
}

static void handle_interrupt(void *arg)
{
	struct virtio_device *d = arg;

	write_register(d, VIRTIO_MMIO_INTERRUPT_ACK,
		       read_register(d, VIRTIO_MMIO_INTERRUPT_STATUS));
	d->interrupt(d);
}

void virtio_start(struct virtio_device *d)
{
	plic_register(d->source, handle_interrupt, d);
	add_status(d, VIRTIO_CONFIG_S_DRIVER_OK);
}

uint32_t virtio_config32(struct virtio_device *d, unsigned offset)
{
	return read_register(d, VIRTIO_MMIO_CONFIG + offset);
}

/* Where the parts of a queue lie in its page (spec 2.6.2). */
static size_t avail_offset(unsigned size)
{
	return size * sizeof(struct vring_desc);
}

static size_t used_offset(unsigned size)
{
	size_t end = avail_offset(size) + sizeof(struct vring_avail) +
		     (size + 1) * sizeof(uint16_t);

	return (end + USED_ALIGN - 1) / USED_ALIGN * USED_ALIGN;
}

static int alloc_queue(struct virtq *q)
{
	struct page *pg = page_alloc_zeroed();
	char *memory;

	q->slot = kmalloc(q->size * sizeof(*q->slot));
	if (!pg || !q->slot)
		return -ENOMEM;
	memory = page_address(pg);
	q->desc = (struct vring_desc *)memory;
	q->avail = (struct vring_avail *)(memory + avail_offset(q->size));
	q->used = (struct vring_used *)(memory + used_offset(q->size));
	return 0;
}

static void write_address(struct virtio_device *d, unsigned low, void *at)
{
	paddr_t pa = virt_to_phys(at);

	write_register(d, low, pa);
	write_register(d, low + 4, pa >> 32);
}

/* Tell the device where the selected queue is. */
static void announce_queue(struct virtio_device *d, const struct virtq *q)
{
	write_register(d, VIRTIO_MMIO_QUEUE_NUM, q->size);
	if (d->legacy) {
		write_register(d, VIRTIO_MMIO_QUEUE_ALIGN, USED_ALIGN);
		write_register(d, VIRTIO_MMIO_QUEUE_PFN,
			       virt_to_phys(q->desc) >> PAGE_SHIFT);
		return;
	}
	write_address(d, VIRTIO_MMIO_QUEUE_DESC_LOW, q->desc);
	write_address(d, VIRTIO_MMIO_QUEUE_AVAIL_LOW, q->avail);
	write_address(d, VIRTIO_MMIO_QUEUE_USED_LOW, q->used);
	write_register(d, VIRTIO_MMIO_QUEUE_READY, 1);
}

int virtq_init(struct virtq *q, struct virtio_device *d, unsigned index)
{
	uint32_t size;
	int err;

	write_register(d, VIRTIO_MMIO_QUEUE_SEL, index);
	size = min_u64(read_register(d, VIRTIO_MMIO_QUEUE_NUM_MAX),
		       VIRTQ_SIZE_MAX);
	if (size == 0)
		return -ENOENT;
	*q = (struct virtq){
		.device = d, .index = index, .size = size, .nfree = size};
	err = alloc_queue(q);
	if (err)
		return err;
	for (uint16_t i = 0; i < size; i++)
		q->slot[i] = (struct virtq_slot){.next = i + 1};
	announce_queue(d, q);
	return 0;
}

bool virtq_add(struct virtq *q, const struct virtq_piece *piece, unsigned nout,
	       unsigned nin, void *token)
{
	unsigned n = nout + nin;
	uint16_t head = q->first_free, at = head, last = head;
	uint16_t idx = q->avail->idx;

	if (n == 0 || n > q->nfree)
		return false;
	for (unsigned i = 0; i < n; i++) {
		q->desc[at] = (struct vring_desc){
			.addr = piece[i].pa,
			.len = piece[i].nbytes,
			.flags = (i < nout ? 0 : VRING_DESC_F_WRITE) |
				 (i + 1 < n ? VRING_DESC_F_NEXT : 0),
			.next = q->slot[at].next,
		};
		last = at;
		at = q->slot[at].next;
	}
	q->first_free = at;
	q->nfree -= n;
	q->slot[last].next = NO_SLOT;
	q->slot[head].token = token;
	q->avail->ring[idx % q->size] = head;
	/* The device may look at once: the index goes last. */
	__atomic_store_n(&q->avail->idx, idx + 1, __ATOMIC_RELEASE);
	q->added = true;
	return true;
}

void virtq_notify(struct virtq *q)
{
	if (!q->added)
		return;
	q->added = false;
	/* Whether it wants to be told must be read after what it may have
	 * overlooked was written. */
	atomic_thread_fence(memory_order_seq_cst);
	if (!(__atomic_load_n(&q->used->flags, __ATOMIC_RELAXED) &
	      VRING_USED_F_NO_NOTIFY))
		write_register(q->device, VIRTIO_MMIO_QUEUE_NOTIFY, q->index);
}

static void free_chain(struct virtq *q, uint16_t head)
{
	uint16_t last = head;

	q->nfree++;
	for (; q->slot[last].next != NO_SLOT; last = q->slot[last].next)
		q->nfree++;
	q->slot[last].next = q->first_free;
	q->first_free = head;
}

void *virtq_take(struct virtq *q, uint32_t *nbytes)
{
	while (__atomic_load_n(&q->used->idx, __ATOMIC_ACQUIRE) !=
	       q->last_used) {
		const struct vring_used_elem *used =
			&q->used->ring[q->last_used++ % q->size];
		uint32_t head = used->id;
		void *token;

		/* A head that isn't in flight: the device is broken. */
		if (head >= q->size || !q->slot[head].token)
			continue;
		token = q->slot[head].token;
		q->slot[head].token = NULL;
		*nbytes = used->len;
		free_chain(q, head);
		return token;
	}
	return NULL;
}

/* Hand the device to its driver.  One that fails is left alone: this is boot,
 * and what it had of memory is not worth the code to get it back. */
static void start_driver(struct virtio_device *d, uint32_t id)
{
	int err = -ENODEV;

	if (id == VIRTIO_ID_BLOCK)
		err = virtio_blk_init(d);
	else if (id == VIRTIO_ID_CONSOLE)
		err = virtio_console_init(d);
	if (err) {
		printk("virtio: device of kind %u can't be used (error %d)\n",
		       id, -err);
		write_register(d, VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_FAILED);
	}
}

static void probe(const struct fdt *fdt, int node, paddr_t pa)
{
	struct virtio_device here = {
		.registers = mmio_address(pa),
		.source = plic_source(fdt, node),
	};
	uint32_t id = read_register(&here, VIRTIO_MMIO_DEVICE_ID);
	struct virtio_device *d;

	/* An empty place has the magic number, and device 0. */
	if (read_register(&here, VIRTIO_MMIO_MAGIC_VALUE) != VIRTIO_MAGIC ||
	    id == 0)
		return;
	here.legacy =
		read_register(&here, VIRTIO_MMIO_VERSION) == VERSION_LEGACY;
	d = kmalloc(sizeof(*d));
	if (!d)
		return;
	*d = here;
	start_driver(d, id);
}

void virtio_init(const struct fdt *fdt)
{
	int node = -1;
	uint64_t pa, nbytes;

	while ((node = fdt_next_compatible(fdt, node, "virtio,mmio")) >= 0) {
		if (fdt_enabled(fdt, node) &&
		    fdt_reg(fdt, node, 0, &pa, &nbytes))
			probe(fdt, node, pa);
	}
}
