/* SPDX-License-Identifier: MIT */
/* renamed_format.c - the kernel's formatting under other names, so that it can
 * stand beside the C library's. */

#define snprintf quire_snprintf
#define vsnprintf quire_vsnprintf
#include "kernel/lib/format.c"
