/* fiber.c: stacks, and switching between them: setcontext() enters a new one, _longjmp() every
 * other time, for it leaves the signal mask alone, which is a system call less each time. Between
 * two stacks neither is "up" of the other, and FORTIFY_SOURCE's longjmp would not have that. */
#undef _FORTIFY_SOURCE
#include "io/fiber.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#if UNDER_SANITIZER
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#else
#define __sanitizer_start_switch_fiber(fake, bottom, size) ((void)(fake))
#define __sanitizer_finish_switch_fiber(fake, bottom, size) ((void)(fake))
#define __asan_unpoison_memory_region(address, size) ((void)(address))
#endif

static size_t guard_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

static char *usable(FiberStack stack)
{
    return (char *)stack.map + guard_size();
}

bool fiber_stack_map(FiberStack *stack, GError **error)
{
    /* Reserved without access first, so that there is no moment in which the guard page could be
     * written to. */
    size_t total = FIBER_STACK + guard_size();
    void *map = mmap(NULL, total, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (map == MAP_FAILED) {
        return error_fail(error, POSTERN_ERROR_IO, "no memory for another task's stack: %s",
                          g_strerror(errno));
    }
    stack->map = map;
    if (mprotect(usable(*stack), FIBER_STACK, PROT_READ | PROT_WRITE) < 0) {
        int number = errno;
        munmap(map, total);
        stack->map = NULL;
        return error_fail(error, POSTERN_ERROR_IO, "no memory for another task's stack: %s",
                          g_strerror(number));
    }
    return true;
}

void fiber_stack_unmap(FiberStack stack)
{
    __asan_unpoison_memory_region(usable(stack), FIBER_STACK);
    munmap(stack.map, FIBER_STACK + guard_size());
}

/* makecontext() passes ints only: a pointer travels in two halves. */
static void trampoline(unsigned entry_high, unsigned entry_low, unsigned user_high,
                       unsigned user_low)
{
    uintptr_t entry = (uintptr_t)entry_high << 32 | entry_low;
    uintptr_t user = (uintptr_t)user_high << 32 | user_low;
    ((void (*)(void *))entry)((void *)user);
    g_assert_not_reached();
}

void fiber_prepare(Fiber *fiber, FiberStack stack, void (*entry)(void *user), void *user)
{
    /* The last frames of the task before never returned: what ASan knows of them is no longer true.
     */
    __asan_unpoison_memory_region(usable(stack), FIBER_STACK);
    getcontext(&fiber->context);
    fiber->bottom = fiber->context.uc_stack.ss_sp = usable(stack);
    fiber->size = fiber->context.uc_stack.ss_size = FIBER_STACK;
    fiber->context.uc_link = NULL;
    fiber->entered = false;
    fiber->fake = NULL;
    uint64_t e = (uintptr_t)entry;
    uint64_t u = (uintptr_t)user;
    makecontext(&fiber->context, (void (*)(void))trampoline, 4, (unsigned)(e >> 32), (unsigned)e,
                (unsigned)(u >> 32), (unsigned)u);
}

void fiber_started(Fiber *from)
{
    (void)from; /* only ASan tells where the thread's own stack lies, and only it needs to know */
    __sanitizer_finish_switch_fiber(NULL, &from->bottom, &from->size);
}

static G_NORETURN void go(Fiber *to)
{
    if (to->entered) {
        _longjmp(to->left_at, 1);
    }
    to->entered = true;
    setcontext(&to->context);
    g_assert_not_reached();
}

void fiber_switch(Fiber *from, Fiber *to)
{
    from->entered = true; /* the thread's own stack, too */
    __sanitizer_start_switch_fiber(&from->fake, to->bottom, to->size);
    if (_setjmp(from->left_at) == 0) {
        go(to);
    }
    __sanitizer_finish_switch_fiber(from->fake, NULL, NULL);
}

void fiber_leave(Fiber *from, Fiber *to)
{
    (void)from;
    /* NULL instead of a place to keep the fake stack: it is not needed again. */
    __sanitizer_start_switch_fiber(NULL, to->bottom, to->size);
    go(to);
}
