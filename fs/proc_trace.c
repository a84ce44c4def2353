// SPDX-License-Identifier: MIT
/*
 * proc_trace.c - the trace, and its switches, as files.
 *
 *	/proc/trace         what happened, a line for each event, in order of
 *	                    time over all harts; a write forgets it all
 *	/proc/tracing_on    0 or 1: reads and writes
 *	/proc/trace_marker  what a program writes here becomes events itself
 *
 * Linux has files of these names in a filesystem of their own, tracefs, whose
 * place is in sysfs.  There is no sysfs here, and no second tracer to choose,
 * so they are where the kernel's other texts are.
 *
 * Tests: usertests, tests/guest/trace_test.py.
 */
#include "fs/proc.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/trace.h"
#include "kernel/sync/sched.h"

static void show_lost(struct text *text, const char *where, uint64_t nlost)
{
	if (nlost)
		text_printf(text, "# %lu events lost %s\n", nlost, where);
}

int trace_show(struct text *text, int pid)
{
	struct trace_reader *reader = trace_reader_new();
	const struct trace_event *event;
	uint64_t nlost;

	if (!reader)
		return -ENOMEM;
	text_printf(text,
		    "# seconds [hart] process/task event; took: ns; %lu kB of "
		    "events for a hart\n",
		    trace_size() >> 10);
	while ((event = trace_next(reader, &nlost)) && !text->failed) {
		char line[TRACE_LINE];

		show_lost(text, "on the next line's hart", nlost);
		trace_format(event, line, sizeof(line));
		text_printf(text, "%s\n", line);
		sched_point();
	}
	show_lost(text, "at the end", nlost);
	trace_reader_free(reader);
	return 0;
}

int trace_show_on(struct text *text, int pid)
{
	text_printf(text, "%d\n", trace_is_on());
	return 0;
}

ssize_t trace_write(struct uio *uio)
{
	trace_clear();
	return uio->left;
}

ssize_t trace_write_on(struct uio *uio)
{
	uint64_t on;
	ssize_t n = proc_number(uio, 1, &on);
	int err = 0;

	if (n > 0 && on)
		err = trace_start();
	else if (n > 0)
		trace_stop();
	return err ? err : n;
}

/* A long text becomes several events, a line's end none. */
ssize_t trace_write_marker(struct uio *uio)
{
	enum trace_kind kind = TRACE_MARK;
	char text[TRACE_TEXT];
	ssize_t total = 0;

	if (uio->left && !trace_is_on())
		return -EBADF; /* Linux's word for it */
	while (uio->left && !sched_interrupted()) {
		size_t n = uio_copy_from(uio, text, sizeof(text));

		if (!n)
			return total ? total : -EFAULT;
		total += n;
		if (!uio->left && text[n - 1] == '\n')
			n--;
		if (n || kind == TRACE_MARK)
			trace_record_text(kind, text, n);
		kind = TRACE_MARK_MORE;
	}
	return total;
}
