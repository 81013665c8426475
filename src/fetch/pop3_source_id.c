/* pop3_source_id.c: ids for messages of servers without UIDL: a digest of the header, by TOP. */
#include <string.h>

#include "base/digest.h"
#include "fetch/pop3_source.h"

enum { HEADER_MAX = 256 * 1024 };

/* Fields that servers write themselves, and change between sessions. */
static const char *const changing[] = {"Status", "X-Status", "X-UIDL", "X-UID", "X-Keywords"};

static bool changes(Bytes line)
{
    for (size_t i = 0; i < G_N_ELEMENTS(changing); i++) {
        size_t len = strlen(changing[i]);
        if (bytes_starts_ci(line, changing[i]) && line.len > len && line.data[len] == ':') {
            return true;
        }
    }
    return false;
}

static Bytes next_line(Bytes *rest)
{
    gssize lf = bytes_index(*rest, '\n');
    size_t len = lf < 0 ? rest->len : (size_t)lf + 1;
    Bytes line = bytes_sub(*rest, 0, len);
    *rest = bytes_sub(*rest, len, rest->len);
    return line;
}

char *pop3_header_id(Bytes header)
{
    g_autoptr(GByteArray) kept = g_byte_array_new();
    bool skipping = false;
    while (header.len) {
        Bytes line = next_line(&header);
        if (!bytes_trim(line).len) {
            break;
        }
        bool folded = line.data[0] == ' ' || line.data[0] == '\t';
        skipping = folded ? skipping : changes(line);
        if (!skipping) {
            g_byte_array_append(kept, (const uint8_t *)line.data, (guint)line.len);
        }
    }
    uint8_t digest[DIGEST_MAX];
    digest_compute(DIGEST_SHA256, bytes_of_array(kept), digest);
    g_autofree char *hex = bytes_hex((Bytes){(const char *)digest, digest_size(DIGEST_SHA256)});
    return g_strconcat("sha256:", hex, NULL);
}

/* --- a sink that makes ids --- */

typedef struct {
    Session *session;
    SourceListing *listing;
    GByteArray *header;
    size_t without; /* messages that stayed without an id */
    char *said;     /* the server's words for the first of them */
} Identify;

static bool begin(void *user, const SourceMessage *message, GError **error)
{
    (void)message, (void)error;
    g_byte_array_set_size(((Identify *)user)->header, 0);
    return true;
}

static bool data(void *user, Bytes piece, GError **error)
{
    (void)error;
    GByteArray *header = ((Identify *)user)->header;
    Bytes part = bytes_sub(piece, 0, HEADER_MAX - header->len);
    g_byte_array_append(header, (const uint8_t *)part.data, (guint)part.len);
    return true;
}

static bool end(void *user, const SourceMessage *message, SourceEnd how, const char *said,
                GError **error)
{
    (void)error;
    Identify *i = user;
    if (how == SOURCE_COMPLETE && i->header->len) {
        g_autofree char *id = pop3_header_id(bytes_of_array(i->header));
        ((SourceMessage *)message)->uidl = g_string_chunk_insert(i->listing->texts, id);
        return true;
    }
    i->without++;
    i->said = i->said ? i->said : g_strdup(said ? said : "an empty header");
    return true;
}

static void leave_out_unknown(SourceListing *listing)
{
    guint kept = 0;
    SourceMessage *all = (SourceMessage *)(void *)listing->messages->data;
    for (guint i = 0; i < listing->messages->len; i++) {
        if (all[i].uidl) {
            all[kept++] = all[i];
        }
    }
    g_array_set_size(listing->messages, kept);
}

static bool judge(const Identify *i, size_t asked, GError **error)
{
    if (!i->without) {
        return true;
    }
    if (i->without == asked && !i->listing->has_uidl) {
        return error_fail(error, POSTERN_ERROR_UNAVAILABLE,
                          "the server has no UIDL, and its answer to TOP is \"%s\": nothing tells "
                          "new messages from those fetched before",
                          i->said);
    }
    wire_note(i->session->wire, WIRE_WARNING,
              "%zu messages have neither an id nor a header (\"%s\"): they are left where they are",
              i->without, i->said);
    leave_out_unknown(i->listing);
    return true;
}

bool pop3_source_identify(Pop3Source *p, SourceListing *listing, GError **error)
{
    g_autoptr(GPtrArray) todo = g_ptr_array_new();
    SourceMessage *all = (SourceMessage *)(void *)listing->messages->data;
    for (guint i = 0; i < listing->messages->len; i++) {
        if (!all[i].uidl) {
            g_ptr_array_add(todo, &all[i]);
        }
    }
    if (!todo->len) {
        return true;
    }
    wire_note(p->base.session->wire, WIRE_NOTE,
              "the server gives %u messages no id (UIDL): digests of their headers serve instead",
              todo->len);
    Identify i = {p->base.session, listing, g_byte_array_new(), 0, NULL};
    const SourceSink sink = {begin, data, end, &i};
    bool ok = pop3_source_fetch(&p->base, (const SourceMessage *const *)todo->pdata, todo->len,
                                &(SourceFetchPlan){.header_only = true}, &sink, error) &&
              judge(&i, todo->len, error);
    g_byte_array_unref(i.header);
    g_free(i.said);
    return ok;
}
