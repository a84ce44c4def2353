/* SPDX-License-Identifier: MIT */
#ifndef USER_SH_BUILTINS_H
#define USER_SH_BUILTINS_H

/*
 * builtins.h - commands that the shell executes by itself: those that change
 * it (cd, export), those that know more than a program could (jobs), and a
 * few for speed (echo, test).
 */

#include <stdbool.h>

struct builtin {
	const char *name;
	int (*run)(char **argv);
	bool special; /* POSIX: assignments before it stay */
};

const struct builtin *builtin_find(const char *name); /* or NULL */

/* environ.c */
int builtin_cd(char **argv);
int builtin_pwd(char **argv);
int builtin_export(char **argv);
int builtin_readonly(char **argv);
int builtin_local(char **argv);
int builtin_unset(char **argv);
int builtin_set(char **argv);
int builtin_shift(char **argv);
int builtin_read(char **argv);
int builtin_umask(char **argv);

/* test.c */
int builtin_test(char **argv);

/* Set $PWD. */
void remember_folder(void);

/* set's options, also those of the shell itself: "-ex", "+e"; false, after
 * complaining, for an unknown one. */
bool set_options(const char *letters);

#endif
