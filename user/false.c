// SPDX-License-Identifier: MIT
/*
 * false
 *
 * Do nothing, unsuccessfully.
 */

#include "include/usage.h"

int main(int argc, char **argv)
{
	option(argc, argv, "");
	return EXIT_FAILURE;
}
