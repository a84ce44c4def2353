// SPDX-License-Identifier: MIT
/*
 * asleep.c - page tables in which nothing is dirty.
 *
 *	msync  ──► looks at each table ──► no D: the table goes to sleep
 *	                 ▲                        │
 *	   looks again ──┘◄── wakes ◄── a touch ──┘    msync: passes it by
 *
 * What costs nothing must also lose nothing: a store to memory whose table was
 * asleep, by whatever way it comes, is found by the next msync.  The mapping
 * is long enough for whole tables of 512 pages to lie in it.
 */

#define _GNU_SOURCE
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testlib/counter.h"
#include "testlib/files.h"
#include "testlib/memory.h"
#include "testlib/where.h"

enum { NPAGES = 4 * 512, MIDDLE = NPAGES / 2 };

static void sync_all(char *p)
{
	expect_ok(msync(p, NPAGES * PAGE, MS_SYNC));
}

/* Mapped, resident, clean, and looked at often enough. */
static char *map_asleep(int *fd)
{
	char *p;

	*fd = make_file("file", NPAGES * PAGE);
	p = map_shared(*fd, NPAGES);
	expect_ok(fsync(*fd));
	for (size_t i = 0; i < NPAGES; i++)
		(void)*(volatile char *)(p + i * PAGE);
	for (int i = 0; i < 4; i++)
		sync_all(p);
	return p;
}

/* One page, @p's in the middle, has been stored to: it is written, once. */
static void expect_found(char *p, struct counter *written)
{
	sync_all(p);
	expect_counted(written, 1);
	sync_all(p);
	sync_all(p);
	expect_counted(written, 1);
}

TEST(store_wakes_a_table,
     "Pages of a mapping that msync has found clean, again and again, are "
     "stored to: each time exactly those are written (31).")
{
	int fd;
	char *p = map_asleep(&fd);

	for (int round = 0; round < 4; round++) {
		struct counter written =
			counter_start("quire_data_pages_written");

		for (size_t i = round; i < NPAGES; i += 400)
			p[i * PAGE] = 'a' + round;
		sync_all(p);
		expect_counted(&written, (NPAGES - round + 399) / 400);
		for (int i = 0; i < round; i++)
			sync_all(p);
	}
	unmap(p, NPAGES);
	drop_caches();
	expect_eq(file_byte(fd, 403 * PAGE), 'd');
}

TEST(touches_wake_a_table_once,
     "The first touch of memory whose table is asleep faults; its 511 "
     "neighbours don't.")
{
	int fd;
	char *p = map_asleep(&fd);
	struct counter faults;

	skip_unless_counted("pgfault");
	faults = counter_start("pgfault");
	for (size_t i = 0; i < NPAGES; i++)
		(void)*(volatile char *)(p + i * PAGE);
	expect_counted_between(&faults, 1, 9);
}

TEST(kernel_stores_wake_a_table,
     "A read(2) into memory whose table is asleep is a store; so is one by "
     "process_vm_writev.")
{
	int fd, pipes[2];
	char *p = map_asleep(&fd), byte = 'k';
	struct iovec here = {&byte, 1}, there = {p + MIDDLE * PAGE, 1};
	struct counter written = counter_start("quire_data_pages_written");

	expect_ok(pipe(pipes));
	expect_eq(write(pipes[1], "k", 1), 1);
	expect_eq(read(pipes[0], p + MIDDLE * PAGE, 1), 1);
	expect_found(p, &written);

	skip_on(ON_EMULATOR, "qemu-user knows no process_vm_writev");
	written = counter_start("quire_data_pages_written");
	expect_eq(process_vm_writev(getpid(), &here, 1, &there, 1, 0), 1);
	expect_found(p, &written);
}

TEST(tables_asleep_are_moved_and_protected,
     "Tables that are asleep are moved, protected and unmapped like others, "
     "and stores afterwards are found.")
{
	int fd;
	char *p = map_asleep(&fd);
	char *to = reserve(NPAGES + 1) + PAGE;
	struct counter written = counter_start("quire_data_pages_written");

	expect_eq(mremap(p, NPAGES * PAGE, NPAGES * PAGE,
			 MREMAP_MAYMOVE | MREMAP_FIXED, to),
		  to);
	sync_all(to);
	to[MIDDLE * PAGE] = 'm';
	expect_found(to, &written);

	written = counter_start("quire_data_pages_written");
	expect_ok(mprotect(to, NPAGES * PAGE, PROT_READ));
	sync_all(to);
	expect_ok(mprotect(to, NPAGES * PAGE, PROT_READ | PROT_WRITE));
	to[MIDDLE * PAGE] = 'p';
	expect_found(to, &written);
	unmap(to, NPAGES);
	expect_eq(file_byte(fd, MIDDLE * PAGE), 'p');
}

TEST(child_wakes_its_own_table,
     "After fork parent and child both store to memory whose table is asleep "
     "in the parent: both stores are found.")
{
	int fd;
	char *p = map_asleep(&fd);
	struct counter written = counter_start("quire_data_pages_written");
	pid_t child = expect_ok(fork());

	if (child == 0) {
		p[MIDDLE * PAGE] = 'c';
		_exit(0);
	}
	expect_exit(child, 0);
	p[MIDDLE * PAGE + 1] = 'p';
	expect_found(p, &written);
}
