// SPDX-License-Identifier: MIT
/*
 * proc_sys.c - /proc/sys: what C libraries and common tools look up there.
 *
 * Tests: usertests.
 */
#include "fs/proc.h"
#include "kernel/lib/random.h"
#include "kernel/lib/string.h"
#include "mm/commit.h"
#include "mm/reclaim.h"

static int show_line(struct text *text, const char *line)
{
	text_printf(text, "%s\n", line);
	return 0;
}

/* One of the fields of uname(2), all strings of the same length. */
static int show_name(struct text *text, size_t offset)
{
	struct new_utsname names;

	system_names(&names);
	return show_line(text, (const char *)&names + offset);
}

int sys_show_type(struct text *text, int pid)
{
	return show_name(text, offsetof(struct new_utsname, sysname));
}

int sys_show_release(struct text *text, int pid)
{
	return show_name(text, offsetof(struct new_utsname, release));
}

int sys_show_hostname(struct text *text, int pid)
{
	return show_name(text, offsetof(struct new_utsname, nodename));
}

/* RFC 9562, version 4. */
static int show_uuid(struct text *text, uint8_t *bytes)
{
	bytes[6] = (bytes[6] & 0x0f) | 0x40;
	bytes[8] = (bytes[8] & 0x3f) | 0x80;
	for (int i = 0; i < 16; i++)
		text_printf(text, "%s%02x",
			    i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
			    bytes[i]);
	return show_line(text, "");
}

int sys_show_uuid(struct text *text, int pid)
{
	uint8_t bytes[16];

	random_bytes(bytes, sizeof(bytes));
	return show_uuid(text, bytes);
}

/* The same until the next boot. */
int sys_show_boot_id(struct text *text, int pid)
{
	static struct spinlock lock = SPINLOCK_INIT("boot id", RANK_CACHE);
	static uint8_t boot_id[16];
	static bool drawn;
	uint8_t bytes[16];

	spin_lock(&lock);
	if (!drawn)
		random_bytes(boot_id, sizeof(boot_id));
	drawn = true;
	memcpy(bytes, boot_id, sizeof(bytes));
	spin_unlock(&lock);
	return show_uuid(text, bytes);
}

int sys_show_pid_max(struct text *text, int pid)
{
	text_printf(text, "%d\n", process_pid_max);
	return 0;
}

static ssize_t write_number(struct uio *uio, uint64_t max, atomic_uint *to)
{
	uint64_t value;
	ssize_t n = proc_number(uio, max, &value);

	if (n > 0)
		*to = value;
	return n;
}

int sys_show_overcommit(struct text *text, int pid)
{
	text_printf(text, "%u\n", commit_mode);
	return 0;
}

ssize_t sys_write_overcommit(struct uio *uio)
{
	return write_number(uio, 2, &commit_mode);
}

int sys_show_overcommit_ratio(struct text *text, int pid)
{
	text_printf(text, "%u\n", commit_ratio);
	return 0;
}

ssize_t sys_write_overcommit_ratio(struct uio *uio)
{
	return write_number(uio, INT32_MAX, &commit_ratio);
}

int sys_show_randomize(struct text *text, int pid)
{
	text_printf(text, "%u\n", randomize_va_space);
	return 0;
}

ssize_t sys_write_randomize(struct uio *uio)
{
	return write_number(uio, 2, &randomize_va_space);
}

/* 1: pages of files, 2: names, inodes and blocks; what is clean and unused. */
ssize_t sys_write_drop_caches(struct uio *uio)
{
	uint64_t what = 0;
	ssize_t n = proc_number(uio, 3, &what);

	if (n > 0 && what & 2)
		reclaim_caches(SIZE_MAX);
	if (n > 0 && what & 1)
		reclaim_clean(SIZE_MAX);
	return n;
}
