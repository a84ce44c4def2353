// SPDX-License-Identifier: MIT
/*
 * source.c - where a program's text comes from.
 *
 * How much may be read at once depends on who else reads the descriptor.  A
 * script's file belongs to the shell alone and is read to its end.  But what
 * comes in as the standard input is shared with the commands in it (in
 * `sh <list`, a `cat` prints the rest of the list), so of that no byte
 * behind the line may be taken.  A terminal gives one line at a time anyway;
 * from anything else the shell reads byte by byte up to the newline.
 *
 * Before the shell waits for a line of a terminal it prompts: with the
 * folder and `$` (for root `#`) when a command begins, with `>` when it goes
 * on.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "jobs.h"
#include "sh.h"
#include "source.h"

void source_from_string(struct source *source, const char *text)
{
	*source = (struct source){.fd = -1, .ended = true, .line = 1};
	text_append(&source->text, text, strlen(text));
}

void source_from_fd(struct source *source, int fd)
{
	*source = (struct source){.fd = fd, .line = 1};
	source->shared = fd == STDIN_FILENO;
	source->byte_wise = source->shared && !isatty(fd);
	source->prompts = source->shared && sh.interactive;
}

void source_close(struct source *source)
{
	if (source->fd > STDERR_FILENO)
		close(source->fd);
	free(source->text.bytes);
}

void source_forget(struct source *source)
{
	struct text *text = &source->text;

	if (source->at == 0)
		return;
	text->length -= source->at;
	memmove(text->bytes, text->bytes + source->at, text->length + 1);
	source->at = 0;
}

void source_discard(struct source *source)
{
	source->at = source->text.length;
	source_forget(source);
	source->ended = !source->prompts; /* there, ^D is not for ever */
}

static void prompt(const struct source *source)
{
	char here[4096];

	if (source->text.length > 0) {
		fputs("> ", stderr);
		return;
	}
	jobs_notify();
	if (!getcwd(here, sizeof(here)))
		strcpy(here, "?");
	fprintf(stderr, "%s %c ", here, geteuid() == 0 ? '#' : '$');
}

/* Wait for input at the prompt; false: ^C.  That is kept away but for the wait
 * itself, so that one which comes just before it ends it, too. */
static bool await_input(int fd)
{
	struct pollfd input = {.fd = fd, .events = POLLIN};
	sigset_t interrupt, before;

	sigemptyset(&interrupt);
	sigaddset(&interrupt, SIGINT);
	sigprocmask(SIG_BLOCK, &interrupt, &before);
	while (!sh.interrupted && ppoll(&input, 1, NULL, &before) < 0 &&
	       errno == EINTR)
		;
	sigprocmask(SIG_SETMASK, &before, NULL);
	return !sh.interrupted;
}

/* read(2) again when a signal came, unless that was ^C at the prompt. */
static ssize_t read_again(struct source *source, char *block, size_t size)
{
	ssize_t n;

	do {
		if (source->prompts && !await_input(source->fd)) {
			errno = EINTR;
			return -1;
		}
		n = read(source->fd, block, size);
	} while (n < 0 && errno == EINTR && !sh.interrupted);
	return n;
}

/* Read some more; false at the end. */
static bool source_fill(struct source *source)
{
	char block[1024];
	size_t size = source->byte_wise ? 1 : sizeof(block);
	size_t before = source->text.length;
	ssize_t n;

	if (source->ended)
		return false;
	if (source->prompts)
		prompt(source);
	do {
		n = read_again(source, block, size);
		for (ssize_t i = 0; i < n; i++)
			if (block[i]) /* a NUL can't be part of a program */
				text_add(&source->text, block[i]);
	} while (n > 0 && (!source->shared || block[n - 1] != '\n'));
	if (n < 0 && errno != EINTR)
		complain("read: %s", strerror(errno));
	source->ended = n <= 0;
	return source->text.length > before;
}

int source_peek(struct source *source)
{
	if (source->at == source->text.length && !source_fill(source))
		return -1;
	return (unsigned char)source->text.bytes[source->at];
}

int source_next(struct source *source)
{
	int c = source_peek(source);

	if (c >= 0)
		source->at++;
	if (c == '\n')
		source->line++;
	return c;
}
