/* tunnel.c: `postern tunnel`: a local port that leads through SSH, or through TLS, to a mail
 * server: for clients that cannot go that way themselves. */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/escape.h"
#include "cmd/interrupt.h"
#include "cmd/tunnel.h"

#define FIELD(name) offsetof(TunnelOptions, name)
#define CONNECTIONS_DEFAULT 256
/* sshd begins to drop logins at ten unfinished ones (MaxStartups). */
#define OPENING_MAX 8

static const Option options[] = {
    {"background", 0, OPTION_BOOL, FIELD(background), NULL,
     "return once the port listens and the way is proven, and go on in the background", NULL},
    {"once", 0, OPTION_BOOL, FIELD(once), NULL, "serve one connection, and end with it", NULL},
    {"for", 0, OPTION_STRING, FIELD(duration), "TIME",
     "take connections that long: 30s, 5m, 2h; those open then may end by themselves", NULL},
    {"allow", 0, OPTION_LIST, FIELD(allow), "USER",
     "let this user of this machine connect too, or anyone; repeatable (default: only you)", NULL},
    {"max-connections", 0, OPTION_INT, FIELD(max_connections), "NUMBER",
     "at most that many at once; others wait (default: 256)", NULL},
    {"pid-file", 0, OPTION_FILE, FIELD(pid_file), "FILE",
     "write the number of the process that keeps the port to FILE", NULL},
    {0},
};

void tunnel_say(const Tunnel *t, bool verbose, const char *format, ...)
{
    if (t->options->connect.quiet || (verbose && !t->options->connect.verbose)) {
        return;
    }
    va_list list;
    va_start(list, format);
    g_autofree char *text = g_strdup_vprintf(format, list);
    va_end(list);
    g_autofree char *shown = escape_text(bytes_of(text));
    fprintf(stderr, "postern: %s\n", shown);
}

/* --- options --- */

/* "90", "30s", "5m", "2h", "1d". */
static bool parse_duration(const char *text, double *ret, GError **error)
{
    static const struct {
        const char *unit;
        double seconds;
    } units[] = {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
    char *end = NULL;
    double number = g_ascii_strtod(text, &end);
    bool plain = end > text && strspn(text, "0123456789.") == (size_t)(end - text);
    for (size_t i = 0; plain && i < G_N_ELEMENTS(units); i++) {
        if (strcmp(end, units[i].unit) == 0 && number > 0 && number < 1e7) {
            *ret = number * units[i].seconds;
            return true;
        }
    }
    g_autofree char *shown = escape_line_max(bytes_of(text), 40);
    return error_fail(error, POSTERN_ERROR_USAGE,
                      "--for takes a time such as 30s, 5m or 2h, not \"%s\"", shown);
}

typedef struct {
    const char *local, *url;
    char **command;
} Words;

static bool looks_like_url(const char *word)
{
    return strstr(word, "://") != NULL;
}

static bool take_words(const TunnelOptions *o, char **args, Words *ret, GError **error)
{
    if (!args[0]) {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "what should be listened on, and where should it lead? postern tunnel "
                          "127.0.0.1:11110 pop3://mail.example.org");
    }
    if (looks_like_url(args[0])) {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "what is listened on comes first: postern tunnel 127.0.0.1:11110 %s",
                          args[0]);
    }
    *ret = (Words){.local = args[0]};
    char **rest = args + 1;
    if (*rest && (looks_like_url(*rest) || !o->connect.account)) {
        ret->url = *rest++;
    }
    ret->command = *rest ? rest : NULL;
    return true;
}

static bool check_options(TunnelOptions *o, const Words *words, GError **error)
{
    if (o->connect.transcript) {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "a tunnel keeps no transcript: what goes through it holds your client's "
                          "passwords");
    }
    if (o->background && words->command) {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "--background and a command exclude each other: the tunnel is there for "
                          "the command's life");
    }
    if (o->background && getenv("LISTEN_FDS")) {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "--background is not for sockets that a service manager hands over "
                          "(LISTEN_FDS)");
    }
    o->max_connections = o->max_connections ? o->max_connections : CONNECTIONS_DEFAULT;
    return true;
}

/* --- what kind of tunnel --- */

/* With hops it is a byte pipe, unless somebody says what TLS he wants; to a server without TLS, and
 * with --tls=off, there is nothing to translate. */
static bool is_pipe(const Tunnel *t)
{
    const Scheme *scheme = t->plan->target->scheme;
    bool hops = t->plan->dial.via && *t->plan->dial.via;
    bool tls = scheme->tls_first || t->front;
    return !tls || (hops && !t->options->connect.tls) || t->plan->tls.demand == TLS_OFF;
}

static bool check_kind(const Tunnel *t, GError **error)
{
    const Scheme *scheme = t->plan->target->scheme;
    bool hops = t->plan->dial.via && *t->plan->dial.via;
    bool has_upgrade = scheme->proto->ask_tls != NULL;
    if (!t->pipe || hops || t->options->connect.tls || !has_upgrade) {
        return true;
    }
    return error_fail(error, POSTERN_ERROR_USAGE,
                      "%s:// upgrades to TLS in a way that a tunnel cannot take over for its "
                      "client: say --tls=off for a plain byte pipe, or --via",
                      scheme->name);
}

static void tell_kind(const Tunnel *t)
{
    const Target *target = t->plan->target;
    const DialPlan *dial = &t->plan->dial;
    bool hops = dial->via && *dial->via;
    if (t->pipe && !hops && !target->unix_path && !target->scheme->tls_first) {
        tunnel_say(t, false, "warning: nothing is encrypted on the way to %s", target->host);
    } else if (t->pipe && hops && !target->scheme->tls_first) {
        size_t last = g_strv_length((char **)dial->via) - 1;
        tunnel_say(t, true,
                   "beyond the last hop (%s) it is encrypted only if your client asks for TLS; "
                   "--tls=required makes the tunnel do that",
                   dial->via[last]);
    }
}

static bool prepare(Tunnel *t, const Words *words, GError **error)
{
    const TunnelOptions *o = t->options;
    t->connection = connection_new(&o->connect, words->url, NULL, error);
    if (!t->connection) {
        return false;
    }
    t->plan = connection_plan(t->connection);
    t->share = ssh_share_new();
    t->plan->dial.ssh_share = t->share;
    t->front = front_of(t->plan->target->scheme->proto);
    t->pipe = is_pipe(t);
    t->command = words->command;
    t->seconds = -1;
    return check_kind(t, error) && tunnel_take_allow(t, error) &&
           (!o->duration || parse_duration(o->duration, &t->seconds, error));
}

/* --- its life --- */

/* Each connection takes up to five descriptors. */
static void raise_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = MIN(limit.rlim_max, 65536);
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static bool write_pid_file(const Tunnel *t, GError **error)
{
    g_autofree char *text = g_strdup_printf("%d\n", (int)getpid());
    g_autoptr(GError) why = NULL;
    return !t->options->pid_file || g_file_set_contents(t->options->pid_file, text, -1, &why) ||
           error_fail(error, POSTERN_ERROR_CANT_CREATE, "--pid-file: %s", why->message);
}

/* Whoever started this may read where it listens, which with port 0 nobody knows before. */
static void announce(const Tunnel *t)
{
    for (guint i = 0; i < t->listeners->len && !t->command; i++) {
        printf("%s%s", i ? " " : "", listener_text(g_ptr_array_index(t->listeners, i)));
    }
    if (!t->command) {
        puts("");
        fflush(stdout);
    }
}

static bool begin(Tunnel *t, GError **error)
{
    bool background = tunnel_is_background();
    bool proof = background || t->command;
    if (proof && !tunnel_prove(t, error)) {
        return error_prefix(error, "the way is not there");
    }
    if (!write_pid_file(t, error) || !tunnel_accept_all(t, error)) {
        return false;
    }
    announce(t);
    return (!background || tunnel_detach(t, error)) &&
           (!t->command || tunnel_start_command(t, error));
}

static void run_clock(void *user)
{
    Tunnel *t = user;
    if (io_sleep(deadline_in(t->seconds), NULL)) {
        tunnel_say(t, true, "the time is over");
        tunnel_stop_accepting(t);
    }
}

static void run_main(void *user)
{
    Tunnel *t = user;
    bool good = begin(t, &t->failure) &&
                (t->seconds < 0 || sched_spawn(t->sched, run_clock, t, &t->failure));
    if (!good) {
        sched_cancel_all(t->sched);
    }
}

static bool live(Tunnel *t, GError **error)
{
    g_autoptr(GError) ended = NULL;
    t->sched = sched_new(error);
    bool good = t->sched && sched_spawn(t->sched, run_main, t, error);
    if (good) {
        sched_run(t->sched, &ended);
    }
    g_clear_pointer(&t->sched, sched_free);
    if (t->options->pid_file && t->listeners) {
        unlink(t->options->pid_file);
    }
    if (!good) {
        return false;
    }
    if (t->failure && !g_error_matches(t->failure, POSTERN_ERROR, POSTERN_ERROR_CANCELLED)) {
        g_propagate_error(error, g_steal_pointer(&t->failure));
        return false;
    }
    if (interrupt_seen() && !t->command) {
        return error_fail(error, POSTERN_ERROR_CANCELLED, "interrupted");
    }
    return true;
}

static int verdict(const Tunnel *t)
{
    return t->command ? t->command_status : t->options->once ? t->last_status : 0;
}

static bool dry_run(const Tunnel *t, const char *local)
{
    g_autofree char *text = connection_describe(t->connection);
    printf("%-11s %s\n%-11s %s\n%s", "listen", local, "kind",
           t->pipe ? "a byte pipe" : "plain text here, TLS beyond", text);
    return true;
}

static bool run_tunnel(Tunnel *t, const Words *words, int *ret_status, GError **error)
{
    if (!prepare(t, words, error)) {
        return false;
    }
    if (t->options->connect.dry_run) {
        return dry_run(t, words->local);
    }
    if (t->options->background && !tunnel_is_background()) {
        *ret_status = tunnel_start_background(t);
        return true;
    }
    raise_limit();
    if (!tunnel_listen(t, words->local, error) || !interrupt_begin(error)) {
        return false;
    }
    tell_kind(t);
    bool good = live(t, error);
    interrupt_end();
    *ret_status = verdict(t);
    return good;
}

static int run(void *values, char **args)
{
    TunnelOptions *o = values;
    Words words = {0};
    int status = 0;
    GError *error = NULL;
    Tunnel t = {.options = o,
                .opening = {.limit = OPENING_MAX},
                .accepting = g_ptr_array_new(),
                .others = g_array_new(FALSE, FALSE, sizeof(uid_t))};
    bool good = take_words(o, args, &words, &error) && check_options(o, &words, &error) &&
                run_tunnel(&t, &words, &status, &error);
    g_clear_pointer(&t.listeners, g_ptr_array_unref);
    ssh_share_free(t.share);
    connection_free(t.connection);
    g_ptr_array_unref(t.accepting);
    g_array_unref(t.others);
    g_clear_error(&t.failure);
    return good ? status : command_fail(error);
}

const Command cmd_tunnel = {
    .name = "tunnel",
    .summary = "a local port that leads through SSH, or through TLS, to a mail server",
    .arguments = "LOCAL [URL] [-- COMMAND...]",
    .text = "Keeps a port (127.0.0.1:11110, 11110, 0 for any that is free, a path for a unix\n"
            "socket) and opens the way for each connection. With --via it is a byte pipe through\n"
            "SSH or SOCKS. Without, your client talks plain text to it, and it talks verified TLS\n"
            "to the server, STARTTLS included. Only you may connect, unless --allow says more.\n"
            "Where it listens is printed; a COMMAND finds it in $POSTERN_TUNNEL_HOST and _PORT.",
    .examples = "  postern tunnel 11110 pop3://popserver --via ssh://joe@gateway.example.org\n"
                "  postern tunnel 11143 imap://mail.example.org\n"
                "  postern tunnel 11025 submission://mail.example.org --background --for 5m\n"
                "  postern tunnel 0 imap://mail.example.org -- sh -c 'mua $POSTERN_TUNNEL_PORT'\n",
    .options = options,
    .connects = true,
    .values_size = sizeof(TunnelOptions),
    .run = run,
};
