/* imap_command.c: tokens of IMAP commands. */
#include "server/imap_command.h"

#include <string.h>

#include "proto/imap_mailbox.h"

/* --- characters --- */

/* ATOM-CHAR of RFC 3501; 8-bit octets are none. */
static bool is_atom_char(char c)
{
    return c > ' ' && c < 0x7f && !strchr("(){%*\"\\]", c);
}

static bool take(Bytes *in, size_t n, Bytes *ret)
{
    *ret = bytes_sub(*in, 0, n);
    *in = bytes_sub(*in, n, SIZE_MAX);
    return n > 0;
}

bool imap_scan_char(Bytes *in, char c)
{
    if (in->len == 0 || in->data[0] != c) {
        return false;
    }
    *in = bytes_sub(*in, 1, SIZE_MAX);
    return true;
}

bool imap_scan_space(Bytes *in)
{
    return imap_scan_char(in, ' ');
}

bool imap_scan_atom(Bytes *in, Bytes *ret)
{
    size_t n = 0;
    while (n < in->len && is_atom_char(in->data[n])) {
        n++;
    }
    return take(in, n, ret);
}

bool imap_scan_word(Bytes *in, const char *word)
{
    Bytes ahead = *in, atom;
    if (!imap_scan_atom(&ahead, &atom) || !bytes_equal_ci(atom, word)) {
        return false;
    }
    *in = ahead;
    return true;
}

bool imap_scan_number(Bytes *in, uint64_t max, uint64_t *ret)
{
    size_t n = 0;
    Bytes digits;
    while (n < in->len && g_ascii_isdigit(in->data[n])) {
        n++;
    }
    return take(in, n, &digits) && bytes_number(digits, max, ret);
}

/* --- lines --- */

bool imap_command_line(Bytes command, ImapCommandLine *ret)
{
    *ret = (ImapCommandLine){0};
    Bytes in = command;
    size_t n = 0;
    while (n < in.len && in.data[n] != '+' && (is_atom_char(in.data[n]) || in.data[n] == ']')) {
        n++;
    }
    if (!take(&in, n, &ret->tag)) {
        return false;
    }
    while (in.len > 0 && in.data[in.len - 1] == ' ') {
        in.len--;
    }
    if (imap_scan_space(&in) && imap_scan_atom(&in, &ret->verb) &&
        bytes_equal_ci(ret->verb, "UID") && imap_scan_space(&in)) {
        ret->uid = true;
        ret->verb = BYTES_NONE;
        imap_scan_atom(&in, &ret->verb);
    }
    imap_scan_space(&in);
    ret->args = in;
    return true;
}

bool imap_literal_at_end(Bytes line, uint64_t *ret_octets, bool *ret_at_once)
{
    size_t end = line.len;
    if (end < 3 || line.data[--end] != '}') {
        return false;
    }
    *ret_at_once = line.data[end - 1] == '+';
    end -= *ret_at_once;
    size_t from = end;
    while (from > 0 && g_ascii_isdigit(line.data[from - 1])) {
        from--;
    }
    return from > 0 && line.data[from - 1] == '{' &&
           bytes_number(bytes_sub(line, from, end - from), G_MAXINT64, ret_octets);
}

/* --- strings --- */

static char *scan_quoted(Bytes *in)
{
    GString *out = g_string_new(NULL);
    size_t i = 1;
    for (; i < in->len && in->data[i] != '"'; i++) {
        char c = in->data[i];
        if (c == '\\' && ++i < in->len) {
            c = in->data[i];
        }
        if (i >= in->len || c == '\0' || c == '\r' || c == '\n') {
            break;
        }
        g_string_append_c(out, c);
    }
    bool closed = i < in->len && in->data[i] == '"';
    *in = bytes_sub(*in, i + 1, SIZE_MAX);
    return g_string_free(out, !closed);
}

static char *scan_literal(Bytes *in)
{
    uint64_t octets;
    Bytes rest = bytes_sub(*in, 1, SIZE_MAX);
    if (!imap_scan_number(&rest, SIZE_MAX / 2, &octets)) {
        return NULL;
    }
    imap_scan_char(&rest, '+');
    if (!bytes_starts(rest, "}\r\n") || rest.len - 3 < octets) {
        return NULL;
    }
    Bytes value = bytes_sub(rest, 3, (size_t)octets);
    *in = bytes_sub(rest, 3 + (size_t)octets, SIZE_MAX);
    return bytes_index(value, '\0') < 0 ? bytes_dup(value) : NULL;
}

char *imap_scan_string(Bytes *in)
{
    char first = in->len ? in->data[0] : '\0';
    return first == '"' ? scan_quoted(in) : first == '{' ? scan_literal(in) : NULL;
}

char *imap_scan_astring(Bytes *in, bool wildcards)
{
    char first = in->len ? in->data[0] : '\0';
    if (first == '"' || first == '{') {
        return imap_scan_string(in);
    }
    size_t n = 0;
    Bytes word;
    while (n < in->len && (is_atom_char(in->data[n]) || in->data[n] == ']' ||
                           (wildcards && (in->data[n] == '%' || in->data[n] == '*')))) {
        n++;
    }
    return take(in, n, &word) ? bytes_dup(word) : NULL;
}

char *imap_scan_mailbox(Bytes *in)
{
    g_autofree char *raw = imap_scan_astring(in, false);
    if (!raw) {
        return NULL;
    }
    return g_ascii_strcasecmp(raw, "INBOX") == 0 ? g_strdup("INBOX")
                                                 : imap_mailbox_decode(bytes_of(raw));
}

/* --- sets and flags --- */

static bool scan_set_number(Bytes *in, uint32_t star, uint32_t *ret)
{
    uint64_t n;
    if (imap_scan_char(in, '*')) {
        *ret = star;
        return true;
    }
    if (!imap_scan_number(in, G_MAXUINT32, &n) || n == 0) {
        return false;
    }
    *ret = (uint32_t)n;
    return true;
}

bool imap_scan_set(Bytes *in, uint32_t star, ImapSet *set)
{
    do {
        uint32_t a, b;
        if (set->ranges->len >= IMAP_RANGES_MAX || !scan_set_number(in, star, &a)) {
            return false;
        }
        b = a;
        if (imap_scan_char(in, ':') && !scan_set_number(in, star, &b)) {
            return false;
        }
        const ImapRange range = {MIN(a, b), MAX(a, b)};
        g_array_append_val(set->ranges, range);
    } while (imap_scan_char(in, ','));
    imap_set_tidy(set);
    return true;
}

static bool add_keyword(Mail *flags, Bytes word)
{
    if (!flags->keywords) {
        flags->keywords = g_ptr_array_new_with_free_func(g_free);
    }
    if (flags->keywords->len >= IMAP_KEYWORDS_MAX || word.len > IMAP_KEYWORD_LENGTH) {
        return false;
    }
    g_autofree char *text = bytes_dup(word);
    for (guint i = 0; i < flags->keywords->len; i++) {
        if (g_ascii_strcasecmp(flags->keywords->pdata[i], text) == 0) {
            return true;
        }
    }
    g_ptr_array_add(flags->keywords, g_steal_pointer(&text));
    return true;
}

static bool scan_flag(Bytes *in, Mail *ret)
{
    bool recent;
    const struct {
        const char *name;
        bool *place;
    } system[] = {{"Seen", &ret->seen},       {"Answered", &ret->answered},
                  {"Flagged", &ret->flagged}, {"Deleted", &ret->deleted},
                  {"Draft", &ret->draft},     {"Recent", &recent}};
    bool is_system = imap_scan_char(in, '\\');
    Bytes word;
    if (!imap_scan_atom(in, &word)) {
        return false;
    }
    if (!is_system) {
        return add_keyword(ret, word);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(system); i++) {
        if (bytes_equal_ci(word, system[i].name)) {
            *system[i].place = true;
            return true;
        }
    }
    return false;
}

bool imap_scan_flags(Bytes *in, Mail *ret)
{
    bool list = imap_scan_char(in, '(');
    if (list && imap_scan_char(in, ')')) {
        return true;
    }
    do {
        if (!scan_flag(in, ret)) {
            return false;
        }
    } while (imap_scan_space(in));
    return !list || imap_scan_char(in, ')');
}

void imap_flags_clear(Mail *flags)
{
    g_clear_pointer(&flags->keywords, g_ptr_array_unref);
}

/* --- dates --- */

/* Of three letters, 1 to 12; 0: none. */
static unsigned month_number(Bytes name)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    for (unsigned i = 0; i < G_N_ELEMENTS(months); i++) {
        if (bytes_equal_ci(name, months[i])) {
            return i + 1;
        }
    }
    return 0;
}

static bool scan_digits(Bytes *in, size_t least, size_t most, uint64_t *ret)
{
    size_t n = 0;
    Bytes digits;
    while (n < in->len && n < most && g_ascii_isdigit(in->data[n])) {
        n++;
    }
    return n >= least && take(in, n, &digits) && bytes_number(digits, G_MAXUINT32, ret);
}

static bool scan_day(Bytes *in, uint32_t *ret)
{
    uint64_t day, year;
    Bytes name;
    imap_scan_space(in); /* date-day-fixed */
    if (!scan_digits(in, 1, 2, &day) || !imap_scan_char(in, '-') || !take(in, 3, &name) ||
        !imap_scan_char(in, '-') || !scan_digits(in, 4, 4, &year)) {
        return false;
    }
    unsigned month = month_number(name);
    *ret = (uint32_t)(year * 10000 + month * 100 + day);
    return month > 0 && day > 0 && day <= 31;
}

bool imap_scan_date(Bytes *in, uint32_t *ret)
{
    bool quoted = imap_scan_char(in, '"');
    return scan_day(in, ret) && (!quoted || imap_scan_char(in, '"'));
}

bool imap_scan_date_time(Bytes *in, int64_t *ret)
{
    uint32_t day;
    uint64_t hour, minute, second, zone;
    if (!imap_scan_char(in, '"') || !scan_day(in, &day) || !imap_scan_space(in) ||
        !scan_digits(in, 2, 2, &hour) || !imap_scan_char(in, ':') ||
        !scan_digits(in, 2, 2, &minute) || !imap_scan_char(in, ':') ||
        !scan_digits(in, 2, 2, &second) || !imap_scan_space(in)) {
        return false;
    }
    bool west = imap_scan_char(in, '-');
    if ((!west && !imap_scan_char(in, '+')) || !scan_digits(in, 4, 4, &zone) ||
        !imap_scan_char(in, '"')) {
        return false;
    }
    g_autoptr(GDateTime) when =
        g_date_time_new_utc((int)(day / 10000), (int)(day / 100 % 100), (int)(day % 100), (int)hour,
                            (int)minute, (double)MIN(second, 59));
    int64_t offset = (int64_t)(zone / 100 * 3600 + zone % 100 * 60);
    *ret = when ? g_date_time_to_unix(when) - (west ? -offset : offset) : 0;
    return when != NULL;
}

/* --- APPEND --- */

static bool parse_append(Bytes in, ImapAppend *ret)
{
    ret->mailbox = imap_scan_mailbox(&in);
    if (!ret->mailbox || !imap_scan_space(&in)) {
        return false;
    }
    if (in.len && in.data[0] == '(' &&
        (!imap_scan_flags(&in, &ret->flags) || !imap_scan_space(&in))) {
        return false;
    }
    if (in.len && in.data[0] == '"' &&
        (!imap_scan_date_time(&in, &ret->flags.received) || !imap_scan_space(&in))) {
        return false;
    }
    return in.len && in.data[0] == '{' && (size_t)bytes_index(in, '}') == in.len - 1 &&
           imap_literal_at_end(in, &ret->octets, &ret->at_once);
}

bool imap_parse_append(Bytes args, ImapAppend *ret)
{
    *ret = (ImapAppend){0};
    if (parse_append(args, ret)) {
        return true;
    }
    imap_append_clear(ret);
    return false;
}

void imap_append_clear(ImapAppend *append)
{
    g_clear_pointer(&append->mailbox, g_free);
    imap_flags_clear(&append->flags);
}
