// SPDX-License-Identifier: MIT
/*
 * waits.c - rows: pipes, futexes, and giving the hart away.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char buffer[64 << 10];

static long pipe_alone(size_t n)
{
	int fds[2];
	long start;

	must(pipe(fds) == 0, "pipe");
	start = now();
	for (size_t i = 0; i < n; i++)
		must(write(fds[1], buffer, 1) == 1 &&
			     read(fds[0], buffer, 1) == 1,
		     "pipe");
	start = now() - start;
	close(fds[0]);
	close(fds[1]);
	return start;
}

/* One byte there and back between two processes. */
static long pipe_round_trip(size_t n)
{
	int there[2], back[2];
	long start;
	pid_t child;

	must(pipe(there) == 0 && pipe(back) == 0, "pipe");
	child = fork();
	if (child == 0) {
		close(there[1]);
		while (read(there[0], buffer, 1) == 1)
			if (write(back[1], buffer, 1) != 1)
				break;
		_exit(0);
	}
	start = now();
	for (size_t i = 0; i < n; i++)
		must(write(there[1], buffer, 1) == 1 &&
			     read(back[0], buffer, 1) == 1,
		     "pipe");
	start = now() - start;
	for (int i = 0; i < 2; i++) {
		close(there[i]);
		close(back[i]);
	}
	waitpid(child, NULL, 0);
	return start;
}

/* @n KiB from one process to another, 64 at a time. */
static long pipe_bulk(size_t n)
{
	int fds[2];
	long start;
	pid_t child;

	must(pipe(fds) == 0, "pipe");
	child = fork();
	if (child == 0) {
		close(fds[0]);
		for (size_t left = n << 10; left;) {
			ssize_t done = write(fds[1], buffer, sizeof(buffer));

			must(done > 0, "write");
			left -= done;
		}
		_exit(0);
	}
	close(fds[1]);
	start = now();
	while (read(fds[0], buffer, sizeof(buffer)) > 0)
		;
	start = now() - start;
	close(fds[0]);
	waitpid(child, NULL, 0);
	return start;
}

/* Two who wait for each other, on one word that counts their turns. */
struct game {
	_Atomic uint32_t turn;
	uint32_t nturns;
};

static void play(struct game *game, uint32_t who)
{
	for (uint32_t turn = who; turn < game->nturns; turn += 2) {
		uint32_t seen;

		while ((seen = game->turn) != turn)
			syscall(SYS_futex, &game->turn, FUTEX_WAIT, seen, NULL);
		game->turn = turn + 1;
		syscall(SYS_futex, &game->turn, FUTEX_WAKE, 1);
	}
}

static struct game *new_game(size_t n)
{
	struct game *game = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	must(game != MAP_FAILED, "mmap");
	game->nturns = 2 * n;
	return game;
}

static long futex_processes(size_t n)
{
	struct game *game = new_game(n);
	pid_t child = fork();
	long start = now();

	play(game, child == 0);
	if (child == 0)
		_exit(0);
	waitpid(child, NULL, 0);
	start = now() - start;
	unmap(game, 1);
	return start;
}

static void *second(void *game)
{
	play(game, 1);
	return NULL;
}

static long futex_threads(size_t n)
{
	struct game *game = new_game(n);
	long start;
	pthread_t t;

	must(pthread_create(&t, NULL, second, game) == 0, "pthread_create");
	start = now();
	play(game, 0);
	pthread_join(t, NULL);
	start = now() - start;
	unmap(game, 1);
	return start;
}

static long yield_alone(size_t n)
{
	long start = now();

	for (size_t i = 0; i < n; i++)
		sched_yield();
	return now() - start;
}

/* Two processes that yield to each other; @n yields in all. */
static long yield_switching(size_t n)
{
	pid_t child = fork();
	long start;

	while (child == 0)
		sched_yield();
	start = now();
	for (size_t i = 0; i < n / 2; i++)
		sched_yield();
	start = now() - start;
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return start;
}

const struct row wait_rows[] = {
	{"1 byte through a pipe, one process", pipe_alone, 1000},
	{"1 byte there and back, two processes", pipe_round_trip, 500},
	{"pipe, per KiB", pipe_bulk, 4096},
	{"futex ping-pong, processes", futex_processes, 500},
	{"futex ping-pong, threads", futex_threads, 500},
	{"sched_yield, alone", yield_alone, 1000},
	{"sched_yield, switching", yield_switching, 1000},
	{0},
};
