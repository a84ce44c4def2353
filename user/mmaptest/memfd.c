// SPDX-License-Identifier: MIT
/*
 * memfd.c - memory with a descriptor: memfd_create, seals, and holes that
 * fallocate makes and fills.
 */

#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "testlib/counter.h"
#include "testlib/fault.h"
#include "testlib/files.h"
#include "testlib/memory.h"
#include "testlib/where.h"

#ifndef MFD_NOEXEC_SEAL /* headers before Linux 6.3 */
#define MFD_NOEXEC_SEAL 8u
#define MFD_EXEC 16u
#endif
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x0020
#endif

enum { READ_WRITE = PROT_READ | PROT_WRITE };

/* One of @npages, with the pattern in it, that can be sealed. */
static int make_memfd(size_t npages)
{
	int fd = expect_ok(memfd_create("test", MFD_ALLOW_SEALING));
	char bytes[PAGE];

	for (size_t i = 0; i < npages; i++) {
		fill_pattern(bytes, PAGE, i * PAGE);
		expect_eq(write(fd, bytes, PAGE), PAGE);
	}
	return fd;
}

static void seal(int fd, int seals)
{
	expect_ok(fcntl(fd, F_ADD_SEALS, seals));
}

static long blocks(int fd)
{
	struct stat st;

	expect_ok(fstat(fd, &st));
	return st.st_blocks;
}

TEST(memfd_is_a_file_without_a_name,
     "memfd_create gives an empty file, open for both, sealed against seals, "
     "that shows as /memfd:NAME (deleted).")
{
	int fd = expect_ok(memfd_create("some name", MFD_CLOEXEC));
	char link[64], text[100];
	ssize_t n;

	expect_eq(file_size(fd), 0);
	expect_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	expect_eq(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR);
	expect_eq(fcntl(fd, F_GET_SEALS), F_SEAL_SEAL);
	expect_errno(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW), EPERM);
	expect_eq(pwrite(fd, "hello", 6, 2 * PAGE), 6);
	expect_eq(pread(fd, text, 6, 2 * PAGE), 6);
	expect_string(text, "hello");
	expect_eq(file_size(fd), 2 * PAGE + 6);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = expect_ok(readlink(link, text, sizeof(text) - 1));
	text[n] = '\0';
	expect_string(text, "/memfd:some name (deleted)");
}

TEST(memfd_shows_in_maps,
     "A mapping of a memfd has its name in /proc/self/maps.")
{
	struct map_line line;
	char *p = map_shared(make_memfd(1), 1);

	skip_unless_maps_tell();
	expect(map_line_at(p, &line));
	expect_string(line.path, "/memfd:test (deleted)");
	expect_string(line.rights, "rw-s");
}

TEST(memfd_checks_its_arguments,
     "Unknown flags, both MFD_EXEC and MFD_NOEXEC_SEAL, and a name of more "
     "than 249 bytes are EINVAL, a bad address EFAULT.")
{
	char name[251];

	expect_errno(memfd_create("x", 0x40), EINVAL);
	expect_errno(memfd_create("x", MFD_EXEC | MFD_NOEXEC_SEAL), EINVAL);
	expect_errno(memfd_create((char *)16, 0), EFAULT);
	memset(name, 'n', 250);
	name[250] = '\0';
	expect_errno(memfd_create(name, 0), EINVAL);
	name[249] = '\0';
	expect_ok(memfd_create(name, 0));
	expect_ok(memfd_create("", 0));
}

TEST(memfd_without_exec,
     "MFD_NOEXEC_SEAL makes a file that nobody may execute, and that chmod "
     "can't make executable; MFD_EXEC one that is.")
{
	struct stat st;
	int fd = memfd_create("x", MFD_NOEXEC_SEAL);

	if (fd == -1 && where() != ON_QUIRE)
		skip("Linux before 6.3");
	expect_eq(fcntl(fd, F_GET_SEALS), F_SEAL_EXEC);
	expect_ok(fstat(fd, &st));
	expect_eq(st.st_mode & 0777, 0666);
	expect_errno(fchmod(fd, 0777), EPERM);
	expect_ok(fchmod(fd, 0600));
	fd = expect_ok(memfd_create("x", MFD_EXEC | MFD_ALLOW_SEALING));
	expect_ok(fstat(fd, &st));
	expect_eq(st.st_mode & 0777, 0777);
	seal(fd, F_SEAL_EXEC); /* what is executable must then stay as it is */
	expect_eq(fcntl(fd, F_GET_SEALS), F_SEAL_EXEC | F_SEAL_SHRINK |
						  F_SEAL_GROW | F_SEAL_WRITE |
						  F_SEAL_FUTURE_WRITE);
}

/* A write that would make a sealed file longer is refused whole; Linux before
 * 6.11 fills the file, page by page. */
static void check_refused(ssize_t written, ssize_t fits)
{
	if (written == -1 || where() == ON_QUIRE)
		expect_errno(written, EPERM);
	else
		expect_eq(written, fits);
}

TEST(seals_on_the_size, "F_SEAL_SHRINK and F_SEAL_GROW refuse truncation "
			"(EPERM) one way each; and "
			"the second a write that would make the file longer.")
{
	char bytes[2 * PAGE] = {0};
	int fd = make_memfd(3);

	seal(fd, F_SEAL_SHRINK);
	expect_errno(ftruncate(fd, 3 * PAGE - 1), EPERM);
	expect_ok(ftruncate(fd, 3 * PAGE));
	expect_ok(ftruncate(fd, 4 * PAGE));
	seal(fd, F_SEAL_GROW);
	expect_errno(ftruncate(fd, 4 * PAGE + 1), EPERM);
	expect_errno(fallocate(fd, 0, 3 * PAGE, 2 * PAGE), EPERM);
	expect_ok(fallocate(fd, 0, 3 * PAGE, PAGE));
	expect_errno(pwrite(fd, bytes, 1, 4 * PAGE), EPERM);
	check_refused(pwrite(fd, bytes, 2, 4 * PAGE - 1), 1);
	check_refused(pwrite(fd, bytes, 2 * PAGE, 3 * PAGE), PAGE);
	expect_eq(file_size(fd), 4 * PAGE);
	seal(fd, F_SEAL_SEAL);
	expect_errno(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EPERM);
	expect_eq(fcntl(fd, F_GET_SEALS),
		  F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
}

TEST(seal_against_writing,
     "F_SEAL_WRITE: EBUSY while a shared mapping could store; then write, "
     "holes and shared writable mappings are EPERM, private ones work.")
{
	int fd = make_memfd(2);
	char *p = map_shared(fd, 2);

	expect_errno(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EBUSY);
	expect_ok(mprotect(p, 2 * PAGE, PROT_READ)); /* could be undone */
	expect_errno(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EBUSY);
	expect_eq(fcntl(fd, F_GET_SEALS), 0);
	unmap(p, 2);
	seal(fd, F_SEAL_WRITE);
	expect_errno(pwrite(fd, "x", 1, 0), EPERM);
	expect_errno(pwrite(fd, p, PAGE, 0), EFAULT); /* that comes first */
	expect_errno(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			       0, PAGE),
		     EPERM);
	p = mmap(NULL, PAGE, READ_WRITE, MAP_SHARED, fd, 0);
	expect(p == MAP_FAILED && errno == EPERM);
	p = map_private(fd, 2);
	expect_no_fault(fault_write(p, 'x'));
	expect_eq(file_byte(fd, 0), pattern(0));
	expect_ok(ftruncate(fd, PAGE));
	p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED && where() != ON_QUIRE)
		return; /* Linux before 6.7 */
	expect(p != MAP_FAILED);
	expect_pattern(p, PAGE, 0);
	expect_errno(mprotect(p, PAGE, READ_WRITE), EACCES);
}

TEST(seal_against_future_writing,
     "F_SEAL_FUTURE_WRITE leaves the mappings that there are alone, and "
     "refuses write and new ones.")
{
	int fd = make_memfd(1);
	char *p = map_shared(fd, 1);
	char *q;

	seal(fd, F_SEAL_FUTURE_WRITE);
	expect_no_fault(fault_write(p, 'x'));
	expect_eq(file_byte(fd, 0), 'x');
	expect_errno(pwrite(fd, "y", 1, 0), EPERM);
	q = mmap(NULL, PAGE, READ_WRITE, MAP_SHARED, fd, 0);
	expect(q == MAP_FAILED && errno == EPERM);
	q = expect_mapped(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0));
	expect_errno(mprotect(q, PAGE, READ_WRITE), EACCES);
	expect_eq(*q, 'x');
}

TEST(seals_are_for_memory_only,
     "A file on a disk has no seals (EINVAL); a descriptor without the right "
     "to write can't add any (EPERM), nor unknown ones (EINVAL).")
{
	int fd = make_memfd(1), reader;
	char link[64];

	expect_errno(fcntl(fd, F_ADD_SEALS, 0x1000), EINVAL);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	reader = expect_ok(open(link, O_RDONLY));
	expect_errno(fcntl(reader, F_ADD_SEALS, F_SEAL_GROW), EPERM);
	expect_eq(fcntl(reader, F_GET_SEALS), 0);
	if (disk_in_memory())
		return;
	fd = make_file("file", PAGE);
	expect_errno(fcntl(fd, F_GET_SEALS), EINVAL);
	expect_errno(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW), EINVAL);
}

/* --- a seal and a mapping at the same time ------------------------------- */

static atomic_int shared_fd;
static atomic_bool sealed;

/* Map, store, unmap: until it is refused.  What was stored last. */
static void *map_and_store(void *unused)
{
	long stores = 0;

	(void)unused;
	for (;;) {
		char *p =
			mmap(NULL, PAGE, READ_WRITE, MAP_SHARED, shared_fd, 0);
		bool late = sealed;

		if (p == MAP_FAILED) {
			expect_eq(errno, EPERM);
			return NULL;
		}
		expect(!late || !"mapped for writing after the seal");
		*p = ++stores;
		expect_ok(munmap(p, PAGE));
	}
}

TEST(seal_never_comes_between_mapping_and_store,
     "While one thread maps, stores and unmaps over and over, another seals: "
     "once that has worked no mapping can store.")
{
	pthread_t thread;

	for (int round = 0; round < 20; round++) {
		sealed = false;
		shared_fd = make_memfd(1);
		errno = pthread_create(&thread, NULL, map_and_store, NULL);
		expect(errno == 0);
		while (fcntl(shared_fd, F_ADD_SEALS, F_SEAL_WRITE) == -1)
			expect_eq(errno, EBUSY);
		int before = file_byte(shared_fd, 0);
		sealed = true;
		errno = pthread_join(thread, NULL);
		expect(errno == 0);
		expect_eq(file_byte(shared_fd, 0), before);
		expect_ok(close(shared_fd));
	}
}

/* --- holes --------------------------------------------------------------- */

static int punch(int fd, off_t start, off_t nbytes)
{
	return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, start,
			 nbytes);
}

TEST(punched_hole_is_zero_and_free,
     "FALLOC_FL_PUNCH_HOLE: the bytes are zero in the file and its mappings, "
     "those around it stay, whole pages are free, private copies stay.")
{
	int fd = make_memfd(8);
	char *p = map_shared(fd, 8);
	char *copy = map_private(fd, 8);
	struct counter frames;

	copy[3 * PAGE] = 'c';
	expect_pattern(p, 8 * PAGE, 0);
	frames = counter_start("nr_free_pages");
	expect_eq(blocks(fd), 64);
	expect_ok(punch(fd, PAGE + 100, 4 * PAGE));
	expect_eq(blocks(fd), 40);
	expect_counted_between(&frames, 3, 1000);
	expect_eq(file_size(fd), 8 * PAGE);
	expect_pattern(p, PAGE + 100, 0);
	expect_filled(p + PAGE + 100, 0, 4 * PAGE);
	expect_pattern(p + 5 * PAGE + 100, 3 * PAGE - 100, 5 * PAGE + 100);
	expect_eq(copy[3 * PAGE], 'c');
	expect_eq(file_byte(fd, 3 * PAGE), 0);
	expect_ok(punch(fd, 7 * PAGE + 10, 20));
	expect_pattern(p + 7 * PAGE, 10, 7 * PAGE);
	expect_filled(p + 7 * PAGE + 10, 0, 20);
	expect_pattern(p + 7 * PAGE + 30, PAGE - 30, 7 * PAGE + 30);
	expect_ok(punch(fd, 100 * PAGE, PAGE)); /* nothing is there */
	p[2 * PAGE] = 'n';
	expect_eq(file_byte(fd, 2 * PAGE), 'n');
}

TEST(fallocate_checks_its_arguments,
     "Negative or empty ranges are EINVAL, a hole that does not keep the size "
     "EOPNOTSUPP, a pipe ESPIPE, a reader EBADF.")
{
	int fd = make_memfd(1), ends[2];

	expect_errno(fallocate(fd, 0, -1, 10), EINVAL);
	expect_errno(fallocate(fd, 0, 0, 0), EINVAL);
	expect_errno(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, PAGE), EOPNOTSUPP);
	expect_errno(fallocate(fd, 0x4000, 0, PAGE), EOPNOTSUPP);
	expect_errno(fallocate(fd, 0, 1l << 62, 1l << 62), EFBIG);
	expect_errno(fallocate(-1, 0, 0, 1), EBADF);
	expect_ok(pipe(ends));
	expect_errno(fallocate(ends[1], 0, 0, 1), ESPIPE);
	expect_errno(fallocate(ends[0], 0, 0, 1), EBADF);
}

TEST(fallocate_fills_holes,
     "Space is taken at once, reads as zeros, and makes the file longer unless "
     "the size is to be kept; what was there stays.")
{
	int fd = make_memfd(2);
	char bytes[PAGE];

	expect_ok(ftruncate(fd, PAGE + 10));
	expect_ok(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 4 * PAGE));
	expect_eq(file_size(fd), PAGE + 10);
	expect_eq(blocks(fd), 32);
	expect_ok(fallocate(fd, 0, 2 * PAGE, 4 * PAGE));
	expect_eq(file_size(fd), 6 * PAGE);
	expect_eq(blocks(fd), 48);
	expect_eq(pread(fd, bytes, PAGE, 0), PAGE);
	expect_pattern(bytes, PAGE, 0);
	expect_eq(pread(fd, bytes, PAGE, PAGE), PAGE);
	expect_pattern(bytes, 10, PAGE);
	expect_filled(bytes + 10, 0, PAGE - 10);
	for (int i = 2; i < 6; i++) {
		expect_eq(pread(fd, bytes, PAGE, i * PAGE), PAGE);
		expect_filled(bytes, 0, PAGE);
	}
}

TEST(fallocate_of_too_much_changes_nothing,
     "More than there is memory is refused, and neither size nor blocks have "
     "changed.")
{
	int fd = make_memfd(2);

	skip_on(ON_LINUX | ON_EMULATOR, "the memory is others'");
	expect_ok(ftruncate(fd, PAGE));
	expect_errno(fallocate(fd, 0, 0, memory_total() * 4), ENOSPC);
	expect_eq(blocks(fd), 8);
	expect_eq(file_size(fd), PAGE);
}

/* --- holes while others store -------------------------------------------- */

enum { HOLE_PAGES = 8, HOLE_ROUNDS = 300 };

struct race {
	int fd;
	char *p, *q; /* two mappings of it */
	atomic_bool done;
};

static void *store_all_over(void *argument)
{
	struct race *race = argument;

	for (unsigned i = 0; !race->done; i++) {
		volatile char *at = race->p + i % HOLE_PAGES * PAGE;

		*at = i % 100 + 1;
		(void)*(volatile char *)(race->q + i % HOLE_PAGES * PAGE);
	}
	return NULL;
}

TEST(hole_is_punched_while_others_store,
     "Two threads store while another punches holes: afterwards both mappings "
     "and the file still show the same pages, and all frames come back.")
{
	struct race race = {.fd = make_memfd(HOLE_PAGES)};
	struct counter frames = counter_start("nr_free_pages");
	pthread_t threads[2];

	race.p = map_shared(race.fd, HOLE_PAGES);
	race.q = map_shared(race.fd, HOLE_PAGES);
	for (int i = 0; i < 2; i++) {
		errno = pthread_create(&threads[i], NULL, store_all_over,
				       &race);
		expect(errno == 0);
	}
	for (int i = 0; i < HOLE_ROUNDS; i++)
		expect_ok(punch(race.fd, i % HOLE_PAGES * PAGE,
				(1 + i % 3) * PAGE));
	race.done = true;
	for (int i = 0; i < 2; i++) {
		errno = pthread_join(threads[i], NULL);
		expect(errno == 0);
	}
	for (int i = 0; i < HOLE_PAGES; i++) {
		expect_eq(race.p[i * PAGE], race.q[i * PAGE]);
		expect_eq(race.p[i * PAGE], file_byte(race.fd, i * PAGE));
		race.p[i * PAGE] = 'z';
		expect_eq(race.q[i * PAGE], 'z');
		expect_eq(file_byte(race.fd, i * PAGE), 'z');
	}
	unmap(race.p, HOLE_PAGES);
	unmap(race.q, HOLE_PAGES);
	expect_ok(close(race.fd));
	expect_returned(&frames, 40); /* the threads' stacks */
}
