/* transcript_read_json.c: JSON lines read back. */
#include <jansson.h>
#include <string.h>

#include "base/error.h"
#include "report/transcript_format.h"
#include "report/transcript_read.h"

static const TranscriptKind *kind_of(const char *dir, bool payload)
{
    for (size_t i = 0; dir != NULL && i < transcript_kind_count; i++) {
        if (transcript_kinds[i].payload == payload && strcmp(transcript_kinds[i].dir, dir) == 0) {
            return &transcript_kinds[i];
        }
    }
    return NULL;
}

static Bytes json_bytes(const json_t *string)
{
    return (Bytes){json_string_value(string), json_string_length(string)};
}

/* The text of an object, out of base64 where it is in it. NULL: it has none. */
static GByteArray *json_text(const json_t *object)
{
    const json_t *text = json_object_get(object, "text");
    if (json_is_string(text)) {
        GByteArray *octets = g_byte_array_new();
        transcript_append(octets, json_bytes(text));
        return octets;
    }
    const json_t *base64 = json_object_get(object, "base64");
    return json_is_string(base64) ? bytes_base64_decode(json_bytes(base64)) : NULL;
}

static bool read_object(GPtrArray *out, const json_t *object, GError **error)
{
    bool payload = json_is_true(json_object_get(object, "payload"));
    const TranscriptKind *kind =
        kind_of(json_string_value(json_object_get(object, "dir")), payload);
    if (kind == NULL) {
        return error_fail(error, POSTERN_ERROR_DATA,
                          "\"dir\" is missing or none of those a transcript has");
    }
    g_autoptr(GByteArray) octets = json_text(object);
    if (octets == NULL) {
        return error_fail(error, POSTERN_ERROR_DATA, "neither \"text\" nor \"base64\" can be read");
    }
    const char *time = json_string_value(json_object_get(object, "time"));
    WireEvent event = {
        .kind = kind->kind,
        .encrypted = json_is_true(json_object_get(object, "encrypted")),
        .masked = json_is_true(json_object_get(object, "masked")),
        .at_us = time == NULL ? 0 : transcript_parse_time(time),
    };
    const json_t *line_end = json_object_get(object, "line_end");
    if (event.kind != WIRE_RECEIVED) {
        transcript_add_line(out, event, bytes_of_array(octets), BYTES_NONE);
        return true;
    }
    /* Where the text ends is told by the octets, as on the wire: a file may have been edited. */
    transcript_append(octets,
                      json_is_string(line_end) ? json_bytes(line_end) : BYTES_LITERAL("\r\n"));
    size_t end = transcript_line_end(bytes_of_array(octets));
    transcript_add_event(out, event, g_byte_array_ref(octets), octets->len - end);
    return true;
}

static bool read_json_line(GPtrArray *out, Bytes line, bool *ret_syntax, GError **error)
{
    json_error_t why;
    json_t *object = json_loadb(line.data, line.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &why);
    *ret_syntax = object != NULL;
    bool good = json_is_object(object)
                    ? read_object(out, object, error)
                    : error_fail(error, POSTERN_ERROR_DATA, "not a JSON object: %s",
                                 object == NULL ? why.text : "another value");
    json_decref(object);
    return good;
}

bool transcript_read_json(GPtrArray *out, Bytes text, GError **error)
{
    for (size_t number = 1; text.len > 0; number++) {
        gssize lf = bytes_index(text, '\n');
        Bytes line = bytes_trim(bytes_sub(text, 0, lf < 0 ? text.len : (size_t)lf));
        text = bytes_sub(text, lf < 0 ? text.len : (size_t)lf + 1, text.len);
        bool syntax;
        g_autoptr(GError) why = NULL;
        if (line.len == 0 || read_json_line(out, line, &syntax, &why)) {
            continue;
        }
        if (!syntax && lf < 0 && number > 1) {
            return true; /* what a crash has cut off */
        }
        g_propagate_error(error, g_steal_pointer(&why));
        return error_prefix(error, "line %zu", number);
    }
    return true;
}
