/* SPDX-License-Identifier: MIT */
#ifndef FS_EVENTPOLL_H
#define FS_EVENTPOLL_H

/* eventpoll.h - epoll(7): waiting for many files, at the cost of those that
 * are ready. */

#include <linux/eventpoll.h>

#include "fs/file.h"

/* A new one, which watches nothing.  0 or -ENOMEM. */
int eventpoll_new(struct file **out);

/* epoll_ctl(2) of @f, which is descriptor @fd: -EINVAL if @ep is no epoll,
 * -EPERM if @f is always ready, -EEXIST, -ENOENT, -ENOMEM, -ELOOP if epolls
 * would watch each other more than one deep. */
int eventpoll_control(struct file *ep, int op, struct file *f, int fd,
		      const struct epoll_event *event);

/* Wait until @deadline (time_now() units; 0: don't), and tell the user at @to
 * of at most @max events: how many, -EINTR, -EFAULT, or -EINVAL. */
long eventpoll_wait(struct file *ep, vaddr_t to, size_t max, uint64_t deadline);

/* @f is being closed for good: nobody watches it any more. */
void eventpoll_forget(struct file *f);

/* eventfd2(2)'s flags: <linux/eventfd.h>, which older headers lack. */
enum {
	EFD_SEMAPHORE = 1,
	EFD_CLOEXEC = O_CLOEXEC,
	EFD_NONBLOCK = O_NONBLOCK,
};

/* An eventfd that starts at @count (eventfd.c).  @flags: all but EFD_CLOEXEC.
 * 0 or -ENOMEM. */
int eventfd_new(uint64_t count, unsigned flags, struct file **out);

#endif
