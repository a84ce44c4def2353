/* SPDX-License-Identifier: MIT */
#ifndef USER_SH_JOBS_H
#define USER_SH_JOBS_H

/*
 * jobs.h - the processes that the shell has started.
 *
 * A job is what one pipeline became.  With job control (an interactive shell
 * on a terminal) each job is a process group of its own, and the one in the
 * foreground is the terminal's: ^C and ^Z reach it, and not the shell.
 */

#include <stdbool.h>
#include <sys/types.h>

struct job;

/* The shell's own signals and process group, once, at its start. */
void jobs_init(void);

/* A child that goes on as a subshell, in the shell's own group: 0 in the
 * child; -1, with a complaint, if there can be none. */
pid_t shell_fork(void);
/* The status ($?) of that child, when it has ended. */
int shell_wait(pid_t child);

/* A job without processes; @text is what jobs(1) shows. */
struct job *job_new(const char *text, bool background);
/* As shell_fork(), for a process of @job. */
pid_t job_fork(struct job *job);
/* Wait for a job in the foreground to end or stop: the status of its last
 * process.  The job is gone afterwards, unless it stopped. */
int job_wait(struct job *job);
/* Let @job run: $! and what an interactive shell says about it. */
void job_leave(struct job *job);

/* Say which jobs have ended or stopped since the last time. */
void jobs_notify(void);

int builtin_jobs(char **argv);
int builtin_fg(char **argv);
int builtin_bg(char **argv);
int builtin_wait(char **argv);
/* With %N for a job; otherwise it runs kill(1). */
int builtin_kill(char **argv);

#endif
