// SPDX-License-Identifier: MIT
/*
 * files.c - files for cases, made with plain system calls.
 */

#define _GNU_SOURCE
#include "testlib/files.h"

#include <ftw.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

void fill_pattern(void *to, size_t nbytes, size_t offset)
{
	unsigned char *bytes = to;

	for (size_t i = 0; i < nbytes; i++)
		bytes[i] = pattern(offset + i);
}

void check_pattern(const volatile void *seen, size_t nbytes, size_t offset,
		   const char *text, struct place place)
{
	const volatile unsigned char *bytes = seen;

	for (size_t i = 0; i < nbytes; i++)
		if (bytes[i] != pattern(offset + i))
			fail(place,
			     "%s: byte %zu: expected %#x (the file's at %zu), "
			     "saw %#x",
			     text, i, pattern(offset + i), offset + i,
			     bytes[i]);
}

static int create(const char *name)
{
	return expect_ok(
		open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
}

int make_file(const char *name, size_t nbytes)
{
	char page[PAGE];
	int fd = create(name);

	for (size_t at = 0; at < nbytes; at += PAGE) {
		size_t n = nbytes - at < PAGE ? nbytes - at : PAGE;

		fill_pattern(page, n, at);
		expect_eq(pwrite(fd, page, n, at), n);
	}
	return fd;
}

int make_sparse(const char *name, size_t nbytes)
{
	int fd = create(name);

	expect_ok(ftruncate(fd, nbytes));
	return fd;
}

void make_program(const char *name, const void *bytes, size_t nbytes)
{
	int fd = create(name);

	expect_eq(write(fd, bytes, nbytes), nbytes);
	expect_ok(fchmod(fd, 0755));
	expect_ok(close(fd));
}

void make_text(const char *name, const char *text)
{
	int fd = create(name);

	expect_eq(write(fd, text, strlen(text)), strlen(text));
	expect_ok(close(fd));
}

off_t file_size(int fd)
{
	struct stat st;

	expect_ok(fstat(fd, &st));
	return st.st_size;
}

int file_byte(int fd, off_t offset)
{
	unsigned char byte;

	expect_eq(pread(fd, &byte, 1, offset), 1);
	return byte;
}

size_t disk_free(void)
{
	struct statvfs fs;

	expect_ok(statvfs(".", &fs));
	return fs.f_bavail * fs.f_frsize;
}

size_t inodes_free(void)
{
	struct statvfs fs;

	expect_ok(statvfs(".", &fs));
	return fs.f_favail;
}

bool disk_in_memory(void)
{
	struct statfs fs;

	expect_ok(statfs(".", &fs));
	return fs.f_type == TMPFS_MAGIC;
}

static int remove_one(const char *path, const struct stat *st, int kind,
		      struct FTW *where)
{
	(void)st, (void)kind, (void)where;
	if (remove(path) != 0)
		fprintf(stderr, "can't remove %s: %s\n", path, strerror(errno));
	return 0;
}

void remove_tree(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}
