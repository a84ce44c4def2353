/* SPDX-License-Identifier: MIT */
#ifndef USER_USAGE_H
#define USER_USAGE_H

/*
 * usage.h - a command's help text is the first comment of its source.
 *
 * The assembler puts the source file itself (.incbin) into the program's
 * read-only data, and usage() prints the first comment out of it.  So what
 * --help prints and what a reader of the source sees first can't differ.
 * Exactly one file of a program includes this.
 *
 * A command that is given a list of things to do does what it can: it warns
 * about each failure (warn(3): the path and strerror), goes on, and returns
 * a status that tells of it.
 */

#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__asm__(".pushsection .rodata\n"
	"usage_source: .incbin \"" __BASE_FILE__ "\"\n"
	".byte 0\n"
	".popsection\n");

extern const char usage_source[];

/* The exit status of a command that was called the wrong way: 1, or 2 for
 * those to which 1 is an answer (grep, cmp, test). */
static int usage_status = EXIT_FAILURE;

/* Print the help text, to where @status says it belongs, and exit with it. */
static inline _Noreturn void usage(int status)
{
	FILE *out = status == EXIT_SUCCESS ? stdout : stderr;
	const char *line = strstr(usage_source, "/*\n");

	for (line += 3; strncmp(line, " */", 3) != 0;) {
		const char *end = strchr(line, '\n');

		line += strncmp(line, " * ", 3) == 0 ? 3 : 2;
		fprintf(out, "%.*s\n", (int)(end - line), line);
		line = end + 1;
	}
	exit(status);
}

/*
 * The next option of the command line, as getopt(3) with @letters, or -1
 * after the last.  Does not return for --help and for an unknown option.
 */
static inline int option(int argc, char **argv, const char *letters)
{
	static const struct option help[] = {{"help", no_argument, NULL, 1},
					     {0}};
	int letter = getopt_long(argc, argv, letters, help, NULL);

	if (letter == 1)
		usage(EXIT_SUCCESS);
	if (letter == '?')
		usage(usage_status);
	return letter;
}

/* All of main() in commands that do one thing to each operand. */
static inline int each_operand(int argc, char **argv, int (*call)(const char *))
{
	int status = EXIT_SUCCESS;

	option(argc, argv, "");
	if (optind == argc)
		usage(EXIT_FAILURE);
	for (; optind < argc; optind++)
		if (call(argv[optind]) != 0) {
			warn("%s", argv[optind]);
			status = EXIT_FAILURE;
		}
	return status;
}

/* The end of main() in commands that print: what was printed and could not
 * be written (a full disk) is an error too. */
static inline int finish(int status)
{
	if (fflush(stdout) != 0 || ferror(stdout)) {
		warn("standard output");
		return status ? status : EXIT_FAILURE;
	}
	return status;
}

#endif
