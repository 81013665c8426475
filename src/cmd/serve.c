/* serve.c: `postern serve`: the sandbox server: its options, its plan, its life. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/escape.h"
#include "cmd/interrupt.h"
#include "cmd/password.h"
#include "cmd/serve.h"
#include "report/sandbox_log.h"
#include "sasl/server.h"

#define FIELD(name) G_STRUCT_OFFSET(ServeOptions, name)
enum { PASSWORD_OCTETS = 9, HIGHEST_OFFSET = 1000 };

static const Option options[] = {
    {"user", 0, OPTION_LIST, FIELD(users), "NAME[:FILE]",
     "a user, and the file with the password; without it one is made up and shown"},
    {"accept-any", 0, OPTION_BOOL, FIELD(accept_any), NULL, "any user with any password"},
    {"fault", 0, OPTION_LIST, FIELD(faults), "NAME[=ARGS][@WHEN]", "what is to go wrong"},
    {"list-faults", 0, OPTION_BOOL, FIELD(list_faults), NULL, "show the faults there are"},
    {"assert-client", 0, OPTION_BOOL, FIELD(assert_client), NULL,
     "exit status 1 when a client did what it must not"},
    {"run", 0, OPTION_STRING, FIELD(run), "COMMAND",
     "serve as long as COMMAND runs, with ports and files in its environment"},
    {"env", 0, OPTION_BOOL, FIELD(env), NULL, "print ports and files as KEY=VALUE lines"},
    {"json", 0, OPTION_BOOL, FIELD(json), NULL, "print them, or the report, as JSON"},
    {"log", 0, OPTION_FILE, FIELD(log), "FILE", "write all that is said as JSON lines"},
    {"show-secrets", 0, OPTION_BOOL, FIELD(show_secrets), NULL,
     "passwords and tokens in the log and on the terminal"},
    {"exit-after", 0, OPTION_INT, FIELD(exit_after), "N", "end when N messages have come"},
    {"bind", 0, OPTION_STRING, FIELD(bind), "ADDR", "listen there instead of 127.0.0.1"},
    {"base-port", 0, OPTION_INT, FIELD(base_port), "N",
     "SMTP is N+25, IMAP N+143 ...; else any free ports"},
    {"lmtp-socket", 0, OPTION_FILE, FIELD(lmtp_socket), "PATH", "LMTP on a unix socket too"},
    {"https", 0, OPTION_BOOL, FIELD(https), NULL, "a status page over HTTPS too"},
    {"tls-echo", 0, OPTION_BOOL, FIELD(echo), NULL, "a port too that echoes inside TLS"},
    {"host", 0, OPTION_STRING, FIELD(host), "NAME",
     "the server's own name, in greetings and its certificate"},
    {"cert", 0, OPTION_FILE, FIELD(cert), "FILE", "a certificate, PEM, instead of one made here"},
    {"key", 0, OPTION_FILE, FIELD(key), "FILE", "its key"},
    {"tls-min", 0, OPTION_CHOICE, FIELD(tls_min), "VERSION", "the lowest version of TLS",
     "1.0|1.1|1.2|1.3"},
    {"tls-max", 0, OPTION_CHOICE, FIELD(tls_max), "VERSION", "the highest version of TLS",
     "1.0|1.1|1.2|1.3"},
    {"mechanisms", 0, OPTION_STRING, FIELD(mechanisms), "MECH[,MECH]",
     "offer these, not all that the server has"},
    {"token-file", 0, OPTION_FILE, FIELD(token_file), "FILE",
     "access tokens: lines USER TOKEN, for OAUTHBEARER and XOAUTH2"},
    {"jwt-key", 0, OPTION_FILE, FIELD(jwt_key), "FILE",
     "tokens are signed (JWT): the public key, PEM, or the secret that is shared"},
    {"jwt-issuer", 0, OPTION_STRING, FIELD(jwt_issuer), "NAME", "who must have issued them"},
    {"jwt-audience", 0, OPTION_STRING, FIELD(jwt_audience), "NAME", "whom they must be meant for"},
    {"keytab", 0, OPTION_FILE, FIELD(keytab), "FILE", "offer GSSAPI, with the key in FILE"},
    {"allow-cleartext-auth", 0, OPTION_BOOL, FIELD(cleartext), NULL,
     "offer and take passwords outside TLS too"},
    {"max-size", 0, OPTION_INT, FIELD(max_size), "OCTETS", "the largest message (default: 50 MB)"},
    {"discard", 0, OPTION_BOOL, FIELD(discard), NULL, "take messages and forget them"},
    {"from-transcript", 0, OPTION_FILE, FIELD(transcript), "FILE",
     "serve a conversation that talk has recorded, on one port"},
    {"to", 0, OPTION_STRING, FIELD(to), "ADDRESS",
     "wait: for a message to ADDRESS; '*' is anybody"},
    {"subject", 0, OPTION_STRING, FIELD(subject), "REGEX", "wait: with such a subject"},
    {"timeout", 0, OPTION_STRING, FIELD(timeout), "TIME", "wait: that long (default: 10s)"},
    {"print", 0, OPTION_CHOICE, FIELD(print), "WHAT", "wait: not the message, but that of it",
     "link|code|path|json"},
    {"quiet", 'q', OPTION_BOOL, FIELD(quiet), NULL, "show nothing of what happens"},
    {"verbose", 'v', OPTION_BOOL, FIELD(verbose), NULL,
     "show what happens, though standard error is no terminal"},
    {0},
};

/* --- users --- */

static void user_free(gpointer data)
{
    SandboxUser *user = data;
    g_free(user->name);
    secret_free(user->password);
    g_free(user);
}

static void made_up_free(gpointer data)
{
    ServeMadeUp *m = data;
    g_free(m->name);
    secret_wipe(m->password, strlen(m->password));
    g_free(m->password);
    g_free(m);
}

static Secret *make_up_password(Serve *s, const char *name)
{
    uint8_t random[PASSWORD_OCTETS];
    digest_random(random, sizeof(random));
    ServeMadeUp *m = g_new0(ServeMadeUp, 1);
    m->name = g_strdup(name);
    m->password = bytes_hex((Bytes){(const char *)random, sizeof(random)});
    g_ptr_array_add(s->made_up, m);
    return secret_new(m->password, strlen(m->password));
}

/* "NAME:FILE", or "NAME". */
static bool add_user(Serve *s, GPtrArray *users, const char *text, GError **error)
{
    const char *colon = strchr(text, ':');
    SandboxUser *user = g_new0(SandboxUser, 1);
    g_ptr_array_add(users, user);
    user->name = colon ? g_strndup(text, (gsize)(colon - text)) : g_strdup(text);
    if (!*user->name || strchr(user->name, '/')) {
        return error_fail(error, POSTERN_ERROR_USAGE, "--user takes NAME or NAME:FILE");
    }
    if (!colon) {
        user->password = make_up_password(s, user->name);
        return true;
    }
    const PasswordWay way = {
        .kind = PASSWORD_BY_FILE, .value = colon + 1, .said = (char *)"--user"};
    user->password = password_get(&way, user->name, NULL, false, error);
    return user->password != NULL;
}

/* Nobody is named: then there is one, so that one can log in at all. */
static bool add_users(Serve *s, GPtrArray *users, GError **error)
{
    const ServeOptions *o = s->options;
    if (!o->users && !o->accept_any) {
        return add_user(s, users, "user", error);
    }
    for (char **u = o->users; u && *u; u++) {
        if (!add_user(s, users, *u, error)) {
            return false;
        }
    }
    return true;
}

/* --- the plan --- */

static bool add_faults(GPtrArray *faults, char **texts, GError **error)
{
    for (char **f = texts; f && *f; f++) {
        Fault *fault = fault_parse(*f, error);
        if (!fault) {
            return false;
        }
        g_ptr_array_add(faults, fault);
    }
    return true;
}

static bool is_served(const char *mechanism)
{
    return g_strv_contains((const gchar *const *)sasl_server_mechanisms, mechanism);
}

/* NULL: those that the server chooses. A keytab is given to be used. */
static bool choose_mechanisms(const ServeOptions *o, char ***ret, GError **error)
{
    if (o->mechanisms) {
        g_autofree char *upper = g_ascii_strup(o->mechanisms, -1);
        *ret = g_strsplit(upper, ",", -1);
        for (char **m = *ret; *m; m++) {
            if (!is_served(g_strstrip(*m))) {
                g_autofree char *all = g_strjoinv(", ", (char **)sasl_server_mechanisms);
                return error_fail(error, POSTERN_ERROR_USAGE, "--mechanisms: '%s' is none of %s",
                                  *m, all);
            }
        }
    } else if (o->keytab) {
        g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
        for (size_t i = 0; sasl_server_mechanisms[i]; i++) {
            if (strcmp(sasl_server_mechanisms[i], "ANONYMOUS") != 0) {
                g_strv_builder_add(builder, sasl_server_mechanisms[i]);
            }
        }
        *ret = g_strv_builder_end(builder);
    }
    return true;
}

static bool check_numbers(const ServeOptions *o, GError **error)
{
    if (o->base_port < 0 || o->base_port > G_MAXUINT16 - HIGHEST_OFFSET) {
        return error_fail(error, POSTERN_ERROR_USAGE, "--base-port is from 1 to %d",
                          G_MAXUINT16 - HIGHEST_OFFSET);
    }
    if (o->exit_after < 0 || o->max_size < 0) {
        return error_fail(error, POSTERN_ERROR_USAGE, "--exit-after and --max-size are from 1 on");
    }
    if ((o->jwt_issuer || o->jwt_audience) && !o->jwt_key) {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "--jwt-issuer and --jwt-audience go with --jwt-key");
    }
    return !o->key || o->cert || error_fail(error, POSTERN_ERROR_USAGE, "--key goes with --cert");
}

static bool check_options(const ServeOptions *o, char **args, SandboxPlan *plan, GError **error)
{
    const ListenAddress bound = {.host = o->bind};
    if (args[0] && args[1]) {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "one directory is enough; to run a command there is --run");
    }
    if (!check_numbers(o, error) ||
        (o->tls_min && !tls_version_parse(o->tls_min, &plan->tls_min, error)) ||
        (o->tls_max && !tls_version_parse(o->tls_max, &plan->tls_max, error))) {
        return false;
    }
    if (o->bind && !listen_address_is_local(&bound)) {
        g_autofree char *shown = escape_line(bytes_of(o->bind));
        fprintf(stderr,
                "postern: warning: at %s others reach the sandbox too, and it takes mail from "
                "anybody\n",
                shown);
    }
    if (o->keytab) {
        g_setenv("KRB5_KTNAME", o->keytab, TRUE); /* before there is a thread */
    }
    return true;
}

/* --- its life --- */

/* Each session takes one descriptor. */
static void raise_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = MIN(limit.rlim_max, 65536);
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

typedef struct {
    Serve *s;
    Sched *sched;
    GError *failure;
} Life;

static void live(void *user)
{
    Life *l = user;
    Serve *s = l->s;
    if (!sandbox_run(s->box, l->sched, &l->failure)) {
        return;
    }
    serve_tell_ready(s);
    if (s->options->run && !serve_start_command(s, l->sched, &l->failure)) {
        sandbox_stop(s->box);
    }
}

/* A signal ends it as everything else does: in good order, with its report. */
static bool serve(Serve *s, const SandboxPlan *plan, GError **error)
{
    s->box = sandbox_open(plan, error);
    g_autoptr(Sched) sched = s->box ? sched_new(error) : NULL;
    Life life = {s, sched, NULL};
    if (!sched || !interrupt_begin(error) || !sched_spawn(sched, live, &life, error)) {
        return false;
    }
    GError *ended = NULL;
    bool ok =
        sched_run(sched, &ended) || g_error_matches(ended, POSTERN_ERROR, POSTERN_ERROR_CANCELLED);
    interrupt_end();
    if (!ok || life.failure) {
        g_propagate_error(error, life.failure ? life.failure : g_steal_pointer(&ended));
    }
    g_clear_error(&ended);
    return ok && !life.failure;
}

static bool open_log(Serve *s, GError **error)
{
    s->live =
        !s->options->quiet && !s->options->run && (s->options->verbose || isatty(STDERR_FILENO));
    s->live = s->live || (s->options->verbose && !s->options->quiet);
    if (!s->options->log) {
        return true;
    }
    s->log = fopen(s->options->log, "we");
    return s->log || error_fail(error, POSTERN_ERROR_CANT_CREATE, "--log: cannot write %s: %s",
                                s->options->log, g_strerror(errno));
}

/* What --assert-client and --run make of the exit status. */
static int conclude(Serve *s)
{
    bool bad = sandbox_misbehaved(s->box);
    const GPtrArray *faults = sandbox_plan(s->box)->faults;
    if (!s->options->quiet && (sandbox_conduct(s->box)->len > 0 || faults->len > 0)) {
        g_autofree char *report = sandbox_report(s->box, false);
        fputs(report, stderr);
    }
    if (s->log_failed) {
        fprintf(stderr, "postern: --log: not everything could be written\n");
        return 74;
    }
    if (s->options->run && s->run_status) {
        return s->run_status;
    }
    return bad && s->options->assert_client ? 1 : 0;
}

static int serve_plan(Serve *s, SandboxPlan *plan)
{
    GError *error = NULL;
    bool ok = open_log(s, &error) && serve(s, plan, &error);
    int status = ok ? conclude(s) : command_fail(error);
    sandbox_free(s->box);
    if (s->log) {
        fclose(s->log);
    }
    return status;
}

static int serve_options(const ServeOptions *o, char **args)
{
    GError *error = NULL;
    Serve s = {.options = o, .made_up = g_ptr_array_new_with_free_func(made_up_free)};
    g_autoptr(GPtrArray) made_up = s.made_up; /* goes with this function */
    (void)made_up;
    g_autoptr(GPtrArray) users = g_ptr_array_new_with_free_func(user_free);
    g_autoptr(GPtrArray) faults = g_ptr_array_new_with_free_func((GDestroyNotify)fault_free);
    g_autoptr(GPtrArray) script = NULL;
    g_auto(GStrv) mechanisms = NULL;
    g_autofree char *directory = args[0] ? g_canonicalize_filename(args[0], NULL) : NULL;
    const char *requested[3] = {o->https  ? "https"
                                : o->echo ? "echo"
                                          : NULL,
                                o->https && o->echo ? "echo" : NULL, NULL};
    SandboxPlan plan = {.directory = directory,
                        .bind = g_strcmp0(o->bind, "localhost") == 0 ? NULL : o->bind,
                        .host = o->host,
                        .base_port = (uint16_t)o->base_port,
                        .lmtp_socket = o->lmtp_socket,
                        .users = users,
                        .accept_any = o->accept_any,
                        .token_file = o->token_file,
                        .jwt_key_file = o->jwt_key,
                        .jwt_issuer = o->jwt_issuer,
                        .jwt_audience = o->jwt_audience,
                        .cert_file = o->cert,
                        .key_file = o->key,
                        .on_request = requested,
                        .faults = faults,
                        .max_size = (uint64_t)o->max_size,
                        .cleartext_auth = o->cleartext,
                        .show_secrets = o->show_secrets,
                        .discard = o->discard,
                        .report = sandbox_report,
                        .exit_after = (unsigned)o->exit_after};
    bool ok = check_options(o, args, &plan, &error) && add_users(&s, users, &error) &&
              add_faults(faults, o->faults, &error) && choose_mechanisms(o, &mechanisms, &error);
    if (ok && o->transcript) {
        script = serve_read_script(o->transcript, &error);
        ok = script != NULL;
    }
    if (!ok) {
        return command_fail(error);
    }
    plan.script = script;
    plan.mechanisms = (const char *const *)mechanisms;
    bool watched = o->log || o->verbose || (!o->quiet && isatty(STDERR_FILENO));
    plan.observer = watched ? serve_observe : NULL;
    plan.observer_user = &s;
    raise_limit();
    return serve_plan(&s, &plan);
}

static int list_faults(void)
{
    for (const FaultRow *row = fault_rows; row->name; row++) {
        bool optional = row->arguments && *row->arguments == '[';
        printf("%s%s%s%s%s%s\n    %s\n", row->name,
               optional         ? "[="
               : row->arguments ? "="
                                : "",
               row->arguments ? row->arguments + optional : "", row->protocols ? "   (" : "",
               row->protocols ? row->protocols : "", row->protocols ? ")" : "", row->summary);
    }
    return 0;
}

static int run(void *values, char **args)
{
    static const struct {
        const char *word;
        int (*run)(const ServeOptions *o, char **args);
    } subcommands[] = {{"wait", serve_wait}, {"report", serve_report}, {"stop", serve_stop}};
    const ServeOptions *o = values;
    if (o->list_faults) {
        return list_faults();
    }
    for (size_t i = 0; args[0] && i < G_N_ELEMENTS(subcommands); i++) {
        if (strcmp(args[0], subcommands[i].word) == 0) {
            return subcommands[i].run(o, args + 1);
        }
    }
    return serve_options(o, args);
}

const Command cmd_serve = {
    .name = "serve",
    .summary = "a sandbox mail server, with faults on request",
    .arguments = "[DIR] | wait [DIR] | report [DIR] | stop [DIR]",
    .words = "wait|report|stop",
    .text = "SMTP, submission, LMTP, POP3 and IMAP on loopback, with STARTTLS, TLS and every\n"
            "login mechanism; for whoever writes or tests what speaks with mail servers.\n"
            "With DIR its mail, authority and certificate stay there; without, all is gone at the\n"
            "end. wait, report and stop ask one that runs: DIR, or $DIR, says which.\n",
    .examples = "  postern serve --accept-any\n"
                "  postern serve --run 'npm test'\n"
                "  postern serve --fault starttls-stripped --assert-client --run ./client\n"
                "  postern serve --fault 'reply=451 later@cmd=RCPT,to=joe@example.org,nth=1'\n"
                "  postern serve wait --to joe@example.org --print=link\n",
    .options = options,
    .values_size = sizeof(ServeOptions),
    .run = run,
};
