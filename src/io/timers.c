/* timers.c: the heap of deadlines. */
#include "io/timers.h"

void timers_init(Timers *t)
{
    t->heap = g_ptr_array_new();
}

void timers_clear(Timers *t)
{
    g_clear_pointer(&t->heap, g_ptr_array_unref);
}

static Timer *at(const Timers *t, size_t index)
{
    return g_ptr_array_index(t->heap, index);
}

static void put(Timers *t, size_t index, Timer *timer)
{
    g_ptr_array_index(t->heap, index) = timer;
    timer->place = index + 1;
}

static void sift_up(Timers *t, size_t index)
{
    Timer *timer = at(t, index);
    while (index > 0 && timer->when < at(t, (index - 1) / 2)->when) {
        put(t, index, at(t, (index - 1) / 2));
        index = (index - 1) / 2;
    }
    put(t, index, timer);
}

static void sift_down(Timers *t, size_t index)
{
    Timer *timer = at(t, index);
    while (2 * index + 1 < t->heap->len) {
        size_t child = 2 * index + 1;
        if (child + 1 < t->heap->len && at(t, child + 1)->when < at(t, child)->when) {
            child++;
        }
        if (timer->when <= at(t, child)->when) {
            break;
        }
        put(t, index, at(t, child));
        index = child;
    }
    put(t, index, timer);
}

void timers_add(Timers *t, Timer *timer, Deadline when)
{
    timers_remove(t, timer);
    timer->when = when;
    if (when == DEADLINE_NEVER) {
        return;
    }
    g_ptr_array_add(t->heap, timer);
    sift_up(t, t->heap->len - 1);
}

void timers_remove(Timers *t, Timer *timer)
{
    if (timer->place == 0) {
        return;
    }
    size_t index = timer->place - 1;
    timer->place = 0;
    Timer *last = at(t, t->heap->len - 1);
    g_ptr_array_set_size(t->heap, (int)t->heap->len - 1);
    if (last == timer) {
        return;
    }
    put(t, index, last);
    sift_down(t, index);
    sift_up(t, last->place - 1);
}

Timer *timers_soonest(const Timers *t)
{
    return t->heap->len > 0 ? at(t, 0) : NULL;
}
