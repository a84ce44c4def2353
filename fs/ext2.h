/* SPDX-License-Identifier: MIT */
#ifndef FS_EXT2_H
#define FS_EXT2_H

/* ext2.h - what the rest of fs/ sees of ext2: how to mount one. */

#include "fs/inode.h"

/*
 * Mount the ext2 filesystem on @device.  Says why on the log, and returns
 * -EINVAL (not ext2, or features we don't have, or an inconsistent super
 * block), -EIO or -ENOMEM.  The result's super->root is referenced.
 */
int ext2_mount(struct block_device *device, bool read_only, struct super **out);

#endif
