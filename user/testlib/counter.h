/* SPDX-License-Identifier: MIT */
#ifndef TESTLIB_COUNTER_H
#define TESTLIB_COUNTER_H

/*
 * counter.h - the kernel's own counts of events, from /proc/vmstat.
 *
 *	struct counter written = counter_start("quire_data_pages_written");
 *	...
 *	expect_counted(&written, 1);
 *
 * With one page cache many mistakes can't be seen in bytes, so cases count
 * faults, copies, frames and pages written.  Only Quire's counts are used:
 * on another kernel there is nobody to say that the rest of the system is
 * quiet, and there all checks of counters hold.
 *
 * Pages are counted one by one: from counter_start() on a case and its children
 * get no huge ones, unless they ask for them by PR_SET_THP_DISABLE.
 */

#include <limits.h>
#include "testlib/test.h"

struct counter {
	const char *name;
	long start;   /* -1: not to be had here */
	long buffers; /* frames that held disk blocks then */
};

/* A counter's value now, or -1. */
long counter_read(const char *name);

struct counter counter_start(const char *name);

/* How far it went since; 0 if it is not to be had. */
long counter_since(const struct counter *counter);

/* Skip a case that is about nothing else. */
void skip_unless_counted(const char *name);

/* It went forward by exactly @n; by @low to @high. */
#define expect_counted(counter, n) check_counted(counter, n, n, HERE)
#define expect_counted_between(counter, low, high) \
	check_counted(counter, low, high, HERE)

/* Of free frames: at most @slack are missing, now or a little later, since the
 * last of a process goes when somebody else has run.  More than before is no
 * fault, and one that holds a disk block is as good as free. */
#define expect_returned(counter, slack) check_returned(counter, slack, HERE)

void check_counted(const struct counter *counter, long low, long high,
		   struct place place);
void check_returned(const struct counter *counter, long slack,
		    struct place place);

/* Empty the caches of what is on disk, where that can be asked for. */
void drop_caches(void);

#endif
