// SPDX-License-Identifier: MIT
/*
 * socket_message.c - the calls that send and receive by a socket.
 *
 *	sendto, recvfrom     one buffer
 *	sendmsg, recvmsg     many buffers, an address, and control messages
 *	sendmmsg, recvmmsg   many of those
 *
 * Control messages are small records behind each other: descriptors to be
 * had by the receiver (SCM_RIGHTS), and who the sender is (SCM_CREDENTIALS).
 * Descriptors become open files here, and again descriptors in the receiver.
 *
 * Tests: usertests.
 */
#include "kernel/syscall/socket.h"

#include "arch/riscv/time.h"
#include "arch/riscv/usercopy.h"
#include "kernel/lib/string.h"
#include "kernel/syscall/calls.h"
#include "kernel/syscall/usage.h"
#include "kernel/syscall/vector.h"
#include "kernel/task/signal.h"
#include "mm/slab.h"

static const size_t MOVE_MAX = INT32_MAX & ~4095ul;

/* As user space has them (struct msghdr, mmsghdr, cmsghdr). */
struct message_header {
	vaddr_t name;
	int nname;
	vaddr_t iov;
	size_t niov;
	vaddr_t control;
	size_t ncontrol;
	unsigned flags;
};

struct many_header {
	struct message_header header;
	unsigned nbytes;
};

struct control_header {
	size_t nbytes;
	int level, type;
};

/* --- control messages to send --- */

/* The numbers at @va, behind those that are there already. */
static int files_get(vaddr_t va, size_t n, struct socket_files **files)
{
	struct socket_files *old = *files, *new;
	size_t nold = old ? old->n : 0;
	int err = 0, fd;

	if (nold + n > SCM_FILES_MAX)
		return -EINVAL;
	new = kmalloc(sizeof(*new) + (nold + n) * sizeof(new->file[0]));
	if (!new)
		return -ENOMEM;
	new->n = nold;
	for (size_t i = 0; i < nold; i++)
		new->file[i] = old->file[i];
	kfree(old);
	*files = new;
	for (; n > 0 && !err; n--, va += sizeof(fd)) {
		if (user_read(&fd, va, sizeof(fd)))
			return -EFAULT;
		err = fdtable_get(caller_files(), fd, &new->file[new->n]);
		new->n += !err;
	}
	return err;
}

static bool is_process(int pid)
{
	bool found;

	spin_lock(&process_tree_lock);
	found = process_find(pid);
	spin_unlock(&process_tree_lock);
	return found;
}

static int credentials_get(vaddr_t va, size_t nbytes,
			   struct socket_credentials *out)
{
	if (nbytes != sizeof(*out))
		return -EINVAL;
	if (user_read(out, va, nbytes))
		return -EFAULT;
	return is_process(out->pid) ? 0 : -ESRCH;
}

static int control_get(const struct message_header *h,
		       struct socket_transfer *t)
{
	struct control_header c;
	vaddr_t va = h->control;
	size_t left = h->ncontrol;
	int err = 0;

	while (left >= sizeof(c) && !err) {
		vaddr_t data = va + sizeof(c);
		size_t step, n;

		if (user_read(&c, va, sizeof(c)))
			return -EFAULT;
		if (c.nbytes < sizeof(c) || c.nbytes > left)
			return -EINVAL;
		n = c.nbytes - sizeof(c);
		step = min_u64((c.nbytes + 7) & ~7ul, left);
		va += step;
		left -= step;
		if (c.level != SOL_SOCKET)
			continue;
		if (c.type == SCM_RIGHTS)
			err = files_get(data, n / sizeof(int), &t->files);
		else if (c.type == SCM_CREDENTIALS)
			err = credentials_get(data, n, &t->credentials);
		else
			err = -EINVAL;
	}
	return err;
}

/* --- control messages received --- */

static void control_advance(struct message_header *h, size_t nbytes)
{
	size_t step = min_u64((nbytes + 7) & ~7ul, h->ncontrol);

	h->control += step;
	h->ncontrol -= step;
}

/* Append one; what does not fit is cut off. */
static int control_put(struct message_header *h, int type, const void *data,
		       size_t nbytes)
{
	struct control_header c = {sizeof(c) + nbytes, SOL_SOCKET, type};

	if (h->ncontrol < c.nbytes) {
		h->flags |= MSG_CTRUNC;
		c.nbytes = h->ncontrol;
	}
	if (c.nbytes < sizeof(c))
		return 0;
	if (user_write(h->control, &c, sizeof(c)) ||
	    user_write(h->control + sizeof(c), data, c.nbytes - sizeof(c)))
		return -EFAULT;
	control_advance(h, c.nbytes);
	return 0;
}

/* A number for @f, written to @va. */
static int file_install(struct file *f, vaddr_t va, bool close_on_exec)
{
	int fd;

	file_get(f);
	fd = caller_install(f, close_on_exec);
	if (fd < 0)
		return fd;
	if (user_write(va, &fd, sizeof(fd))) {
		fdtable_close(caller_files(), fd);
		return -EFAULT;
	}
	return 0;
}

/* Numbers for as many files as there is room for, there and in the table. */
static int files_put(struct message_header *h, const struct socket_files *files,
		     unsigned flags)
{
	struct control_header c = {sizeof(c), SOL_SOCKET, SCM_RIGHTS};
	size_t room = h->ncontrol > sizeof(c) ? h->ncontrol - sizeof(c) : 0;
	unsigned n = 0;

	while (n < files->n && n < room / sizeof(int) &&
	       !file_install(files->file[n],
			     h->control + sizeof(c) + n * sizeof(int),
			     flags & MSG_CMSG_CLOEXEC))
		n++;
	if (n < files->n)
		h->flags |= MSG_CTRUNC;
	if (n == 0)
		return 0;
	c.nbytes += n * sizeof(int);
	if (user_write(h->control, &c, sizeof(c)))
		return -EFAULT;
	control_advance(h, c.nbytes);
	return 0;
}

static int extras_put(struct socket *s, struct message_header *h,
		      const struct socket_transfer *t)
{
	uint64_t passcred;
	int err = socket_get_option(s, SO_PASSCRED, &passcred);

	if (!err && passcred)
		err = control_put(h, SCM_CREDENTIALS, &t->credentials,
				  sizeof(t->credentials));
	if (!err && t->files)
		err = files_put(h, t->files, t->flags);
	return err;
}

/* --- one message --- */

static long send(struct file *f, struct socket_transfer *t)
{
	long n = socket_send(f, caller_fs(), t);

	if (n == -EPIPE && !(t->flags & MSG_NOSIGNAL) &&
	    socket_is_stream(socket_of(f)))
		signal_raise(SIGPIPE);
	return n;
}

/* For a transfer, what the header says but for the buffers. */
static int send_prepare(const struct message_header *h,
			struct socket_transfer *t)
{
	int err = 0;

	t->flags = h->flags;
	t->credentials = socket_caller();
	t->address.nbytes = UNNAMED;
	if (h->name && h->nname)
		err = address_get(h->name, h->nname, &t->address);
	if (!err && h->name && h->nname && t->address.family != AF_UNIX)
		err = -EINVAL;
	if (!err && h->control)
		err = control_get(h, t);
	if (err) {
		socket_files_put(t->files);
		t->files = NULL;
	}
	return err;
}

static long send_header(struct file *f, struct message_header *h,
			struct socket_transfer *t)
{
	int err = send_prepare(h, t);

	return err ? err : send(f, t);
}

/* h->nname, ncontrol and flags become the results. */
static long receive_header(struct file *f, struct message_header *h,
			   struct socket_transfer *t)
{
	size_t ncontrol = h->ncontrol;
	long n;
	int err;

	t->flags = h->flags;
	t->address.nbytes = 0;
	n = socket_receive(f, t);
	if (n < 0)
		return n;
	h->flags = t->results | (t->flags & MSG_CMSG_CLOEXEC);
	err = extras_put(socket_of(f), h, t);
	socket_files_put(t->files);
	h->ncontrol = ncontrol - h->ncontrol;
	if (err)
		return err;
	/* The peer that has no name is not shown. */
	if (t->address.nbytes == UNNAMED)
		t->address.nbytes = 0;
	if (h->name && user_write(h->name, &t->address.family,
				  min_u64(h->nname, t->address.nbytes)))
		return -EFAULT;
	h->nname = t->address.nbytes;
	return n;
}

/* --- (fd, buffer, n, flags, name, nname) --- */

static int buffer_get(const uint64_t *arg, struct uio *uio)
{
	if (arg[2] > USER_END || arg[1] > USER_END - arg[2])
		return -EFAULT;
	uio_init_user(uio, arg[1], min_u64(arg[2], MOVE_MAX));
	return 0;
}

static long send_buffer(struct file *f, const uint64_t *arg)
{
	struct message_header h = {
		.name = arg[4],
		.nname = arg[5],
		.flags = arg[3],
	};
	struct socket_transfer t = {0};
	int err = buffer_get(arg, &t.uio);

	return err ? err : send_header(f, &h, &t);
}

SYSCALL(sendto)
{
	return with_socket(arg[0], send_buffer, arg);
}

static long receive_buffer(struct file *f, const uint64_t *arg)
{
	struct message_header h = {.flags = arg[3]};
	struct socket_transfer t = {0};
	long n = buffer_get(arg, &t.uio);

	if (!n)
		n = receive_header(f, &h, &t);
	if (n >= 0 && arg[4]) {
		int err = address_put(&t.address, arg[4], arg[5]);

		if (err)
			return err;
	}
	return n;
}

SYSCALL(recvfrom)
{
	return with_socket(arg[0], receive_buffer, arg);
}

/* --- (fd, header, flags) --- */

typedef long header_call(struct file *f, struct message_header *h,
			 struct socket_transfer *t);

/* Call for the header at @va, with @flags instead of its own; @h is what came
 * of it. */
static long with_header(struct file *f, vaddr_t va, unsigned flags,
			header_call *call, struct message_header *h)
{
	struct iovec small[SMALL_VECTOR], *iov;
	struct socket_transfer t = {0};
	long n;

	if (user_read(h, va, sizeof(*h)))
		return -EFAULT;
	if (h->niov > UIO_MAXIOV)
		return -EMSGSIZE;
	if (h->nname < 0)
		return -EINVAL;
	n = vector_get(h->iov, h->niov, small, &iov);
	if (n)
		return n;
	uio_init_vector(&t.uio, iov, h->niov);
	h->flags = flags;
	n = call(f, h, &t);
	if (iov != small)
		kfree(iov);
	return n;
}

static long send_one(struct file *f, const uint64_t *arg)
{
	struct message_header h;

	return with_header(f, arg[1], arg[2], send_header, &h);
}

SYSCALL(sendmsg)
{
	return with_socket(arg[0], send_one, arg);
}

/* What is told in the user's header at @va. */
static int results_put(vaddr_t va, const struct message_header *h)
{
	if (user_write(va + offsetof(struct message_header, ncontrol),
		       &h->ncontrol, sizeof(h->ncontrol)) ||
	    user_write(va + offsetof(struct message_header, flags), &h->flags,
		       sizeof(h->flags)))
		return -EFAULT;
	if (h->name && user_write(va + offsetof(struct message_header, nname),
				  &h->nname, sizeof(h->nname)))
		return -EFAULT;
	return 0;
}

static long receive_at(struct file *f, vaddr_t va, unsigned flags)
{
	struct message_header h;
	long n = with_header(f, va, flags, receive_header, &h);

	if (n >= 0 && results_put(va, &h))
		n = -EFAULT;
	return n;
}

static long receive_one(struct file *f, const uint64_t *arg)
{
	return receive_at(f, arg[1], arg[2]);
}

SYSCALL(recvmsg)
{
	return with_socket(arg[0], receive_one, arg);
}

/* --- (fd, headers, n, flags, timeout) --- */

/* Write how much was moved for the header at @va. */
static long many_put(vaddr_t va, long n)
{
	unsigned nbytes = n;

	if (n >= 0 && user_write(va + offsetof(struct many_header, nbytes),
				 &nbytes, sizeof(nbytes)))
		return -EFAULT;
	return n;
}

static long send_many(struct file *f, const uint64_t *arg)
{
	size_t n = min_u64((unsigned)arg[2], UIO_MAXIOV), i;
	long err = 0;

	for (i = 0; i < n && err >= 0; i++) {
		vaddr_t va = arg[1] + i * sizeof(struct many_header);
		struct message_header h;

		err = with_header(f, va, arg[3], send_header, &h);
		err = many_put(va, err);
	}
	if (err < 0)
		i--;
	return i ? (long)i : err;
}

SYSCALL(sendmmsg)
{
	return with_socket(arg[0], send_many, arg);
}

/* The time limit is only looked at between two messages, as on Linux. */
static long receive_many(struct file *f, const uint64_t *arg)
{
	size_t n = min_u64((unsigned)arg[2], UIO_MAXIOV), i;
	unsigned flags = arg[3] & ~(uint64_t)MSG_WAITFORONE;
	uint64_t deadline;
	long err = deadline_from_user(arg[4], &deadline);

	if (err)
		return err;
	for (i = 0; i < n && (i == 0 || time_now() < deadline); i++) {
		vaddr_t va = arg[1] + i * sizeof(struct many_header);

		err = many_put(va, receive_at(f, va, flags));
		if (err < 0)
			break;
		if (arg[3] & MSG_WAITFORONE)
			flags |= MSG_DONTWAIT;
	}
	return i ? (long)i : err;
}

SYSCALL(recvmmsg)
{
	return with_socket(arg[0], receive_many, arg);
}
