#include "config/oauth_form.h"

#include <string.h>

#include "base/digest.h"

enum { VALUE_MAX = 8192, FIELDS_MAX = 32 };

/* --- out --- */

static bool is_plain(char c)
{
    return g_ascii_isalnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

static size_t encode(Bytes value, char *out)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t n = 0;
    for (size_t i = 0; i < value.len; i++) {
        guchar c = (guchar)value.data[i];
        if (is_plain((char)c)) {
            out[n++] = (char)c;
        } else {
            out[n++] = '%';
            out[n++] = digits[c >> 4];
            out[n++] = digits[c & 15];
        }
    }
    return n;
}

static Bytes value_of(const OauthField *field)
{
    return field->secret ? secret_reveal(field->secret) : bytes_of(field->value);
}

Secret *oauth_form(const OauthField *fields)
{
    size_t room = 1;
    for (const OauthField *f = fields; f->name; f++) {
        room += strlen(f->name) + 2 + 3 * value_of(f).len;
    }
    char *text = g_malloc(room);
    size_t n = 0;
    for (const OauthField *f = fields; f->name; f++) {
        if (!f->value && !f->secret) {
            continue;
        }
        if (n > 0) {
            text[n++] = '&';
        }
        memcpy(text + n, f->name, strlen(f->name));
        n += strlen(f->name);
        text[n++] = '=';
        n += encode(value_of(f), text + n);
    }
    Secret *form = secret_new(text, n);
    secret_wipe(text, room);
    g_free(text);
    return form;
}

char *oauth_url(const char *endpoint, const OauthField *fields)
{
    g_autoptr(Secret) form = oauth_form(fields);
    Bytes query = secret_reveal(form);
    return g_strdup_printf("%s%c%.*s", endpoint, strchr(endpoint, '?') ? '&' : '?', (int)query.len,
                           query.data);
}

char *oauth_base64url(const void *data, size_t len)
{
    char *text = g_base64_encode(data, len);
    g_strdelimit(text, "+", '-');
    g_strdelimit(text, "/", '_');
    text[strcspn(text, "=")] = '\0';
    return text;
}

char *oauth_challenge(const Secret *verifier)
{
    uint8_t digest[DIGEST_MAX];
    digest_compute(DIGEST_SHA256, secret_reveal(verifier), digest);
    return oauth_base64url(digest, digest_size(DIGEST_SHA256));
}

/* --- in --- */

/* "+" is a blank in a query. NULL when it is malformed, too long, or not text. The caller wipes and
 * frees it. */
static char *decode(Bytes value)
{
    char *out = g_malloc0(value.len + 1);
    size_t n = 0;
    bool good = value.len <= VALUE_MAX;
    for (size_t i = 0; good && i < value.len; i++) {
        char c = value.data[i] == '+' ? ' ' : value.data[i];
        if (c == '%') {
            int high = i + 2 < value.len ? g_ascii_xdigit_value(value.data[i + 1]) : -1;
            int low = i + 2 < value.len ? g_ascii_xdigit_value(value.data[i + 2]) : -1;
            good = high >= 0 && low >= 0;
            c = good ? (char)(high * 16 + low) : '?';
            i += 2;
        }
        good = good && c != '\0';
        out[n++] = c;
    }
    good = good && g_utf8_validate(out, (gssize)n, NULL);
    if (!good) {
        secret_wipe(out, value.len);
        g_clear_pointer(&out, g_free);
    }
    return out;
}

typedef struct {
    const char *name;
    char *value;
    unsigned times;
} Wanted;

static void take_field(Bytes field, Wanted *wanted, size_t n)
{
    gssize equals = bytes_index(field, '=');
    Bytes name = bytes_sub(field, 0, equals < 0 ? field.len : (size_t)equals);
    for (size_t i = 0; i < n; i++) {
        if (bytes_equal(name, bytes_of(wanted[i].name)) && wanted[i].times++ == 0 && equals >= 0) {
            wanted[i].value = decode(bytes_sub(field, (size_t)equals + 1, field.len));
        }
    }
}

static char *once_given(Wanted *wanted)
{
    if (wanted->times > 1) {
        g_clear_pointer(&wanted->value, g_free);
    }
    return g_steal_pointer(&wanted->value);
}

static void read_query(Bytes query, OauthRedirect *ret)
{
    Wanted wanted[] = {{.name = "state"},
                       {.name = "error"},
                       {.name = "error_description"},
                       {.name = "iss"},
                       {.name = "code"}};
    for (int i = 0; query.len > 0 && i < FIELDS_MAX; i++) {
        gssize end = bytes_index(query, '&');
        size_t len = end < 0 ? query.len : (size_t)end;
        take_field(bytes_sub(query, 0, len), wanted, G_N_ELEMENTS(wanted));
        query = bytes_sub(query, len + 1, query.len);
    }
    ret->state = once_given(&wanted[0]);
    ret->error = once_given(&wanted[1]);
    ret->error_description = once_given(&wanted[2]);
    ret->issuer = once_given(&wanted[3]);
    char *code = once_given(&wanted[4]);
    ret->code = code && *code ? secret_take_string(code) : NULL;
    g_free(code);
}

bool oauth_redirect_parse(Bytes line, const char *path, OauthRedirect *ret)
{
    *ret = (OauthRedirect){0};
    Bytes rest = bytes_trim(line);
    Bytes method = bytes_word(&rest);
    Bytes target = bytes_word(&rest);
    if (method.len == 0 || target.len == 0 || !bytes_starts(rest, "HTTP/1.")) {
        return false;
    }
    gssize mark = bytes_index(target, '?');
    Bytes place = bytes_sub(target, 0, mark < 0 ? target.len : (size_t)mark);
    ret->is_callback =
        bytes_equal(method, BYTES_LITERAL("GET")) && bytes_equal(place, bytes_of(path));
    if (ret->is_callback && mark >= 0) {
        read_query(bytes_sub(target, (size_t)mark + 1, target.len), ret);
    }
    return true;
}

void oauth_redirect_clear(OauthRedirect *r)
{
    g_clear_pointer(&r->state, g_free);
    g_clear_pointer(&r->error, g_free);
    g_clear_pointer(&r->error_description, g_free);
    g_clear_pointer(&r->issuer, g_free);
    g_clear_pointer(&r->code, secret_free);
}
