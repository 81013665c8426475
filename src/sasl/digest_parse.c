/* digest_parse.c: see digest_parse.h. */
#include "sasl/digest_parse.h"

/* A server that lists more is playing games. */
#define REALMS_MAX 100

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip_blanks(Bytes *rest)
{
    while (rest->len > 0 && is_blank(rest->data[0])) {
        *rest = bytes_sub(*rest, 1, SIZE_MAX);
    }
}

static void skip_separators(Bytes *rest)
{
    while (rest->len > 0 && (is_blank(rest->data[0]) || rest->data[0] == ',')) {
        *rest = bytes_sub(*rest, 1, SIZE_MAX);
    }
}

static Bytes take_token(Bytes *rest)
{
    size_t n = 0;
    while (n < rest->len && !is_blank(rest->data[n]) && rest->data[n] != ',' &&
           rest->data[n] != '=') {
        n++;
    }
    Bytes token = bytes_sub(*rest, 0, n);
    *rest = bytes_sub(*rest, n, SIZE_MAX);
    return token;
}

/* A token may hold '=' in a value (base64 cut loose by sloppy servers). */
static void take_bare_value(Bytes *rest, GString *value)
{
    while (rest->len > 0 && !is_blank(rest->data[0]) && rest->data[0] != ',') {
        g_string_append_c(value, rest->data[0]);
        *rest = bytes_sub(*rest, 1, SIZE_MAX);
    }
}

/* Behind the opening quote. False when the closing one is missing. */
static bool take_quoted_value(Bytes *rest, GString *value)
{
    for (size_t i = 0; i < rest->len; i++) {
        char c = rest->data[i];
        if (c == '"') {
            *rest = bytes_sub(*rest, i + 1, SIZE_MAX);
            return true;
        }
        if (c == '\\' && i + 1 < rest->len) {
            c = rest->data[++i];
        }
        g_string_append_c(value, c);
    }
    return false;
}

bool digest_directive(Bytes *rest, Bytes *ret_name, GString *value, bool *ret_malformed)
{
    *ret_malformed = false;
    g_string_truncate(value, 0);
    skip_separators(rest);
    if (rest->len == 0) {
        return false;
    }
    *ret_name = take_token(rest);
    skip_blanks(rest);
    if (ret_name->len == 0 || rest->len == 0 || rest->data[0] != '=') {
        *ret_malformed = true;
        return false;
    }
    *rest = bytes_sub(*rest, 1, SIZE_MAX);
    skip_blanks(rest);
    if (rest->len > 0 && rest->data[0] == '"') {
        *rest = bytes_sub(*rest, 1, SIZE_MAX);
        *ret_malformed = !take_quoted_value(rest, value);
        return !*ret_malformed;
    }
    take_bare_value(rest, value);
    return true;
}

void digest_challenge_clear(DigestChallenge *c)
{
    g_clear_pointer(&c->realms, g_ptr_array_unref);
    g_clear_pointer(&c->nonce, g_free);
}

/* Is `word` an element of a comma list? */
static bool lists(Bytes list, const char *word)
{
    while (list.len > 0) {
        gssize comma = bytes_index(list, ',');
        size_t end = comma < 0 ? list.len : (size_t)comma;
        if (bytes_equal_ci(bytes_trim(bytes_sub(list, 0, end)), word)) {
            return true;
        }
        list = bytes_sub(list, end + 1, SIZE_MAX);
    }
    return false;
}

/* Twice the same nonce or algorithm makes the challenge void (RFC 2831 section 2.1.1). */
static bool once(bool *seen, const char *name, GError **error)
{
    if (*seen) {
        return error_fail(error, POSTERN_ERROR_PROTOCOL,
                          "the server's DIGEST-MD5 challenge has more than one %s", name);
    }
    *seen = true;
    return true;
}

static bool take(DigestChallenge *c, Bytes name, const GString *value, bool *seen_algorithm,
                 GError **error)
{
    Bytes text = bytes_of_string(value);
    if (bytes_equal_ci(name, "realm")) {
        if (c->realms->len < REALMS_MAX) {
            g_ptr_array_add(c->realms, bytes_dup(text));
        }
    } else if (bytes_equal_ci(name, "nonce")) {
        bool seen = c->nonce != NULL;
        if (!once(&seen, "nonce", error)) {
            return false;
        }
        c->nonce = bytes_dup(text);
    } else if (bytes_equal_ci(name, "algorithm")) {
        c->is_md5_sess = bytes_equal_ci(text, "md5-sess");
        return once(seen_algorithm, "algorithm", error);
    } else if (bytes_equal_ci(name, "qop")) {
        c->has_auth = lists(text, "auth");
    } else if (bytes_equal_ci(name, "charset")) {
        c->utf8 = bytes_equal_ci(text, "utf-8");
    } else if (bytes_equal_ci(name, "stale")) {
        c->stale = bytes_equal_ci(text, "true");
    }
    return true;
}

static bool check(const DigestChallenge *c, GError **error)
{
    if (!c->nonce || !*c->nonce) {
        return error_fail(error, POSTERN_ERROR_PROTOCOL,
                          "the server's DIGEST-MD5 challenge has no nonce");
    }
    if (!c->is_md5_sess) {
        return error_fail(error, POSTERN_ERROR_PROTOCOL,
                          "the server's DIGEST-MD5 challenge does not say algorithm=md5-sess");
    }
    if (!c->has_auth) {
        return error_fail(
            error, POSTERN_ERROR_PROTOCOL,
            "the server's DIGEST-MD5 demands a security layer of its own (qop without "
            "\"auth\"): TLS is the layer Postern knows");
    }
    return true;
}

bool digest_parse_challenge(Bytes message, DigestChallenge *ret, GError **error)
{
    *ret = (DigestChallenge){.realms = g_ptr_array_new_with_free_func(g_free), .has_auth = true};
    g_autoptr(GString) value = g_string_new(NULL);
    Bytes name;
    bool malformed = false, seen_algorithm = false;
    while (digest_directive(&message, &name, value, &malformed)) {
        if (!take(ret, name, value, &seen_algorithm, error)) {
            return false;
        }
    }
    if (malformed) {
        return error_fail(error, POSTERN_ERROR_PROTOCOL,
                          "the server's DIGEST-MD5 challenge is not a list of name=value");
    }
    return check(ret, error);
}
