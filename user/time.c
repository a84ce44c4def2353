// SPDX-License-Identifier: MIT
/*
 * time PROGRAM [ARG...]
 *
 * Run PROGRAM and say how many seconds it took, by the clock and of a
 * processor (in the program itself, and in the kernel for it), how many page
 * faults it had, and how many KiB of memory it needed.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "include/usage.h"

static double seconds(struct timeval time)
{
	return time.tv_sec + time.tv_usec / 1e6;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	double start = now();
	struct rusage used;
	int status;
	pid_t child;

	usage_status = 125;
	option(argc, argv, "+");
	if (optind == argc)
		usage(125);
	child = fork();
	if (child < 0)
		err(125, "fork");
	if (child == 0) {
		execvp(argv[optind], argv + optind);
		err(errno == ENOENT ? 127 : 126, "%s", argv[optind]);
	}
	if (wait4(child, &status, 0, &used) < 0)
		err(125, "wait");
	fprintf(stderr, "%.3f seconds, processor %.3f (user) %.3f (system)\n",
		now() - start, seconds(used.ru_utime), seconds(used.ru_stime));
	fprintf(stderr, "%ld page faults (%ld with input), %ld KiB\n",
		used.ru_minflt + used.ru_majflt, used.ru_majflt,
		used.ru_maxrss);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status)
				   : WEXITSTATUS(status);
}
