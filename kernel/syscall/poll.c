// SPDX-License-Identifier: MIT
/*
 * poll.c - waiting until one of several files is ready: ppoll, pselect6.
 *
 * Both become an array of items, one for each descriptor asked about, and
 * wait in the same way:
 *
 *	1  stand in the queues of all files, and ask each what is ready
 *	2  if nothing is: announce that we block, and block, unless a waker
 *	   has been at one of our places in the meantime
 *	3  leave all queues, and begin again
 *
 * A change after the question in 1 finds us in the queue; so none is missed.
 *
 * Tests: usertests.
 */
#include <linux/poll.h>

#include "arch/riscv/time.h"
#include "arch/riscv/usercopy.h"
#include "kernel/syscall/calls.h"
#include "kernel/syscall/path_args.h"
#include "kernel/syscall/usage.h"
#include "kernel/task/signal.h"
#include "mm/slab.h"

enum { ALWAYS = POLLERR | POLLHUP, BITS = 64, NSETS = 3 };

struct poll_item {
	struct file *file; /* counted, or NULL */
	unsigned wanted, ready;
	struct waiter waiter[2];
};

/* Ask all; stand in their queues if @wait.  How many are ready. */
static size_t items_ask(struct poll_item *items, size_t n, bool wait)
{
	size_t nready = 0;

	for (size_t i = 0; i < n; i++) {
		struct poll_item *item = &items[i];

		if (item->file)
			item->ready = file_poll(item->file,
						wait ? item->waiter : NULL) &
				      (item->wanted | ALWAYS);
		if (item->ready) {
			nready++;
			wait = false; /* we shall not sleep any more */
		}
	}
	return nready;
}

static bool items_woken(const struct poll_item *items, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (items[i].waiter[0].woken || items[i].waiter[1].woken)
			return true;
	return false;
}

static void items_leave(struct poll_item *items, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		for (int side = 0; side < 2; side++) {
			waitq_leave(&items[i].waiter[side]);
			items[i].waiter[side] = (struct waiter){0};
		}
	}
}

/* How many are ready, 0 at the deadline, or -ERESTARTNOHAND. */
static long items_wait(struct poll_item *items, size_t n, uint64_t deadline)
{
	for (;;) {
		bool over = time_now() >= deadline;
		long nready = items_ask(items, n, !over);
		bool cut = sched_interrupted();

		if (!nready && !over && !cut) {
			sched_prepare();
			if (items_woken(items, n) || sched_interrupted())
				sched_cancel();
			else
				sched_block_until(deadline);
		}
		items_leave(items, n);
		if (nready || cut)
			return nready ? nready : -ERESTARTNOHAND;
		if (over)
			return 0;
	}
}

static void items_free(struct poll_item *items, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (items[i].file)
			file_put(items[i].file);
	kfree(items);
}

/* --- timeouts and masks --- */

/* As Linux: tell how much was left, if the caller's memory can be written.
 * Unless a signal ended the wait, its mask is no longer in force. */
static long deadline_put(vaddr_t va, uint64_t deadline, long result)
{
	uint64_t now = time_now();
	struct __kernel_timespec left =
		timespec_from_ns(deadline > now ? deadline - now : 0);

	if (result != -ERESTARTNOHAND)
		signal_mask_restore();
	if (va && deadline != UINT64_MAX)
		user_write(va, &left, sizeof(left));
	return result;
}

int mask_from_user(vaddr_t va, size_t nbytes)
{
	sigset_t mask;

	if (!va)
		return 0;
	if (nbytes != sizeof(mask))
		return -EINVAL;
	if (user_read(&mask, va, sizeof(mask)))
		return -EFAULT;
	signal_mask_swap(&mask);
	return 0;
}

/* --- ppoll(fds, n, timeout, mask, masksize) --- */

static long poll_fds(struct pollfd *fds, size_t n, uint64_t deadline)
{
	struct poll_item *items = kmalloc_zeroed((n + 1) * sizeof(*items));
	long nready;

	if (!items)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		items[i].wanted = (uint16_t)fds[i].events;
		if (fds[i].fd >= 0 &&
		    fdtable_get(caller_files(), fds[i].fd, &items[i].file))
			items[i].ready = POLLNVAL;
	}
	nready = items_wait(items, n, deadline);
	for (size_t i = 0; i < n; i++)
		fds[i].revents = items[i].ready;
	items_free(items, n);
	return nready;
}

SYSCALL(ppoll)
{
	size_t n = (unsigned)arg[1], nbytes = n * sizeof(struct pollfd);
	uint64_t deadline;
	struct pollfd *fds;
	long result = deadline_from_user(arg[2], &deadline);

	if (!result)
		result = mask_from_user(arg[3], arg[4]);
	if (result)
		return result;
	if (n > caller_nofile())
		return -EINVAL;
	fds = kmalloc(nbytes + 1);
	if (!fds)
		return -ENOMEM;
	result = -EFAULT;
	if (!user_read(fds, arg[0], nbytes))
		result = poll_fds(fds, n, deadline);
	if (result >= 0 && user_write(arg[0], fds, nbytes))
		result = -EFAULT;
	kfree(fds);
	return deadline_put(arg[2], deadline, result);
}

/* --- pselect6(n, in, out, exceptional, timeout, {mask, size}) --- */

/* What a bit in each of the three sets asks for. */
static const unsigned set_events[NSETS] = {
	POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR,
	POLLOUT | POLLWRNORM | POLLWRBAND | POLLERR,
	POLLPRI,
};

static bool set_has(const uint64_t *set, size_t fd)
{
	return set[fd / BITS] >> fd % BITS & 1;
}

/* Item fd for each descriptor in some of the @sets, of @nwords each. */
static int select_ask(struct poll_item *items, size_t n, const uint64_t *sets,
		      size_t nwords)
{
	int err = 0;

	for (size_t fd = 0; fd < n && !err; fd++) {
		for (int i = 0; i < NSETS; i++)
			if (set_has(sets + i * nwords, fd))
				items[fd].wanted |= set_events[i];
		if (items[fd].wanted)
			err = fdtable_get(caller_files(), fd, &items[fd].file);
	}
	return err;
}

/* Leave only the bits of what is ready; how many. */
static long select_answer(const struct poll_item *items, size_t n,
			  uint64_t *sets, size_t nwords)
{
	long nbits = 0;

	for (size_t fd = 0; fd < n; fd++) {
		for (int i = 0; i < NSETS; i++) {
			uint64_t *set = sets + i * nwords;

			if (!set_has(set, fd))
				continue;
			if (items[fd].ready & set_events[i])
				nbits++;
			else
				set[fd / BITS] &= ~(1ul << fd % BITS);
		}
	}
	return nbits;
}

static long select_sets(uint64_t *sets, size_t nwords, size_t n,
			uint64_t deadline)
{
	struct poll_item *items = kmalloc_zeroed((n + 1) * sizeof(*items));
	long result;

	if (!items)
		return -ENOMEM;
	result = select_ask(items, n, sets, nwords);
	if (!result)
		result = items_wait(items, n, deadline);
	if (result >= 0)
		result = select_answer(items, n, sets, nwords);
	items_free(items, n);
	return result;
}

/* @va: the three sets, each may be NULL. */
static long select_user(size_t n, const uint64_t *va, uint64_t deadline)
{
	size_t nwords = (n + BITS - 1) / BITS;
	size_t nbytes = nwords * sizeof(uint64_t);
	uint64_t *sets = kmalloc_zeroed(NSETS * nbytes + 1);
	long result = 0;

	if (!sets)
		return -ENOMEM;
	for (int i = 0; i < NSETS; i++)
		if (va[i] && user_read(sets + i * nwords, va[i], nbytes))
			result = -EFAULT;
	if (!result)
		result = select_sets(sets, nwords, n, deadline);
	for (int i = 0; i < NSETS && result >= 0; i++)
		if (va[i] && user_write(va[i], sets + i * nwords, nbytes))
			result = -EFAULT;
	kfree(sets);
	return result;
}

SYSCALL(pselect6)
{
	struct {
		vaddr_t mask;
		size_t nbytes;
	} mask = {0};
	int n = arg[0];
	uint64_t deadline;
	long result;

	if (arg[5] && user_read(&mask, arg[5], sizeof(mask)))
		return -EFAULT;
	result = deadline_from_user(arg[4], &deadline);
	if (!result)
		result = mask_from_user(mask.mask, mask.nbytes);
	if (result)
		return result;
	if (n < 0)
		return -EINVAL;
	result = select_user(min_u64(n, caller_nofile()), &arg[1], deadline);
	return deadline_put(arg[4], deadline, result);
}
