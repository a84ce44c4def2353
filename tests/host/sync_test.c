/* host-test: kernel/sync/mutex.c kernel/sync/rwlock.c kernel/sync/waitq.c kernel/sync/spinlock.c */
/* SPDX-License-Identifier: MIT */
/*
 * sync_test.c - mutexes, reader-writer locks and wait queues under host
 * threads, behind a scheduler made of pthreads, while another thread keeps
 * waking everybody for no reason, as signals do.  A lost wake-up shows as a
 * test that doesn't end: an alarm ends it.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "arch/riscv/time.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/sync/mutex.h"
#include "kernel/sync/rwlock.h"

enum { THREADS = 6, ROUNDS = 20000, ITEMS = 20000, MILLISECOND = 1000000 };

static atomic_ulong passed;

#define CHECK(cond) \
	do { \
		passed++; \
		if (!(cond)) { \
			printf("line %d: %s\n", __LINE__, #cond); \
			exit(1); \
		} \
	} while (0)

_Noreturn void panic(const char *format, ...)
{
	printf("panic: %s\n", format);
	exit(1);
}

_Noreturn void assert_failed(const char *expression, const char *file, int line,
			     const char *function)
{
	printf("%s:%d: %s\n", file, line, expression);
	exit(1);
}

/* --- a scheduler of pthreads --- */

enum state { RUNNING, PREPARED };

static struct native {
	pthread_t id;
	enum state state;
	bool interrupted;
	pthread_cond_t wake;
} natives[THREADS + 4];

static int nnatives;
static pthread_mutex_t big = PTHREAD_MUTEX_INITIALIZER;

uint64_t time_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * 1000000000ul + now.tv_nsec;
}

static struct native *native_of(const struct task *task)
{
	for (int i = 0; i < nnatives; i++) {
		if (natives[i].id == (pthread_t)task)
			return &natives[i];
	}
	return NULL;
}

static void register_thread(void)
{
	pthread_mutex_lock(&big);
	natives[nnatives] = (struct native){.id = pthread_self()};
	pthread_cond_init(&natives[nnatives++].wake, NULL);
	pthread_mutex_unlock(&big);
}

void sched_prepare(void)
{
	pthread_mutex_lock(&big);
	native_of(sched_current())->state = PREPARED;
	pthread_mutex_unlock(&big);
}

void sched_cancel(void)
{
	pthread_mutex_lock(&big);
	native_of(sched_current())->state = RUNNING;
	pthread_mutex_unlock(&big);
}

void sched_block_until(uint64_t deadline)
{
	struct timespec at = {min_u64(deadline / 1000000000, UINT32_MAX), 0};
	struct native *me;
	int err = 0;

	at.tv_nsec = deadline % 1000000000;
	pthread_mutex_lock(&big);
	me = native_of(sched_current());
	while (me->state == PREPARED && !err)
		err = pthread_cond_timedwait(&me->wake, &big, &at);
	me->state = RUNNING;
	pthread_mutex_unlock(&big);
}

void sched_block(void)
{
	sched_block_until(UINT64_MAX);
}

bool sched_wake(struct task *task)
{
	struct native *native;
	bool was = false;

	pthread_mutex_lock(&big);
	native = native_of(task);
	if (native) {
		was = native->state == PREPARED;
		native->state = RUNNING;
		pthread_cond_signal(&native->wake);
	}
	pthread_mutex_unlock(&big);
	return was;
}

bool sched_interrupted(void)
{
	bool interrupted;

	pthread_mutex_lock(&big);
	interrupted = native_of(sched_current())->interrupted;
	pthread_mutex_unlock(&big);
	return interrupted;
}

static atomic_bool stop;

/* Spurious wake-ups for all; signals pending for some, some of the time. */
static void *disturb(void *unused)
{
	unsigned seed = 1;

	while (!stop) {
		struct native *n;

		pthread_mutex_lock(&big);
		n = &natives[rand_r(&seed) % nnatives];
		n->interrupted = rand_r(&seed) % 4 == 0;
		pthread_mutex_unlock(&big);
		sched_wake((struct task *)n->id);
		usleep(50);
	}
	return NULL;
}

static void run(void *(*fn)(void *), int nthreads)
{
	pthread_t thread[THREADS], disturber;

	stop = false;
	nnatives = 0;
	register_thread();
	for (long i = 0; i < nthreads; i++)
		pthread_create(&thread[i], NULL, fn, (void *)i);
	pthread_create(&disturber, NULL, disturb, NULL);
	for (int i = 0; i < nthreads; i++)
		pthread_join(thread[i], NULL);
	stop = true;
	pthread_join(disturber, NULL);
}

/* --- mutex: increments are not lost --- */

static struct mutex mutex;
static long counter;

static void *increment(void *unused)
{
	register_thread();
	for (int i = 0; i < ROUNDS; i++) {
		long seen;

		if (i % 5 || !mutex_trylock(&mutex))
			mutex_lock(&mutex);
		CHECK(mutex_held(&mutex));
		seen = counter;
		if (i % 64 == 0)
			usleep(1);
		counter = seen + 1;
		mutex_unlock(&mutex);
	}
	return NULL;
}

/* --- rwlock: readers see whole updates, and overlap --- */

static struct rwlock rwlock;
static long pair[2];
static atomic_int readers, most_readers;

static void write_pair(int i)
{
	write_lock(&rwlock);
	CHECK(write_held(&rwlock) && readers == 0);
	pair[0]++;
	if (i % 64 == 0)
		usleep(1);
	pair[1]++;
	write_unlock(&rwlock);
}

static void read_pair(int i)
{
	int n;

	read_lock(&rwlock);
	n = ++readers;
	if (n > most_readers)
		most_readers = n;
	CHECK(pair[0] == pair[1]);
	if (i % 16 == 0)
		usleep(1);
	readers--;
	read_unlock(&rwlock);
}

static void *read_and_write(void *unused)
{
	register_thread();
	for (int i = 0; i < ROUNDS; i++) {
		if (i % 5 == 0)
			write_pair(i);
		else
			read_pair(i);
	}
	return NULL;
}

/* --- wait queue: each item put is taken, whatever else goes on --- */

static struct spinlock lock = SPINLOCK_INIT("test", RANK_CACHE);
static struct waitq queue = WAITQ_INIT(queue);
static int nitems, ntaken, timeouts, signals;

/* Until some have waited in vain, in both ways: the first of the takers begin
 * with one kind of wait each. */
static void hold_back(void)
{
	bool seen = false;

	while (!seen) {
		usleep(100);
		spin_lock(&lock);
		seen = timeouts > 0 && signals > 0;
		spin_unlock(&lock);
	}
}

static void *put_items(void *unused)
{
	hold_back();
	for (int i = 0; i < ITEMS; i++) {
		spin_lock(&lock);
		nitems++;
		waitq_wake_one(&queue);
		spin_unlock(&lock);
		if (i % 16 == 0)
			usleep(1);
	}
	return NULL;
}

/* Every kind of wait; only one in three can end before an item comes. */
static int wait_somehow(int i)
{
	if (i % 3 == 0)
		return waitq_wait_until(&queue, &lock,
					time_now() + MILLISECOND / 10);
	if (i % 3 == 1)
		return waitq_wait_interruptible(&queue, &lock);
	waitq_wait(&queue, &lock);
	return 0;
}

static void *take_items(void *arg)
{
	long me = (long)arg;

	register_thread();
	if (me == 0)
		return put_items(NULL);
	spin_lock(&lock);
	for (int i = me; ntaken < ITEMS; i++) {
		if (nitems) {
			nitems--;
			ntaken++;
			continue;
		}
		switch (wait_somehow(i)) {
		case -ETIMEDOUT:
			timeouts++;
			break;
		case -ERESTARTSYS:
			signals++;
			break;
		}
	}
	/* The end is an event for all. */
	waitq_wake_all(&queue);
	spin_unlock(&lock);
	return NULL;
}

/* --- the rules of waking one, without threads --- */

static void order_of_waking(void)
{
	struct waiter first = {.exclusive = true}, second = {.exclusive = true};
	struct waiter poller = {0}, never = {0};

	register_thread();
	waitq_enter(&queue, &first);
	waitq_enter(&queue, &second);
	waitq_enter(&queue, &poller);
	CHECK(waitq_wake_one(&queue) == 2);
	CHECK(first.woken && poller.woken && !second.woken);
	waitq_leave(&first);
	waitq_leave(&poller);
	waitq_leave(&never);
	CHECK(!waitq_empty(&queue));
	waitq_leave(&second);
	CHECK(waitq_empty(&queue) && waitq_wake_all(&queue) == 0);
	waitq_leave(&second);
}

static struct waitq behind;
static unsigned ntold;

/* As epoll does: in one queue, told of it, one wakes another. */
static void tell(struct waiter *waiter)
{
	CHECK(waiter->woken);
	ntold++;
	waitq_wake_all(&behind);
}

static void waiter_that_is_told(void)
{
	struct waiter told = {.notify = tell}, sleeper = {.exclusive = true};

	waitq_init_ranked(&behind, RANK_EVENTPOLL);
	for (unsigned n = 1; n <= 2; n++) {
		waitq_enter(&queue, &told);
		waitq_enter(&behind, &sleeper);
		CHECK(waitq_wake_one(&queue) == 1 && ntold == n);
		CHECK(sleeper.woken && waitq_empty(&queue));
		CHECK(waitq_wake_one(&queue) == 0 && ntold == n);
		waitq_leave(&told);
		waitq_leave(&sleeper);
	}
}

int main(void)
{
	alarm(120);
	mutex_init(&mutex, "test", RANK_INODE);
	rwlock_init(&rwlock, "test", RANK_MM);
	order_of_waking();
	waiter_that_is_told();
	run(increment, THREADS);
	CHECK(counter == (long)THREADS * ROUNDS && !mutex.owner);
	run(read_and_write, THREADS);
	CHECK(pair[0] == (long)THREADS * ROUNDS / 5 && !rwlock.state);
	CHECK(most_readers > 1);
	run(take_items, THREADS);
	CHECK(ntaken == ITEMS && nitems == 0 && waitq_empty(&queue));
	CHECK(timeouts > 0 && signals > 0);
	printf("sync: %lu passed\n", passed);
	return 0;
}
