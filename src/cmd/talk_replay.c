/* talk_replay.c: a transcript shown again, explained as if it happened now. Connects to nothing. */
#include <string.h>

#include "cmd/talk.h"
#include "config/file.h"

#define TRANSCRIPT_MAX (512u * 1024 * 1024)

/* "=== talk with pop3s://host" is the first note of a transcript that talk wrote. */
#define OPENING "talk with "

static const Proto *proto_of_url(const char *url)
{
    g_autoptr(Target) target = target_parse(url, "tcp", NULL);
    return target ? target->scheme->proto : NULL;
}

static const Proto *proto_of_transcript(const GPtrArray *lines)
{
    for (guint i = 0; i < lines->len; i++) {
        const TranscriptLine *line = g_ptr_array_index(lines, i);
        if (line->event.kind == WIRE_NOTE && bytes_starts(line->event.text, OPENING)) {
            Bytes rest = bytes_sub(line->event.text, strlen(OPENING), line->event.text.len);
            g_autofree char *url = bytes_dup(bytes_word(&rest));
            return proto_of_url(url);
        }
    }
    return NULL;
}

bool talk_replay(Talk *t, const char *file, const char *url, GError **error)
{
    g_auto(FileText) text = {0};
    if (!file_text_read(file, TRANSCRIPT_MAX, &text, error)) {
        return false;
    }
    g_autoptr(GPtrArray) lines = transcript_read((Bytes){text.data, text.len}, error);
    if (lines == NULL) {
        return error_prefix(error, "%s", file);
    }
    t->proto = url ? proto_of_url(url) : proto_of_transcript(lines);
    if (t->proto == NULL && url != NULL) {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "\"%s\" is no address that tells which protocol was spoken", url);
    }
    t->proto = t->proto ? t->proto : proto_find("tcp");
    t->dialogue = dialogue_new(t->proto);
    t->explain = EXPLAIN_BRIEF;
    if (t->options->explain != NULL &&
        !explain_level_parse(t->options->explain, &t->explain, error)) {
        return false;
    }
    t->sent_at = 0;
    for (guint i = 0; i < lines->len; i++) {
        const TranscriptLine *line = g_ptr_array_index(lines, i);
        talk_observe(t, &line->event);
    }
    return true;
}
