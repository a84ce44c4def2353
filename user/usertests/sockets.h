/* SPDX-License-Identifier: MIT */
#ifndef USERTESTS_SOCKETS_H
#define USERTESTS_SOCKETS_H

/*
 * sockets.h - the sockets that the cases about them start with.
 *
 * A name is a path; or, if it begins with '@', an abstract one.  The functions
 * end the case if they can't do what they say.
 */

#define _GNU_SOURCE
#include <sys/socket.h>
#include <sys/un.h>

#include "testlib/test.h"

extern int pair[2];
void make_pair(int type);

socklen_t socket_address(struct sockaddr_un *un, const char *name);
int socket_named(int type, const char *name);
int socket_server(int type, const char *name, int backlog);
int socket_client(int type, const char *name);
int socket_connect(int fd, const char *name); /* as connect(2) */

/* POLLIN, POLLOUT, POLLRDHUP, POLLERR, POLLHUP now. */
short socket_events(int fd);

/* Options of SOL_SOCKET that are an int. */
void socket_set(int fd, int option, int value);
int socket_get(int fd, int option);

#endif
