/* talk.c: `postern talk`: converse with a server by hand or by script; TLS, STARTTLS on demand,
 * decoded and explained. */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "cmd/command.h"
#include "cmd/talk.h"
#include "cmd/talk_signals.h"
#include "report/tls_summary.h"

/* Answers to SEARCH and lines of mail can be long where commands and replies cannot. */
#define LINE_MAX_HEARD (8u * 1024 * 1024)

#define FIELD(name) offsetof(TalkOptions, name)

static const Option options[] = {
    {"login", 0, OPTION_BOOL, FIELD(login), NULL, "authenticate before the conversation begins",
     NULL},
    {"start-at", 0, OPTION_CHOICE, FIELD(start_at), "STAGE",
     "begin the conversation there (default: tls where the scheme has it)",
     "connect|greeting|capabilities|tls|auth"},
    {"stop-after", 0, OPTION_CHOICE, FIELD(stop_after), "STAGE",
     "climb so far, say what was found, and end",
     "connect|greeting|capabilities|starttls|tls|auth"},
    {"script", 0, OPTION_FILE, FIELD(script), "FILE",
     "take lines from FILE, each after the reply to the one before", NULL},
    {"expect", 0, OPTION_LIST, FIELD(expect), "REGEX",
     "a reply must match, in this order; else status 65 (repeatable)", NULL},
    {"explain", 0, OPTION_CHOICE, FIELD(explain), "LEVEL",
     "annotate what is said (default: brief on a terminal)", "off|brief|full"},
    {"no-history", 0, OPTION_BOOL, FIELD(no_history), NULL, "do not remember what is typed", NULL},
    {"replay", 0, OPTION_FILE, FIELD(replay), "FILE",
     "show a transcript again; connects to nothing", NULL},
    {0},
};

Stage talk_start_stage(const Talk *t)
{
    Stage stage = STAGE_TLS;
    if (t->options->login) {
        return STAGE_AUTH;
    }
    if (t->options->start_at != NULL) {
        stage_parse(t->options->start_at, &stage, NULL); /* the option table has checked the word */
    }
    return stage;
}

void talk_close(Talk *t)
{
    g_clear_pointer(&t->session, session_free);
}

bool talk_open(Talk *t, Stage upto, GError **error)
{
    SessionPlan *plan = connection_plan(t->connection);
    plan->observer = talk_observe;
    plan->observer_user = t;
    talk_signals_terminal_back(); /* ssh may have a question */
    talk_close(t);
    g_clear_pointer(&t->dialogue, dialogue_free);
    t->dialogue = dialogue_new(t->proto);
    t->closed = t->quitting = t->tls_asked = t->impatient = false;
    t->session = session_new(plan);
    g_autofree char *url = target_text(plan->target);
    talk_note(t, false, "talk with %s", url); /* talk_replay.c looks for this */
    t->ladder = true;
    bool good = session_climb(t->session, upto, error);
    t->ladder = false;
    if (!good) {
        t->closed = true;
        return false;
    }
    wire_set_max_line(t->session->wire, LINE_MAX_HEARD);
    talk_show_capabilities(t, false);
    if (t->session->auth_used != NULL) {
        talk_note(t, false, "authenticated by %s", t->session->auth_used);
    }
    fflush(t->out);
    return true;
}

/* As /expect and --expect take it. USAGE. */
static GRegex *new_regex(const char *pattern, GError **error)
{
    g_autoptr(GError) problem = NULL;
    GRegex *regex = g_regex_new(pattern, G_REGEX_RAW | G_REGEX_MULTILINE, 0, &problem);
    if (regex == NULL) {
        error_fail(error, POSTERN_ERROR_USAGE, "\"%s\" is no regular expression: %s", pattern,
                   problem->message);
    }
    return regex;
}

bool talk_expect(Talk *t, const char *pattern, GError **error)
{
    g_autoptr(GRegex) regex = new_regex(pattern, error);
    if (regex == NULL) {
        return false;
    }
    if (!g_regex_match_full(regex, t->last_reply->str, (gssize)t->last_reply->len, 0, 0, NULL,
                            NULL)) {
        g_autofree char *said = g_strndup(t->last_reply->str, MIN(t->last_reply->len, 200));
        return error_fail(error, POSTERN_ERROR_DATA,
                          "expected a reply that matches \"%s\", but the server said: %s", pattern,
                          g_strchomp(said));
    }
    t->refused_status = 0;
    return true;
}

static bool gather_expectations(Talk *t, GError **error)
{
    for (size_t i = 0; t->options->expect != NULL && t->options->expect[i] != NULL; i++) {
        GRegex *regex = new_regex(t->options->expect[i], error);
        if (regex == NULL) {
            return false;
        }
        g_ptr_array_add(t->expectations, regex);
    }
    return true;
}

/* --stop-after: what the rungs gave is on the screen; the rest is what a person would ask for next.
 */
static bool stop_after(Talk *t, GError **error)
{
    Stage stage;
    if (!stage_parse(t->options->stop_after, &stage, error) || !talk_open(t, stage, error)) {
        return false;
    }
    if (t->session->peer != NULL && !t->quiet) {
        g_autofree char *connection = tls_summary_connection(t->session->peer);
        g_autofree char *chain = tls_summary_chain(t->session->peer, false);
        talk_print(t, connection);
        talk_print(t, chain);
    }
    talk_note(t, false, "stopped after %s, as asked", stage_name(stage));
    talk_goodbye(t);
    return true;
}

static bool run_script_file(Talk *t, GError **error)
{
    const char *name = t->options->script;
    if (strcmp(name, "-") == 0) {
        return talk_script(t, STDIN_FILENO, "standard input", error);
    }
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return error_fail(error, POSTERN_ERROR_NO_INPUT, "cannot read the script %s: %s", name,
                          g_strerror(errno));
    }
    bool good = talk_script(t, fd, name, error);
    close(fd);
    return good;
}

static bool converse(Talk *t, GError **error)
{
    if (t->options->stop_after != NULL) {
        return stop_after(t, error);
    }
    if (t->options->script != NULL) {
        return run_script_file(t, error);
    }
    return t->interactive ? talk_interactive(t, error)
                          : talk_script(t, STDIN_FILENO, "standard input", error);
}

/* The verdict on a conversation that itself went well. */
static bool judge(Talk *t, GError **error)
{
    if (t->expectations->len > 0) {
        return error_fail(error, POSTERN_ERROR_DATA, "no reply matched \"%s\"",
                          g_regex_get_pattern(g_ptr_array_index(t->expectations, 0)));
    }
    if (t->refused_status == 0 || (t->interactive && t->refused_status != 77)) {
        return true; /* a person has seen the refusal; a script must be told */
    }
    PosternErrorCode code = t->refused_status == 77   ? POSTERN_ERROR_AUTH
                            : t->refused_status == 75 ? POSTERN_ERROR_TEMPFAIL
                                                      : POSTERN_ERROR_UNAVAILABLE;
    return error_fail(error, code, "the server refused %s", t->refused_words);
}

static bool wants_colour(const TalkOptions *o)
{
    const char *when = o->connect.color ? o->connect.color : "auto";
    if (strcmp(when, "auto") != 0) {
        return strcmp(when, "always") == 0;
    }
    return g_getenv("NO_COLOR") == NULL && g_strcmp0(g_getenv("TERM"), "dumb") != 0 &&
           isatty(STDOUT_FILENO);
}

static bool prepare(Talk *t, const char *url, GError **error)
{
    const TalkOptions *o = t->options;
    t->explain = isatty(STDOUT_FILENO) ? EXPLAIN_BRIEF : EXPLAIN_OFF;
    if (o->explain != NULL && !explain_level_parse(o->explain, &t->explain, error)) {
        return false;
    }
    t->connection = connection_new(&o->connect, url, "tls", error);
    if (t->connection == NULL || !gather_expectations(t, error)) {
        return false;
    }
    t->proto = connection_target(t->connection)->scheme->proto;
    if (o->connect.transcript != NULL) {
        t->transcript = transcript_open(o->connect.transcript, error);
        return t->transcript != NULL;
    }
    return true;
}

/* How it ended belongs into the transcript as well as on standard error. */
static void transcribe_end(Transcript *transcript, const GError *error)
{
    if (transcript == NULL || error == NULL) {
        return;
    }
    Bytes text = bytes_of(error->message);
    WireEvent event = {.kind = WIRE_WARNING, .text = text, .raw = text, .at_us = g_get_real_time()};
    transcript_observe(transcript, &event);
}

static void clear(Talk *t)
{
    talk_close(t);
    g_clear_pointer(&t->dialogue, dialogue_free);
    g_clear_pointer(&t->connection, connection_free);
    g_clear_pointer(&t->resumable, tls_session_free);
    g_clear_pointer(&t->gathered, caps_free);
    g_clear_pointer(&t->known, caps_free);
    g_clear_pointer(&t->known_before_tls, caps_free);
    g_clear_pointer(&t->http, http_message_free);
    reply_store_free(t->reply);
    g_string_free(t->last_reply, TRUE);
    g_ptr_array_unref(t->expectations);
    g_free(t->refused_words);
}

static int run(void *values, char **args)
{
    TalkOptions *o = values;
    Talk t = {
        .options = o,
        .reply = reply_store_new(),
        .quiet = o->connect.quiet,
        .colour = wants_colour(o),
        .interactive = o->script == NULL && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO),
        .out = stdout,
        .last_reply = g_string_new(NULL),
        .expectations = g_ptr_array_new_with_free_func((GDestroyNotify)g_regex_unref),
    };
    g_autoptr(GError) error = NULL;
    bool good;
    if (args[0] != NULL && args[1] != NULL) {
        good = error_fail(&error, POSTERN_ERROR_USAGE, "one address is enough: what is \"%s\"?",
                          args[1]);
    } else if (o->replay != NULL) {
        good = talk_replay(&t, o->replay, args[0], &error);
    } else {
        good = prepare(&t, args[0], &error);
        if (good && o->connect.dry_run) {
            g_autofree char *text = connection_describe(t.connection);
            talk_print(&t, text);
        } else {
            good = good && converse(&t, &error) && judge(&t, &error);
        }
    }
    fflush(stdout);
    transcribe_end(t.transcript, error);
    good = transcript_close(t.transcript, good ? &error : NULL) && good;
    clear(&t);
    return good ? 0 : command_fail(g_steal_pointer(&error));
}

const Command cmd_talk = {
    .name = "talk",
    .summary = "converse with a server by hand: TLS, STARTTLS on demand, decoded and explained",
    .arguments = "URL",
    .text = "What you type goes to the server, with CRLF; what it says is shown as it comes.\n"
            "A line that begins with / is a local command: /help lists them. From a pipe or\n"
            "a --script, each line waits for the reply to the one before it.",
    .examples = "  postern talk pop3s://mail.example.org\n"
                "  postern talk --user=joe --login imap://mail.example.org\n"
                "  printf 'EHLO me\\nQUIT\\n' | postern talk smtp://mx.example.org\n"
                "  postern talk --stop-after=tls submission://mail.example.org\n",
    .options = options,
    .connects = true,
    .values_size = sizeof(TalkOptions),
    .run = run,
};
