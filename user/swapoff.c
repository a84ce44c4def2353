// SPDX-License-Identifier: MIT
/*
 * swapoff AREA...
 *
 * Bring back into memory what is in the AREAs that swapon(1) has begun to use,
 * and use them no longer.
 */

#include <sys/swap.h>

#include "include/usage.h"

int main(int argc, char **argv)
{
	return each_operand(argc, argv, swapoff);
}
