// SPDX-License-Identifier: MIT
/*
 * true
 *
 * Do nothing, successfully.
 */

#include "include/usage.h"

int main(int argc, char **argv)
{
	option(argc, argv, "");
	return EXIT_SUCCESS;
}
