/* SPDX-License-Identifier: MIT */
/*
 * execute PATH...: try to execute each file, without a shell's second guess,
 * and print how that ended: "error E", "signal N" or "exit N".
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void execute(char *path)
{
	char *argv[] = {path, NULL};
	int errors[2], error, status;
	ssize_t n;
	pid_t child;

	if (pipe2(errors, O_CLOEXEC)) /* its end means success */
		return;
	child = fork();
	if (child == 0) {
		execve(path, argv, argv + 1);
		error = errno;
		n = write(errors[1], &error, sizeof(error));
		_exit(n < 0);
	}
	close(errors[1]);
	n = read(errors[0], &error, sizeof(error));
	close(errors[0]);
	waitpid(child, &status, 0);
	if (n > 0)
		printf("error %d\n", error);
	else if (WIFSIGNALED(status))
		printf("signal %d\n", WTERMSIG(status));
	else
		printf("exit %d\n", WEXITSTATUS(status));
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		execute(argv[i]);
	printf("alive\n");
	return 0;
}
