// SPDX-License-Identifier: MIT
/*
 * id [-g | -u]
 *
 * Print who we are.
 *   -g  only the number of the group
 *   -u  only the number of the user
 */

#include <unistd.h>

#include "include/mode.h"
#include "include/usage.h"

int main(int argc, char **argv)
{
	gid_t groups[64];
	int count;

	switch (option(argc, argv, "gu")) {
	case 'g':
		printf("%u\n", getegid());
		return finish(EXIT_SUCCESS);
	case 'u':
		printf("%u\n", geteuid());
		return finish(EXIT_SUCCESS);
	}
	printf("uid=%u(%s)", geteuid(), user_name(geteuid()));
	printf(" gid=%u(%s)", getegid(), group_name(getegid()));
	count = getgroups(64, groups);
	for (int i = 0; i < count; i++)
		printf("%s%u(%s)", i ? "," : " groups=", groups[i],
		       group_name(groups[i]));
	putchar('\n');
	return finish(EXIT_SUCCESS);
}
