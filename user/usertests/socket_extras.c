// SPDX-License-Identifier: MIT
/*
 * socket_extras.c - what goes along with messages: descriptors, and who sent
 * them.
 */

#include "sockets.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "testlib/counter.h"
#include "testlib/files.h"
#include "testlib/where.h"

enum { FILES_MAX = 253 };

static char control[CMSG_SPACE(FILES_MAX * sizeof(int)) + 64];

/* A byte, with descriptors. */
static ssize_t send_files(int by, const int *fds, unsigned n)
{
	struct iovec iov = {"f", 1};
	struct msghdr m = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = CMSG_SPACE(n * sizeof(int)),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(c), fds, n * sizeof(int));
	return sendmsg(by, &m, 0);
}

/* A byte, with what comes in @room bytes.  How many descriptors. */
static int receive_files(int by, int *fds, size_t room, int flags, int *seen)
{
	char byte;
	struct iovec iov = {&byte, 1};
	struct msghdr m = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = room,
	};
	struct cmsghdr *c;
	size_t n;

	expect_eq(recvmsg(by, &m, flags), 1);
	*seen = m.msg_flags & ~MSG_CMSG_CLOEXEC;
	c = CMSG_FIRSTHDR(&m);
	if (!c)
		return 0;
	expect_eq(c->cmsg_level, SOL_SOCKET);
	expect_eq(c->cmsg_type, SCM_RIGHTS);
	n = c->cmsg_len - CMSG_LEN(0);
	memcpy(fds, CMSG_DATA(c), n);
	return n / sizeof(int);
}

TEST(descriptors_are_passed,
     "SCM_RIGHTS gives another process the same open file, with its "
     "position; MSG_CMSG_CLOEXEC marks it.")
{
	int file = make_file("file", PAGE), fd, flags;
	pid_t child;

	make_pair(SOCK_STREAM);
	child = expect_ok(fork());
	if (child == 0) {
		close(file);
		expect_eq(receive_files(pair[1], &fd, sizeof(control),
					MSG_CMSG_CLOEXEC, &flags),
			  1);
		expect_eq(flags, 0);
		expect_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
		expect_eq(lseek(fd, 0, SEEK_CUR), 77);
		expect_eq(lseek(fd, 10, SEEK_SET), 10);
		_exit(0);
	}
	expect_eq(lseek(file, 77, SEEK_SET), 77);
	expect_eq(send_files(pair[0], &file, 1), 1);
	expect_exit(child, 0);
	expect_eq(lseek(file, 0, SEEK_CUR), 10);
}

TEST(descriptors_end_a_read,
     "A read of a stream does not go on past a message with descriptors; one "
     "that does not want them loses them.")
{
	int fd, flags;
	char text[4];

	make_pair(SOCK_STREAM);
	expect_eq(write(pair[0], "a", 1), 1);
	expect_eq(send_files(pair[0], &pair[0], 1), 1);
	expect_eq(write(pair[0], "b", 1), 1);
	expect_eq(read(pair[1], text, 4), 2);
	expect_eq(read(pair[1], text, 4), 1);
	expect_eq(send_files(pair[0], &pair[0], 1), 1);
	expect_eq(receive_files(pair[1], &fd, 0, 0, &flags), 0);
	expect_eq(flags, MSG_CTRUNC);
	expect_eq(expect_ok(dup(0)), pair[1] + 1);
}

TEST(more_descriptors_than_room,
     "As many as fit are given, and MSG_CTRUNC; the rest are closed.")
{
	int ends[3], fds[3], flags, copy;
	char byte;

	skip_on(ON_EMULATOR, "qemu-user's control messages have other sizes");
	make_pair(SOCK_DGRAM);
	expect_ok(pipe(ends));
	ends[2] = ends[0];
	ends[0] = pair[0];
	copy = ends[1];
	ends[1] = ends[2];
	ends[2] = copy; /* the writing end comes last */
	expect_eq(send_files(pair[0], ends, 3), 1);
	expect_ok(close(copy));
	expect_eq(receive_files(pair[1], fds, CMSG_LEN(2 * sizeof(int)), 0,
				&flags),
		  2);
	expect_eq(flags, MSG_CTRUNC);
	expect_eq(read(fds[1], &byte, 1), 0);
}

TEST(descriptors_and_limits,
     "253 go, more are EINVAL, as are none that are descriptors (EBADF); "
     "past RLIMIT_NOFILE the rest is lost.")
{
	struct rlimit limit;
	int fds[FILES_MAX], flags;
	static char large[CMSG_SPACE(254 * sizeof(int))];
	struct iovec iov = {"f", 1};
	struct msghdr m = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = large,
		.msg_controllen = sizeof(large),
	};

	skip_on(ON_EMULATOR, "qemu-user does not check control messages");
	make_pair(SOCK_STREAM);
	for (int i = 0; i < FILES_MAX; i++)
		fds[i] = 0;
	*CMSG_FIRSTHDR(&m) = (struct cmsghdr){CMSG_LEN(254 * sizeof(int)),
					      SOL_SOCKET, SCM_RIGHTS};
	expect_errno(sendmsg(pair[0], &m, 0), EINVAL);
	CMSG_FIRSTHDR(&m)->cmsg_len = 3;
	expect_errno(sendmsg(pair[0], &m, 0), EINVAL);
	expect_eq(send_files(pair[0], fds, FILES_MAX), 1);
	fds[1] = 99;
	expect_errno(send_files(pair[0], fds, 2), EBADF);
	expect_ok(getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = pair[1] + 11;
	expect_ok(setrlimit(RLIMIT_NOFILE, &limit));
	expect_eq(receive_files(pair[1], fds, sizeof(control), 0, &flags), 10);
	expect_eq(flags, MSG_CTRUNC);
}

TEST(looking_at_descriptors,
     "MSG_PEEK gives descriptors too, of the same file, and leaves them.")
{
	int ends[2], fds[2], flags;
	char byte;

	make_pair(SOCK_STREAM);
	expect_ok(pipe(ends));
	expect_eq(send_files(pair[0], &ends[1], 1), 1);
	expect_ok(close(ends[1]));
	expect_eq(receive_files(pair[1], &fds[0], sizeof(control), MSG_PEEK,
				&flags),
		  1);
	expect_eq(receive_files(pair[1], &fds[1], sizeof(control), 0, &flags),
		  1);
	expect_eq(write(fds[0], "x", 1), 1);
	expect_eq(write(fds[1], "y", 1), 1);
	expect_ok(close(fds[0]));
	expect_ok(close(fds[1]));
	expect_eq(read(ends[0], &byte, 1), 1);
	expect_eq(read(ends[0], &byte, 1), 1);
	expect_eq(read(ends[0], &byte, 1), 0);
}

/* --- sockets in messages of sockets --- */

/* The writing end of a pipe goes where nobody can receive it; its reader
 * tells when it is closed. */
static int bury(int by)
{
	int ends[2];

	expect_ok(pipe(ends));
	expect_eq(send_files(by, &ends[1], 1), 1);
	expect_ok(close(ends[1]));
	return ends[0];
}

/* The kernel looks at the latest when another socket is closed. */
static void expect_gone(int reader)
{
	char byte;

	make_pair(SOCK_STREAM);
	expect_ok(close(pair[0]));
	expect_ok(close(pair[1]));
	expect_eq(read(reader, &byte, 1), 0);
}

TEST(two_sockets_in_each_other,
     "Each end of a pair was sent by the other, and both are closed: what was "
     "in them is closed as well.")
{
	int reader;

	make_pair(SOCK_STREAM);
	reader = bury(pair[0]);
	expect_eq(send_files(pair[0], &pair[1], 1), 1);
	expect_eq(send_files(pair[1], &pair[0], 1), 1);
	expect_ok(close(pair[0]));
	expect_ok(close(pair[1]));
	expect_gone(reader);
}

TEST(socket_in_itself,
     "A datagram socket that was sent to itself, and one among those that "
     "wait to be accepted by it, are closed when nobody has them.")
{
	int fd = socket_named(SOCK_DGRAM, "@quire-itself"), other, reader;

	expect_ok(socket_connect(fd, "@quire-itself"));
	reader = bury(fd);
	expect_eq(send_files(fd, &fd, 1), 1);
	expect_ok(close(fd));
	expect_gone(reader);
	fd = socket_server(SOCK_STREAM, "@quire-itself", 1);
	other = socket_client(SOCK_STREAM, "@quire-itself");
	reader = bury(other);
	expect_eq(send_files(other, &fd, 1), 1);
	expect_ok(close(fd));
	expect_ok(close(other));
	expect_gone(reader);
}

TEST(socket_in_a_ring_that_is_held,
     "As long as a process has one of a ring of sockets, or can receive one, "
     "nothing in it is lost.")
{
	int ring[4][2], keep[2], fd, flags;

	expect_ok(socketpair(AF_UNIX, SOCK_STREAM, 0, keep));
	for (int i = 0; i < 4; i++)
		expect_ok(socketpair(AF_UNIX, SOCK_STREAM, 0, ring[i]));
	for (int i = 0; i < 4; i++)
		expect_eq(send_files(ring[i][0], &ring[(i + 1) % 4][1], 1), 1);
	expect_eq(send_files(keep[0], &ring[0][1], 1), 1);
	for (int i = 0; i < 4; i++) {
		expect_ok(close(ring[i][0]));
		expect_ok(close(ring[i][1]));
	}
	expect_eq(receive_files(keep[1], &fd, sizeof(control), 0, &flags), 1);
	for (int i = 0; i < 8 && i < 4; i++) {
		int next;

		expect_eq(receive_files(fd, &next, sizeof(control), 0, &flags),
			  1);
		expect_ok(close(fd));
		fd = next;
	}
}

TEST(long_chain_of_sockets,
     "A socket in a message to a socket in a message to ..., 200 of them: "
     "all go when the last is closed.")
{
	int before[2], reader;

	expect_ok(socketpair(AF_UNIX, SOCK_DGRAM, 0, before));
	reader = bury(before[0]);
	for (int i = 0; i < 200; i++) {
		make_pair(SOCK_DGRAM);
		/* Linux 6.10 and before: not deeper than four. */
		if (send_files(pair[0], &before[1], 1) == -1) {
			expect_eq(errno, ETOOMANYREFS);
			close(pair[0]);
			close(pair[1]);
			break;
		}
		expect_ok(close(before[0]));
		expect_ok(close(before[1]));
		memcpy(before, pair, sizeof(pair));
	}
	expect_ok(close(before[0]));
	expect_ok(close(before[1]));
	expect_gone(reader);
}

TEST(rings_lose_no_memory,
     "100 times such a ring is made and left: no memory is lost.")
{
	struct counter free_pages;

	for (int i = 0; i < 110; i++) {
		if (i == 10)
			free_pages = counter_start("nr_free_pages");
		make_pair(SOCK_STREAM);
		expect_eq(send_files(pair[0], &pair[1], 1), 1);
		expect_eq(send_files(pair[1], &pair[0], 1), 1);
		expect_ok(close(pair[0]));
		expect_ok(close(pair[1]));
	}
	expect_returned(&free_pages, 8);
}

/* --- who sent it --- */

TEST(who_is_at_the_other_end,
     "SO_PEERCRED tells who made the pair, listened, or connected.")
{
	struct ucred c;
	socklen_t n = sizeof(c);
	int listener = socket_server(SOCK_STREAM, "name", 1), fd;
	pid_t child;

	make_pair(SOCK_STREAM);
	expect_ok(getsockopt(pair[0], SOL_SOCKET, SO_PEERCRED, &c, &n));
	expect_eq(c.pid, getpid());
	expect_eq(c.uid, getuid());
	child = expect_ok(fork());
	if (child == 0) {
		fd = socket_client(SOCK_STREAM, "name");
		expect_ok(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &c, &n));
		expect_eq(c.pid, getppid());
		_exit(0);
	}
	fd = expect_ok(accept(listener, NULL, NULL));
	expect_ok(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &c, &n));
	expect_eq(c.pid, child);
	expect_exit(child, 0);
	fd = expect_ok(socket(AF_UNIX, SOCK_STREAM, 0));
	expect_ok(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &c, &n));
	expect_eq(c.pid, 0);
	expect_eq(c.uid, (uid_t)-1);
}

TEST(who_sent_a_message,
     "With SO_PASSCRED each message comes with its sender, and two senders' "
     "bytes are not mixed.")
{
	char bytes[4];
	struct iovec iov = {bytes, 4};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
	struct ucred c;
	pid_t child;

	make_pair(SOCK_STREAM);
	socket_set(pair[1], SO_PASSCRED, 1);
	child = expect_ok(fork());
	if (child == 0)
		_exit(write(pair[0], "a", 1));
	expect_exit(child, 1);
	expect_eq(write(pair[0], "b", 1), 1);
	expect_eq(write(pair[0], "c", 1), 1);
	for (int i = 1; i <= 2; i++) {
		m.msg_control = control;
		m.msg_controllen = sizeof(control);
		expect_eq(recvmsg(pair[1], &m, 0), i);
		expect(CMSG_FIRSTHDR(&m) != NULL);
		expect_eq(CMSG_FIRSTHDR(&m)->cmsg_type, SCM_CREDENTIALS);
		memcpy(&c, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(c));
		expect_eq(c.pid, i == 1 ? child : getpid());
		expect_eq(c.uid, getuid());
		expect_eq(c.gid, getgid());
	}
}
