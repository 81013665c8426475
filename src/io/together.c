/* together.c: tasks beside each other, waited for by the one that began them. */
#include "io/together.h"

#include "io/task.h"

/* How often one who waits for others looks whether it was cancelled: nothing else would tell it. */
#define LOOK_SECONDS 0.1

typedef struct Member Member;

typedef struct {
    Task *leader; /* NULL: outside a scheduler, nobody is to be woken */
    TaskFunc func;
    Member *members;
    size_t left; /* have not ended */
} Company;

struct Member {
    Company *company;
    void *user;
    Task *task; /* NULL: has ended, or was never begun */
};

static void member_main(void *data)
{
    Member *m = data;
    Company *c = m->company;
    c->func(m->user);
    m->task = NULL;
    c->left--;
    if (!c->left && c->leader) {
        task_wake(c->leader);
    }
}

/* Begins them all; those that cannot be begun are done here, afterwards. Suspends. */
static void begin(Company *c, Sched *sched, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        c->members[i].task = sched_spawn(sched, member_main, &c->members[i], NULL);
        c->left += c->members[i].task != NULL;
    }
}

static void do_the_rest(Company *c, const bool *begun, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!begun[i]) {
            c->func(c->members[i].user);
        }
    }
}

static void cancel_members(Company *c, Sched *sched, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (c->members[i].task) {
            sched_cancel(sched, c->members[i].task);
        }
    }
}

/* Shielded: the members use what is the caller's, so that it has to stay. Suspends. */
static void wait_for_all(Company *c, Sched *sched, size_t n)
{
    bool told = false;
    while (c->left) {
        TaskWake wake;
        task_park(NULL, 0, deadline_in(LOOK_SECONDS), true, &wake, NULL);
        if (task_cancelled() && !told) {
            cancel_members(c, sched, n);
            told = true;
        }
    }
}

void io_together(TaskFunc func, void *const *users, size_t n)
{
    g_autofree Member *members = g_new0(Member, n);
    g_autofree bool *begun = g_new0(bool, n);
    Task *leader = sched_current();
    Company c = {.leader = leader, .func = func, .members = members};
    g_autoptr(Sched) own = leader ? NULL : sched_new(NULL);
    Sched *sched = leader ? task_sched(leader) : own;
    for (size_t i = 0; i < n; i++) {
        members[i] = (Member){.company = &c, .user = users[i]};
    }
    if (sched && n > 1) {
        begin(&c, sched, n);
    }
    for (size_t i = 0; i < n; i++) {
        begun[i] = members[i].task != NULL;
    }
    if (own) {
        sched_run(own, NULL);
    } else {
        wait_for_all(&c, sched, n);
    }
    do_the_rest(&c, begun, n);
}

/* --- the gate --- */

/* A place is handed over to who waits for it: nobody can slip in between. */
typedef struct {
    Task *task;
    bool let_in;
} Waiter;

static bool wait_at(Gate *gate, Task *task, GError **error)
{
    Waiter waiter = {.task = task};
    TaskWake wake = task_cancelled() ? TASK_CANCELLED : TASK_WOKEN; /* parked, it would stay so */
    bool parked = true;
    g_queue_push_tail(&gate->waiting, &waiter);
    while (parked && !waiter.let_in && wake != TASK_CANCELLED) {
        parked = task_park(NULL, 0, DEADLINE_NEVER, false, &wake, error);
    }
    if (parked && wake != TASK_CANCELLED) {
        return true;
    }
    g_queue_remove(&gate->waiting, &waiter);
    if (waiter.let_in) {
        gate_leave(gate);
    }
    return parked && error_fail(error, POSTERN_ERROR_CANCELLED, "interrupted");
}

bool gate_enter(Gate *gate, GError **error)
{
    Task *task = sched_current();
    if (task && (gate->inside >= gate->limit || !g_queue_is_empty(&gate->waiting))) {
        return wait_at(gate, task, error);
    }
    gate->inside++;
    return true;
}

bool gate_try(Gate *gate)
{
    bool room = gate->inside < gate->limit && g_queue_is_empty(&gate->waiting);
    gate->inside += room;
    return room;
}

void gate_push_in(Gate *gate)
{
    gate->inside++;
}

static void let_in(Gate *gate)
{
    while (gate->inside < gate->limit && !g_queue_is_empty(&gate->waiting)) {
        Waiter *next = g_queue_pop_head(&gate->waiting);
        next->let_in = true;
        gate->inside++;
        task_wake(next->task);
    }
}

void gate_leave(Gate *gate)
{
    gate->inside--;
    let_in(gate);
}

void gate_set_limit(Gate *gate, unsigned limit)
{
    gate->limit = MAX(limit, 1U);
    let_in(gate);
}

/* --- the bell --- */

bool bell_wait(Bell *bell, GError **error)
{
    TaskWake wake = task_cancelled() ? TASK_CANCELLED : TASK_WOKEN;
    bool parked = true;
    bell->waiting = sched_current();
    while (bell->waiting && parked && !bell->rung && wake != TASK_CANCELLED) {
        parked = task_park(NULL, 0, DEADLINE_NEVER, false, &wake, error);
    }
    bell->waiting = NULL;
    bell->rung = false;
    return parked &&
           (wake != TASK_CANCELLED || error_fail(error, POSTERN_ERROR_CANCELLED, "interrupted"));
}

void bell_ring(Bell *bell)
{
    bell->rung = true;
    if (bell->waiting) {
        task_wake(bell->waiting);
    }
}
