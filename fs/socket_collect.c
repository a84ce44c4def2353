// SPDX-License-Identifier: MIT
/*
 * socket_collect.c - the files in messages that nobody can receive any more.
 *
 * An open file in a message is kept by it, though no process may have it.  If
 * that file is a socket, messages wait there in turn; and then it can be that
 * sockets keep each other:
 *
 *	send a by b; send b by a; close both
 *
 * No count of references gets to 0 here.  So, when a descriptor of a socket
 * is closed while files are in flight, we look which sockets can be come at:
 *
 *	1  mark those that have references other than from messages
 *	2  from each that is marked, mark what is in its queue, and those that
 *	   wait there to be accepted
 *	3  empty the queues of the others
 *
 * A message is freed without the lock, and may have the last reference to a
 * socket, whose messages are to be freed then, and so on: such a chain can be
 * long, and the kernel's stack is not.  So messages to be freed stand in one
 * list, and who finds somebody at work there leaves his to him.
 *
 * Locking: socket_lock.
 *
 * Tests: usertests.
 */
#include <linux/resource.h>

#include "fs/socket_core.h"
#include "mm/mm.h"
#include "mm/slab.h"

static struct list doomed = {&doomed, &doomed};
static bool freeing;          /* somebody is at it */
static unsigned long nflying; /* files in messages */

struct list socket_all = {&socket_all, &socket_all};

void socket_files_fly(const struct socket_files *files, int by)
{
	for (unsigned i = 0; files && i < files->n; i++) {
		struct socket *s = socket_of(files->file[i]);

		nflying += by;
		if (s)
			s->in_flight += by;
	}
}

bool socket_files_too_many(unsigned n)
{
	return nflying + n > process_limit(RLIMIT_NOFILE);
}

void socket_files_put(struct socket_files *files)
{
	for (unsigned i = 0; files && i < files->n; i++)
		file_put(files->file[i]);
	kfree(files);
}

void message_free(struct message *m)
{
	socket_files_put(m->files);
	socket_put(m->from);
	kfree(m);
}

void socket_doom_messages(struct socket *s)
{
	list_for_each_entry (struct message, m, &s->queue, link)
		socket_files_fly(m->files, -1);
	list_splice_tail(&doomed, &s->queue);
	s->nmessages = s->nbytes = 0;
}

static void mark(struct socket *s, struct list *work)
{
	if (s && !s->live) {
		s->live = true;
		list_add(work, &s->live_link);
	}
}

static void mark_from(struct socket *s, struct list *work)
{
	list_for_each_entry (struct message, m, &s->queue, link)
		for (unsigned i = 0; m->files && i < m->files->n; i++)
			mark(socket_of(m->files->file[i]), work);
	list_for_each_entry (struct socket, new, &s->pending, found_link)
		mark(new, work);
}

static void mark_and_sweep(const struct file *closing)
{
	struct list work, *link;

	list_init(&work);
	list_for_each_entry (struct socket, s, &socket_all, link)
		s->live = false;
	list_for_each_entry (struct socket, s, &socket_all, link) {
		struct file *f = s->file;

		if (f &&
		    (!s->in_flight || f->refs - (f == closing) > s->in_flight))
			mark(s, &work);
	}
	while ((link = list_pop(&work)))
		mark_from(list_entry(link, struct socket, live_link), &work);
	list_for_each_entry (struct socket, s, &socket_all, link)
		if (!s->live)
			socket_doom_messages(s);
}

void socket_collect(const struct file *closing)
{
	struct list *link;

	spin_lock(&socket_lock);
	if (nflying)
		mark_and_sweep(closing);
	while (!freeing && (link = list_pop(&doomed))) {
		freeing = true;
		spin_unlock(&socket_lock);
		message_free(list_entry(link, struct message, link));
		spin_lock(&socket_lock);
		freeing = false;
	}
	spin_unlock(&socket_lock);
}
