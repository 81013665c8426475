/* fiber.h: a stack of its own and switching to it: ucontext and setjmp, a guard page, and what
 * AddressSanitizer must be told. */
#pragma once

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <ucontext.h>

#include "base/error.h"
#include "base/sanitizer.h"

/* A TLS handshake with its certificate checks was measured at 8.2 kB, GSSAPI at 25 kB; ASan's
 * frames are several times larger. */
#if UNDER_SANITIZER
#define FIBER_STACK ((size_t)256 * 1024)
#else
#define FIBER_STACK ((size_t)64 * 1024)
#endif

typedef struct {
    void *map; /* the guard page, then FIBER_STACK bytes; NULL: none */
} FiberStack;

typedef struct {
    ucontext_t context; /* where it begins */
    jmp_buf left_at;    /* where it goes on, once it was entered */
    bool entered;
    const void *bottom; /* lowest usable address; for the thread's own stack learnt at the first
                           switch away from it */
    size_t size;
    void *fake; /* ASan's */
} Fiber;

/* Fails when no memory can be mapped. */
bool fiber_stack_map(FiberStack *stack, GError **error);
void fiber_stack_unmap(FiberStack stack);

/* Prepares *fiber so that the first switch to it calls entry(user) on the stack. entry must call
 * fiber_started() first, and must not return but end with fiber_leave(). */
void fiber_prepare(Fiber *fiber, FiberStack stack, void (*entry)(void *user), void *user);
void fiber_started(Fiber *from);

/* Runs `to` until something switches back to `from`. */
void fiber_switch(Fiber *from, Fiber *to);
/* The last switch of a fiber: its stack may be used anew once `to` runs. */
G_NORETURN void fiber_leave(Fiber *from, Fiber *to);
