/* serve.c: `postern serve`: the sandbox server. */
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "cmd/command.h"
#include "cmd/interrupt.h"
#include "cmd/password.h"
#include "server/sandbox.h"

typedef struct {
    char *bind, *host, *token_file, *cert, *key, *tls_min, *tls_max;
    int base_port, exit_after;
    char **users, **faults;
    bool accept_any, cleartext, env, list_faults, show_secrets, quiet;
} ServeOptions;

static const Option options[] = {
    {"bind", 0, OPTION_STRING, G_STRUCT_OFFSET(ServeOptions, bind), "ADDR",
     "listen there instead of 127.0.0.1"},
    {"host", 0, OPTION_STRING, G_STRUCT_OFFSET(ServeOptions, host), "NAME",
     "the server's own name, in greetings and its certificate"},
    {"base-port", 0, OPTION_INT, G_STRUCT_OFFSET(ServeOptions, base_port), "N",
     "SMTP is N+25, IMAP N+143 ...; else any free ports"},
    {"user", 0, OPTION_LIST, G_STRUCT_OFFSET(ServeOptions, users), "NAME[:FILE]",
     "a user, and the file with the password"},
    {"accept-any", 0, OPTION_BOOL, G_STRUCT_OFFSET(ServeOptions, accept_any), NULL,
     "any user with any password"},
    {"fault", 0, OPTION_LIST, G_STRUCT_OFFSET(ServeOptions, faults), "NAME[=ARGS][@WHEN]",
     "what is to go wrong"},
    {"list-faults", 0, OPTION_BOOL, G_STRUCT_OFFSET(ServeOptions, list_faults), NULL,
     "show the faults there are"},
    {"env", 0, OPTION_BOOL, G_STRUCT_OFFSET(ServeOptions, env), NULL,
     "print ports and files as KEY=VALUE lines"},
    {NULL},
};

static void user_free(gpointer data)
{
    SandboxUser *user = data;
    g_free(user->name);
    secret_free(user->password);
    g_free(user);
}

/* "NAME:FILE", or "NAME": then the password is made up and shown. */
static bool add_user(GPtrArray *users, const char *text, GError **error)
{
    const char *colon = strchr(text, ':');
    SandboxUser *user = g_new0(SandboxUser, 1);
    g_ptr_array_add(users, user);
    user->name = colon ? g_strndup(text, (gsize)(colon - text)) : g_strdup(text);
    if (!colon) {
        user->password = secret_new("secret", 6);
        return true;
    }
    const PasswordWay way = {
        .kind = PASSWORD_BY_FILE, .value = colon + 1, .said = (char *)"--user"};
    user->password = password_get(&way, user->name, NULL, false, error);
    return user->password != NULL;
}

static void show_env(const Sandbox *box)
{
    for (const Service *s = services; s->name; s++) {
        if (sandbox_port(box, s)) {
            printf("%s=%u\n", s->variable, sandbox_port(box, s));
        }
    }
    printf("CA=%s\n", sandbox_ca_file(box));
    fflush(stdout);
}

static int list_faults(void)
{
    for (const FaultRow *row = fault_rows; row->name; row++) {
        printf("%s%s%s\n    %s\n", row->name, row->arguments ? "=" : "",
               row->arguments ? row->arguments : "", row->summary);
    }
    return 0;
}

static bool serve(const SandboxPlan *plan, GError **error)
{
    g_autoptr(Sandbox) box = sandbox_open(plan, error);
    g_autoptr(Sched) sched = box ? sched_new(error) : NULL;
    if (!sched) {
        return false;
    }
    if (!interrupt_begin(error)) {
        return false;
    }
    show_env(box);
    return sandbox_run(box, sched, error) && sched_run(sched, error);
}

static int run(void *values, char **args)
{
    const ServeOptions *o = values;
    GError *error = NULL;
    if (o->list_faults) {
        return list_faults();
    }
    g_autoptr(GPtrArray) users = g_ptr_array_new_with_free_func(user_free);
    g_autoptr(GPtrArray) faults = g_ptr_array_new_with_free_func((GDestroyNotify)fault_free);
    for (char **u = o->users; u && *u; u++) {
        if (!add_user(users, *u, &error)) {
            return command_fail(error);
        }
    }
    for (char **f = o->faults; f && *f; f++) {
        Fault *fault = fault_parse(*f, &error);
        if (!fault) {
            return command_fail(error);
        }
        g_ptr_array_add(faults, fault);
    }
    const SandboxPlan plan = {.directory = args[0],
                              .bind = o->bind,
                              .host = o->host,
                              .base_port = (uint16_t)o->base_port,
                              .users = users,
                              .faults = faults,
                              .accept_any = o->accept_any};
    return serve(&plan, &error) ? 0 : command_fail(error);
}

const Command cmd_serve = {
    .name = "serve",
    .summary = "a sandbox mail server, with faults on request",
    .arguments = "[DIR]",
    .options = options,
    .values_size = sizeof(ServeOptions),
    .run = run,
};
