/* SPDX-License-Identifier: MIT */
/*
 * shared FILE: a child stores through MAP_SHARED and is killed with SIGKILL;
 * the parent sees each store at once.  Then one page of 1,000 is written, and
 * msync causes exactly one page of data to be written back.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, PAGES = 1000 };

static long counter(const char *name)
{
	char line[128], key[64];
	long value, found = -1;
	FILE *f = fopen("/proc/vmstat", "r");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%63s %ld", key, &value) == 2 &&
		    !strcmp(key, name))
			found = value;
	if (f)
		fclose(f);
	return found;
}

static int see_child_stores(volatile char *map)
{
	pid_t child = fork();

	if (child == 0) {
		for (int i = 0; i < 10; i++) {
			while (map[PAGE] != i)
				;
			map[0] = 'a' + i;
		}
		strcpy((char *)map + 2 * PAGE, "kept after kill -9");
		map[PAGE] = 99;
		for (;;)
			pause();
	}
	for (int i = 0; i < 10; i++) {
		map[PAGE] = i;
		while (map[0] != 'a' + i)
			;
	}
	while (map[PAGE] != 99)
		;
	kill(child, SIGKILL);
	return waitpid(child, NULL, 0) == child ? 0 : 1;
}

int main(int argc, char **argv)
{
	int fd = open(argv[argc - 1], O_RDWR | O_CREAT | O_TRUNC, 0644);
	char page[PAGE] = "";
	volatile char *map;
	long before, after;

	for (int i = 0; i < PAGES; i++)
		if (write(fd, page, PAGE) != PAGE)
			return 1;
	fsync(fd);
	map = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		   0);
	if (map == MAP_FAILED || see_child_stores(map))
		return 2;
	for (int i = 0; i < PAGES; i++)
		(void)map[i * PAGE];
	msync((void *)map, PAGES * PAGE, MS_SYNC);
	sync();
	before = counter("quire_data_pages_written");
	map[500 * PAGE] = 'x';
	msync((void *)map, PAGES * PAGE, MS_SYNC);
	after = counter("quire_data_pages_written");
	printf("%ld pages written\n", after - before);
	return before < 0 || after - before != 1;
}
