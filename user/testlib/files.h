/* SPDX-License-Identifier: MIT */
#ifndef TESTLIB_FILES_H
#define TESTLIB_FILES_H

/*
 * files.h - the files most cases start with.
 *
 * A case's current folder is its own, so names are plain: "file".  The
 * functions end the case if they can't do what they say.
 */

#include <fcntl.h>
#include <sys/stat.h>

#include "testlib/test.h"

/* The byte that make_file() puts at @offset: never 0, and different at the
 * same place of nearby pages. */
static inline unsigned char pattern(size_t offset)
{
	return 1 + (offset + offset / PAGE * 7) % 251;
}

void fill_pattern(void *to, size_t nbytes, size_t offset);

/* The @nbytes at @seen are the pattern from @offset on. */
#define expect_pattern(seen, nbytes, offset) \
	check_pattern(seen, nbytes, offset, #seen, HERE)
void check_pattern(const volatile void *seen, size_t nbytes, size_t offset,
		   const char *text, struct place place);

/* A new file of @nbytes with the pattern in it, open for both. */
int make_file(const char *name, size_t nbytes);

/* A new file of @nbytes without a block, open for both. */
int make_sparse(const char *name, size_t nbytes);

/* A new empty file with these contents; it is closed. */
void make_text(const char *name, const char *text);

/* A new executable file with these bytes; it is closed. */
void make_program(const char *name, const void *bytes, size_t nbytes);

/* The size by fstat. */
off_t file_size(int fd);

/* One byte of a file by pread. */
int file_byte(int fd, off_t offset);

/* Bytes free on the filesystem of the current folder, and inodes. */
size_t disk_free(void);
size_t inodes_free(void);

/* Is that a tmpfs? */
bool disk_in_memory(void);

/* Remove @path and all below it. */
void remove_tree(const char *path);

#endif
