// SPDX-License-Identifier: MIT
/*
 * sockets.c - UNIX-domain sockets: messages, names, connections.
 *
 * What goes along with messages, descriptors and who sent them, is in
 * socket_extras.c.
 */

#include "sockets.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "testlib/files.h"
#include "testlib/memory.h"
#include "testlib/where.h"

/* --- streams --- */

TEST(stream_of_bytes,
     "What is written at one end in pieces is read at the other in other "
     "pieces, both ways.")
{
	char text[20] = {0};
	int n;

	make_pair(SOCK_STREAM);
	expect_eq(write(pair[0], "abc", 3), 3);
	expect_eq(send(pair[0], "defgh", 5, 0), 5);
	expect_ok(ioctl(pair[1], FIONREAD, &n));
	expect_eq(n, 8);
	expect_eq(read(pair[1], text, 2), 2);
	expect_eq(recv(pair[1], text + 2, 18, 0), 6);
	expect_string(text, "abcdefgh");
	expect_eq(write(pair[1], "back", 4), 4);
	expect_eq(read(pair[0], text, 20), 4);
	expect_errno(lseek(pair[0], 0, SEEK_SET), ESPIPE);
	expect_errno(pread(pair[0], text, 1, 0), ESPIPE);
}

TEST(vectors_on_a_stream, "writev and readv on a socket.")
{
	char a[3] = {0}, b[4] = {0};
	struct iovec out[] = {{"ab", 2}, {"cde", 3}};
	struct iovec in[] = {{a, 2}, {b, 3}};

	make_pair(SOCK_STREAM);
	expect_eq(writev(pair[0], out, 2), 5);
	expect_eq(readv(pair[1], in, 2), 5);
	expect_string(a, "ab");
	expect_string(b, "cde");
}

TEST(megabyte_by_a_stream,
     "A megabyte to another process, whose reads are odd, arrives whole: the "
     "writer waits for room.")
{
	enum { SIZE = 1 << 20 };
	static char bytes[SIZE];
	size_t at = 0;
	ssize_t n;
	pid_t child;

	make_pair(SOCK_STREAM);
	child = expect_ok(fork());
	if (child == 0) {
		close(pair[1]);
		fill_pattern(bytes, SIZE, 0);
		expect_eq(write(pair[0], bytes, SIZE), SIZE);
		_exit(0);
	}
	expect_ok(close(pair[0]));
	while ((n = read(pair[1], bytes, 10007)) > 0) {
		expect_pattern(bytes, n, at);
		at += n;
	}
	expect_eq(n, 0);
	expect_eq(at, SIZE);
	expect_exit(child, 0);
}

TEST(looking_at_a_stream,
     "MSG_PEEK shows what the next read gets, across pieces; MSG_DONTWAIT on "
     "an empty socket is EAGAIN.")
{
	char text[8] = {0};

	make_pair(SOCK_STREAM);
	expect_errno(recv(pair[1], text, 1, MSG_DONTWAIT), EAGAIN);
	expect_eq(write(pair[0], "abc", 3), 3);
	expect_eq(write(pair[0], "def", 3), 3);
	expect_eq(recv(pair[1], text, 5, MSG_PEEK), 5);
	expect_string(text, "abcde");
	expect_eq(recv(pair[1], text, 8, 0), 6);
	expect_string(text, "abcdef");
}

TEST(waiting_for_all_of_it,
     "MSG_WAITALL waits until the buffer is full, or the stream ends.")
{
	char text[8] = {0};
	pid_t child;

	make_pair(SOCK_STREAM);
	child = expect_ok(fork());
	if (child == 0) {
		close(pair[1]);
		for (int i = 0; i < 8; i++) {
			expect_eq(write(pair[0], "abcdefgh" + i, 1), 1);
			sched_yield();
		}
		_exit(0);
	}
	expect_ok(close(pair[0]));
	expect_eq(recv(pair[1], text, 6, MSG_WAITALL), 6);
	expect_bytes(text, "abcdef", 6);
	expect_eq(recv(pair[1], text, 6, MSG_WAITALL), 2);
	expect_exit(child, 0);
}

static volatile sig_atomic_t npipes;

static void count_pipe(int signal)
{
	(void)signal;
	npipes++;
}

TEST(stream_whose_peer_is_gone,
     "Then a read gets what was sent, and 0; a write is EPIPE with SIGPIPE, "
     "but not with MSG_NOSIGNAL.")
{
	char byte;

	signal(SIGPIPE, count_pipe);
	make_pair(SOCK_STREAM);
	expect_eq(write(pair[0], "x", 1), 1);
	expect_ok(close(pair[0]));
	expect_eq(socket_events(pair[1]),
		  POLLIN | POLLOUT | POLLHUP | POLLRDHUP);
	expect_eq(read(pair[1], &byte, 1), 1);
	expect_eq(read(pair[1], &byte, 1), 0);
	expect_errno(send(pair[1], "y", 1, MSG_NOSIGNAL), EPIPE);
	expect_eq(npipes, 0);
	expect_errno(write(pair[1], "y", 1), EPIPE);
	expect_errno(send(pair[1], "y", 1, 0), EPIPE);
	expect_eq(npipes, 2);
}

TEST(stream_that_was_not_read,
     "Who closes with something unread resets the connection: ECONNRESET "
     "once.")
{
	char byte;

	make_pair(SOCK_STREAM);
	expect_eq(write(pair[1], "x", 1), 1);
	expect_ok(close(pair[0]));
	expect(socket_events(pair[1]) & POLLERR);
	expect_errno(read(pair[1], &byte, 1), ECONNRESET);
	expect_eq(read(pair[1], &byte, 1), 0);
}

TEST(shutting_one_direction,
     "After SHUT_WR the peer reads to the end, and can still send; SHUT_RD "
     "makes its writes EPIPE.")
{
	char text[4];

	signal(SIGPIPE, SIG_IGN);
	make_pair(SOCK_STREAM);
	expect_errno(shutdown(pair[0], 7), EINVAL);
	expect_eq(write(pair[0], "abc", 3), 3);
	expect_ok(shutdown(pair[0], SHUT_WR));
	expect_errno(write(pair[0], "d", 1), EPIPE);
	expect_eq(socket_events(pair[1]), POLLIN | POLLOUT | POLLRDHUP);
	expect_eq(read(pair[1], text, 4), 3);
	expect_eq(read(pair[1], text, 4), 0);
	expect_eq(write(pair[1], "ef", 2), 2);
	expect_eq(read(pair[0], text, 4), 2);
	expect_ok(shutdown(pair[0], SHUT_RD));
	expect_errno(write(pair[1], "g", 1), EPIPE);
	expect_eq(read(pair[0], text, 4), 0);
}

TEST(closing_wakes_a_socket_reader,
     "A reader that waits gets 0 when the other end is closed.")
{
	char byte;
	pid_t child;

	make_pair(SOCK_STREAM);
	child = expect_ok(fork());
	if (child == 0) {
		close(pair[0]);
		_exit(read(pair[1], &byte, 1));
	}
	expect_ok(close(pair[1]));
	usleep(5000);
	expect_ok(close(pair[0]));
	expect_exit(child, 0);
}

TEST(full_stream,
     "What is not read makes write EAGAIN in the end, and POLLOUT goes; once "
     "all is read it comes back, and wakes who polls.")
{
	static char bytes[PAGE];
	struct pollfd p = {.events = POLLOUT};
	size_t size = 0;
	ssize_t n;
	pid_t child;

	make_pair(SOCK_STREAM | SOCK_NONBLOCK);
	socket_set(pair[0], SO_SNDBUF, 16384);
	expect_eq(socket_events(pair[0]), POLLOUT);
	while ((n = write(pair[0], bytes, 1000)) > 0)
		size += n;
	expect_errno(n, EAGAIN);
	expect_between(size, PAGE, 16 * PAGE);
	expect_eq(socket_events(pair[0]), 0);
	child = expect_ok(fork());
	if (child == 0) {
		close(pair[0]);
		while (size) {
			n = read(pair[1], bytes, PAGE);
			if (n <= 0)
				_exit(1);
			size -= n;
		}
		_exit(0);
	}
	p.fd = pair[0];
	expect_eq(poll(&p, 1, -1), 1);
	expect_eq(p.revents, POLLOUT);
	expect_exit(child, 0);
}

/* --- packets --- */

TEST(datagrams_stay_whole,
     "One read gets one datagram; what does not fit is cut off and lost "
     "(MSG_TRUNC), and an empty one is one, too.")
{
	char text[8] = {0};
	struct iovec iov = {text, 3};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
	int n;

	make_pair(SOCK_DGRAM);
	expect_eq(write(pair[0], "abcdef", 6), 6);
	expect_eq(write(pair[0], "", 0), 0);
	expect_eq(write(pair[0], "ghi", 3), 3);
	expect_ok(ioctl(pair[1], FIONREAD, &n));
	expect_eq(n, 6);
	expect_eq(recv(pair[1], text, 2, MSG_PEEK | MSG_TRUNC), 6);
	expect_eq(recvmsg(pair[1], &m, 0), 3);
	expect_eq(m.msg_flags, MSG_TRUNC);
	expect_string(text, "abc");
	expect_eq(read(pair[1], text, 8), 0);
	expect_eq(read(pair[1], text, 8), 3);
	expect_errno(recv(pair[1], text, 8, MSG_DONTWAIT), EAGAIN);
}

TEST(packets_in_sequence,
     "SOCK_SEQPACKET is connected like a stream, and keeps messages whole; "
     "EPIPE comes without SIGPIPE.")
{
	char text[8] = {0};

	signal(SIGPIPE, count_pipe);
	make_pair(SOCK_SEQPACKET);
	expect_eq(write(pair[0], "abc", 3), 3);
	expect_eq(write(pair[0], "defg", 4), 4);
	expect_eq(read(pair[1], text, 8), 3);
	expect_eq(read(pair[1], text, 8), 4);
	expect_ok(close(pair[0]));
	expect_eq(read(pair[1], text, 8), 0);
	expect_errno(write(pair[1], "x", 1), EPIPE);
	expect_eq(npipes, 0);
}

TEST(datagram_that_is_too_large,
     "More than the sender's buffer is EMSGSIZE; as much as it is goes.")
{
	static char bytes[1 << 20];
	ssize_t n;

	make_pair(SOCK_DGRAM);
	expect_errno(write(pair[0], bytes, sizeof(bytes)), EMSGSIZE);
	fill_pattern(bytes, 150000, 0);
	expect_eq(write(pair[0], bytes, 150000), 150000);
	memset(bytes, 0, 150000);
	n = read(pair[1], bytes, sizeof(bytes));
	expect_eq(n, 150000);
	expect_pattern(bytes, n, 0);
}

TEST(datagrams_to_a_name,
     "sendto finds a receiver by path or abstract name, and recvfrom tells "
     "the sender's; who has none is not shown.")
{
	int to = socket_named(SOCK_DGRAM, "to"),
	    from = socket_named(SOCK_DGRAM, "@from");
	int nobody = expect_ok(socket(AF_UNIX, SOCK_DGRAM, 0));
	struct sockaddr_un un;
	socklen_t n = socket_address(&un, "to");
	char byte;

	expect_errno(send(nobody, "x", 1, 0), ENOTCONN);
	expect_eq(sendto(from, "a", 1, 0, (void *)&un, n), 1);
	expect_eq(sendto(nobody, "b", 1, 0, (void *)&un, n), 1);
	n = sizeof(un);
	expect_eq(recvfrom(to, &byte, 1, 0, (void *)&un, &n), 1);
	expect_eq(n, 2 + 5);
	expect_bytes(un.sun_path, "\0from", 5);
	n = sizeof(un);
	expect_eq(recvfrom(to, &byte, 1, 0, (void *)&un, &n), 1);
	expect_eq(byte, 'b');
	expect_eq(n, 0);
}

TEST(datagram_socket_connected,
     "It sends to its peer and hears only of that (EPERM for others); "
     "AF_UNSPEC ends it; a peer that is gone is ECONNREFUSED.")
{
	int a = socket_named(SOCK_DGRAM, "a"),
	    b = socket_named(SOCK_DGRAM, "b");
	int c = expect_ok(socket(AF_UNIX, SOCK_DGRAM, 0));
	struct sockaddr none = {.sa_family = AF_UNSPEC};

	expect_ok(socket_connect(a, "b"));
	expect_eq(send(a, "x", 1, 0), 1);
	expect_errno(socket_connect(c, "a"), EPERM);
	expect_ok(connect(a, &none, sizeof(none)));
	expect_ok(socket_connect(c, "a"));
	expect_eq(send(c, "y", 1, 0), 1);
	expect_ok(close(a));
	expect_errno(send(c, "z", 1, 0), ECONNREFUSED);
	expect_errno(send(c, "z", 1, 0), ENOTCONN);
	expect_errno(socket_connect(c, "a"), ECONNREFUSED);
	(void)b;
}

TEST(many_datagrams_make_senders_wait,
     "A receiver takes a few of who is not its peer; then they wait, and all "
     "get through.")
{
	enum { N = 100 };
	int to = socket_named(SOCK_DGRAM, "to"), count = 0;
	int fd = expect_ok(socket(AF_UNIX, SOCK_DGRAM, 0));
	pid_t children[2];
	char byte;

	expect_ok(socket_connect(fd, "to"));
	while (send(fd, "x", 1, MSG_DONTWAIT) == 1)
		count++;
	expect_eq(errno, EAGAIN);
	expect_between(count, 2, 1000);
	expect_eq(socket_events(fd), 0);
	for (int i = 0; i < 2; i++) {
		children[i] = expect_ok(fork());
		for (int n = 0; children[i] == 0 && n < N; n++)
			expect_eq(send(fd, "y", 1, 0), 1);
		if (children[i] == 0)
			_exit(0);
	}
	for (int n = 0; n < count + 2 * N; n++)
		expect_eq(read(to, &byte, 1), 1);
	expect_exit(children[0], 0);
	expect_exit(children[1], 0);
	expect_eq(socket_events(fd), POLLOUT);
}

TEST(many_messages_at_once,
     "sendmmsg sends several, recvmmsg gets what is there, with "
     "MSG_WAITFORONE; each with its length.")
{
	char text[4][4] = {"a", "bb", "ccc"}, in[4][4] = {0};
	struct iovec out_iov[4], in_iov[4];
	struct mmsghdr out[4] = {0}, back[4] = {0};

	make_pair(SOCK_DGRAM);
	for (int i = 0; i < 4; i++) {
		out_iov[i] = (struct iovec){text[i], i + 1};
		in_iov[i] = (struct iovec){in[i], 4};
		out[i].msg_hdr.msg_iov = &out_iov[i];
		back[i].msg_hdr.msg_iov = &in_iov[i];
		out[i].msg_hdr.msg_iovlen = back[i].msg_hdr.msg_iovlen = 1;
	}
	expect_eq(sendmmsg(pair[0], out, 3, 0), 3);
	expect_eq(out[2].msg_len, 3);
	expect_eq(recvmmsg(pair[1], back, 4, MSG_WAITFORONE, NULL), 3);
	for (int i = 0; i < 3; i++) {
		expect_eq(back[i].msg_len, i + 1);
		expect_bytes(in[i], text[i], i + 1);
	}
	expect_errno(recvmmsg(pair[1], back, 4, MSG_DONTWAIT, NULL), EAGAIN);
}
