// SPDX-License-Identifier: MIT
/*
 * pwd
 *
 * Print the path of the current folder.
 */

#include <limits.h>
#include <unistd.h>

#include "include/usage.h"

int main(int argc, char **argv)
{
	char here[PATH_MAX];

	option(argc, argv, "");
	if (!getcwd(here, sizeof(here)))
		err(1, "current folder");
	puts(here);
	return finish(EXIT_SUCCESS);
}
