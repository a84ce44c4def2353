// SPDX-License-Identifier: MIT
/*
 * socket.c - UNIX-domain sockets: what they are, and what they tell.
 *
 *	stream            bytes in order, between two that are connected
 *	sequenced packet  the same, but messages stay whole
 *	datagram          whole messages to whomever one names
 *
 * There is one queue in each, of the messages that were sent to it; a pair of
 * connected sockets has so one for each direction.  A sender waits while what
 * he sent fills the other's queue:
 *
 *	 a                                    b
 *	 peer  -------------------------->  queue  (m)(m)(m)
 *	 queue (m)  <----------------------  peer
 *
 * A socket that is closed tells its peer, and is then only a name that others
 * remember.
 *
 * Locking: socket_lock.  Tests: usertests.
 */
#include "fs/socket_core.h"

#include <asm/ioctls.h>
#include <linux/magic.h>

#include "arch/riscv/time.h"
#include "arch/riscv/usercopy.h"
#include "fs/pseudo.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/lib/trace.h"
#include "mm/slab.h"

/* As Linux: what is queued before a sender waits; and datagrams, whatever
 * their size, of senders that are not the peer. */
enum {
	LIMIT_DEFAULT = 212992,
	LIMIT_MAX = 2 * LIMIT_DEFAULT,
	SEND_LIMIT_MIN = 4608,
	RECEIVE_LIMIT_MIN = 2304,
	DATAGRAMS_MAX = 10
};

struct spinlock socket_lock = SPINLOCK_INIT("sockets", RANK_CACHE);
struct waitq socket_datagram_room = WAITQ_INIT(socket_datagram_room);

static const struct super_ops socket_super_ops = {.magic = SOCKFS_MAGIC};

static struct super socket_super = {
	.ops = &socket_super_ops,
	.type = "socket",
	.dev = PSEUDO_DEV_SOCKET,
};

struct socket *socket_of(const struct file *f)
{
	return f->ops == &file_ops_socket ? f->private : NULL;
}

bool socket_is_stream(const struct socket *s)
{
	return s->type == SOCK_STREAM;
}

struct socket_credentials socket_caller(void)
{
	int32_t pid, tid;

	task_numbers(&pid, &tid);
	return (struct socket_credentials){.pid = pid};
}

/* --- beginning and end --- */

struct socket *socket_alloc(int type)
{
	struct socket *s = kmalloc_zeroed(sizeof(*s));

	if (!s)
		return NULL;
	s->refs = 1;
	s->type = type;
	s->address = (struct socket_address){UNNAMED, AF_UNIX, {0}};
	list_init(&s->link);
	list_init(&s->found_link);
	list_init(&s->queue);
	list_init(&s->pending);
	list_init(&s->live_link);
	waitq_init(&s->readers);
	waitq_init(&s->writers);
	s->peer_credentials = (struct socket_credentials){0, -1u, -1u};
	s->send_limit = s->receive_limit = LIMIT_DEFAULT;
	return s;
}

void socket_put(struct socket *s)
{
	if (atomic_fetch_sub(&s->refs, 1) == 1)
		kfree(s);
}

struct socket *socket_get(struct socket *s)
{
	atomic_fetch_add(&s->refs, 1);
	return s;
}

int socket_make_file(unsigned flags, struct file **out)
{
	struct inode *inode = pseudo_inode_new(&socket_super, S_IFSOCK | 0777);

	if (!inode)
		return -ENOMEM;
	inode->file_ops = &file_ops_socket;
	*out = file_new(inode, NULL, O_RDWR | flags);
	inode_put(inode);
	return *out ? 0 : -ENOMEM;
}

void socket_join_file(struct file *f, struct socket *s)
{
	f->private = s;
	s->file = f;
}

int socket_new(int type, unsigned flags, struct file **out)
{
	struct socket *s = socket_alloc(type);
	int err = s ? socket_make_file(flags, out) : -ENOMEM;

	if (err) {
		kfree(s);
		return err;
	}
	spin_lock(&socket_lock);
	socket_join_file(*out, s);
	list_add(&socket_all, &s->link);
	spin_unlock(&socket_lock);
	return 0;
}

void socket_changed(struct socket *s)
{
	waitq_wake_all(&s->readers);
	waitq_wake_all(socket_room_queue(s));
}

static void close_locked(struct socket *s)
{
	struct socket *peer = s->peer;
	bool unread = !list_empty(&s->queue) || !s->file;

	s->state = SOCKET_CLOSED;
	s->peer = NULL;
	s->file = NULL;
	list_remove(&s->link);
	list_remove(&s->found_link);
	if (peer && s->type != SOCK_DGRAM) {
		peer->shut = SHUT_BOTH;
		if (unread)
			peer->error = -ECONNRESET;
		socket_changed(peer);
	}
	if (peer)
		socket_put(peer);
	socket_doom_messages(s);
	socket_changed(s);
}

static void socket_release(struct file *f)
{
	struct socket *s = f->private;

	spin_lock(&socket_lock);
	while (!list_empty(&s->pending)) {
		struct socket *new =
			list_entry(s->pending.next, struct socket, found_link);

		close_locked(new);
		socket_put(new);
	}
	close_locked(s);
	spin_unlock(&socket_lock);
	if (s->inode)
		inode_put(s->inode);
	socket_put(s);
	socket_collect(NULL);
}

void socket_join(struct socket *a, struct socket *b)
{
	a->state = b->state = SOCKET_CONNECTED;
	a->peer = socket_get(b);
	b->peer = socket_get(a);
}

int socket_new_pair(int type, unsigned flags, struct file *out[2])
{
	struct socket_credentials me = socket_caller();
	int err = socket_new(type, flags, &out[0]);

	if (err)
		return err;
	err = socket_new(type, flags, &out[1]);
	if (err) {
		file_put(out[0]);
		return err;
	}

	struct socket *a = out[0]->private;
	struct socket *b = out[1]->private;

	spin_lock(&socket_lock);
	socket_join(a, b);
	a->peer_credentials = b->peer_credentials = me;
	spin_unlock(&socket_lock);
	return 0;
}

/* --- waiting --- */

uint64_t socket_deadline(const struct file *f, unsigned flags, uint64_t timeout)
{
	if ((f->flags & O_NONBLOCK) || (flags & MSG_DONTWAIT))
		return 0;
	return timeout ? time_now() + timeout : UINT64_MAX;
}

/* As on Linux a call with a time limit is not begun again after a signal. */
int socket_wait(struct waitq *queue, uint64_t deadline)
{
	int err = deadline ? waitq_wait_until(queue, &socket_lock, deadline)
			   : -EAGAIN;

	if (err == -ERESTARTSYS && deadline != UINT64_MAX)
		return -EINTR;
	return err == -ETIMEDOUT ? -EAGAIN : err;
}

bool socket_has_room(const struct socket *s, const struct socket *to)
{
	return to->nbytes < s->send_limit &&
	       (to->peer == s || to->nmessages <= DATAGRAMS_MAX);
}

static unsigned events_locked(const struct socket *s)
{
	const struct socket *to = s->peer;
	bool joined = s->type == SOCK_DGRAM || s->state != SOCKET_IDLE;
	unsigned events = 0;

	if (s->error)
		events |= POLLERR;
	if (s->shut == SHUT_BOTH || !joined)
		events |= POLLHUP;
	if (s->shut & SHUT_READING)
		events |= POLLRDHUP | POLLIN | POLLRDNORM;
	if (!list_empty(&s->queue) || !list_empty(&s->pending))
		events |= POLLIN | POLLRDNORM;
	/* A writer is told of room only when there is much. */
	if (s->state != SOCKET_LISTENING &&
	    (!to ||
	     (socket_has_room(s, to) && to->nbytes * 4 <= s->send_limit)))
		events |= POLLOUT | POLLWRNORM | POLLWRBAND;
	return events;
}

static unsigned socket_poll(struct file *f, struct waiter *waiter)
{
	struct socket *s = f->private;
	unsigned events;

	spin_lock(&socket_lock);
	if (waiter) {
		waitq_enter(&s->readers, &waiter[0]);
		waitq_enter(socket_room_queue(s), &waiter[1]);
	}
	events = events_locked(s);
	spin_unlock(&socket_lock);
	return events;
}

/* --- options --- */

int socket_get_option(struct socket *s, int option, uint64_t *value)
{
	int err = 0;

	spin_lock(&socket_lock);
	switch (option) {
	case SO_TYPE:
		*value = s->type;
		break;
	case SO_DOMAIN:
		*value = AF_UNIX;
		break;
	case SO_PROTOCOL:
		*value = 0;
		break;
	case SO_ACCEPTCONN:
		*value = s->state == SOCKET_LISTENING;
		break;
	case SO_ERROR:
		*value = -s->error;
		s->error = 0;
		break;
	case SO_SNDBUF:
		*value = s->send_limit;
		break;
	case SO_RCVBUF:
		*value = s->receive_limit;
		break;
	case SO_SNDTIMEO:
		*value = s->send_timeout;
		break;
	case SO_RCVTIMEO:
		*value = s->receive_timeout;
		break;
	case SO_PASSCRED:
	case SO_REUSEADDR:
	case SO_KEEPALIVE:
	case SO_BROADCAST:
		*value = s->options >> option & 1;
		break;
	default:
		err = -ENOPROTOOPT;
	}
	spin_unlock(&socket_lock);
	return err;
}

/* Linux doubles what is asked for: its own records are in it. */
static uint64_t limit(uint64_t asked, uint64_t min)
{
	return max_u64(min, 2 * min_u64(asked, LIMIT_DEFAULT));
}

int socket_set_option(struct socket *s, int option, uint64_t value)
{
	int err = 0;

	spin_lock(&socket_lock);
	switch (option) {
	case SO_SNDBUF:
		s->send_limit = limit(value, SEND_LIMIT_MIN);
		break;
	case SO_RCVBUF:
		s->receive_limit = limit(value, RECEIVE_LIMIT_MIN);
		break;
	case SO_SNDTIMEO:
		s->send_timeout = value;
		break;
	case SO_RCVTIMEO:
		s->receive_timeout = value;
		break;
	case SO_PASSCRED:
	case SO_REUSEADDR:
	case SO_KEEPALIVE:
	case SO_BROADCAST:
		s->options &= ~(1ul << option);
		s->options |= (uint64_t)(value != 0) << option;
		break;
	default:
		err = -ENOPROTOOPT;
	}
	spin_unlock(&socket_lock);
	return err;
}

struct socket_credentials socket_peer(struct socket *s)
{
	spin_lock(&socket_lock);

	struct socket_credentials peer = s->peer_credentials;

	spin_unlock(&socket_lock);
	return peer;
}

/* --- the file --- */

static ssize_t socket_read(struct file *f, struct uio *uio, uint64_t *offset)
{
	struct socket_transfer t = {.uio = *uio};
	ssize_t n = socket_receive(f, &t);

	*uio = t.uio;
	socket_files_put(t.files);
	return n;
}

static ssize_t socket_write(struct file *f, struct uio *uio, uint64_t *offset)
{
	struct socket_transfer t = {
		.uio = *uio,
		.address.nbytes = UNNAMED,
		.credentials = socket_caller(),
	};
	ssize_t n = socket_send(f, NULL, &t);

	*uio = t.uio;
	return n;
}

/* FIONREAD: of messages that stay whole, the first's. */
static long socket_ioctl(struct file *f, unsigned request, vaddr_t argument)
{
	struct socket *s = f->private;
	int n = 0;

	if (request != FIONREAD)
		return -ENOTTY;
	spin_lock(&socket_lock);
	list_for_each (link, &s->queue) {
		struct message *m = list_entry(link, struct message, link);

		n += m->nbytes - m->at;
		if (s->type != SOCK_STREAM)
			break;
	}
	if (s->state == SOCKET_LISTENING)
		n = -EINVAL;
	spin_unlock(&socket_lock);
	return n < 0 ? n : user_write(argument, &n, sizeof(n));
}

/* One descriptor fewer: perhaps only messages have it now. */
static void socket_flush(struct file *f)
{
	socket_collect(f);
}

const struct file_ops file_ops_socket = {
	.stream = true,
	.read = socket_read,
	.write = socket_write,
	.poll = socket_poll,
	.ioctl = socket_ioctl,
	.flush = socket_flush,
	.release = socket_release,
};
