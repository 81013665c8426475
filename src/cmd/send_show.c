/* send_show.c: the dialogue and the results, as they appear. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/send.h"

enum { PAYLOAD_SHOWN = 4096 };

static bool wants_colour(const SendOptions *o)
{
    const char *when = o->connect.color ? o->connect.color : "auto";
    if (strcmp(when, "auto") != 0) {
        return strcmp(when, "always") == 0;
    }
    return g_getenv("NO_COLOR") == NULL && g_strcmp0(g_getenv("TERM"), "dumb") != 0 &&
           isatty(STDERR_FILENO);
}

bool send_show_open(SendShow *show, const SendOptions *o, GError **error)
{
    *show = (SendShow){
        .dialogue = (o->connect.verbose || o->stop_after || o->test) && !o->connect.quiet,
        .quiet = o->connect.quiet,
        .colour = wants_colour(o),
        .brief = show->brief,
    };
    if (!o->connect.transcript) {
        return true;
    }
    show->transcript = transcript_open(o->connect.transcript, error);
    return show->transcript != NULL;
}

int send_show_close(SendShow *show, int status)
{
    Transcript *t = g_steal_pointer(&show->transcript);
    GError *error = NULL;
    if (!t || transcript_close(t, &error)) {
        return status;
    }
    int failed = command_fail(error);
    return MAX(status, failed);
}

/* "<** 550 ..." and "<~* 550 ...": a reply that is no yes, as swaks marks it. */
static bool is_refusal(const WireEvent *event)
{
    return event->kind == WIRE_RECEIVED && event->text.len >= 3 &&
           (event->text.data[0] == '4' || event->text.data[0] == '5');
}

static char *dialogue_text(const WireEvent *event)
{
    bool payload = event->kind == WIRE_PAYLOAD_SENT || event->kind == WIRE_PAYLOAD_RECEIVED;
    if (payload && event->octets > PAYLOAD_SHOWN) {
        return g_strdup_printf("%s (%zu octets of the message)", transcript_arrow(event),
                               event->octets);
    }
    char *text = transcript_text_line(event);
    if (!is_refusal(event)) {
        return text;
    }
    g_autofree char *plain = text;
    return g_strconcat(event->encrypted ? "<~*" : "<**", plain + strlen(transcript_arrow(event)),
                       NULL);
}

static const char *ink(const WireEvent *event)
{
    return is_refusal(event) || event->kind == WIRE_WARNING                       ? "\033[1;31m"
           : event->kind == WIRE_SENT || event->kind == WIRE_PAYLOAD_SENT         ? "\033[36m"
           : event->kind == WIRE_RECEIVED || event->kind == WIRE_PAYLOAD_RECEIVED ? ""
                                                                                  : "\033[2m";
}

void send_show_observe(void *user, const WireEvent *event)
{
    SendShow *show = user;
    if (show->transcript) {
        transcript_observe(show->transcript, event);
    }
    bool warning = event->kind == WIRE_WARNING && !show->quiet;
    if (!show->dialogue && !warning) {
        return;
    }
    g_autofree char *text = dialogue_text(event);
    if (warning && show->brief && !show->dialogue) {
        text[strcspn(text, "\n")] = '\0';
    }
    const char *on = show->colour ? ink(event) : "";
    fprintf(stderr, "%s%s%s\n", on, text, *on ? "\033[0m" : "");
}

/* What a code means is said once, not behind each recipient. */
void send_show_results(const SendShow *show, const Submission *s)
{
    const char *explained = "";
    for (size_t i = 0; i < s->n; i++) {
        const SmtpRecipient *r = &s->recipients[i];
        bool bad = r->fate != SMTP_ACCEPTED;
        if (show->quiet && !bad) {
            continue;
        }
        g_autofree char *line = send_result_line(s, i);
        if (bad && !strcmp(r->answer.enhanced, explained)) {
            line[strcspn(line, "\n")] = '\0';
        }
        explained = bad ? r->answer.enhanced : explained;
        fprintf(show->quiet ? stderr : stdout, "%s\n", line);
    }
    fflush(stdout);
}
