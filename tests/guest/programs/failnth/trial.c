// SPDX-License-Identifier: MIT
/*
 * trial.c - the loop over allocations, and what it looks at.
 */

#define _GNU_SOURCE
#include "trial.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testlib/counter.h"
#include "testlib/where.h"

enum {
	N_MAX = 2000, /* no call allocates as often */
	PASSES = 8,   /* a leak shows this many times */
};

int fail_fd;

/* --- asking for it --- */

static void arm(long n)
{
	char text[24];

	snprintf(text, sizeof(text), "%ld", n);
	expect_eq(pwrite(fail_fd, text, strlen(text), 0), strlen(text));
}

/* Call it off; what was left. */
static long disarm(void)
{
	char text[24] = "";

	expect(pread(fail_fd, text, sizeof(text) - 1, 0) > 0);
	expect_eq(pwrite(fail_fd, "0", 1, 0), 1);
	return atol(text);
}

int outcome(long result)
{
	return result == -1 ? errno : 0;
}

/* --- what a failure must not change --- */

static char maps_before[16384], maps_after[16384];

static void read_maps(char *out)
{
	int fd = expect_ok(open("/proc/self/maps", O_RDONLY));
	ssize_t n, done = 0;

	while ((n = expect_ok(read(fd, out + done, 16383 - done))) > 0)
		done += n;
	out[done] = '\0';
	close(fd);
}

static int next_descriptor(void)
{
	int fd = expect_ok(dup(fail_fd));

	close(fd);
	return fd;
}

/* --- the loop --- */

/* One try with the @n-th allocation failing; true if none did. */
static bool try_nth(const struct trial *trial, long n, long *hits)
{
	int fd = next_descriptor();
	bool hit;
	int err;

	if (trial->prepare)
		trial->prepare();
	read_maps(maps_before);
	arm(n);
	err = trial->try();
	hit = disarm() == 0;
	*hits += hit;
	if (err) {
		if (!hit || (err != ENOMEM && err != trial->errno_wanted))
			fail(HERE, "allocation %ld: expected %s, saw %s", n,
			     hit ? "ENOMEM" : "success", strerror(err));
		read_maps(maps_after);
		if (strcmp(maps_after, maps_before) != 0)
			fail(HERE, "allocation %ld: expected maps\n%ssaw\n%s",
			     n, maps_before, maps_after);
		if (trial->unchanged)
			trial->unchanged();
		expect_eq(next_descriptor(), fd);
		return false;
	}
	if (trial->undo)
		trial->undo();
	expect_eq(next_descriptor(), fd);
	return !hit;
}

static void start(void)
{
	if (fail_fd)
		return;
	fail_fd = open("/proc/self/fail-nth", O_RDWR);
	if (fail_fd < 0)
		skip("no /proc/self/fail-nth: not the debug kernel");
}

void run_once(const struct trial *trial)
{
	long n = 1, hits = 0;

	start();
	while (!try_nth(trial, n, &hits))
		if (++n > N_MAX)
			fail(HERE, "%d tries, and still one fails", N_MAX);
	if (!trial->may_do_without)
		expect(hits > 0);
}

/* Frames that are not in some cache, or free. */
static long frames_unused(void)
{
	return counter_read("nr_free_pages") + counter_read("nr_file_pages") +
	       counter_read("quire_slab_pages") +
	       counter_read("quire_stack_pages") +
	       counter_read("nr_page_table_pages") + memory_of_buffers() / PAGE;
}

void run_trial(const struct trial *trial)
{
	long objects, frames;

	run_once(trial); /* caches fill */
	sync();
	objects = counter_read("quire_slab_objects");
	frames = frames_unused();
	for (int i = 0; i < PASSES; i++)
		run_once(trial);
	sync();
	expect_between(counter_read("quire_slab_objects") - objects, -PASSES,
		       PASSES - 1);
	expect_between(frames - frames_unused(), -PASSES, PASSES - 1);
	close(fail_fd);
}

/* --- children --- */

enum { HIT = 41, NOT_HIT = 42, LIBC_GAVE_UP = 127 };

/* In the child: open an own fail_fd in place of the parent's. */
void arm_child(long n)
{
	int fd = expect_ok(open("/proc/self/fail-nth", O_RDWR));

	expect_ok(dup2(fd, fail_fd));
	close(fd);
	arm(n);
}

_Noreturn void tell_parent(void)
{
	_exit(disarm() == 0 ? HIT : NOT_HIT);
}

/* Children run @child(n) for n = 1, 2, ... until none is hit. */
void run_children(void (*child)(long n))
{
	int status = HIT;
	long n;

	start();
	for (n = 1; status == HIT && n < N_MAX; n++) {
		pid_t pid = expect_ok(fork());

		if (pid == 0)
			child(n);
		expect_ok(waitpid(pid, &status, 0));
		expect(WIFEXITED(status));
		status = WEXITSTATUS(status);
		/* A call of the new image's start-up was hit. */
		if (status == LIBC_GAVE_UP)
			status = HIT;
	}
	expect_eq(status, NOT_HIT);
	expect(n > 10);
}

/* --- memory --- */

char *memory;

void prepare_fresh(void)
{
	memory = expect_mapped(mmap(FAR_AWAY, 5 * PAGE, BOTH,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
				    0));
}

void prepare_memory(void)
{
	prepare_fresh();
	memset(memory, 'o', 5 * PAGE);
}

void memory_unchanged(void)
{
	expect_filled(memory, 'o', 5 * PAGE);
}

void drop_memory(void)
{
	expect_ok(munmap(memory, 5 * PAGE));
}
