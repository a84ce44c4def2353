// SPDX-License-Identifier: MIT
/*
 * ps
 *
 * List all processes: number, parent, group, state (Running, Sleeping, waiting
 * for the Disk, sTopped, Zombie), memory in KiB (all that is mapped, and what
 * of it is resident), processor time used, and name.
 */

#include <dirent.h>
#include <stdbool.h>
#include <unistd.h>

#include "include/usage.h"

/* What /proc/PID/stat says; proc(5) lists its fields. */
struct process {
	int pid, parent, group;
	char state, name[64];
	unsigned long user_ticks, system_ticks, bytes;
	long pages;
};

/* False if it has ended meanwhile. */
static bool read_process(const char *pid, struct process *p)
{
	char path[300], text[1024] = "", *name, *rest;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	file = fopen(path, "r");
	if (!file)
		return false;
	fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	/* A name may hold blanks and parentheses: look for the last one. */
	name = strchr(text, '(');
	rest = strrchr(text, ')');
	if (!name || !rest)
		return false;
	*rest = '\0';
	p->pid = atoi(text);
	snprintf(p->name, sizeof(p->name), "%s", name + 1);
	return sscanf(rest + 1,
		      " %c %d %d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu"
		      " %*d %*d %*d %*d %*d %*d %*u %lu %ld",
		      &p->state, &p->parent, &p->group, &p->user_ticks,
		      &p->system_ticks, &p->bytes, &p->pages) == 7;
}

static void show(const struct process *p)
{
	unsigned long ticks = p->user_ticks + p->system_ticks;
	unsigned long second = sysconf(_SC_CLK_TCK);

	printf("%5d %5d %5d %c %8lu %7lu %4lu:%02lu.%02lu %s\n", p->pid,
	       p->parent, p->group, p->state, p->bytes / 1024,
	       p->pages * (sysconf(_SC_PAGESIZE) / 1024), ticks / second / 60,
	       ticks / second % 60, ticks % second * 100 / second, p->name);
}

static int is_process(const struct dirent *entry)
{
	return strspn(entry->d_name, "0123456789") == strlen(entry->d_name);
}

static int by_number(const struct dirent **a, const struct dirent **b)
{
	return atoi((*a)->d_name) - atoi((*b)->d_name);
}

int main(int argc, char **argv)
{
	struct dirent **entries;
	struct process process;
	int count;

	option(argc, argv, "");
	count = scandir("/proc", &entries, is_process, by_number);
	if (count < 0)
		err(1, "/proc");
	puts("  PID  PPID  PGRP S   VIRTUAL RESIDNT      TIME NAME");
	for (int i = 0; i < count; i++)
		if (read_process(entries[i]->d_name, &process))
			show(&process);
	return finish(EXIT_SUCCESS);
}
