// SPDX-License-Identifier: MIT
/*
 * proc_process.c - what the files of one process say: /proc/<pid>/...
 *
 * A process may end while it is read about.  Each function takes what it needs
 * once, as a counted reference or a copy, and what has gone meanwhile is shown
 * as nothing: an address space without mappings, no open files.
 *
 * Locking: mm->lock for reading; the rest is in the references.
 *
 * Tests: usertests, mmaptest.
 */
#include "fs/proc.h"
#include "kernel/lib/errno.h"
#include "mm/mm.h"

/* --- sizes, in pages --- */

struct sizes {
	uint64_t mapped, data, stack, code, library, locked;
	uint64_t anon, file, shmem; /* resident */
	uint64_t swap;
};

static void sizes_add(struct sizes *s, const struct mm *mm, const struct vma *v)
{
	uint64_t n = (v->end - v->start) >> PAGE_SHIFT;

	if (v->flags & VMA_LOCKED)
		s->locked += n;
	if (v->flags & VMA_STACK)
		s->stack += n;
	else if (vma_is_data(v->prot, v->flags))
		s->data += n;
	else if (v->file && (v->prot & VM_X) && !(v->flags & VMA_SHARED) &&
		 v->file != mm->executable)
		s->library += n;
}

static struct sizes sizes_of(int pid)
{
	struct mm *mm = process_mm_get(pid);
	struct sizes s = {0};

	if (!mm)
		return s;
	read_lock(&mm->lock);
	for (struct vma *v = vma_next(&mm->vmas, NULL); v;
	     v = vma_next(&mm->vmas, v))
		sizes_add(&s, mm, v);
	s.mapped = mm->vmas.npages;
	read_unlock(&mm->lock);
	s.code = (page_up(mm->code_end) - page_down(mm->code_start)) >>
		 PAGE_SHIFT;
	s.anon = mm->resident_anon;
	s.file = mm->resident_file;
	s.shmem = mm->resident_shmem;
	s.swap = mm->swapped;
	mm_put(mm);
	return s;
}

static int show_statm(struct text *text, int pid)
{
	struct sizes s = sizes_of(pid);

	text_printf(text, "%lu %lu %lu %lu 0 %lu 0\n", s.mapped,
		    s.anon + s.file + s.shmem, s.file + s.shmem, s.code,
		    s.data + s.stack);
	return 0;
}

/* --- status and stat --- */

static const char *state_name(char state)
{
	static const char *const names[] = {"R (running)", "S (sleeping)",
					    "D (disk sleep)", "T (stopped)",
					    "Z (zombie)"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i][0] == state)
			return names[i];
	return "X (dead)";
}

static void line_kib(struct text *text, const char *name, uint64_t npages)
{
	text_printf(text, "%s:\t%8lu kB\n", name, npages << (PAGE_SHIFT - 10));
}

static void show_status_memory(struct text *text, int pid)
{
	struct sizes s = sizes_of(pid);

	if (s.mapped == 0)
		return;
	line_kib(text, "VmPeak", s.mapped);
	line_kib(text, "VmSize", s.mapped);
	line_kib(text, "VmLck", s.locked);
	line_kib(text, "VmHWM", s.anon + s.file + s.shmem);
	line_kib(text, "VmRSS", s.anon + s.file + s.shmem);
	line_kib(text, "RssAnon", s.anon);
	line_kib(text, "RssFile", s.file);
	line_kib(text, "RssShmem", s.shmem);
	line_kib(text, "VmData", s.data);
	line_kib(text, "VmStk", s.stack);
	line_kib(text, "VmExe", s.code);
	line_kib(text, "VmLib", s.library);
	line_kib(text, "VmSwap", s.swap);
}

static int show_status(struct text *text, int pid)
{
	struct process_info p;

	if (!process_info_get(pid, &p))
		return -ESRCH;
	text_printf(text, "Name:\t%s\nState:\t%s\n", p.name,
		    state_name(p.state));
	text_printf(text,
		    "Tgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\n"
		    "TracerPid:\t0\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n",
		    p.pid, pid, p.parent);
	show_status_memory(text, pid);
	text_printf(text,
		    "Threads:\t%u\n"
		    "SigPnd:\t%016lx\nShdPnd:\t%016lx\n"
		    "SigBlk:\t%016lx\nSigIgn:\t%016lx\nSigCgt:\t%016lx\n",
		    p.nthreads, p.pending, p.shared_pending, p.blocked,
		    p.ignored, p.caught);
	return 0;
}

/* The fields of proc(5), by their numbers there. */
static int show_stat(struct text *text, int pid)
{
	static struct mm gone; /* of a process that has none: zeros */
	struct process_info p;

	if (!process_info_get(pid, &p))
		return -ESRCH;

	struct mm *mm = process_mm_get(pid);
	const struct mm *m = mm ? mm : &gone;

	/* 1-9 */
	text_printf(text, "%d (%s) %c %d %d %d %d %d 0 ", pid, p.name, p.state,
		    p.parent, p.group, p.session, p.tty_rdev, p.tty_group);
	/* 10-17 */
	text_printf(text, "%lu 0 %lu 0 %lu %lu %lu %lu ", m->faults_minor,
		    m->faults_major, p.user_time / NSEC_PER_TICK,
		    p.system_time / NSEC_PER_TICK,
		    p.children_user_time / NSEC_PER_TICK,
		    p.children_system_time / NSEC_PER_TICK);
	/* 18-25 */
	text_printf(text, "20 0 %u 0 %lu %lu %lu 18446744073709551615 ",
		    p.nthreads, p.start_time / NSEC_PER_TICK,
		    m->vmas.npages << PAGE_SHIFT,
		    m->resident_anon + m->resident_file + m->resident_shmem);
	/* 26-34 */
	text_printf(text, "%lu %lu %lu 0 0 %lu %lu %lu %lu ", m->code_start,
		    m->code_end, m->stack_top, p.pending, p.blocked, p.ignored,
		    p.caught);
	/* 35-44 */
	text_printf(text, "0 0 0 %d %u 0 0 0 0 0 ", p.exit_signal, p.hart);
	/* 45-52 */
	text_printf(text, "%lu %lu %lu %lu %lu %lu %lu 0\n", m->data_start,
		    m->data_end, m->heap_start, m->args_start, m->args_end,
		    m->env_start, m->env_end);
	if (mm)
		mm_put(mm);
	return 0;
}

/* --- text the process itself keeps --- */

static int show_comm(struct text *text, int pid)
{
	struct process_info p;

	if (!process_info_get(pid, &p))
		return -ESRCH;
	text_printf(text, "%s\n", p.name);
	return 0;
}

/* What exec put into the process's own memory.  Puts @mm. */
static int show_memory(struct text *text, struct mm *mm, vaddr_t start,
		       vaddr_t end)
{
	char part[128];
	size_t n;

	for (vaddr_t at = start; at < end; at += n) {
		n = mm_copy(mm, at, part, min_u64(end - at, sizeof(part)),
			    false);
		if (n == 0)
			break;
		text_add(text, part, n);
	}
	mm_put(mm);
	return 0;
}

static int show_cmdline(struct text *text, int pid)
{
	struct mm *mm = process_mm_get(pid);

	return mm ? show_memory(text, mm, mm->args_start, mm->args_end) : 0;
}

static int show_environ(struct text *text, int pid)
{
	struct mm *mm = process_mm_get(pid);

	return mm ? show_memory(text, mm, mm->env_start, mm->env_end) : 0;
}

static int show_auxv(struct text *text, int pid)
{
	struct mm *mm = process_mm_get(pid);

	return mm ? show_memory(text, mm, mm->aux_start, mm->aux_end) : 0;
}

/* --- limits --- */

static void add_limit(struct text *text, uint64_t limit)
{
	if (limit == RLIM_INFINITY)
		text_printf(text, "%-20s ", "unlimited");
	else
		text_printf(text, "%-20lu ", limit);
}

static int show_limits(struct text *text, int pid)
{
	static const struct {
		const char *name, *unit;
	} rows[RLIM_NLIMITS] = {
		[RLIMIT_CPU] = {"Max cpu time", "seconds"},
		[RLIMIT_FSIZE] = {"Max file size", "bytes"},
		[RLIMIT_DATA] = {"Max data size", "bytes"},
		[RLIMIT_STACK] = {"Max stack size", "bytes"},
		[RLIMIT_CORE] = {"Max core file size", "bytes"},
		[RLIMIT_RSS] = {"Max resident set", "bytes"},
		[RLIMIT_NPROC] = {"Max processes", "processes"},
		[RLIMIT_NOFILE] = {"Max open files", "files"},
		[RLIMIT_MEMLOCK] = {"Max locked memory", "bytes"},
		[RLIMIT_AS] = {"Max address space", "bytes"},
		[RLIMIT_LOCKS] = {"Max file locks", "locks"},
		[RLIMIT_SIGPENDING] = {"Max pending signals", "signals"},
		[RLIMIT_MSGQUEUE] = {"Max msgqueue size", "bytes"},
		[RLIMIT_NICE] = {"Max nice priority", ""},
		[RLIMIT_RTPRIO] = {"Max realtime priority", ""},
		[RLIMIT_RTTIME] = {"Max realtime timeout", "us"},
	};
	struct rlimit limits[RLIM_NLIMITS];

	if (!process_limits_get(pid, limits))
		return -ESRCH;
	text_printf(text, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit",
		    "Hard Limit", "Units");
	for (int i = 0; i < RLIM_NLIMITS; i++) {
		text_printf(text, "%-25s ", rows[i].name);
		add_limit(text, limits[i].rlim_cur);
		add_limit(text, limits[i].rlim_max);
		text_printf(text, "%-10s\n", rows[i].unit);
	}
	return 0;
}

/* --- links --- */

static int follow_exe(int pid, struct dentry **out)
{
	struct mm *mm = process_mm_get(pid);
	int err = -ENOENT;

	if (!mm)
		return err;
	read_lock(&mm->lock);
	if (mm->executable && mm->executable->dentry) {
		*out = dentry_hold(mm->executable->dentry);
		err = 0;
	}
	read_unlock(&mm->lock);
	mm_put(mm);
	return err;
}

static int follow_place(int pid, bool root, struct dentry **out)
{
	struct fs_context *fs = process_fs_get(pid);

	if (!fs)
		return -ENOENT;
	spin_lock(&fs->lock);
	*out = dentry_hold(root ? fs->root : fs->cwd);
	spin_unlock(&fs->lock);
	fs_context_put(fs);
	return 0;
}

static int follow_cwd(int pid, struct dentry **out)
{
	return follow_place(pid, false, out);
}

static int follow_root(int pid, struct dentry **out)
{
	return follow_place(pid, true, out);
}

const struct proc_row proc_process_rows[] = {
	{"auxv", S_IFREG | 0400, .show = show_auxv},
	{"cmdline", S_IFREG | 0444, .show = show_cmdline},
	{"comm", S_IFREG | 0444, .show = show_comm},
	{"cwd", S_IFLNK | 0777, .follow = follow_cwd},
	{"environ", S_IFREG | 0400, .show = show_environ},
	{"exe", S_IFLNK | 0777, .follow = follow_exe},
#ifdef CONFIG_DEBUG
	{"fail-nth", S_IFREG | 0644, .show = inject_show,
	 .write = inject_write},
#endif
	{"fd", S_IFDIR | 0500, .kind = PROC_FDS},
	{"fdinfo", S_IFDIR | 0500, .kind = PROC_FDINFO},
	{"limits", S_IFREG | 0444, .show = show_limits},
	{"maps", S_IFREG | 0444, .show = maps_show},
	{"mem", S_IFREG | 0600, .move = mm_move},
	{"mountinfo", S_IFREG | 0444, .show = mount_show_info},
	{"mounts", S_IFREG | 0444, .show = mount_show},
	{"pagemap", S_IFREG | 0400, .move = maps_move_pagemap},
	{"root", S_IFLNK | 0777, .follow = follow_root},
	{"smaps", S_IFREG | 0444, .show = maps_show_smaps},
	{"smaps_rollup", S_IFREG | 0444, .show = maps_show_rollup},
	{"stat", S_IFREG | 0444, .show = show_stat},
	{"statm", S_IFREG | 0444, .show = show_statm},
	{"status", S_IFREG | 0444, .show = show_status},
	{"task", S_IFDIR | 0555, .kind = PROC_TASKS},
	{0},
};
