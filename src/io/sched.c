/* sched.c: the loop that runs tasks, and what wakes them. */
#include "io/sched.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "io/fiber.h"
#include "io/task.h"
#include "io/timers.h"

/* Stacks kept for the next task instead of unmapping them. */
#define SPARE_STACKS 256
/* Operations a task may do in one go while others wait. */
#define BREATH 64
#define EVENTS_AT_ONCE 256

struct Task {
    Sched *sched;
    Fiber fiber;
    FiberStack stack;
    TaskFunc func;
    void *user;
    GList all;    /* in sched->tasks */
    GList queued; /* in sched->ready */
    bool in_ready;
    bool ended;
    bool cancelled;
    unsigned unbroken; /* operations since it last let the others run */

    /* While parked: */
    bool parked;
    bool shielded;
    bool timed_out;
    IoWait *waits;
    size_t n_waits;
    Timer timer;

    /* An errand for the thread's own stack, or NULL. */
    void (*errand)(void *user);
    void *errand_user;
};

/* What is known of a descriptor, by its number. */
typedef struct {
    Task *waiter; /* or NULL */
    bool known;   /* was added to epoll once; only a hint, closing takes it out silently */
} Slot;

struct Sched {
    int epoll;
    Fiber root;
    GQueue tasks;  /* of Task */
    GQueue ready;  /* of Task */
    GArray *slots; /* of Slot, by descriptor */
    GArray *spare; /* of FiberStack */
    Timers timers;
    bool running;
    bool interrupted; /* what is started from now on is cancelled from the start */
};

static _Thread_local Task *current;

Task *sched_current(void)
{
    return current;
}

Sched *sched_new(GError **error)
{
    int fd = epoll_create1(EPOLL_CLOEXEC);
    if (fd < 0) {
        error_fail(error, POSTERN_ERROR_IO, "cannot start the scheduler: %s", g_strerror(errno));
        return NULL;
    }
    Sched *s = g_new0(Sched, 1);
    s->epoll = fd;
    g_queue_init(&s->tasks);
    g_queue_init(&s->ready);
    s->slots = g_array_new(FALSE, TRUE, sizeof(Slot));
    s->spare = g_array_new(FALSE, FALSE, sizeof(FiberStack));
    timers_init(&s->timers);
    return s;
}

void sched_free(Sched *s)
{
    if (!s) {
        return;
    }
    g_assert(g_queue_is_empty(&s->tasks));
    for (size_t i = 0; i < s->spare->len; i++) {
        fiber_stack_unmap(g_array_index(s->spare, FiberStack, i));
    }
    g_array_unref(s->spare);
    g_array_unref(s->slots);
    timers_clear(&s->timers);
    close(s->epoll);
    g_free(s);
}

size_t sched_count(const Sched *s)
{
    return g_queue_get_length((GQueue *)&s->tasks);
}

/* --- tasks --- */

static void make_ready(Task *t)
{
    if (!t->in_ready) {
        t->in_ready = true;
        g_queue_push_tail_link(&t->sched->ready, &t->queued);
    }
}

/* Takes back what was made ready while it still runs. */
static void make_unready(Task *t)
{
    if (t->in_ready) {
        t->in_ready = false;
        g_queue_unlink(&t->sched->ready, &t->queued);
    }
}

static void task_main(void *user)
{
    Task *t = user;
    fiber_started(&t->sched->root);
    t->func(t->user);
    t->ended = true;
    fiber_leave(&t->fiber, &t->sched->root);
}

static bool take_stack(Sched *s, FiberStack *stack, GError **error)
{
    if (s->spare->len == 0) {
        return fiber_stack_map(stack, error);
    }
    *stack = g_array_index(s->spare, FiberStack, s->spare->len - 1);
    g_array_set_size(s->spare, s->spare->len - 1);
    return true;
}

static void give_stack(Sched *s, FiberStack stack)
{
    if (s->spare->len < SPARE_STACKS) {
        g_array_append_val(s->spare, stack);
    } else {
        fiber_stack_unmap(stack);
    }
}

Task *sched_spawn(Sched *s, TaskFunc func, void *user, GError **error)
{
    FiberStack stack;
    if (!take_stack(s, &stack, error)) {
        return NULL;
    }
    Task *t = g_new0(Task, 1);
    t->sched = s;
    t->stack = stack;
    t->func = func;
    t->user = user;
    t->cancelled = s->interrupted;
    t->all.data = t->queued.data = t;
    fiber_prepare(&t->fiber, stack, task_main, t);
    g_queue_push_tail_link(&s->tasks, &t->all);
    make_ready(t);
    return t;
}

static void task_end(Task *t)
{
    g_assert(!t->in_ready && !t->parked);
    g_queue_unlink(&t->sched->tasks, &t->all);
    give_stack(t->sched, t->stack);
    g_free(t);
}

/* Runs one task until it parks, pauses or ends; its errands run here, on the thread's own stack. */
static void task_run(Task *t)
{
    Sched *s = t->sched;
    t->unbroken = 0;
    do {
        current = t;
        fiber_switch(&s->root, &t->fiber);
        current = NULL;
        if (t->errand) {
            t->errand(t->errand_user);
        }
    } while (g_steal_pointer(&t->errand));
    if (t->ended) {
        task_end(t);
    }
}

static void leave_task(Task *t)
{
    fiber_switch(&t->fiber, &t->sched->root);
}

bool sched_pause(GError **error)
{
    Task *t = current;
    if (!t) {
        return true;
    }
    make_ready(t);
    leave_task(t);
    return !t->cancelled || error_fail(error, POSTERN_ERROR_CANCELLED, "interrupted");
}

void sched_on_big_stack(void (*func)(void *user), void *user)
{
    Task *t = current;
    if (!t) {
        func(user);
        return;
    }
    t->errand = func;
    t->errand_user = user;
    leave_task(t);
}

Sched *task_sched(const Task *t)
{
    return t->sched;
}

bool task_cancelled(void)
{
    return current && current->cancelled;
}

bool task_breathe(GError **error)
{
    return !current || ++current->unbroken < BREATH || sched_pause(error);
}

void task_wake(Task *t)
{
    if (t->parked) {
        make_ready(t);
    }
}

void sched_cancel(Sched *s, Task *t)
{
    g_assert(t->sched == s);
    t->cancelled = true;
    if (t->parked && !t->shielded) {
        make_ready(t);
    }
}

void sched_cancel_all(Sched *s)
{
    for (GList *l = s->tasks.head; l; l = l->next) {
        sched_cancel(s, l->data);
    }
}

/* --- descriptors --- */

static bool waits_for_anything(const IoWait *w)
{
    return w->fd >= 0 && (w->want_read || w->want_write);
}

static Slot *slot_of(Sched *s, int fd)
{
    if ((guint)fd >= s->slots->len) {
        g_array_set_size(s->slots, (guint)fd + 1);
    }
    return &g_array_index(s->slots, Slot, fd);
}

/* All that a task wants of one descriptor: it may be in its list twice. */
static uint32_t events_wanted(const Task *t, int fd)
{
    uint32_t events = 0;
    for (size_t i = 0; i < t->n_waits; i++) {
        if (t->waits[i].fd == fd) {
            events |=
                (t->waits[i].want_read ? EPOLLIN : 0) | (t->waits[i].want_write ? EPOLLOUT : 0);
        }
    }
    return events;
}

static void take_events(Task *t, int fd, uint32_t events)
{
    bool broken = events & (EPOLLERR | EPOLLHUP);
    for (size_t i = 0; i < t->n_waits; i++) {
        IoWait *w = &t->waits[i];
        if (w->fd == fd) {
            w->ready_read |= w->want_read && (events & EPOLLIN || broken);
            w->ready_write |= w->want_write && (events & EPOLLOUT || broken);
        }
    }
    make_ready(t);
}

/* Arms the descriptor for one event. A closed one left epoll without a word, and its number may be
 * another's now: so what is known is a guess, and the kernel's answer corrects it. */
static int arm(Sched *s, Slot *slot, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events | EPOLLONESHOT, .data.fd = fd};
    int first = slot->known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    int second = slot->known ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    int result = epoll_ctl(s->epoll, first, fd, &event);
    if (result < 0 && (errno == ENOENT || errno == EEXIST)) {
        result = epoll_ctl(s->epoll, second, fd, &event);
    }
    slot->known = result == 0;
    return result;
}

static void forget_waits(Task *t)
{
    for (size_t i = 0; i < t->n_waits; i++) {
        if (waits_for_anything(&t->waits[i])) {
            Slot *slot = slot_of(t->sched, t->waits[i].fd);
            slot->waiter = slot->waiter == t ? NULL : slot->waiter;
        }
    }
    timers_remove(&t->sched->timers, &t->timer);
    t->parked = false;
    t->waits = NULL;
    t->n_waits = 0;
}

static bool watch(Task *t, IoWait *w, GError **error)
{
    Slot *slot = slot_of(t->sched, w->fd);
    if (slot->waiter == t) {
        return true;
    }
    if (slot->waiter) {
        return error_fail(error, POSTERN_ERROR_BUG, "two tasks wait for descriptor %d", w->fd);
    }
    uint32_t events = events_wanted(t, w->fd);
    if (arm(t->sched, slot, w->fd, events) == 0) {
        slot->waiter = t;
    } else if (errno == EPERM || errno == EBADF) {
        /* A regular file is always ready; on a closed one the operation that follows will say so,
         * as with poll(2). */
        take_events(t, w->fd, events);
    } else {
        return error_fail(error, POSTERN_ERROR_IO, "waiting failed: %s", g_strerror(errno));
    }
    return true;
}

bool task_park(IoWait *waits, size_t n, Deadline deadline, bool shielded, TaskWake *ret,
               GError **error)
{
    Task *t = current;
    t->waits = waits;
    t->n_waits = n;
    t->timed_out = false;
    t->shielded = shielded;
    for (size_t i = 0; i < n; i++) {
        if (waits_for_anything(&waits[i]) && !watch(t, &waits[i], error)) {
            forget_waits(t);
            make_unready(t);
            return false;
        }
    }
    timers_add(&t->sched->timers, &t->timer, deadline);
    t->parked = true;
    leave_task(t);
    forget_waits(t);

    if (t->cancelled && !shielded) {
        *ret = TASK_CANCELLED;
    } else {
        *ret = t->timed_out ? TASK_TIMED_OUT : TASK_WOKEN;
    }
    return true;
}

/* --- the loop --- */

/* Those that are ready now; those that become ready meanwhile have their turn after the next look
 * at the descriptors. */
static void run_ready(Sched *s)
{
    for (guint n = g_queue_get_length(&s->ready); n > 0; n--) {
        GList *link = g_queue_pop_head_link(&s->ready);
        Task *t = link->data;
        t->in_ready = false;
        task_run(t);
    }
}

static void wake_late(Sched *s)
{
    Deadline now = deadline_now();
    Timer *timer;
    while ((timer = timers_soonest(&s->timers)) && timer->when <= now) {
        Task *t = (Task *)((char *)timer - offsetof(Task, timer));
        timers_remove(&s->timers, timer);
        t->timed_out = !t->in_ready; /* what has come in time counts as come */
        make_ready(t);
    }
}

static int poll_ms(const Sched *s)
{
    if (!g_queue_is_empty((GQueue *)&s->ready)) {
        return 0;
    }
    const Timer *timer = timers_soonest(&s->timers);
    return timer ? deadline_poll_ms(timer->when) : -1;
}

static void interrupt_all(Sched *s)
{
    s->interrupted = true;
    sched_cancel_all(s);
}

/* One look at the descriptors and the clock. */
static bool wake_ready(Sched *s, int interrupt, GError **error)
{
    struct epoll_event events[EVENTS_AT_ONCE];
    if (g_queue_is_empty(&s->ready)) {
        io_before_waiting();
    }
    int n = epoll_wait(s->epoll, events, G_N_ELEMENTS(events), poll_ms(s));
    if (n < 0 && errno != EINTR) {
        return error_fail(error, POSTERN_ERROR_IO, "waiting failed: %s", g_strerror(errno));
    }
    for (int i = 0; i < n; i++) {
        int fd = events[i].data.fd;
        if (fd == interrupt) {
            interrupt_all(s);
            continue;
        }
        Task *t = slot_of(s, fd)->waiter; /* NULL: it was armed by a wait that ended otherwise */
        if (t) {
            take_events(t, fd, events[i].events);
        }
    }
    wake_late(s);
    return true;
}

static void watch_interrupt(Sched *s, int fd)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT, .data.fd = fd};
    if (fd >= 0 && epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &event) < 0 && errno == EEXIST) {
        epoll_ctl(s->epoll, EPOLL_CTL_MOD, fd, &event);
    }
}

bool sched_run(Sched *s, GError **error)
{
    g_assert(!current && !s->running);
    s->running = true;
    s->interrupted = false;
    int interrupt = io_interrupt_fd();
    watch_interrupt(s, interrupt);
    run_ready(s);
    bool ok = true;
    while (ok && !g_queue_is_empty(&s->tasks)) {
        ok = wake_ready(s, interrupt, error);
        run_ready(s);
    }
    s->running = false;
    if (ok && s->interrupted) {
        return error_fail(error, POSTERN_ERROR_CANCELLED, "interrupted");
    }
    return ok;
}
