/* host-test: kernel/dev/virtio.c kernel/dev/virtio_blk.c kernel/block/block.c kernel/sync/waitq.c kernel/sync/spinlock.c tests/host/slab_stub.c */
/* SPDX-License-Identifier: MIT */
/*
 * virtio_test.c - the disk driver and its queue against a device played here,
 * in both generations of the registers: first an honest one, which works on
 * many requests at once and answers in any order; then one that lies in every
 * field it may write, which must not make us touch memory that isn't ours
 * (ASan watches), or end a request twice.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>
#include <linux/virtio_ring.h>

#include "arch/riscv/layout.h"
#include "arch/riscv/time.h"
#include "kernel/block/block.h"
#include "kernel/dev/dev.h"
#include "kernel/dev/drivers.h"
#include "kernel/dev/mmio.h"
#include "kernel/dev/virtio.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "kernel/sync/sched.h"
#include "mm/page.h"

enum {
	REGISTERS = 0x10001000, /* what the fake device answers to */
	DISK_SECTORS = 4096,
	REQUESTS = 100,
	ROUNDS = 60,
	LIES = 3000,
};

static unsigned long passed;

#define CHECK(cond) \
	do { \
		passed++; \
		if (!(cond)) { \
			printf("line %d: %s\n", __LINE__, #cond); \
			exit(1); \
		} \
	} while (0)

/* --- the device --- */

static struct {
	bool legacy, lying;
	uint32_t status, num, align, irq;
	uint64_t desc, avail, used; /* addresses */
	uint64_t features;
	uint32_t features_half;
	uint16_t seen; /* of the available ring */
	uint16_t pending[1024];
	unsigned npending;
	uint8_t disk[DISK_SECTORS * SECTOR_SIZE];
} device;

static void (*handler)(void *);
static void *handler_arg;

uint32_t mmio_read32(vaddr_t at)
{
	const uint64_t offered =
		1ul << VIRTIO_BLK_F_FLUSH | 1ul << VIRTIO_BLK_F_SEG_MAX |
		(device.legacy ? 0 : 1ul << VIRTIO_F_VERSION_1);

	switch (at - REGISTERS) {
	case VIRTIO_MMIO_MAGIC_VALUE:
		return 0x74726976;
	case VIRTIO_MMIO_VERSION:
		return device.legacy ? 1 : 2;
	case VIRTIO_MMIO_DEVICE_ID:
		return 2;
	case VIRTIO_MMIO_DEVICE_FEATURES:
		return offered >> 32 * device.features_half;
	case VIRTIO_MMIO_STATUS:
		return device.status;
	case VIRTIO_MMIO_QUEUE_NUM_MAX:
		return 256;
	case VIRTIO_MMIO_INTERRUPT_STATUS:
		return 1;
	case VIRTIO_MMIO_CONFIG:
		return DISK_SECTORS;
	case VIRTIO_MMIO_CONFIG + offsetof(struct virtio_blk_config, seg_max):
		return 126;
	}
	return 0;
}

static void set_low(uint64_t *address, uint32_t value)
{
	*address = (*address & ~(uint64_t)UINT32_MAX) | value;
}

static void set_high(uint64_t *address, uint32_t value)
{
	*address = (uint32_t)*address | (uint64_t)value << 32;
}

/* Where a legacy device looks for the parts of its queue. */
static void legacy_layout(uint32_t pfn)
{
	uint64_t align = device.align;

	device.desc = (uint64_t)pfn << PAGE_SHIFT;
	device.avail = device.desc + 16 * device.num;
	device.used = device.avail + 4 + 2 * device.num;
	device.used = (device.used + align - 1) / align * align;
}

void mmio_write32(vaddr_t at, uint32_t value)
{
	switch (at - REGISTERS) {
	case VIRTIO_MMIO_STATUS:
		device.status = value;
		break;
	case VIRTIO_MMIO_DEVICE_FEATURES_SEL:
	case VIRTIO_MMIO_DRIVER_FEATURES_SEL:
		device.features_half = value;
		break;
	case VIRTIO_MMIO_DRIVER_FEATURES:
		if (device.features_half)
			set_high(&device.features, value);
		else
			set_low(&device.features, value);
		break;
	case VIRTIO_MMIO_QUEUE_NUM:
		device.num = value;
		break;
	case VIRTIO_MMIO_QUEUE_ALIGN:
		device.align = value;
		break;
	case VIRTIO_MMIO_QUEUE_PFN:
		legacy_layout(value);
		break;
	case VIRTIO_MMIO_QUEUE_DESC_LOW:
		set_low(&device.desc, value);
		break;
	case VIRTIO_MMIO_QUEUE_DESC_HIGH:
		set_high(&device.desc, value);
		break;
	case VIRTIO_MMIO_QUEUE_AVAIL_LOW:
		set_low(&device.avail, value);
		break;
	case VIRTIO_MMIO_QUEUE_AVAIL_HIGH:
		set_high(&device.avail, value);
		break;
	case VIRTIO_MMIO_QUEUE_USED_LOW:
		set_low(&device.used, value);
		break;
	case VIRTIO_MMIO_QUEUE_USED_HIGH:
		set_high(&device.used, value);
		break;
	}
}

static struct vring_used *used_ring(void)
{
	return phys_to_virt(device.used);
}

/* Notice what has become available. */
static void device_look(void)
{
	struct vring_avail *avail = phys_to_virt(device.avail);

	for (; device.seen != avail->idx && device.npending < 1024;
	     device.seen++)
		device.pending[device.npending++] =
			avail->ring[device.seen % device.num];
}

/* Do what one chain says; the last descriptor is the status. */
static void serve(uint16_t head)
{
	struct vring_desc *desc = phys_to_virt(device.desc);
	struct virtio_blk_outhdr *header = phys_to_virt(desc[head].addr);
	uint8_t *at = device.disk + header->sector * SECTOR_SIZE;
	struct vring_desc *d = &desc[desc[head].next];

	CHECK(desc[head].len == 16 && !(desc[head].flags & VRING_DESC_F_WRITE));
	for (; d->flags & VRING_DESC_F_NEXT; d = &desc[d->next]) {
		bool in = header->type == VIRTIO_BLK_T_IN;

		CHECK(!!(d->flags & VRING_DESC_F_WRITE) == in);
		if (in)
			memcpy(phys_to_virt(d->addr), at, d->len);
		else
			memcpy(at, phys_to_virt(d->addr), d->len);
		at += d->len;
	}
	CHECK(d->len == 1 && (d->flags & VRING_DESC_F_WRITE));
	/* Every 50th sector is bad. */
	*(uint8_t *)phys_to_virt(d->addr) =
		header->type != VIRTIO_BLK_T_FLUSH && header->sector % 50 == 49
			? VIRTIO_BLK_S_IOERR
			: VIRTIO_BLK_S_OK;
}

static void put_used(uint32_t id, uint32_t length)
{
	struct vring_used *used = used_ring();

	used->ring[used->idx % device.num] =
		(struct vring_used_elem){.id = id, .len = length};
	used->idx++;
}

/* Serve one of the pending requests, any one. */
static void device_step(void)
{
	unsigned i = rand() % device.npending;
	uint16_t head = device.pending[i];

	serve(head);
	device.pending[i] = device.pending[--device.npending];
	put_used(head, 0);
}

static void interrupt(void)
{
	handler(handler_arg);
}

/* Write nonsense to whatever the device may write. */
static void device_lie(void)
{
	struct vring_used *used = used_ring();

	switch (rand() % 5) {
	case 0:
		put_used(rand(), rand());
		break;
	case 1: /* done, perhaps, but not by us; or done twice */
		put_used(rand() % device.num, UINT32_MAX);
		break;
	case 2:
		used->flags = rand();
		break;
	case 3:
		used->idx += rand() % 7 ? 1 : rand();
		break;
	case 4: /* the truth, for once, but for the work */
		if (device.npending)
			put_used(device.pending[--device.npending], 0);
		break;
	}
}

/* --- what the driver needs of the kernel --- */

/* A device tree with one place for a device. */
int fdt_next_compatible(const struct fdt *fdt, int node, const char *name)
{
	return node < 0 ? 1 : -1;
}

bool fdt_enabled(const struct fdt *fdt, int node)
{
	return true;
}

bool fdt_reg(const struct fdt *fdt, int node, uint32_t index, uint64_t *address,
	     uint64_t *nbytes)
{
	*address = REGISTERS;
	return true;
}

void plic_register(uint32_t source, void (*fn)(void *), void *arg)
{
	CHECK(source == 8);
	handler = fn;
	handler_arg = arg;
}

uint32_t plic_source(const struct fdt *fdt, int node)
{
	return 8;
}

int virtio_console_init(struct virtio_device *d)
{
	return -ENODEV;
}

/* A legacy device is told a page's number in 32 bits. */
struct page *page_alloc_zeroed(void)
{
	return mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
}

void *page_address(const struct page *pg)
{
	return (void *)pg;
}

void printk(const char *format, ...)
{
}

void sched_prepare(void)
{
}

void sched_cancel(void)
{
}

void sched_block_until(uint64_t deadline)
{
	device_look();
	if (device.npending)
		device_step();
	interrupt();
}

void sched_block(void)
{
	sched_block_until(UINT64_MAX);
}

bool sched_wake(struct task *task)
{
	return true;
}

bool sched_interrupted(void)
{
	return false;
}

uint64_t time_now(void)
{
	return 0;
}

_Noreturn void panic(const char *format, ...)
{
	printf("panic: %s\n", format);
	exit(1);
}

_Noreturn void assert_failed(const char *expression, const char *file, int line,
			     const char *function)
{
	printf("%s:%d: %s\n", file, line, expression);
	exit(1);
}

/* --- requests --- */

static struct job {
	struct block_request request;
	uint8_t *data;
	bool flying;
	int error;
} jobs[REQUESTS];

static unsigned nflying;

static void job_done(struct block_request *request, int error)
{
	struct job *job = container_of(request, struct job, request);

	CHECK(job->flying);
	job->flying = false;
	job->error = error;
	nflying--;
}

static void submit(struct block_device *disk, struct job *job, enum block_op op,
		   uint64_t sector, unsigned nsegments)
{
	uint32_t nbytes = (1 + rand() % 2) * SECTOR_SIZE;

	job->request = (struct block_request){.op = op,
					      .sector = sector,
					      .nsegments = nsegments,
					      .done = job_done};
	for (unsigned i = 0; i < nsegments; i++)
		job->request.segment[i] = (struct block_segment){
			virt_to_phys(job->data + i * 2 * SECTOR_SIZE), nbytes};
	job->flying = true;
	nflying++;
	block_submit(disk, &job->request);
}

static uint64_t random_sector(void)
{
	return rand() % (DISK_SECTORS - 2 * BLOCK_SEGMENTS_MAX);
}

/* All at once, more than the queue has room for; answered in any order. */
static void honest(struct block_device *disk)
{
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < REQUESTS; i++) {
			enum block_op op =
				rand() % 10 ? rand() % 2 : BLOCK_FLUSH;

			submit(disk, &jobs[i], op, random_sector(),
			       op == BLOCK_FLUSH
				       ? 0
				       : 1 + rand() % BLOCK_SEGMENTS_MAX);
		}
		while (nflying) {
			device_look();
			CHECK(device.npending > 0);
			for (int n = rand() % 5; n >= 0 && device.npending; n--)
				device_step();
			interrupt();
		}
		for (int i = 0; i < REQUESTS; i++) {
			bool bad = jobs[i].request.op != BLOCK_FLUSH &&
				   jobs[i].request.sector % 50 == 49;

			CHECK(jobs[i].error == (bad ? -EIO : 0));
		}
	}
}

static void data_arrives(struct block_device *disk)
{
	uint8_t out[4096], in[4096];

	for (int i = 0; i < 100; i++) {
		uint64_t sector = random_sector() / 50 * 50;

		for (size_t j = 0; j < sizeof(out); j++)
			out[j] = rand();
		CHECK(block_transfer(disk, BLOCK_WRITE, sector, out, 4096) ==
		      0);
		CHECK(block_transfer(disk, BLOCK_READ, sector, in, 4096) == 0);
		CHECK(memcmp(in, out, sizeof(in)) == 0);
	}
	CHECK(block_transfer(disk, BLOCK_READ, 49, in, 512) == -EIO);
	CHECK(block_flush(disk) == 0);
}

static void refused(struct block_device *disk)
{
	uint8_t in[1024];

	CHECK(block_transfer(disk, BLOCK_READ, DISK_SECTORS, in, 512) == -EIO);
	CHECK(block_transfer(disk, BLOCK_READ, DISK_SECTORS - 1, in, 1024) ==
	      -EIO);
	CHECK(block_transfer(disk, BLOCK_READ, UINT64_MAX, in, 512) == -EIO);
	CHECK(block_transfer(disk, BLOCK_READ, 0, in, 100) == -EIO);
	CHECK(block_transfer(disk, BLOCK_READ, 0, in, 0) == -EIO);
	disk->read_only = true;
	CHECK(block_transfer(disk, BLOCK_WRITE, 0, in, 512) == -EROFS);
	disk->read_only = false;
}

static void lying(struct block_device *disk)
{
	for (int i = 0; i < LIES; i++) {
		struct job *job = &jobs[rand() % REQUESTS];

		if (!job->flying)
			submit(disk, job, rand() % 2, random_sector(),
			       1 + rand() % BLOCK_SEGMENTS_MAX);
		device_look();
		device_lie();
		interrupt();
	}
}

static void run(bool legacy)
{
	struct block_device *disk, *next = NULL;

	memset(&device, 0, sizeof(device));
	device.legacy = legacy;
	virtio_init(NULL);
	do
		disk = next;
	while ((next = block_next(disk)));
	CHECK(disk && device.status == (legacy ? 7u : 15u));
	CHECK(disk->nsectors == DISK_SECTORS && disk->can_flush);
	CHECK(block_find(disk->name) == disk);
	CHECK(block_find_rdev(disk->rdev) == disk);
	data_arrives(disk);
	refused(disk);
	honest(disk);
	lying(disk);
	nflying = 0;
	for (int i = 0; i < REQUESTS; i++)
		jobs[i].flying = false;
}

int main(void)
{
	for (int i = 0; i < REQUESTS; i++)
		jobs[i].data = malloc(BLOCK_SEGMENTS_MAX * 2 * SECTOR_SIZE);
	run(true);
	run(false);
	printf("virtio: %lu passed\n", passed);
	return 0;
}
