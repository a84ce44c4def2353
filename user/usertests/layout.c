// SPDX-License-Identifier: MIT
/*
 * layout.c - where execve puts the parts of a program: at random, unless it
 * is told not to, and far enough apart either way.
 *
 * This program is executed again and again, and writes down where it finds
 * itself (testlib/helper.c).
 */

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <unistd.h>

#include "testlib/files.h"
#include "testlib/helper.h"
#include "testlib/where.h"

enum { ROUNDS = 8 };

static const char SWITCH[] = "/proc/sys/kernel/randomize_va_space";

/* The switch's value; without it nothing is random. */
static int switch_value(void)
{
	char value = '0';
	int fd = open(SWITCH, O_RDONLY);

	if (fd >= 0) {
		expect_eq(read(fd, &value, 1), 1);
		expect_ok(close(fd));
	}
	return value - '0';
}

/* Execute ourselves in a child, under @persona; it exits with 0. */
static void run_helper(unsigned long persona, const char *action,
		       const char *argument)
{
	pid_t child = expect_ok(fork());

	if (child == 0) {
		expect_ok(personality(persona));
		execl(program_path(), "usertests", action, argument, NULL);
		_exit(200);
	}
	expect_exit(child, 0);
}

static void find_places(unsigned long persona, struct places *places)
{
	int fd = make_sparse("places", 0);

	for (int i = 0; i < ROUNDS; i++)
		run_helper(persona, "@places", NULL);
	expect_eq(read(fd, places, ROUNDS * sizeof(*places)),
		  ROUNDS * sizeof(*places));
	expect_ok(close(fd));
	expect_ok(unlink("places"));
}

/* How far apart the addresses at @field of @places are. */
static unsigned long spread(const unsigned long *field)
{
	unsigned long low = *field, high = *field;

	for (int i = 0; i < ROUNDS; i++, field += 3) {
		low = *field < low ? *field : low;
		high = *field > high ? *field : high;
	}
	return high - low;
}

TEST(places_are_random,
     "Stack, heap and mappings are elsewhere in each of eight runs, at least "
     "16 MiB apart in all, and the stack pointer moves within its page.")
{
	struct places places[ROUNDS];
	unsigned long offsets = 0;

	skip_unless_exec_works();
	if (switch_value() != 2)
		skip("it is switched off");
	find_places(PER_LINUX, places);
	/* By chance it fails once in 2^39 times. */
	expect(spread(&places->stack) >= 16 << 20);
	expect(spread(&places->heap) >= 16 << 20);
	expect(spread(&places->map) >= 16 << 20);
	for (int i = 1; i < ROUNDS; i++)
		offsets |= places[i].stack ^ places[0].stack;
	expect(offsets & 0xff0);
}

TEST(personality_ends_randomness,
     "Under ADDR_NO_RANDOMIZE, which fork inherits and execve keeps, every "
     "run finds the same places.")
{
	struct places places[ROUNDS];

	skip_unless_exec_works();
	find_places(PER_LINUX | ADDR_NO_RANDOMIZE, places);
	expect_eq(spread(&places->stack), 0);
	expect_eq(spread(&places->heap), 0);
	expect_eq(spread(&places->map), 0);
}

TEST(personality_returns_the_old_one,
     "personality() returns what was set before; 0xffffffff only asks.")
{
	int old = expect_ok(personality(0xffffffff));

	expect_eq(personality(PER_LINUX | ADDR_NO_RANDOMIZE), old);
	expect_eq(personality(0xffffffff), PER_LINUX | ADDR_NO_RANDOMIZE);
	expect_eq(personality(PER_LINUX), PER_LINUX | ADDR_NO_RANDOMIZE);
	expect_eq(personality(0xffffffff), PER_LINUX);
}

TEST(places_keep_apart_under_any_limit,
     "Whatever RLIMIT_STACK says, that much below the stack is free, or half a "
     "gigabyte: mmap and brk stay away from it (8).")
{
	static const struct {
		rlim_t limit;
		const char *room;
	} rows[] = {{64 << 10, "16384"},      {8 << 20, "8126464"},
		    {1 << 30, "536870912"},   {1ul << 36, "536870912"},
		    {1ul << 40, "536870912"}, {RLIM_INFINITY, "536870912"}};

	skip_unless_exec_works();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rlimit limit = {rows[i].limit, RLIM_INFINITY};

		expect_ok(setrlimit(RLIMIT_STACK, &limit));
		run_helper(PER_LINUX, "@room", rows[i].room);
		run_helper(ADDR_NO_RANDOMIZE, "@room", rows[i].room);
	}
}

/* Write @text to the switch, as a shell does. */
static ssize_t turn_switch(const char *text)
{
	int fd = expect_ok(open(SWITCH, O_WRONLY | O_TRUNC));
	ssize_t n = write(fd, text, strlen(text));

	close(fd);
	return n;
}

TEST(switch_of_the_system,
     "/proc/sys/kernel/randomize_va_space: 0 ends it for all, 1 leaves the "
     "heap in place; other words are EINVAL, and change nothing.")
{
	struct places places[ROUNDS];
	char old[2] = "0";

	skip_on(ON_LINUX | ON_EMULATOR, "the switch is the host's");
	old[0] += switch_value();
	expect_eq(turn_switch("0\n"), 2);
	find_places(PER_LINUX, places);
	expect_eq(spread(&places->stack), 0);
	expect_eq(spread(&places->map), 0);
	expect_eq(turn_switch("1"), 1);
	find_places(PER_LINUX, places);
	expect(spread(&places->stack) > 0);
	expect_eq(spread(&places->heap), 0);
	expect_errno(turn_switch("3"), EINVAL);
	expect_errno(turn_switch("x"), EINVAL);
	expect_errno(turn_switch("1x"), EINVAL);
	expect_errno(turn_switch("99999999999999999999"), EINVAL);
	expect_errno(turn_switch("\n"), EINVAL);
	expect_eq(switch_value(), 1);
	expect_eq(turn_switch(old), 1);
}
