/* front.c: a row a family; the loop is the same for all. */
#include "proto/front.h"

#include <string.h>

#include "base/escape.h"
#include "proto/imap_parse.h"
#include "proto/pop3_parse.h"
#include "proto/response.h"
#include "proto/sieve_parse.h"

enum { REPLY_LINES_MAX = 1000, RESPONSE_MAX = 1024 * 1024 };

/* What a line of the client's is. */
typedef enum { ASKS_CAPABILITIES, ASKS_TLS, OTHER } Ask;

struct Front {
    const char *const *protos; /* names of the rows in protos.c; ended by NULL */
    const char *capabilities;  /* the command; with `tagged` behind a tag */
    const char *tls;
    bool tagged;
    const char *refusal; /* has one %s */
    const char *no_tls;  /* what STARTTLS is answered with; with `tagged` a %s for the tag */
    /* Sends the greeting. */
    bool (*greet)(Session *s, Wire *client, GError **error);
    /* Passes on the server's answer to a capability command that went out as `line`. */
    bool (*answer)(Session *s, Wire *client, Bytes line, GError **error);
};

/* --- text --- */

char *front_line_without_word(Bytes line, const char *word)
{
    GString *out = g_string_sized_new(line.len);
    size_t len = strlen(word);
    for (size_t i = 0; i < line.len;) {
        Bytes rest = bytes_sub(line, i + 1, line.len);
        bool there = line.data[i] == ' ' && bytes_starts_ci(rest, word);
        char behind = there && rest.len > len ? rest.data[len] : ' ';
        if (there && strchr(" ]\r\n", behind)) {
            i += 1 + len;
        } else {
            g_string_append_c(out, line.data[i++]);
        }
    }
    return g_string_free(out, FALSE);
}

char *front_smtp_without_tls(const char *reply)
{
    g_auto(GStrv) lines = g_strsplit(reply, "\n", -1);
    g_autoptr(GPtrArray) kept = g_ptr_array_new();
    for (size_t i = 0; lines[i]; i++) {
        bool offer = i > 0 && strlen(lines[i]) > 4 &&
                     bytes_equal_ci(bytes_trim(bytes_of(lines[i] + 4)), "STARTTLS");
        if (!offer) {
            g_ptr_array_add(kept, lines[i]);
        }
    }
    if (kept->len > 0) {
        char *last = g_ptr_array_index(kept, kept->len - 1);
        if (strlen(last) > 3 && last[3] == '-') {
            last[3] = ' ';
        }
    }
    g_ptr_array_add(kept, NULL);
    return g_strjoinv("\n", (char **)kept->pdata);
}

char *front_imap_greeting(const char *greeting, const Caps *caps)
{
    ImapResponse parsed;
    imap_parse_response(bytes_of(greeting), &parsed);
    if (strcmp(parsed.code, "CAPABILITY") != 0 || parsed.code_args.len == 0 || !caps) {
        return g_strdup(greeting);
    }
    g_autoptr(GString) list = g_string_new(NULL);
    for (size_t i = 0; i < caps_count(caps); i++) {
        if (g_ascii_strcasecmp(caps_name(caps, i), "STARTTLS") != 0) {
            g_string_append_printf(list, "%s%s", list->len ? " " : "", caps_line(caps, i));
        }
    }
    size_t before = (size_t)(parsed.code_args.data - greeting);
    return g_strdup_printf("%.*s%s%s", (int)before, greeting, list->str,
                           greeting + before + parsed.code_args.len);
}

/* --- SMTP, submission, LMTP --- */

static bool send_lines(Wire *client, const char *text, GError **error)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (size_t i = 0; lines[i]; i++) {
        if (!wire_send_line(client, bytes_of(lines[i]), error)) {
            return false;
        }
    }
    return true;
}

/* The greeting may have had several lines; they are kept without their codes. */
static bool smtp_greet_client(Session *s, Wire *client, GError **error)
{
    g_auto(GStrv) lines = g_strsplit(s->greeting, "\n", 2);
    bool coded = strlen(lines[0]) > 4 && g_ascii_isdigit(lines[0][0]);
    g_autofree char *first = g_strchomp(g_strdup(coded ? lines[0] + 4 : lines[0]));
    return wire_sendf(client, error, "220 %s", first);
}

static bool smtp_answer(Session *s, Wire *client, Bytes line, GError **error)
{
    (void)line;
    g_autoptr(GString) reply = g_string_new(NULL);
    bool more = true;
    for (int i = 0; more; i++) {
        Bytes got;
        if (i == REPLY_LINES_MAX) {
            return error_fail(error, POSTERN_ERROR_LIMIT, "the server's reply does not end");
        }
        if (!wire_line(s->wire, &got, error)) {
            return false;
        }
        more = got.len > 3 && got.data[3] == '-';
        g_autofree char *text = bytes_dup(got);
        g_string_append_printf(reply, "%s%s", i > 0 ? "\n" : "", text);
    }
    g_autofree char *told = front_smtp_without_tls(reply->str);
    return send_lines(client, told, error);
}

/* --- POP3 --- */

static bool greet_as_it_came(Session *s, Wire *client, GError **error)
{
    return wire_send_line(client, bytes_of(s->greeting), error);
}

static bool pop3_answer(Session *s, Wire *client, Bytes line, GError **error)
{
    (void)line;
    Bytes got;
    Pop3Line reply;
    if (!wire_line(s->wire, &got, error) || !wire_send_line(client, got, error)) {
        return false;
    }
    pop3_parse_line(got, &reply);
    for (int i = 0; reply.status == POP3_OK; i++) {
        if (i == REPLY_LINES_MAX) {
            return error_fail(error, POSTERN_ERROR_LIMIT,
                              "the server's list of capabilities does not end");
        }
        if (!wire_line(s->wire, &got, error)) {
            return false;
        }
        bool offer = bytes_equal_ci(bytes_trim(got), "STLS");
        if (!offer && !wire_send_line(client, got, error)) {
            return false;
        }
        if (bytes_equal(got, BYTES_LITERAL("."))) {
            break;
        }
    }
    return true;
}

/* --- IMAP --- */

static bool imap_greet_client(Session *s, Wire *client, GError **error)
{
    g_autofree char *greeting = front_imap_greeting(s->greeting, s->caps);
    return wire_send_line(client, bytes_of(greeting), error);
}

/* Responses up to the one that bears the command's tag. */
static bool imap_answer(Session *s, Wire *client, Bytes line, GError **error)
{
    Bytes tag = bytes_word(&line);
    g_autofree char *tag_text = bytes_dup(tag);
    g_autoptr(GByteArray) whole = g_byte_array_new();
    for (int i = 0; i < REPLY_LINES_MAX; i++) {
        ImapResponse response;
        if (!response_read(s->wire, RESPONSE_MAX, whole, error)) {
            return false;
        }
        imap_parse_response(bytes_of_array(whole), &response);
        bool told =
            bytes_equal_ci(response.word, "CAPABILITY") || !strcmp(response.code, "CAPABILITY");
        g_autofree char *without =
            told ? front_line_without_word(bytes_of_array(whole), "STARTTLS") : NULL;
        if (!wire_send_bytes(client, told ? bytes_of(without) : bytes_of_array(whole), false,
                             error) ||
            !wire_send_bytes(client, BYTES_LITERAL("\r\n"), false, error)) {
            return false;
        }
        if (response.kind == IMAP_TAGGED && bytes_equal(response.tag, bytes_of(tag_text))) {
            return true;
        }
    }
    return error_fail(error, POSTERN_ERROR_LIMIT, "the server does not come to the end of it");
}

/* --- ManageSieve: the greeting is the capabilities, and so is the answer --- */

static bool sieve_answer(Session *s, Wire *client, Bytes line, GError **error)
{
    (void)line;
    g_autoptr(GByteArray) whole = g_byte_array_new();
    for (int i = 0; i < REPLY_LINES_MAX; i++) {
        SieveResponse response;
        if (!response_read(s->wire, RESPONSE_MAX, whole, error)) {
            return false;
        }
        sieve_parse_response(bytes_of_array(whole), &response);
        bool offer =
            response.status == SIEVE_DATA && bytes_equal_ci(response.first.text, "STARTTLS");
        if (!offer && (!wire_send_bytes(client, bytes_of_array(whole), false, error) ||
                       !wire_send_bytes(client, BYTES_LITERAL("\r\n"), false, error))) {
            return false;
        }
        if (response.status != SIEVE_DATA) {
            return true;
        }
    }
    return error_fail(error, POSTERN_ERROR_LIMIT, "the server does not come to the end of it");
}

static bool sieve_greet_client(Session *s, Wire *client, GError **error)
{
    return wire_sendf(s->wire, error, "CAPABILITY") && sieve_answer(s, client, BYTES_NONE, error);
}

/* --- the rows --- */

#define INSIDE "the way to the server is inside TLS already, behind this end of the tunnel"

static const char *const smtp_names[] = {"smtp", "submission", NULL};
static const char *const lmtp_names[] = {"lmtp", NULL};
static const char *const pop3_names[] = {"pop3", NULL};
static const char *const imap_names[] = {"imap", NULL};
static const char *const sieve_names[] = {"sieve", NULL};

static const Front fronts[] = {
    {smtp_names, "EHLO", "STARTTLS", false, "421 4.4.1 %s\r\n", "502 5.5.1 " INSIDE,
     smtp_greet_client, smtp_answer},
    {lmtp_names, "LHLO", "STARTTLS", false, "421 4.4.1 %s\r\n", "502 5.5.1 " INSIDE,
     smtp_greet_client, smtp_answer},
    {pop3_names, "CAPA", "STLS", false, "-ERR [SYS/TEMP] %s\r\n", "-ERR " INSIDE, greet_as_it_came,
     pop3_answer},
    {imap_names, "CAPABILITY", "STARTTLS", true, "* BYE %s\r\n", "%s BAD " INSIDE,
     imap_greet_client, imap_answer},
    {sieve_names, "CAPABILITY", "STARTTLS", false, "BYE (TRYLATER) \"%s\"\r\n", "NO \"" INSIDE "\"",
     sieve_greet_client, sieve_answer},
};

const Front *front_of(const Proto *proto)
{
    for (size_t i = 0; i < G_N_ELEMENTS(fronts); i++) {
        if (g_strv_contains(fronts[i].protos, proto->name)) {
            return &fronts[i];
        }
    }
    return NULL;
}

/* No format of ours: the row's %s is replaced. The caller frees it. */
static char *with(const char *text, const char *word)
{
    const char *gap = strstr(text, "%s");
    return gap ? g_strdup_printf("%.*s%s%s", (int)(gap - text), text, word, gap + 2)
               : g_strdup(text);
}

char *front_refusal(const Front *front, const char *words)
{
    g_autofree char *line = escape_line_max(bytes_of(words), 300);
    return with(front->refusal, g_strdelimit(line, "\"\\", '\''));
}

/* --- the loop --- */

static Ask judge(const Front *front, Bytes line)
{
    Bytes rest = line;
    if (front->tagged) {
        bytes_word(&rest);
    }
    Bytes verb = bytes_word(&rest);
    return bytes_equal_ci(verb, front->capabilities) ? ASKS_CAPABILITIES
           : bytes_equal_ci(verb, front->tls)        ? ASKS_TLS
                                                     : OTHER;
}

static bool refuse_tls(const Front *front, Wire *client, Bytes line, GError **error)
{
    g_autofree char *tag = front->tagged ? bytes_dup(bytes_word(&line)) : g_strdup("");
    g_autofree char *answer = with(front->no_tls, tag);
    return wire_send_line(client, bytes_of(answer), error);
}

/* A client may go without a word; that is no error of anybody's. */
static bool next_line(Wire *client, Bytes *line, bool *ret_ended, GError **error)
{
    g_autoptr(GError) why = NULL;
    if (wire_line(client, line, &why)) {
        return true;
    }
    *ret_ended = g_error_matches(why, POSTERN_ERROR, POSTERN_ERROR_EOF);
    if (!*ret_ended) {
        g_propagate_error(error, g_steal_pointer(&why));
    }
    return *ret_ended;
}

bool front_serve(const Front *front, Session *s, Wire *client, bool *ret_ended, GError **error)
{
    *ret_ended = false;
    if (!front->greet(s, client, error)) {
        return false;
    }
    Ask ask = ASKS_CAPABILITIES;
    while (ask != OTHER) {
        Bytes line;
        if (!next_line(client, &line, ret_ended, error)) {
            return false;
        }
        if (*ret_ended) {
            return true;
        }
        ask = judge(front, line);
        /* What comes after the capabilities may be a login: as a payload it stays out of messages.
         */
        bool good = ask == ASKS_TLS ? refuse_tls(front, client, line, error)
                                    : wire_send_bytes(s->wire, wire_last_raw(client), true, error);
        if (!good || (ask == ASKS_CAPABILITIES && !front->answer(s, client, line, error))) {
            return false;
        }
    }
    return true;
}
