// SPDX-License-Identifier: MIT
/*
 * expect.c - expectations, and the reports of those that do not hold.
 *
 * A report is written to report_fd, a pipe that the runner reads when the
 * case has ended.  It is formatted on the stack and written at once, so that
 * any process or thread of a case may report, also one in which malloc() or
 * stdio are in an unknown state; then the process ends, with all its threads.
 */

#define _GNU_SOURCE
#include "testlib/test.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int report_fd = STDERR_FILENO;

static void report(const char *format, va_list args, const char *before)
{
	char line[1024];
	int n = snprintf(line, sizeof(line), "%s", before);

	n += vsnprintf(line + n, sizeof(line) - n - 1, format, args);
	if (n > (int)sizeof(line) - 2)
		n = sizeof(line) - 2;
	line[n++] = '\n';
	if (write(report_fd, line, n) != n)
		_exit(EXIT_FAILED);
}

void fail(struct place place, const char *format, ...)
{
	const char *slash = strrchr(place.file, '/');
	char where[100];
	va_list args;

	snprintf(where, sizeof(where),
		 "%s:%d: ", slash ? slash + 1 : place.file, place.line);
	va_start(args, format);
	report(format, args, where);
	va_end(args);
	_exit(EXIT_FAILED);
}

void skip(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	report(format, args, "");
	va_end(args);
	_exit(EXIT_SKIPPED);
}

void check_true(bool seen, const char *text, struct place place)
{
	if (!seen)
		fail(place, "expected: %s; saw: it is false", text);
}

void check_eq(long seen, long wanted, const char *text, struct place place)
{
	if (seen != wanted)
		fail(place, "%s: expected %ld (%#lx), saw %ld (%#lx)", text,
		     wanted, (unsigned long)wanted, seen, (unsigned long)seen);
}

void check_between(long seen, long low, long high, const char *text,
		   struct place place)
{
	if (seen < low || seen > high)
		fail(place, "%s: expected %ld to %ld, saw %ld", text, low, high,
		     seen);
}

long check_ok(long result, const char *text, struct place place)
{
	int error = errno;

	if (result == -1)
		fail(place, "%s: expected success, saw %s (%s)", text,
		     strerrorname_np(error), strerror(error));
	return result;
}

void *check_mapped(void *at, const char *text, struct place place)
{
	check_ok((long)at, text, place);
	return at;
}

void check_errno(long result, int wanted, const char *text, struct place place)
{
	int error = errno;

	if (result != -1)
		fail(place, "%s: expected %s (%s), saw success (%ld)", text,
		     strerrorname_np(wanted), strerror(wanted), result);
	if (error != wanted)
		fail(place, "%s: expected %s (%s), saw %s (%s)", text,
		     strerrorname_np(wanted), strerror(wanted),
		     strerrorname_np(error), strerror(error));
}

void check_string(const char *seen, const char *wanted, const char *text,
		  struct place place)
{
	if (strcmp(seen, wanted) != 0)
		fail(place, "%s: expected \"%s\", saw \"%s\"", text, wanted,
		     seen);
}

void check_bytes(const volatile void *seen, const void *wanted, size_t nbytes,
		 const char *text, struct place place)
{
	const volatile unsigned char *a = seen;
	const unsigned char *b = wanted;

	for (size_t i = 0; i < nbytes; i++)
		if (a[i] != b[i])
			fail(place, "%s: byte %zu: expected %#x, saw %#x", text,
			     i, b[i], a[i]);
}

void check_filled(const volatile void *seen, int byte, size_t nbytes,
		  const char *text, struct place place)
{
	const volatile unsigned char *a = seen;

	for (size_t i = 0; i < nbytes; i++)
		if (a[i] != (unsigned char)byte)
			fail(place,
			     "%s: byte %zu of %zu: expected %#x, saw "
			     "%#x",
			     text, i, nbytes, (unsigned char)byte, a[i]);
}

static void describe_status(int status, char *out, size_t nbytes)
{
	if (WIFEXITED(status))
		snprintf(out, nbytes, "exit status %d", WEXITSTATUS(status));
	else if (WIFSIGNALED(status))
		snprintf(out, nbytes, "SIG%s", sigabbrev_np(WTERMSIG(status)));
	else
		snprintf(out, nbytes, "wait status %#x", status);
}

static int wait_for(pid_t pid, struct place place)
{
	int status;

	for (;;) {
		pid_t seen = waitpid(pid, &status, 0);

		if (seen == pid)
			return status;
		if (seen != -1 || errno != EINTR)
			fail(place,
			     "waitpid(%d): expected that pid, saw %d "
			     "(%s)",
			     pid, seen, seen == -1 ? strerror(errno) : "");
	}
}

static void skip_with_child(int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SKIPPED)
		_exit(EXIT_SKIPPED);
}

void check_exit(pid_t pid, int status, struct place place)
{
	int seen = wait_for(pid, place);
	char text[40];

	describe_status(seen, text, sizeof(text));
	skip_with_child(seen);
	if (!WIFEXITED(seen) || WEXITSTATUS(seen) != status)
		fail(place, "child: expected exit status %d, saw %s", status,
		     text);
}

void check_killed(pid_t pid, int signal, struct place place)
{
	int seen = wait_for(pid, place);
	char text[40];

	describe_status(seen, text, sizeof(text));
	if (signal != SIGKILL)
		skip_with_child(seen);
	if (!WIFSIGNALED(seen) || WTERMSIG(seen) != signal)
		fail(place, "child: expected SIG%s, saw %s",
		     sigabbrev_np(signal), text);
}
