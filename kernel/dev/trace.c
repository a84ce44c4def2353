// SPDX-License-Identifier: MIT
/*
 * trace.c - rings of events, one for each hart.
 *
 * Events are recorded where no lock may be taken and nothing may wait, so each
 * hart has a ring of its own, in which nobody else writes, with its interrupts
 * off.  The ring forgets the oldest event to make place for the newest:
 *
 *	     head - N              head
 *	- - - - +-------------------+
 *	 lost   | N events          | the next one: it goes where the one
 *	- - - - +-------------------+ at head - N lies
 *
 * A reader takes no lock, either.  It copies an event, and then looks whether
 * head has come so near that a writer may have been at work on the copy's
 * original.  For that the writer moves head on before it begins with the next
 * event, and so only N - 1 of a ring's events are safe to be read.
 *
 * Nothing is lost in silence: the numbers of events go up by one, so a reader
 * knows how many it has not seen.
 *
 * A ring is made when tracing is first switched on, and stays: a hart may be
 * just about to write in it.
 *
 * Locks: none; atomic words.  Book: chapter 16.  Tests: usertests "trace",
 * tests/guest/trace_test.py.
 */

#include "kernel/lib/trace.h"

#include "arch/riscv/hart.h"
#include "arch/riscv/irq.h"
#include "arch/riscv/time.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/slab.h"

enum { RING_MIN = 4096, RING_DEFAULT = 128 << 10, RING_MAX = 4 << 20 };
enum { LAST_EVENTS = 32 };

/* One hart's.  (a) atomic. */
struct ring {
	_Atomic(struct trace_event *) events; /* (a) NULL: never switched on */
	atomic_ulong head;                    /* (a) number of the next event */
	atomic_ulong cleared; /* (a) those below are not wanted any more */
} __attribute__((aligned(64)));

atomic_bool trace_on;
static struct ring rings[HARTS_MAX];
static atomic_ulong cleared_at; /* no event before is wanted, either */
static size_t nevents = RING_DEFAULT / sizeof(struct trace_event);

static_assert(sizeof(struct trace_event) == 64, "a ring is a power of two");

/* As snprintf wants it; an event's arguments are all of 64 bits. */
static const char *const formats[TRACE_KINDS] = {
	[TRACE_FAULT] = "fault address=0x%lx access=%s kind=%s result=%ld",
	[TRACE_COW_COPY] = "cow-copy address=0x%lx",
	[TRACE_COW_REUSE] = "cow-reuse address=0x%lx",
	[TRACE_HARVEST] = "harvest inode=%lu first=%lu end=%lu pages=%lu",
	[TRACE_WRITEBACK] = "writeback inode=%lu first=%lu pages=%lu error=%ld",
	[TRACE_SWAP_OUT] = "swap-out place=%lu pages=%lu error=%ld",
	[TRACE_SWAP_IN] = "swap-in place=%lu error=%ld",
	[TRACE_SHOOTDOWN] = "shootdown start=0x%lx end=0x%lx harts=0x%lx",
	[TRACE_MMAP] = "mmap result=0x%lx bytes=%lu prot=%lu flags=0x%lx",
	[TRACE_MUNMAP] = "munmap start=0x%lx bytes=%lu result=%ld",
	[TRACE_MPROTECT] = "mprotect start=0x%lx bytes=%lu prot=%lu result=%ld",
	[TRACE_MSYNC] = "msync start=0x%lx bytes=%lu flags=%lu result=%ld",
	[TRACE_FORK] = "fork child=%ld process=%ld flags=0x%lx",
	[TRACE_EXEC] = "exec %.32s",
	[TRACE_EXIT] = "exit status=0x%lx last=%lu",
	[TRACE_OOM_KILL] = "oom-kill victim=%ld kib=%lu",
	[TRACE_MARK] = "mark %.32s",
	[TRACE_MARK_MORE] = "more %.32s",
};

/* --- writing --- */

static void record(struct trace_event *new)
{
	unsigned long saved = irq_save();
	struct ring *ring = &rings[hart_index()];
	struct trace_event *events = ring->events;
	uint64_t n = atomic_load_explicit(&ring->head, memory_order_relaxed);

	if (events) {
		new->hart = hart_index();
		new->time = time_now();
		if (new->took)
			new->took = new->time - new->took;
		task_numbers(&new->pid, &new->tid);
		/* Who sees a byte of it sees that head is n. */
		atomic_thread_fence(memory_order_release);
		events[n & (nevents - 1)] = *new;
		atomic_store_explicit(&ring->head, n + 1, memory_order_release);
	}
	irq_restore(saved);
}

void trace_record(enum trace_kind kind, uint64_t began,
		  const uint64_t arg[TRACE_ARGS])
{
	struct trace_event new = {.kind = kind, .took = began};

	memcpy(new.arg, arg, sizeof(new.arg));
	record(&new);
}

void trace_record_text(enum trace_kind kind, const char *text, size_t nbytes)
{
	struct trace_event new = {.kind = kind};

	for (size_t i = 0; i < min_u64(nbytes, TRACE_TEXT); i++) {
		unsigned char c = text[i];

		new.text[i] = c < ' ' || c == 0x7f ? ' ' : c;
	}
	record(&new);
}

uint64_t trace_now(void)
{
	return time_now();
}

/* --- control --- */

void trace_set_size(size_t nbytes)
{
	size_t size = RING_MIN;

	while (size < RING_MAX && size * 2 <= nbytes)
		size *= 2;
	nevents = size / sizeof(struct trace_event);
}

size_t trace_size(void)
{
	return nevents * sizeof(struct trace_event);
}

int trace_start(void)
{
	for (unsigned i = 0; i < hart_count(); i++) {
		struct trace_event *none = NULL;
		struct trace_event *events;

		if (rings[i].events)
			continue;
		events = kmalloc(trace_size());
		if (!events)
			return -ENOMEM;
		/* Another hart may switch it on, too. */
		if (!atomic_compare_exchange_strong(&rings[i].events, &none,
						    events))
			kfree(events);
	}
	trace_on = true;
	return 0;
}

void trace_stop(void)
{
	trace_on = false;
}

void trace_clear(void)
{
	for (unsigned i = 0; i < hart_count(); i++)
		rings[i].cleared = rings[i].head;
	cleared_at = time_now();
}

/* --- reading --- */

/* The oldest event that no writer is at. */
static uint64_t ring_oldest(struct ring *ring)
{
	uint64_t head = ring->head;

	return head < nevents ? 0 : head - nevents + 1;
}

/* False: a writer was there, or may have been. */
static bool ring_copy(struct ring *ring, uint64_t n, struct trace_event *out)
{
	*out = ring->events[n & (nevents - 1)];
	atomic_thread_fence(memory_order_acquire);
	return n >= ring_oldest(ring);
}

struct trace_reader {
	struct cursor {
		uint64_t next, end; /* events still to be seen */
		uint64_t nlost;     /* since the last one seen */
		bool full;
		struct trace_event event; /* if full: number next - 1 */
	} at[HARTS_MAX];
	uint64_t since, until;    /* times of events that are seen */
	struct trace_event event; /* the one handed out */
};

struct trace_reader *trace_reader_new(void)
{
	struct trace_reader *reader = kmalloc_zeroed(sizeof(*reader));

	if (!reader)
		return NULL;
	/* 1 the moment  2 the heads: what is before it on one hart is not
	 * shown without what was before that on another. */
	reader->since = cleared_at;
	reader->until = time_now();
	for (unsigned i = 0; i < hart_count(); i++) {
		reader->at[i].next = rings[i].cleared;
		reader->at[i].end = rings[i].head;
	}
	return reader;
}

void trace_reader_free(struct trace_reader *reader)
{
	kfree(reader);
}

/* Have the hart's next event at hand, if there is one. */
static void cursor_fill(struct trace_reader *reader, struct cursor *at,
			struct ring *ring)
{
	while (!at->full && at->next < at->end) {
		if (ring_copy(ring, at->next, &at->event)) {
			at->full = at->event.time >= reader->since &&
				   at->event.time < reader->until;
			at->next++;
		} else {
			uint64_t oldest = min_u64(ring_oldest(ring), at->end);

			at->nlost += oldest - at->next;
			at->next = oldest;
		}
	}
}

const struct trace_event *trace_next(struct trace_reader *reader,
				     uint64_t *nlost)
{
	struct cursor *first = NULL;

	for (unsigned i = 0; i < hart_count(); i++) {
		struct cursor *at = &reader->at[i];

		cursor_fill(reader, at, &rings[i]);
		if (at->full && (!first || at->event.time < first->event.time))
			first = at;
	}
	*nlost = 0;
	if (!first) {
		for (unsigned i = 0; i < hart_count(); i++)
			*nlost += reader->at[i].nlost;
		return NULL;
	}
	*nlost = first->nlost;
	first->nlost = 0;
	first->full = false;
	reader->event = first->event;
	return &reader->event;
}

/* --- as text --- */

int trace_format(const struct trace_event *e, char *out, size_t nbytes)
{
	bool is_text = e->kind == TRACE_EXEC || e->kind >= TRACE_MARK;
	uint64_t first = is_text ? (uintptr_t)e->text : e->arg[0];
	int n = snprintf(out, nbytes, "%5lu.%09lu [%u] %d/%d ",
			 e->time / 1000000000, e->time % 1000000000, e->hart,
			 e->pid, e->tid);

	n += snprintf(out + n, nbytes - n, formats[e->kind], first, e->arg[1],
		      e->arg[2], e->arg[3]);
	if (e->took)
		n += snprintf(out + n, nbytes - n, " took=%lu", e->took);
	return n;
}

void trace_print_last(void)
{
	struct ring *ring = &rings[hart_index()];
	uint64_t end = ring->head;
	uint64_t n = max_u64(ring->cleared, ring_oldest(ring));
	char line[TRACE_LINE];

	if (n < end)
		printk("  last events on this hart:\n");
	for (n = max_u64(n, end - min_u64(end, LAST_EVENTS)); n < end; n++) {
		trace_format(&ring->events[n & (nevents - 1)], line,
			     sizeof(line));
		printk("    %s\n", line);
	}
}
