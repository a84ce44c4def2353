/* SPDX-License-Identifier: MIT */
#ifndef TESTS_HOST_EXT2_LIBC_H
#define TESTS_HOST_EXT2_LIBC_H

/*
 * ext2_libc.h - the few functions of the host's C library that the tests of
 * ext2 call.  (Its own headers can't be included beside Linux's <linux/stat.h>
 * and <linux/time.h>, which fs/ includes: both define the same structures.)
 */

#include <stdarg.h>
#include <stddef.h>

void *malloc(size_t nbytes);
void *calloc(size_t n, size_t nbytes);
void *realloc(void *object, size_t nbytes);
void *aligned_alloc(size_t align, size_t nbytes);
void free(void *object);
_Noreturn void abort(void);
_Noreturn void exit(int status);
_Noreturn void _exit(int status);
void (*signal(int number, void (*handler)(int)))(int);
int setitimer(int which, const void *value, void *old);
char *getenv(const char *name);
int setenv(const char *name, const char *value, int replace);
int atoi(const char *text);
unsigned long strtoul(const char *text, char **end, int base);
int system(const char *command);
char *mkdtemp(char *template);
char *strdup(const char *s);
char *strcpy(char *to, const char *from);
int printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
int vprintf(const char *format, va_list args);

typedef struct host_file FILE;
int fprintf(FILE *f, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
FILE *fopen(const char *path, const char *mode);
size_t fread(void *to, size_t nbytes, size_t n, FILE *f);
size_t fwrite(const void *from, size_t nbytes, size_t n, FILE *f);
int fseek(FILE *f, long offset, int whence);
long ftell(FILE *f);
int fclose(FILE *f);
int fileno(FILE *f);
char *fgets(char *line, int nbytes, FILE *f);
int fflush(FILE *f);
extern FILE *stdin, *stdout;

/* As <sys/mman.h> has it; protection 3 is to read and write, flag 1 MAP_SHARED.
 */
void *mmap(void *at, size_t nbytes, int protection, int flags, int fd,
	   long offset);

#endif
