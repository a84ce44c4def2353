// SPDX-License-Identifier: MIT
/*
 * socket_names.c - UNIX-domain sockets: how they are named and connected, and
 * what is told of them.
 */

#include "sockets.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "testlib/files.h"
#include "testlib/memory.h"
#include "testlib/where.h"

TEST(socket_is_a_file,
     "fstat says S_IFSOCK, /proc/self/fd socket:[N]; flags and close-on-exec "
     "are as asked for.")
{
	int fd = expect_ok(
		socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
	char path[40], target[40] = {0}, wanted[40];
	struct stat st;

	expect_ok(fstat(fd, &st));
	expect(S_ISSOCK(st.st_mode));
	expect_eq(fcntl(fd, F_GETFL), O_RDWR | O_NONBLOCK);
	expect_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	expect_ok(readlink(path, target, sizeof(target) - 1));
	snprintf(wanted, sizeof(wanted), "socket:[%lu]", (long)st.st_ino);
	expect_string(target, wanted);
}

TEST(sockets_there_are_not,
     "Other families are EAFNOSUPPORT, other types ESOCKTNOSUPPORT or EINVAL, "
     "other protocols EPROTONOSUPPORT.")
{
	int ends[2], next = expect_ok(dup(0));

	expect_ok(close(next));
	expect_errno(socket(AF_UNIX, SOCK_RDM, 0), ESOCKTNOSUPPORT);
	expect_errno(socket(AF_UNIX, SOCK_STREAM, 5), EPROTONOSUPPORT);
	expect_errno(socket(77, SOCK_STREAM, 0), EAFNOSUPPORT);
	expect_errno(socketpair(AF_UNIX, 14, 0, ends), EINVAL);
	expect_errno(socketpair(AF_UNIX, SOCK_STREAM, 0, NULL), EFAULT);
	if (where() != ON_EMULATOR) /* which forgets to close the two */
		expect_eq(expect_ok(dup(0)), next);
}

static int client_fd, served_fd;

TEST(connection_by_a_path,
     "bind makes a special file, by which connect finds the listener; accept "
     "gives the other end, named as the listener.")
{
	int listener = socket_server(SOCK_STREAM, "name", 5);
	struct sockaddr_un un;
	socklen_t n = sizeof(un);
	struct stat st;
	char byte;

	expect_ok(stat("name", &st));
	expect(S_ISSOCK(st.st_mode));
	expect_errno(open("name", O_RDWR), ENXIO);
	expect_eq(socket_events(listener), 0);
	client_fd = socket_client(SOCK_STREAM, "name");
	expect_eq(write(client_fd, "x", 1), 1);
	expect_eq(socket_events(listener), POLLIN);
	served_fd = expect_ok(accept(listener, (void *)&un, &n));
	expect_eq(n, 2); /* the client has no name */
	expect_eq(read(served_fd, &byte, 1), 1);
	n = sizeof(un);
	expect_ok(getsockname(served_fd, (void *)&un, &n));
	expect_eq(n, offsetof(struct sockaddr_un, sun_path) + 5);
	expect_string(un.sun_path, "name");
	n = sizeof(un);
	expect_ok(getpeername(client_fd, (void *)&un, &n));
	expect_string(un.sun_path, "name");
	expect_ok(close(served_fd));
	expect_eq(read(client_fd, &byte, 1), 0);
	n = sizeof(un);
	expect_ok(getpeername(client_fd, (void *)&un, &n));
}

TEST(names_that_are_taken,
     "A path that is there is EADDRINUSE, even when its socket is closed; an "
     "abstract name goes with its socket; a second bind is EINVAL.")
{
	int fd = socket_named(SOCK_STREAM, "name");
	int other = expect_ok(socket(AF_UNIX, SOCK_STREAM, 0));
	struct sockaddr_un un;
	socklen_t n = socket_address(&un, "name");

	expect_errno(bind(other, (void *)&un, n), EADDRINUSE);
	expect_ok(close(fd));
	expect_errno(bind(other, (void *)&un, n), EADDRINUSE);
	expect_ok(unlink("name"));
	expect_ok(bind(other, (void *)&un, n));
	n = socket_address(&un, "another");
	expect_errno(bind(other, (void *)&un, n), EINVAL);
	fd = socket_named(SOCK_STREAM, "@quire-taken");
	n = socket_address(&un, "@quire-taken");
	close(other);
	other = expect_ok(socket(AF_UNIX, SOCK_STREAM, 0));
	expect_errno(bind(other, (void *)&un, n), EADDRINUSE);
	expect_ok(close(fd));
	expect_ok(bind(other, (void *)&un, n));
	close(socket_named(SOCK_DGRAM, "@quire-taken"));
}

TEST(names_that_are_none,
     "Too short, too long, of another family, in a folder that is not there: "
     "EINVAL, ENOENT.")
{
	int fd = expect_ok(socket(AF_UNIX, SOCK_STREAM, 0));
	struct sockaddr_un un;
	socklen_t n = socket_address(&un, "missing/name");

	expect_errno(bind(fd, (void *)&un, n), ENOENT);
	expect_errno(connect(fd, (void *)&un, n), ENOENT);
	expect_errno(bind(fd, (void *)&un, 1), EINVAL);
	expect_errno(connect(fd, (void *)&un, 2), EINVAL);
	expect_errno(bind(fd, (void *)&un, n + 1), EINVAL);
	expect_errno(bind(fd, NULL, n), EFAULT);
	un.sun_family = AF_INET;
	expect_errno(bind(fd, (void *)&un, n), EINVAL);
	n = sizeof(un);
	expect_ok(getsockname(fd, (void *)&un, &n));
	expect_eq(n, 2);
	expect_errno(getpeername(fd, (void *)&un, &n), ENOTCONN);
	n = -1;
	expect_errno(getsockname(fd, (void *)&un, &n), EINVAL);
}

TEST(longest_name,
     "A path of 108 bytes fills the address, without a NUL, and is found.")
{
	int fd = expect_ok(socket(AF_UNIX, SOCK_STREAM, 0));
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	char name[sizeof(un.sun_path) + 1] = {0};
	struct stat st;

	memset(name, 'n', sizeof(un.sun_path));
	memcpy(un.sun_path, name, sizeof(un.sun_path));
	expect_ok(bind(fd, (void *)&un, sizeof(un)));
	expect_ok(stat(name, &st));
	expect_ok(listen(fd, 1));
	fd = expect_ok(socket(AF_UNIX, SOCK_STREAM, 0));
	expect_ok(connect(fd, (void *)&un, sizeof(un)));
}

TEST(name_made_up,
     "bind to no name at all makes up an abstract one, another for each.")
{
	struct sockaddr_un un[2] = {{.sun_family = AF_UNIX}};
	socklen_t n;

	for (int i = 0; i < 2; i++) {
		int fd = expect_ok(socket(AF_UNIX, SOCK_STREAM, 0));

		expect_ok(bind(fd, (void *)&un[0], 2));
		n = sizeof(un[1]);
		expect_ok(getsockname(fd, (void *)&un[1 - i], &n));
		expect_eq(n, 2 + 6);
		expect_eq(un[1 - i].sun_path[0], 0);
		un[0].sun_family = AF_UNIX;
	}
	expect(memcmp(un[0].sun_path, un[1].sun_path, 6) != 0);
}

TEST(connections_refused,
     "Nobody bound there, or not listening, or gone: ECONNREFUSED; another "
     "type: EPROTOTYPE; twice: EISCONN.")
{
	int fd = expect_ok(socket(AF_UNIX, SOCK_STREAM, 0)), n;
	char byte;

	expect_ok(mknod("node", S_IFSOCK | 0600, 0));
	close(expect_ok(open("file", O_RDWR | O_CREAT, 0600)));
	expect_errno(socket_connect(fd, "node"), ECONNREFUSED);
	expect_errno(socket_connect(fd, "file"), ECONNREFUSED);
	expect_errno(socket_connect(fd, "@quire-nobody"), ECONNREFUSED);
	n = socket_named(SOCK_STREAM, "name");
	expect_errno(socket_connect(fd, "name"), ECONNREFUSED);
	expect_errno(read(fd, &byte, 1), EINVAL);
	expect_errno(write(fd, &byte, 1), ENOTCONN);
	expect_errno(accept(n, NULL, NULL), EINVAL);
	expect_errno(listen(fd, 1), EINVAL);
	expect_ok(listen(n, 1));
	expect_ok(socket_connect(fd, "name"));
	expect_errno(socket_connect(fd, "name"), EISCONN);
	expect_errno(socket_connect(n, "name"), EINVAL);
	fd = expect_ok(socket(AF_UNIX, SOCK_SEQPACKET, 0));
	expect_errno(socket_connect(fd, "name"), EPROTOTYPE);
	fd = expect_ok(socket(AF_UNIX, SOCK_DGRAM, 0));
	expect_errno(socket_connect(fd, "name"), EPROTOTYPE);
	expect_errno(listen(fd, 1), EOPNOTSUPP);
	expect_errno(accept(fd, NULL, NULL), EOPNOTSUPP);
}

TEST(full_backlog,
     "With as many waiting as listen allows (and one) connect is EAGAIN, or "
     "waits until somebody is accepted.")
{
	int listener = socket_server(SOCK_STREAM, "name", 1);
	int fd[3];
	pid_t child;

	for (int i = 0; i < 3; i++)
		fd[i] = expect_ok(
			socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
	expect_ok(socket_connect(fd[0], "name"));
	expect_ok(socket_connect(fd[1], "name"));
	expect_errno(socket_connect(fd[2], "name"), EAGAIN);
	child = expect_ok(fork());
	if (child == 0) {
		expect_ok(fcntl(fd[2], F_SETFL, 0));
		expect_ok(socket_connect(fd[2], "name"));
		_exit(0);
	}
	usleep(5000);
	served_fd = expect_ok(accept(listener, NULL, NULL));
	expect_exit(child, 0);
	expect_ok(fcntl(listener, F_SETFL, O_NONBLOCK));
	for (int i = 0; i < 2; i++)
		expect_ok(accept4(listener, NULL, NULL, SOCK_CLOEXEC));
	expect_errno(accept(listener, NULL, NULL), EAGAIN);
}

TEST(listener_is_closed,
     "Then who was not accepted is reset, and who waits to connect is "
     "refused.")
{
	int listener = socket_server(SOCK_SEQPACKET, "name", 0);
	pid_t child;
	char byte;

	client_fd = socket_client(SOCK_SEQPACKET, "name");
	child = expect_ok(fork());
	if (child == 0) {
		close(listener);
		int fd = expect_ok(socket(AF_UNIX, SOCK_SEQPACKET, 0));
		_exit(socket_connect(fd, "name") == -1 ? errno : 0);
	}
	usleep(20000);
	expect_ok(close(listener));
	expect_exit(child, ECONNREFUSED);
	expect_errno(read(client_fd, &byte, 1), ECONNRESET);
}

TEST(many_clients,
     "Four processes connect 50 times each, and get their own numbers back.")
{
	enum { CLIENTS = 4, TIMES = 50 };
	int listener = socket_server(SOCK_STREAM, "name", 3);
	pid_t children[CLIENTS];
	int number;

	for (int c = 0; c < CLIENTS; c++) {
		children[c] = expect_ok(fork());
		for (int i = 0; children[c] == 0 && i < TIMES; i++) {
			int fd = socket_client(SOCK_STREAM, "name");

			number = c * TIMES + i;
			expect_eq(write(fd, &number, 4), 4);
			expect_eq(read(fd, &number, 4), 4);
			expect_eq(number, c * TIMES + i + 1);
			expect_ok(close(fd));
		}
		if (children[c] == 0)
			_exit(0);
	}
	for (int i = 0; i < CLIENTS * TIMES; i++) {
		int fd = expect_ok(accept(listener, NULL, NULL));

		expect_eq(read(fd, &number, 4), 4);
		number++;
		expect_eq(write(fd, &number, 4), 4);
		expect_ok(close(fd));
	}
	for (int c = 0; c < CLIENTS; c++)
		expect_exit(children[c], 0);
}

/* --- options --- */

TEST(options_of_sockets,
     "What a socket is can be asked for; buffers are doubled, within bounds; "
     "what is not known is ENOPROTOOPT, or EOPNOTSUPP at other levels.")
{
	int fd = socket_server(SOCK_SEQPACKET, "@quire-options", 1), n = 1;
	socklen_t length = sizeof(n);

	expect_eq(socket_get(fd, SO_TYPE), SOCK_SEQPACKET);
	expect_eq(socket_get(fd, SO_DOMAIN), AF_UNIX);
	expect_eq(socket_get(fd, SO_PROTOCOL), 0);
	expect_eq(socket_get(fd, SO_ERROR), 0);
	expect_eq(socket_get(fd, SO_ACCEPTCONN), 1);
	socket_set(fd, SO_SNDBUF, 10000);
	expect_eq(socket_get(fd, SO_SNDBUF), 20000);
	socket_set(fd, SO_SNDBUF, 0);
	expect_between(socket_get(fd, SO_SNDBUF), 1000, 10000);
	socket_set(fd, SO_RCVBUF, 10000);
	expect_eq(socket_get(fd, SO_RCVBUF), 20000);
	expect_eq(socket_get(fd, SO_PASSCRED), 0);
	socket_set(fd, SO_PASSCRED, 7);
	expect_eq(socket_get(fd, SO_PASSCRED), 1);
	expect_errno(setsockopt(fd, SOL_SOCKET, 999, &n, length), ENOPROTOOPT);
	expect_errno(getsockopt(fd, SOL_SOCKET, 999, &n, &length), ENOPROTOOPT);
	expect_errno(setsockopt(fd, 6, 1, &n, length), EOPNOTSUPP);
	expect_errno(setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &n, 2), EINVAL);
	expect_errno(setsockopt(fd, SOL_SOCKET, SO_PASSCRED, NULL, 4), EFAULT);
}

TEST(time_limits_of_sockets,
     "With SO_RCVTIMEO and SO_SNDTIMEO waiting ends with EAGAIN.")
{
	static char bytes[PAGE];
	struct timeval t = {.tv_usec = 2000}, seen = {0};
	socklen_t n = sizeof(seen);

	make_pair(SOCK_STREAM);
	expect_ok(setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)));
	expect_ok(setsockopt(pair[0], SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t)));
	expect_ok(getsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &seen, &n));
	expect_between(seen.tv_usec, 2000, 12000);
	expect_errno(read(pair[0], bytes, 1), EAGAIN);
	while (write(pair[0], bytes, PAGE) > 0)
		;
	expect_eq(errno, EAGAIN);
	t.tv_usec = 1000000;
	expect_errno(
		setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)),
		EDOM);
}

TEST(not_a_socket, "Calls for sockets on other files are ENOTSOCK or EBADF.")
{
	int fd = expect_ok(open("/dev/null", O_RDWR));
	char byte;

	expect_errno(listen(fd, 1), ENOTSOCK);
	expect_errno(recv(fd, &byte, 1, 0), ENOTSOCK);
	expect_errno(shutdown(99, SHUT_RD), EBADF);
	expect_errno(send(99, &byte, 1, 0), EBADF);
}

TEST(sockets_and_bad_memory,
     "Buffers and structures that are not there are EFAULT, and nothing is "
     "lost.")
{
	struct iovec iov = {NULL, 1};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
	char byte;

	make_pair(SOCK_STREAM);
	expect_errno(sendmsg(pair[0], NULL, 0), EFAULT);
	expect_errno(send(pair[0], NULL, 1, 0), EFAULT);
	expect_eq(send(pair[0], "x", 1, 0), 1);
	expect_errno(recvmsg(pair[1], &m, 0), EFAULT);
	m.msg_iovlen = 5000;
	expect_errno(recvmsg(pair[1], &m, 0), EMSGSIZE);
	expect_eq(recv(pair[1], &byte, 1, 0), 1);
}
