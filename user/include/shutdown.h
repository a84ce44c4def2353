/* SPDX-License-Identifier: MIT */
#ifndef USER_SHUTDOWN_H
#define USER_SHUTDOWN_H

/*
 * shutdown.h - stop the machine with its disks in order.
 *
 * Everything else is stopped, not killed, first: a stopped process writes
 * nothing more, and init, whose children have not ended, sleeps on.
 */

#include <err.h>
#include <signal.h>
#include <sys/reboot.h>
#include <unistd.h>

/* @how: RB_POWER_OFF or RB_AUTOBOOT. */
static inline _Noreturn void shut_down(int how)
{
	kill(-1, SIGSTOP);
	sync();
	reboot(how);
	err(1, "reboot");
}

#endif
