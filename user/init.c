// SPDX-License-Identifier: MIT
/*
 * init [PROGRAM [ARG...]]
 *
 * The first process.  Mount /proc and /dev/shm, make /dev/console the
 * controlling terminal of a new session, and run PROGRAM (default: a login
 * shell) on it.  Until that ends, wait for every process whose parent has
 * died; then kill what still runs, write everything to the disks and switch
 * off.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "include/mounts.h"
#include "include/shutdown.h"
#include "include/usage.h"

static void welcome(void)
{
	struct utsname name;

	if (uname(&name) == 0)
		printf("\nWelcome to Quire, which calls itself %s %s (%s).\n"
		       "`ls /bin' shows what there is; `exit' switches off."
		       "\n\n",
		       name.sysname, name.release, name.machine);
	fflush(stdout);
}

/* In the child: the console is ours, and ^C on it goes to us. */
static _Noreturn void run(char **argv)
{
	int console;

	setsid();
	console = open("/dev/console", O_RDWR);
	if (console < 0)
		err(1, "/dev/console");
	if (ioctl(console, TIOCSCTTY, 0) != 0)
		warn("/dev/console: no job control");
	for (int fd = 0; fd < 3; fd++)
		dup2(console, fd);
	if (console > 2)
		close(console);
	setenv("HOME", "/root", 1); /* the kernel says "/" */
	setenv("PATH", "/bin:/sbin:/usr/bin:/usr/sbin", 0);
	setenv("TERM", "vt100", 0);
	if (chdir(getenv("HOME")) != 0)
		chdir("/");
	if (argv[0]) {
		execvp(argv[0], argv);
		err(127, "%s", argv[0]);
	}
	welcome();
	/* By custom, a shell whose name starts with "-" is a login shell. */
	execl("/bin/sh", "-sh", NULL);
	err(127, "/bin/sh");
}

int main(int argc, char **argv)
{
	pid_t shell, pid;

	option(argc, argv, "+");
	if (getpid() != 1)
		errx(1, "only the kernel starts this");
	mount_kernel_filesystems();
	shell = fork();
	if (shell < 0)
		warn("fork");
	if (shell == 0)
		run(argv + optind);
	do
		pid = wait(NULL);
	while (pid != shell && (pid > 0 || errno == EINTR));
	kill(-1, SIGKILL);
	while (wait(NULL) > 0)
		continue;
	shut_down(RB_POWER_OFF);
}
