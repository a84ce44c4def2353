// SPDX-License-Identifier: MIT
/*
 * rmdir FOLDER...
 *
 * Remove folders that are empty.
 */

#include <unistd.h>

#include "include/usage.h"

int main(int argc, char **argv)
{
	return each_operand(argc, argv, rmdir);
}
