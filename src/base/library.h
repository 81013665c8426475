/* library.h: libraries that only some verbs need, loaded by the first who needs one.
 *
 * A list of functions, `#define FUNCTIONS(X) X(name) X(other)...`, makes the struct that they are
 * called through and the names that are looked up:
 *
 *     typedef struct { FUNCTIONS(LIBRARY_MEMBER) LibraryOnce once; } Sqlite;
 *     static Sqlite s;
 *     library_load_once(&s.once, "libsqlite3.so.0", LIBRARY_NAMES(FUNCTIONS), &s, NULL);
 *
 * so that a struct begins with as many pointers as there are names, and the types are those of the
 * library's own headers. */
#pragma once

#include <glib.h>

#define LIBRARY_MEMBER(name) typeof(name) *name;
#define LIBRARY_NAME(name) #name,
#define LIBRARY_NAMES(functions) ((const char *const[]){functions(LIBRARY_NAME) NULL})

/* Fills the pointers at `members`, one for each name. NULL, or why it cannot be used; the caller
 * frees that. What was loaded stays for the life of the process. Not to be called twice at once. */
char *library_load(const char *file, const char *const *names, void *members);

typedef struct {
    gsize done;
    char *failed; /* why it cannot be used, or NULL */
} LibraryOnce;

/* The same at the first call, whichever thread's it is; `once` is zero before, and has what became
 * of it after. `begin`, unless NULL, is called behind it, and gives the same as library_load(). */
void library_load_once(LibraryOnce *once, const char *file, const char *const *names, void *members,
                       char *(*begin)(void *members));
