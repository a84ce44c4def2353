// SPDX-License-Identifier: MIT
/*
 * proc.c - /proc: what a process can find out about itself and others, and
 * that looking is safe while they change.
 */

#define _GNU_SOURCE
#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testlib/files.h"
#include "testlib/memory.h"
#include "testlib/where.h"

static char text[65536];

static size_t read_file(const char *path)
{
	int fd = expect_ok(open(path, O_RDONLY));
	size_t n = 0;
	ssize_t got;

	while ((got = read(fd, text + n, sizeof(text) - 1 - n)) > 0)
		n += got;
	expect_ok(got);
	expect_ok(close(fd));
	text[n] = '\0';
	return n;
}

static bool folder_has(const char *path, int number)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	bool found = false;

	expect(dir != NULL);
	while ((entry = readdir(dir)))
		found |= entry->d_name[0] != '.' &&
			 atoi(entry->d_name) == number;
	expect_ok(closedir(dir));
	return found;
}

TEST(proc_auxv_is_what_the_program_got,
     "/proc/self/auxv is the auxiliary vector, as getauxval has it.")
{
	size_t n = read_file("/proc/self/auxv") / sizeof(Elf64_auxv_t);
	Elf64_auxv_t *aux = (Elf64_auxv_t *)text;

	expect_between(n, 10, 100);
	expect_eq(aux[n - 1].a_type, AT_NULL);
	for (size_t i = 0; i < n - 1; i++)
		expect_eq(aux[i].a_un.a_val, getauxval(aux[i].a_type));
}

TEST(proc_environ_is_what_the_program_got,
     "/proc/self/environ has the environment that exec gave.")
{
	size_t n;

	skip_on(ON_EMULATOR, "it is the emulator's");
	n = read_file("/proc/self/environ");
	for (char *at = text; at < text + n; at += strlen(at) + 1) {
		char *sign = strchr(at, '=');

		expect(sign != NULL);
		*sign = '\0';
		expect_string(sign + 1, getenv(at) ? getenv(at) : "(none)");
		*sign = '=';
	}
}

TEST(proc_limits_are_the_limits,
     "/proc/self/limits has a line for each limit, with the values that "
     "getrlimit gives.")
{
	struct rlimit limit;
	char *at;

	skip_on(ON_EMULATOR, "they are the emulator's");
	expect_ok(getrlimit(RLIMIT_NOFILE, &limit));
	read_file("/proc/self/limits");
	at = strstr(text, "\nMax open files ");
	expect(at != NULL);
	at += strlen("\nMax open files ");
	expect_eq(strtoul(at, &at, 10), limit.rlim_cur);
	expect_eq(strtoul(at, &at, 10), limit.rlim_max);
	expect(strstr(text, "\nMax stack size ") != NULL);
	expect(strstr(text, "unlimited") != NULL);
}

TEST(proc_mountinfo_shows_the_tree,
     "/proc/self/mountinfo has a line for / and one for /proc, which is below "
     "it.")
{
	int id, above, root_id = 0, found = 0;
	char where_[256], *line, *rest = text;

	read_file("/proc/self/mountinfo");
	while ((line = strsep(&rest, "\n")) && *line) {
		expect(strstr(line, " - ") != NULL);
		expect_eq(sscanf(line, "%d %d %*u:%*u %*s %255s ", &id, &above,
				 where_),
			  3);
		if (strcmp(where_, "/") == 0)
			root_id = id;
		if (strcmp(where_, "/proc") == 0) {
			found++;
			if (where() == ON_QUIRE) /* containers differ */
				expect_eq(above, root_id);
			expect(strstr(line, " - proc ") != NULL);
		}
	}
	expect(found >= 1);
}

TEST(proc_fdinfo_shows_position_and_flags,
     "/proc/self/fdinfo/N has the position and the flags of descriptor N.")
{
	int fd = make_file("file", 100);
	char path[64], *flags;

	skip_on(ON_EMULATOR, "the flags are the host's");
	expect_eq(lseek(fd, 42, SEEK_SET), 42);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	read_file(path);
	expect(strncmp(text, "pos:\t42\n", 8) == 0);
	flags = strstr(text, "\nflags:\t0");
	expect(flags != NULL);
	expect_eq(strtol(flags + 8, NULL, 8) & O_ACCMODE, O_RDWR);
	expect(folder_has("/proc/self/fdinfo", fd));
	expect_ok(close(fd));
	expect_errno(open(path, O_RDONLY), ENOENT);
}

TEST(proc_root_and_cwd_are_links,
     "/proc/self/root and cwd lead where the process stands.")
{
	char link[512], here[512];
	ssize_t n = expect_ok(readlink("/proc/self/root", link, 511));

	link[n] = '\0';
	expect_string(link, "/");
	n = expect_ok(readlink("/proc/self/cwd", link, 511));
	link[n] = '\0';
	expect(getcwd(here, sizeof(here)) != NULL);
	expect_string(link, here);
	expect_ok(access("/proc/self/root/proc/self/cwd/.", F_OK));
}

/* In a thread: its own folder in /proc. */
static void *look_at_thread(void *argument)
{
	char path[64], link[64];
	pid_t tid = syscall(SYS_gettid);
	ssize_t n;

	(void)argument;
	expect(tid != getpid());
	expect_eq(pthread_setname_np(pthread_self(), "a thread"), 0);
	snprintf(path, sizeof(path), "%d/task/%d", getpid(), tid);
	n = expect_ok(readlink("/proc/thread-self", link, 63));
	link[n] = '\0';
	expect_string(link, path);
	read_file("/proc/thread-self/comm");
	expect_string(text, "a thread\n");
	read_file("/proc/thread-self/stat");
	expect_eq(atoi(text), tid);
	expect(folder_has("/proc/self/task", tid));
	expect(folder_has("/proc/self/task", getpid()));
	return NULL;
}

TEST(proc_task_has_each_thread,
     "/proc/self/task lists the threads; each has a name of its own, and "
     "finds itself by thread-self.")
{
	char path[64];
	pthread_t thread;

	skip_on(ON_EMULATOR, "the threads are the emulator's, too");
	errno = pthread_create(&thread, NULL, look_at_thread, NULL);
	expect(errno == 0);
	errno = pthread_join(thread, NULL);
	expect(errno == 0);
	snprintf(path, sizeof(path), "/proc/self/task/%d", getppid());
	expect_errno(open(path, O_RDONLY), ENOENT);
}

TEST(proc_sys_has_the_names,
     "/proc/sys/kernel has what uname says, a boot_id that stays and uuids "
     "that don't.")
{
	static const char random[] = "/proc/sys/kernel/random/";
	struct utsname name;
	char path[64], first[40];

	expect_ok(uname(&name));
	read_file("/proc/sys/kernel/ostype");
	expect_string(strtok(text, "\n"), name.sysname);
	read_file("/proc/sys/kernel/hostname");
	expect_string(strtok(text, "\n"), name.nodename);
	if (where() != ON_EMULATOR) { /* which makes a release up */
		read_file("/proc/sys/kernel/osrelease");
		expect_string(strtok(text, "\n"), name.release);
	}
	read_file("/proc/sys/kernel/pid_max");
	expect(atoi(text) > getpid());
	expect_between(read_file("/proc/sys/vm/overcommit_memory"), 2, 2);
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s%s", random,
			 i ? "uuid" : "boot_id");
		expect_eq(read_file(path), 37);
		strcpy(first, text);
		expect_eq(first[14], '4'); /* the version: random */
		read_file(path);
		expect_eq(strcmp(first, text) != 0, i);
	}
}

TEST(proc_numbers_are_not_cut_short,
     "A number that is too large for a pid, but equal to one in its low bits, "
     "names nothing; and /proc read from a position far behind its end has no "
     "more entries.")
{
	static const int shifts[] = {15, 16, 22, 28, 31, 32};
	int dir = expect_ok(open("/proc", O_RDONLY | O_DIRECTORY));
	char path[64], entries[4096];

	for (size_t i = 0; i < sizeof(shifts) / sizeof(shifts[0]); i++) {
		snprintf(path, sizeof(path), "/proc/%ld/stat",
			 (1l << shifts[i]) + getpid());
		expect_errno(open(path, O_RDONLY), ENOENT);
	}
	expect_ok(lseek(dir, INT_MAX, SEEK_SET));
	expect_eq(syscall(SYS_getdents64, dir, entries, sizeof(entries)), 0);
	if (lseek(dir, INT_MAX + 1000l, SEEK_SET) != -1) /* Linux: EINVAL */
		expect_eq(
			syscall(SYS_getdents64, dir, entries, sizeof(entries)),
			0);
	expect_ok(close(dir));
}

/* --- looking while others change ----------------------------------------- */

enum { NVICTIMS = 2, NREADERS = 2, VICTIM_ROUNDS = 40 };

struct stage {
	atomic_int victims[NVICTIMS]; /* pids */
	atomic_bool done;
};

static const char *const looked_at[] = {
	"maps",   "smaps", "smaps_rollup", "pagemap",  "statm", "stat",
	"status", "auxv",  "environ",      "cmdline",  "comm",  "mem",
	"limits", "exe",   "cwd",          "root",     "fd/0",  "fdinfo/0",
	"fd",     "task",  "fdinfo",       "mountinfo"};

/* Look at one file, folder or link of @pid's, which may be gone. */
static void look(int pid, const char *name, unsigned seed)
{
	static char bytes[16384];
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	if (readlink(path, bytes, sizeof(bytes)) > 0)
		return;
	fd = open(path, O_RDONLY);
	if (fd == -1)
		return;
	if (strcmp(name, "pagemap") == 0 || strcmp(name, "mem") == 0)
		pread(fd, bytes, sizeof(bytes), (seed % 997) * PAGE * 8);
	while (read(fd, bytes, sizeof(bytes)) > 0 &&
	       strcmp(name, "pagemap") != 0 && strcmp(name, "mem") != 0)
		;
	syscall(SYS_getdents64, fd, bytes, sizeof(bytes));
	expect_ok(close(fd));
}

static _Noreturn void be_reader(struct stage *stage, unsigned seed)
{
	const int n = sizeof(looked_at) / sizeof(looked_at[0]);

	while (!stage->done) {
		int pid = stage->victims[seed % NVICTIMS];

		seed = seed * 1103515245 + 12345;
		/* the victim, or a child of its, or nobody */
		look(pid + seed / 7 % 4, looked_at[seed / 65536 % n],
		     seed / 11);
	}
	_exit(0);
}

/* Map, store, fork, execute, unmap. */
static _Noreturn void be_victim(struct stage *stage, int self)
{
	char number[16];

	stage->victims[self] = getpid();
	for (int i = 0; i < VICTIM_ROUNDS; i++) {
		char *p = map_anonymous(20);
		int fd = make_file("file", 2 * PAGE);
		char *q = map_shared(fd, 2);
		pid_t child;

		memset(p, i, 20 * PAGE);
		q[0] = p[0];
		child = expect_ok(fork());
		if (child == 0) {
			snprintf(number, sizeof(number), "%d", i % 3);
			if (i % 4 == 0)
				execl(program_path(), program_path(), "@exit",
				      number, NULL);
			munmap(p + 3 * PAGE, 9 * PAGE);
			q[PAGE] = 1;
			_exit(i % 3);
		}
		munmap(p, 10 * PAGE);
		mprotect(p + 12 * PAGE, PAGE, PROT_NONE);
		expect_exit(child, i % 3);
		unmap(p, 20);
		unmap(q, 2);
		expect_ok(close(fd));
		expect_ok(unlink("file"));
	}
	_exit(0);
}

TEST(proc_is_read_while_processes_change,
     "Two processes map, fork, execute, unmap and end, over and over, while "
     "two others read all that /proc says of them: nobody is harmed.")
{
	struct stage *stage = map_anonymous_shared(1);
	pid_t readers[NREADERS], victims[NVICTIMS];

	skip_unless_exec_works();
	for (int i = 0; i < NVICTIMS; i++) {
		victims[i] = expect_ok(fork());
		if (victims[i] == 0) {
			char folder[16];

			snprintf(folder, sizeof(folder), "victim%d", i);
			expect_ok(mkdir(folder, 0755));
			expect_ok(chdir(folder));
			be_victim(stage, i);
		}
	}
	for (int i = 0; i < NREADERS; i++) {
		readers[i] = expect_ok(fork());
		if (readers[i] == 0)
			be_reader(stage, i + 1);
	}
	for (int i = 0; i < NVICTIMS; i++)
		expect_exit(victims[i], 0);
	stage->done = true;
	for (int i = 0; i < NREADERS; i++)
		expect_exit(readers[i], 0);
}
