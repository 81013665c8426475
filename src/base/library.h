/* library.h: libraries that only some verbs need, loaded by the first who needs one.
 *
 * A list of functions, `#define FUNCTIONS(X) X(name) X(other)...`, makes the struct that they are
 * called through and the names that are looked up:
 *
 *     typedef struct { FUNCTIONS(LIBRARY_MEMBER) char *failed; } Sqlite;
 *     sqlite.failed = library_load("libsqlite3.so.0", LIBRARY_NAMES(FUNCTIONS), &sqlite);
 *
 * so that a struct begins with as many pointers as there are names, and the types are those of the
 * library's own headers. */
#pragma once

#include <stddef.h>

#define LIBRARY_MEMBER(name) typeof(name) *name;
#define LIBRARY_NAME(name) #name,
#define LIBRARY_NAMES(functions) ((const char *const[]){functions(LIBRARY_NAME) NULL})

/* Fills the pointers at `members`, one for each name. NULL, or why it cannot be used; the caller
 * frees that. What was loaded stays for the life of the process. Not to be called twice at once. */
char *library_load(const char *file, const char *const *names, void *members);
