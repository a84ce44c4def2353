/* SPDX-License-Identifier: MIT */
#ifndef TESTS_HOST_EXT2_WORLD_H
#define TESTS_HOST_EXT2_WORLD_H

/*
 * ext2_world.h - all that ext2 needs of the kernel, on the host: one task,
 * one disk in memory whose requests complete in random order and only when
 * somebody waits, and a page cache of a few lines.
 */

#include "fs/ext2.h"
#include "fs/ext2_core.h"

/* Once, first. */
void world_start(unsigned seed);

/* Random numbers, repeatable by the seed: [0, n).  And from another on. */
uint64_t world_random(uint64_t n);
void world_seed(uint64_t seed);

/* --- the disk --- */

extern struct block_device world_disk;
extern uint8_t *world_image;

/* The disk's contents from a file, or an empty disk of @nbytes; to a file. */
void world_load(const char *path);
void world_save(const char *path);

/* Remember the disk as it is; bring back what was changed since, by requests
 * and by world_patch(). */
void world_keep(void);
void world_restore(void);
void world_patch(size_t at, const void *data, size_t nbytes);

/* Counted: requests outside the disk.  Must stay 0. */
extern unsigned world_strays;
/* Requests after which the test ends: something loops.  0: no limit. */
extern unsigned world_limit;

/* The next requests fail: the @n-th from now on (1: the next), and @more
 * after it.  0: none. */
void world_fail_io(unsigned n, unsigned more);
/* The same for kmalloc and slabs. */
void world_fail_memory(unsigned n);
extern unsigned world_nrequests, world_nallocs, world_nwritten;
extern size_t world_in_use; /* allocated objects */

/* From world_record(true) on all that changes the disk is kept, in the order
 * of its completion, until false; what was kept before is forgotten. */
struct world_write {
	uint64_t sector;
	uint32_t nbytes; /* 0: a flush */
	uint8_t *data;
};
extern struct world_write *world_writes;
extern size_t world_nwrites;
void world_record(bool on);

/* Lines that printk printed since world_start or the last call. */
unsigned world_log_lines(void);
extern bool world_verbose;

/* --- files --- */

/* Like write(2), read(2): @n bytes or an errno.  Take the inode's lock. */
ssize_t world_write(struct inode *inode, uint64_t offset, const void *data,
		    size_t n);
ssize_t world_read(struct inode *inode, uint64_t offset, void *data, size_t n);

/* fsync(2). */
int world_fsync(struct inode *inode);

/* Write all dirty pages back; drop clean ones, each with probability 1/@one_in.
 * The first errno. */
int world_writeback(void);
void world_drop_pages(unsigned one_in);

/* Mount, and unmount orderly (pages that can't be written are lost). */
int world_mount(bool read_only, struct super **out);
void world_unmount(struct super *super);
/* Everything to the disk, still mounted. */
int world_sync(struct super *super);

/* Run a command of the host: 0 if it succeeds. */
int world_run(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Save the image, and let e2fsck judge it: true if it has no complaint. */
bool world_fsck(const char *path);

#endif
