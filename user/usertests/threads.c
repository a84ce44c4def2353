// SPDX-License-Identifier: MIT
/*
 * threads.c - threads of one process, and the futexes under their locks.
 *
 * A futex is a word of memory: FUTEX_WAIT sleeps if the word still has a
 * certain value, FUTEX_WAKE wakes who sleeps on it.  All of pthread's locks
 * are made of that and of atomic instructions.
 */

#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "testlib/counter.h"
#include "testlib/files.h"
#include "testlib/helper.h"
#include "testlib/memory.h"
#include "testlib/where.h"

enum { NTHREADS = 4 };

static pthread_t start(void *(*body)(void *), void *argument)
{
	pthread_t thread;

	errno = pthread_create(&thread, NULL, body, argument);
	expect(errno == 0);
	return thread;
}

static void *join(pthread_t thread)
{
	void *result;

	errno = pthread_join(thread, &result);
	expect(errno == 0);
	return result;
}

static void *twice(void *argument)
{
	return (void *)(2 * (long)argument);
}

TEST(threads_run_and_return,
     "50 threads, ten at a time, return what they computed.")
{
	pthread_t threads[10];

	for (long round = 0; round < 5; round++) {
		for (long i = 0; i < 10; i++)
			threads[i] = start(twice, (void *)(round * 10 + i));
		for (long i = 0; i < 10; i++)
			expect_eq(join(threads[i]), 2 * (round * 10 + i));
	}
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turned = PTHREAD_COND_INITIALIZER;
static long sum, turn;

static void *add_locked(void *unused)
{
	for (int i = 0; i < 5000; i++) {
		pthread_mutex_lock(&mutex);
		sum++;
		pthread_mutex_unlock(&mutex);
	}
	return unused;
}

TEST(mutex_excludes,
     "Four threads add to one number 5,000 times each under a mutex: 20,000.")
{
	pthread_t threads[NTHREADS];

	for (int i = 0; i < NTHREADS; i++)
		threads[i] = start(add_locked, NULL);
	for (int i = 0; i < NTHREADS; i++)
		join(threads[i]);
	expect_eq(sum, NTHREADS * 5000);
}

static void *take_turns(void *argument)
{
	pthread_mutex_lock(&mutex);
	for (int i = 0; i < 100; i++) {
		while (turn % NTHREADS != (long)argument)
			pthread_cond_wait(&turned, &mutex);
		turn++;
		pthread_cond_broadcast(&turned);
	}
	pthread_mutex_unlock(&mutex);
	return NULL;
}

TEST(condition_wakes,
     "Four threads take turns 100 times by a condition variable.")
{
	pthread_t threads[NTHREADS];

	for (long i = 0; i < NTHREADS; i++)
		threads[i] = start(take_turns, (void *)i);
	for (int i = 0; i < NTHREADS; i++)
		join(threads[i]);
	expect_eq(turn, NTHREADS * 100);
}

static _Thread_local int own = 7;

static void *change_own(void *argument)
{
	expect_eq(own, 7);
	own = (long)argument;
	errno = (long)argument;
	sched_yield();
	expect_eq(own, (long)argument);
	expect_eq(errno, (long)argument);
	return NULL;
}

TEST(thread_local_memory_is_its_own,
     "_Thread_local variables, errno among them, are separate in each "
     "thread.")
{
	pthread_t threads[NTHREADS];

	for (long i = 0; i < NTHREADS; i++)
		threads[i] = start(change_own, (void *)(i + 1));
	for (int i = 0; i < NTHREADS; i++)
		join(threads[i]);
	expect_eq(own, 7);
}

static void *sleep_for_ever(void *unused)
{
	for (;;)
		pause();
	return unused;
}

static void *spin_for_ever(void *unused)
{
	for (;;)
		;
	return unused;
}

TEST(exit_ends_all_threads,
     "A process exits while one thread sleeps and another spins: all are "
     "gone, with the exit status.")
{
	pid_t child = expect_ok(fork());

	if (child == 0) {
		start(sleep_for_ever, NULL);
		start(spin_for_ever, NULL);
		usleep(5000);
		_exit(11);
	}
	expect_exit(child, 11);
}

TEST(kill_ends_all_threads,
     "SIGKILL for a process with threads that sleep and spin ends it, and its "
     "memory returns.")
{
	struct counter nfree = {0};

	for (int round = 0; round < 4; round++) {
		pid_t child;

		if (round == 2)
			nfree = counter_start("nr_free_pages");
		child = expect_ok(fork());
		if (child == 0) {
			for (int i = 0; i < 3; i++)
				start(i % 2 ? spin_for_ever : sleep_for_ever,
				      memset(map_anonymous(8), 1, 8 * PAGE));
			sleep_for_ever(NULL);
		}
		usleep(20000);
		expect_ok(kill(child, SIGKILL));
		expect_killed(child, SIGKILL);
	}
	expect_returned(&nfree, 16);
}

static void *exit_later(void *unused)
{
	usleep(10000);
	_exit(12);
	return unused;
}

TEST(process_outlives_its_first_thread,
     "When main calls pthread_exit the other thread goes on, and its exit is "
     "the process's.")
{
	pid_t child = expect_ok(fork());

	if (child == 0) {
		start(exit_later, NULL);
		pthread_exit(NULL);
	}
	expect_exit(child, 12);
}

static void *exec_from_thread(void *unused)
{
	execl(program_path(), "usertests", "@exit", "13", NULL);
	_exit(1);
	return unused;
}

TEST(exec_ends_the_other_threads,
     "execve by one thread replaces the process: the pid stays, the other "
     "threads are gone.")
{
	pid_t child;

	skip_unless_exec_works();
	child = expect_ok(fork());
	if (child == 0) {
		start(spin_for_ever, NULL);
		start(sleep_for_ever, NULL);
		start(exec_from_thread, NULL);
		sleep_for_ever(NULL);
	}
	expect_exit(child, 13);
}

TEST(fork_copies_one_thread,
     "A child of a process with threads has only the one that called fork.")
{
	pthread_t thread = start(spin_for_ever, NULL);
	pid_t child = expect_ok(fork());

	(void)thread;
	if (child == 0)
		_exit(14);
	expect_exit(child, 14);
}

static void *make_file_and_go(void *unused)
{
	int fd = expect_ok(open("made", O_CREAT | O_RDWR, 0644));

	expect_ok(chdir("/"));
	return (void *)(long)fd + (unused != NULL);
}

TEST(threads_share_descriptors_and_folder,
     "A descriptor that one thread opened is the other's too, and so is its "
     "chdir.")
{
	long fd = (long)join(start(make_file_and_go, NULL));
	char path[10];

	expect_eq(write(fd, "x", 1), 1);
	expect(getcwd(path, sizeof(path)) != NULL);
	expect_string(path, "/");
}

static atomic_int signalled;
static atomic_bool ready;
static _Thread_local bool is_target;

static void note_thread(int signal)
{
	(void)signal;
	signalled = is_target ? 1 : 2;
}

static void *be_target(void *unused)
{
	is_target = true;
	ready = true;
	while (!signalled)
		usleep(1000);
	return unused;
}

TEST(signal_for_one_thread,
     "pthread_kill's handler runs on the thread it was sent to.")
{
	pthread_t thread;

	signal(SIGUSR1, note_thread);
	thread = start(be_target, NULL);
	while (!ready)
		sched_yield();
	expect_eq(pthread_kill(thread, SIGUSR1), 0);
	join(thread);
	expect_eq(signalled, 1);
}

static long futex(void *word, int operation, int value,
		  const struct timespec *timeout)
{
	return syscall(SYS_futex, word, operation, value, timeout, NULL, 0);
}

TEST(futex_waits_only_for_its_value,
     "FUTEX_WAIT with another value is EAGAIN, without a waker ETIMEDOUT; "
     "FUTEX_WAKE without a sleeper wakes 0; unaligned is EINVAL.")
{
	struct timespec soon = {.tv_nsec = 2000000};
	int words[2] = {5, 0};

	expect_errno(futex(words, FUTEX_WAIT, 4, NULL), EAGAIN);
	expect_errno(futex(words, FUTEX_WAIT, 5, &soon), ETIMEDOUT);
	expect_eq(futex(words, FUTEX_WAKE, 1, NULL), 0);
	expect_errno(futex((char *)words + 1, FUTEX_WAIT, 5, NULL), EINVAL);
	expect_errno(futex(words, 99, 5, NULL), ENOSYS);
}

TEST(futex_between_processes,
     "A futex in shared memory: a child sleeps on it, in another address "
     "space, until the parent wakes it.")
{
	int *word = map_anonymous_shared(1);
	pid_t child = expect_ok(fork());

	if (child == 0) {
		while (*(volatile int *)word == 0)
			futex(word, FUTEX_WAIT, 0, NULL);
		_exit(*word);
	}
	usleep(5000);
	*word = 9;
	expect_between(futex(word, FUTEX_WAKE, 1, NULL), 0, 1);
	expect_exit(child, 9);
}

TEST(futex_in_a_mapped_file,
     "The same through two mappings of one file, at two addresses.")
{
	int fd = make_sparse("file", PAGE);
	int *word = map_shared(fd, 1);
	pid_t child = expect_ok(fork());

	if (child == 0) {
		int *other = map_shared(fd, 1);

		while (*(volatile int *)other == 0)
			futex(other, FUTEX_WAIT, 0, NULL);
		_exit(*other);
	}
	usleep(5000);
	*word = 8;
	futex(word, FUTEX_WAKE, 1, NULL);
	expect_exit(child, 8);
}

struct shared {
	pthread_mutex_t mutex;
	sem_t done;
	int n;
};

TEST(locks_between_processes,
     "A mutex and a semaphore that are process-shared work between three "
     "processes.")
{
	struct shared *shared = map_anonymous_shared(1);
	pthread_mutexattr_t attributes;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&shared->mutex, &attributes);
	expect_ok(sem_init(&shared->done, 1, 0));
	for (int i = 0; i < 3; i++) {
		if (expect_ok(fork()) != 0)
			continue;
		for (int n = 0; n < 2000; n++) {
			pthread_mutex_lock(&shared->mutex);
			shared->n++;
			pthread_mutex_unlock(&shared->mutex);
		}
		expect_ok(sem_post(&shared->done));
		_exit(0);
	}
	for (int i = 0; i < 3; i++)
		expect_ok(sem_wait(&shared->done));
	expect_eq(shared->n, 6000);
	while (wait(NULL) > 0)
		;
}

TEST(thread_stacks_are_given_back,
     "100 threads in a row leave no more mapped and no fewer frames free than "
     "ten did.")
{
	struct counter nfree = {0};

	for (int i = 0; i < 110; i++) {
		if (i == 10)
			nfree = counter_start("nr_free_pages");
		expect_eq(join(start(twice, (void *)21)), 42);
	}
	expect_returned(&nfree, 16);
}
