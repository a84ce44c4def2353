/* host-test: kernel/task/pid.c tests/host/slab_stub.c */
/* SPDX-License-Identifier: MIT */
/*
 * pid_test.c - numbers are unique while they are in use, not given out again
 * at once, found again, and run out without harm.
 */
#include <stdio.h>
#include <stdlib.h>

#include "kernel/lib/assert.h"
#include "kernel/task/pid.h"
#include "tests/host/slab_stub.h"

static unsigned long passed;
static struct pid *held[PID_MAX];

#define CHECK(cond) \
	do { \
		passed++; \
		if (!(cond)) { \
			printf("line %d: %s\n", __LINE__, #cond); \
			exit(1); \
		} \
	} while (0)

_Noreturn void assert_failed(const char *expression, const char *file, int line,
			     const char *function)
{
	printf("%s:%d: %s: assert(%s)\n", file, line, function, expression);
	exit(1);
}

static void take_all(void)
{
	struct pid *pid;
	unsigned n = 0;

	while ((pid = pid_alloc()) != NULL) {
		CHECK(pid->number > 0 && pid->number < PID_MAX);
		CHECK(!held[pid->number]);
		held[pid->number] = pid;
		n++;
	}
	/* The first round gives all numbers from 1 on. */
	CHECK(n == PID_MAX - 1);
}

static void put(int number)
{
	pid_put(held[number]);
	held[number] = NULL;
}

/* What is found is what is held, whatever was put and taken. */
static void random_operations(unsigned seed)
{
	srand(seed);
	for (int i = 0; i < 200000; i++) {
		int number = 300 + rand() % (PID_MAX - 300);

		if (held[number]) {
			put(number);
		} else {
			struct pid *pid = pid_alloc();

			CHECK(pid && !held[pid->number]);
			held[pid->number] = pid;
		}
		CHECK(pid_find(number) == held[number]);
	}
}

static void walk(void)
{
	int number = 0;

	for (struct pid *pid = pid_next(1); pid;
	     pid = pid_next(pid->number + 1)) {
		while (++number < pid->number)
			CHECK(!held[number]);
		CHECK(held[number] == pid);
	}
	while (++number < PID_MAX)
		CHECK(!held[number]);
}

int main(void)
{
	slab_stub_fail_next(true);
	CHECK(!pid_alloc());
	take_all();
	CHECK(!pid_find(0) && !pid_find(-1) && !pid_find(PID_MAX));
	CHECK(!pid_next(PID_MAX) && pid_next(-5)->number == 1);
	put(400);
	put(20000);
	CHECK((held[400] = pid_alloc())->number == 400);
	CHECK((held[20000] = pid_alloc())->number == 20000);
	put(500);
	put(501);
	/* One held a second time stays. */
	pid_hold(held[502]);
	pid_put(held[502]);
	CHECK(pid_find(502) == held[502]);
	random_operations(1);
	walk();
	for (int i = 1; i < PID_MAX; i++)
		if (held[i])
			put(i);
	walk();
	CHECK(slab_stub_in_use() == PID_MAX / 512); /* the table's leaves */
	printf("pid: %lu passed\n", passed);
}
