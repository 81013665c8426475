/* imapd_envelope.c: ENVELOPE: addresses as RFC 3501 wants them. */
#include <string.h>

#include "server/imapd_structure.h"

void imap_put_nstring(GString *out, const char *text)
{
    if (!text) {
        g_string_append(out, "NIL");
        return;
    }
    bool plain = strlen(text) < 1000;
    for (const char *c = text; plain && *c; c++) {
        plain = (guchar)*c < 0x80 && *c != '\r' && *c != '\n';
    }
    if (!plain) {
        g_string_append_printf(out, "{%zu}\r\n%s", strlen(text), text);
        return;
    }
    g_string_append_c(out, '"');
    for (const char *c = text; *c; c++) {
        if (*c == '"' || *c == '\\') {
            g_string_append_c(out, '\\');
        }
        g_string_append_c(out, *c);
    }
    g_string_append_c(out, '"');
}

/* --- addresses (RFC 5322 3.4, and its obsolete forms) --- */

static const char specials[] = "()<>[]:;@\\,\"";

/* One word, quoted or not; appended, behind a blank when one was there. */
static bool take_word(MimeLexer *lexer, GString *phrase, const char *glue)
{
    g_autofree char *quoted = mime_quoted(lexer);
    Bytes token;
    if (!quoted && !mime_token(lexer, specials, &token)) {
        return false;
    }
    g_string_append(phrase, phrase->len ? glue : "");
    if (quoted) {
        g_string_append(phrase, quoted);
    } else {
        g_string_append_len(phrase, token.data, (gssize)token.len);
    }
    return true;
}

/* "[127.0.0.1]" or a name; blanks and comments in it are dropped. */
static char *take_domain(MimeLexer *lexer)
{
    GString *domain = g_string_new(NULL);
    Bytes token;
    if (mime_special(lexer, '[')) {
        gssize end = bytes_index(lexer->rest, ']');
        size_t n = end < 0 ? lexer->rest.len : (size_t)end;
        g_string_append_printf(domain, "[%.*s]", (int)MIN(n, 1000), lexer->rest.data);
        lexer->rest = bytes_sub(lexer->rest, n + 1, SIZE_MAX);
    }
    while (mime_token(lexer, specials, &token)) {
        g_string_append_len(domain, token.data, (gssize)token.len);
    }
    return g_string_free(domain, FALSE);
}

static void put_address(GString *out, const char *name, const char *route, const char *local,
                        const char *domain)
{
    const char *const fields[] = {name, route, local, domain};
    g_string_append_c(out, '(');
    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
        g_string_append(out, i ? " " : "");
        imap_put_nstring(out, fields[i]);
    }
    g_string_append_c(out, ')');
}

/* "@a,@b:" (RFC 5322 obs-route). */
static char *take_route(MimeLexer *lexer)
{
    GString *route = g_string_new(NULL);
    while (mime_special(lexer, '@')) {
        g_autofree char *domain = take_domain(lexer);
        g_string_append_printf(route, "%s@%s", route->len ? "," : "", domain);
        while (mime_special(lexer, ',')) {
        }
    }
    if (route->len) {
        mime_special(lexer, ':');
    }
    return g_string_free(route, route->len == 0);
}

/* An address without a host would read as a group's end: it gets a word that says so. */
static const char *or_missing(const char *text, const char *missing)
{
    return text && *text ? text : missing;
}

static void put_mailbox(GString *out, const char *name, const char *route, const char *local,
                        const char *domain)
{
    put_address(out, name && *name ? name : NULL, route, or_missing(local, "MISSING_MAILBOX"),
                or_missing(domain, "MISSING_DOMAIN"));
}

/* Behind the "<". */
static void take_angle(MimeLexer *lexer, GString *out, const char *name)
{
    g_autofree char *route = take_route(lexer);
    g_autoptr(GString) local = g_string_new(NULL);
    g_autofree char *domain = NULL;
    while (take_word(lexer, local, " ")) {
    }
    if (mime_special(lexer, '@')) {
        domain = take_domain(lexer);
    }
    mime_special(lexer, '>');
    put_mailbox(out, name, route, local->str, domain);
}

/* Behind words that may be a name, a local part, or a group. True when something was put. */
static bool take_address(MimeLexer *lexer, GString *out, bool *in_group)
{
    g_autoptr(GString) phrase = g_string_new(NULL);
    g_clear_pointer(&lexer->comment, g_free);
    while (take_word(lexer, phrase, " ")) {
    }
    if (mime_special(lexer, '<')) {
        take_angle(lexer, out, phrase->str);
    } else if (!*in_group && mime_special(lexer, ':')) {
        put_address(out, NULL, NULL, phrase->str, NULL);
        *in_group = true;
    } else if (mime_special(lexer, '@')) {
        g_autofree char *domain = take_domain(lexer);
        mime_skip(lexer);
        put_mailbox(out, lexer->comment, NULL, phrase->str, domain);
    } else if (phrase->len) {
        mime_skip(lexer);
        put_mailbox(out, lexer->comment, NULL, phrase->str, NULL);
    } else {
        return false;
    }
    return true;
}

/* The list, or NIL when nothing is in it. */
static void put_addresses(GString *out, Bytes value)
{
    MimeLexer lexer = {.rest = value};
    gsize before = out->len;
    bool in_group = false;
    g_string_append_c(out, '(');
    for (unsigned n = 0; n < IMAP_ADDRESSES_MAX; n++) {
        bool put = take_address(&lexer, out, &in_group);
        if (in_group && mime_special(&lexer, ';')) {
            put_address(out, NULL, NULL, NULL, NULL);
            in_group = false;
        }
        if (!put && !mime_special(&lexer, ',') && lexer.rest.len > 0) {
            lexer.rest = bytes_sub(lexer.rest, 1, SIZE_MAX); /* nothing fits: skip it */
        }
        if (lexer.rest.len == 0) {
            break;
        }
    }
    if (in_group) {
        put_address(out, NULL, NULL, NULL, NULL);
    }
    mime_lexer_clear(&lexer);
    if (out->len == before + 1) {
        g_string_truncate(out, before);
        g_string_append(out, "NIL");
    } else {
        g_string_append_c(out, ')');
    }
}

/* --- the envelope --- */

static void put_text(GString *out, Bytes header, const char *name)
{
    Bytes value;
    g_autofree char *text = mime_field(header, name, &value) ? mime_unfold(value) : NULL;
    imap_put_nstring(out, text);
}

/* Sender and Reply-To are From's where they are not there (RFC 3501 7.4.2). */
static void put_field(GString *out, Bytes header, const char *name)
{
    Bytes value;
    g_autoptr(GString) list = g_string_new(NULL);
    if (mime_field(header, name, &value)) {
        put_addresses(list, value);
    }
    bool falls_back = strcmp(name, "Sender") == 0 || strcmp(name, "Reply-To") == 0;
    if (falls_back && (list->len == 0 || strcmp(list->str, "NIL") == 0)) {
        put_field(out, header, "From");
    } else {
        g_string_append(out, list->len ? list->str : "NIL");
    }
}

void imap_put_envelope(GString *out, Bytes header)
{
    static const char *const addresses[] = {"From", "Sender", "Reply-To", "To", "Cc", "Bcc"};
    g_string_append_c(out, '(');
    put_text(out, header, "Date");
    g_string_append_c(out, ' ');
    put_text(out, header, "Subject");
    for (size_t i = 0; i < G_N_ELEMENTS(addresses); i++) {
        g_string_append_c(out, ' ');
        put_field(out, header, addresses[i]);
    }
    g_string_append_c(out, ' ');
    put_text(out, header, "In-Reply-To");
    g_string_append_c(out, ' ');
    put_text(out, header, "Message-ID");
    g_string_append_c(out, ')');
}
