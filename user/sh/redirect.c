// SPDX-License-Identifier: MIT
/*
 * redirect.c - what stands behind < and > signs.
 *
 * A redirection makes a descriptor, if need be by opening a file, and moves
 * it to the number it shall have.  For commands that the shell executes by
 * itself the old one is put aside first, at a number of 10 or more, which is
 * closed on exec, so that no command ever sees it.
 */

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "expand.h"
#include "jobs.h"
#include "redirect.h"
#include "sh.h"

enum { FIRST_HIDDEN_FD = 10 };

struct saved_fd {
	struct saved_fd *next;
	int fd;
	int copy; /* or -1: it was closed */
};

/* A pipe out of which @body can be read; a child writes it if it does not
 * fit into the pipe. */
static int open_here(const char *body)
{
	size_t length = strlen(body);
	int ends[2];

	if (pipe(ends) != 0)
		return -1;
	if (length <= PIPE_BUF) {
		write(ends[1], body, length);
	} else if (shell_fork() == 0) {
		close(ends[0]);
		while (length > 0) {
			ssize_t n = write(ends[1], body, length);

			if (n < 0)
				break;
			body += n;
			length -= n;
		}
		_exit(0);
	}
	close(ends[1]);
	return ends[0];
}

/* The file of a redirection, open; -1 and errno. */
static int open_target(const struct redirect *redirect, const char *target)
{
	switch (redirect->kind) {
	case REDIRECT_INPUT:
		return open(target, O_RDONLY);
	case REDIRECT_OUTPUT:
		return open(target, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	case REDIRECT_APPEND:
		return open(target, O_WRONLY | O_CREAT | O_APPEND, 0666);
	case REDIRECT_BOTH:
		return open(target, O_RDWR | O_CREAT, 0666);
	case REDIRECT_HERE:
		return open_here(target);
	case REDIRECT_DUPLICATE:
		break;
	}
	if (!isdigit((unsigned char)*target) ||
	    target[strspn(target, "0123456789")] != '\0') {
		errno = EBADF;
		return -1;
	}
	return dup(atoi(target));
}

static void save(int fd, struct saved_fd **saved)
{
	struct saved_fd *entry = arena_get(&scratch, sizeof(*entry));

	entry->fd = fd;
	entry->copy = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_HIDDEN_FD);
	entry->next = *saved;
	*saved = entry;
}

static bool redirect_one(const struct redirect *redirect,
			 struct saved_fd **saved)
{
	const char *target;
	int fd;

	if (redirect->kind != REDIRECT_HERE)
		target = expand_string(redirect->raw, CONTEXT_WORD);
	else if (redirect->literal)
		target = redirect->body;
	else
		target = expand_string(redirect->body, CONTEXT_HERE);
	if (sh.skip == SKIP_ABORT)
		return false;
	if (saved)
		save(redirect->fd, saved);
	if (redirect->kind == REDIRECT_DUPLICATE && strcmp(target, "-") == 0) {
		close(redirect->fd);
		return true;
	}
	fd = open_target(redirect, target);
	if (fd < 0) {
		complain("%s: %s", target, strerror(errno));
		return false;
	}
	if (fd != redirect->fd) {
		dup2(fd, redirect->fd);
		close(fd);
	}
	return true;
}

bool redirect(const struct redirect *list, struct saved_fd **saved)
{
	for (; list; list = list->next)
		if (!redirect_one(list, saved))
			return false;
	return true;
}

void redirect_undo(struct saved_fd *saved)
{
	for (; saved; saved = saved->next) {
		if (saved->copy < 0) {
			close(saved->fd);
			continue;
		}
		dup2(saved->copy, saved->fd);
		close(saved->copy);
	}
}
