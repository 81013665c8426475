/* sieve.c: ManageSieve on the ladder (RFC 5804). Its capabilities are its greeting, and come again
 * by themselves after TLS. */
#include <string.h>

#include "base/escape.h"
#include "proto/grammar.h"
#include "proto/response.h"
#include "proto/row.h"
#include "proto/sieve_parse.h"

enum { RESPONSE_MAX = 64 * 1024, LINES_MAX = 512, SHOWN_MAX = 80, QUOTED_MAX = 1024 };

static bool read_response(Session *s, GByteArray *whole, SieveResponse *ret, GError **error)
{
    if (!response_read(s->wire, RESPONSE_MAX, whole, error)) {
        return false;
    }
    sieve_parse_response(bytes_of_array(whole), ret);
    if (ret->status == SIEVE_GARBAGE) {
        g_autofree char *shown = escape_line_max(bytes_of_array(whole), SHOWN_MAX);
        return error_fail(error, POSTERN_ERROR_PROTOCOL, "\"%s\" is no ManageSieve response",
                          shown);
    }
    return true;
}

static bool is_temporary(const SieveResponse *response)
{
    return !strcmp(response->code, "TRYLATER");
}

static void add_capability(Caps *caps, const SieveResponse *line)
{
    g_autofree char *name = token_text(line->first);
    g_autofree char *value = token_text(line->second);
    g_autofree char *text = g_strconcat(name, " ", value, NULL);
    caps_add_line(caps, bytes_of(text));
}

/* Lines of capabilities up to OK. `first` is kept as the greeting's words. Suspends. */
static bool read_capabilities(Session *s, bool greeting, GError **error)
{
    g_autoptr(GByteArray) whole = g_byte_array_new();
    g_autoptr(Caps) caps = caps_new();
    SieveResponse line;
    for (int i = 0; i < LINES_MAX; i++) {
        if (!read_response(s, whole, &line, error)) {
            return false;
        }
        if (greeting && i == 0) {
            row_keep_greeting(s, bytes_of_array(whole));
        }
        if (line.status == SIEVE_OK) {
            row_set_caps(s, g_steal_pointer(&caps));
            return true;
        }
        if (line.status != SIEVE_DATA) {
            return row_turned_away(is_temporary(&line), bytes_of_array(whole), error);
        }
        add_capability(caps, &line);
    }
    return error_fail(error, POSTERN_ERROR_LIMIT, "the server's list of capabilities does not end");
}

static bool greet(Session *s, GError **error)
{
    g_autoptr(GError) cause = NULL;
    if (read_capabilities(s, true, &cause)) {
        return true;
    }
    if (g_error_matches(cause, POSTERN_ERROR, POSTERN_ERROR_PROTOCOL) && !s->greeting) {
        return row_not_spoken(s, bytes_trim(wire_last_raw(s->wire)), error);
    }
    g_propagate_error(error, g_steal_pointer(&cause));
    return false;
}

static bool capabilities(Session *s, GError **error)
{
    if (s->fresh_tls) {
        return read_capabilities(s, false,
                                 error); /* RFC 5804 section 2.2: sent without being asked for */
    }
    if (s->reached < STAGE_CAPABILITIES) {
        return true; /* the greeting was them */
    }
    return wire_sendf(s->wire, error, "CAPABILITY") && read_capabilities(s, false, error);
}

static bool ask_tls(Session *s, GError **error)
{
    g_autoptr(GByteArray) whole = g_byte_array_new();
    SieveResponse answer;
    if (!row_tls_offered(s, "STARTTLS", "STARTTLS", error)) {
        return false;
    }
    if (!wire_sendf(s->wire, error, "STARTTLS") || !read_response(s, whole, &answer, error)) {
        return false;
    }
    return row_tls_answer(s, "STARTTLS", answer.status == SIEVE_OK, bytes_of_array(whole), error);
}

static void quit(Session *s)
{
    g_autoptr(GByteArray) whole = g_byte_array_new();
    SieveResponse answer;
    if (wire_sendf(s->wire, NULL, "LOGOUT")) {
        read_response(s, whole, &answer, NULL);
    }
}

/* --- AUTHENTICATE (RFC 5804 2.1) --- */

/* A base64 string behind prefix: quoted, or a literal where a quoted string may not be that long.
 * Suspends. */
static bool send_string(Session *s, const char *prefix, const Secret *base64, GError **error)
{
    if (secret_length(base64) <= QUOTED_MAX) {
        g_autofree char *open = g_strconcat(prefix, "\"", NULL);
        return wire_send_secret_within(s->wire, bytes_of(open), base64, BYTES_LITERAL("\""), error);
    }
    return wire_sendf(s->wire, error, "%s{%zu+}", prefix, secret_length(base64)) &&
           wire_send_secret_octets(s->wire, base64, error) &&
           wire_send_line(s->wire, BYTES_NONE, error);
}

static bool auth_begin(Session *s, const char *mechanism, const Secret *initial, GError **error)
{
    g_autofree char *command =
        g_strdup_printf("AUTHENTICATE \"%s\"%s", mechanism, initial ? " " : "");
    if (initial && secret_length(initial) == 1) {
        /* "=": an empty one is an empty string here; no base64 is one octet long. */
        return wire_sendf(s->wire, error, "%s\"\"", command);
    }
    return initial ? send_string(s, command, initial, error)
                   : wire_send_line(s->wire, bytes_of(command), error);
}

static bool auth_respond(Session *s, const Secret *base64, GError **error)
{
    return base64 ? send_string(s, "", base64, error)
                  : wire_send_line(s->wire, BYTES_LITERAL("\"*\""), error);
}

/* OK (SASL "base64"): data that came with the success. */
static void read_success_data(const SieveResponse *answer, AuthReply *ret)
{
    Tokens tokens = tokens_of(answer->code_args);
    Token data = token_next(&tokens);
    ret->has_data = !strcmp(answer->code, "SASL") && data.text.len > 0;
    ret->data = data.text;
}

static bool auth_reply(Session *s, AuthReply *ret, GError **error)
{
    g_autoptr(GByteArray) whole = g_byte_array_new();
    SieveResponse answer;
    if (!read_response(s, whole, &answer, error)) {
        return false;
    }
    /* What is handed out must outlive `whole`: parsed again where it is kept. */
    *ret = (AuthReply){.text = row_keep_auth_answer(s, bytes_of_array(whole))};
    sieve_parse_response(ret->text, &answer);
    if (answer.status == SIEVE_DATA) {
        ret->kind = AUTH_CHALLENGE;
        ret->data = bytes_trim(answer.first.text);
    } else if (answer.status == SIEVE_OK) {
        ret->kind = AUTH_ACCEPTED;
        read_success_data(&answer, ret);
    } else {
        ret->kind = AUTH_REFUSED;
        ret->temporary = is_temporary(&answer);
    }
    return true;
}

static const AuthFraming auth = {
    .service = "sieve",
    .initial_response = true,
    .begin = auth_begin,
    .respond = auth_respond,
    .reply = auth_reply,
};

const Proto proto_sieve = {
    .name = "sieve",
    .title = "ManageSieve",
    .rfc = "RFC 5804",
    .tls_command = "STARTTLS",
    .line_based = true,
    .greet = greet,
    .capabilities = capabilities,
    .ask_tls = ask_tls,
    .quit = quit,
    .auth = &auth,
    .grammar = &grammar_sieve,
};
