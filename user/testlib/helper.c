// SPDX-License-Identifier: MIT
/*
 * helper.c - the second lives of a test program, by name.
 *
 *   @exit N            exit with N
 *   @count             exit with how many arguments follow
 *   @bytes N           exit 0 if the arguments that follow have N bytes
 *   @env NAME VALUE    exit 0 if the environment has NAME=VALUE
 *   @closed FD         exit 0 if descriptor FD is not open
 *   @open FD           exit 0 if it is
 *   @signals           exit 0 if SIGUSR1 is ignored and SIGUSR2 is default
 *   @blocked           exit 0 if SIGUSR1 is blocked
 *   @pid N             exit 0 if that is our process id
 *   @spin              never end
 *   @places            add our struct places to the file "places"
 *   @room N            exit 0 if nothing is in the stack's way for N bytes,
 *                      and it grows there, by 16 MiB if N is more
 */

#define _GNU_SOURCE
#include "testlib/helper.h"

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int do_exit(char **args)
{
	return atoi(args[0]);
}

static int do_count(char **args)
{
	int n = 0;

	while (args[n])
		n++;
	return n;
}

static int do_bytes(char **args)
{
	size_t n = 0;

	for (char **arg = args + 1; *arg; arg++)
		n += strlen(*arg);
	return n != strtoul(args[0], NULL, 10);
}

static int do_env(char **args)
{
	const char *value = getenv(args[0]);

	return !value || strcmp(value, args[1]) != 0;
}

static int do_open(char **args)
{
	return fcntl(atoi(args[0]), F_GETFD) == -1;
}

static int do_closed(char **args)
{
	return !do_open(args);
}

static int do_signals(char **args)
{
	struct sigaction first, second;

	(void)args;
	sigaction(SIGUSR1, NULL, &first);
	sigaction(SIGUSR2, NULL, &second);
	return first.sa_handler != SIG_IGN || second.sa_handler != SIG_DFL;
}

static int do_blocked(char **args)
{
	sigset_t set;

	(void)args;
	sigprocmask(SIG_BLOCK, NULL, &set);
	return sigismember(&set, SIGUSR1) != 1;
}

static int do_pid(char **args)
{
	return getpid() != atoi(args[0]);
}

static _Noreturn int do_spin(char **args)
{
	(void)args;
	for (;;)
		pause();
}

static int do_places(char **args)
{
	char here;
	struct places places = {
		.stack = (unsigned long)&here,
		.heap = (unsigned long)sbrk(0),
		.map = (unsigned long)mmap(NULL, 4096, PROT_READ,
					   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
	};
	int fd = open("places", O_WRONLY | O_APPEND);

	(void)args;
	return write(fd, &places, sizeof(places)) != sizeof(places);
}

static int do_room(char **args)
{
	size_t nbytes = strtoul(args[0], NULL, 10);
	char here, *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map > &here || (size_t)(&here - map) < nbytes)
		return 1;
	map[0] = 'm';
	if (sbrk(1 << 20) == (void *)-1)
		return 2;
	if (nbytes > 16 << 20) /* Linux counts it as memory in use */
		nbytes = 16 << 20;
	*(volatile char *)((uintptr_t)&here - nbytes) = 's';
	return map[0] != 'm';
}

static const struct {
	const char *name;
	int (*action)(char **args);
	int nargs;
} actions[] = {
	{"@exit", do_exit, 1},       {"@count", do_count, 0},
	{"@bytes", do_bytes, 1},     {"@env", do_env, 2},
	{"@open", do_open, 1},       {"@closed", do_closed, 1},
	{"@signals", do_signals, 0}, {"@blocked", do_blocked, 0},
	{"@pid", do_pid, 1},         {"@spin", do_spin, 0},
	{"@places", do_places, 0},   {"@room", do_room, 1},
};

void helper_main(int argc, char **argv)
{
	if (argc < 2 || argv[1][0] != '@')
		return;
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (strcmp(argv[1], actions[i].name) == 0 &&
		    argc >= 2 + actions[i].nargs)
			exit(actions[i].action(argv + 2));
	exit(127);
}
