/* SPDX-License-Identifier: MIT */
#ifndef MM_INJECT_H
#define MM_INJECT_H

/*
 * inject.h - an allocation that fails on purpose (debug build; in the default
 * one these are nothing at all).
 *
 * The paths that give back what was half made, when memory runs out in the
 * middle, are taken once in a blue moon.  So a task may ask that its n-th
 * allocation from now on fails: a program that does so for n = 1, 2, 3 ...
 * goes through all of them.  It is asked for as on Linux, by writing n to
 * /proc/self/fail-nth (fs/proc_inject.c).
 *
 * Counted is what a task does itself, in system calls and faults: frames,
 * those for page tables included, larger blocks, and objects.  After one that
 * failed reclaim finds nothing, or the caller would only try again; and
 * nobody is killed for it, the fault is tried again as after a kill.
 *
 * Tests: tests/guest/failnth_test.py.
 */

#include "kernel/lib/types.h"

#ifdef CONFIG_DEBUG

/* Each task has one; only it looks at it. */
struct injection {
	unsigned long left; /* the allocation that shall fail; 0: none */
	bool in_vain;       /* one has failed: reclaim finds nothing */
};

/* kernel/task/ provides: the running task's. */
struct injection *task_injection(void);

/* Is this the allocation that shall fail? */
bool inject_failure(void);

/* Shall reclaim find nothing? */
bool inject_in_vain(void);

/* Memory has come back, as if somebody had been killed.  False: no failure was
 * injected, and somebody must be. */
bool inject_end(void);

#else

static inline bool inject_failure(void)
{
	return false;
}

static inline bool inject_in_vain(void)
{
	return false;
}

static inline bool inject_end(void)
{
	return false;
}

#endif
#endif
