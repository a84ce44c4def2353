/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_LIB_STRING_H
#define KERNEL_LIB_STRING_H

/* string.h - the standard functions on bytes and strings that we use. */

#include "kernel/lib/types.h"

void *memcpy(void *to, const void *from, size_t nbytes);
void *memmove(void *to, const void *from, size_t nbytes);
void *memset(void *to, int byte, size_t nbytes);
int memcmp(const void *a, const void *b, size_t nbytes);
void *memchr(const void *at, int byte, size_t nbytes);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t max);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);

/* Copy at most @nbytes - 1 characters, and always end with a NUL. */
void string_copy(char *to, const char *from, size_t nbytes);

/* A number at *@at, in base 8 or 10; *@at moves on behind it.  False: there is
 * none.  One that is too large is UINT64_MAX. */
bool string_number(const char **at, unsigned base, uint64_t *out);

/*
 * Fill, or copy, one whole page-aligned page: the two loops that decide what
 * memory costs (arch/riscv/copy.S on the target).
 */
void page_zero(void *page);
void page_copy(void *to, const void *from);

#endif
