/* source_test.h: a source over a written conversation (see src/io/script.h), played whole, a byte
 * at a time, cut at each byte and stalled at each line: whatever happens, what was told to be
 * complete is what the whole conversation gives. */
#pragma once

#include <string.h>

#include "fetch/source.h"
#include "io/script.h"

/* --- what came --- */

typedef struct {
    GString *text;    /* of the message under way */
    GString *story;   /* "1 complete: TEXT\n2 gone\n..." */
    GPtrArray *whole; /* "1: TEXT", of those that were complete */
    bool under_way;
    size_t fail_after; /* pieces until the sink fails; 0: never */
} Came;

static inline void came_init(Came *c)
{
    *c = (Came){g_string_new(NULL), g_string_new(NULL), g_ptr_array_new_with_free_func(g_free)};
}

static inline void came_clear(Came *c)
{
    g_string_free(c->text, TRUE);
    g_string_free(c->story, TRUE);
    g_ptr_array_unref(c->whole);
}

static inline bool came_begin(void *user, const SourceMessage *message, GError **error)
{
    Came *c = user;
    (void)message, (void)error;
    g_assert_false(c->under_way);
    c->under_way = true;
    g_string_truncate(c->text, 0);
    return true;
}

static inline bool came_data(void *user, Bytes piece, GError **error)
{
    Came *c = user;
    g_assert_true(c->under_way);
    g_string_append_len(c->text, piece.data, (gssize)piece.len);
    return !c->fail_after || --c->fail_after ||
           error_fail(error, POSTERN_ERROR_CANT_CREATE, "the disk is full");
}

static inline bool came_end(void *user, const SourceMessage *message, SourceEnd how,
                            const char *said, GError **error)
{
    static const char *const words[] = {"complete", "gone", "refused"};
    Came *c = user;
    (void)error;
    g_assert_true(c->under_way || how != SOURCE_COMPLETE);
    c->under_way = false;
    g_string_append_printf(c->story, "%u %s", message->number, words[how]);
    if (how == SOURCE_COMPLETE) {
        g_string_append_printf(c->story, ": %s", c->text->str);
        g_ptr_array_add(c->whole, g_strdup_printf("%u: %s", message->number, c->text->str));
    } else if (said) {
        g_string_append_printf(c->story, ": %s", said);
    }
    g_string_append_c(c->story, '\n');
    return true;
}

static inline SourceSink came_sink(Came *c)
{
    return (SourceSink){came_begin, came_data, came_end, c};
}

/* --- one play --- */

typedef struct {
    const char *name, *url;
    const char *caps; /* a name or "NAME ARGS" in each, with commas between; NULL: no CAPA */
    const char *script;
    bool (*run)(Source *source, Came *came, GError **error);
    const char *story; /* what must come of it whole */
    PosternErrorCode fails;
    const char *says; /* in the error's message; NULL: no error */
    bool compress;
    bool loose; /* what is sent is not compared */
} Play;

static inline void note_seen(void *user, const WireEvent *event)
{
    if (event->kind == WIRE_WARNING || event->kind == WIRE_NOTE) {
        g_string_append_len(user, event->text.data, (gssize)event->text.len);
        g_string_append_c(user, '\n');
    }
}

static inline bool play_over(const Play *p, Stream *stream, double timeout, Came *came,
                             GError **error)
{
    g_autoptr(Target) target = target_parse(p->url, NULL, error);
    g_assert_nonnull(target);
    SessionPlan plan = {.target = target, .timeout = timeout};
    g_autoptr(Session) session = session_new_over(&plan, stream);
    session->reached = STAGE_AUTH;
    session->caps = p->caps ? caps_new() : NULL;
    g_auto(GStrv) caps = g_strsplit(p->caps ? p->caps : "", ",", -1);
    for (size_t i = 0; session->caps && caps[i]; i++) {
        caps_add_line(session->caps, bytes_of(caps[i]));
    }
    g_autoptr(Source) source = source_open(session, p->compress, error);
    return source && p->run(source, came, error);
}

static inline bool play_text(const Play *p, const char *text, ScriptOptions options, double timeout,
                             Came *came, GError **error)
{
    Stream *stream = script_stream(bytes_of(text), options, error);
    g_assert_no_error(*error);
    return play_over(p, stream, timeout, came, error);
}

static inline void play_whole(const Play *p, bool dribble)
{
    g_autoptr(GError) error = NULL;
    Came came;
    came_init(&came);
    bool ok = play_text(p, p->script, (ScriptOptions){.dribble = dribble, .loose = p->loose}, 0.05,
                        &came, &error);
    g_test_message("%s: %s", p->name, error ? error->message : "ok");
    g_assert_true(ok == (error == NULL));
    if (p->story) {
        g_assert_cmpstr(came.story->str, ==, p->story);
    }
    if (!p->says) {
        g_assert_no_error(error);
    } else {
        g_assert_error(error, POSTERN_ERROR, (int)p->fails);
        if (!strstr(error->message, p->says)) {
            g_error("%s: \"%s\" does not say \"%s\"", p->name, error->message, p->says);
        }
    }
    came_clear(&came);
}

/* --- altered --- */

static inline bool came_has(const Came *c, const char *message)
{
    for (guint i = 0; i < c->whole->len; i++) {
        if (!strcmp(g_ptr_array_index(c->whole, i), message)) {
            return true;
        }
    }
    return false;
}

static inline void play_altered(const Play *p, const char *text, double timeout, const Came *all)
{
    g_autoptr(GError) error = NULL;
    Came came;
    came_init(&came);
    bool ok = play_text(p, text, (ScriptOptions){.loose = p->loose}, timeout, &came, &error);
    g_assert_true(ok == (error == NULL));
    g_assert_true(ok || error->domain == POSTERN_ERROR);
    for (guint i = 0; i < came.whole->len; i++) {
        const char *message = g_ptr_array_index(came.whole, i);
        if (!came_has(all, message)) {
            g_error("%s: told to be complete: \"%s\", after\n%s", p->name, message, text);
        }
    }
    came_clear(&came);
}

/* What a line of a script makes the peer say. */
static inline GByteArray *play_said(const char *line)
{
    Bytes rest = bytes_of(strlen(line) > 3 ? line + 3 : "");
    if (g_str_has_prefix(line, "<=")) {
        return bytes_from_hex(bytes_trim(rest));
    }
    GByteArray *said = g_byte_array_new();
    if (g_str_has_prefix(line, "<-")) {
        g_byte_array_append(said, (const guint8 *)rest.data, (guint)rest.len);
        g_byte_array_append(said, (const guint8 *)"\r\n", 2);
    }
    return said;
}

static inline void play_cut_in_line(const Play *p, const GString *before, const char *line,
                                    const Came *all)
{
    g_autoptr(GByteArray) said = play_said(line);
    for (guint octets = 0; octets < said->len; octets++) {
        g_autofree char *hex = bytes_hex((Bytes){(const char *)said->data, octets});
        g_autofree char *text = g_strconcat(before->str, octets ? "<= " : "", hex,
                                            octets ? "\n<eof\n" : "<eof\n", NULL);
        play_altered(p, text, 0.01, all);
    }
}

static inline void play_cut(const Play *p)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) before = g_string_new(NULL);
    g_auto(GStrv) lines = g_strsplit(p->script, "\n", -1);
    Came all;
    came_init(&all);
    play_text(p, p->script, (ScriptOptions){.loose = p->loose}, 0.05, &all, &error);
    for (size_t i = 0; lines[i]; i++) {
        play_cut_in_line(p, before, lines[i], &all);
        if (lines[i][0] == '<' && lines[i][1] != 's' && lines[i][1] != 'e') {
            g_autofree char *stalled = g_strconcat(before->str, "<stall\n", NULL);
            play_altered(p, stalled, 0.002, &all);
        }
        g_string_append_printf(before, "%s\n", lines[i]);
    }
    came_clear(&all);
}

/* --- the ways to play, as tests --- */

static inline void play_test_whole(const void *data)
{
    play_whole(data, false);
}

static inline void play_test_dribbled(const void *data)
{
    play_whole(data, true);
}

static inline void play_test_cut(const void *data)
{
    play_cut(data);
}

static inline void play_add(const Play *plays, size_t n, const char *group)
{
    for (size_t i = 0; i < n; i++) {
        g_autofree char *whole = g_strdup_printf("/%s/%s/whole", group, plays[i].name);
        g_autofree char *dribbled = g_strdup_printf("/%s/%s/dribbled", group, plays[i].name);
        g_autofree char *cut = g_strdup_printf("/%s/%s/cut", group, plays[i].name);
        g_test_add_data_func(whole, &plays[i], play_test_whole);
        g_test_add_data_func(dribbled, &plays[i], play_test_dribbled);
        g_test_add_data_func(cut, &plays[i], play_test_cut);
    }
}

/* --- what is mostly done --- */

static inline GPtrArray *play_all_of(const SourceListing *listing)
{
    GPtrArray *all = g_ptr_array_new();
    for (guint i = 0; i < listing->messages->len; i++) {
        g_ptr_array_add(all, &g_array_index(listing->messages, SourceMessage, i));
    }
    return all;
}

static inline bool play_fetch_listed(Source *source, const SourceListing *listing,
                                     const SourceFetchPlan *plan, Came *came, GError **error)
{
    g_autoptr(GPtrArray) all = play_all_of(listing);
    SourceSink sink = came_sink(came);
    return source_fetch(source, (const SourceMessage *const *)all->pdata, all->len, plan, &sink,
                        error);
}
