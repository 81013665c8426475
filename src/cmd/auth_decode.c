/* auth_decode.c: `postern auth decode`: messages of one exchange, as they were copied from
 * wherever: bare base64, or whole lines of a protocol ("334 ...", "+ ...", "AUTH PLAIN ...", "a1
 * AUTHENTICATE ..."), with or without a transcript's arrows. */
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "cmd/auth.h"
#include "cmd/command.h"
#include "sasl/decode.h"

#define INPUT_MAX (1024 * 1024)

typedef enum { SIDE_UNKNOWN, SIDE_CLIENT, SIDE_SERVER } Side;

/* What is known of the exchange so far. */
typedef struct {
    char *hint; /* for sasl_decode(), or NULL */
    Side last;
    bool show_secrets;
    unsigned count;
    bool all_known;
} Exchange;

/* What is left of a line when its protocol's words are taken off. */
typedef struct {
    Bytes text;
    Side side;
    bool is_empty;     /* "=", a bare 334 */
    const char *plain; /* no message of a mechanism, but this */
} Message;

static bool take_prefix(Bytes *line, const char *prefix)
{
    if (!bytes_starts_ci(*line, prefix)) {
        return false;
    }
    *line = bytes_trim(bytes_sub(*line, strlen(prefix), SIZE_MAX));
    return true;
}

static Side take_arrow(Bytes *line)
{
    static const char *const client[] = {"-> ", "~> ", "C: "}, *const server[] = {"<- ", "<~ ",
                                                                                  "S: "};
    for (size_t i = 0; i < G_N_ELEMENTS(client); i++) {
        if (take_prefix(line, client[i])) {
            return SIDE_CLIENT;
        }
        if (take_prefix(line, server[i])) {
            return SIDE_SERVER;
        }
    }
    return SIDE_UNKNOWN;
}

static Bytes unquoted(Bytes b)
{
    bool quoted = b.len >= 2 && b.data[0] == '"' && b.data[b.len - 1] == '"';
    return quoted ? bytes_sub(b, 1, b.len - 2) : b;
}

/* "AUTH MECH [RESPONSE]", with or without an IMAP tag. */
static bool take_command(Exchange *x, Bytes line, Message *m)
{
    Bytes rest = line, verb = bytes_word(&rest);
    bool is_auth = bytes_equal_ci(verb, "AUTH") || bytes_equal_ci(verb, "AUTHENTICATE");
    if (!is_auth) { /* behind a tag */
        verb = bytes_word(&rest);
        is_auth = bytes_equal_ci(verb, "AUTHENTICATE");
    }
    if (!is_auth) {
        return false;
    }
    Bytes mechanism = unquoted(bytes_word(&rest));
    bool is_login = bytes_equal_ci(mechanism, "LOGIN");
    g_free(x->hint);
    x->hint = is_login ? g_strdup("LOGIN user") : bytes_dup(mechanism);
    m->text = unquoted(bytes_trim(rest));
    m->side = SIDE_CLIENT;
    m->plain = m->text.len == 0 ? "client asks for the mechanism" : NULL;
    return true;
}

static bool take_continuation(Bytes line, Message *m)
{
    Bytes rest = line, word = bytes_word(&rest);
    if (!bytes_equal(word, BYTES_LITERAL("334")) && !bytes_equal(word, BYTES_LITERAL("+")) &&
        !bytes_equal(word, BYTES_LITERAL("383"))) {
        return false;
    }
    m->text = bytes_trim(rest);
    m->side = SIDE_SERVER;
    m->is_empty = m->text.len == 0;
    return true;
}

/* A greeting with an APOP challenge, or the APOP command itself. */
static bool take_apop(Exchange *x, Bytes line, Message *m)
{
    Bytes rest = line, word = bytes_word(&rest);
    Bytes challenge = bytes_equal_ci(word, "+OK") ? sasl_apop_challenge(line) : BYTES_NONE;
    if (challenge.len == 0 && !bytes_equal_ci(word, "APOP")) {
        return false;
    }
    g_free(x->hint);
    x->hint = g_strdup("CRAM-MD5"); /* of the same form: "<...>", and "user digest" */
    m->text = challenge.len > 0 ? challenge : bytes_trim(rest);
    m->side = challenge.len > 0 ? SIDE_SERVER : SIDE_CLIENT;
    return true;
}

static Message take_apart(Exchange *x, Bytes line)
{
    line = bytes_trim(line);
    Side side = take_arrow(&line);
    Message m = {.side = side, .text = line};
    if (bytes_equal(line, BYTES_LITERAL("*"))) {
        m.side = SIDE_CLIENT;
        m.plain = "client gives up";
    } else if (!take_continuation(line, &m) && !take_apop(x, line, &m)) {
        take_command(x, line, &m);
    }
    if (m.side == SIDE_UNKNOWN && x->last != SIDE_UNKNOWN) {
        m.side = x->last == SIDE_CLIENT ? SIDE_SERVER : SIDE_CLIENT;
    }
    m.is_empty = m.is_empty || bytes_equal(m.text, BYTES_LITERAL("="));
    return m;
}

static void print_fields(const SaslDecoded *decoded)
{
    int width = 0;
    for (guint i = 0; i < decoded->fields->len; i++) {
        const SaslField *field = decoded->fields->pdata[i];
        width = MAX(width, (int)g_utf8_strlen(field->name, -1));
    }
    for (guint i = 0; i < decoded->fields->len; i++) {
        const SaslField *field = decoded->fields->pdata[i];
        int pad = width - (int)g_utf8_strlen(field->name, -1);
        printf("  %s%*s  %s\n", field->name, pad, "", field->value);
    }
    if (decoded->error_words) {
        printf("  that is: %s\n", decoded->error_words);
    }
}

/* What the next message of LOGIN will be depends on what was asked for. */
static const char *next_hint(const SaslDecoded *decoded)
{
    if (g_strcmp0(decoded->mechanism, "LOGIN") != 0) {
        return decoded->mechanism;
    }
    bool password_next =
        strstr(decoded->step, "password") || strcmp(decoded->step, "client's user name") == 0;
    return password_next ? "LOGIN password" : "LOGIN user";
}

static void decode_message(Exchange *x, const Message *m, Bytes raw)
{
    g_autoptr(SaslDecoded) decoded =
        sasl_decode(raw, x->hint, m->side == SIDE_SERVER, x->show_secrets);
    g_autofree char *unheard_of =
        decoded->mechanism || !x->hint ? NULL : escape_line_max(bytes_of(x->hint), 40);
    const char *name = decoded->mechanism ? decoded->mechanism : unheard_of;
    printf("%s%s%s\n", name ? name : "", name ? " " : "", decoded->step);
    print_fields(decoded);
    x->all_known = x->all_known && (decoded->mechanism || raw.len == 0);
    const char *hint = next_hint(decoded);
    if (hint) {
        char *kept = g_strdup(hint);
        g_free(x->hint);
        x->hint = kept;
    }
}

static bool decode_line(Exchange *x, Bytes line, GError **error)
{
    Message m = take_apart(x, line);
    if (x->count++ > 0) {
        putchar('\n');
    }
    x->last = m.side;
    if (m.plain) {
        g_autofree char *mechanism =
            x->hint ? escape_line_max(bytes_of(x->hint), 40) : g_strdup("");
        mechanism[strcspn(mechanism, " ")] = '\0';
        printf("%s%s%s\n", mechanism, *mechanism ? " " : "", m.plain);
        return true;
    }
    g_autoptr(GByteArray) raw = m.is_empty ? g_byte_array_new() : auth_unpack(m.text);
    if (!raw) {
        return error_fail(error, POSTERN_ERROR_DATA,
                          "message %u is not base64: was it cut when it was copied?", x->count);
    }
    decode_message(x, &m, bytes_of_array(raw));
    secret_wipe(raw->data, raw->len);
    return true;
}

static bool decode_lines(Exchange *x, Bytes text, GError **error)
{
    while (text.len > 0) {
        gssize end = bytes_index(text, '\n');
        Bytes line = end < 0 ? text : bytes_sub(text, 0, (size_t)end);
        text = bytes_sub(text, line.len + 1, SIZE_MAX);
        if (bytes_trim(line).len > 0 && !decode_line(x, line, error)) {
            return false;
        }
    }
    return true;
}

static bool decode_input(Exchange *x, GError **error)
{
    g_autoptr(GString) text = g_string_sized_new(INPUT_MAX + 1);
    text->len = fread(text->str, 1, INPUT_MAX + 1, stdin);
    text->str[text->len] = '\0';
    if (ferror(stdin)) {
        return error_fail(error, POSTERN_ERROR_IO, "cannot read standard input");
    }
    if (text->len > INPUT_MAX) {
        return error_fail(error, POSTERN_ERROR_DATA, "more than %d octets on standard input",
                          INPUT_MAX);
    }
    bool ok = decode_lines(x, bytes_of_string(text), error);
    secret_wipe(text->str, text->len);
    return ok;
}

static bool decode_all(Exchange *x, char **args, GError **error)
{
    if (!args[0]) {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "decode what? Give base64 or lines of a protocol, or - to read them");
    }
    for (; *args; args++) {
        bool ok = strcmp(*args, "-") == 0 ? decode_input(x, error)
                                          : decode_line(x, bytes_of(*args), error);
        if (!ok) {
            return false;
        }
    }
    if (x->count == 0) {
        return error_fail(error, POSTERN_ERROR_DATA, "there was nothing to decode");
    }
    return x->all_known ||
           error_fail(error, POSTERN_ERROR_DATA, "not everything was recognised%s",
                      x->show_secrets ? "" : "; --show-secrets shows what is masked");
}

int auth_decode(const AuthOptions *o, char **args)
{
    GError *error = NULL;
    Exchange x = {.show_secrets = o->show_secrets, .all_known = true};
    bool ok = decode_all(&x, args, &error);
    g_free(x.hint);
    return ok ? 0 : command_fail(error);
}
