// SPDX-License-Identifier: MIT
/*
 * proc_process.c - what the files of one process say: /proc/<pid>/...
 *
 * A process may end while it is read about.  Each function takes what it needs
 * once, as a counted reference or a copy, and what has gone meanwhile is shown
 * as nothing: an address space without mappings, no open files.
 *
 * maps is the list of intervals itself, read with mm->lock held shared, so
 * that it is true of one moment.
 *
 * Locking: mm->lock for reading; the rest is in the references.
 *
 * Book: chapters 5 and 6.  Tests: usertests, mmaptest.
 */
#include "fs/proc.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/mm.h"
#include "mm/slab.h"

enum {
	NSEC_PER_TICK = 10000000, /* USER_HZ is 100 */
	MAPS_NAME_COLUMN = 73,
	KIB_PER_PAGE_SHIFT = PAGE_SHIFT - 10,
};

/* --- maps --- */

static const char *special_name(const struct mm *mm, const struct vma *v)
{
	if (v->flags & VMA_SPECIAL)
		return "[vdso]";
	if (v->flags & VMA_HEAP)
		return "[heap]";
	if (v->flags & VMA_STACK && v->start < mm->stack_top &&
	    mm->stack_top <= v->end)
		return "[stack]";
	return NULL;
}

/* A name may have line ends in it: they are shown as \012. */
static void add_escaped(struct text *text, const char *name, size_t nname)
{
	for (size_t i = 0; i < nname; i++) {
		if (name[i] == '\n')
			text_add(text, "\\012", 4);
		else
			text_add(text, &name[i], 1);
	}
}

static void show_vma(struct text *text, const struct mm *mm,
		     const struct vma *v, char *path)
{
	const struct inode *inode = v->file ? v->file->inode : NULL;
	const char *name = special_name(mm, v);
	size_t start = text->length;
	size_t nname = 0;

	if (v->file)
		nname = file_describe(v->file, path, PATH_MAX);
	else if (name)
		nname = strlen(name);
	text_printf(
		text, "%08lx-%08lx %c%c%c%c %08lx %02x:%02x %lu ", v->start,
		v->end, v->prot & VM_R ? 'r' : '-', v->prot & VM_W ? 'w' : '-',
		v->prot & VM_X ? 'x' : '-', v->flags & VMA_SHARED ? 's' : 'p',
		v->file ? v->pgoff << PAGE_SHIFT : 0,
		inode ? inode->super->dev >> 8 & 0xfff : 0,
		inode ? inode->super->dev & 0xff : 0, inode ? inode->ino : 0);
	if (nname) {
		while (text->length - start < MAPS_NAME_COLUMN)
			text_add(text, " ", 1);
		add_escaped(text, v->file ? path : name, nname);
	}
	text_add(text, "\n", 1);
}

static int show_maps(struct text *text, int pid)
{
	struct mm *mm = process_mm_get(pid);
	char *path;

	if (!mm)
		return 0;
	path = kmalloc(PATH_MAX);
	if (path) {
		read_lock(&mm->lock);
		for (struct vma *v = vma_next(&mm->vmas, NULL); v;
		     v = vma_next(&mm->vmas, v))
			show_vma(text, mm, v, path);
		read_unlock(&mm->lock);
		kfree(path);
	}
	mm_put(mm);
	return path ? 0 : -ENOMEM;
}

/* --- sizes, in pages --- */

struct sizes {
	uint64_t mapped, data, stack, code, library, locked;
	uint64_t anon, file, shmem; /* resident */
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
	text_printf(text, "%s:\t%8lu kB\n", name, npages << KIB_PER_PAGE_SHIFT);
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
	line_kib(text, "VmSwap", 0);
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
		    pid, pid, p.parent);
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

/* The arguments are where exec put them, in the process's own memory. */
static int show_cmdline(struct text *text, int pid)
{
	struct mm *mm = process_mm_get(pid);
	char part[128];
	size_t n;

	if (!mm)
		return 0;
	for (vaddr_t at = mm->args_start; at < mm->args_end; at += n) {
		n = mm_copy(mm, at, part,
			    min_u64(mm->args_end - at, sizeof(part)), false);
		if (n == 0)
			break;
		text_add(text, part, n);
	}
	mm_put(mm);
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

static int follow_cwd(int pid, struct dentry **out)
{
	struct fs_context *fs = process_fs_get(pid);

	if (!fs)
		return -ENOENT;
	spin_lock(&fs->lock);
	*out = dentry_hold(fs->cwd);
	spin_unlock(&fs->lock);
	fs_context_put(fs);
	return 0;
}

const struct proc_row proc_process_rows[] = {
	{"cmdline", S_IFREG | 0444, .show = show_cmdline},
	{"comm", S_IFREG | 0444, .show = show_comm},
	{"cwd", S_IFLNK | 0777, .follow = follow_cwd},
	{"exe", S_IFLNK | 0777, .follow = follow_exe},
#ifdef CONFIG_DEBUG
	{"fail-nth", S_IFREG | 0644, .show = inject_show,
	 .write = inject_write},
#endif
	{"fd", S_IFDIR | 0500, .rows = NULL},
	{"maps", S_IFREG | 0444, .show = show_maps},
	{"mounts", S_IFREG | 0444, .show = mount_show},
	{"stat", S_IFREG | 0444, .show = show_stat},
	{"statm", S_IFREG | 0444, .show = show_statm},
	{"status", S_IFREG | 0444, .show = show_status},
	{0},
};
