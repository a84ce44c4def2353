// SPDX-License-Identifier: MIT
/*
 * journal_buffers.c - which buffers are in which transaction.
 *
 * Two lists, and a buffer may be on both:
 *
 *   running   changed since the last commit
 *   logged    in the journal as part of log_tid, and not home yet: sorted by
 *             it, since a commit puts what it takes at the end
 *
 * The first of `logged` says how far back the journal is still needed.  What
 * is changed again before it went home stays there, with its older copy, until
 * the next commit takes it: only then is the older copy not needed.
 *
 * A buffer whose block was freed waits on `running` for the same reason.  Then
 * it is dropped.
 *
 * Locking: j->lock, with interrupts off: journal_home() is called in one.
 * Tests: tests/host/journal_test.c.
 */

#include "fs/journal.h"
#include "kernel/lib/assert.h"

/* Add the BUSY buffer to the running transaction. */
static void run(struct journal *j, struct buffer *b, unsigned bits)
{
	buffer_hold(b);
	unsigned long irq = spin_lock_irq(&j->lock);

	assert(j->nhandles || j->frozen);
	if (!(atomic_fetch_or(&b->state, bits) & BUFFER_RUNNING)) {
		list_add_tail(&j->running, &b->running_link);
		j->nrunning++;
	}
	spin_unlock_irq(&j->lock, irq);
}

void journal_changed(struct journal *j, struct buffer *b)
{
	/* A disk that lies may have a block in two places, and it is freed in
	 * one: it stays FORGOTTEN, and what is in it does not matter. */
	if (!(b->state & BUFFER_RUNNING))
		run(j, b, BUFFER_RUNNING);
}

void journal_forgot(struct journal *j, struct buffer *b)
{
	/* From the logged list, too, only a commit takes it while we have it:
	 * it has not been written home. */
	if (b->state & BUFFER_RUNNING || !list_empty(&b->logged_link))
		run(j, b, BUFFER_RUNNING | BUFFER_FORGOTTEN);
}

void journal_home(struct journal *j, struct buffer *b)
{
	unsigned long irq = spin_lock_irq(&j->lock);

	list_remove(&b->logged_link);
	spin_unlock_irq(&j->lock, irq);
}

/* Off the running list; the state it had there. */
static unsigned running_pop(struct journal *j, uint32_t start,
			    struct buffer **out)
{
	const unsigned bits = BUFFER_RUNNING | BUFFER_FORGOTTEN;
	unsigned long irq = spin_lock_irq(&j->lock);
	struct list *link = list_pop(&j->running);
	struct buffer *b = NULL;
	unsigned state = 0;

	if (link) {
		b = list_entry(link, struct buffer, running_link);
		state = atomic_fetch_and(&b->state, ~bits);
		j->nrunning--;
		list_remove(&b->logged_link);
		if (!(state & BUFFER_FORGOTTEN)) {
			list_add_tail(&j->logged, &b->logged_link);
			b->log_tid = j->tid;
			b->log_start = start;
		}
	}
	spin_unlock_irq(&j->lock, irq);
	*out = b;
	return state;
}

struct buffer *journal_take(struct journal *j, uint32_t start)
{
	struct buffer *b;

	while (running_pop(j, start, &b) & BUFFER_FORGOTTEN) {
		buffer_unhold(b, false);
		buffer_put(b);
	}
	if (b)
		buffer_begin(b);
	return b;
}

struct buffer *journal_after(struct journal *j, struct buffer *b)
{
	unsigned long irq = spin_lock_irq(&j->lock);
	struct list *next = b->logged_link.next;

	spin_unlock_irq(&j->lock, irq);
	return next == &j->logged
		       ? NULL
		       : list_entry(next, struct buffer, logged_link);
}

void journal_let_home(struct journal *j, struct buffer *first)
{
	struct buffer *next;

	for (struct buffer *b = first; b; b = next) {
		/* The next one can't go home before its turn is here. */
		next = journal_after(j, b);
		buffer_begin(b);
		bool running = b->state & BUFFER_RUNNING;

		if (!running)
			buffer_unhold(b, true);
		buffer_release(b);
		if (!running)
			buffer_put(b);
	}
}

bool journal_oldest(struct journal *j, uint32_t *tid, uint32_t *start)
{
	unsigned long irq = spin_lock_irq(&j->lock);
	bool any = !list_empty(&j->logged);

	if (any) {
		struct buffer *b =
			list_entry(j->logged.next, struct buffer, logged_link);

		*tid = b->log_tid;
		*start = b->log_start;
	}
	spin_unlock_irq(&j->lock, irq);
	return any;
}

/* The first of a list, off both. */
static struct buffer *pop(struct journal *j)
{
	unsigned long irq = spin_lock_irq(&j->lock);
	struct buffer *b = NULL;

	if (!list_empty(&j->running))
		b = list_entry(j->running.next, struct buffer, running_link);
	else if (!list_empty(&j->logged))
		b = list_entry(j->logged.next, struct buffer, logged_link);
	if (b) {
		list_remove(&b->running_link);
		list_remove(&b->logged_link);
	}
	spin_unlock_irq(&j->lock, irq);
	return b;
}

void journal_drop_buffers(struct journal *j)
{
	const unsigned bits = BUFFER_RUNNING | BUFFER_FORGOTTEN;
	struct buffer *b;

	while ((b = pop(j))) {
		bool held = b->state & BUFFER_HELD;

		atomic_fetch_and(&b->state, ~bits);
		if (!held)
			continue; /* dirty, and not ours */
		buffer_unhold(b, false);
		buffer_put(b);
	}
	j->nrunning = 0;
}
