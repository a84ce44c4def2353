/* SPDX-License-Identifier: MIT */
#ifndef USER_SH_TRAP_H
#define USER_SH_TRAP_H

/*
 * trap.h - commands to execute when a signal comes, or at the end.
 */

#include <stdbool.h>

int builtin_trap(char **argv);
/* Execute what signals since the last call ask for. */
void traps_run(void);
/* Execute the trap on EXIT, once. */
void trap_exit(void);
bool trap_exit_is_set(void);
/* A subshell has no traps. */
void traps_forget(void);

#endif
