// SPDX-License-Identifier: MIT
/*
 * umount FOLDER...
 *
 * Take away the trees that mount(1) has put at the FOLDERs.
 */

#include <sys/mount.h>

#include "include/usage.h"

int main(int argc, char **argv)
{
	return each_operand(argc, argv, umount);
}
