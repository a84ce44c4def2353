/* SPDX-License-Identifier: MIT */
#ifndef FS_PIPE_H
#define FS_PIPE_H

/* pipe.h - pipe(2).  (FIFOs are file_ops_fifo, in file.h.) */

#include "fs/file.h"

/* The two ends: [0] for reading, [1] for writing.  @flags: O_NONBLOCK.
 * 0 or -ENOMEM. */
int pipe_new(struct file *ends[2], unsigned flags);

#endif
