/* SPDX-License-Identifier: MIT */
#ifndef FS_SOCKET_CORE_H
#define FS_SOCKET_CORE_H

/*
 * socket_core.h - what the parts of the UNIX-domain sockets share:
 *
 *   socket.c          their life, what poll and the options tell
 *   socket_connect.c  names and connections
 *   socket_message.c  messages: sending and receiving
 *   socket_collect.c  files in messages that nobody can receive any more
 */

#include "fs/socket.h"

/* One lock for all sockets: what is done under it is short, for messages are
 * copied in before they are queued, and out while they stand there. */
extern struct spinlock socket_lock;

/*
 *        listen           connect, socketpair, (at birth) accept
 *  IDLE --------> LISTENING      IDLE -----------------> CONNECTED
 *
 * From each to CLOSED.  To connect a datagram socket only sets its peer; CLOSED
 * or not is all there is to its state.  A CONNECTED socket keeps its peer when
 * that is CLOSED.
 */
enum socket_state {
	SOCKET_IDLE,
	SOCKET_LISTENING,
	SOCKET_CONNECTED,
	SOCKET_CLOSED
};

enum { SHUT_READING = 1, SHUT_WRITING = 2, SHUT_BOTH = 3 };

/*
 * Field locks: (l) socket_lock, (c) constant, (a) atomic.
 *
 * References: its file's, or the listener's in whose pending it waits; each
 * peer's; each message's that it sent.
 */
struct socket {
	atomic_uint refs;              /* (a) */
	int type;                      /* (c) SOCK_* */
	enum socket_state state;       /* (l) */
	struct file *file;             /* (l) NULL: pending, or CLOSED */
	struct list link;              /* (l) in socket_all, until CLOSED */
	struct list found_link;        /* (l) among the named, or in pending */
	bool binding;                  /* (l) a name is being made */
	struct socket_address address; /* (l) */
	struct inode *inode;           /* (l) that the path made; counted */
	struct socket *peer;           /* (l) counted */
	unsigned shut;                 /* (l) SHUT_* */
	int error;                     /* (l) to be told once: SO_ERROR */
	struct list queue;             /* (l) messages for us */
	unsigned nmessages;            /* (l) */
	size_t nbytes;                 /* (l) of memory that they take */
	struct list pending;           /* (l) LISTENING: to be accepted */
	unsigned npending, backlog;    /* (l) */
	struct waitq readers;          /* for messages, the pending, the end */
	struct waitq writers;          /* for room at the peer's; LISTENING:
					  for room among the pending */
	struct socket_credentials peer_credentials; /* (l) */
	size_t send_limit, receive_limit;           /* (l) SO_SNDBUF, RCVBUF */
	uint64_t send_timeout, receive_timeout;     /* (l) ns; 0: none */
	uint64_t options;                           /* (l) bits by SO_* */
	unsigned in_flight;    /* (l) in how many messages its file is */
	bool live;             /* (l) socket_collect()'s */
	struct list live_link; /* (l) too */
};

/* A message, or a piece of a stream, in the receiver's queue. */
struct message {
	struct list link;
	struct socket *from; /* counted: its name is looked at later */
	struct socket_credentials credentials;
	struct socket_files *files; /* or NULL */
	size_t nbytes, at;          /* at: received so far of a stream's */
	char data[];
};

/* What is kept of SO_*; the rest mean nothing between processes of one
 * machine. */
enum {
	SOCKET_SWITCHES = 1 << SO_PASSCRED | 1 << SO_REUSEADDR |
			  1 << SO_KEEPALIVE | 1 << SO_BROADCAST
};

extern struct list socket_all;
/* Datagram sockets with too much in their queue: who sends to any of them
 * waits here, for he may change his peer meanwhile. */
extern struct waitq socket_datagram_room;

/* A fresh one, of which nobody knows; NULL: no memory. */
struct socket *socket_alloc(int type);
struct socket *socket_get(struct socket *s);
void socket_put(struct socket *s); /* any context */

/* A file for a socket that is still to come: socket_join_file(). */
int socket_make_file(unsigned flags, struct file **out);

/* Locks of these: socket_lock. */
void socket_join_file(struct file *f, struct socket *s);
void socket_join(struct socket *a, struct socket *b); /* as peers */
void socket_changed(struct socket *s); /* tell all who wait for it */

/* Who has that name, counted.  -ECONNREFUSED, -EPROTOTYPE, -ENOENT ... */
int socket_find(struct fs_context *fs, const struct socket_address *address,
		int type, struct socket **out);

/* With SO_PASSCRED who sends has a name, if need be one made up. */
int socket_autobind(struct socket *s);

/* Until when may a call wait?  0: not at all. */
uint64_t socket_deadline(const struct file *f, unsigned flags,
			 uint64_t timeout);

/* Wait in @queue.  0, -EAGAIN, -ERESTARTSYS, -EINTR.  Locks: socket_lock. */
int socket_wait(struct waitq *queue, uint64_t deadline);

/* Where they wait who want to send by @s. */
static inline struct waitq *socket_room_queue(struct socket *s)
{
	return s->type == SOCK_DGRAM ? &socket_datagram_room : &s->writers;
}

/* May another message for @to be sent by @s?  Locks: socket_lock. */
bool socket_has_room(const struct socket *s, const struct socket *to);

/* --- socket_collect.c --- */

void message_free(struct message *m);

/* @files are in a message that is queued, or (@by -1) no longer. */
void socket_files_fly(const struct socket_files *files, int by);
/* Would @n more be too many? */
bool socket_files_too_many(unsigned n);

/* Nobody will receive what is queued at @s.  Locks: socket_lock; to be followed
 * by socket_collect() without it. */
void socket_doom_messages(struct socket *s);

/* Free what is doomed, and queued where no process can come any more.
 * @closing: a file of which one reference is about to go, or NULL. */
void socket_collect(const struct file *closing);

#endif
