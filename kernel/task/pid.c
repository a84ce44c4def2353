// SPDX-License-Identifier: MIT
/*
 * pid.c - which numbers are in use, and for whom.
 *
 * A bitmap says which numbers are taken; the search for a free one goes on
 * behind the last one given out, 64 at a time, so that a number is not used
 * again soon.  From number to object it is a table in two levels, whose
 * leaves (4 KiB, 512 numbers) are made when they are first needed.
 *
 * Locks: process_tree_lock.  Tests: tests/host/pid_test.c.
 */

#include "kernel/task/pid.h"

#include "kernel/lib/assert.h"
#include "mm/slab.h"

enum {
	LEAF = 512,
	WORDS = PID_MAX / 64,
	RESERVED = 300, /* after the first round, daemons keep the small ones */
};

static uint64_t used[WORDS];
static struct pid **leaves[PID_MAX / LEAF];
static int last;

/* The slot for a number, or NULL while there is no leaf for it. */
static struct pid **slot(int number)
{
	struct pid **leaf = leaves[number / LEAF];

	return leaf ? &leaf[number % LEAF] : NULL;
}

static bool make_leaf(int number)
{
	struct pid ***leaf = &leaves[number / LEAF];

	if (!*leaf)
		*leaf = kmalloc_zeroed(LEAF * sizeof(**leaf));
	return *leaf;
}

/* The first number in [from, PID_MAX) whose bit in `used` is @want, or -1. */
static int scan(int from, bool want)
{
	uint64_t skip = ~0ul << from % 64;

	for (int w = from / 64; w < WORDS; w++, skip = ~0ul) {
		uint64_t found = (want ? used[w] : ~used[w]) & skip;

		if (found)
			return w * 64 + __builtin_ctzl(found);
	}
	return -1;
}

static int find_free(void)
{
	int number = last + 1 < PID_MAX ? scan(last + 1, false) : -1;

	return number < 0 ? scan(RESERVED, false) : number;
}

struct pid *pid_alloc(void)
{
	int number = find_free();
	struct pid *pid;

	if (number < 0 || !make_leaf(number))
		return NULL;
	pid = kmalloc_zeroed(sizeof(*pid));
	if (!pid)
		return NULL;
	pid->number = number;
	pid->refs = 1;
	list_init(&pid->group);
	*slot(number) = pid;
	used[number / 64] |= 1ul << number % 64;
	last = number;
	return pid;
}

struct pid *pid_hold(struct pid *pid)
{
	pid->refs++;
	return pid;
}

void pid_put(struct pid *pid)
{
	assert(pid->refs > 0);
	if (--pid->refs)
		return;
	assert(!pid->task && !pid->process && list_empty(&pid->group));
	used[pid->number / 64] &= ~(1ul << pid->number % 64);
	*slot(pid->number) = NULL;
	kfree(pid);
}

struct pid *pid_find(int number)
{
	struct pid **at;

	if (number <= 0 || number >= PID_MAX)
		return NULL;
	at = slot(number);
	return at ? *at : NULL;
}

struct pid *pid_next(int number)
{
	if (number < 1)
		number = 1;
	number = number < PID_MAX ? scan(number, true) : -1;
	return number < 0 ? NULL : *slot(number);
}

int pid_last(void)
{
	return last;
}
