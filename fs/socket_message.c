// SPDX-License-Identifier: MIT
/*
 * socket_message.c - UNIX-domain sockets: sending and receiving.
 *
 * What is sent becomes a message, copied in whole before anything is locked,
 * with who sent it and the files that go along.  A stream's bytes are cut into
 * messages, too, but a receiver does not see where.
 *
 * A receiver copies out of the message while it stands at the head of the
 * queue: he has the mutex of receivers, and only they take messages off.  So
 * memory of the user's can be waited for, and a message of a stream that was
 * read in part, or is only looked at (MSG_PEEK), just stays.
 *
 * Locking: the file's position_lock for receivers, which is held over copies
 * but not while there is nothing to receive; socket_lock.
 *
 * Tests: usertests.
 */
#include "fs/socket_core.h"

#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "mm/slab.h"

/* The most of a stream in one message: in all four pages. */
static const size_t PIECE = 4 * PAGE_SIZE - sizeof(struct message);

/* What a datagram lacks of the sender's limit, on Linux. */
enum { DATAGRAM_MARGIN = 32 };

static size_t message_cost(const struct message *m)
{
	return sizeof(*m) + m->nbytes;
}

/* --- sending --- */

/* The next @nbytes to be sent, and, if @first, the files. */
static int message_make(struct socket *s, struct socket_transfer *t,
			size_t nbytes, bool first, struct message **out)
{
	struct message *m = kmalloc(sizeof(*m) + nbytes);

	if (!m)
		return -ENOBUFS;
	*m = (struct message){
		.from = socket_get(s),
		.credentials = t->credentials,
		.nbytes = nbytes,
	};
	if (uio_copy_from(&t->uio, m->data, nbytes) < nbytes) {
		message_free(m);
		return -EFAULT;
	}
	if (first) {
		m->files = t->files;
		t->files = NULL;
	}
	*out = m;
	return 0;
}

/* May @s send to @to, its peer or who was named?  Locks: socket_lock. */
static int send_check(struct socket *s, struct socket *to)
{
	bool datagram = s->type == SOCK_DGRAM;

	if (!to || (!datagram && s->state != SOCKET_CONNECTED))
		return -ENOTCONN;
	if (to->state == SOCKET_CLOSED && datagram) {
		if (s->peer == to) {
			s->peer = NULL;
			socket_put(to);
		}
		return -ECONNREFUSED;
	}
	if (to->peer && to->peer != s)
		return -EPERM;
	if ((s->shut & SHUT_WRITING) || (to->shut & SHUT_READING) ||
	    to->state == SOCKET_CLOSED)
		return -EPIPE;
	return 0;
}

/* Queue @m at @to (NULL: the peer, whoever that is by then). */
static int message_send(struct socket *s, struct socket *named,
			struct message *m, uint64_t deadline)
{
	int err;

	spin_lock(&socket_lock);
	for (;;) {
		struct socket *to = named ? named : s->peer;

		err = send_check(s, to);
		if (!err && m->files && socket_files_too_many(m->files->n))
			err = -ETOOMANYREFS;
		if (err)
			break;
		if (socket_has_room(s, to)) {
			list_add_tail(&to->queue, &m->link);
			to->nmessages++;
			to->nbytes += message_cost(m);
			socket_files_fly(m->files, 1);
			waitq_wake_all(&to->readers);
			break;
		}
		err = socket_wait(socket_room_queue(s), deadline);
		if (err)
			break;
	}
	spin_unlock(&socket_lock);
	if (err)
		message_free(m);
	return err;
}

/* Whole, or in pieces if it is a stream. */
static ssize_t send_all(struct socket *s, struct socket *to,
			struct socket_transfer *t, uint64_t deadline)
{
	bool stream = socket_is_stream(s);
	size_t piece = stream ? min_u64(PIECE, s->send_limit / 2) : SIZE_MAX;
	ssize_t total = 0;
	int err = 0;

	if (!stream && t->uio.left > s->send_limit - DATAGRAM_MARGIN)
		return -EMSGSIZE;
	if (stream && !t->uio.left)
		return 0;
	do {
		size_t n = min_u64(t->uio.left, piece);
		struct message *m;

		err = message_make(s, t, n, total == 0, &m);
		if (!err)
			err = message_send(s, to, m, deadline);
		if (!err)
			total += n;
	} while (!err && t->uio.left);
	return total ? total : err;
}

/* A datagram may have another receiver than the peer. */
static int find_receiver(struct socket *s, struct fs_context *fs,
			 const struct socket_address *address,
			 struct socket **to)
{
	if (s->type == SOCK_STREAM && address->nbytes > UNNAMED)
		return s->state == SOCKET_CONNECTED ? -EISCONN : -EOPNOTSUPP;
	if (s->type != SOCK_DGRAM || address->nbytes == UNNAMED)
		return 0;
	return socket_find(fs, address, s->type, to);
}

ssize_t socket_send(struct file *f, struct fs_context *fs,
		    struct socket_transfer *t)
{
	struct socket *s = f->private;
	struct socket *to = NULL;
	ssize_t n;

	n = t->flags & MSG_OOB ? -EOPNOTSUPP : socket_autobind(s);
	if (!n)
		n = find_receiver(s, fs, &t->address, &to);
	if (!n)
		n = send_all(s, to, t,
			     socket_deadline(f, t->flags, s->send_timeout));
	if (to)
		socket_put(to);
	socket_files_put(t->files);
	t->files = NULL;
	return n;
}

/* --- receiving --- */

/* Wait until there is a message: 1.  0: there will be none. */
static int message_await(struct socket *s, uint64_t deadline)
{
	while (list_empty(&s->queue)) {
		int err = s->error;

		s->error = 0;
		if (err)
			return err;
		if (s->type != SOCK_DGRAM && s->state != SOCKET_CONNECTED)
			return socket_is_stream(s) ? -EINVAL : -ENOTCONN;
		if (s->shut & SHUT_READING)
			return 0;
		err = socket_wait(&s->readers, deadline);
		if (err)
			return err;
	}
	return 1;
}

/* The first message, or that behind @m; NULL: none. */
static struct message *message_next(struct socket *s, struct message *m)
{
	struct list *next;

	spin_lock(&socket_lock);
	next = m ? m->link.next : s->queue.next;
	spin_unlock(&socket_lock);
	return next == &s->queue ? NULL
				 : list_entry(next, struct message, link);
}

/* A second reference to each, for a message that stays. */
static int files_copy(const struct socket_files *from,
		      struct socket_files **out)
{
	size_t nbytes = sizeof(*from) + from->n * sizeof(from->file[0]);

	*out = kmalloc(nbytes);
	if (!*out)
		return -ENOMEM;
	memcpy(*out, from, nbytes);
	for (unsigned i = 0; i < from->n; i++)
		file_get(from->file[i]);
	return 0;
}

/* Tell who sent @m; and with it come its files. */
static int take_extras(struct message *m, struct socket_transfer *t)
{
	struct socket_files *files = m->files;

	socket_name(m->from, false, &t->address);
	t->credentials = m->credentials;
	if (!files)
		return 0;
	if (t->flags & MSG_PEEK)
		return files_copy(files, &t->files);
	spin_lock(&socket_lock);
	socket_files_fly(files, -1);
	m->files = NULL;
	spin_unlock(&socket_lock);
	t->files = files;
	return 0;
}

/* @m was received; who waits for room is told when there is much. */
static void message_done(struct socket *s, struct message *m)
{
	spin_lock(&socket_lock);
	list_remove(&m->link);
	s->nmessages--;
	s->nbytes -= message_cost(m);
	if (s->type == SOCK_DGRAM)
		waitq_wake_all(&socket_datagram_room);
	else if (s->peer && s->nbytes * 4 <= s->peer->send_limit)
		waitq_wake_all(&s->peer->writers);
	spin_unlock(&socket_lock);
	message_free(m);
}

/* Bytes of as many messages as go; but files end it, and with SO_PASSCRED
 * another sender's bytes are not mixed with the first's. */
static ssize_t take_stream(struct socket *s, struct socket_transfer *t)
{
	bool peek = t->flags & MSG_PEEK;
	struct message *m = NULL;
	size_t total = 0, n, done;
	int err = -EAGAIN;

	while (t->uio.left && !t->files &&
	       (m = message_next(s, peek ? m : NULL))) {
		if (total && (s->options & 1 << SO_PASSCRED) &&
		    memcmp(&t->credentials, &m->credentials,
			   sizeof(t->credentials)))
			break;
		n = min_u64(t->uio.left, m->nbytes - m->at);
		done = uio_copy_to(&t->uio, m->data + m->at, n);
		err = done ? take_extras(m, t) : -EFAULT;
		if (err)
			break;
		total += done;
		if (!peek)
			m->at += done;
		if (m->at == m->nbytes)
			message_done(s, m);
		if (done < n)
			break;
	}
	return total ? (ssize_t)total : err;
}

static ssize_t take_packet(struct socket *s, struct socket_transfer *t)
{
	struct message *m = message_next(s, NULL);
	size_t n, done, nbytes;
	int err;

	if (!m)
		return -EAGAIN;
	err = take_extras(m, t);
	if (err)
		return err;
	nbytes = m->nbytes;
	n = min_u64(t->uio.left, nbytes);
	done = uio_copy_to(&t->uio, m->data, n);
	if (!(t->flags & MSG_PEEK))
		message_done(s, m);
	if (done < n)
		return -EFAULT;
	if (n < nbytes)
		t->results |= MSG_TRUNC;
	return t->flags & MSG_TRUNC ? nbytes : n;
}

/* Is that all that was asked for? */
static bool enough(struct socket *s, const struct socket_transfer *t)
{
	return !socket_is_stream(s) || !t->uio.left || t->files ||
	       (t->flags & (MSG_WAITALL | MSG_PEEK)) != MSG_WAITALL;
}

ssize_t socket_receive(struct file *f, struct socket_transfer *t)
{
	struct socket *s = f->private;
	uint64_t deadline = socket_deadline(f, t->flags, s->receive_timeout);
	ssize_t total = 0, n = 1;

	if (t->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (socket_is_stream(s) && !t->uio.left)
		return 0;
	while (n >= 0) {
		spin_lock(&socket_lock);
		n = message_await(s, deadline);
		spin_unlock(&socket_lock);
		if (n <= 0)
			break;
		mutex_lock(&f->position_lock);
		n = socket_is_stream(s) ? take_stream(s, t) : take_packet(s, t);
		mutex_unlock(&f->position_lock);
		if (n == -EAGAIN) {
			n = 0; /* another receiver was quicker */
			continue;
		}
		if (n >= 0) {
			total += n;
			if (enough(s, t))
				return total;
		}
	}
	return total ? total : n;
}
