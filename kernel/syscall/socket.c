// SPDX-License-Identifier: MIT
/*
 * socket.c - the calls that make sockets, name and connect them, and set how
 * they behave.  (Those that move messages: socket_message.c.)
 *
 * There are only UNIX-domain sockets; other families are EAFNOSUPPORT.
 *
 * Tests: usertests.
 */
#include "kernel/syscall/socket.h"

#include "arch/riscv/usercopy.h"
#include "kernel/lib/string.h"
#include "kernel/syscall/calls.h"
#include "kernel/syscall/usage.h"

enum { SOCK_TYPE_MASK = 0xf, SOCK_TYPES = 11 };

long with_socket(int fd, file_call *call, const uint64_t *arg)
{
	struct file *f;
	long result = fdtable_get(caller_files(), fd, &f);

	if (result)
		return result;
	if (f->flags & O_PATH)
		result = -EBADF;
	else
		result = socket_of(f) ? call(f, arg) : -ENOTSOCK;
	file_put(f);
	return result;
}

/* --- addresses --- */

int address_get(vaddr_t va, int nbytes, struct socket_address *out)
{
	*out = (struct socket_address){0};
	if (nbytes < (int)UNNAMED || nbytes > (int)sizeof(struct sockaddr_un))
		return -EINVAL;
	if (user_read(&out->family, va, nbytes))
		return -EFAULT;
	out->nbytes = nbytes;
	if (nbytes > (int)UNNAMED && out->path[0])
		out->nbytes = UNNAMED + strlen(out->path) + 1;
	return 0;
}

int address_put(const struct socket_address *address, vaddr_t va, vaddr_t room)
{
	int nbytes = address->nbytes, n;

	if (user_read(&n, room, sizeof(n)))
		return -EFAULT;
	if (n < 0)
		return -EINVAL;
	if (user_write(va, &address->family, min_u64(n, nbytes)))
		return -EFAULT;
	return user_write(room, &nbytes, sizeof(nbytes));
}

static long put_name(struct file *f, bool peer, const uint64_t *arg)
{
	struct socket_address address;
	int err = socket_name(socket_of(f), peer, &address);

	return err ? err : address_put(&address, arg[1], arg[2]);
}

static long get_own_name(struct file *f, const uint64_t *arg)
{
	return put_name(f, false, arg);
}

static long get_peer_name(struct file *f, const uint64_t *arg)
{
	return put_name(f, true, arg);
}

SYSCALL(getsockname)
{
	return with_socket(arg[0], get_own_name, arg);
}

SYSCALL(getpeername)
{
	return with_socket(arg[0], get_peer_name, arg);
}

/* --- new ones --- */

/* The arguments (family, type | flags, protocol). */
static int new_check(const uint64_t *arg, int *type, unsigned *flags)
{
	*type = arg[1] & SOCK_TYPE_MASK;
	*flags = arg[1] & ~(uint64_t)SOCK_TYPE_MASK;
	if (*flags & ~(O_NONBLOCK | O_CLOEXEC))
		return -EINVAL;
	if ((int)arg[0] != AF_UNIX)
		return -EAFNOSUPPORT;
	if (*type >= SOCK_TYPES)
		return -EINVAL;
	if (arg[2] && (int)arg[2] != AF_UNIX)
		return -EPROTONOSUPPORT;
	switch (*type) {
	case SOCK_RAW: /* as Linux has it */
		*type = SOCK_DGRAM;
		return 0;
	case SOCK_STREAM:
	case SOCK_DGRAM:
	case SOCK_SEQPACKET:
		return 0;
	}
	return -ESOCKTNOSUPPORT;
}

SYSCALL(socket)
{
	unsigned flags;
	struct file *f;
	int type, err = new_check(arg, &type, &flags);

	if (!err)
		err = socket_new(type, flags & O_NONBLOCK, &f);
	return err ? err : caller_install(f, flags & O_CLOEXEC);
}

SYSCALL(socketpair)
{
	struct file *f[2];
	unsigned flags;
	int type, err = new_check(arg, &type, &flags);

	if (!err)
		err = socket_new_pair(type, flags & O_NONBLOCK, f);
	return err ? err : caller_install_two(f, flags & O_CLOEXEC, arg[3]);
}

/* --- connections --- */

static long bind(struct file *f, const uint64_t *arg)
{
	struct socket_address address;
	int err = address_get(arg[1], arg[2], &address);

	if (!err && address.family != AF_UNIX)
		err = -EINVAL;
	return err ? err : socket_bind(socket_of(f), caller_fs(), &address);
}

SYSCALL(bind)
{
	return with_socket(arg[0], bind, arg);
}

static long listen(struct file *f, const uint64_t *arg)
{
	return socket_listen(socket_of(f), arg[1]);
}

SYSCALL(listen)
{
	return with_socket(arg[0], listen, arg);
}

static long connect(struct file *f, const uint64_t *arg)
{
	struct socket_address address;
	int err = address_get(arg[1], arg[2], &address);

	return err ? err : socket_connect(f, caller_fs(), &address);
}

SYSCALL(connect)
{
	return with_socket(arg[0], connect, arg);
}

static long accept(struct file *f, const uint64_t *arg)
{
	unsigned flags = arg[3];
	struct file *new;
	int err;

	if (flags & ~(O_NONBLOCK | O_CLOEXEC))
		return -EINVAL;
	/* No connection is taken that then has no number. */
	if (!fdtable_has_room(caller_files(), caller_nofile()))
		return -EMFILE;
	err = socket_accept(f, flags & O_NONBLOCK, &new);
	if (err)
		return err;
	if (arg[1])
		err = put_name(new, true, arg);
	if (err == -ENOTCONN)
		err = -ECONNABORTED;
	if (err) {
		file_put(new);
		return err;
	}
	return caller_install(new, flags & O_CLOEXEC);
}

SYSCALL(accept)
{
	const uint64_t with_flags[] = {arg[0], arg[1], arg[2], 0};

	return with_socket(arg[0], accept, with_flags);
}

SYSCALL(accept4)
{
	return with_socket(arg[0], accept, arg);
}

static long shutdown(struct file *f, const uint64_t *arg)
{
	return socket_shutdown(socket_of(f), arg[1]);
}

SYSCALL(shutdown)
{
	return with_socket(arg[0], shutdown, arg);
}

/* --- options: (fd, level, option, at, length or where it is) --- */

static bool is_time(int *option)
{
	if (*option == SO_RCVTIMEO_NEW)
		*option = SO_RCVTIMEO;
	if (*option == SO_SNDTIMEO_NEW)
		*option = SO_SNDTIMEO;
	return *option == SO_RCVTIMEO || *option == SO_SNDTIMEO;
}

static int time_get(vaddr_t va, uint64_t *ns)
{
	struct __kernel_old_timeval t;

	if (user_read(&t, va, sizeof(t)))
		return -EFAULT;
	if (t.tv_usec < 0 || t.tv_usec * NSEC_PER_USEC >= NSEC_PER_SEC)
		return -EDOM;
	*ns = 0;
	if (t.tv_sec < 0)
		*ns = 1; /* as Linux: over at once */
	else if (t.tv_sec < INT64_MAX / NSEC_PER_SEC / 2)
		*ns = t.tv_sec * NSEC_PER_SEC + t.tv_usec * NSEC_PER_USEC;
	return 0;
}

static long set_option(struct file *f, const uint64_t *arg)
{
	int option = arg[2], number, err;
	uint64_t value;

	if ((int)arg[1] != SOL_SOCKET)
		return -EOPNOTSUPP;
	if (is_time(&option)) {
		if (arg[4] < sizeof(struct __kernel_old_timeval))
			return -EINVAL;
		err = time_get(arg[3], &value);
		if (err)
			return err;
	} else {
		if (arg[4] < sizeof(number))
			return -EINVAL;
		if (user_read(&number, arg[3], sizeof(number)))
			return -EFAULT;
		value = (unsigned)number;
	}
	return socket_set_option(socket_of(f), option, value);
}

SYSCALL(setsockopt)
{
	return with_socket(arg[0], set_option, arg);
}

/* @nbytes at most, of what has @size. */
static int option_put(const uint64_t *arg, int nbytes, const void *value,
		      size_t size)
{
	nbytes = min_u64(nbytes, size);
	if (user_write(arg[3], value, nbytes))
		return -EFAULT;
	return user_write(arg[4], &nbytes, sizeof(nbytes));
}

static long get_option(struct file *f, const uint64_t *arg)
{
	int option = arg[2], nbytes, number, err;
	uint64_t value;

	if ((int)arg[1] != SOL_SOCKET)
		return -EOPNOTSUPP;
	if (user_read(&nbytes, arg[4], sizeof(nbytes)))
		return -EFAULT;
	if (nbytes < 0)
		return -EINVAL;
	if (option == SO_PEERCRED) {
		struct socket_credentials peer = socket_peer(socket_of(f));

		return option_put(arg, nbytes, &peer, sizeof(peer));
	}

	bool time = is_time(&option);

	err = socket_get_option(socket_of(f), option, &value);
	if (err)
		return err;
	if (time) {
		struct __kernel_old_timeval t = timeval_from_ns(value);

		return option_put(arg, nbytes, &t, sizeof(t));
	}
	number = value;
	return option_put(arg, nbytes, &number, sizeof(number));
}

SYSCALL(getsockopt)
{
	return with_socket(arg[0], get_option, arg);
}
