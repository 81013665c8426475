/* sandboxed.h: a session of the sandbox over a script: what the client says is written down, and
 * what the server is expected to answer. For unit tests and fuzz targets. */
#pragma once

#include "io/script.h"
#include "server/sandbox_inside.h"

typedef struct {
    SandboxPlan plan;
    GPtrArray *users;
    Sandbox box;
} Sandboxed;

static inline void sandboxed_user_free(gpointer data)
{
    SandboxUser *user = data;
    g_free(user->name);
    secret_free(user->password);
    g_free(user);
}

/* In memory; one user, joe, with the password "pencil". */
static inline void sandboxed_begin(Sandboxed *s)
{
    *s = (Sandboxed){0};
    s->users = g_ptr_array_new_with_free_func(sandboxed_user_free);
    SandboxUser *joe = g_new0(SandboxUser, 1);
    *joe = (SandboxUser){g_strdup("joe"), secret_new("pencil", 6)};
    g_ptr_array_add(s->users, joe);
    s->plan = (SandboxPlan){.users = s->users, .cleartext_auth = true, .max_size = 100000};
    s->box.plan = &s->plan;
    s->box.store = mailstore_new(NULL, NULL);
    s->box.conduct = g_ptr_array_new();
    s->box.arrivals = g_ptr_array_new_with_free_func(arrived_free);
    s->box.waiters = g_ptr_array_new();
    s->box.tokens = g_ptr_array_new();
}

static inline void sandboxed_end(Sandboxed *s)
{
    for (guint i = 0; i < s->box.conduct->len; i++) {
        SandboxConduct *c = s->box.conduct->pdata[i];
        g_free(c->what);
        g_free(c->example);
        g_free(c);
    }
    g_ptr_array_unref(s->box.conduct);
    g_ptr_array_unref(s->box.arrivals);
    g_ptr_array_unref(s->box.waiters);
    g_ptr_array_unref(s->box.tokens);
    mailstore_free(s->box.store);
    g_ptr_array_unref(s->users);
}

/* One whole session. Takes the stream. True when it came to its own end. */
static inline bool sandboxed_serve(Sandboxed *s, const char *service, Stream *stream,
                                   GError **error)
{
    const Service *row = services;
    while (strcmp(row->name, service) != 0) {
        row++;
    }
    Guest g = {.box = &s->box,
               .service = row,
               .wire = wire_new(stream, 5),
               .number = 1,
               .peer = (char *)"test",
               .cut = -1,
               .out = g_string_new(NULL)};
    bool ok = row->serve(&g, error) && guest_flush(&g, error);
    wire_free(g.wire);
    g_string_free(g.out, TRUE);
    g_free(g.user);
    g_free(g.from);
    g_free(g.to);
    return ok;
}

/* The same, with a client that says whatever it likes and reads nothing; how it ends is not told.
 */
static inline void sandboxed_hear(Sandboxed *s, const char *service, Bytes said)
{
    g_autofree char *hex = bytes_hex(said);
    g_autofree char *text = g_strdup_printf("<= %s\n", hex);
    g_autoptr(GError) error = NULL;
    Stream *stream = script_stream(bytes_of(text), (ScriptOptions){.loose = true}, NULL);
    if (stream) {
        sandboxed_serve(s, service, stream, &error);
    }
}
