// SPDX-License-Identifier: MIT
/*
 * dd [if=FILE] [of=FILE] [bs=SIZE] [count=N] [skip=N] [seek=N]
 *    [conv=notrunc,fsync]
 *
 * Copy blocks of SIZE (default: 512) bytes; SIZE may end with K, M or G.
 *   count  only so many blocks
 *   skip   begin at this block of the input
 *   seek   write to this block of the output and after it
 *   conv   notrunc: keep the rest of the output; fsync: and wait for the
 *          disk at the end
 */

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

#include "include/usage.h"

static const char *input = NULL, *output = NULL;
static unsigned long size = 512, count = -1, skip, seek;
static bool keep, flush;
static unsigned long full_in, part_in, full_out, part_out, bytes;

static unsigned long number(const char *text)
{
	static const char units[] = "kKMG";
	static const int shifts[] = {10, 10, 20, 30};
	const char *unit;
	char *end;
	unsigned long value = strtoul(text, &end, 0);

	if (end == text || (*end && end[1]))
		errx(1, "%s: not a number", text);
	if (!*end)
		return value;
	unit = strchr(units, *end);
	if (!unit)
		errx(1, "%s: not a number", text);
	return value << shifts[unit - units];
}

static void operand(const char *word)
{
	const char *value = strchr(word, '=');

	if (!value)
		usage(EXIT_FAILURE);
	value++;
	if (strncmp(word, "if=", 3) == 0)
		input = value;
	else if (strncmp(word, "of=", 3) == 0)
		output = value;
	else if (strncmp(word, "bs=", 3) == 0)
		size = number(value);
	else if (strncmp(word, "count=", 6) == 0)
		count = number(value);
	else if (strncmp(word, "skip=", 5) == 0)
		skip = number(value);
	else if (strncmp(word, "seek=", 5) == 0)
		seek = number(value);
	else if (strncmp(word, "conv=", 5) == 0) {
		keep = strstr(value, "notrunc");
		flush = strstr(value, "fsync");
	} else
		usage(EXIT_FAILURE);
}

/* Pass over blocks of what can't seek by reading them. */
static void skip_blocks(char *block)
{
	if (skip == 0 || lseek(STDIN_FILENO, skip * size, SEEK_SET) >= 0)
		return;
	for (; skip > 0 && read(STDIN_FILENO, block, size) > 0; skip--)
		continue;
}

static void open_files(void)
{
	int mode = O_WRONLY | O_CREAT | (keep || seek ? 0 : O_TRUNC);
	int fd;

	if (input) {
		fd = open(input, O_RDONLY);
		if (fd < 0 || dup2(fd, STDIN_FILENO) < 0)
			err(1, "%s", input);
	}
	if (output) {
		fd = open(output, mode, 0666);
		if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0)
			err(1, "%s", output);
	}
	if (!keep && seek)
		ftruncate(STDOUT_FILENO, seek * size);
	if (seek && lseek(STDOUT_FILENO, seek * size, SEEK_SET) < 0)
		err(1, "%s", output ? output : "standard output");
}

static bool copy(char *block)
{
	ssize_t n, m;

	for (; count > 0; count--) {
		n = read(STDIN_FILENO, block, size);
		if (n < 0)
			warn("%s", input ? input : "standard input");
		if (n <= 0)
			return n == 0;
		*((size_t)n == size ? &full_in : &part_in) += 1;
		for (ssize_t done = 0; done < n; done += m) {
			m = write(STDOUT_FILENO, block + done, n - done);
			if (m < 0) {
				warn("%s", output ? output : "standard output");
				return false;
			}
			bytes += m;
		}
		*((size_t)n == size ? &full_out : &part_out) += 1;
	}
	return true;
}

int main(int argc, char **argv)
{
	char *block;
	bool done;

	option(argc, argv, "");
	for (; optind < argc; optind++)
		operand(argv[optind]);
	block = size ? malloc(size) : NULL;
	if (!block)
		err(1, "bs=%lu", size);
	open_files();
	skip_blocks(block);
	done = copy(block);
	if (flush && fsync(STDOUT_FILENO) != 0) {
		warn("%s", output ? output : "standard output");
		done = false;
	}
	fprintf(stderr, "%lu+%lu blocks in\n%lu+%lu blocks out\n%lu bytes\n",
		full_in, part_in, full_out, part_out, bytes);
	return done ? EXIT_SUCCESS : EXIT_FAILURE;
}
