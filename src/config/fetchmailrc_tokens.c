#include "config/fetchmailrc_tokens.h"

#include <limits.h>
#include <string.h>

static void advance(FetchmailTokens *t, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        t->line += t->rest.data[i] == '\n';
    }
    t->rest = bytes_sub(t->rest, n, t->rest.len);
}

static bool is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c);
}

static bool is_quote(char c)
{
    return c == '"' || c == '\'';
}

static size_t word_length(Bytes b)
{
    size_t n = 0;
    while (n < b.len && !is_one_of(b.data[n], "=;:, \t\r\n")) {
        n++;
    }
    return n;
}

/* With both quotes; 0 when it is never closed. */
static size_t quoted_length(Bytes b)
{
    gssize end = bytes_index(bytes_sub(b, 1, b.len), b.data[0]);
    return end < 0 ? 0 : (size_t)end + 2;
}

/* White space, the punctuation that means nothing, and comments. One on the last line needs no
 * newline, which fetchmail would insist on. */
static void skip_blanks(FetchmailTokens *t)
{
    while (t->rest.len > 0) {
        char c = t->rest.data[0];
        if (is_one_of(c, ";:, \t\r\n")) {
            advance(t, 1);
        } else if (c == '#') {
            gssize end = bytes_index(t->rest, '\n');
            advance(t, end < 0 ? t->rest.len : (size_t)end + 1);
        } else {
            return;
        }
    }
}

static bool is_number(Bytes raw)
{
    Bytes digits = bytes_starts(raw, "-") ? bytes_sub(raw, 1, raw.len) : raw;
    for (size_t i = 0; i < digits.len; i++) {
        if (!g_ascii_isdigit(digits.data[i])) {
            return false;
        }
    }
    return digits.len > 0;
}

static void take_number(FetchmailToken *token)
{
    bool minus = bytes_starts(token->raw, "-");
    uint64_t value = 0;
    token->kind = FETCHMAIL_NUMBER;
    token->too_large =
        !bytes_number(bytes_sub(token->raw, minus ? 1 : 0, token->raw.len), INT_MAX, &value);
    token->number = minus ? -(int)value : (int)value;
}

/* What a word that is not in quotes means where keywords count. */
static void classify(FetchmailTokens *t, FetchmailToken *token)
{
    bool in_auth = t->auth;
    t->auth = false;
    token->word = fetchmail_word_find(token->raw, &token->negated);
    if (is_number(token->raw)) {
        take_number(token);
    } else if (token->word) {
        token->kind = FETCHMAIL_WORD;
        FetchmailWordKind kind = token->word->kind;
        bool is_password = kind == WORD_SECRET && token->word->scope == SCOPE_USER;
        t->name =
            kind == WORD_USER || kind == WORD_IS || kind == WORD_TO || (is_password && !in_auth);
        t->auth = kind == WORD_AUTH;
    }
}

static FetchmailToken take_word(FetchmailTokens *t)
{
    Bytes rest = t->rest;
    size_t quoted = is_quote(rest.data[0]) ? quoted_length(rest) : 0;
    size_t plain = word_length(rest);
    bool name = t->name;
    t->name = false;
    /* The longest match wins: "x"y is one word, quotes and all. */
    size_t length = MAX(quoted, plain);
    FetchmailToken token = {FETCHMAIL_STRING, t->line, bytes_sub(rest, 0, length)};
    if (!name && quoted < plain) {
        classify(t, &token);
    }
    advance(t, length);
    return token;
}

static FetchmailToken take_equals(FetchmailTokens *t)
{
    FetchmailToken token = {FETCHMAIL_EQUALS, t->line, bytes_sub(t->rest, 0, 1)};
    advance(t, 1);
    t->name = true;
    return token;
}

FetchmailToken fetchmail_token_next(FetchmailTokens *t)
{
    for (;;) {
        skip_blanks(t);
        if (t->rest.len == 0) {
            return (FetchmailToken){FETCHMAIL_END, t->line, BYTES_NONE};
        }
        FetchmailToken token = t->rest.data[0] == '=' ? take_equals(t) : take_word(t);
        if (token.kind != FETCHMAIL_WORD || token.word->kind != WORD_NOISE) {
            return token;
        }
    }
}

/* Up to `max` digits of a base; what they amount to, as one byte. */
static char digits_value(Bytes *b, unsigned base, size_t max)
{
    unsigned value = 0;
    for (size_t i = 0; i < max && b->len > 0; i++) {
        int digit = g_ascii_xdigit_value(b->data[0]);
        if (digit < 0 || (unsigned)digit >= base) {
            break;
        }
        value = value * base + (unsigned)digit;
        *b = bytes_sub(*b, 1, b->len);
    }
    return (char)value;
}

/* What follows a backslash. False when it stands for nothing at all. */
static bool take_escape(Bytes *b, char *ret)
{
    static const char letters[] = "n\nt\tb\br\r";
    if (b->len == 0) {
        return false;
    }
    char c = b->data[0];
    bool hex = c == 'x' && b->len > 1 && g_ascii_isxdigit(b->data[1]);
    if (c >= '1' && c <= '9') {
        *ret = digits_value(b, 10, 3);
        return true;
    }
    if (c == '0') {
        *ret = digits_value(b, 8, 3);
        return true;
    }
    *b = bytes_sub(*b, 1, b->len);
    if (hex) {
        *ret = digits_value(b, 16, 2);
        return true;
    }
    const char *letter = is_one_of(c, "ntbr") ? strchr(letters, c) : NULL;
    *ret = letter ? letter[1] : c;
    return c != '\n';
}

/* The value into `to`, which has room for it; its length. */
static size_t unescape(const FetchmailToken *token, char *to)
{
    Bytes b = token->raw;
    bool quoted = b.len > 1 && is_quote(b.data[0]) && quoted_length(b) == b.len;
    b = quoted ? bytes_sub(b, 1, b.len - 2) : b;
    size_t n = 0;
    while (b.len > 0) {
        char c = b.data[0];
        b = bytes_sub(b, 1, b.len);
        if (c != '\\' || take_escape(&b, &c)) {
            to[n++] = c;
        }
    }
    to[n] = '\0';
    return n;
}

char *fetchmail_token_string(const FetchmailToken *token)
{
    char *text = g_malloc(token->raw.len + 1);
    size_t len = unescape(token, text);
    if (memchr(text, '\0', len)) {
        g_clear_pointer(&text, g_free);
    }
    return text;
}

Secret *fetchmail_token_secret(const FetchmailToken *token)
{
    char *text = g_malloc(token->raw.len + 1);
    size_t len = unescape(token, text);
    Secret *secret = secret_new(text, len);
    secret_wipe(text, token->raw.len + 1);
    g_free(text);
    return secret;
}
