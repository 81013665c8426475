/* html.c: a tokenizer of HTML, and what each element means for text. */
#include "mime/html.h"

#include <string.h>

enum { TAG_MAX = 4096, ENTITY_MAX = 12, LINK_MAX = 512, DEPTH_MAX = 8 };

typedef enum { IN_TEXT, IN_TAG, IN_COMMENT, IN_ENTITY, IN_RAW } State;

struct Html {
    State state;
    GString *token;  /* of a tag or entity that goes on in the next piece; capped */
    char quote;      /* inside a tag: the quote an attribute is in, or 0 */
    char raw[16];    /* IN_RAW: the element whose end is awaited: "script" */
    unsigned breaks; /* line ends that are due before the next text */
    bool blank;      /* a blank is due */
    bool started;    /* something was written */
    bool bol;        /* at the beginning of a line */
    unsigned pre, quoted, list;
    unsigned ordered[DEPTH_MAX]; /* the next number of each list that is open; 0: bullets */
    GString *link;               /* where the link that is open leads */
    GString *link_text;          /* what it is called */
};

typedef enum {
    DO_NOTHING,
    DO_BREAK,
    DO_BLOCK,     /* begins a line */
    DO_PARAGRAPH, /* and leaves one empty */
    DO_ITEM,
    DO_LIST,
    DO_ORDERED,
    DO_CELL,
    DO_RULE,
    DO_PRE,
    DO_QUOTE,
    DO_LINK,
    DO_IMAGE,
    DO_RAW, /* what is inside is no text */
} Meaning;

static const struct {
    const char *name;
    Meaning meaning;
} elements[] = {
    {"br", DO_BREAK},       {"p", DO_PARAGRAPH},   {"div", DO_BLOCK},        {"h1", DO_PARAGRAPH},
    {"h2", DO_PARAGRAPH},   {"h3", DO_PARAGRAPH},  {"h4", DO_PARAGRAPH},     {"h5", DO_PARAGRAPH},
    {"h6", DO_PARAGRAPH},   {"li", DO_ITEM},       {"ul", DO_LIST},          {"ol", DO_ORDERED},
    {"tr", DO_BLOCK},       {"table", DO_BLOCK},   {"td", DO_CELL},          {"th", DO_CELL},
    {"hr", DO_RULE},        {"pre", DO_PRE},       {"blockquote", DO_QUOTE}, {"a", DO_LINK},
    {"img", DO_IMAGE},      {"script", DO_RAW},    {"style", DO_RAW},        {"title", DO_RAW},
    {"noscript", DO_BLOCK}, {"template", DO_RAW},  {"svg", DO_RAW},          {"dt", DO_BLOCK},
    {"dd", DO_BLOCK},       {"dl", DO_PARAGRAPH},  {"section", DO_BLOCK},    {"article", DO_BLOCK},
    {"header", DO_BLOCK},   {"footer", DO_BLOCK},  {"center", DO_BLOCK},     {"form", DO_BLOCK},
    {"address", DO_BLOCK},  {"caption", DO_BLOCK}, {"option", DO_BLOCK},     {"body", DO_BLOCK},
};

/* Those that are met in mail. */
static const struct {
    const char *name;
    gunichar c;
} entities[] = {
    {"amp", '&'},      {"lt", '<'},        {"gt", '>'},        {"quot", '"'},
    {"apos", '\''},    {"nbsp", 0xa0},     {"copy", 0xa9},     {"reg", 0xae},
    {"trade", 0x2122}, {"euro", 0x20ac},   {"pound", 0xa3},    {"yen", 0xa5},
    {"cent", 0xa2},    {"sect", 0xa7},     {"para", 0xb6},     {"deg", 0xb0},
    {"plusmn", 0xb1},  {"times", 0xd7},    {"divide", 0xf7},   {"micro", 0xb5},
    {"middot", 0xb7},  {"bull", 0x2022},   {"hellip", 0x2026}, {"ndash", 0x2013},
    {"mdash", 0x2014}, {"lsquo", 0x2018},  {"rsquo", 0x2019},  {"sbquo", 0x201a},
    {"ldquo", 0x201c}, {"rdquo", 0x201d},  {"bdquo", 0x201e},  {"laquo", 0xab},
    {"raquo", 0xbb},   {"lsaquo", 0x2039}, {"rsaquo", 0x203a}, {"larr", 0x2190},
    {"rarr", 0x2192},  {"uarr", 0x2191},   {"darr", 0x2193},   {"harr", 0x2194},
    {"auml", 0xe4},    {"ouml", 0xf6},     {"uuml", 0xfc},     {"Auml", 0xc4},
    {"Ouml", 0xd6},    {"Uuml", 0xdc},     {"szlig", 0xdf},    {"agrave", 0xe0},
    {"aacute", 0xe1},  {"acirc", 0xe2},    {"atilde", 0xe3},   {"aring", 0xe5},
    {"aelig", 0xe6},   {"ccedil", 0xe7},   {"egrave", 0xe8},   {"eacute", 0xe9},
    {"ecirc", 0xea},   {"euml", 0xeb},     {"igrave", 0xec},   {"iacute", 0xed},
    {"icirc", 0xee},   {"iuml", 0xef},     {"ntilde", 0xf1},   {"ograve", 0xf2},
    {"oacute", 0xf3},  {"ocirc", 0xf4},    {"otilde", 0xf5},   {"oslash", 0xf8},
    {"ugrave", 0xf9},  {"uacute", 0xfa},   {"ucirc", 0xfb},    {"yacute", 0xfd},
    {"Agrave", 0xc0},  {"Aacute", 0xc1},   {"Acirc", 0xc2},    {"Aring", 0xc5},
    {"AElig", 0xc6},   {"Ccedil", 0xc7},   {"Egrave", 0xc8},   {"Eacute", 0xc9},
    {"Ecirc", 0xca},   {"Ntilde", 0xd1},   {"Oacute", 0xd3},   {"Oslash", 0xd8},
    {"Uacute", 0xda},  {"iexcl", 0xa1},    {"iquest", 0xbf},   {"frac12", 0xbd},
    {"frac14", 0xbc},  {"frac34", 0xbe},   {"sup2", 0xb2},     {"sup3", 0xb3},
    {"ordm", 0xba},    {"ordf", 0xaa},     {"not", 0xac},      {"check", 0x2713},
    {"star", 0x2606},  {"hearts", 0x2665}, {"minus", 0x2212},  {"ne", 0x2260},
    {"le", 0x2264},    {"ge", 0x2265},     {"infin", 0x221e},  {"ensp", ' '},
    {"emsp", ' '},     {"thinsp", ' '},    {"shy", 0xad},      {"zwnj", 0x200c},
    {"zwj", 0x200d},   {"oelig", 0x153},   {"scaron", 0x161},  {"Scaron", 0x160},
    {"yuml", 0xff},    {"lrm", 0x200e},    {"rlm", 0x200f},
};

gunichar html_entity(Bytes name)
{
    if (name.len >= 2 && name.len <= ENTITY_MAX && name.data[0] == '#') {
        bool hex = name.data[1] == 'x' || name.data[1] == 'X';
        g_autofree char *digits = bytes_dup(bytes_sub(name, hex ? 2 : 1, SIZE_MAX));
        char *end;
        guint64 c = g_ascii_strtoull(digits, &end, hex ? 16 : 10);
        bool good = *digits && *end == '\0' && g_ascii_isxdigit(*digits) && c > 0 &&
                    c <= 0x10ffff && g_unichar_validate((gunichar)c);
        return good ? (gunichar)c : 0;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(entities); i++) {
        if (bytes_equal(name, bytes_of(entities[i].name))) {
            return entities[i].c;
        }
    }
    return 0;
}

Html *html_new(void)
{
    Html *html = g_new0(Html, 1);
    html->token = g_string_new(NULL);
    html->link = g_string_new(NULL);
    html->link_text = g_string_new(NULL);
    html->bol = true;
    return html;
}

void html_free(Html *html)
{
    if (html != NULL) {
        g_string_free(html->token, TRUE);
        g_string_free(html->link, TRUE);
        g_string_free(html->link_text, TRUE);
        g_free(html);
    }
}

/* --- text --- */

static void due(Html *html, unsigned breaks)
{
    html->breaks = MAX(html->breaks, breaks);
    html->blank = false;
}

static void write_due(Html *html, GString *out)
{
    if (html->breaks > 0 && html->started) {
        /* At the beginning of a line one of them has been written. */
        for (unsigned i = html->bol ? 1 : 0; i < html->breaks; i++) {
            g_string_append_c(out, '\n');
        }
        html->bol = true;
    }
    html->breaks = 0;
    if (html->bol) {
        for (unsigned i = 0; i < MIN(html->quoted, DEPTH_MAX); i++) {
            g_string_append(out, "> ");
        }
        for (unsigned i = 1; i < MIN(html->list, DEPTH_MAX); i++) {
            g_string_append(out, "  ");
        }
    } else if (html->blank) {
        g_string_append_c(out, ' ');
    }
    html->blank = false;
    html->bol = false;
    html->started = true;
}

static void put(Html *html, Bytes text, GString *out)
{
    write_due(html, out);
    g_string_append_len(out, text.data, (gssize)text.len);
    if (html->link->len > 0 && html->link_text->len + text.len < LINK_MAX) {
        g_string_append_len(html->link_text, text.data, (gssize)text.len);
    }
}

static void put_blank(Html *html, char c, GString *out)
{
    if (html->pre > 0 && c != '\r') {
        write_due(html, out);
        g_string_append_c(out, c);
        html->bol = c == '\n';
    } else {
        html->blank = !html->bol && html->breaks == 0;
    }
}

static void put_char(Html *html, gunichar c, GString *out)
{
    char utf8[6];
    if (c == 0xa0) {
        put_blank(html, ' ', out);
    } else {
        put(html, (Bytes){utf8, (size_t)g_unichar_to_utf8(c, utf8)}, out);
    }
}

/* A run of text up to what means something; returns its length. */
static size_t take_text(Html *html, Bytes rest, GString *out)
{
    size_t n = 0;
    while (n < rest.len && strchr("<& \t\r\n\f", rest.data[n]) == NULL) {
        n++;
    }
    if (n > 0) {
        put(html, bytes_sub(rest, 0, n), out);
        return n;
    }
    if (rest.data[0] == '<' || rest.data[0] == '&') {
        html->state = rest.data[0] == '<' ? IN_TAG : IN_ENTITY;
        html->quote = 0;
        g_string_truncate(html->token, 0);
    } else if (rest.data[0] != '\0') {
        put_blank(html, rest.data[0], out);
    }
    return 1;
}

static size_t take_entity(Html *html, Bytes rest, GString *out)
{
    char c = rest.data[0];
    bool goes_on = (g_ascii_isalnum(c) || c == '#') && html->token->len < ENTITY_MAX;
    if (goes_on) {
        g_string_append_c(html->token, c);
        return 1;
    }
    html->state = IN_TEXT;
    gunichar meant = html_entity(bytes_of_string(html->token));
    if (meant != 0) {
        put_char(html, meant, out);
        return c == ';' ? 1 : 0;
    }
    put(html, BYTES_LITERAL("&"), out);
    put(html, bytes_of_string(html->token), out);
    return 0;
}

/* --- tags --- */

/* The value of an attribute, entities undone; NULL when it is not there. */
static char *attribute(Bytes tag, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 1; i + len < tag.len; i++) {
        bool here =
            g_ascii_strncasecmp(tag.data + i, name, len) == 0 && g_ascii_isspace(tag.data[i - 1]);
        Bytes rest = here ? bytes_trim(bytes_sub(tag, i + len, SIZE_MAX)) : BYTES_NONE;
        if (rest.len == 0 || rest.data[0] != '=') {
            continue;
        }
        rest = bytes_trim(bytes_sub(rest, 1, SIZE_MAX));
        char quote = rest.len > 0 && strchr("\"'", rest.data[0]) ? rest.data[0] : 0;
        rest = quote ? bytes_sub(rest, 1, SIZE_MAX) : rest;
        size_t n = 0;
        while (n < rest.len && (quote ? rest.data[n] != quote : !g_ascii_isspace(rest.data[n]))) {
            n++;
        }
        g_autofree char *raw = bytes_dup(bytes_sub(rest, 0, n));
        g_auto(GStrv) pieces = g_strsplit(raw, "&amp;", -1);
        return g_strjoinv("&", pieces);
    }
    return NULL;
}

static void end_link(Html *html, GString *out)
{
    g_autofree char *text = g_strstrip(g_strdup(html->link_text->str));
    const char *to = html->link->str;
    const char *bare = g_str_has_prefix(to, "mailto:") ? to + strlen("mailto:") : to;
    bool says_so = strstr(bare, text) == bare || strstr(text, bare) != NULL;
    if (*to != '\0' && *text != '\0' && !says_so) {
        g_autofree char *shown = g_strdup_printf("<%s>", bare);
        g_string_truncate(html->link, 0); /* not part of its own text */
        html->blank = true;
        g_autofree char *kept = g_strndup(shown, LINK_MAX);
        put(html, bytes_of(kept), out);
    }
    g_string_truncate(html->link, 0);
    g_string_truncate(html->link_text, 0);
}

static void take_link(Html *html, Bytes tag, bool closing, GString *out)
{
    end_link(html, out);
    g_autofree char *to = closing ? NULL : attribute(tag, "href");
    if (to != NULL && *to != '#' && g_ascii_strncasecmp(to, "javascript:", 11) != 0) {
        g_string_append_len(html->link, to, (gssize)MIN(strlen(to), LINK_MAX));
        g_autofree char *valid = g_utf8_make_valid(html->link->str, -1);
        g_string_assign(html->link, valid);
        g_string_truncate(html->link_text, 0);
    }
}

static void take_image(Html *html, Bytes tag, GString *out)
{
    g_autofree char *alt = attribute(tag, "alt");
    if (alt != NULL && *g_strstrip(alt) != '\0') {
        g_autofree char *valid = g_utf8_make_valid(alt, -1);
        g_autofree char *shown = g_strdup_printf("[%s]", valid);
        put(html, bytes_of(shown), out);
    }
}

static void take_item(Html *html, GString *out)
{
    due(html, 1);
    unsigned level = MIN(MAX(html->list, 1), DEPTH_MAX) - 1;
    g_autofree char *mark =
        html->ordered[level] ? g_strdup_printf("%u.", html->ordered[level]++) : g_strdup("*");
    put(html, bytes_of(mark), out);
    html->blank = true;
}

static void count(unsigned *level, bool closing)
{
    *level = closing ? *level - (*level > 0 ? 1 : 0) : MIN(*level + 1, 1000);
}

static void take_list(Html *html, bool closing, bool is_ordered)
{
    due(html, html->list > 0 ? 1 : 2);
    count(&html->list, closing);
    if (!closing && html->list <= DEPTH_MAX) {
        html->ordered[html->list - 1] = is_ordered ? 1 : 0;
    }
    due(html, html->list > 0 ? 1 : 2);
}

static void act(Html *html, Meaning meaning, Bytes tag, bool closing, GString *out)
{
    switch (meaning) {
    case DO_BREAK:
        html->breaks += html->breaks < 3 ? 1 : 0;
        html->blank = false;
        break;
    case DO_BLOCK:
        due(html, 1);
        break;
    case DO_PARAGRAPH:
        due(html, 2);
        break;
    case DO_ITEM:
        if (!closing) {
            take_item(html, out);
        }
        break;
    case DO_LIST:
    case DO_ORDERED:
        take_list(html, closing, meaning == DO_ORDERED);
        break;
    case DO_CELL:
        html->blank = !html->bol && html->breaks == 0;
        break;
    case DO_RULE:
        due(html, 1);
        put(html, BYTES_LITERAL("----------------------------------------"), out);
        due(html, 1);
        break;
    case DO_PRE:
        due(html, 2);
        count(&html->pre, closing);
        break;
    case DO_QUOTE:
        due(html, 2);
        count(&html->quoted, closing);
        break;
    case DO_LINK:
        take_link(html, tag, closing, out);
        break;
    case DO_IMAGE:
        take_image(html, tag, out);
        break;
    case DO_RAW:
    case DO_NOTHING:
        break;
    }
}

static void end_tag(Html *html, GString *out)
{
    html->state = IN_TEXT;
    Bytes tag = bytes_of_string(html->token);
    bool closing = tag.len > 0 && tag.data[0] == '/';
    bool empty = tag.len > 0 && tag.data[tag.len - 1] == '/';
    Bytes name = bytes_sub(tag, closing ? 1 : 0, SIZE_MAX);
    size_t len = 0;
    while (len < name.len && g_ascii_isalnum(name.data[len])) {
        len++;
    }
    name = bytes_sub(name, 0, len);
    for (size_t i = 0; i < G_N_ELEMENTS(elements); i++) {
        if (bytes_equal_ci(name, elements[i].name)) {
            act(html, elements[i].meaning, tag, closing, out);
            if (elements[i].meaning == DO_RAW && !closing && !empty) {
                g_strlcpy(html->raw, elements[i].name, sizeof html->raw);
                html->state = IN_RAW;
                g_string_truncate(html->token, 0);
            }
            return;
        }
    }
}

static size_t take_tag(Html *html, Bytes rest, GString *out)
{
    char c = rest.data[0];
    GString *token = html->token;
    if (token->len == 0 && !g_ascii_isalpha(c) && c != '/' && c != '!' && c != '?') {
        html->state = IN_TEXT; /* a "<" that is just one */
        put(html, BYTES_LITERAL("<"), out);
        return 0;
    }
    if (html->quote != 0) {
        html->quote = c == html->quote ? 0 : html->quote;
    } else if ((c == '"' || c == '\'') && token->len > 0 && token->str[token->len - 1] == '=') {
        html->quote = c;
    } else if (c == '>') {
        end_tag(html, out);
        return 1;
    }
    if (token->len < TAG_MAX) {
        g_string_append_c(token, c);
    } else if (html->quote != 0) {
        html->quote = 0; /* an attribute that never ends would swallow the text */
        html->state = IN_TEXT;
    }
    if (token->len == 3 && strcmp(token->str, "!--") == 0) {
        html->state = IN_COMMENT;
        g_string_truncate(token, 0);
    }
    return 1;
}

/* --- what is passed over --- */

static size_t take_comment(Html *html, Bytes rest)
{
    char c = rest.data[0];
    if (c == '>' && html->token->len >= 2) {
        html->state = IN_TEXT;
    }
    if (c == '-') {
        g_string_append_c(html->token, c);
        g_string_truncate(html->token, MIN(html->token->len, 2));
    } else {
        g_string_truncate(html->token, 0);
    }
    return 1;
}

/* The end tag of the element, whatever is in between. */
static size_t take_raw(Html *html, Bytes rest)
{
    char c = g_ascii_tolower(rest.data[0]);
    GString *token = html->token;
    g_autofree char *wanted = g_strdup_printf("</%s", html->raw);
    if (token->len == strlen(wanted)) {
        html->state = c == '>' ? IN_TEXT : IN_RAW;
        return 1;
    }
    if (c == wanted[token->len]) {
        g_string_append_c(token, c);
    } else {
        g_string_truncate(token, 0);
        if (c == '<') {
            g_string_append_c(token, c);
        }
    }
    return 1;
}

void html_feed(Html *html, Bytes piece, GString *out)
{
    while (piece.len > 0) {
        size_t n = html->state == IN_TEXT      ? take_text(html, piece, out)
                   : html->state == IN_TAG     ? take_tag(html, piece, out)
                   : html->state == IN_COMMENT ? take_comment(html, piece)
                   : html->state == IN_ENTITY  ? take_entity(html, piece, out)
                                               : take_raw(html, piece);
        piece = bytes_sub(piece, n, SIZE_MAX);
    }
}

void html_end(Html *html, GString *out)
{
    if (html->state == IN_ENTITY) {
        take_entity(html, BYTES_LITERAL(";"), out);
    }
    end_link(html, out);
    if (html->started && !html->bol) {
        g_string_append_c(out, '\n');
    }
}
