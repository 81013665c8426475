/* defects.c: what is broken in a message. */
#include "mime/defects.h"

#include <string.h>

#include "base/escape.h"
#include "mime/charset.h"

#define ITEM_MAX 60

static const struct {
    GMimeParserWarning code;
    const char *words;
} warnings[] = {
    {GMIME_WARN_DUPLICATED_HEADER, "a header that may stand once stands twice: the first counts"},
    {GMIME_WARN_DUPLICATED_PARAMETER, "a parameter stands twice: the last counts"},
    {GMIME_WARN_UNENCODED_8BIT_HEADER,
     "a header has octets above 127 that are not encoded: read as UTF-8, else windows-1252"},
    {GMIME_WARN_INVALID_CONTENT_TYPE, "a Content-Type is none: read as text/plain"},
    {GMIME_WARN_INVALID_RFC2047_HEADER_VALUE,
     "an encoded word of a header is broken: read as far as it goes"},
    {GMIME_WARN_MALFORMED_MULTIPART, "a multipart has no part: its text is taken as one"},
    {GMIME_WARN_TRUNCATED_MESSAGE, "the end is missing: a multipart was never closed"},
    {GMIME_WARN_MALFORMED_MESSAGE, "a message inside the message is broken"},
    {GMIME_CRIT_INVALID_HEADER_NAME, "a header's name is none: the line is passed over"},
    {GMIME_CRIT_CONFLICTING_HEADER,
     "a header stands twice with different values: the first counts"},
    {GMIME_CRIT_CONFLICTING_PARAMETER,
     "a parameter stands twice with different values: the last counts"},
    {GMIME_CRIT_MULTIPART_WITHOUT_BOUNDARY,
     "a multipart names no boundary: it is taken as one piece of text"},
    {GMIME_WARN_INVALID_PARAMETER, "a parameter is broken: passed over"},
    {GMIME_WARN_INVALID_ADDRESS_LIST, "an address is broken: shown as it is written"},
    {GMIME_CRIT_NESTING_OVERFLOW, "parts are nested too deeply: what is below is not read"},
    {GMIME_WARN_PART_WITHOUT_CONTENT, "a part has no content"},
    {GMIME_CRIT_PART_WITHOUT_HEADERS_OR_CONTENT, "a part is empty"},
};

char *defects_of_warning(GMimeParserWarning code, gint64 offset, const char *item)
{
    for (size_t i = 0; i < G_N_ELEMENTS(warnings); i++) {
        if (warnings[i].code == code) {
            g_autofree char *shown =
                item ? escape_line_max(bytes_trim(bytes_of(item)), ITEM_MAX) : NULL;
            return g_strdup_printf("at octet %" G_GINT64_FORMAT ": %s%s%s%s", MAX(offset, 0),
                                   warnings[i].words, shown ? " (" : "", shown ? shown : "",
                                   shown ? ")" : "");
        }
    }
    return NULL;
}

/* --- contents --- */

typedef struct {
    bool base64, quoted, seven;
    uint64_t digits, strange; /* base64: of the alphabet, and others */
    uint64_t behind_end;      /* digits behind the padding */
    unsigned pads;
    uint64_t bad_escapes; /* quoted-printable: "=" without two hex digits or a line end */
    uint64_t eight_bit, nuls, long_lines;
    size_t line;
    unsigned escape; /* quoted-printable: octets of an escape still to come, counted down */
} Look;

/* 1: a digit, 2: padding, 3: neither, and no blank. */
static const uint8_t *base64_kinds(void)
{
    static uint8_t kinds[256];
    static bool filled;
    for (int c = 0; !filled && c < 256; c++) {
        bool digit = g_ascii_isalnum((char)c) || c == '+' || c == '/';
        kinds[c] = digit ? 1 : c == '=' ? 2 : g_ascii_isspace((char)c) ? 0 : 3;
    }
    filled = true;
    return kinds;
}

static void look_base64(Look *look, Bytes piece)
{
    const uint8_t *kinds = base64_kinds();
    for (size_t i = 0; i < piece.len; i++) {
        uint8_t kind = kinds[(uint8_t)piece.data[i]];
        look->digits += kind == 1;
        look->behind_end += kind == 1 && look->pads > 0;
        look->pads += kind == 2;
        look->strange += kind == 3;
    }
}

static void look_quoted(Look *look, uint8_t c)
{
    if (look->escape == 2 && (c == '\r' || c == '\n' || c == ' ' || c == '\t')) {
        look->escape = 0;
    } else if (look->escape > 0) {
        bool good = g_ascii_isxdigit(c);
        look->bad_escapes += good ? 0 : 1;
        look->escape = good ? look->escape - 1 : 0;
    } else if (c == '=') {
        look->escape = 2;
    }
}

static void look_lines(Look *look, Bytes piece)
{
    while (piece.len > 0) {
        gssize at = bytes_index(piece, '\n');
        size_t len = at < 0 ? piece.len : (size_t)at;
        look->long_lines += look->line < 1000 && look->line + len >= 1000;
        look->line = at < 0 ? look->line + len : 0;
        piece = bytes_sub(piece, len + 1, SIZE_MAX);
    }
}

static bool take(void *user, Bytes piece, GError **error)
{
    (void)error;
    Look *look = user;
    size_t high = 0, nuls = 0;
    for (size_t i = 0; i < piece.len; i++) {
        high += (uint8_t)piece.data[i] >> 7;
        nuls += piece.data[i] == 0;
    }
    look->eight_bit += high;
    look->nuls += nuls;
    look_lines(look, piece);
    if (look->base64) {
        look_base64(look, piece);
    }
    for (size_t i = 0; look->quoted && i < piece.len; i++) {
        look_quoted(look, (uint8_t)piece.data[i]);
    }
    return true;
}

static void tell(MimeTree *tree, const MimeNode *leaf, uint64_t count, const char *one_or_more)
{
    if (count > 0) {
        mime_tree_add_defect(tree, g_strdup_printf("part %s: %" G_GUINT64_FORMAT " %s", leaf->path,
                                                   count, one_or_more));
    }
}

static void tell_of_base64(MimeTree *tree, const MimeNode *leaf, const Look *look)
{
    tell(tree, leaf, look->strange, "octets in it are not base64: passed over");
    tell(tree, leaf, look->behind_end, "base64 digits stand behind its end: passed over");
    if (look->behind_end == 0 && look->digits % 4 == 1) {
        mime_tree_add_defect(
            tree,
            g_strdup_printf("part %s: its base64 is cut off: the last digit is lost", leaf->path));
    } else if (look->behind_end == 0 && (look->digits + look->pads) % 4 != 0) {
        mime_tree_add_defect(
            tree, g_strdup_printf("part %s: its base64 ends without padding", leaf->path));
    }
}

static const char *const encodings[] = {
    "7bit",       "8bit",     "binary", "base64", "quoted-printable",
    "x-uuencode", "uuencode", "x-uue",  NULL};

bool defects_check_leaf(MimeTree *tree, const MimeNode *leaf, GError **error)
{
    Look look = {.base64 = strcmp(leaf->cte, "base64") == 0,
                 .quoted = strcmp(leaf->cte, "quoted-printable") == 0,
                 .seven = strcmp(leaf->cte, "7bit") == 0};
    if (!content_read(tree->g, leaf->object, false, take, &look, error)) {
        return false;
    }
    if (!g_strv_contains(encodings, leaf->cte)) {
        g_autofree char *shown = escape_line_max(bytes_of(leaf->cte), ITEM_MAX);
        mime_tree_add_defect(
            tree,
            g_strdup_printf("part %s: nobody knows the transfer encoding \"%s\": read as it is",
                            leaf->path, shown));
    }
    if (look.base64) {
        tell_of_base64(tree, leaf, &look);
    }
    tell(tree, leaf, look.bad_escapes,
         "escapes in its quoted-printable are broken: left as they are");
    if (look.seven || look.quoted) {
        tell(tree, leaf, look.eight_bit, "octets are above 127 although it says they are not");
    }
    if (strcmp(leaf->cte, "binary") != 0) {
        tell(tree, leaf, look.nuls, "octets are zero");
        tell(tree, leaf, look.long_lines, "lines are longer than 998 octets");
    }
    if (leaf->charset != NULL && !charset_known(leaf->charset)) {
        g_autofree char *shown = escape_line_max(bytes_of(leaf->charset), ITEM_MAX);
        mime_tree_add_defect(tree,
                             g_strdup_printf("part %s: nobody knows the character set \"%s\": "
                                             "read as UTF-8, else windows-1252",
                                             leaf->path, shown));
    }
    return true;
}

/* --- headers --- */

static unsigned count_header(const MimeTree *tree, const char *name)
{
    unsigned count = 0;
    for (guint i = 0; i < tree->headers->len; i++) {
        const MimeHeader *header = tree->headers->pdata[i];
        count += g_ascii_strcasecmp(header->name, name) == 0 ? 1 : 0;
    }
    return count;
}

void defects_check_headers(MimeTree *tree)
{
    /* RFC 5322 section 3.6: From and Date are the only ones that must be there. */
    static const char *const needed[] = {"From", "Date"};
    static const char *const single[] = {"From",         "Sender",
                                         "Reply-To",     "To",
                                         "Cc",           "Bcc",
                                         "Date",         "Message-ID",
                                         "Subject",      "In-Reply-To",
                                         "References",   "MIME-Version",
                                         "Content-Type", "Content-Transfer-Encoding"};
    for (size_t i = 0; i < G_N_ELEMENTS(needed); i++) {
        if (count_header(tree, needed[i]) == 0) {
            mime_tree_add_defect(tree, g_strdup_printf("there is no %s", needed[i]));
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(single); i++) {
        unsigned count = count_header(tree, single[i]);
        if (count > 1) {
            mime_tree_add_defect(tree, g_strdup_printf("there are %u headers %s: the first counts",
                                                       count, single[i]));
        }
    }
}
