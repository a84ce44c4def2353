// SPDX-License-Identifier: MIT
/*
 * socket_helpers.c - see sockets.h.
 */

#include "sockets.h"

#include <poll.h>
#include <stddef.h>
#include <string.h>

int pair[2];

void make_pair(int type)
{
	expect_ok(socketpair(AF_UNIX, type, 0, pair));
}

socklen_t socket_address(struct sockaddr_un *un, const char *name)
{
	*un = (struct sockaddr_un){.sun_family = AF_UNIX};
	strcpy(un->sun_path, name);
	if (*name != '@')
		return sizeof(*un);
	un->sun_path[0] = '\0';
	return offsetof(struct sockaddr_un, sun_path) + strlen(name);
}

int socket_named(int type, const char *name)
{
	int fd = expect_ok(socket(AF_UNIX, type, 0));
	struct sockaddr_un un;
	socklen_t n = socket_address(&un, name);

	expect_ok(bind(fd, (void *)&un, n));
	return fd;
}

int socket_server(int type, const char *name, int backlog)
{
	int fd = socket_named(type, name);

	expect_ok(listen(fd, backlog));
	return fd;
}

int socket_connect(int fd, const char *name)
{
	struct sockaddr_un un;
	socklen_t n = socket_address(&un, name);

	return connect(fd, (void *)&un, n);
}

int socket_client(int type, const char *name)
{
	int fd = expect_ok(socket(AF_UNIX, type, 0));

	expect_ok(socket_connect(fd, name));
	return fd;
}

short socket_events(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP};

	expect_ok(poll(&p, 1, 0));
	return p.revents;
}

void socket_set(int fd, int option, int value)
{
	expect_ok(setsockopt(fd, SOL_SOCKET, option, &value, sizeof(value)));
}

int socket_get(int fd, int option)
{
	int value = -1;
	socklen_t n = sizeof(value);

	expect_ok(getsockopt(fd, SOL_SOCKET, option, &value, &n));
	expect_eq(n, sizeof(value));
	return value;
}
