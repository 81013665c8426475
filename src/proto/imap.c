#include "proto/imap.h"

#include <string.h>

#include "base/escape.h"
#include "proto/auth_exchange.h"
#include "proto/grammar.h"
#include "proto/guess.h"
#include "proto/response.h"
#include "proto/row.h"

enum { RESPONSE_MAX = 1024 * 1024, UNTAGGED_MAX = 1000, SHOWN_MAX = 80 };

/* --- responses --- */

static ImapTag tag_of(unsigned number)
{
    ImapTag tag;
    g_snprintf(tag.text, sizeof tag.text, "P%u", number);
    return tag;
}

ImapTag imap_next_tag(Session *s)
{
    return tag_of(++s->tag);
}

static bool settle(Session *s, GError **error);

bool imap_read(Session *s, GByteArray *whole, ImapResponse *ret, GError **error)
{
    if (!settle(s, error) || !response_read(s->wire, RESPONSE_MAX, whole, error)) {
        return false;
    }
    if (s->guessed) {
        wire_acknowledge(s->wire);
    }
    imap_parse_response(bytes_of_array(whole), ret);
    if (ret->kind == IMAP_GARBAGE) {
        g_autofree char *shown = escape_line_max(bytes_of_array(whole), SHOWN_MAX);
        return error_fail(error, POSTERN_ERROR_PROTOCOL, "\"%s\" is no IMAP response", shown);
    }
    return true;
}

static void take_caps(Session *s, Bytes words)
{
    Caps *caps = caps_new();
    while (words.len) {
        caps_add_line(caps, bytes_word(&words));
    }
    row_set_caps(s, caps);
    s->told_caps = true;
}

/* Capabilities come as a response of their own or as the code of another (RFC 3501 7.2.1, 7.1). */
static bool took_caps(Session *s, const ImapResponse *response)
{
    if (response->status == IMAP_DATA && bytes_equal_ci(response->word, "CAPABILITY")) {
        take_caps(s, response->rest);
    } else if (!strcmp(response->code, "CAPABILITY")) {
        take_caps(s, response->code_args);
    } else {
        return false;
    }
    return true;
}

static bool bye(const ImapResponse *response, GByteArray *whole, GError **error)
{
    return row_turned_away(imap_code_temporary(response->code), bytes_of_array(whole), error);
}

bool imap_complete(Session *s, ImapTag tag, bool stop_at_continue, GByteArray *whole,
                   ImapResponse *ret, GError **error)
{
    for (int i = 0; i < UNTAGGED_MAX; i++) {
        if (!imap_read(s, whole, ret, error)) {
            return false;
        }
        took_caps(s, ret);
        if (ret->kind == IMAP_CONTINUE && stop_at_continue) {
            return true;
        }
        if (ret->kind == IMAP_TAGGED && bytes_equal(ret->tag, bytes_of(tag.text))) {
            return true;
        }
        if (ret->kind == IMAP_UNTAGGED && ret->status == IMAP_BYE) {
            return bye(ret, whole, error);
        }
    }
    return error_fail(error, POSTERN_ERROR_LIMIT,
                      "the server sent %d untagged responses and no answer to %s", UNTAGGED_MAX,
                      tag.text);
}

/* --- the ladder --- */

static bool take_greeting(Session *s, GError **error)
{
    g_autoptr(GByteArray) whole = g_byte_array_new();
    ImapResponse greeting;
    if (!response_read(s->wire, RESPONSE_MAX, whole, error)) {
        return false;
    }
    imap_parse_response(bytes_of_array(whole), &greeting);
    wire_acknowledge(s->wire);
    row_keep_greeting(s, bytes_of_array(whole));
    if (greeting.kind != IMAP_UNTAGGED) {
        return row_not_spoken(s, bytes_of_array(whole), error);
    }
    took_caps(s, &greeting);
    s->preauth = greeting.status == IMAP_PREAUTH;
    if (greeting.status == IMAP_BYE) {
        return bye(&greeting, whole, error);
    }
    return greeting.status == IMAP_OK || s->preauth ||
           row_not_spoken(s, bytes_of_array(whole), error);
}

static bool greet(Session *s, GError **error)
{
    s->owes_greeting = guess_may(s);
    return s->owes_greeting || take_greeting(s, error);
}

static bool take_capability(Session *s, ImapTag tag, GError **error)
{
    g_autoptr(GByteArray) whole = g_byte_array_new();
    ImapResponse response;
    if (!imap_complete(s, tag, false, whole, &response, error)) {
        return false;
    }
    if (response.status != IMAP_OK || !s->caps) {
        g_autofree char *shown = escape_line_max(bytes_of_array(whole), SHOWN_MAX);
        return error_fail(error, POSTERN_ERROR_PROTOCOL,
                          "the server does not say what it can do: \"%s\"", shown);
    }
    return true;
}

static bool capability_command(Session *s, GError **error)
{
    ImapTag tag = imap_next_tag(s);
    return wire_sendf(s->wire, error, "%s CAPABILITY", tag.text) && take_capability(s, tag, error);
}

static bool capability_later(Session *s, GError **error)
{
    guess_begin(s);
    s->owes_caps = true;
    wire_hold(s->wire); /* it goes with the login */
    ImapTag tag = imap_next_tag(s);
    s->owed_tag = s->tag;
    return wire_sendf(s->wire, error, "%s CAPABILITY", tag.text);
}

/* Those of the greeting are as good as asked-for ones (RFC 3501 7.1). */
static bool capabilities(Session *s, GError **error)
{
    bool told_in_greeting = s->caps && s->reached < STAGE_CAPABILITIES && !s->fresh_tls;
    return told_in_greeting ||
           (guess_may(s) ? capability_later(s, error) : capability_command(s, error));
}

/* Reads what a guess has put off. */
static bool settle(Session *s, GError **error)
{
    bool greeting = s->owes_greeting, caps = s->owes_caps;
    s->owes_greeting = s->owes_caps = false;
    if ((greeting && !take_greeting(s, error)) ||
        (caps && !take_capability(s, tag_of(s->owed_tag), error))) {
        return false;
    }
    if (caps) {
        guess_check(s);
    }
    return true;
}

static bool ask_tls(Session *s, GError **error)
{
    if (s->preauth) {
        return row_tls_preauth(s, error);
    }
    if (!row_tls_offered(s, "STARTTLS", "STARTTLS", error)) {
        return false;
    }
    g_autoptr(GByteArray) whole = g_byte_array_new();
    ImapResponse response;
    ImapTag tag = imap_next_tag(s);
    if (!wire_sendf(s->wire, error, "%s STARTTLS", tag.text) ||
        !imap_complete(s, tag, false, whole, &response, error)) {
        return false;
    }
    return row_tls_answer(s, "STARTTLS", response.status == IMAP_OK, bytes_of_array(whole), error);
}

static void quit(Session *s)
{
    g_autoptr(GByteArray) whole = g_byte_array_new();
    ImapResponse response = {.kind = IMAP_UNTAGGED};
    ImapTag tag = imap_next_tag(s);
    bool ok = wire_sendf(s->wire, NULL, "%s LOGOUT", tag.text);
    for (int i = 0; ok && response.kind != IMAP_TAGGED && i < UNTAGGED_MAX; i++) {
        ok = imap_read(s, whole, &response, NULL);
    }
}

/* --- AUTHENTICATE (RFC 3501 6.2.2, RFC 4959) --- */

static bool auth_begin(Session *s, const char *mechanism, const Secret *initial, GError **error)
{
    g_autofree char *command =
        g_strdup_printf("%s AUTHENTICATE %s", imap_next_tag(s).text, mechanism);
    return row_auth_begin(s, command, initial, error);
}

/* Capabilities change with the login: those from before hold no longer, and are kept only when told
 * with the answer. */
static bool verdict(Session *s, ImapTag tag, GByteArray *whole, ImapResponse *response,
                    GError **error)
{
    if (!settle(s, error)) {
        return false;
    }
    s->told_caps = false;
    if (!imap_complete(s, tag, true, whole, response, error)) {
        return false;
    }
    if (response->status == IMAP_OK && response->kind == IMAP_TAGGED && !s->told_caps) {
        row_set_caps(s, NULL);
    }
    return true;
}

static bool auth_reply(Session *s, AuthReply *ret, GError **error)
{
    g_autoptr(GByteArray) whole = g_byte_array_new();
    ImapResponse response;
    if (!verdict(s, tag_of(s->tag), whole, &response, error)) {
        return false;
    }
    *ret = (AuthReply){.temporary = imap_code_temporary(response.code)};
    ret->text = row_keep_auth_answer(s, bytes_of_array(whole));
    if (response.kind == IMAP_CONTINUE) {
        Bytes rest = ret->text; /* kept longer than `whole` */
        bytes_word(&rest);
        ret->data = bytes_trim(rest);
    } else {
        ret->kind = response.status == IMAP_OK ? AUTH_ACCEPTED : AUTH_REFUSED;
    }
    return true;
}

static bool authenticated(Session *s, GError **error)
{
    return s->caps || capability_command(s, error);
}

/* --- the LOGIN command (RFC 3501 6.2.3) --- */

static const char *const *own_ways(Session *s)
{
    static const char *const login[] = {"LOGIN command", NULL};
    static const char *const none[] = {NULL};
    return caps_has(s->caps, "LOGINDISABLED") ? none : login;
}

static bool login_refused(Session *s, const ImapResponse *response, GByteArray *whole,
                          GError **error)
{
    row_keep_auth_answer(s, bytes_of_array(whole));
    return auth_refused(s, "LOGIN command", imap_code_temporary(response->code), NULL, error);
}

/* Sends `prefix` and the password, quoted if it can be, else as a literal, for which the server
 * must ask. Suspends. */
static bool send_password(Session *s, ImapTag tag, const char *prefix, const Secret *value,
                          GError **error)
{
    g_autoptr(Secret) quoted = wire_quoted(value);
    if (quoted) {
        return wire_send_secret(s->wire, prefix, quoted, error);
    }
    g_autoptr(GByteArray) whole = g_byte_array_new();
    ImapResponse response;
    if (!wire_sendf(s->wire, error, "%s{%zu}", prefix, secret_length(value)) ||
        !imap_complete(s, tag, true, whole, &response, error)) {
        return false;
    }
    if (response.kind != IMAP_CONTINUE) {
        return login_refused(s, &response, whole, error);
    }
    return wire_send_secret_octets(s->wire, value, error) &&
           wire_send_line(s->wire, BYTES_NONE, error);
}

static bool is_plain_ascii(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20 || (unsigned char)*text > 0x7e) {
            return false;
        }
    }
    return true;
}

/* An IMAP quoted string. The caller frees it. */
static char *quote(const char *text)
{
    GString *quoted = g_string_new("\"");
    for (; *text; text++) {
        if (*text == '"' || *text == '\\') {
            g_string_append_c(quoted, '\\');
        }
        g_string_append_c(quoted, *text);
    }
    g_string_append_c(quoted, '"');
    return g_string_free(quoted, FALSE);
}

/* What stands before the password: "TAG LOGIN "joe" ", or, for a name of 8-bit bytes, the same with
 * a literal that the server has asked for; then only the name and a blank are still to be sent.
 * NULL on failure. Suspends. */
static char *open_login(Session *s, ImapTag tag, const char *user, GError **error)
{
    if (is_plain_ascii(user)) {
        g_autofree char *quoted = quote(user);
        return g_strdup_printf("%s LOGIN %s ", tag.text, quoted);
    }
    g_autoptr(GByteArray) whole = g_byte_array_new();
    ImapResponse response;
    if (!wire_sendf(s->wire, error, "%s LOGIN {%zu}", tag.text, strlen(user)) ||
        !imap_complete(s, tag, true, whole, &response, error)) {
        return NULL;
    }
    if (response.kind != IMAP_CONTINUE) {
        login_refused(s, &response, whole, error);
        return NULL;
    }
    return g_strdup_printf("%s ", user);
}

static bool own_auth(Session *s, const char *way, GError **error)
{
    (void)way; /* there is only one */
    const char *user = row_user(s, error);
    g_autoptr(Secret) password = user ? row_password(s, error) : NULL;
    if (!password) {
        return false;
    }
    ImapTag tag = imap_next_tag(s);
    g_autofree char *prefix = open_login(s, tag, user, error);
    if (!prefix || !send_password(s, tag, prefix, password, error)) {
        return false;
    }
    g_autoptr(GByteArray) whole = g_byte_array_new();
    ImapResponse response;
    if (!verdict(s, tag, whole, &response, error)) {
        return false;
    }
    if (response.status != IMAP_OK) {
        return login_refused(s, &response, whole, error);
    }
    row_keep_auth_answer(s, bytes_of_array(whole));
    return true;
}

static const AuthFraming auth = {
    .service = "imap",
    .initial_response = true,
    .proof_is_challenge = true,
    .initial_needs = "SASL-IR",
    .begin = auth_begin,
    .respond = row_auth_respond,
    .reply = auth_reply,
    .own_ways = own_ways,
    .own_auth = own_auth,
    .authenticated = authenticated,
};

const Proto proto_imap = {
    .name = "imap",
    .title = "IMAP",
    .rfc = "RFC 9051",
    .tls_command = "STARTTLS",
    .line_based = true,
    .greet = greet,
    .capabilities = capabilities,
    .ask_tls = ask_tls,
    .quit = quit,
    .auth = &auth,
    .grammar = &grammar_imap,
};
