// SPDX-License-Identifier: MIT
/*
 * socket_connect.c - UNIX-domain sockets: how one is found, and two are joined.
 *
 * A server binds a socket to a name and listens.  A name is a path, where a
 * special file is made that only serves to be found; or any bytes after a
 * first one of 0 (abstract), which go with the socket.  Who connects gets a
 * fresh socket as peer at once; that waits among the listener's pending, with
 * what is sent to it meanwhile, until it is accepted and gets its file:
 *
 *	            connect                        accept
 *	client -----------------> listener ------------------> a file
 *	   |                         | pending
 *	   '------- peer <-----------'
 *
 * Locking: socket_lock.  A path is walked, or made, without it.
 *
 * Tests: usertests.
 */
#include "fs/socket_core.h"

#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"

enum { BACKLOG_MAX = 4096 }; /* as Linux's somaxconn */

static struct list named = {&named, &named};

/* --- names --- */

static bool same_address(const struct socket_address *a,
			 const struct socket_address *b)
{
	return a->nbytes == b->nbytes &&
	       memcmp(a->path, b->path, a->nbytes - UNNAMED) == 0;
}

/* Of a path's @inode; or (NULL) of an abstract name, which each type has for
 * itself.  Locks: socket_lock. */
static struct socket *find_named(const struct inode *inode,
				 const struct socket_address *address, int type)
{
	list_for_each_entry (struct socket, s, &named, found_link)
		if (inode ? s->inode == inode
			  : !s->inode && s->type == type &&
				    same_address(&s->address, address))
			return s;
	return NULL;
}

int socket_find(struct fs_context *fs, const struct socket_address *address,
		int type, struct socket **out)
{
	struct dentry *d = NULL;
	int err = 0;

	if (address->nbytes == UNNAMED)
		return -EINVAL;
	if (address->path[0])
		err = path_lookup(fs, NULL, address->path, PATH_FOLLOW, &d);
	if (err)
		return err;
	spin_lock(&socket_lock);
	*out = find_named(d ? d->inode : NULL, address, type);
	if (!*out)
		err = -ECONNREFUSED;
	else if ((*out)->type != type)
		err = -EPROTOTYPE;
	else
		socket_get(*out);
	spin_unlock(&socket_lock);
	if (d)
		dentry_put(d);
	return err;
}

/* Give @s the name, if nobody has it.  Locks: socket_lock. */
static int name_locked(struct socket *s, struct inode *inode,
		       const struct socket_address *address)
{
	if (!inode && find_named(NULL, address, s->type))
		return -EADDRINUSE;
	s->address = *address;
	s->inode = inode;
	list_add(&named, &s->found_link);
	return 0;
}

/* A free name of five digits. */
static int make_up_locked(struct socket *s)
{
	static uint32_t last;
	int err = -EADDRINUSE;

	for (unsigned i = 0; i < 1 << 20 && err == -EADDRINUSE; i++) {
		struct socket_address address = {UNNAMED + 6, AF_UNIX, {0}};

		snprintf(address.path + 1, 6, "%05x", last++ % (1 << 20));
		err = name_locked(s, NULL, &address);
	}
	return err;
}

int socket_bind(struct socket *s, struct fs_context *fs,
		const struct socket_address *address)
{
	bool by_path = address->nbytes > UNNAMED && address->path[0];
	struct inode *inode = NULL;
	int err = 0;

	spin_lock(&socket_lock);
	if (s->binding || s->address.nbytes > UNNAMED)
		err = -EINVAL;
	else
		s->binding = true;
	spin_unlock(&socket_lock);
	if (err)
		return err;
	if (by_path)
		err = path_make(fs, NULL, address->path, S_IFSOCK | 0777, 0,
				&inode);
	spin_lock(&socket_lock);
	if (!err)
		err = address->nbytes > UNNAMED ? name_locked(s, inode, address)
						: make_up_locked(s);
	s->binding = false;
	spin_unlock(&socket_lock);
	return err == -EEXIST ? -EADDRINUSE : err;
}

int socket_autobind(struct socket *s)
{
	static const struct socket_address none = {UNNAMED, AF_UNIX, {0}};
	bool wanted =
		(s->options & 1 << SO_PASSCRED) && s->address.nbytes == UNNAMED;

	return wanted ? socket_bind(s, NULL, &none) : 0;
}

int socket_name(struct socket *s, bool peer, struct socket_address *out)
{
	int err = 0;

	spin_lock(&socket_lock);
	if (!peer)
		*out = s->address;
	else if (s->peer)
		*out = s->peer->address;
	else
		err = -ENOTCONN;
	spin_unlock(&socket_lock);
	return err;
}

/* --- connections --- */

int socket_listen(struct socket *s, int backlog)
{
	struct socket_credentials me = socket_caller();
	int err = 0;

	if (s->type == SOCK_DGRAM)
		return -EOPNOTSUPP;
	spin_lock(&socket_lock);
	if (s->address.nbytes == UNNAMED || s->state == SOCKET_CONNECTED) {
		err = -EINVAL;
	} else {
		s->state = SOCKET_LISTENING;
		s->backlog = min_u64((unsigned)backlog, BACKLOG_MAX);
		s->peer_credentials = me;
		socket_changed(s);
	}
	spin_unlock(&socket_lock);
	return err;
}

/* Wait until @s can be connected to @to.  Locks: socket_lock. */
static int connect_wait(struct socket *s, struct socket *to, uint64_t deadline)
{
	for (;;) {
		int err;

		if (to->state != SOCKET_LISTENING || (to->shut & SHUT_READING))
			return -ECONNREFUSED;
		if (s->state != SOCKET_IDLE)
			return s->state == SOCKET_CONNECTED ? -EISCONN
							    : -EINVAL;
		if (to->npending <= to->backlog)
			return 0;
		err = socket_wait(&to->writers, deadline);
		if (err)
			return err;
	}
}

static int connect_stream(struct socket *s, struct socket *to,
			  uint64_t deadline)
{
	struct socket *new = socket_alloc(s->type);
	struct socket_credentials me = socket_caller();
	int err;

	if (!new)
		return -ENOMEM;
	spin_lock(&socket_lock);
	err = connect_wait(s, to, deadline);
	if (!err) {
		socket_join(s, new);
		new->address = to->address;
		new->options = to->options;
		new->peer_credentials = me;
		s->peer_credentials = to->peer_credentials;
		list_add(&socket_all, &new->link);
		list_add_tail(&to->pending, &new->found_link);
		to->npending++;
		waitq_wake_all(&to->readers);
	}
	spin_unlock(&socket_lock);
	if (err)
		socket_put(new);
	return err;
}

/* The only one to send to and to hear of; NULL: any again. */
static int set_peer(struct socket *s, struct socket *to)
{
	struct socket *old = NULL;
	int err = 0;

	spin_lock(&socket_lock);
	if (to && to->peer && to->peer != s) {
		err = -EPERM;
	} else {
		old = s->peer;
		s->peer = to ? socket_get(to) : NULL;
		socket_changed(s);
	}
	spin_unlock(&socket_lock);
	if (old)
		socket_put(old);
	return err;
}

int socket_connect(struct file *f, struct fs_context *fs,
		   const struct socket_address *address)
{
	struct socket *s = f->private;
	struct socket *to;
	int err;

	if (address->family == AF_UNSPEC && s->type == SOCK_DGRAM)
		return set_peer(s, NULL);
	if (address->family != AF_UNIX)
		return -EINVAL;
	err = socket_autobind(s);
	if (!err)
		err = socket_find(fs, address, s->type, &to);
	if (err)
		return err;
	if (s->type == SOCK_DGRAM)
		err = set_peer(s, to);
	else
		err = connect_stream(s, to,
				     socket_deadline(f, 0, s->send_timeout));
	socket_put(to);
	return err;
}

/* The first of the pending.  Locks: socket_lock. */
static int accept_wait(struct socket *s, uint64_t deadline, struct socket **new)
{
	while (list_empty(&s->pending)) {
		int err = -EINVAL;

		if (s->state == SOCKET_LISTENING && !(s->shut & SHUT_READING))
			err = socket_wait(&s->readers, deadline);
		if (err)
			return err;
	}
	*new = list_entry(list_pop(&s->pending), struct socket, found_link);
	s->npending--;
	waitq_wake_all(&s->writers);
	return 0;
}

/* The file first: what has been taken can't be put back. */
int socket_accept(struct file *f, unsigned flags, struct file **out)
{
	struct socket *s = f->private;
	struct socket *new;
	int err;

	if (s->type == SOCK_DGRAM)
		return -EOPNOTSUPP;
	err = socket_make_file(flags, out);
	if (err)
		return err;
	spin_lock(&socket_lock);
	err = accept_wait(s, socket_deadline(f, 0, s->receive_timeout), &new);
	if (!err)
		socket_join_file(*out, new);
	spin_unlock(&socket_lock);
	if (err)
		file_discard(*out);
	return err;
}

int socket_shutdown(struct socket *s, int how)
{
	unsigned shut = how + 1;

	if (how < SHUT_RD || how > SHUT_RDWR)
		return -EINVAL;
	spin_lock(&socket_lock);
	s->shut |= shut;
	if (s->peer && s->type != SOCK_DGRAM) {
		/* What one doesn't write the other can't read. */
		s->peer->shut |= (shut & SHUT_READING ? SHUT_WRITING : 0) |
				 (shut & SHUT_WRITING ? SHUT_READING : 0);
		socket_changed(s->peer);
	}
	socket_changed(s);
	spin_unlock(&socket_lock);
	return 0;
}
