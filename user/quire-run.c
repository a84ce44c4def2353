// SPDX-License-Identifier: MIT
/*
 * quire-run - run one program for scripts/quire and power the machine off.
 *
 * The kernel starts this as init.  What to run comes from the host through
 * a virtio-console device, whose ports are, in this order:
 *
 *   /dev/vport0p1  control     the job comes in, its result goes out
 *   /dev/vport0p2  stdin       host to guest, byte for byte
 *   /dev/vport0p3  stdout      guest to host
 *   /dev/vport0p4  stderr      guest to host
 *
 * The job is a sequence of records KEY=VALUE, each ended by a NUL byte, in
 * any order and with any byte but NUL in the value.  An empty record (so:
 * one more NUL) ends the job.
 *
 *   arg=BYTES        one word of the program's argv; the first is argv[0]
 *   env=NAME=VALUE   one word of its environment (none: it is empty)
 *   program=PATH     what to execute (default: argv[0]); without a slash
 *                    it is looked up in the PATH of that environment
 *   cwd=PATH         its current directory (default: /)
 *   stdin=WHERE      WHERE is port (the default), console or null; if any
 *   stdout=WHERE     is console, that is the controlling terminal of the
 *   stderr=WHERE     program's session; only ports named here need exist
 *   window=ROWS COLS size of the console's window
 *   trace=PORT       trace the program, and write what the kernel has to say
 *                    of it to this port (a path) when all has ended
 *
 * When the program has ended, whatever it left running has been killed and
 * the disks are in order, one line goes back over the control port:
 *
 *   exit N           it ended with status N
 *   signal N         it was killed by signal N
 *   error E TEXT     it could not be started: errno E, and what failed (as
 *                    for a shell, 127 if E is ENOENT, and 126 otherwise)
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "include/mounts.h"
#include "include/shutdown.h"
#include "include/usage.h"

/* On Linux: the modules that scripts/linux has put there. */
static void modules_load(void)
{
	char path[] = "/modules/0";
	int fd;

	for (; (fd = open(path, O_RDONLY | O_CLOEXEC)) >= 0; close(fd)) {
		if (syscall(SYS_finit_module, fd, "", 0) != 0)
			warn("%s", path);
		path[sizeof(path) - 2]++;
	}
}

/* A list of words that ends with NULL, as execve wants it. */
struct words {
	char **word;
	size_t count;
};

/* What to run, as the host said; the strings lie in the job's own bytes. */
struct job {
	struct words arg, env;
	char *program;
	char *cwd;
	char *stream[3]; /* "port", "console" or "null" */
	struct winsize window;
	char *trace; /* the port, or NULL */
};

/* Why the child could not become the program: what it tells its parent. */
struct failure {
	int error;
	char what[100];
};

/* init must not just end: the kernel would panic. */
static _Noreturn void give_up(const char *what)
{
	warn("%s", what);
	shut_down(RB_POWER_OFF);
}

static void *checked(void *memory)
{
	if (!memory)
		give_up("job");
	return memory;
}

/* The whole job, with the empty record that ends it. */
static char *job_read(int control)
{
	size_t room = 4096, used = 0;
	char *bytes = checked(malloc(room));

	while (used < 2 || bytes[used - 1] || bytes[used - 2]) {
		if (used == room)
			bytes = checked(realloc(bytes, room *= 2));
		ssize_t n = read(control, bytes + used, room - used);
		if (n <= 0)
			give_up("the control port has no job");
		used += n;
	}
	return bytes;
}

static void words_add(struct words *words, char *word)
{
	size_t nbytes = (words->count + 2) * sizeof(*words->word);

	words->word = checked(realloc(words->word, nbytes));
	if (word)
		words->word[words->count++] = word;
	words->word[words->count] = NULL;
}

/* The value of @record if its key is @key, else NULL. */
static char *value_of(char *record, const char *key)
{
	size_t length = strlen(key);

	if (strncmp(record, key, length) != 0 || record[length] != '=')
		return NULL;
	return record + length + 1;
}

static void job_record(struct job *job, char *record)
{
	static const char *const streams[] = {"stdin", "stdout", "stderr"};
	char *value;

	if ((value = value_of(record, "arg")))
		words_add(&job->arg, value);
	else if ((value = value_of(record, "env")))
		words_add(&job->env, value);
	else if ((value = value_of(record, "program")))
		job->program = value;
	else if ((value = value_of(record, "cwd")))
		job->cwd = value;
	else if ((value = value_of(record, "trace")))
		job->trace = value;
	else if ((value = value_of(record, "window")))
		sscanf(value, "%hu %hu", &job->window.ws_row,
		       &job->window.ws_col);
	for (int fd = 0; fd < 3; fd++)
		if ((value = value_of(record, streams[fd])))
			job->stream[fd] = value;
}

static void job_parse(struct job *job, char *bytes)
{
	*job = (struct job){.cwd = "/", .stream = {"port", "port", "port"}};
	words_add(&job->arg, NULL);
	words_add(&job->env, NULL);
	for (; *bytes; bytes += strlen(bytes) + 1)
		job_record(job, bytes);
	if (!job->program)
		job->program = job->arg.count ? job->arg.word[0] : "";
}

/* Open a port.  Linux may still be looking for them when it starts init. */
static int port_open(const char *path, int mode)
{
	enum { TRIES = 3000, PAUSE_US = 10 * 1000 };
	int fd = open(path, mode | O_CLOEXEC);

	for (int n = 0; fd < 0 && errno == ENOENT && n < TRIES; n++) {
		usleep(PAUSE_US);
		fd = open(path, mode | O_CLOEXEC);
	}
	return fd;
}

static int stream_open(const char *where, int fd)
{
	char port[] = "/dev/vport0p0";
	int mode = fd == 0 ? O_RDONLY : O_WRONLY;

	if (strcmp(where, "console") == 0)
		return open("/dev/console", O_RDWR | O_CLOEXEC);
	if (strcmp(where, "null") == 0)
		return open("/dev/null", mode | O_CLOEXEC);
	port[sizeof(port) - 2] += fd + 2;
	return port_open(port, mode);
}

/* Make the child's three streams; NULL, or what failed. */
static const char *streams_set(const struct job *job)
{
	static const char *const names[] = {"stdin", "stdout", "stderr"};
	int from[3];

	for (int fd = 0; fd < 3; fd++) {
		from[fd] = stream_open(job->stream[fd], fd);
		if (from[fd] < 0)
			return names[fd];
		if (strcmp(job->stream[fd], "console") == 0) {
			ioctl(from[fd], TIOCSCTTY, 0);
			if (job->window.ws_row)
				ioctl(from[fd], TIOCSWINSZ, &job->window);
		}
	}
	/* All are above 2 here: 0, 1 and 2 are the console, from the kernel. */
	for (int fd = 0; fd < 3; fd++)
		if (dup2(from[fd], fd) < 0)
			return names[fd];
	return NULL;
}

/* --- its trace --- */

static void trace_switch(const char *digit)
{
	int fd = open("/proc/tracing_on", O_WRONLY | O_CLOEXEC);

	if (write(fd, digit, 1) != 1)
		warn("/proc/tracing_on");
	close(fd);
}

/* The trace as text, to the host. */
static void trace_hand_over(const char *port)
{
	static char bytes[65536];
	int from = open("/proc/trace", O_RDONLY | O_CLOEXEC);
	int to = open(port, O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (to < 0)
		give_up(port);
	while ((n = read(from, bytes, sizeof(bytes))) > 0)
		write(to, bytes, n);
	if (n < 0)
		warn("/proc/trace");
	close(to);
}

/* --- the program --- */

/* In the child: become the program, or tell the parent why not. */
static _Noreturn void job_start(const struct job *job, int report)
{
	const char *what;

	setsid();
	what = streams_set(job);
	if (!what && chdir(job->cwd) != 0)
		what = job->cwd;
	if (!what) {
		if (job->trace)
			trace_switch("1");
		environ = job->env.word;
		execvp(job->program, job->arg.word);
		what = job->program;
	}
	struct failure failure = {.error = errno};
	snprintf(failure.what, sizeof(failure.what), "%s", what);
	write(report, &failure, sizeof(failure));
	_exit(127);
}

/* The status of @child, when it ends; init reaps all others on the way. */
static int wait_for(pid_t child)
{
	int status;
	pid_t pid;

	do
		pid = wait(&status);
	while (pid != child && (pid > 0 || errno == EINTR));
	return status;
}

/* Run the job to its end and say in @answer what became of it. */
static void job_run(const struct job *job, char *answer, size_t size)
{
	struct failure failure;
	int report[2];

	if (pipe2(report, O_CLOEXEC) != 0)
		give_up("pipe");
	pid_t child = fork();
	if (child < 0)
		give_up("fork");
	if (child == 0)
		job_start(job, report[1]);
	close(report[1]);
	/* End of file: the program runs, and exec has closed the pipe. */
	bool failed = read(report[0], &failure, sizeof(failure)) > 0;
	int status = wait_for(child);
	if (failed)
		snprintf(answer, size, "error %d %s: %s\n", failure.error,
			 failure.what, strerror(failure.error));
	else if (WIFSIGNALED(status))
		snprintf(answer, size, "signal %d\n", WTERMSIG(status));
	else
		snprintf(answer, size, "exit %d\n", WEXITSTATUS(status));
}

int main(int argc, char **argv)
{
	struct job job;
	char answer[200];

	if (getpid() != 1) {
		option(argc, argv, "");
		errx(1, "only the kernel starts this, as init");
	}
	mount_kernel_filesystems();
	modules_load();
	int control = port_open("/dev/vport0p1", O_RDWR);
	if (control < 0)
		give_up("/dev/vport0p1");
	job_parse(&job, job_read(control));
	job_run(&job, answer, sizeof(answer));
	kill(-1, SIGKILL);
	while (wait(NULL) > 0)
		continue;
	sync();
	if (job.trace) {
		trace_switch("0");
		trace_hand_over(job.trace);
	}
	write(control, answer, strlen(answer));
	shut_down(RB_POWER_OFF);
}
