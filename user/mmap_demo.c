// SPDX-License-Identifier: MIT
/*
 * mmap_demo [FILE]
 *
 * Edit a file without write(2): make FILE (default: mmap_demo.txt in the
 * current folder), map it MAP_SHARED, change it through the pointer, msync,
 * munmap, and read it back with read(2).  The status is 0 if what read(2)
 * says is what the pointer wrote.
 */

#include <fcntl.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "include/usage.h"

static const char before[] = "A file is an array of bytes on a disk.\n";
static const char after[] = "A file is an array of bytes in memory.\n";

static void step(const char *format, ...)
{
	static int number;
	va_list list;

	va_start(list, format);
	printf("%d. ", ++number);
	vprintf(format, list);
	putchar('\n');
	va_end(list);
}

static void make_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	ssize_t length = strlen(before);

	if (fd < 0 || write(fd, before, length) != length || close(fd) != 0)
		err(1, "%s", path);
	step("write(2) made %s, %zd bytes:\n\t%s", path, length, before);
}

static char *map_file(const char *path, size_t *length)
{
	int fd = open(path, O_RDWR);
	struct stat st;
	char *p;

	if (fd < 0 || fstat(fd, &st) != 0)
		err(1, "%s", path);
	*length = st.st_size;
	p = mmap(NULL, *length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		err(1, "mmap %s", path);
	step("mmap(2) put it at %p.  Nothing was read: the kernel only noted"
	     "\n   that these addresses mean that file.\n",
	     (void *)p);
	if (close(fd) != 0)
		err(1, "%s", path);
	step("close(2) closed it.  The mapping does not need the "
	     "descriptor.\n");
	return p;
}

static void edit(char *p)
{
	char *place;

	step("The first look through the pointer is a page fault; it brings"
	     "\n   the page into memory:\n\t%.*s",
	     (int)strlen(before), p);
	place = strstr(p, "on a disk");
	if (!place)
		errx(1, "the mapping does not show the file");
	memcpy(place, "in memory", strlen("in memory"));
	step("Nine stores later (the page table's dirty bit is now "
	     "set):\n\t%.*s",
	     (int)strlen(after), p);
}

static void write_back(const char *path, char *p, size_t length)
{
	if (msync(p, length, MS_SYNC) != 0)
		err(1, "msync %s", path);
	step("msync(2) found the dirty bit and wrote that page to the disk.\n");
	if (munmap(p, length) != 0)
		err(1, "munmap %s", path);
	step("munmap(2) took the mapping away.\n");
}

static int read_back(const char *path)
{
	char bytes[200] = "";
	int fd = open(path, O_RDONLY);

	if (fd < 0 || read(fd, bytes, sizeof(bytes) - 1) < 0)
		err(1, "%s", path);
	close(fd);
	step("read(2) reads from %s:\n\t%s", path, bytes);
	if (strcmp(bytes, after) != 0) {
		puts("That is NOT what was written through the pointer!");
		return EXIT_FAILURE;
	}
	puts("Both agree: a store to memory was a write to the file.");
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	const char *path = "mmap_demo.txt";
	size_t length;
	char *p;

	option(argc, argv, "");
	if (argc - optind > 1)
		usage(EXIT_FAILURE);
	if (optind < argc)
		path = argv[optind];
	make_file(path);
	p = map_file(path, &length);
	edit(p);
	write_back(path, p, length);
	return finish(read_back(path));
}
