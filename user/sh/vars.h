/* SPDX-License-Identifier: MIT */
#ifndef USER_SH_VARS_H
#define USER_SH_VARS_H

/*
 * vars.h - variables, and functions, which are found by name too.
 */

#include <stdbool.h>
#include <stddef.h>

#include "tree.h"

/* The length of the name that @text starts with, or 0. */
size_t name_length(const char *text);
bool is_name(const char *text);

void vars_import(char **environment);
/* The exported ones as execve wants them, in the scratch arena. */
char **vars_environment(void);

/* NULL if it is not set. */
const char *var_get(const char *name);
/* A copy of @value is kept.  False, after complaining, if it is readonly. */
bool var_set(const char *name, const char *value);
/* The same from "NAME=VALUE". */
bool var_assign(const char *assignment);
bool var_unset(const char *name);

enum var_flags { VAR_EXPORTED = 1, VAR_READONLY = 2 };

/* Set @flags of @name, which needn't have a value. */
void var_mark(const char *name, enum var_flags flags);
/* Print all (with any of @flags, if that is not 0), each after @prefix, in
 * a form that the shell can read back. */
void vars_print(const char *prefix, int flags);

/*
 * Values that come back: what var_save() is called for between vars_begin()
 * and vars_end() has after that the value that it had before.  Nests.
 */
struct saved_var *vars_begin(void);
void var_save(const char *name);
void vars_end(struct saved_var *begin);

/* Functions: the node's program stays while it is defined. */
void function_define(struct node *node);
struct node *function_find(const char *name); /* its FUNCTION node, or NULL */
void function_remove(const char *name);

#endif
