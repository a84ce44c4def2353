// SPDX-License-Identifier: MIT
/*
 * runner.c - run cases, each in a process of its own, and count.
 *
 *   runner ──fork──► case ──fork, pthread_create──► its helpers
 *      ▲               │                               │
 *      └── report pipe ┴───────────────────────────────┘
 *
 * A case that hangs is killed after CASE_SECONDS, by its own alarm and, if
 * that does not help, by the runner.  Whatever it leaves running is killed
 * with its process group; whatever files, with its folder.
 *
 * Where there are but a few MiB, swap included, a case may want more: if it has
 * failed, and one of its processes was killed for that, it is skipped.  What it
 * would have gone on waiting for is not awaited.
 *
 * On Quire the runner also looks at the counts of free frames and of inodes
 * in use around each case.  Caches may rightly keep some, for once: a case
 * that takes more than a few runs again, and has failed if it goes on so.  At
 * the end of a whole run one more case of the runner's own compares both with
 * the start.
 */

#define _GNU_SOURCE
#include "testlib/test.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "testlib/counter.h"
#include "testlib/files.h"
#include "testlib/where.h"

enum {
	CASE_SECONDS = 300,
	KILL_SECONDS = 10, /* to end, after one of its processes was killed */
	CASE_RUNS = 4,     /* before what it takes is called lost */
	CASE_FRAMES = 32,  /* what one case may leave in caches, unnoticed */
	RUN_FRAMES = 256,  /* what a whole run may */
	RUN_INODES = 32,   /* of devices and /proc, that have cached names */
};

enum outcome { PASSED, FAILED, SKIPPED };

/* Counts of each outcome, and the run's folder. */
static unsigned tally[3];
static char folder[4000];

/* The section "test_cases": the linker names its ends. */
extern const struct test_case *const __start_test_cases[];
extern const struct test_case *const __stop_test_cases[];

/* --- finding the cases --------------------------------------------------- */

static int by_place(const void *a, const void *b)
{
	const struct test_case *x = *(const struct test_case *const *)a;
	const struct test_case *y = *(const struct test_case *const *)b;
	int order = strcmp(x->file, y->file);

	return order ? order : (x->line > y->line) - (x->line < y->line);
}

/* A NULL-ended array, in the order of the sources. */
static const struct test_case **cases_sorted(void)
{
	size_t n = __stop_test_cases - __start_test_cases;
	const struct test_case **cases = calloc(n + 1, sizeof(*cases));

	if (!cases)
		abort();
	memcpy(cases, __start_test_cases, n * sizeof(*cases));
	qsort(cases, n, sizeof(*cases), by_place);
	return cases;
}

void test_list(void)
{
	const struct test_case **cases = cases_sorted();

	for (size_t i = 0; cases[i]; i++)
		printf("%-44s %s\n", cases[i]->name, cases[i]->sentence);
	free(cases);
}

/* --- running one --------------------------------------------------------- */

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

static _Noreturn void be_the_case(const struct test_case *one, int fd)
{
	setpgid(0, 0);
	report_fd = fd;
	expect_ok(mkdir(one->name, 0755));
	expect_ok(chdir(one->name));
	alarm(CASE_SECONDS);
	one->run();
	exit(EXIT_SUCCESS);
}

/* Processes that were killed since boot because there was no memory, as long as
 * that is to be expected; else -1. */
static long kills_for_memory(void)
{
	return memory_may_end() ? counter_read("oom_kill") : -1;
}

/* Wait for the case; -1: it outlived its time, and was killed. */
static int wait_for_case(pid_t pid, long kills)
{
	time_t limit = time(NULL) + CASE_SECONDS + 5, next = 0;
	int status, ms = 1;

	while (waitpid(pid, &status, WNOHANG) != pid) {
		time_t now = time(NULL);

		if (kills >= 0 && now >= next) {
			next = now + KILL_SECONDS;
			if (counter_read("oom_kill") > kills)
				limit = next < limit ? next : limit;
		}
		if (now > limit) {
			kill(-pid, SIGKILL);
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			return -1;
		}
		pause_ms(ms);
		ms = ms < 8 ? ms * 2 : 8;
	}
	return status;
}

/* The case has ended: nobody of its group may go on. */
static void end_group(pid_t pid)
{
	for (int i = 0; i < 200 && kill(-pid, SIGKILL) == 0; i++)
		pause_ms(5);
}

static void read_report(int fd, char *report, size_t nbytes)
{
	size_t n = 0;
	ssize_t got;

	fcntl(fd, F_SETFL, O_NONBLOCK);
	while (n < nbytes - 1 &&
	       (got = read(fd, report + n, nbytes - 1 - n)) > 0)
		n += got;
	report[n] = '\0';
}

static enum outcome judge(int status, long kills, char *report, size_t nbytes)
{
	size_t n = strlen(report);

	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS && n == 0)
		return PASSED;
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SKIPPED)
		return SKIPPED;
	if (kills >= 0 && counter_read("oom_kill") > kills) {
		snprintf(report, nbytes,
			 "it takes more memory than there is\n");
		return SKIPPED;
	}
	if (status == -1 ||
	    (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM))
		snprintf(report + n, nbytes - n,
			 "expected an end within %d seconds, saw none\n",
			 CASE_SECONDS);
	else if (WIFSIGNALED(status))
		snprintf(report + n, nbytes - n,
			 "expected a normal end, saw SIG%s\n",
			 sigabbrev_np(WTERMSIG(status)));
	else if (n == 0)
		snprintf(report, nbytes,
			 "expected exit status 0, saw %d and no reason\n",
			 WEXITSTATUS(status));
	return FAILED;
}

static enum outcome run_in_child(const struct test_case *one, char *report,
				 size_t nbytes)
{
	long kills = kills_for_memory();
	int ends[2], status;
	pid_t pid;

	fflush(stdout);
	expect_ok(pipe2(ends, O_CLOEXEC));
	pid = expect_ok(fork());
	if (pid == 0)
		be_the_case(one, ends[1]);
	setpgid(pid, pid);
	close(ends[1]);
	status = wait_for_case(pid, kills);
	end_group(pid);
	read_report(ends[0], report, nbytes);
	close(ends[0]);
	remove_tree(one->name);
	return judge(status, kills, report, nbytes);
}

/* --- frames and inodes --------------------------------------------------- */

/* What must come back; -1 where it is not counted.  A frame in which the
 * filesystem keeps a disk block is as good as free. */
struct stock {
	long frames, inodes;
};

static struct stock stock_now(void)
{
	long nfree = counter_read("nr_free_pages");

	if (nfree < 0)
		return (struct stock){-1, -1};
	return (struct stock){nfree + memory_of_buffers() / PAGE,
			      -counter_read("quire_inodes_in_use")};
}

/* Run it; is some of the stock lost, beyond a few frames for caches? */
static bool loses(const struct test_case *one, enum outcome *outcome,
		  char *report, size_t nbytes, struct stock *lost)
{
	struct stock before = stock_now(), after;

	*outcome = run_in_child(one, report, nbytes);
	after = stock_now();
	lost->frames = before.frames - after.frames;
	lost->inodes = before.inodes - after.inodes;
	return lost->frames > CASE_FRAMES || lost->inodes > 0;
}

static enum outcome run_without_loss(const struct test_case *one, char *report,
				     size_t nbytes)
{
	struct stock lost;
	enum outcome outcome;

	for (int run = 0; run < CASE_RUNS; run++)
		if (!loses(one, &outcome, report, nbytes, &lost) ||
		    outcome != PASSED)
			return outcome;
	snprintf(report, nbytes,
		 "expected all frames and inodes back, saw %ld and %ld lost in "
		 "the last of %d runs\n",
		 lost.frames, lost.inodes, CASE_RUNS);
	return FAILED;
}

/* --- telling ------------------------------------------------------------- */

static void tell(const char *name, enum outcome outcome, char *report)
{
	static const char *const words[] = {"ok", "FAIL", "skip"};

	tally[outcome]++;
	printf("%-4s %s", words[outcome], name);
	for (char *line = strtok(report, "\n"); line; line = strtok(NULL, "\n"))
		printf(outcome == FAILED ? "\n       %s" : ": %s", line);
	putchar('\n');
	fflush(stdout);
}

static void run_and_tell(const struct test_case *one)
{
	char report[8192];
	enum outcome outcome = run_without_loss(one, report, sizeof(report));

	tell(one->name, outcome, report);
}

/* At both ends of a run: a cached page of a file is as good as free. */
static struct stock stock_of_run(void)
{
	struct stock stock = stock_now();

	if (stock.frames < 0)
		return stock;
	sync();
	drop_caches();
	stock = stock_now();
	stock.frames += memory_of_files() / PAGE;
	return stock;
}

static void tell_whole_run(const struct stock *before)
{
	struct stock after = stock_of_run();
	char report[200] = "only Quire counts them";
	enum outcome outcome = PASSED;

	if (before->frames < 0)
		outcome = SKIPPED;
	else if (before->frames - after.frames > RUN_FRAMES ||
		 before->inodes - after.inodes > RUN_INODES)
		outcome = FAILED;
	if (outcome == FAILED)
		snprintf(report, sizeof(report),
			 "expected %ld frames free or cached and %ld inodes in "
			 "use as before, saw %ld and %ld",
			 before->frames, -before->inodes, after.frames,
			 -after.inodes);
	if (outcome == PASSED)
		report[0] = '\0';
	tell("whole_run_loses_no_frame_and_no_inode", outcome, report);
}

/* --- all of them --------------------------------------------------------- */

static void make_folder(const char *program)
{
	const char *const parents[] = {getenv("TMPDIR"), "/tmp", "."};

	for (int i = 0; i < 3; i++) {
		if (!parents[i])
			continue;
		snprintf(folder, sizeof(folder), "%s/%s-XXXXXX", parents[i],
			 program);
		if (mkdtemp(folder) && chdir(folder) == 0)
			return;
	}
	fprintf(stderr, "%s: no folder for files: %s\n", program,
		strerror(errno));
	exit(EXIT_FAILURE);
}

static const struct test_case *find(const struct test_case *const *cases,
				    const char *name)
{
	while (*cases && strcmp((*cases)->name, name) != 0)
		cases++;
	return *cases;
}

static bool all_known(const char *program, const struct test_case *const *cases,
		      char *const names[])
{
	for (; *names; names++)
		if (!find(cases, *names)) {
			fprintf(stderr, "%s: no case %s (%s -l lists them)\n",
				program, *names, program);
			return false;
		}
	return true;
}

static void run_all(const struct test_case *const *cases)
{
	struct stock before = stock_of_run();

	for (; *cases; cases++)
		run_and_tell(*cases);
	tell_whole_run(&before);
}

int test_run(const char *program, char *const names[])
{
	const struct test_case **cases = cases_sorted();

	if (!all_known(program, cases, names))
		return EXIT_FAILURE;
	program_path();
	make_folder(program);
	if (!names[0])
		run_all(cases);
	for (; *names; names++)
		run_and_tell(find(cases, *names));
	if (chdir("..") == 0)
		remove_tree(strrchr(folder, '/') + 1);
	free(cases);
	printf("%s: %u passed, %u failed, %u skipped\n", program, tally[PASSED],
	       tally[FAILED], tally[SKIPPED]);
	return tally[FAILED] ? EXIT_FAILURE : EXIT_SUCCESS;
}
