/* SPDX-License-Identifier: MIT */
#ifndef USER_MODE_H
#define USER_MODE_H

/*
 * mode.h - how people read what an inode says: drwxr-xr-x root 1.5M.
 */

#include <pwd.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Ten letters and a NUL, as in `ls -l`. */
static inline void mode_text(mode_t mode, char text[11])
{
	static const struct {
		mode_t type;
		char letter;
	} types[] = {{S_IFDIR, 'd'}, {S_IFLNK, 'l'}, {S_IFCHR, 'c'},
		     {S_IFBLK, 'b'}, {S_IFIFO, 'p'}, {S_IFSOCK, 's'}};

	strcpy(text, "-rwxrwxrwx");
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if ((mode & S_IFMT) == types[i].type)
			text[0] = types[i].letter;
	for (int bit = 0; bit < 9; bit++)
		if (!(mode & (0400 >> bit)))
			text[1 + bit] = '-';
	if (mode & S_ISUID)
		text[3] = mode & S_IXUSR ? 's' : 'S';
	if (mode & S_ISGID)
		text[6] = mode & S_IXGRP ? 's' : 'S';
	if (mode & S_ISVTX)
		text[9] = mode & S_IXOTH ? 't' : 'T';
}

/* The names, from /etc/passwd and /etc/group, or the numbers.  (getpwuid()
 * would want shared libraries, and programs here have none.) */
static inline const char *user_name(uid_t uid)
{
	static char name[40];
	FILE *file = fopen("/etc/passwd", "re");
	struct passwd *entry;

	snprintf(name, sizeof(name), "%u", uid);
	while (file && (entry = fgetpwent(file)))
		if (entry->pw_uid == uid)
			snprintf(name, sizeof(name), "%s", entry->pw_name);
	if (file)
		fclose(file);
	return name;
}

static inline const char *group_name(gid_t gid)
{
	static char name[40];
	FILE *file = fopen("/etc/group", "re");
	struct group *entry;

	snprintf(name, sizeof(name), "%u", gid);
	while (file && (entry = fgetgrent(file)))
		if (entry->gr_gid == gid)
			snprintf(name, sizeof(name), "%s", entry->gr_name);
	if (file)
		fclose(file);
	return name;
}

/* 1536 is 1.5K. */
static inline const char *human_size(unsigned long long nbytes)
{
	static char text[16];
	const char *unit = "BKMGTPE";
	double size = nbytes;

	for (; size >= 1024; size /= 1024)
		unit++;
	snprintf(text, sizeof(text),
		 size < 10 && *unit != 'B' ? "%.1f%c" : "%.0f%c", size, *unit);
	return text;
}

#endif
