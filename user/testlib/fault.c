// SPDX-License-Identifier: MIT
/*
 * fault.c - accesses that may fault, caught.
 *
 * The jump buffer is the thread's own, and the handler runs on the thread
 * that faulted, so threads do not get in each other's way.  sigsetjmp saves
 * the signal mask, because the handler is left by a jump and not by a return.
 */

#define _GNU_SOURCE
#include "testlib/fault.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

static _Thread_local sigjmp_buf way_back;
static _Thread_local struct fault seen;

static void caught(int signal, siginfo_t *info, void *context)
{
	(void)context;
	seen = (struct fault){signal, info->si_code, info->si_addr};
	siglongjmp(way_back, 1);
}

static void catch_faults(void)
{
	struct sigaction action = {.sa_sigaction = caught,
				   .sa_flags = SA_SIGINFO};

	expect_ok(sigaction(SIGSEGV, &action, NULL));
	expect_ok(sigaction(SIGBUS, &action, NULL));
	expect_ok(sigaction(SIGILL, &action, NULL));
}

struct fault fault_call(void (*function)(void *), void *argument)
{
	catch_faults();
	seen = (struct fault){0};
	if (sigsetjmp(way_back, 1) == 0)
		function(argument);
	return seen;
}

static void do_read(void *at)
{
	(void)*(volatile char *)at;
}

struct fault fault_read(const volatile void *at)
{
	return fault_call(do_read, (void *)at);
}

struct store {
	volatile char *at;
	char byte;
};

static void do_write(void *argument)
{
	struct store *store = argument;

	*store->at = store->byte;
}

struct fault fault_write(volatile void *at, int byte)
{
	struct store store = {at, byte};

	return fault_call(do_write, &store);
}

static void do_jump(void *to)
{
	((void (*)(void))to)();
}

struct fault fault_jump(const void *to)
{
	return fault_call(do_jump, (void *)to);
}

static const char *code_name(int signal, int code)
{
	if (signal == SIGSEGV && code == SEGV_MAPERR)
		return "SEGV_MAPERR";
	if (signal == SIGSEGV && code == SEGV_ACCERR)
		return "SEGV_ACCERR";
	if (signal == SIGBUS && code == BUS_ADRERR)
		return "BUS_ADRERR";
	return "another code";
}

static void describe(struct fault f, char *out, size_t nbytes)
{
	if (f.signal == 0)
		snprintf(out, nbytes, "no fault");
	else
		snprintf(out, nbytes, "SIG%s (%s, %d) at %p",
			 sigabbrev_np(f.signal), code_name(f.signal, f.code),
			 f.code, (void *)f.address);
}

void check_fault(struct fault fault, int signal, int code,
		 const volatile void *address, const char *text,
		 struct place place)
{
	struct fault wanted = {signal, code, address};
	char expected[80], saw[80];

	if (fault.signal == signal && fault.code == code &&
	    fault.address == address)
		return;
	describe(wanted, expected, sizeof(expected));
	describe(fault, saw, sizeof(saw));
	fail(place, "%s: expected %s, saw %s", text, expected, saw);
}

void check_no_fault(struct fault fault, const char *text, struct place place)
{
	char saw[80];

	if (fault.signal == 0)
		return;
	describe(fault, saw, sizeof(saw));
	fail(place, "%s: expected no fault, saw %s", text, saw);
}
