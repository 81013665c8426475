/* serve_script.c: makes a script for the sandbox of a transcript that `talk` has recorded. */
#include "cmd/serve.h"
#include "report/transcript.h"

static void step_free(gpointer data)
{
    SandboxStep *step = data;
    g_bytes_unref(step->octets);
    g_free(step);
}

static void add(GPtrArray *steps, SandboxStepKind kind, const WireEvent *event, Bytes octets)
{
    SandboxStep *step = g_new0(SandboxStep, 1);
    *step = (SandboxStep){kind, event->masked, g_bytes_new(octets.data, octets.len)};
    g_ptr_array_add(steps, step);
}

/* What is in a transcript without being said (notes, milestones) is passed over. */
static void add_event(GPtrArray *steps, const WireEvent *e)
{
    switch (e->kind) {
    case WIRE_RECEIVED:
    case WIRE_PAYLOAD_RECEIVED:
        add(steps, SANDBOX_STEP_SAYS, e, e->raw.len ? e->raw : e->text);
        break;
    case WIRE_SENT:
        add(steps, SANDBOX_STEP_EXPECTS, e, e->text);
        break;
    case WIRE_PAYLOAD_SENT:
        add(steps, SANDBOX_STEP_PAYLOAD, e, e->text);
        break;
    case WIRE_TLS_STARTED:
        add(steps, SANDBOX_STEP_TLS, e, BYTES_NONE);
        break;
    case WIRE_NOTE:
    case WIRE_WARNING:
    case WIRE_CONNECTED:
    case WIRE_CLOSED:
        break;
    }
}

GPtrArray *serve_read_script(const char *path, GError **error)
{
    g_autofree char *text = NULL;
    gsize len = 0;
    g_autoptr(GError) why = NULL;
    if (!g_file_get_contents(path, &text, &len, &why)) {
        error_fail(error, POSTERN_ERROR_NO_INPUT, "--from-transcript: %s", why->message);
        return NULL;
    }
    g_autoptr(GPtrArray) lines = transcript_read((Bytes){text, len}, error);
    if (!lines) {
        error_prefix(error, "%s", path);
        return NULL;
    }
    GPtrArray *steps = g_ptr_array_new_with_free_func(step_free);
    for (guint i = 0; i < lines->len; i++) {
        const TranscriptLine *line = lines->pdata[i];
        add_event(steps, &line->event);
    }
    return steps;
}
