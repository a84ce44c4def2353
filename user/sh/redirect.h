/* SPDX-License-Identifier: MIT */
#ifndef USER_SH_REDIRECT_H
#define USER_SH_REDIRECT_H

/*
 * redirect.h - what stands behind < and > signs.
 */

#include <stdbool.h>

#include "tree.h"

struct saved_fd;

/*
 * Do the redirections of a command, from left to right.  If one fails, say
 * so and return false.  What was there before comes back with
 * redirect_undo(), also after a failure; with @saved NULL, never.
 */
bool redirect(const struct redirect *list, struct saved_fd **saved);
void redirect_undo(struct saved_fd *saved);

#endif
