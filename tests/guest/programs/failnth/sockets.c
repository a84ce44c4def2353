// SPDX-License-Identifier: MIT
/*
 * sockets.c - UNIX-domain sockets: those made, and messages; pseudo-terminals.
 */

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "testlib/files.h"
#include "trial.h"

static int ends[2], listener, client;

static const struct sockaddr_un name = {AF_UNIX, "name"};

static int try_pair(void)
{
	return outcome(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
}

static void undo_pair(void)
{
	close(ends[0]);
	close(ends[1]);
}

TEST(socketpair_gives_two, "socketpair gives two descriptors, or none (29).")
{
	run_trial(&(struct trial){.try = try_pair, .undo = undo_pair});
}

static void prepare_bind(void)
{
	listener = expect_ok(socket(AF_UNIX, SOCK_STREAM, 0));
}

static int try_bind(void)
{
	return outcome(bind(listener, (void *)&name, sizeof(name)));
}

static void undo_bind(void)
{
	expect_ok(unlink("name"));
	close(listener);
}

static void not_bound(void)
{
	expect_ok(try_bind());
	undo_bind();
}

TEST(bind_makes_a_name, "bind makes a file, or can be repeated (29).")
{
	run_trial(&(struct trial){prepare_bind, try_bind, not_bound, undo_bind,
				  0, false});
}

static void listen_to_name(void)
{
	prepare_bind();
	expect_ok(try_bind());
	expect_ok(listen(listener, 5));
	expect_ok(fcntl(listener, F_SETFL, O_NONBLOCK));
}

static void prepare_connect(void)
{
	client = expect_ok(socket(AF_UNIX, SOCK_STREAM, 0));
}

static int try_connect(void)
{
	return outcome(connect(client, (void *)&name, sizeof(name)));
}

static void not_connected(void)
{
	expect_errno(accept(listener, NULL, NULL), EAGAIN);
	close(client);
}

static void undo_connect(void)
{
	close(expect_ok(accept(listener, NULL, NULL)));
	close(client);
}

TEST(connect_makes_a_peer, "connect makes the other end, or nothing (29).")
{
	listen_to_name();
	run_trial(&(struct trial){prepare_connect, try_connect, not_connected,
				  undo_connect, 0, false});
}

static void prepare_accept(void)
{
	prepare_connect();
	expect_ok(try_connect());
}

static int try_accept(void)
{
	ends[0] = accept(listener, NULL, NULL);
	return outcome(ends[0]);
}

static void undo_accept(void)
{
	close(ends[0]);
	close(client);
}

TEST(accept_loses_no_connection,
     "accept gives the other end, or leaves it (29).")
{
	listen_to_name();
	run_trial(&(struct trial){prepare_accept, try_accept, undo_connect,
				  undo_accept, 0, false});
}

static struct iovec iov;
static struct msghdr message;
static _Alignas(long) char control[CMSG_SPACE(sizeof(int))];

static void prepare_message(void)
{
	static char bytes[3 * PAGE];

	expect_ok(try_pair());
	iov = (struct iovec){bytes, sizeof(bytes)};
	message = (struct msghdr){
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	*CMSG_FIRSTHDR(&message) =
		(struct cmsghdr){CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
	memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), &ends[0], sizeof(int));
}

static int try_send(void)
{
	return outcome(sendmsg(ends[0], &message, 0));
}

static void not_sent(void)
{
	char byte;

	expect_errno(recv(ends[1], &byte, 1, MSG_DONTWAIT), EAGAIN);
	undo_pair();
}

TEST(sendmsg_with_a_descriptor,
     "sendmsg sends a message with a descriptor, or nothing (29).")
{
	run_trial(&(struct trial){prepare_message, try_send, not_sent,
				  undo_pair, ENOBUFS, false});
}

static void prepare_peek(void)
{
	prepare_message();
	expect_ok(try_send());
}

/* A second reference to what stays in the message. */
static int try_peek(void)
{
	if (recvmsg(ends[1], &message, MSG_PEEK) < 0)
		return errno;
	return message.msg_flags & MSG_CTRUNC ? ENOMEM : 0;
}

static void undo_peek(void)
{
	int fd;

	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	close(fd);
	undo_pair();
}

TEST(looking_at_a_descriptor,
     "MSG_PEEK gives another descriptor, or leaves the message (29).")
{
	run_trial(&(struct trial){prepare_peek, try_peek, undo_pair, undo_peek,
				  0, false});
}

/* --- pseudo-terminals --- */

static int try_master(void)
{
	ends[0] = open("/dev/ptmx", O_RDWR | O_NOCTTY);
	return outcome(ends[0]);
}

static void undo_master(void)
{
	close(ends[0]);
}

TEST(master_of_a_pty,
     "open of /dev/ptmx makes a pseudo-terminal, or none (29).")
{
	run_trial(&(struct trial){.try = try_master, .undo = undo_master});
}

static void prepare_slave(void)
{
	expect_ok(try_master());
	expect_ok(unlockpt(ends[0]));
}

static int try_slave(void)
{
	ends[1] = open(ptsname(ends[0]), O_RDWR | O_NOCTTY);
	return outcome(ends[1]);
}

TEST(slave_of_a_pty, "open of /dev/pts/N opens it, or can be repeated (29).")
{
	run_trial(&(struct trial){prepare_slave, try_slave, undo_master,
				  undo_pair, 0, false});
}
