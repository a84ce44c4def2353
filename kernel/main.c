// SPDX-License-Identifier: MIT
/*
 * main.c - from the first C instruction to init: what is started, in which
 * order, and what the command line says.
 *
 *	kernel_main   on the boot hart, in the order of who needs whom: device
 *	              tree, frames, slabs, page table, caches, tasks, devices;
 *	              then the other harts
 *	hart_main     on each other hart
 *	boot_rest     a kernel thread, since mounting sleeps: root, init
 *
 * The command line (/chosen/bootargs) is read as Linux reads it:
 *
 *	root=DEVICE   the disk to mount on / (/dev/vda)
 *	ro, rw        how to mount it (rw)
 *	init=PATH     the first program (else the first of init_paths[])
 *	quiet         keep the log off the console
 *	norandmaps    put every program's parts where they always go
 *	mem_free=N    before init starts leave only N frames of memory free
 *	transparent_hugepage=always|madvise|never  who gets megapages (huge.c)
 *	panic=N       after a panic reboot in N seconds, at once if negative,
 *	              never if 0 (without this: power off)
 *	trace=on      switch tracing on at once (trace.h)
 *	trace_buf_size=N[K|M]  bytes of trace that each hart keeps
 *	NAME=VALUE    otherwise: a line of init's environment, unless NAME has
 *	              a dot or is in ignored[]
 *	WORD          otherwise: an argument of init, likewise
 *	--            everything behind it is an argument of init
 *
 * Book: chapter 2.  Tests: tests/guest.
 */

#include "arch/riscv/boot.h"
#include "arch/riscv/time.h"
#include "fs/buffer.h"
#include "fs/device.h"
#include "fs/mount.h"
#include "fs/procfs.h"
#include "kernel/block/block.h"
#include "kernel/dev/dev.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/lib/trace.h"
#include "kernel/task/task.h"
#include "mm/dirty.h"
#include "mm/huge.h"
#include "mm/reclaim.h"
#include "mm/slab.h"

struct task boot_task;

enum { COMMAND_LINE_MAX = 8192, WORDS_MAX = 256 };

/* A list of words for execve: the last one is followed by a NULL. */
struct words {
	const char *word[WORDS_MAX + 1];
	size_t n;
};

/* What the command line says; constant after read_command_line(). */
static char command_line[COMMAND_LINE_MAX];
static const char *root_device = "/dev/vda";
static bool root_read_only;
static const char *init_path;
static uint64_t frames_left = UINT64_MAX;
static bool trace_wanted;
static struct words init_argv = {{"init"}, 1};
static struct words init_envp = {{"HOME=/", "TERM=linux"}, 2};

/* Where init usually is, as on Linux. */
static const char *const init_paths[] = {
	"/sbin/init",
	"/etc/init",
	"/bin/init",
	"/bin/sh",
};

/* Linux knows these words, and they mean nothing here. */
static const char *const ignored[] = {
	"console", "earlycon", "loglevel", "nokaslr", "rootfstype", "rootwait",
};

static void words_add(struct words *words, const char *word)
{
	if (words->n == WORDS_MAX)
		panic("more than %d words for init on the command line",
		      WORDS_MAX);
	words->word[words->n++] = word;
}

/* Is @word @name, or does it start with @name and '='?  Then what follows. */
static char *value_of(char *word, const char *name)
{
	size_t length = strlen(name);

	if (strncmp(word, name, length))
		return NULL;
	if (word[length] == '=')
		return &word[length + 1];
	return word[length] ? NULL : &word[length];
}

/* A line of the environment replaces an older one of the same name. */
static void environment_add(const char *line)
{
	size_t length = strchr(line, '=') - line + 1;

	for (size_t i = 0; i < init_envp.n; i++) {
		if (!strncmp(init_envp.word[i], line, length)) {
			init_envp.word[i] = line;
			return;
		}
	}
	words_add(&init_envp, line);
}

static void unknown_word(char *word)
{
	const char *equals = strchr(word, '='), *dot = strchr(word, '.');

	if (dot && (!equals || dot < equals))
		return; /* Linux: a parameter of some module */
	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		if (value_of(word, ignored[i]))
			return;
	if (equals)
		environment_add(word);
	else
		words_add(&init_argv, word);
}

static void set_panic_timeout(const char *value)
{
	long sign = *value == '-' ? -1 : 1;
	uint64_t seconds;

	value += sign < 0;
	string_number(&value, 10, &seconds);
	panic_set_timeout(sign * (long)min_u64(seconds, 1000000));
}

static void set_trace_size(const char *value)
{
	uint64_t n;

	string_number(&value, 10, &n);
	n = min_u64(n, 1 << 30);
	trace_set_size(*value == 'K' || *value == 'k'   ? n << 10
		       : *value == 'M' || *value == 'm' ? n << 20
							: n);
}

static void known_or_unknown_word(char *word)
{
	char *value;

	if ((value = value_of(word, "root")))
		root_device = value;
	else if ((value = value_of(word, "init")))
		init_path = value;
	else if ((value = value_of(word, "panic")))
		set_panic_timeout(value);
	else if ((value = value_of(word, "mem_free")))
		string_number((const char **)&value, 10, &frames_left);
	else if ((value = value_of(word, "trace")))
		trace_wanted = !strcmp(value, "on");
	else if ((value = value_of(word, "trace_buf_size")))
		set_trace_size(value);
	else if ((value = value_of(word, "transparent_hugepage")))
		huge_set_mode(value);
	else if (!strcmp(word, "ro") || !strcmp(word, "rw"))
		root_read_only = word[1] == 'o';
	else if (!strcmp(word, "quiet"))
		printk_set_quiet(true);
	else if (!strcmp(word, "norandmaps"))
		randomize_va_space = 0;
	else
		unknown_word(word);
}

/*
 * Cut the next word off *@line: it ends at white space that is not between
 * double quotes, which are dropped.  NULL: there is none.
 */
static char *next_word(char **line)
{
	char *from = *line, *word, *to;
	bool quoted = false;

	while (*from == ' ' || *from == '\t' || *from == '\n')
		from++;
	if (!*from)
		return NULL;
	for (word = to = from; *from; from++) {
		if (*from == '"')
			quoted = !quoted;
		else if (!quoted &&
			 (*from == ' ' || *from == '\t' || *from == '\n'))
			break;
		else
			*to++ = *from;
	}
	*line = *from ? from + 1 : from;
	*to = '\0';
	return word;
}

static void read_command_line(void)
{
	int chosen = fdt_find_path(&device_tree, "/chosen");
	const char *given =
		chosen < 0 ? NULL
			   : fdt_string(&device_tree, chosen, "bootargs");
	bool for_init = false;
	char *line = command_line, *word;

	if (!given)
		return;
	string_copy(command_line, given, sizeof(command_line));
	while ((word = next_word(&line))) {
		if (for_init)
			words_add(&init_argv, word);
		else if (!strcmp(word, "--"))
			for_init = true;
		else
			known_or_unknown_word(word);
	}
	printk("command line: %s\n", given);
}

/*
 * There is nothing to run.  That is no bug of ours, so it is no panic: one
 * line, which `quiet` does not suppress, and the end.
 */
static _Noreturn void give_up(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

static _Noreturn void give_up(const char *format, ...)
{
	char reason[256];
	va_list args;

	va_start(args, format);
	vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	printk_set_quiet(false);
	printk("Boot failed: %s\n", reason);
	machine_power_off(true);
}

static int try_init(const char *path)
{
	int err;

	init_argv.word[0] = path;
	/* Like execve, it promises not to change the strings. */
	err = process_start_init(path, (char *const *)init_argv.word,
				 (char *const *)init_envp.word);
	if (!err)
		printk("boot: %s is init after %lu ns\n", path,
		       time_since_boot());
	else if (init_path || err != -ENOENT)
		printk("boot: can't run %s: error %d\n", path, -err);
	return err;
}

static void start_init(void)
{
	int err;

	if (init_path) {
		err = try_init(init_path);
		if (err)
			give_up("no init found at init=%s (error %d)",
				init_path, -err);
		return;
	}
	for (size_t i = 0; i < sizeof(init_paths) / sizeof(init_paths[0]); i++)
		if (!try_init(init_paths[i]))
			return;
	give_up("no init found on %s: say where it is by init=", root_device);
}

static void boot_rest(void *unused)
{
	int err = mount_root(root_device, root_read_only);

	if (err == -ENODEV)
		give_up("cannot mount root: no disk %s, so attach a virtio "
			"disk, or name another by root=",
			root_device);
	if (err)
		give_up("cannot mount root: %s does not hold a sound ext2 "
			"filesystem (error %d)",
			root_device, -err);
	if (task_start_kernel("reclaim", reclaim_thread, NULL) ||
	    task_start_kernel("flush-pages", dirty_flusher, NULL) ||
	    task_start_kernel("flush-inodes", mount_flusher, NULL))
		give_up("no memory for the kernel's threads");
	page_leave_free(frames_left);
	start_init();
}

_Noreturn void kernel_main(unsigned long hartid, paddr_t fdt)
{
	const struct memory_range *memory;

	printk("Quire, a teaching kernel for RISC-V\n");
	memory = arch_init(hartid, fdt);
	read_command_line();
	page_init(memory);
	arch_init_hart();
	slab_init();
	mm_init();
	inode_init_cache();
	dentry_init_cache();
	buffer_init_cache();
	task_init();
	dev_init(&device_tree);
	device_init();
	if (trace_wanted && trace_start())
		printk("no memory for the trace\n");
	plic_init_hart();
	if (task_start_kernel("boot", boot_rest, NULL))
		panic("no memory for the first thread");
	harts_start(task_idle_thread);
	sched_start();
}

_Noreturn void hart_main(void)
{
	arch_init_hart();
	plic_init_hart();
	sched_start();
}
