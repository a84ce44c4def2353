/* SPDX-License-Identifier: MIT */
#ifndef TESTLIB_SMAPS_H
#define TESTLIB_SMAPS_H

/*
 * smaps.h - what /proc/self says of this process's memory.
 *
 * The functions end the case if they don't find what they look for.
 */

#include "testlib/test.h"

/* The whole of /proc/self/NAME; valid until the next call. */
char *read_proc(const char *name);

/* The value of a field, in kB, in the text at @from. */
long proc_field(const char *from, const char *name);

/* The part of smaps that is about the mapping that starts at @p; and the value
 * of a field in it. */
const char *smap_of(const void *p);
long smap(const void *p, const char *name);

#endif
