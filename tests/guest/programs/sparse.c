/* SPDX-License-Identifier: MIT */
/*
 * Map a 1 GiB sparse file and read its last page: the mapping costs no frame,
 * and the page is zeros.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static long free_frames(void)
{
	char line[128];
	long frames = -1;
	FILE *f = fopen("/proc/vmstat", "r");

	while (f && fgets(line, sizeof(line), f))
		sscanf(line, "nr_free_pages %ld", &frames);
	if (f)
		fclose(f);
	return frames;
}

int main(void)
{
	const size_t size = 1ul << 30;
	int fd = open("/sparse", O_RDWR | O_CREAT | O_TRUNC, 0644);
	long before, after;
	char *map;

	if (fd < 0 || ftruncate(fd, size))
		return 1;
	free_frames();
	before = free_frames();
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	after = free_frames();
	if (map == MAP_FAILED)
		return 2;
	printf("mmap took %ld frames\n", before - after);
	for (size_t i = size - 4096; i < size; i++)
		if (map[i])
			return 3;
	memcpy(map + size - 5, "tail", 5);
	printf("%s\n", map + size - 5);
	return before != after;
}
