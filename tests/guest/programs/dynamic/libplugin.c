/* SPDX-License-Identifier: MIT */
/* A library for plug.c to load while it runs: with data of its own, a table
 * that needs relocations and is read-only after them, and something to do at
 * its beginning and end. */
#include <stdio.h>

static int calls;
static const char *const names[] = {"zero", "one", "two"};

const char *const *plugin_names(void)
{
	return names;
}

int plugin_calls(void)
{
	return ++calls;
}

__attribute__((constructor)) static void begin(void)
{
	printf("begin\n");
}

__attribute__((destructor)) static void end(void)
{
	printf("end\n");
}
