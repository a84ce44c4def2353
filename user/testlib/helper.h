/* SPDX-License-Identifier: MIT */
#ifndef TESTLIB_HELPER_H
#define TESTLIB_HELPER_H

/*
 * helper.h - what these programs do when a case executes them once more.
 *
 *	execl(program_path(), "usertests", "@exit", "7", NULL);
 *
 * The first argument names the action; the exit status tells the case what
 * the new image saw.
 */

/* What @places writes: addresses of a local variable, of the heap's end, and
 * of a new mapping. */
struct places {
	unsigned long stack, heap, map;
};

/* main() calls it first: if argv[1] starts with '@' it does that action and
 * exits, else it returns. */
void helper_main(int argc, char **argv);

#endif
