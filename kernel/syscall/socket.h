/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_SYSCALL_SOCKET_H
#define KERNEL_SYSCALL_SOCKET_H

/*
 * socket.h - what the calls about sockets have in common.
 */

#include "fs/socket.h"
#include "kernel/syscall/path_args.h"

/* Call @call(file, arg) on descriptor @fd, which must be a socket: -ENOTSOCK */
long with_socket(int fd, file_call *call, const uint64_t *arg);

/* A socket's address from @va.  -EINVAL, -EFAULT. */
int address_get(vaddr_t va, int nbytes, struct socket_address *out);

/* @address to @va, as much of it as the int at @room says, which becomes how
 * long it is.  0 or a negative errno. */
int address_put(const struct socket_address *address, vaddr_t va, vaddr_t room);

#endif
