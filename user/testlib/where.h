/* SPDX-License-Identifier: MIT */
#ifndef TESTLIB_WHERE_H
#define TESTLIB_WHERE_H

/*
 * where.h - what these programs run on, and what that can do.
 *
 * They are Linux programs, and Linux is the oracle: every case must pass
 * there.  A few can't run everywhere: an emulator of user mode (qemu-riscv64)
 * passes memory calls on to a host with rights and addresses of its own, and
 * Linux does not have Quire's counters.
 */

#include <stdbool.h>
#include <stddef.h>

enum where {
	ON_QUIRE = 1,
	ON_LINUX = 2,    /* a real kernel */
	ON_EMULATOR = 4, /* qemu-user on some Linux */
};

enum where where(void);

/* Skip the case if it runs on one of @places; the reason is printed. */
void skip_on(unsigned places, const char *reason);

/* Skip where a program can't execute others of its kind (qemu-user without
 * binfmt_misc). */
void skip_unless_exec_works(void);

/* This program's file. */
const char *program_path(void);

unsigned harts_online(void);

/* Bytes of memory, in all, available now and free at once (/proc/meminfo); and
 * what of it holds disk blocks, and pages of files. */
size_t memory_total(void);
size_t memory_available(void);
size_t memory_free(void);

/* Skip where there is so little that reclaim is always at work, and what it
 * does is counted, too. */
void skip_if_memory_is_short(void);
size_t memory_of_swap(void);

/* So little, swap included, that a case may be killed for want of it. */
bool memory_may_end(void);
size_t memory_of_buffers(void);
size_t memory_of_files(void);

#endif
