#include "send/outgoing.h"

#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/escape.h"
#include "mime/address.h"
#include "proto/smtp_text.h"
#include "send/encoded_field.h"
#include "send/header.h"

/* --- what is added --- */

char *outgoing_message_id(const char *host)
{
    unsigned char random[12];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) {
        memset(random, 0, sizeof random); /* the time alone, then */
    }
    g_autofree char *hex = bytes_hex((Bytes){(const char *)random, sizeof random});
    return g_strdup_printf("<%" G_GINT64_FORMAT ".%s@%s>", g_get_real_time() / G_USEC_PER_SEC, hex,
                           host && *host ? host : "localhost.localdomain");
}

char *outgoing_date(gint64 seconds)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t then = seconds;
    struct tm t = {.tm_mday = 1};
    localtime_r(&then, &t);
    long minutes = ABS(t.tm_gmtoff) / 60;
    return g_strdup_printf("%s, %d %s %04d %02d:%02d:%02d %c%02ld%02ld", days[t.tm_wday], t.tm_mday,
                           months[t.tm_mon], t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec,
                           t.tm_gmtoff < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

/* --- the envelope --- */

static bool known(const Outgoing *o, const char *address)
{
    for (guint i = 0; i < o->recipients->len; i++) {
        if (!g_ascii_strcasecmp(g_ptr_array_index(o->recipients, i), address)) {
            return true;
        }
    }
    return false;
}

bool outgoing_add_recipients(Outgoing *o, Bytes list, GError **error)
{
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
    if (!address_list(list, found, error)) {
        return false;
    }
    for (guint i = 0; i < found->len; i++) {
        g_autofree char *address = address_for_envelope(g_ptr_array_index(found, i), error);
        if (!address) {
            return false;
        }
        if (!known(o, address)) {
            g_ptr_array_add(o->recipients, g_steal_pointer(&address));
        }
    }
    return true;
}

bool outgoing_set_sender(Outgoing *o, const char *sender, GError **error)
{
    bool null_path = !*sender || !strcmp(sender, "<>");
    g_autofree char *one = null_path ? g_strdup("") : address_one(sender, error);
    g_autofree char *address = one ? address_for_envelope(one, error) : NULL;
    if (!address) {
        return false;
    }
    g_free(o->sender);
    o->sender = g_steal_pointer(&address);
    return true;
}

static bool add_from_fields(Outgoing *o, Bytes header, const char *const *names, GError **error)
{
    HeaderField field;
    while (header_next(&header, &field)) {
        for (size_t i = 0; names[i]; i++) {
            if (bytes_equal_ci(field.name, names[i]) &&
                !outgoing_add_recipients(o, field.value, error)) {
                return error_prefix(error, "%s", names[i]);
            }
        }
    }
    return true;
}

/* Resent- fields, where there are any, tell where it goes this time (RFC 5322 3.6.6). */
static bool take_recipients(Outgoing *o, Bytes header, GError **error)
{
    static const char *const usual[] = {"To", "Cc", "Bcc", NULL};
    static const char *const resent[] = {"Resent-To", "Resent-Cc", "Resent-Bcc", NULL};
    bool again = header_has(header, "Resent-To") || header_has(header, "Resent-Cc") ||
                 header_has(header, "Resent-Bcc");
    return add_from_fields(o, header, again ? resent : usual, error);
}

static bool take_sender(Outgoing *o, Bytes header, const OutgoingPlan *plan, GError **error)
{
    if (plan->sender) {
        return outgoing_set_sender(o, plan->sender, error);
    }
    static const char *const fields[] = {"Resent-Sender", "Resent-From", "Sender", "From"};
    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
        HeaderField field;
        if (!header_find(header, fields[i], &field)) {
            continue;
        }
        g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
        if (!address_list(field.value, found, error)) {
            return error_prefix(error, "%s", fields[i]);
        }
        if (found->len) {
            return outgoing_set_sender(o, g_ptr_array_index(found, 0), error);
        }
    }
    return true;
}

static bool make_envelope(Outgoing *o, Bytes header, const OutgoingPlan *plan, GError **error)
{
    o->recipients = g_ptr_array_new_with_free_func(g_free);
    for (size_t i = 0; plan->recipients && plan->recipients[i]; i++) {
        if (!outgoing_add_recipients(o, bytes_of(plan->recipients[i]), error)) {
            return false;
        }
    }
    return (!plan->take_recipients || take_recipients(o, header, error)) &&
           take_sender(o, header, plan, error);
}

/* --- the text --- */

static void append(GByteArray *to, Bytes bytes)
{
    g_byte_array_append(to, (const guint8 *)bytes.data, (guint)bytes.len);
}

/* One that is not ASCII is encoded where that can be: a server without SMTPUTF8 can take it then.
 */
static void add_field(GByteArray *to, const HeaderField *field)
{
    if (!encoded_field(to, field)) {
        append(to, field->whole);
    }
}

static void append_field(GByteArray *to, const char *name, const char *value)
{
    g_autofree char *line = g_strconcat(name, ": ", value, "\r\n", NULL);
    add_field(to, &(HeaderField){bytes_of(name), bytes_of(value), bytes_of(line)});
}

static void copy_fields(GByteArray *to, Bytes header)
{
    bool ascii = !smtp_text_has_eight_bit(header); /* nearly always */
    HeaderField field;
    while (header_next(&header, &field)) {
        bool hidden = bytes_equal_ci(field.name, "Bcc") || bytes_equal_ci(field.name, "Resent-Bcc");
        if (!hidden && ascii) {
            append(to, field.whole);
        } else if (!hidden) {
            add_field(to, &field);
        }
    }
}

/* Text that is UTF-8 but does not say so: cron's, PHP's. */
static void add_mime(GByteArray *to, Bytes header, Bytes body)
{
    bool typed = header_has(header, "Content-Type");
    bool eight_bit = smtp_text_has_eight_bit(body);
    if (!header_has(header, "MIME-Version") && (typed || eight_bit)) {
        append_field(to, "MIME-Version", "1.0");
    }
    if (!typed && eight_bit && g_utf8_validate(body.data, (gssize)body.len, NULL)) {
        append_field(to, "Content-Type", "text/plain; charset=utf-8");
        if (!header_has(header, "Content-Transfer-Encoding")) {
            append_field(to, "Content-Transfer-Encoding", "8bit");
        }
    }
}

static const char *host_for_id(const Outgoing *o, const OutgoingPlan *plan)
{
    const char *at = o->sender ? strrchr(o->sender, '@') : NULL;
    return at ? at + 1 : plan->host;
}

static void add_missing(Outgoing *o, GByteArray *to, Bytes header, Bytes body,
                        const OutgoingPlan *plan)
{
    if (!header_has(header, "Date")) {
        g_autofree char *date = outgoing_date(g_get_real_time() / G_USEC_PER_SEC);
        append_field(to, "Date", date);
    }
    if (!header_has(header, "Message-ID")) {
        g_autofree char *id = outgoing_message_id(host_for_id(o, plan));
        append_field(to, "Message-ID", id);
    }
    const char *from = plan->from ? plan->from : o->sender;
    if (plan->add_from && from && *from && !header_has(header, "From")) {
        append_field(to, "From", from);
    }
    add_mime(to, header, body);
}

static void look_at(Outgoing *o)
{
    Bytes body, header = header_split(bytes_of_array(o->text), &body);
    HeaderField id;
    bool high = smtp_text_has_eight_bit(header);
    o->header_eight_bit = high && g_utf8_validate(header.data, (gssize)header.len, NULL);
    o->eight_bit = smtp_text_has_eight_bit(body) || (high && !o->header_eight_bit);
    g_clear_pointer(&o->message_id, g_free);
    if (header_find(header, "Message-ID", &id)) {
        o->message_id = bytes_dup(bytes_trim(id.value));
    }
}

/* mbox' own line, which is no part of the message. */
static Bytes without_from_line(Bytes text)
{
    if (!bytes_starts(text, "From ")) {
        return text;
    }
    gssize end = bytes_index(text, '\n');
    return bytes_sub(text, end < 0 ? text.len : (size_t)end + 1, text.len);
}

/* A new header before the same body, which is moved, not copied: it may be large. */
static void rewrite(Outgoing *o, Bytes header, Bytes body, const OutgoingPlan *plan)
{
    g_autoptr(GByteArray) head = g_byte_array_sized_new((guint)header.len + 512);
    copy_fields(head, header);
    add_missing(o, head, header, body, plan);
    append(head, BYTES_LITERAL("\r\n"));
    size_t from = (size_t)(body.data - (const char *)o->text->data), old = o->text->len;
    g_byte_array_set_size(o->text, (guint)MAX(old, head->len + body.len));
    memmove(o->text->data + head->len, o->text->data + from, body.len);
    memcpy(o->text->data, head->data, head->len);
    g_byte_array_set_size(o->text, (guint)(head->len + body.len));
}

Outgoing *outgoing_new(Bytes raw, const OutgoingPlan *plan, GError **error)
{
    const char *nul = raw.len ? memchr(raw.data, '\0', raw.len) : NULL;
    if (nul) {
        error_fail(error, POSTERN_ERROR_DATA,
                   "the message holds a NUL (octet %zu), which mail cannot carry: attach it as a "
                   "file, or encode it",
                   (size_t)(nul - raw.data) + 1);
        return NULL;
    }
    g_autoptr(Outgoing) o = g_new0(Outgoing, 1);
    o->text = smtp_text_normalise(plan->as_is ? raw : without_from_line(raw));
    Bytes body, header = header_split(bytes_of_array(o->text), &body);
    if (!make_envelope(o, header, plan, error)) {
        return NULL;
    }
    if (!plan->as_is) {
        rewrite(o, header, body, plan);
    }
    look_at(o);
    return g_steal_pointer(&o);
}

Outgoing *outgoing_ready(GByteArray *text)
{
    Outgoing *o = g_new0(Outgoing, 1);
    o->text = text;
    o->recipients = g_ptr_array_new_with_free_func(g_free);
    look_at(o);
    return o;
}

void outgoing_free(Outgoing *o)
{
    if (!o) {
        return;
    }
    g_clear_pointer(&o->text, g_byte_array_unref);
    g_clear_pointer(&o->recipients, g_ptr_array_unref);
    g_free(o->sender);
    g_free(o->message_id);
    g_free(o);
}
