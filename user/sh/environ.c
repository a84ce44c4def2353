// SPDX-License-Identifier: MIT
/*
 * environ.c - builtins that look at and change what commands will inherit:
 * the folder, variables, parameters, options, the file mode mask.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builtins.h"
#include "expand.h"
#include "sh.h"
#include "vars.h"

void remember_folder(void)
{
	char here[4096];

	if (getcwd(here, sizeof(here)))
		var_set("PWD", here);
}

int builtin_cd(char **argv)
{
	const char *folder = argv[1] ? argv[1] : var_get("HOME");
	const char *before = var_get("PWD");
	bool back = folder && strcmp(folder, "-") == 0;

	if (back)
		folder = var_get("OLDPWD");
	if (!folder) {
		complain("cd: %s is not set", back ? "OLDPWD" : "HOME");
		return 2;
	}
	if (chdir(folder) != 0) {
		complain("cd: %s: %s", folder, strerror(errno));
		return 2;
	}
	if (back)
		puts(folder);
	if (before)
		var_set("OLDPWD", before);
	remember_folder();
	return 0;
}

int builtin_pwd(char **argv)
{
	char here[4096];

	if (!getcwd(here, sizeof(here))) {
		complain("%s: %s", argv[0], strerror(errno));
		return 1;
	}
	puts(here);
	return 0;
}

/* What export, readonly and local do to each "NAME" or "NAME=VALUE". */
static int declare(char **argv, enum var_flags flags, bool save)
{
	for (argv++; *argv; argv++) {
		size_t length = name_length(*argv);
		char *name = arena_copy(&scratch, *argv, length);
		bool assigned = (*argv)[length] == '=';

		if (length == 0 || ((*argv)[length] && !assigned)) {
			abort_command("%s: bad variable name", *argv);
			return 2;
		}
		if (save)
			var_save(name);
		if (assigned && !var_assign(*argv))
			return 2;
		if (flags)
			var_mark(name, flags);
	}
	return 0;
}

static int declare_or_print(char **argv, enum var_flags flags)
{
	char prefix[20];

	snprintf(prefix, sizeof(prefix), "%s ", argv[0]);
	if (argv[1] && strcmp(argv[1], "-p") != 0)
		return declare(argv, flags, false);
	vars_print(prefix, flags);
	return 0;
}

int builtin_export(char **argv)
{
	return declare_or_print(argv, VAR_EXPORTED);
}

int builtin_readonly(char **argv)
{
	return declare_or_print(argv, VAR_READONLY);
}

/* The old values come back when the function returns (exec.c). */
int builtin_local(char **argv)
{
	if (sh.calls == 0) {
		abort_command("local: not in a function");
		return 2;
	}
	return declare(argv, 0, true);
}

int builtin_unset(char **argv)
{
	bool function = argv[1] && strcmp(argv[1], "-f") == 0;
	bool variable = argv[1] && strcmp(argv[1], "-v") == 0;

	for (argv += 1 + (function || variable); *argv; argv++)
		if (function)
			function_remove(*argv);
		else if (!var_unset(*argv))
			return 2;
	return 0;
}

static bool *option_flag(char letter)
{
	switch (letter) {
	case 'e':
		return &sh.exit_on_error;
	case 'f':
		return &sh.no_globbing;
	case 'n':
		return &sh.no_execute;
	case 'u':
		return &sh.unset_is_error;
	case 'x':
		return &sh.trace;
	default:
		return NULL;
	}
}

bool set_options(const char *letters)
{
	bool on = *letters == '-';

	for (letters++; *letters; letters++) {
		bool *flag = option_flag(*letters);

		if (!flag) {
			abort_command("%c%c: unknown option", on ? '-' : '+',
				      *letters);
			return false;
		}
		*flag = on;
	}
	return true;
}

/* The list lives as long as the shell, or as the function it is set in. */
static void set_parameters(char **list)
{
	size_t count = 0;
	char **copy;

	while (list[count])
		count++;
	copy = calloc(count + 1, sizeof(*copy));
	for (size_t i = 0; i < count; i++)
		copy[i] = strdup(list[i]);
	sh.parameters = copy;
}

int builtin_set(char **argv)
{
	if (!*++argv) {
		vars_print("", 0);
		return 0;
	}
	for (; *argv && (**argv == '-' || **argv == '+'); argv++) {
		if (strcmp(*argv, "--") == 0) {
			set_parameters(argv + 1);
			return 0;
		}
		if (!set_options(*argv))
			return 2;
	}
	if (*argv)
		set_parameters(argv);
	return 0;
}

int builtin_shift(char **argv)
{
	int count = argv[1] ? atoi(argv[1]) : 1;

	for (; count > 0; count--) {
		if (!*sh.parameters) {
			abort_command("shift: not so many parameters");
			return 2;
		}
		sh.parameters++;
	}
	return 0;
}

/* One line of fd 0, byte by byte, as the next command reads on behind it;
 * false at the end.  @raw: a backslash is nothing special. */
static bool read_line(struct pieces *line, bool raw)
{
	char c;

	while (read(STDIN_FILENO, &c, 1) == 1 && c != '\n') {
		if (c != '\\' || raw) {
			if (c)
				pieces_add(line, c, ORIGIN_EXPANDED);
		} else if (read(STDIN_FILENO, &c, 1) == 1 && c != '\n') {
			pieces_add(line, c, ORIGIN_QUOTED);
		} else {
			c = 0; /* the line goes on */
		}
	}
	return c == '\n';
}

static bool separates(const struct piece *piece, const char *separators)
{
	return piece->origin == ORIGIN_EXPANDED &&
	       strchr(separators, piece->byte);
}

/* A blank among the separators: several count as one. */
static bool is_blank(const struct piece *piece, const char *separators)
{
	return separates(piece, separators) && strchr(" \t\n", piece->byte);
}

/* Give @name the next field of @line, or (@last) all the rest. */
static bool read_field(const char *name, const struct pieces *line, size_t *at,
		       bool last)
{
	const char *separators = var_get("IFS");
	struct text value = {0};
	size_t used = 0;

	if (!separators)
		separators = " \t\n";
	while (*at < line->count && is_blank(&line->at[*at], separators))
		++*at;
	for (; *at < line->count; ++*at) {
		const struct piece *piece = &line->at[*at];

		if (separates(piece, separators) && !last)
			break;
		text_add(&value, piece->byte);
		if (!is_blank(piece, separators))
			used = value.length; /* blanks at the end go */
	}
	value.length = used;
	while (*at < line->count && is_blank(&line->at[*at], separators))
		++*at;
	if (*at < line->count && separates(&line->at[*at], separators))
		++*at;
	return var_set(name, text_finish(&value, &scratch));
}

int builtin_read(char **argv)
{
	static char *otherwise[] = {"REPLY", NULL};
	bool raw = argv[1] && strcmp(argv[1], "-r") == 0;
	char **names = argv + 1 + raw;
	struct pieces line = {0};
	bool complete = read_line(&line, raw), done = true;
	size_t at = 0;

	if (!*names)
		names = otherwise;
	for (; *names && done; names++)
		done = read_field(*names, &line, &at, !names[1]);
	free(line.at);
	return complete && done ? 0 : 1;
}

int builtin_umask(char **argv)
{
	mode_t mask = umask(0);

	umask(mask);
	if (argv[1])
		umask(strtol(argv[1], NULL, 8));
	else
		printf("%04o\n", (unsigned)mask);
	return 0;
}
