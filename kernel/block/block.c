// SPDX-License-Identifier: MIT
/*
 * block.c - the list of disks, and what all drivers would do alike: checking
 * requests, and waiting for them.
 *
 *      ext2, swap --block_submit()--> check --submit()--> driver
 *           ^                           |                   |
 *           +--------- done() ----------+ (bad)             |
 *           +--------- done(), in an interrupt -------------+
 *
 * A driver may trust a request: it lies within the device, its segments are
 * whole sectors, and it doesn't write to what is read-only.  Nothing else is
 * checked below, so a block number from a corrupt disk ends here, as -EIO.
 *
 * Locks: none of its own, since disks are only registered at boot.
 */

#include "kernel/block/block.h"

#include "arch/riscv/layout.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"

static struct list devices = {&devices, &devices};

void block_register(struct block_device *device)
{
	list_add_tail(&devices, &device->link);
}

struct block_device *block_next(struct block_device *device)
{
	struct list *next = device ? device->link.next : devices.next;

	return next == &devices ? NULL
				: list_entry(next, struct block_device, link);
}

struct block_device *block_find(const char *name)
{
	struct block_device *d = NULL;

	if (strncmp(name, "/dev/", 5) == 0)
		name += 5;
	while ((d = block_next(d)) && strcmp(d->name, name) != 0)
		;
	return d;
}

struct block_device *block_find_rdev(uint32_t rdev)
{
	struct block_device *d = NULL;

	while ((d = block_next(d)) && d->rdev != rdev)
		;
	return d;
}

/* 0, -EIO or -EROFS. */
static int check(const struct block_device *device,
		 const struct block_request *request)
{
	uint64_t nbytes = 0, nsectors;

	if (request->op == BLOCK_FLUSH)
		return 0;
	if (request->nsegments == 0 || request->nsegments > BLOCK_SEGMENTS_MAX)
		return -EIO;
	for (unsigned i = 0; i < request->nsegments; i++) {
		uint32_t n = request->segment[i].nbytes;

		if (n == 0 || n % SECTOR_SIZE)
			return -EIO;
		nbytes += n;
	}
	nsectors = nbytes >> SECTOR_SHIFT;
	if (request->sector > device->nsectors ||
	    nsectors > device->nsectors - request->sector)
		return -EIO;
	return request->op == BLOCK_WRITE && device->read_only ? -EROFS : 0;
}

#ifdef CONFIG_DEBUG

static uint64_t ncounted, nfailing, first_failing, end_failing;

void block_fail(uint64_t first, uint64_t end)
{
	first_failing = end_failing = 0;
	ncounted = nfailing = 0;
	end_failing = end;
	first_failing = first;
}

uint64_t block_counted(uint64_t *nfailed)
{
	*nfailed = nfailing;
	return ncounted;
}

static int fail(const struct block_device *device)
{
	if (device == block_next(NULL))
		return 0;
	uint64_t n = atomic_fetch_add(&ncounted, 1) + 1;

	if (n < first_failing || n >= end_failing)
		return 0;
	atomic_fetch_add(&nfailing, 1);
	return -EIO;
}

#else

static inline int fail(const struct block_device *device)
{
	return 0;
}

#endif

void block_submit(struct block_device *device, struct block_request *request)
{
	int err = check(device, request);

	if (!err)
		err = fail(device);
	if (err || (request->op == BLOCK_FLUSH && !device->can_flush))
		request->done(request, err);
	else
		device->submit(device, request);
}

/* What block_submit_wait() sleeps for. */
struct completion {
	struct spinlock lock;
	struct waitq queue;
	bool done;
	int error;
};

static void complete(struct block_request *request, int error)
{
	struct completion *c = request->owner;
	unsigned long saved = spin_lock_irq(&c->lock);

	c->error = error;
	c->done = true;
	waitq_wake_one(&c->queue);
	spin_unlock_irq(&c->lock, saved);
}

int block_submit_wait(struct block_device *device,
		      struct block_request *request)
{
	struct completion c = {.lock = SPINLOCK_INIT("block wait", RANK_BLOCK)};
	unsigned long saved;

	waitq_init(&c.queue);
	request->done = complete;
	request->owner = &c;
	block_submit(device, request);
	saved = spin_lock_irq(&c.lock);
	while (!c.done)
		waitq_wait(&c.queue, &c.lock);
	spin_unlock_irq(&c.lock, saved);
	return c.error;
}

int block_transfer(struct block_device *device, enum block_op op,
		   uint64_t sector, void *buffer, uint32_t nbytes)
{
	struct block_request request = {
		.op = op,
		.sector = sector,
		.segment = {{virt_to_phys(buffer), nbytes}},
		.nsegments = 1,
	};

	return block_submit_wait(device, &request);
}

int block_flush(struct block_device *device)
{
	struct block_request request = {.op = BLOCK_FLUSH};

	return block_submit_wait(device, &request);
}
