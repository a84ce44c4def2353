/* SPDX-License-Identifier: MIT */
#ifndef TESTLIB_FAULT_H
#define TESTLIB_FAULT_H

/*
 * fault.h - touch memory, and come back to tell what happened.
 *
 *	expect_fault(fault_read(p), SIGSEGV, SEGV_MAPERR, p);
 *	expect_no_fault(fault_write(q, 1));
 *
 * The access is made with handlers for SIGSEGV and SIGBUS (and SIGILL, for
 * jumps) in place, which leave by siglongjmp.  Any thread may do so.
 */

#include <signal.h>

#include "testlib/test.h"

struct fault {
	int signal; /* 0: there was none */
	int code;   /* si_code: SEGV_MAPERR, ... */
	const volatile void *address;
};

struct fault fault_read(const volatile void *at);
struct fault fault_write(volatile void *at, int byte);
struct fault fault_jump(const void *to); /* as a function without arguments */
struct fault fault_call(void (*function)(void *), void *argument);

#define expect_fault(fault, signal, code, address) \
	check_fault(fault, signal, code, address, #fault, HERE)
#define expect_no_fault(fault) check_no_fault(fault, #fault, HERE)

void check_fault(struct fault fault, int signal, int code,
		 const volatile void *address, const char *text,
		 struct place place);
void check_no_fault(struct fault fault, const char *text, struct place place);

#endif
