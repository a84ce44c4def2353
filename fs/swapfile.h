/* SPDX-License-Identifier: MIT */
#ifndef FS_SWAPFILE_H
#define FS_SWAPFILE_H

/*
 * swapfile.h - swapon(2) and swapoff(2): which disk, or which file's blocks.
 */

#include "fs/text.h"
#include "fs/path.h"

/* @priority < 0: the kernel chooses.  Linux's errnos. */
int swapfile_on(struct fs_context *fs, const char *path, int priority);
int swapfile_off(struct fs_context *fs, const char *path);

/* Power-off: no process is left, so nothing is in them. */
void swapfile_off_all(void);

/* /proc/swaps */
int swapfile_show(struct text *text, int pid);

#endif
