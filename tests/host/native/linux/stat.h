/* SPDX-License-Identifier: MIT */

/* stat.h, natively: with S_IF* and S_IS*(), which it leaves to a C library
 * where it sees one. */

#ifdef __KERNEL__
#include_next <linux/stat.h>
#else
#define __KERNEL__
#include_next <linux/stat.h>
#undef __KERNEL__
#endif
