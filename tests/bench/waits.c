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
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char buffer[64 << 10];

static void pipe_alone(size_t n)
{
	int fds[2];

	must(pipe(fds) == 0, "pipe");
	meter_start();
	for (size_t i = 0; i < n; i++)
		must(write(fds[1], buffer, 1) == 1 &&
			     read(fds[0], buffer, 1) == 1,
		     "pipe");
	meter_stop();
	close(fds[0]);
	close(fds[1]);
}

static void epoll_ready(size_t n)
{
	struct epoll_event event = {.events = EPOLLIN};
	int fds[2], watch = epoll_create1(0);

	must(watch >= 0 && pipe(fds) == 0 && write(fds[1], buffer, 1) == 1,
	     "pipe");
	must(epoll_ctl(watch, EPOLL_CTL_ADD, fds[0], &event) == 0, "epoll_ctl");
	meter_start();
	for (size_t i = 0; i < n; i++)
		must(epoll_wait(watch, &event, 1, -1) == 1, "epoll_wait");
	meter_stop();
	close(watch);
	close(fds[0]);
	close(fds[1]);
}

/* One byte there and back between two processes. */
static void pipe_round_trip(size_t n)
{
	int there[2], back[2];
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
	meter_start();
	for (size_t i = 0; i < n; i++)
		must(write(there[1], buffer, 1) == 1 &&
			     read(back[0], buffer, 1) == 1,
		     "pipe");
	meter_stop();
	for (int i = 0; i < 2; i++) {
		close(there[i]);
		close(back[i]);
	}
	waitpid(child, NULL, 0);
}

/* @n KiB from one process to another, 64 at a time. */
static void pipe_bulk(size_t n)
{
	int fds[2];
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
	meter_start();
	while (read(fds[0], buffer, sizeof(buffer)) > 0)
		;
	meter_stop();
	close(fds[0]);
	waitpid(child, NULL, 0);
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

static void futex_processes(size_t n)
{
	struct game *game = new_game(n);
	pid_t child = fork();

	if (child == 0) {
		play(game, 1);
		_exit(0);
	}
	meter_start();
	play(game, 0);
	waitpid(child, NULL, 0);
	meter_stop();
	unmap(game, 1);
}

static void *second(void *game)
{
	play(game, 1);
	return NULL;
}

static void futex_threads(size_t n)
{
	struct game *game = new_game(n);
	pthread_t t;

	must(pthread_create(&t, NULL, second, game) == 0, "pthread_create");
	meter_start();
	play(game, 0);
	pthread_join(t, NULL);
	meter_stop();
	unmap(game, 1);
}

static void yield_alone(size_t n)
{
	meter_start();
	for (size_t i = 0; i < n; i++)
		sched_yield();
	meter_stop();
}

/* Two processes that yield to each other; @n yields in all. */
static void yield_switching(size_t n)
{
	pid_t child = fork();

	while (child == 0)
		sched_yield();
	meter_start();
	for (size_t i = 0; i < n / 2; i++)
		sched_yield();
	meter_stop();
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

const struct row wait_rows[] = {
	{"1 byte through a pipe, one process", pipe_alone, 1000},
	{"1 byte there and back, two processes", pipe_round_trip, 500},
	{"epoll_wait, one is ready", epoll_ready, 1000},
	{"pipe, per KiB", pipe_bulk, 4096},
	{"futex ping-pong, processes", futex_processes, 500},
	{"futex ping-pong, threads", futex_threads, 500},
	{"sched_yield, alone", yield_alone, 1000},
	{"sched_yield, switching", yield_switching, 1000},
	{0},
};
