/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_BLOCK_BLOCK_H
#define KERNEL_BLOCK_BLOCK_H

/*
 * block.h - disks, as filesystems and swap see them: asynchronous requests
 * on runs of 512-byte sectors.
 *
 * A request is the caller's memory from block_submit() until its done() is
 * called, once, in interrupt context (or by block_submit() itself).  Requests
 * in flight together may complete in any order; a FLUSH orders nothing but
 * promises that all writes completed before it was submitted are on stable
 * storage.
 */

#include "kernel/lib/list.h"
#include "kernel/sync/waitq.h"

enum { SECTOR_SHIFT = 9, SECTOR_SIZE = 512, BLOCK_SEGMENTS_MAX = 32 };

enum block_op { BLOCK_READ, BLOCK_WRITE, BLOCK_FLUSH };

struct block_segment {
	paddr_t pa;
	uint32_t nbytes;
};

struct block_request {
	enum block_op op;
	uint64_t sector;
	struct block_segment segment[BLOCK_SEGMENTS_MAX];
	unsigned nsegments;
	void (*done)(struct block_request *request, int error);
	void *owner;      /* for done() */
	struct list link; /* the driver's, while it has the request */
};

struct journal;

struct block_device {
	char name[16]; /* "vda" */
	uint32_t rdev; /* Linux's device number, encoded as by new_encode_dev */
	uint64_t nsectors;
	bool read_only;
	bool can_flush; /* has a volatile cache */
	void (*submit)(struct block_device *device,
		       struct block_request *request);
	void *driver;
	struct journal *journal; /* of the filesystem on it (fs/journal.h), or
				    NULL; constant while that is in use */
	struct list link;        /* among all devices, constant after boot */
};

/* Add a device found at boot. */
void block_register(struct block_device *device);

/* By name ("vda", "/dev/vda"), or by number; NULL if there is none. */
struct block_device *block_find(const char *name);
struct block_device *block_find_rdev(uint32_t rdev);

/* The one after @device in order of discovery (NULL: the first). */
struct block_device *block_next(struct block_device *device);

/*
 * Start a request.  Never fails here: a request outside the device, a write
 * to a read-only one, or a device's error reaches done() as -EIO, -EROFS.
 * May be called with spinlocks below RANK_BLOCK held, but for those that done()
 * takes: for a request refused here, done() runs before this returns.
 */
void block_submit(struct block_device *device, struct block_request *request);

/* Submit and sleep until it is done.  0 or a negative errno. */
int block_submit_wait(struct block_device *device,
		      struct block_request *request);

/* Read or write @nbytes (whole sectors) of contiguous memory in the linear
 * map (pages, kmalloc). */
int block_transfer(struct block_device *device, enum block_op op,
		   uint64_t sector, void *buffer, uint32_t nbytes);

/* Make all completed writes durable. */
int block_flush(struct block_device *device);

#ifdef CONFIG_DEBUG
/*
 * For tests (/proc/fail-request): from now on the requests to all disks but
 * the first are counted, and [@first, @end) of them, beginning with 1, fail
 * with -EIO.  How many were counted, and have failed.
 */
void block_fail(uint64_t first, uint64_t end);
uint64_t block_counted(uint64_t *nfailed);
#endif

#endif
