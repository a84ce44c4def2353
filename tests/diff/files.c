// SPDX-License-Identifier: MIT
/*
 * files.c - the steps that use files.
 *
 * Linux's riscv64 copy between kernel and user may stop up to a word or eight
 * before the address that faults, and with luck its write(2) then tries for
 * ever; it is exact for whole pages, and below 72 bytes.  So transfers are of
 * whole pages or small; and the small ones never overlap themselves, in a
 * mapping of the same page: a buffer is near the edges of pages, and what is
 * read or written of the file away from them.  The memory file, sealed or
 * not, has no name, and only one descriptor.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "differ.h"

/* The descriptors: those of a and b come first, then the memory file's. */
enum { REAL = 5, COMMON = REAL + 1, CLOSED = COMMON, MEMORY_FILE = FILES };

static const char *const names[FILES] = {"a", "b"};

static struct descriptor descriptors[] = {
	{"a", -1, 0, O_RDWR},
	{"a-readonly", -1, 0, O_RDONLY},
	{"a-writeonly", -1, 0, O_WRONLY},
	{"b", -1, 1, O_RDWR},
	{"b-readonly", -1, 1, O_RDONLY},
	{"memfd", -1, MEMORY_FILE, O_RDWR},
	{"closed", -1, -1, O_RDONLY},
	{"folder", -1, -1, O_RDONLY},
};

enum { DESCRIPTORS = sizeof(descriptors) / sizeof(descriptors[0]) };

static struct descriptor *const memory_file = &descriptors[REAL];

bool odd_sizes, in_memory;

/* Each byte tells which page of which file it was made for. */
static void fill(int fd, int file, unsigned npages)
{
	char page[PAGE];

	for (unsigned i = 0; i < npages; i++) {
		memset(page, 16 * (file + 1) + i, PAGE);
		if (pwrite(fd, page, PAGE, (off_t)i * PAGE) != PAGE)
			abort();
	}
}

/* A memory file, in place of the one that there was: seals are for ever. */
static void memory_file_new(void)
{
	if (memory_file->fd >= 0)
		close(memory_file->fd);
	memory_file->fd = memfd_create("m", MFD_ALLOW_SEALING);
	if (memory_file->fd < 0)
		abort();
	fill(memory_file->fd, MEMORY_FILE, below(FILE_PAGES));
}

void files_open(void)
{
	for (int file = 0; file < FILES; file++) {
		int fd = open(names[file], O_RDWR | O_CREAT | O_TRUNC, 0600);
		if (fd < 0)
			abort();
		fill(fd, file, below(FILE_PAGES));
		close(fd);
	}
	for (struct descriptor *d = descriptors; d < descriptors + DESCRIPTORS;
	     d++) {
		if (d->file >= 0 && d->file < FILES)
			d->fd = open(names[d->file], d->mode);
		else if (strcmp(d->name, "folder") == 0)
			d->fd = open(".", O_RDONLY);
	}
	memory_file->fd = -1;
	memory_file_new();
}

void files_close(void)
{
	for (int i = 0; i < DESCRIPTORS; i++)
		if (descriptors[i].fd >= 0)
			close(descriptors[i].fd);
	for (int file = 0; file < FILES; file++)
		unlink(names[file]);
}

const struct descriptor *file_any(void)
{
	/* The odd ones are rare. */
	return &descriptors[below(one_in(6) ? DESCRIPTORS : COMMON)];
}

static const struct descriptor *file_real(void)
{
	return &descriptors[below(REAL)];
}

/* Make the size whole pages again, if it must be. */
static void mend_size(const struct descriptor *d)
{
	struct stat st;

	if (odd_sizes || d->mode == O_RDONLY || fstat(d->fd, &st) != 0)
		return;
	if (st.st_size % PAGE == 0)
		return;
	if (ftruncate(d->fd, (st.st_size + PAGE - 1) / PAGE * PAGE) != 0)
		abort();
}

/* --- reading and writing ------------------------------------------------- */

char *near_an_edge(void)
{
	return ARENA + below(ARENA_PAGES + 1) * PAGE + below(2 * NEAR) - NEAR;
}

char *away_from_edges(void)
{
	return ARENA + below(ARENA_PAGES) * PAGE + NEAR + SMALL +
	       below(PAGE - 2 * NEAR - 3 * SMALL);
}

static bool inner(off_t offset, size_t nbytes)
{
	size_t in_page = offset % PAGE;

	return in_page >= NEAR + SMALL &&
	       in_page + nbytes <= PAGE - NEAR - SMALL;
}

/* pread or pwrite. */
void step_transfer(void)
{
	const struct descriptor *d = file_any();
	bool writes = one_in(2);
	off_t offset = below(FILE_PAGES) * PAGE;
	size_t nbytes;
	char *at;

	if (one_in(2)) {
		at = ARENA + below(ARENA_PAGES) * PAGE;
		nbytes = (1 + below(3)) * PAGE;
	} else {
		at = near_an_edge();
		nbytes = below(SMALL + 1);
		offset += NEAR + SMALL + below(PAGE - 2 * NEAR - 3 * SMALL);
	}
	if (one_in(64))
		offset = -offset;
	/* How much Linux brings in of what a seal refuses is its folios'
	 * affair. */
	if (writes && d == memory_file && nbytes > PAGE)
		nbytes = PAGE;
	say("%s %s", writes ? "pwrite" : "pread", d->name);
	say_address(at);
	say(" bytes %zu at %ld", nbytes, (long)offset);
	say_result(writes ? pwrite(d->fd, at, nbytes, offset)
			  : pread(d->fd, at, nbytes, offset));
	if (writes)
		mend_size(d);
}

/* The same at the descriptor's position, if that is away from the edges. */
void step_read_write(void)
{
	const struct descriptor *d = file_real();
	bool writes = one_in(2);
	size_t nbytes = below(SMALL + 1);
	char *at = near_an_edge();
	off_t position = lseek(d->fd, 0, SEEK_CUR);

	if (!inner(position, nbytes)) {
		position = position / PAGE * PAGE + PAGE / 2;
		lseek(d->fd, position, SEEK_SET);
	}
	say("%s %s", writes ? "write" : "read", d->name);
	say_address(at);
	say(" bytes %zu at %ld", nbytes, (long)position);
	say_result(writes ? write(d->fd, at, nbytes) : read(d->fd, at, nbytes));
	if (writes)
		mend_size(d);
}

/* --- the others ---------------------------------------------------------- */

void step_seek(void)
{
	static const char *const whences[] = {"set", "cur", "end"};
	const struct descriptor *d = file_real();
	int whence = below(3);
	off_t offset = below(FILE_PAGES * PAGE);

	if (one_in(3))
		offset = -offset;
	say("lseek %s %s %ld", d->name, whences[whence], (long)offset);
	off_t result = lseek(d->fd, offset, whence);
	say_result(result);
	/* Positions add up; the disk is small. */
	if (result > 2 * FILE_PAGES * PAGE)
		lseek(d->fd, 0, SEEK_SET);
}

void step_truncate(void)
{
	const struct descriptor *d = file_any();
	off_t size = below(FILE_PAGES + 1) * PAGE;

	if (odd_sizes)
		size = below(FILE_PAGES * PAGE);
	if (one_in(32))
		size = -1;
	say("ftruncate %s %ld", d->name, (long)size);
	say_result(ftruncate(d->fd, size));
}

/* On a disk, each filesystem has an answer of its own. */
void step_allocate(void)
{
	static const int modes[] = {
		0,
		FALLOC_FL_KEEP_SIZE,
		FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		FALLOC_FL_PUNCH_HOLE,
	};
	const struct descriptor *d = file_any();
	int mode = modes[below(sizeof(modes) / sizeof(modes[0]))];
	off_t offset = below(FILE_PAGES) * PAGE, nbytes = below(4 * PAGE) - 8L;

	if (one_in(2))
		offset += below(PAGE);
	if (!in_memory && d != memory_file)
		d = &descriptors[CLOSED];
	say("fallocate %s %#x at %ld bytes %ld", d->name, mode, (long)offset,
	    (long)nbytes);
	say_result(fallocate(d->fd, mode, offset, nbytes));
	mend_size(d);
}

void step_seal(void)
{
	static const int seals[] = {F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE,
				    F_SEAL_FUTURE_WRITE};

	if (one_in(2)) {
		say("memfd\n");
		memory_file_new();
		return;
	}
	int seal = one_in(8) ? (int)below(64) : seals[below(4)];
	say("seal %#x", seal);
	say_result(fcntl(memory_file->fd, F_ADD_SEALS, seal));
	say("        seals");
	say_result(fcntl(memory_file->fd, F_GET_SEALS));
}

void step_sync_file(void)
{
	const struct descriptor *d = file_any();

	say("fsync %s", d->name);
	say_result(fsync(d->fd));
}

void files_snapshot(void)
{
	static _Alignas(8) char page[PAGE];
	struct stat st;

	for (int i = 0; i < DESCRIPTORS; i++) {
		const struct descriptor *d = &descriptors[i];
		if (d->file < 0 || d->mode != O_RDWR)
			continue;
		fstat(d->fd, &st);
		say("file %s size %ld", d->name, (long)st.st_size);
		for (off_t at = 0; at < st.st_size; at += PAGE) {
			memset(page, 0, PAGE);
			if (pread(d->fd, page, PAGE, at) < 0)
				say(" %s", strerrorname_np(errno));
			else
				say(" %lx", sum_page(page));
		}
		say("\n");
	}
}
