/* SPDX-License-Identifier: MIT */
/* renamed_string.c - the kernel's string functions under other names, so that
 * they can stand beside the C library's. */

#define memcpy quire_memcpy
#define memmove quire_memmove
#define memset quire_memset
#define memcmp quire_memcmp
#define memchr quire_memchr
#define strlen quire_strlen
#define strnlen quire_strnlen
#define strcmp quire_strcmp
#define strncmp quire_strncmp
#define strchr quire_strchr
#define strrchr quire_strrchr
#include "kernel/lib/string.c"
