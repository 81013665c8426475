/* conduct.c: how clients behaved where something tempted them. */
#include <string.h>

#include "server/sandbox_inside.h"

static SandboxConduct *find(Sandbox *box, const char *what, bool bad)
{
    for (guint i = 0; i < box->conduct->len; i++) {
        SandboxConduct *c = box->conduct->pdata[i];
        if (strcmp(c->what, what) == 0 && c->bad == bad) {
            return c;
        }
    }
    SandboxConduct *c = g_new0(SandboxConduct, 1);
    c->what = g_strdup(what);
    c->bad = bad;
    g_ptr_array_add(box->conduct, c);
    return c;
}

void guest_conduct(Guest *g, bool bad, const char *what, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    SandboxConduct *c = find(g->box, what, bad);
    if (c->times++ == 0) {
        c->example = g_strdup_printf("session %lu (%s): %s", g->number, g->service->name, text);
    }
    guest_tell(g, SANDBOX_CONDUCT, "%s: %s", bad ? "bad" : "good", text);
}
