/* SPDX-License-Identifier: MIT */
#ifndef FS_SOCKET_H
#define FS_SOCKET_H

/*
 * socket.h - UNIX-domain sockets: messages between processes of one machine.
 *
 * What kernel/syscall/ needs: each function takes an open file that is a
 * socket (socket_of() says so).  0 or more, or a negative errno.
 */

#include <asm/socket.h>
#include <linux/un.h>

#include "fs/path.h"

/* Numbers of Linux's that its headers for user space leave to the C library. */
enum { AF_UNSPEC = 0, AF_UNIX = 1 };
enum { SOCK_STREAM = 1, SOCK_DGRAM = 2, SOCK_RAW = 3, SOCK_SEQPACKET = 5 };
enum { SHUT_RD = 0, SHUT_WR = 1, SHUT_RDWR = 2 };
enum { SCM_RIGHTS = 1, SCM_CREDENTIALS = 2, SCM_FILES_MAX = 253 };
enum {
	MSG_OOB = 0x1,
	MSG_PEEK = 0x2,
	MSG_CTRUNC = 0x8,
	MSG_TRUNC = 0x20,
	MSG_DONTWAIT = 0x40,
	MSG_WAITALL = 0x100,
	MSG_NOSIGNAL = 0x4000,
	MSG_WAITFORONE = 0x10000,
	MSG_CMSG_CLOEXEC = 0x40000000,
};

struct socket;

/* A name: a path, which ends with a NUL, or (its first byte is 0) an abstract
 * one.  @nbytes has the family in it; no more than that: unnamed. */
struct socket_address {
	size_t nbytes;
	uint16_t family;
	char path[UNIX_PATH_MAX + 1];
};

enum { UNNAMED = sizeof(uint16_t) };

struct socket_credentials {
	uint32_t pid, uid, gid;
};

/* Open files on their way: counted references. */
struct socket_files {
	unsigned n;
	struct file *file[];
};

/* What sendmsg and recvmsg have in common. */
struct socket_transfer {
	struct uio uio;
	unsigned flags;                /* MSG_* */
	unsigned results;              /* for a receiver: MSG_TRUNC */
	struct socket_address address; /* to (UNNAMED: the peer), or from */
	struct socket_credentials credentials;
	struct socket_files *files; /* taken over by send; the receiver's */
};

extern const struct file_ops file_ops_socket;

/* NULL: it is another kind of file. */
struct socket *socket_of(const struct file *f);
bool socket_is_stream(const struct socket *s);

/* @flags: O_NONBLOCK. */
int socket_new(int type, unsigned flags, struct file **out);
int socket_new_pair(int type, unsigned flags, struct file *out[2]);

int socket_bind(struct socket *s, struct fs_context *fs,
		const struct socket_address *address);
int socket_listen(struct socket *s, int backlog);
int socket_connect(struct file *f, struct fs_context *fs,
		   const struct socket_address *address);
int socket_accept(struct file *f, unsigned flags, struct file **out);
int socket_shutdown(struct socket *s, int how);

/* Its own name, or its peer's (-ENOTCONN). */
int socket_name(struct socket *s, bool peer, struct socket_address *out);

/* Options of SOL_SOCKET that are a number; times in ns, 0: for ever.
 * -ENOPROTOOPT. */
int socket_get_option(struct socket *s, int option, uint64_t *value);
int socket_set_option(struct socket *s, int option, uint64_t value);
struct socket_credentials socket_peer(struct socket *s);

/* The caller, as he is shown to others. */
struct socket_credentials socket_caller(void);

/* Bytes moved; of a datagram with MSG_TRUNC all it had. */
ssize_t socket_send(struct file *f, struct fs_context *fs,
		    struct socket_transfer *t);
ssize_t socket_receive(struct file *f, struct socket_transfer *t);

void socket_files_put(struct socket_files *files); /* NULL: nothing */

#endif
