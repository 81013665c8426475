/* pop3_source_fetch.c: messages out of a POP3 maildrop: RETR and TOP in a window, bodies in large
 * pieces. */
#include "fetch/pop3_source.h"
#include "proto/dot_text.h"

typedef struct {
    Pop3Source *p;
    const SourceMessage *const *messages;
    size_t n, asked, answered;
    bool header_only;
    SourceWindow window;
    const SourceSink *sink;
} Fetch;

static bool ask_one(Fetch *f, GError **error)
{
    const SourceMessage *message = f->messages[f->asked++];
    source_window_add(&f->window, message->size);
    return wire_sendf(f->p->base.session->wire, error, f->header_only ? "TOP %u 0" : "RETR %u",
                      message->number);
}

static bool may_ask(const Fetch *f)
{
    if (f->asked == f->n) {
        return false;
    }
    return f->asked == f->answered ||
           (f->p->pipelining && source_window_open(&f->window, f->messages[f->asked]->size));
}

/* Fills the window when there is nothing left in it, or much room. Suspends. */
static bool ask(Fetch *f, GError **error)
{
    Wire *w = f->p->base.session->wire;
    if (f->asked > f->answered && !source_window_roomy(&f->window)) {
        return true;
    }
    wire_hold(w);
    while (may_ask(f)) {
        if (!ask_one(f, error)) {
            return false;
        }
    }
    return wire_release(w, error);
}

static bool give(const SourceSink *sink, Bytes text, uint64_t *octets, GError **error)
{
    *octets += text.len;
    return sink->data(sink->user, text, error);
}

/* The body up to its end. Nothing but the lone dot ends it: a connection that does fails. Suspends.
 */
static bool receive_body(Wire *w, const SourceSink *sink, uint64_t *octets, GError **error)
{
    DotReader reader;
    Bytes there, text;
    dot_reader_begin(&reader);
    while (!dot_reader_ended(&reader)) {
        if (!wire_peek(w, &there, error)) {
            return false;
        }
        Bytes rest = there;
        while (dot_reader_text(&reader, &rest, &text)) {
            if (!give(sink, text, octets, error)) {
                return false;
            }
        }
        wire_take(w, there.len - rest.len);
    }
    return true;
}

static bool refused(Fetch *f, const SourceMessage *message, GError **error)
{
    g_autofree char *words = pop3_source_words(f->p->base.session);
    return f->sink->end(f->sink->user, message, SOURCE_REFUSED, words, error);
}

static bool receive(Fetch *f, const SourceMessage *message, GError **error)
{
    Pop3Line reply;
    uint64_t octets = 0;
    if (!pop3_reply(f->p->base.session, &reply, error)) {
        return false;
    }
    if (reply.status != POP3_OK) {
        return refused(f, message, error);
    }
    if (!f->sink->begin(f->sink->user, message, error) ||
        !receive_body(f->p->base.session->wire, f->sink, &octets, error)) {
        return false;
    }
    /* A message that was announced and is not there: nobody may take that for its text. */
    bool empty = !octets && message->size && !f->header_only;
    return f->sink->end(f->sink->user, message, empty ? SOURCE_REFUSED : SOURCE_COMPLETE,
                        empty ? "the server gave nothing of it" : NULL, error);
}

bool pop3_source_fetch(Source *source, const SourceMessage *const *messages, size_t n,
                       const SourceFetchPlan *plan, const SourceSink *sink, GError **error)
{
    Fetch f = {
        .p = (Pop3Source *)source,
        .messages = messages,
        .n = n,
        .header_only = plan && plan->header_only,
        .window = source_window(plan),
        .sink = sink,
    };
    while (f.answered < n) {
        const SourceMessage *message = messages[f.answered];
        if (!ask(&f, error) || !receive(&f, message, error)) {
            return error_prefix(error, "message %u", message->number);
        }
        f.answered++;
        source_window_remove(&f.window, message->size);
    }
    return true;
}
