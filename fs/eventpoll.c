// SPDX-License-Identifier: MIT
/*
 * eventpoll.c - epoll: files that are watched, and those among them that may
 * be ready.
 *
 * poll(2) asks every file each time.  An epoll stands in the queues of its
 * files all the time; whoever wakes such a queue puts the watch on the list of
 * those that may be ready, and wakes who sleeps in epoll_wait:
 *
 *	file's queue --- notify ---> ready list ---> sleepers
 *	     ^                           |
 *	     +---- ask, stand again <----+  epoll_wait
 *
 * epoll_wait asks the files on the list, no others.  Being woken has taken the
 * watch out of the queue; it stands there again before its file is asked, so a
 * change after the answer puts it back on the list.  What is level-triggered
 * stays on the list for as long as the answer is yes; what is edge-triggered
 * comes back with the next change; a one-shot only when it is asked for anew.
 *
 * A watch holds no reference: it goes with its file's last one.  One mutex for
 * all epolls guards who watches what, so neither can go while they are asked.
 * An epoll may watch another one, but not that in turn a third: two ranks for
 * the locks, which are taken one in the other, are enough.
 *
 * Locks: (w) watch_lock; (q) its epoll's sleepers.lock, taken in interrupts;
 * (c) constant.
 *
 * Tests: usertests.  Book: chapter 11.
 */
#include "fs/eventpoll.h"

#include "arch/riscv/time.h"
#include "arch/riscv/usercopy.h"
#include "fs/pseudo.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/tree.h"
#include "kernel/sync/sched.h"
#include "mm/slab.h"

struct eventpoll {
	struct waitq sleepers;
	struct list ready;     /* (q) watches whose files have changed */
	struct tree watches;   /* (w) by file and descriptor */
	bool watching_another; /* (w) once and for ever */
	bool watched;          /* (w) by another one, once and for ever */
};

struct watch {
	struct eventpoll *ep; /* (c) */
	struct file *file;    /* (c) not counted */
	int fd;               /* (c) */
	struct epoll_event
		event;          /* (w) asked for; no events: a spent one-shot */
	struct tree_node node;  /* (w) in ep->watches */
	struct list file_link;  /* (w) in file->watches */
	struct list ready_link; /* (q) in ep->ready, or taken off to be asked */
	struct waiter waiter[2]; /* in the file's queues, see file_ops.poll */
};

static struct mutex watch_lock =
	MUTEX_INIT(watch_lock, "epoll watches", RANK_WATCH);

static const struct file_ops eventpoll_ops;

/* How an event is to be told, beside what it is. */
static const uint32_t HOW =
	EPOLLET | EPOLLONESHOT | EPOLLWAKEUP | EPOLLEXCLUSIVE;
static const uint32_t ALWAYS = EPOLLERR | EPOLLHUP;

/* --- a file has changed --- */

static void put_ready_locked(struct watch *w)
{
	if (list_empty(&w->ready_link))
		list_add_tail(&w->ep->ready, &w->ready_link);
}

static void put_ready(struct watch *w, bool wake)
{
	unsigned long saved = spin_lock_irq(&w->ep->sleepers.lock);

	put_ready_locked(w);
	if (wake)
		waitq_wake_locked(&w->ep->sleepers, false);
	spin_unlock_irq(&w->ep->sleepers.lock, saved);
}

static void notify_input(struct waiter *waiter)
{
	put_ready(container_of(waiter, struct watch, waiter[0]), true);
}

static void notify_output(struct waiter *waiter)
{
	put_ready(container_of(waiter, struct watch, waiter[1]), true);
}

/* --- asking; (w) is held --- */

static unsigned ask_eventpoll(struct eventpoll *ep, struct waiter *waiter);

/* Stand in the file's queues again, and ask it. */
static uint32_t ask(struct watch *w)
{
	struct file *f = w->file;
	unsigned events;

	for (int side = 0; side < 2; side++)
		waitq_leave(&w->waiter[side]);
	w->waiter[0] = (struct waiter){.notify = notify_input};
	w->waiter[1] = (struct waiter){.notify = notify_output};
	if (f->ops == &eventpoll_ops)
		events = ask_eventpoll(f->private, w->waiter);
	else
		events = f->ops->poll(f, w->waiter);
	return events & w->event.events;
}

/* Take all that may be ready.  While on such a list they aren't added to the
 * other, which is no loss: they will be asked. */
static void take_ready(struct eventpoll *ep, struct list *out)
{
	list_init(out);

	unsigned long saved = spin_lock_irq(&ep->sleepers.lock);

	list_splice_tail(out, &ep->ready);
	spin_unlock_irq(&ep->sleepers.lock, saved);
}

/* The next of them that is ready, and what for; NULL: no more. */
static struct watch *next_ready(struct eventpoll *ep, struct list *taken,
				uint32_t *events)
{
	for (;;) {
		unsigned long saved = spin_lock_irq(&ep->sleepers.lock);
		struct list *link = list_pop(taken);

		spin_unlock_irq(&ep->sleepers.lock, saved);
		if (!link)
			return NULL;

		struct watch *w = list_entry(link, struct watch, ready_link);

		*events = ask(w);
		if (*events)
			return w;
	}
}

/* Those that were not asked go back to the front. */
static void put_back(struct eventpoll *ep, struct list *taken, bool wake)
{
	unsigned long saved = spin_lock_irq(&ep->sleepers.lock);

	list_splice_tail(taken, &ep->ready);
	list_splice_tail(&ep->ready, taken);
	if (wake && !list_empty(&ep->ready))
		waitq_wake_locked(&ep->sleepers, false);
	spin_unlock_irq(&ep->sleepers.lock, saved);
}

/* An epoll can be read, so to speak, when anything it watches is ready. */
static unsigned ask_eventpoll(struct eventpoll *ep, struct waiter *waiter)
{
	struct list taken;
	struct watch *w;
	uint32_t events;

	if (waiter)
		waitq_enter(&ep->sleepers, &waiter[0]);
	take_ready(ep, &taken);
	w = next_ready(ep, &taken, &events);
	if (w)
		put_ready(w, false);
	put_back(ep, &taken, false);
	return w ? POLLIN | POLLRDNORM : 0;
}

static unsigned eventpoll_poll(struct file *f, struct waiter *waiter)
{
	mutex_lock(&watch_lock);

	unsigned events = ask_eventpoll(f->private, waiter);

	mutex_unlock(&watch_lock);
	return events;
}

/* --- epoll_ctl; (w) is held --- */

static int compare(const struct watch *w, const struct file *f, int fd)
{
	if (w->file != f)
		return (uintptr_t)f < (uintptr_t)w->file ? -1 : 1;
	return fd < w->fd ? -1 : fd > w->fd;
}

/* The watch, or NULL and where it would be. */
static struct watch *find(struct eventpoll *ep, const struct file *f, int fd,
			  struct tree_node **parent, int *side)
{
	struct tree_node *node = ep->watches.root;

	*parent = NULL;
	*side = 0;
	while (node) {
		struct watch *w = container_of(node, struct watch, node);
		int order = compare(w, f, fd);

		if (!order)
			return w;
		*parent = node;
		*side = order > 0;
		node = node->child[*side];
	}
	return NULL;
}

static void watch_start(struct watch *w, const struct epoll_event *event)
{
	w->event = *event;
	w->event.events |= ALWAYS;
	if (ask(w))
		put_ready(w, true);
}

static void watch_end(struct watch *w)
{
	struct eventpoll *ep = w->ep;

	for (int side = 0; side < 2; side++)
		waitq_leave(&w->waiter[side]);

	unsigned long saved = spin_lock_irq(&ep->sleepers.lock);

	list_remove(&w->ready_link);
	spin_unlock_irq(&ep->sleepers.lock, saved);
	list_remove(&w->file_link);
	tree_remove(&ep->watches, &w->node);
	kfree(w);
}

/* @outer is about to watch @inner. */
static int nest(struct eventpoll *outer, struct eventpoll *inner)
{
	if (outer->watched || inner->watching_another)
		return -ELOOP;
	lock_class_init(&outer->sleepers.lock.class, "epoll of epolls",
			RANK_EVENTPOLL_OUTER);
	outer->watching_another = true;
	inner->watched = true;
	return 0;
}

static int add(struct eventpoll *ep, struct file *f, int fd,
	       const struct epoll_event *event, struct tree_node *parent,
	       int side)
{
	struct watch *w;
	int err = 0;

	if (f->ops == &eventpoll_ops)
		err = nest(ep, f->private);
	if (err)
		return err;
	w = kmalloc_zeroed(sizeof(*w));
	if (!w)
		return -ENOMEM;
	w->ep = ep;
	w->file = f;
	w->fd = fd;
	list_init(&w->ready_link);
	if (!f->watches.next)
		list_init(&f->watches);
	list_add(&f->watches, &w->file_link);
	tree_insert(&ep->watches, parent, side, &w->node);
	watch_start(w, event);
	return 0;
}

static int control(struct eventpoll *ep, int op, struct file *f, int fd,
		   const struct epoll_event *event)
{
	struct tree_node *parent;
	int side;
	struct watch *w = find(ep, f, fd, &parent, &side);

	switch (op) {
	case EPOLL_CTL_ADD:
		return w ? -EEXIST : add(ep, f, fd, event, parent, side);
	case EPOLL_CTL_MOD:
		if (!w)
			return -ENOENT;
		if (w->event.events & EPOLLEXCLUSIVE)
			return -EINVAL;
		watch_start(w, event);
		return 0;
	default:
		if (!w)
			return -ENOENT;
		watch_end(w);
		return 0;
	}
}

/* EPOLLEXCLUSIVE: all are woken, which it allows; but its rules hold. */
static bool exclusive_ok(int op, const struct file *f, uint32_t events)
{
	const uint32_t allowed = EPOLLIN | EPOLLOUT | ALWAYS | EPOLLWAKEUP |
				 EPOLLET | EPOLLEXCLUSIVE;

	return op == EPOLL_CTL_DEL || !(events & EPOLLEXCLUSIVE) ||
	       (op == EPOLL_CTL_ADD && f->ops != &eventpoll_ops &&
		!(events & ~allowed));
}

int eventpoll_control(struct file *ep, int op, struct file *f, int fd,
		      const struct epoll_event *event)
{
	if (!f->ops->poll)
		return -EPERM;
	if (f == ep || ep->ops != &eventpoll_ops ||
	    !exclusive_ok(op, f, event->events))
		return -EINVAL;
	if (op != EPOLL_CTL_ADD && op != EPOLL_CTL_MOD && op != EPOLL_CTL_DEL)
		return -EINVAL;
	mutex_lock(&watch_lock);

	int err = control(ep->private, op, f, fd, event);

	mutex_unlock(&watch_lock);
	return err;
}

void eventpoll_forget(struct file *f)
{
	/* Nobody else has the file: it can't be watched from now on.  If it
	 * ever was, an epoll may be about to end just that. */
	if (!f->watches.next)
		return;
	mutex_lock(&watch_lock);
	while (!list_empty(&f->watches))
		watch_end(list_entry(f->watches.next, struct watch, file_link));
	mutex_unlock(&watch_lock);
}

/* --- epoll_wait --- */

/* Tell the user of one.  What is level-triggered, or could not be told, is on
 * the list again. */
static int tell(struct watch *w, uint32_t events, vaddr_t to)
{
	struct epoll_event event = {.events = events, .data = w->event.data};
	int err = user_write(to, &event, sizeof(event));

	if (!err && (w->event.events & EPOLLONESHOT))
		w->event.events &= HOW;
	else if (err || !(w->event.events & EPOLLET))
		put_ready(w, false);
	return err;
}

/* What there is now. */
static long harvest(struct eventpoll *ep, vaddr_t to, size_t max)
{
	struct list taken;
	struct watch *w;
	uint32_t events;
	size_t n = 0;
	int err = 0;

	mutex_lock(&watch_lock);
	take_ready(ep, &taken);
	while (!err && n < max && (w = next_ready(ep, &taken, &events))) {
		err = tell(w, events, to + n * sizeof(struct epoll_event));
		n += !err;
	}
	put_back(ep, &taken, true);
	mutex_unlock(&watch_lock);
	return n ? (long)n : err;
}

static void sleep(struct eventpoll *ep, uint64_t deadline)
{
	struct waiter waiter = {.exclusive = true};

	sched_prepare();
	waitq_enter(&ep->sleepers, &waiter);
	/* In this order: what comes later finds us in the queue. */
	if (list_empty(&ep->ready) && !waiter.woken && !sched_interrupted())
		sched_block_until(deadline);
	else
		sched_cancel();
	waitq_leave(&waiter);
}

long eventpoll_wait(struct file *f, vaddr_t to, size_t max, uint64_t deadline)
{
	if (f->ops != &eventpoll_ops)
		return -EINVAL;
	for (;;) {
		long n = harvest(f->private, to, max);

		if (n || time_now() >= deadline)
			return n;
		if (sched_interrupted())
			return -EINTR;
		sleep(f->private, deadline);
	}
}

/* --- making and closing --- */

static void eventpoll_release(struct file *f)
{
	struct eventpoll *ep = f->private;
	struct tree_node *node;

	mutex_lock(&watch_lock);
	while ((node = tree_first(&ep->watches)))
		watch_end(container_of(node, struct watch, node));
	mutex_unlock(&watch_lock);
	kfree(ep);
}

static const struct file_ops eventpoll_ops = {
	.stream = true,
	.kind = "anon_inode:[eventpoll]",
	.poll = eventpoll_poll,
	.release = eventpoll_release,
};

int eventpoll_new(struct file **out)
{
	struct eventpoll *ep = kmalloc_zeroed(sizeof(*ep));
	int err = ep ? 0 : -ENOMEM;

	if (!err) {
		waitq_init_ranked(&ep->sleepers, RANK_EVENTPOLL);
		list_init(&ep->ready);
		err = pseudo_file_new(&eventpoll_ops, ep, 0, out);
	}
	if (err)
		kfree(ep);
	return err;
}
