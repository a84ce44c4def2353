// SPDX-License-Identifier: MIT
/*
 * mv SOURCE TARGET
 * mv SOURCE... FOLDER
 *
 * Rename files and folders, or move them into a folder.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "include/target.h"

/* Run a command with two or three words of arguments; did it succeed? */
static bool run(const char *program, const char *option_word, const char *a,
		const char *b)
{
	pid_t child = fork();
	int status = 1;

	if (child == 0) {
		execlp(program, program, option_word, a, b, NULL);
		err(127, "%s", program);
	}
	if (child < 0)
		err(1, "fork");
	waitpid(child, &status, 0);
	return status == 0;
}

static int move(const char *source, const char *target)
{
	if (rename(source, target) == 0)
		return EXIT_SUCCESS;
	/* To another filesystem a file can't be renamed, only copied. */
	if (errno == EXDEV)
		return run("cp", "-r", source, target) &&
				       run("rm", "-r", source, NULL)
			       ? EXIT_SUCCESS
			       : EXIT_FAILURE;
	warn("%s to %s", source, target);
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	int status = EXIT_SUCCESS;
	const char *target;

	while (option(argc, argv, "") != -1)
		continue;
	target = target_of(argc, argv);
	for (; optind < argc - 1; optind++) {
		char *name = target_name(target, argv[optind]);

		status |= move(argv[optind], name);
		free(name);
	}
	return status;
}
