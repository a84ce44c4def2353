// SPDX-License-Identifier: MIT
/*
 * mount [-o OPTION[,OPTION...]] [-t TYPE] DEVICE FOLDER
 * mount
 *
 * Show the tree on DEVICE at FOLDER; without arguments, list what is mounted
 * where.  Options: ro, rw, remount, noexec, nosuid, nodev, bind; others go to
 * the filesystem.
 *   -t  what kind of filesystem it is (default: ext2)
 */

#include <sys/mount.h>

#include "include/usage.h"

static const struct {
	const char *name;
	unsigned long flag;
} flags[] = {
	{"ro", MS_RDONLY},       {"rw", 0},
	{"remount", MS_REMOUNT}, {"noexec", MS_NOEXEC},
	{"nosuid", MS_NOSUID},   {"nodev", MS_NODEV},
	{"bind", MS_BIND},
};

/* The flags among @options; the others are put into @rest. */
static unsigned long parse(char *options, char *rest, size_t size)
{
	unsigned long result = 0;

	for (char *word; (word = strsep(&options, ","));) {
		size_t i = 0, count = sizeof(flags) / sizeof(*flags);

		while (i < count && strcmp(word, flags[i].name) != 0)
			i++;
		if (i < count)
			result |= flags[i].flag;
		else if (*word)
			snprintf(rest + strlen(rest), size - strlen(rest),
				 "%s%s", *rest ? "," : "", word);
	}
	return result;
}

static int list(void)
{
	FILE *mounts = fopen("/proc/mounts", "r");
	char line[1000];

	if (!mounts)
		err(1, "/proc/mounts");
	while (fgets(line, sizeof(line), mounts))
		fputs(line, stdout);
	fclose(mounts);
	return finish(EXIT_SUCCESS);
}

int main(int argc, char **argv)
{
	const char *type = "ext2";
	unsigned long wanted = 0;
	char rest[1000] = "";

	for (int letter; (letter = option(argc, argv, "o:t:")) != -1;) {
		if (letter == 't')
			type = optarg;
		else
			wanted |= parse(optarg, rest, sizeof(rest));
	}
	if (argc == 1)
		return list();
	if (argc - optind != 2)
		usage(EXIT_FAILURE);
	if (mount(argv[optind], argv[optind + 1], type, wanted, rest) != 0)
		err(1, "%s on %s", argv[optind], argv[optind + 1]);
	return EXIT_SUCCESS;
}
