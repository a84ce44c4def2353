// SPDX-License-Identifier: MIT
/*
 * uname [-amnrsv]
 *
 * Print the name of the system.
 *   -a  everything
 *   -m  the machine's architecture
 *   -n  the machine's name
 *   -r  the release
 *   -s  the system's name (the default)
 *   -v  the version
 */

#include <stdbool.h>
#include <sys/utsname.h>

#include "include/usage.h"

int main(int argc, char **argv)
{
	static const char letters[] = "snrvm";
	bool wanted[sizeof(letters)] = {false}, any = false;
	struct utsname name;
	const char *fields[] = {name.sysname, name.nodename, name.release,
				name.version, name.machine};

	for (int letter; (letter = option(argc, argv, "amnrsv")) != -1;)
		for (int i = 0; letters[i]; i++)
			wanted[i] |= letter == 'a' || letter == letters[i];
	if (optind < argc)
		usage(EXIT_FAILURE);
	if (uname(&name) != 0)
		err(1, "uname");
	for (int i = 0; letters[i]; i++)
		any |= wanted[i];
	wanted[0] |= !any;
	for (int i = 0, shown = 0; letters[i]; i++)
		if (wanted[i])
			printf("%s%s", shown++ ? " " : "", fields[i]);
	putchar('\n');
	return finish(EXIT_SUCCESS);
}
