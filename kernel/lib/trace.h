/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_LIB_TRACE_H
#define KERNEL_LIB_TRACE_H

/*
 * trace.h - what happened, event by event, for whoever asks afterwards.
 *
 *	uint64_t began = trace_clock();
 *	...
 *	trace_since(began, TRACE_MSYNC, start, nbytes, flags, err);
 *
 * Any room may say so, in any context and under any lock.  While tracing is
 * off a call costs a load and a branch, and its arguments are not looked at.
 */

#include <stdatomic.h>

#include "kernel/lib/types.h"

/* The words of each are in kernel/dev/trace.c. */
enum trace_kind {
	TRACE_FAULT,     /* address, names of access and kind, result */
	TRACE_COW_COPY,  /* address */
	TRACE_COW_REUSE, /* address */
	TRACE_HARVEST,   /* inode, first page, end, pages found dirty */
	TRACE_WRITEBACK, /* inode, first page, pages, error */
	TRACE_SWAP_OUT,  /* place, pages, error */
	TRACE_SWAP_IN,   /* place, error */
	TRACE_SHOOTDOWN, /* start, end, mask of harts that were asked */
	TRACE_MMAP,      /* address or error, nbytes, prot, flags */
	TRACE_MUNMAP,    /* start, nbytes, result */
	TRACE_MPROTECT,  /* start, nbytes, prot, result */
	TRACE_MSYNC,     /* start, nbytes, flags, result */
	TRACE_FORK,      /* child's tid, its process, flags */
	TRACE_EXEC,      /* text: the program's name */
	TRACE_EXIT,      /* status as wait(2) tells it, is it the last task? */
	TRACE_OOM_KILL,  /* victim, KiB */
	TRACE_MARK,      /* text: the program's own */
	TRACE_MARK_MORE, /* text: the rest of the mark before */
	TRACE_KINDS
};

enum { TRACE_ARGS = 4, TRACE_TEXT = TRACE_ARGS * sizeof(uint64_t) };

struct trace_event {
	uint64_t time;    /* time_now() when it was over */
	uint64_t took;    /* ns until then; 0: a moment */
	int32_t pid, tid; /* who ran (or was interrupted); 0: the kernel */
	uint16_t kind, hart;
	uint32_t unused;
	union {
		uint64_t arg[TRACE_ARGS];
		char text[TRACE_TEXT]; /* ends with a NUL, or is full */
	};
};

extern atomic_bool trace_on;

static inline bool trace_is_on(void)
{
	return atomic_load_explicit(&trace_on, memory_order_relaxed);
}

#define TRACE_IF(condition, kind, began, ...) \
	(__builtin_expect(condition, 0) \
		 ? trace_record(kind, began, \
				(const uint64_t[TRACE_ARGS]){__VA_ARGS__}) \
		 : (void)0)

/* trace(KIND, up to TRACE_ARGS values); trace_since() for what took a while,
 * with what trace_clock() was at its beginning. */
#define trace(kind, ...) TRACE_IF(trace_is_on(), kind, 0, __VA_ARGS__)
#define trace_since(began, kind, ...) \
	TRACE_IF((began) != 0, kind, began, __VA_ARGS__)

void trace_record(enum trace_kind kind, uint64_t began,
		  const uint64_t arg[TRACE_ARGS]);
void trace_record_text(enum trace_kind kind, const char *text, size_t nbytes);
uint64_t trace_now(void);

/* 0: off, and stays so for what begins now. */
static inline uint64_t trace_clock(void)
{
	return __builtin_expect(trace_is_on(), 0) ? trace_now() : 0;
}

/* --- whoever looks --- */

/* Bytes of each hart's ring: rounded down to a power of two within limits.
 * Only before tracing is first switched on. */
void trace_set_size(size_t nbytes);
size_t trace_size(void);

/* 0 or -ENOMEM. */
int trace_start(void);
void trace_stop(void);
/* Forget what was recorded so far. */
void trace_clear(void);

/*
 * Go through all that is recorded, on all harts in order of time, while
 * others may go on recording: a reader sees what was there when it was made.
 * trace_next() gives NULL at the end, and says how many events were lost: on
 * the event's hart, before it; with NULL, where no event came after them.
 */
struct trace_reader *trace_reader_new(void); /* NULL: no memory */
const struct trace_event *trace_next(struct trace_reader *reader,
				     uint64_t *nlost);
void trace_reader_free(struct trace_reader *reader);

enum { TRACE_LINE = 200 }; /* bytes, at most */

/* As one line, without its end; like snprintf. */
int trace_format(const struct trace_event *event, char *out, size_t nbytes);

/* This hart's last events, into the log: for a panic. */
void trace_print_last(void);

/* --- kernel/task/ provides: who runs; process 0: a kernel thread --- */
void task_numbers(int32_t *pid, int32_t *tid);

#endif
