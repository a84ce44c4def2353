// SPDX-License-Identifier: MIT
/*
 * log.c - random numbers, and the lines that tell what was done.
 *
 * The log is shared memory, since a sequence and its children are processes
 * of their own, and may die at any time.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "differ.h"

enum { LOG_BYTES = 1 << 20 };

static struct log {
	size_t used;
	char text[LOG_BYTES];
} * the_log;

static uint64_t state;

/* splitmix64: any state will do, and neighbours have nothing in common. */
uint64_t draw(void)
{
	uint64_t x = state += 0x9e3779b97f4a7c15;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

void draw_from(uint64_t seed, unsigned step)
{
	state = seed * (STEPS + 1) + step;
	state = draw();
}

unsigned below(unsigned n)
{
	return draw() % n;
}

bool one_in(unsigned n)
{
	return below(n) == 0;
}

void log_new(void)
{
	if (!the_log) {
		the_log = mmap(NULL, sizeof(*the_log), PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (the_log == MAP_FAILED)
			abort();
	}
	the_log->used = 0;
	the_log->text[0] = '\0';
}

const char *log_text(void)
{
	return the_log->text;
}

/* FNV-1a. */
uint64_t log_digest(void)
{
	uint64_t digest = 0xcbf29ce484222325;

	for (size_t i = 0; i < the_log->used; i++)
		digest = (digest ^ (unsigned char)the_log->text[i]) *
			 0x100000001b3;
	return digest;
}

void say(const char *format, ...)
{
	size_t room = LOG_BYTES - the_log->used;
	va_list args;

	va_start(args, format);
	int n = vsnprintf(the_log->text + the_log->used, room, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= room)
		abort();
	the_log->used += n;
}

void say_prot(int prot)
{
	say(" %c%c%c", prot & PROT_READ ? 'r' : '-',
	    prot & PROT_WRITE ? 'w' : '-', prot & PROT_EXEC ? 'x' : '-');
	if (prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC))
		say("|%#x", prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC));
}

void say_address(const void *at)
{
	long offset = (const char *)at - ARENA;
	long page = offset >= 0 ? offset / PAGE : -((PAGE - 1 - offset) / PAGE);

	say(" %ld", page);
	if (offset != page * PAGE)
		say("+%ld", offset - page * PAGE);
}

void say_result(long result)
{
	if (result == -1)
		say(" = %s\n", strerrorname_np(errno));
	else
		say(" = %ld\n", result);
}
