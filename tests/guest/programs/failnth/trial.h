/* SPDX-License-Identifier: MIT */
#ifndef FAILNTH_TRIAL_H
#define FAILNTH_TRIAL_H

/*
 * trial.h - how a case of failnth is written: what to do, how to take it back,
 * and what must still be true after it failed.
 */

#include "testlib/memory.h"

/* All but try may be NULL. */
struct trial {
	void (*prepare)(void);   /* before each try */
	int (*try)(void);        /* 0 or the errno */
	void (*unchanged)(void); /* after one that failed */
	void (*undo)(void);      /* after one that succeeded */
	int errno_wanted;        /* beside ENOMEM */
	bool may_do_without;     /* it may take no memory at all */
};

/* Try with the first allocation failing, then the second ..., until it
 * succeeds with none failing. */
void run_once(const struct trial *trial);

/* The same some times over: it loses nothing. */
void run_trial(const struct trial *trial);

/* Children run @child(n) for n = 1, 2, ... until none is hit.  Each calls
 * arm_child(n), does what it does, and ends by tell_parent(). */
void run_children(void (*child)(long n));
void arm_child(long n);
_Noreturn void tell_parent(void);

/* /proc/self/fail-nth; the program that a child executes is told. */
extern int fail_fd;

/* -1 and errno, or neither, as trial.try gives it. */
int outcome(long result);

/* --- five pages that most cases work on ---------------------------------- */

enum { BOTH = PROT_READ | PROT_WRITE };

/* Where no page table is. */
#define FAR_AWAY ((void *)(9ul << 30))

extern char *memory;
void prepare_fresh(void);  /* untouched */
void prepare_memory(void); /* all 'o' */
void memory_unchanged(void);
void drop_memory(void);

#endif
