#include "proto/imap_fetch_parse.h"

#include <string.h>

/* --- dates --- */

static bool digits(Bytes text, size_t at, size_t len, int *ret)
{
    uint64_t value;
    bool ok = at + len <= text.len && bytes_number(bytes_sub(text, at, len), 9999, &value);
    *ret = ok ? (int)value : 0;
    return ok;
}

static int month_of(Bytes name)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    for (int i = 0; i < 12; i++) {
        if (name.len == 3 && !g_ascii_strncasecmp(name.data, months + 3 * i, 3)) {
            return i + 1;
        }
    }
    return 0;
}

/* Days since 1970-01-01 in the Gregorian calendar, by counting years from March on. */
static int64_t days(int year, int month, int day)
{
    int64_t y = month > 2 ? year : year - 1;
    int64_t m = month > 2 ? month - 3 : month + 9;
    return y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

static bool zone(Bytes text, int64_t *seconds)
{
    int hours, minutes;
    if (text.len != 5 || (text.data[0] != '+' && text.data[0] != '-') ||
        !digits(text, 1, 2, &hours) || !digits(text, 3, 2, &minutes) || minutes > 59) {
        return false;
    }
    *seconds = (hours * 60 + minutes) * 60 * (text.data[0] == '-' ? -1 : 1);
    return true;
}

bool imap_parse_date(Bytes text, int64_t *ret)
{
    int day, year, hour, minute, second;
    int64_t offset;
    bool blank = text.len == 26 && text.data[0] == ' ';
    bool short_day = text.len == 25; /* one digit and no blank, as some servers write it */
    if ((text.len != 26 && !short_day) || !digits(text, blank, blank || short_day ? 1 : 2, &day)) {
        return false;
    }
    text = bytes_sub(text, short_day ? 1 : 2, text.len);
    int month = month_of(bytes_sub(text, 1, 3));
    if (!month || day < 1 || day > 31 || !digits(text, 5, 4, &year) ||
        !digits(text, 10, 2, &hour) || !digits(text, 13, 2, &minute) ||
        !digits(text, 16, 2, &second) || hour > 23 || minute > 59 || second > 60 ||
        !zone(bytes_sub(text, 19, text.len), &offset)) {
        return false;
    }
    *ret = days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset;
    return true;
}

/* --- items --- */

static const struct {
    const char *name;
    size_t offset;
} flags[] = {
    {"\\Seen", offsetof(ImapFetch, seen)},       {"\\Answered", offsetof(ImapFetch, answered)},
    {"\\Flagged", offsetof(ImapFetch, flagged)}, {"\\Draft", offsetof(ImapFetch, draft)},
    {"\\Deleted", offsetof(ImapFetch, deleted)},
};

static bool take_flags(Tokens *t, ImapFetch *ret)
{
    Token token = token_next(t);
    if (token.kind != TOKEN_OPEN) {
        return false;
    }
    while ((token = token_next(t)).kind == TOKEN_ATOM) {
        for (size_t i = 0; i < G_N_ELEMENTS(flags); i++) {
            if (bytes_equal_ci(token.text, flags[i].name)) {
                *(bool *)((char *)ret + flags[i].offset) = true;
            }
        }
    }
    ret->has_flags = token.kind == TOKEN_CLOSE;
    return ret->has_flags;
}

static bool take_uid(Tokens *t, ImapFetch *ret)
{
    uint64_t value;
    Token token = token_next(t);
    if (token.kind != TOKEN_ATOM || !bytes_number(token.text, UINT32_MAX, &value) || !value) {
        return false;
    }
    ret->uid = (uint32_t)value;
    ret->has_uid = true;
    return true;
}

static bool take_size(Tokens *t, ImapFetch *ret)
{
    Token token = token_next(t);
    ret->has_size = token.kind == TOKEN_ATOM;
    if (!ret->has_size || !bytes_number(token.text, UINT64_MAX, &ret->size)) {
        ret->size = 0; /* negative, or beyond counting: nothing is known */
    }
    return ret->has_size;
}

static bool take_modseq(Tokens *t, ImapFetch *ret)
{
    Token open = token_next(t), value = token_next(t), close = token_next(t);
    return open.kind == TOKEN_OPEN && value.kind == TOKEN_ATOM &&
           bytes_number(value.text, UINT64_MAX, &ret->modseq) && close.kind == TOKEN_CLOSE;
}

static bool take_received(Tokens *t, ImapFetch *ret)
{
    Token token = token_next(t);
    if (token.kind == TOKEN_QUOTED) {
        imap_parse_date(token.text, &ret->received);
        return true;
    }
    return token.kind == TOKEN_ATOM && bytes_equal_ci(token.text, "NIL");
}

static bool take_body(Tokens *t, ImapFetch *ret)
{
    Bytes before = bytes_trim(t->rest);
    Token token = token_next(t);
    uint64_t octets;
    ret->body = token;
    if (token.kind == TOKEN_QUOTED || token.kind == TOKEN_LITERAL) {
        ret->body_kind = IMAP_BODY_TEXT;
    } else if (token.kind == TOKEN_ATOM && bytes_equal_ci(token.text, "NIL")) {
        ret->body_kind = IMAP_BODY_NIL;
    } else if (before.len && (before.data[0] == '{' || before.data[0] == '~') &&
               bytes_index(before, '\n') < 0 &&
               imap_line_end(before, &octets) == IMAP_LINE_LITERAL) {
        ret->body_kind = IMAP_BODY_BEHIND;
    } else {
        return false;
    }
    return true;
}

static const struct {
    const char *name;
    bool (*take)(Tokens *t, ImapFetch *ret);
} items[] = {
    {"UID", take_uid},
    {"FLAGS", take_flags},
    {"RFC822.SIZE", take_size},
    {"INTERNALDATE", take_received},
    {"MODSEQ", take_modseq},
    {"BODY[]", take_body},
    {"BODY[HEADER]", take_body},
    {"RFC822", take_body},
    {"RFC822.HEADER", take_body},
};

/* The value of an item nobody here asks for: a token, or a list of any depth. */
static bool skip_value(Tokens *t)
{
    size_t depth = 0;
    do {
        Token token = token_next(t);
        if (token.kind == TOKEN_END || token.kind == TOKEN_BAD ||
            (token.kind == TOKEN_CLOSE && !depth)) {
            return false;
        }
        depth += token.kind == TOKEN_OPEN;
        depth -= token.kind == TOKEN_CLOSE;
    } while (depth);
    return true;
}

static bool take_item(Tokens *t, Bytes name, ImapFetch *ret)
{
    for (size_t i = 0; i < G_N_ELEMENTS(items); i++) {
        if (bytes_equal_ci(name, items[i].name)) {
            return items[i].take(t, ret);
        }
    }
    return skip_value(t);
}

bool imap_parse_fetch(Bytes rest, ImapFetch *ret)
{
    Tokens t = tokens_of(rest);
    *ret = (ImapFetch){0};
    if (token_next(&t).kind != TOKEN_OPEN) {
        return false;
    }
    Token token;
    while ((token = token_next(&t)).kind == TOKEN_ATOM) {
        if (!take_item(&t, token.text, ret)) {
            return false;
        }
        if (ret->body_kind == IMAP_BODY_BEHIND) {
            return true;
        }
    }
    return token.kind == TOKEN_CLOSE;
}

/* --- literals at the end of a line --- */

ImapLineEnd imap_line_end(Bytes line, uint64_t *ret_octets)
{
    bool sync;
    const char *open = NULL;
    if (line.len && line.data[line.len - 1] == '}') {
        open = memrchr(line.data, '{', line.len);
    }
    /* "{" and a digit begin no name, even where servers are careless with quotes. */
    if (!open || !strchr("0123456789+-", open[1]) || !open[1]) {
        return IMAP_LINE_ENDS;
    }
    return token_literal_announced(line, ret_octets, &sync) ? IMAP_LINE_LITERAL
                                                            : IMAP_LINE_NONSENSE;
}
