/* SPDX-License-Identifier: MIT */
#ifndef FS_MEMFILE_H
#define FS_MEMFILE_H

/*
 * memfile.h - regular files whose contents are in memory and nowhere else:
 * tmpfs's, those of memfd_create(2), and shared anonymous memory.
 */

#include "fs/file.h"

/* Since Linux 6.3: not in every toolchain's headers. */
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x0020
#endif

/* Make a fresh regular file's @inode one.  @room: see struct mapping. */
void memfile_init(struct inode *inode, atomic_long *room);

/* memfd_create(2): an open file that shows as "/NAME (deleted)".  @seals: what
 * it begins with.  0 or -ENOMEM. */
int memfile_new(const char *name, uint32_t mode, unsigned seals,
		struct file **out);

/* fcntl's F_ADD_SEALS and F_GET_SEALS. */
long seals_add(struct file *f, unsigned seals);
long seals_get(struct file *f);

/* May a write that ends at @end be made?  What would make a file longer that
 * may not grow is refused whole, as on Linux.  The inode is locked. */
bool seals_let_write(const struct inode *inode, uint64_t end);

/*
 * Around mmap(2) of a file, shared, by a descriptor that may write: are stores
 * by way of mappings sealed?  If not, F_SEAL_WRITE finds the file mapped until
 * the end.
 */
bool seals_map_begin(struct file *f);
void seals_map_end(struct file *f, bool sealed);

#endif
