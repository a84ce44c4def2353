// SPDX-License-Identifier: MIT
/*
 * vars.c - variables and functions.
 *
 * Variables are a list: there are some dozens at most.  A variable can be
 * known and yet have no value: `export x` marks a name for the time when it
 * gets one.
 *
 * What must come back (`x=1 command` for a builtin or a function, and
 * `local x`) is put on a stack of saved values, from which it is restored.
 */

#define _GNU_SOURCE
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sh.h"
#include "vars.h"

struct var {
	struct var *next;
	char *name;
	char *value; /* or NULL */
	int flags;
};

struct saved_var {
	struct saved_var *below;
	char *name, *value;
	int flags;
};

struct function {
	struct function *next;
	struct node *node;
};

static struct var *vars;
static struct saved_var *saved;
static struct function *functions;

size_t name_length(const char *text)
{
	size_t length = 0;

	if (isdigit((unsigned char)*text))
		return 0;
	while (isalnum((unsigned char)text[length]) || text[length] == '_')
		length++;
	return length;
}

bool is_name(const char *text)
{
	size_t length = name_length(text);

	return length > 0 && text[length] == '\0';
}

static struct var *var_find(const char *name)
{
	for (struct var *var = vars; var; var = var->next)
		if (strcmp(var->name, name) == 0)
			return var;
	return NULL;
}

/* Found, or made without a value. */
static struct var *var_know(const char *name)
{
	struct var *var = var_find(name);

	if (var)
		return var;
	var = calloc(1, sizeof(*var));
	var->name = strdup(name);
	var->next = vars;
	vars = var;
	return var;
}

const char *var_get(const char *name)
{
	struct var *var = var_find(name);

	return var ? var->value : NULL;
}

static bool var_is_readonly(const char *name)
{
	struct var *var = var_find(name);

	if (!var || !(var->flags & VAR_READONLY))
		return false;
	abort_command("%s: is read only", name);
	return true;
}

bool var_set(const char *name, const char *value)
{
	struct var *var;
	char *copy = strdup(value); /* which may be the old value */

	if (var_is_readonly(name)) {
		free(copy);
		return false;
	}
	var = var_know(name);
	free(var->value);
	var->value = copy;
	return true;
}

bool var_assign(const char *assignment)
{
	size_t length = name_length(assignment);
	char *name = strndup(assignment, length);
	bool done = var_set(name, assignment + length + 1);

	free(name);
	return done;
}

static void var_remove(const char *name)
{
	for (struct var **at = &vars; *at; at = &(*at)->next) {
		struct var *var = *at;

		if (strcmp(var->name, name) != 0)
			continue;
		*at = var->next;
		free(var->name);
		free(var->value);
		free(var);
		return;
	}
}

bool var_unset(const char *name)
{
	if (var_is_readonly(name))
		return false;
	var_remove(name);
	return true;
}

void var_mark(const char *name, enum var_flags flags)
{
	var_know(name)->flags |= flags;
}

void vars_import(char **environment)
{
	for (; *environment; environment++) {
		size_t length = name_length(*environment);

		if (length > 0 && (*environment)[length] == '=') {
			char *name = strndup(*environment, length);

			var_set(name, *environment + length + 1);
			var_mark(name, VAR_EXPORTED);
			free(name);
		}
	}
}

static bool in_environment(const struct var *var)
{
	return var->value && (var->flags & VAR_EXPORTED);
}

char **vars_environment(void)
{
	size_t count = 0, i = 0;
	char **list;

	for (struct var *var = vars; var; var = var->next)
		count += in_environment(var);
	list = arena_get(&scratch, (count + 1) * sizeof(*list));
	for (struct var *var = vars; var; var = var->next) {
		if (!in_environment(var))
			continue;
		size_t length = strlen(var->name) + strlen(var->value) + 2;
		list[i] = arena_get(&scratch, length);
		snprintf(list[i++], length, "%s=%s", var->name, var->value);
	}
	return list;
}

static int by_name(const void *left, const void *right)
{
	const struct var *const *a = left, *const *b = right;

	return strcmp((*a)->name, (*b)->name);
}

/* Within single quotes only the single quote needs care. */
static void print_quoted(const char *value)
{
	putchar('\'');
	for (; *value; value++)
		if (*value == '\'')
			fputs("'\\''", stdout);
		else
			putchar(*value);
	putchar('\'');
}

void vars_print(const char *prefix, int flags)
{
	size_t count = 0, i = 0;
	struct var **sorted;

	for (struct var *var = vars; var; var = var->next)
		count++;
	sorted = arena_get(&scratch, count * sizeof(struct var *));
	for (struct var *var = vars; var; var = var->next)
		sorted[i++] = var;
	qsort(sorted, count, sizeof(struct var *), by_name);
	for (i = 0; i < count; i++) {
		if (flags && !(sorted[i]->flags & flags))
			continue;
		printf("%s%s", prefix, sorted[i]->name);
		if (sorted[i]->value) {
			putchar('=');
			print_quoted(sorted[i]->value);
		}
		putchar('\n');
	}
}

struct saved_var *vars_begin(void)
{
	return saved;
}

void var_save(const char *name)
{
	struct saved_var *save = calloc(1, sizeof(*save));
	struct var *var = var_find(name);

	save->name = strdup(name);
	save->below = saved;
	if (var) {
		save->value = var->value ? strdup(var->value) : NULL;
		save->flags = var->flags;
	}
	saved = save;
}

void vars_end(struct saved_var *begin)
{
	while (saved != begin) {
		struct saved_var *save = saved;

		saved = save->below;
		var_remove(save->name);
		if (save->value || save->flags) {
			struct var *var = var_know(save->name);

			var->value = save->value;
			var->flags = save->flags;
		}
		free(save->name);
		free(save);
	}
}

struct node *function_find(const char *name)
{
	for (struct function *f = functions; f; f = f->next)
		if (strcmp(f->node->name, name) == 0)
			return f->node;
	return NULL;
}

void function_remove(const char *name)
{
	for (struct function **at = &functions; *at; at = &(*at)->next) {
		struct function *f = *at;

		if (strcmp(f->node->name, name) != 0)
			continue;
		*at = f->next;
		program_put(f->node->program);
		free(f);
		return;
	}
}

void function_define(struct node *node)
{
	struct function *f = calloc(1, sizeof(*f));

	node->program->users++;
	function_remove(node->name);
	*f = (struct function){.next = functions, .node = node};
	functions = f;
}
