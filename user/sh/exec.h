/* SPDX-License-Identifier: MIT */
#ifndef USER_SH_EXEC_H
#define USER_SH_EXEC_H

/*
 * exec.h - executing a tree.
 */

#include "tree.h"

/*
 * Execute @node; its status, which is $? too.  With @last the process has
 * nothing to do afterwards, so that it may become the last command.
 */
int execute(struct node *node, bool last);

/* Become the program @argv[0], or end with 126 or 127. */
_Noreturn void become(char **argv);

#endif
