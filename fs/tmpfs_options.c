// SPDX-License-Identifier: MIT
/*
 * tmpfs_options.c - what mount(2) is told about a tmpfs, as text:
 *
 *	size=25%,nr_inodes=10k,mode=1777
 *
 * Locks: none.  Tests: usertests.
 */
#include "fs/tmpfs.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"

/* A number of bytes or things, with a k, m or g behind it; @whole: what a
 * percentage is of, or 0 where there can be none. */
static bool parse_amount(const char **at, uint64_t whole, uint64_t *out)
{
	unsigned shift = 0;
	uint64_t n;

	if (!string_number(at, 10, &n))
		return false;
	switch (**at | 0x20) { /* in lower case */
	case 'g':
		shift += 10;
		/* fall through */
	case 'm':
		shift += 10;
		/* fall through */
	case 'k':
		shift += 10;
		(*at)++;
	}
	*out = n << shift;
	if (**at == '%' && whole && !shift && n <= 1000) {
		*out = whole / 100 * n;
		(*at)++;
	}
	return *out >> shift == n || !shift;
}

/* One NAME=VALUE at @name; where it ends, or NULL. */
static const char *parse_option(const char *name, struct tmpfs_options *o)
{
	const char *value = strchr(name, '=');
	bool valid = false;

	if (!value++)
		return NULL;
	if (!strncmp(name, "size=", 5)) {
		valid = parse_amount(&value, page_ntotal << PAGE_SHIFT,
				     &o->npages);
		o->npages = page_up(o->npages) >> PAGE_SHIFT;
	} else if (!strncmp(name, "nr_blocks=", 10)) {
		valid = parse_amount(&value, 0, &o->npages);
	} else if (!strncmp(name, "nr_inodes=", 10)) {
		valid = parse_amount(&value, 0, &o->ninodes);
	} else if (!strncmp(name, "mode=", 5)) {
		valid = string_number(&value, 8, &o->mode);
	} else if (!strncmp(name, "uid=", 4)) {
		valid = string_number(&value, 10, &o->uid);
	} else if (!strncmp(name, "gid=", 4)) {
		valid = string_number(&value, 10, &o->gid);
	}
	if (!valid || o->npages > INT64_MAX || o->ninodes > INT64_MAX ||
	    (o->mode | o->uid | o->gid) > UINT32_MAX)
		return NULL;
	return value;
}

int tmpfs_parse(const char *options, struct tmpfs_options *o)
{
	while (*options) {
		options = parse_option(options, o);
		if (!options || (*options && *options++ != ','))
			return -EINVAL;
	}
	return 0;
}
