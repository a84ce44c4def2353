// SPDX-License-Identifier: MIT
/*
 * files.c - names, files and pipes.
 */

#define _GNU_SOURCE
#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "testlib/counter.h"
#include "testlib/files.h"
#include "trial.h"

static int file;

static void prepare_stores(void)
{
	counter_read("nr_free_pages"); /* drops the blocks of inodes */
	for (int i = 0; i < 5; i++)
		memory[i * PAGE]++;
}

static int try_msync(void)
{
	return outcome(msync(memory, 5 * PAGE, MS_SYNC));
}

static void can_be_repeated(void)
{
	expect_eq(try_msync(), 0);
}

/* Pages are written without taking memory; the inode may need a block. */
TEST(msync_can_be_repeated, "msync writes, or does so when asked again (29).")
{
	file = make_file("file", 5 * PAGE);
	memory = map_shared(file, 5);
	run_trial(&(struct trial){prepare_stores, try_msync, can_be_repeated,
				  NULL, 0, true});
}

static int opened;

static int try_open(void)
{
	opened = open("file", O_RDWR);
	return outcome(opened);
}

static void undo_open(void)
{
	close(opened);
}

TEST(open_of_a_file, "open gives a descriptor, or takes none (29).")
{
	close(make_file("file", 10));
	run_trial(&(struct trial){.try = try_open, .undo = undo_open});
}

static int try_create(void)
{
	opened = open("new", O_RDWR | O_CREAT | O_EXCL, 0644);
	return outcome(opened);
}

/* It may be there all the same: if only the open file could not be had. */
static void forget_new(void)
{
	if (unlink("new") == -1)
		expect_eq(errno, ENOENT);
}

static void undo_create(void)
{
	close(opened);
	expect_ok(unlink("new"));
}

TEST(open_of_a_new_file, "O_CREAT gives a descriptor, or takes none (29).")
{
	run_trial(&(struct trial){forget_new, try_create, NULL, undo_create, 0,
				  false});
}

static ssize_t moved;

/* Names, inodes, maps of blocks and pages all come from the disk: each try is
 * with another of the programs there, none of which has run yet. */
static DIR *programs;
static char cold[300];

static void prepare_cold(void)
{
	struct dirent *entry;

	do
		entry = readdir(programs);
	while (entry && entry->d_name[0] == '.');
	if (!entry)
		fail(HERE, "expected more programs in /bin");
	snprintf(cold, sizeof(cold), "/bin/%s", entry->d_name);
}

static int try_cold(void)
{
	static char bytes[8 * PAGE];
	int fd = open(cold, O_RDONLY);

	if (fd < 0)
		return errno;
	moved = read(fd, bytes, sizeof(bytes));
	if (moved < 0)
		moved = -errno;
	close(fd);
	return moved < 0 ? -moved : 0;
}

static void cold_is_readable(void)
{
	expect_eq(try_cold(), 0);
	expect_between(moved, 1, 8 * PAGE);
}

TEST(read_from_a_cold_disk, "open and read of what was never read before (29).")
{
	const struct trial trial = {
		prepare_cold,     try_cold, cold_is_readable,
		cold_is_readable, 0,        false};

	programs = opendir("/bin");
	expect(programs);
	run_once(&trial);
}

/* The file is all holes, and nothing of it in memory. */
static void prepare_read(void)
{
	expect_ok(ftruncate(file, 0));
	expect_ok(ftruncate(file, 3 * PAGE));
}

static int try_read(void)
{
	static char bytes[3 * PAGE];

	moved = pread(file, bytes, sizeof(bytes), 0);
	return outcome(moved);
}

static void some_moved(void)
{
	expect_between(moved, 1, 3 * PAGE);
}

TEST(read_of_a_file, "read gives what it could get (29).")
{
	file = make_sparse("file", 0);
	run_trial(&(struct trial){prepare_read, try_read, NULL, some_moved, 0,
				  false});
}

static void prepare_write(void)
{
	expect_ok(ftruncate(file, 0));
}

static int try_write(void)
{
	static char bytes[3 * PAGE];

	memset(bytes, 'w', sizeof(bytes));
	moved = pwrite(file, bytes, sizeof(bytes), 0);
	return outcome(moved);
}

static void nothing_written(void)
{
	expect_eq(file_size(file), 0);
}

static void some_written(void)
{
	some_moved();
	expect_eq(file_size(file), moved);
	expect_eq(file_byte(file, moved - 1), 'w');
}

TEST(write_to_a_file, "write is short, or fails and has written nothing (29).")
{
	file = make_sparse("file", 0);
	run_trial(&(struct trial){prepare_write, try_write, nothing_written,
				  some_written, 0, false});
}

static int try_mkdir(void)
{
	return outcome(mkdir("folder", 0755));
}

static void no_folder(void)
{
	expect_errno(access("folder", F_OK), ENOENT);
}

static void undo_mkdir(void)
{
	expect_ok(rmdir("folder"));
}

TEST(mkdir_makes_all_or_nothing, "mkdir makes a folder, or no name (29).")
{
	run_trial(&(struct trial){NULL, try_mkdir, no_folder, undo_mkdir, 0,
				  false});
}

static int ends[2];

static int try_pipe(void)
{
	return outcome(pipe(ends));
}

static void undo_pipe(void)
{
	close(ends[0]);
	close(ends[1]);
}

TEST(pipe_gives_two_ends, "pipe gives two descriptors, or none (29).")
{
	run_trial(&(struct trial){
		.try = try_pipe, .undo = undo_pipe, .errno_wanted = ENFILE});
}

/* --- waiting ------------------------------------------------------------- */

static int watcher, watched;

static int try_event_files(void)
{
	sigset_t none;

	sigemptyset(&none);
	watcher = epoll_create1(0);
	watched = eventfd(1, 0);
	if (watcher < 0 || watched < 0) {
		int err = errno;

		close(watcher);
		close(watched);
		return err;
	}

	int timer = timerfd_create(CLOCK_MONOTONIC, 0);
	int signals = timer < 0 ? -1 : signalfd(-1, &none, 0);
	int err = signals < 0 ? errno : 0;

	close(timer);
	close(signals);
	if (err) {
		close(watcher);
		close(watched);
	}
	return err;
}

static void undo_event_files(void)
{
	close(watcher);
	close(watched);
}

TEST(event_files_are_made_or_not,
     "epoll, eventfd, timerfd, signalfd: a descriptor, or none (29).")
{
	run_trial(&(struct trial){.try = try_event_files,
				  .undo = undo_event_files,
				  .errno_wanted = ENFILE});
}

static int try_watch(void)
{
	struct epoll_event event = {.events = EPOLLIN};

	return outcome(epoll_ctl(watcher, EPOLL_CTL_ADD, watched, &event));
}

static void watches_nothing(void)
{
	struct epoll_event event;

	expect_eq(epoll_wait(watcher, &event, 1, 0), 0);
}

static void undo_watch(void)
{
	struct epoll_event event;

	expect_eq(epoll_wait(watcher, &event, 1, 0), 1);
	expect_ok(epoll_ctl(watcher, EPOLL_CTL_DEL, watched, NULL));
}

TEST(epoll_watches_or_not, "epoll_ctl adds a watch, or none (29).")
{
	expect_eq(try_event_files(), 0);
	run_trial(&(struct trial){NULL, try_watch, watches_nothing, undo_watch,
				  0, false});
}

/* --- pipes --------------------------------------------------------------- */

static void prepare_pipe(void)
{
	expect_ok(pipe(ends));
}

static int try_pipe_write(void)
{
	static const char bytes[3 * PAGE] = "first";

	moved = write(ends[1], bytes, sizeof(bytes));
	return outcome(moved);
}

/* Nothing went in; and it works when there is memory. */
static void empty_pipe(void)
{
	struct pollfd input = {ends[0], POLLIN, 0};

	expect_eq(poll(&input, 1, 0), 0);
	expect_ok(try_pipe_write());
	undo_pipe();
}

static void full_pipe(void)
{
	static char bytes[3 * PAGE];

	expect_eq(read(ends[0], bytes, sizeof(bytes)), moved);
	expect_string(bytes, "first");
	undo_pipe();
}

TEST(pipe_carries_what_it_took,
     "A write into a pipe is short, or nothing (29).")
{
	run_trial(&(struct trial){prepare_pipe, try_pipe_write, empty_pipe,
				  full_pipe, 0, false});
}

static int try_poll(void)
{
	struct pollfd many[200];

	for (int i = 0; i < 200; i++)
		many[i] = (struct pollfd){0, POLLOUT, 0};
	return outcome(poll(many, 200, 0));
}

TEST(poll_of_many, "poll is ENOMEM, or done (29).")
{
	run_trial(&(struct trial){.try = try_poll});
}
