// SPDX-License-Identifier: MIT
/*
 * jobs.c - process groups, the terminal, and waiting.
 *
 * A child can change state at any time, and wait(2) tells it once, of
 * whichever child.  So all waiting goes through one place, reap(), which
 * notes the news in the table of jobs; those who wait for a certain job call
 * it until the table says what they want to hear.
 *
 * Both the shell and the child put the child into its group, since either
 * may run first: the shell must not give the terminal to a group that does
 * not exist yet, and the child must not read it before it may.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exec.h"
#include "jobs.h"
#include "sh.h"
#include "trap.h"

enum state { RUNNING, STOPPED, ENDED };

struct process {
	pid_t pid;
	enum state state;
	int status; /* as $? */
	int signal; /* that ended it, or 0 */
};

struct job {
	struct job *next;
	int number; /* as in %1 */
	pid_t group;
	bool background;
	bool changed; /* and nobody was told yet */
	char *text;
	size_t count;
	struct process *processes;
};

static struct job *jobs; /* the youngest first */

/* Those a shell with job control survives and its children must not. */
static const int job_signals[] = {SIGINT,  SIGQUIT, SIGTSTP,
				  SIGTTIN, SIGTTOU, SIGTERM};

static void on_interrupt(int signal)
{
	(void)signal;
	sh.interrupted = 1;
}

static void set_signal(int signal, void (*handler)(int))
{
	struct sigaction action = {.sa_handler = handler};

	sigaction(signal, &action, NULL);
}

void jobs_init(void)
{
	if (!sh.interactive)
		return;
	/* Whoever started us may have us in the background yet. */
	while (tcgetpgrp(STDIN_FILENO) >= 0 &&
	       tcgetpgrp(STDIN_FILENO) != getpgrp())
		kill(0, SIGTTIN);
	for (size_t i = 0; i < sizeof(job_signals) / sizeof(int); i++)
		set_signal(job_signals[i], SIG_IGN);
	set_signal(SIGINT, on_interrupt);
	setpgid(0, 0); /* fails for a session's leader, which has its own */
	sh.job_control = tcsetpgrp(STDIN_FILENO, getpgrp()) == 0;
}

/* In a new child: what only the shell itself has, it has no more. */
static void become_subshell(void)
{
	if (sh.interactive)
		for (size_t i = 0; i < sizeof(job_signals) / sizeof(int); i++)
			set_signal(job_signals[i], SIG_DFL);
	traps_forget();
	sh.interactive = sh.job_control = false;
	sh.subshell = true;
	jobs = NULL;
}

pid_t shell_fork(void)
{
	pid_t pid = fork();

	if (pid < 0)
		complain("fork: %s", strerror(errno));
	if (pid == 0)
		become_subshell();
	return pid;
}

static int status_of(int wait_status)
{
	if (WIFSTOPPED(wait_status))
		return 128 + WSTOPSIG(wait_status);
	if (WIFSIGNALED(wait_status))
		return 128 + WTERMSIG(wait_status);
	return WEXITSTATUS(wait_status);
}

int shell_wait(pid_t child)
{
	int status = 0;

	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		continue;
	return status_of(status);
}

struct job *job_new(const char *text, bool background)
{
	struct job *job = calloc(1, sizeof(*job));

	job->number = 1 + (jobs ? jobs->number : 0);
	job->background = background;
	job->text = strdup(text);
	job->next = jobs;
	jobs = job;
	return job;
}

static void job_forget(struct job *job)
{
	struct job **at = &jobs;

	while (*at != job)
		at = &(*at)->next;
	*at = job->next;
	free(job->text);
	free(job->processes);
	free(job);
}

/* In a new child of @job. */
static void join_job(const struct job *job, bool job_control, pid_t group)
{
	if (job_control) {
		setpgid(0, group);
		if (!job->background)
			tcsetpgrp(STDIN_FILENO, getpgrp());
	} else if (job->background) {
		/* POSIX: without job control ^C must not reach it. */
		set_signal(SIGINT, SIG_IGN);
		set_signal(SIGQUIT, SIG_IGN);
		close(STDIN_FILENO);
		open("/dev/null", O_RDONLY);
	}
}

pid_t job_fork(struct job *job)
{
	bool job_control = sh.job_control;
	pid_t pid = fork();
	struct process *process;

	if (pid < 0) {
		complain("fork: %s", strerror(errno));
		return pid;
	}
	if (pid == 0) {
		/* While the signals are ignored: we are in the background
		 * until we have taken the terminal. */
		join_job(job, job_control, job->group);
		become_subshell();
		return 0;
	}
	if (!job->group)
		job->group = pid;
	if (job_control) {
		setpgid(pid, job->group);
		if (!job->background)
			tcsetpgrp(STDIN_FILENO, job->group);
	}
	job->processes =
		realloc(job->processes, (job->count + 1) * sizeof(*process));
	process = &job->processes[job->count++];
	*process = (struct process){.pid = pid};
	return pid;
}

static enum state job_state(const struct job *job)
{
	enum state state = ENDED;

	for (size_t i = 0; i < job->count; i++)
		if (job->processes[i].state == RUNNING)
			return RUNNING;
		else if (job->processes[i].state == STOPPED)
			state = STOPPED;
	return state;
}

static int job_status(const struct job *job)
{
	return job->count ? job->processes[job->count - 1].status : 2;
}

static void note(pid_t pid, int wait_status)
{
	for (struct job *job = jobs; job; job = job->next)
		for (size_t i = 0; i < job->count; i++) {
			struct process *process = &job->processes[i];

			if (process->pid != pid || process->state == ENDED)
				continue;
			process->state =
				WIFSTOPPED(wait_status) ? STOPPED : ENDED;
			process->status = status_of(wait_status);
			process->signal = WIFSIGNALED(wait_status)
						  ? WTERMSIG(wait_status)
						  : 0;
			job->changed = job_state(job) != RUNNING;
			return;
		}
}

/* Hear of one child, or (@options WNOHANG) perhaps of none; false if there
 * is nothing more to hear. */
static bool reap(int options)
{
	int status;
	pid_t pid = waitpid(-1, &status,
			    options | (sh.job_control ? WUNTRACED : 0));

	if (pid > 0)
		note(pid, status);
	return pid > 0 || (pid < 0 && errno == EINTR);
}

/* The signal that ended the job's last process, or 0. */
static int job_signal(const struct job *job)
{
	return job->count ? job->processes[job->count - 1].signal : 0;
}

/* What killed the job, when a user would wonder. */
static void explain(int signal)
{
	if (signal == 0)
		return;
	if (signal == SIGINT)
		fputs("\n", stderr);
	else if (signal != SIGPIPE)
		fprintf(stderr, "%s\n", strsignal(signal));
}

static const char *state_text(const struct job *job)
{
	static char text[16];

	switch (job_state(job)) {
	case RUNNING:
		return "Running";
	case STOPPED:
		return "Stopped";
	case ENDED:
		break;
	}
	if (job_signal(job))
		return strsignal(job_signal(job));
	if (job_status(job) == 0)
		return "Done";
	snprintf(text, sizeof(text), "Exit %d", job_status(job));
	return text;
}

static void job_show(FILE *out, const struct job *job)
{
	fprintf(out, "[%d] %-10s %s\n", job->number, state_text(job),
		job->text);
}

int job_wait(struct job *job)
{
	int status, signal;
	bool stopped;

	while (job_state(job) == RUNNING && reap(0))
		continue;
	if (sh.job_control)
		tcsetpgrp(STDIN_FILENO, getpgrp());
	status = job_status(job);
	signal = job_signal(job);
	stopped = job_state(job) == STOPPED;
	if (stopped) {
		fputs("\n", stderr);
		job_show(stderr, job);
		job->background = true;
		job->changed = false;
	} else {
		if (!sh.subshell)
			explain(signal);
		job_forget(job);
	}
	/* ^C at a command of a loop means the loop. */
	if (sh.job_control && signal == SIGINT)
		sh.skip = SKIP_ABORT;
	return status;
}

void job_leave(struct job *job)
{
	if (job->count == 0) {
		job_forget(job);
		return;
	}
	sh.background = job->processes[job->count - 1].pid;
	if (sh.interactive)
		fprintf(stderr, "[%d] %d\n", job->number, (int)sh.background);
}

void jobs_notify(void)
{
	struct job *job, *next;

	while (reap(WNOHANG))
		continue;
	for (job = jobs; job; job = next) {
		next = job->next;
		if (!job->changed)
			continue;
		job->changed = false;
		job_show(stderr, job);
		if (job_state(job) == ENDED)
			job_forget(job);
	}
}

int builtin_jobs(char **argv)
{
	struct job *job, *next;

	(void)argv;
	while (reap(WNOHANG))
		continue;
	for (job = jobs; job; job = next) {
		next = job->next;
		job_show(stdout, job);
		job->changed = false;
		if (job_state(job) == ENDED)
			job_forget(job);
	}
	return 0;
}

/* By %N, or the pid of its last process; NULL: the youngest. */
static struct job *job_find(const char *name)
{
	int number = name ? atoi(name + (*name == '%')) : 0;

	for (struct job *job = jobs; job; job = job->next)
		if (!name || strcmp(name, "%%") == 0 ||
		    (*name == '%' && job->number == number) ||
		    (*name != '%' && job->count &&
		     job->processes[job->count - 1].pid == number))
			return job;
	return NULL;
}

/* Let a stopped job go on. */
static struct job *job_continue(const char *name, bool background)
{
	struct job *job = job_find(name);

	if (!job || !sh.job_control) {
		complain("%s: no such job", name ? name : "%%");
		return NULL;
	}
	for (size_t i = 0; i < job->count; i++)
		if (job->processes[i].state == STOPPED)
			job->processes[i].state = RUNNING;
	fprintf(stderr, "%s\n", job->text);
	job->background = background;
	job->changed = false;
	if (!background)
		tcsetpgrp(STDIN_FILENO, job->group);
	kill(-job->group, SIGCONT);
	return job;
}

int builtin_fg(char **argv)
{
	struct job *job = job_continue(argv[1], false);

	return job ? job_wait(job) : 1;
}

int builtin_bg(char **argv)
{
	return job_continue(argv[1], true) ? 0 : 1;
}

static int wait_for_one(const char *name)
{
	struct job *job = job_find(name);
	int status;

	if (!job)
		return 127;
	while (job_state(job) == RUNNING && !sh.interrupted && reap(0))
		continue;
	status = job_status(job);
	if (job_state(job) == ENDED)
		job_forget(job);
	return status;
}

int builtin_wait(char **argv)
{
	int status = 0;

	if (argv[1]) {
		while (*++argv)
			status = wait_for_one(*argv);
		return status;
	}
	for (struct job *job = jobs; job; job = job->next)
		while (job_state(job) == RUNNING && !sh.interrupted && reap(0))
			continue;
	while (!sh.interactive && jobs)
		job_forget(jobs);
	return sh.interrupted ? 128 + SIGINT : 0;
}

int builtin_kill(char **argv)
{
	char *words[64];
	size_t count = 0;
	int group = 0;
	pid_t child;

	for (; *argv && count + 3 < sizeof(words) / sizeof(*words); argv++) {
		struct job *job = **argv == '%' ? job_find(*argv) : NULL;

		words[count] = *argv;
		if (job) {
			/* A number with a minus, after "--": a group. */
			if (!group++)
				words[count++] = "--";
			words[count] = arena_get(&scratch, 16);
			snprintf(words[count], 16, "%d",
				 sh.job_control ? -job->group : job->group);
		}
		count++;
	}
	words[count] = NULL;
	child = shell_fork();
	if (child == 0)
		become(words);
	return child < 0 ? 2 : shell_wait(child);
}
