/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_DEV_LOG_H
#define KERNEL_DEV_LOG_H

/* log.h - what panic.c needs of the log beyond printk.h. */

#include "kernel/lib/types.h"

/* From now on printk prints, quiet or not, and takes no lock: all other harts
 * have been stopped, perhaps with the log's lock held. */
void log_enter_panic(void);

/* True since then: the console's driver takes no lock either. */
bool log_in_panic(void);

#endif
