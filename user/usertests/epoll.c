// SPDX-License-Identifier: MIT
/*
 * epoll.c - waiting for many files at the cost of those that are ready.
 *
 *	level:    told for as long as it is so
 *	edge:     told once for each change
 *	one-shot: told once, until asked for again
 */

#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "testlib/files.h"
#include "testlib/memory.h"
#include "testlib/where.h"

static const int READ = 0, WRITE = 1;

static void control(int ep, int op, int fd, uint32_t events)
{
	struct epoll_event event = {.events = events, .data = {.fd = fd}};

	expect_ok(epoll_ctl(ep, op, fd, &event));
}

static int control_errno(int ep, int op, int fd, uint32_t events)
{
	struct epoll_event event = {.events = events};

	return epoll_ctl(ep, op, fd, &event) == 0 ? 0 : errno;
}

/* Nothing is ready now. */
#define expect_none(ep) check_told(ep, -1, 0, HERE)
/* Just @fd is, for @events. */
#define expect_told(ep, fd, events) check_told(ep, fd, events, HERE)

static void check_told(int ep, int fd, uint32_t events, struct place place)
{
	struct epoll_event told[4];
	int n = epoll_wait(ep, told, 4, 0);

	check_eq(n, fd >= 0, "how many are ready", place);
	if (n == 1) {
		check_eq(told[0].data.fd, fd, "which is ready", place);
		check_eq(told[0].events, events, "for what", place);
	}
}

static int make_epoll(void)
{
	return expect_ok(epoll_create1(EPOLL_CLOEXEC));
}

static void put(int fd)
{
	expect_eq(write(fd, "x", 1), 1);
}

static void get(int fd)
{
	char byte;

	expect_eq(read(fd, &byte, 1), 1);
}

TEST(epoll_by_level, "A pipe with bytes in it is told again and again until it "
		     "is empty; an end "
		     "that nobody writes any more hangs up, asked for or not.")
{
	int ends[2], ep = make_epoll();

	expect_ok(pipe(ends));
	control(ep, EPOLL_CTL_ADD, ends[READ], EPOLLIN);
	expect_none(ep);
	put(ends[WRITE]);
	expect_told(ep, ends[READ], EPOLLIN);
	expect_told(ep, ends[READ], EPOLLIN);
	get(ends[READ]);
	expect_none(ep);
	close(ends[WRITE]);
	expect_told(ep, ends[READ], EPOLLHUP);
}

TEST(epoll_by_edge,
     "EPOLLET tells of each change once, even if the bytes stay; and of what "
     "was there when it was asked.")
{
	int ends[2], ep = make_epoll();

	expect_ok(pipe(ends));
	put(ends[WRITE]);
	control(ep, EPOLL_CTL_ADD, ends[READ], EPOLLIN | EPOLLET);
	expect_told(ep, ends[READ], EPOLLIN);
	expect_none(ep);
	get(ends[READ]);
	expect_none(ep);
	put(ends[WRITE]);
	expect_told(ep, ends[READ], EPOLLIN);
	expect_none(ep);
}

TEST(epoll_once,
     "EPOLLONESHOT tells once; EPOLL_CTL_MOD asks again, and tells at once of "
     "what is so already.")
{
	int ends[2], ep = make_epoll();

	expect_ok(pipe(ends));
	control(ep, EPOLL_CTL_ADD, ends[READ], EPOLLIN | EPOLLONESHOT);
	put(ends[WRITE]);
	expect_told(ep, ends[READ], EPOLLIN);
	expect_none(ep);
	put(ends[WRITE]);
	expect_none(ep);
	control(ep, EPOLL_CTL_MOD, ends[READ], EPOLLIN | EPOLLONESHOT);
	expect_told(ep, ends[READ], EPOLLIN);
	close(ends[WRITE]);
	expect_none(ep);
}

TEST(epoll_asked_otherwise,
     "EPOLL_CTL_MOD changes what is asked for, EPOLL_CTL_DEL ends it.")
{
	int ends[2], ep = make_epoll();

	expect_ok(pipe(ends));
	control(ep, EPOLL_CTL_ADD, ends[WRITE], EPOLLIN);
	expect_none(ep);
	control(ep, EPOLL_CTL_MOD, ends[WRITE], EPOLLOUT);
	expect_told(ep, ends[WRITE], EPOLLOUT);
	expect_ok(epoll_ctl(ep, EPOLL_CTL_DEL, ends[WRITE], NULL));
	expect_none(ep);
	expect_eq(control_errno(ep, EPOLL_CTL_MOD, ends[WRITE], EPOLLOUT),
		  ENOENT);
}

TEST(epoll_refuses, "What can't be waited for is EPERM, what is no epoll "
		    "EINVAL, what is there "
		    "EEXIST, what isn't ENOENT, no descriptor EBADF.")
{
	int ends[2], ep = make_epoll();
	int file = expect_ok(open("f", O_CREAT | O_RDWR, 0666));
	struct epoll_event event;
	volatile int negative = -1;

	expect_ok(pipe(ends));
	expect_errno(epoll_create1(1), EINVAL);
	expect_eq(control_errno(ep, EPOLL_CTL_ADD, file, EPOLLIN), EPERM);
	expect_eq(control_errno(ep, EPOLL_CTL_ADD, ep, EPOLLIN), EINVAL);
	expect_eq(control_errno(file, EPOLL_CTL_ADD, ends[0], EPOLLIN), EINVAL);
	expect_eq(control_errno(ep, EPOLL_CTL_ADD, -1, EPOLLIN), EBADF);
	expect_eq(control_errno(-1, EPOLL_CTL_ADD, ends[0], EPOLLIN), EBADF);
	expect_eq(control_errno(ep, 9, ends[0], EPOLLIN), EINVAL);
	expect_eq(control_errno(ep, EPOLL_CTL_DEL, ends[0], 0), ENOENT);
	control(ep, EPOLL_CTL_ADD, ends[0], EPOLLIN);
	expect_eq(control_errno(ep, EPOLL_CTL_ADD, ends[0], EPOLLIN), EEXIST);
	expect_errno(epoll_wait(ep, &event, 0, 0), EINVAL);
	expect_errno(epoll_wait(ep, &event, negative, 0), EINVAL);
	expect_errno(epoll_wait(ends[0], &event, 1, 0), EINVAL);
	expect_errno(epoll_wait(-1, &event, 1, 0), EBADF);
	expect_errno(read(ep, &event, sizeof(event)), EINVAL);
}

TEST(epoll_exclusive,
     "EPOLLEXCLUSIVE can be asked for at first only, and not be changed.")
{
	int ends[2], ep = make_epoll();

	expect_ok(pipe(ends));
	expect_eq(control_errno(ep, EPOLL_CTL_ADD, ends[READ],
				EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT),
		  EINVAL);
	control(ep, EPOLL_CTL_ADD, ends[READ], EPOLLIN | EPOLLEXCLUSIVE);
	expect_eq(control_errno(ep, EPOLL_CTL_MOD, ends[READ], EPOLLIN),
		  EINVAL);
	put(ends[WRITE]);
	expect_told(ep, ends[READ], EPOLLIN);
}

TEST(epoll_keeps_events_it_could_not_tell,
     "With bad memory for the answer epoll_wait is EFAULT, and the event is "
     "told later.")
{
	int ends[2], ep = make_epoll();

	struct epoll_event *volatile nowhere = NULL;

	skip_on(ON_EMULATOR, "it copies the answer after the wait");
	expect_ok(pipe(ends));
	control(ep, EPOLL_CTL_ADD, ends[READ], EPOLLIN | EPOLLET);
	put(ends[WRITE]);
	expect_errno(epoll_wait(ep, nowhere, 1, 0), EFAULT);
	expect_told(ep, ends[READ], EPOLLIN);
}

TEST(epoll_forgets_what_is_closed,
     "A file is watched until its last descriptor is closed, be it another "
     "than the one that was named.")
{
	int ends[2], ep = make_epoll();

	expect_ok(pipe(ends));
	control(ep, EPOLL_CTL_ADD, ends[READ], EPOLLIN);
	put(ends[WRITE]);

	int other = expect_ok(dup(ends[READ]));

	control(ep, EPOLL_CTL_ADD, other, EPOLLOUT); /* a watch of its own */
	close(ends[READ]);
	expect_told(ep, ends[READ], EPOLLIN);
	close(other);
	expect_none(ep);
}

TEST(epoll_watches_an_epoll,
     "An epoll can be read when something it watches is ready: so says another "
     "one, and poll.  Two can't watch each other (ELOOP).")
{
	int ends[2], inner = make_epoll(), outer = make_epoll();
	struct pollfd fds = {.fd = outer, .events = POLLIN};

	expect_ok(pipe(ends));
	control(inner, EPOLL_CTL_ADD, ends[READ], EPOLLIN);
	control(outer, EPOLL_CTL_ADD, inner, EPOLLIN);
	expect_eq(control_errno(inner, EPOLL_CTL_ADD, outer, EPOLLIN), ELOOP);
	expect_none(outer);
	expect_eq(poll(&fds, 1, 0), 0);
	put(ends[WRITE]);
	expect_eq(poll(&fds, 1, 0), 1);
	expect_eq(fds.revents, POLLIN);
	expect_told(outer, inner, EPOLLIN);
	expect_told(outer, inner, EPOLLIN);
	get(ends[READ]);
	expect_none(outer);
	put(ends[WRITE]);
	expect_told(outer, inner, EPOLLIN);
	close(inner);
	expect_none(outer);
}

/* A child echoes @rounds bytes. */
static pid_t start_echo(int to[2], int from[2], int rounds)
{
	expect_ok(pipe(to));
	expect_ok(pipe(from));

	pid_t child = expect_ok(fork());

	if (child == 0) {
		for (int i = 0; i < rounds; i++) {
			get(to[READ]);
			put(from[WRITE]);
		}
		_exit(0);
	}
	return child;
}

TEST(epoll_wakes_sleepers,
     "A thousand times a byte goes to another process and back, by level, and "
     "by edge, through two epolls: each is waited for, none is missed.")
{
	enum { ROUNDS = 500 };
	int to[2], from[2];
	pid_t child = start_echo(to, from, 2 * ROUNDS);
	int inner = make_epoll(), outer = make_epoll();
	struct epoll_event event;

	control(inner, EPOLL_CTL_ADD, from[READ], EPOLLIN);
	control(outer, EPOLL_CTL_ADD, inner, EPOLLIN);
	for (int i = 0; i < 2 * ROUNDS; i++) {
		if (i == ROUNDS)
			control(inner, EPOLL_CTL_MOD, from[READ],
				EPOLLIN | EPOLLET);
		put(to[WRITE]);
		expect_eq(epoll_wait(i & 1 ? outer : inner, &event, 1, -1), 1);
		if (i & 1)
			expect_eq(epoll_wait(inner, &event, 1, 0), 1);
		get(from[READ]);
	}
	expect_exit(child, 0);
}

TEST(epoll_of_many,
     "Of 300 pipes those are told, each once, that have become ready, however "
     "few at a time are asked for.")
{
	enum { PIPES = 300, READY = 70, STEP = 7 };
	static int ends[PIPES][2];
	static char told[4096];
	struct epoll_event events[STEP];
	int ep = make_epoll(), total = 0, n;

	for (int i = 0; i < PIPES; i++) {
		expect_ok(pipe(ends[i]));
		control(ep, EPOLL_CTL_ADD, ends[i][READ], EPOLLIN | EPOLLET);
	}
	for (int i = 0; i < READY; i++)
		put(ends[i * 37 % PIPES][WRITE]);
	while ((n = expect_ok(epoll_wait(ep, events, STEP, 0))) > 0) {
		for (int i = 0; i < n; i++)
			expect_eq(told[events[i].data.fd]++, 0);
		total += n;
	}
	expect_eq(total, READY);
	for (int i = 0; i < READY; i++)
		expect_eq(told[ends[i * 37 % PIPES][READ]], 1);
}

static int shared_epoll, semaphore, finished;

static void *take_events(void *count)
{
	struct epoll_event event;
	uint64_t one;

	for (;;) {
		expect_ok(epoll_wait(shared_epoll, &event, 1, -1));
		if (event.data.fd == finished)
			return NULL;
		if (read(semaphore, &one, sizeof(one)) == sizeof(one))
			++*(int *)count;
	}
}

TEST(epoll_shared_by_threads,
     "Three threads wait on one epoll for a semaphore: a thousand events come "
     "to one of them each.")
{
	enum { THREADS = 3, EVENTS = 1000 };
	pthread_t threads[THREADS];
	int counts[THREADS] = {0}, total = 0;
	uint64_t one = 1;

	shared_epoll = make_epoll();
	semaphore = expect_ok(eventfd(0, EFD_SEMAPHORE | EFD_NONBLOCK));
	finished = expect_ok(eventfd(0, 0));
	control(shared_epoll, EPOLL_CTL_ADD, semaphore, EPOLLIN);
	control(shared_epoll, EPOLL_CTL_ADD, finished, EPOLLIN);
	for (int i = 0; i < THREADS; i++)
		expect_eq(pthread_create(&threads[i], NULL, take_events,
					 &counts[i]),
			  0);
	for (int i = 0; i < EVENTS; i++)
		expect_eq(write(semaphore, &one, sizeof(one)), sizeof(one));
	/* All are taken: a semaphore that is zero can't be read. */
	struct pollfd fds = {.fd = semaphore, .events = POLLIN};
	while (poll(&fds, 1, 0) == 1)
		sched_yield();
	expect_eq(write(finished, &one, sizeof(one)), sizeof(one));
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		total += counts[i];
	}
	expect_eq(total, EVENTS);
}

static void do_nothing(int sig)
{
	(void)sig;
}

TEST(epoll_waits_as_long_as_it_is_told,
     "A timeout ends the wait, not too early; a signal ends it with EINTR, "
     "unless the mask keeps it away.")
{
	int ep = make_epoll();
	struct epoll_event event;
	struct timespec before, after;
	struct sigaction action = {.sa_handler = do_nothing,
				   .sa_flags = SA_RESTART};
	struct itimerval soon = {.it_value = {.tv_usec = 20000}};
	sigset_t mask;

	clock_gettime(CLOCK_MONOTONIC, &before);
	expect_eq(epoll_wait(ep, &event, 1, 30), 0);
	clock_gettime(CLOCK_MONOTONIC, &after);
	expect((after.tv_sec - before.tv_sec) * 1000000000l + after.tv_nsec -
		       before.tv_nsec >=
	       30000000);
	expect_ok(sigaction(SIGALRM, &action, NULL));
	expect_ok(setitimer(ITIMER_REAL, &soon, NULL));
	expect_errno(epoll_wait(ep, &event, 1, -1), EINTR);
	sigemptyset(&mask);
	sigaddset(&mask, SIGALRM);
	expect_ok(setitimer(ITIMER_REAL, &soon, NULL));
	expect_eq(epoll_pwait(ep, &event, 1, 60, &mask), 0);
}
