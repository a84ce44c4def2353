// SPDX-License-Identifier: MIT
/*
 * reboot
 *
 * Start the machine again, at once: every process is stopped, what is in memory
 * and belongs on the disks is written to them, and the firmware does the rest.
 */

#include "include/shutdown.h"
#include "include/usage.h"

int main(int argc, char **argv)
{
	option(argc, argv, "");
	shut_down(RB_AUTOBOOT);
}
