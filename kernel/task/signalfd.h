/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_TASK_SIGNALFD_H
#define KERNEL_TASK_SIGNALFD_H

/* signalfd.h - signals to be read from a file. */

#include "fs/file.h"

/* A file from which signals in @set are read.  0 or -ENOMEM. */
int signalfd_new(uint64_t set, unsigned flags, struct file **out);

/* Change an old one's.  -EINVAL: @f is no such file. */
int signalfd_set(struct file *f, uint64_t set);

#endif
