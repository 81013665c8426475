/* pasted.c: judging input by its beginning. */
#include "mime/pasted.h"

#include <string.h>

static bool next_line(Bytes *rest, Bytes *line)
{
    if (rest->len == 0) {
        return false;
    }
    gssize at = bytes_index(*rest, '\n');
    size_t len = at < 0 ? rest->len : (size_t)at + 1;
    *line = bytes_sub(*rest, 0, len);
    *rest = bytes_sub(*rest, len, SIZE_MAX);
    return true;
}

/* --- mbox --- */

/* A time and a year: "Mon Jan  1 00:00:00 2024", in whatever order. */
bool pasted_is_from_line(Bytes line)
{
    if (!bytes_starts(line, "From ")) {
        return false;
    }
    line = bytes_sub(bytes_trim(line), 0, 400);
    bool time = false, year = false;
    for (size_t i = 5; i + 4 < line.len + 1; i++) {
        const char *at = line.data + i;
        bool digits = g_ascii_isdigit(at[0]) && g_ascii_isdigit(at[1]);
        time = time || (i + 5 <= line.len && digits && at[2] == ':' && g_ascii_isdigit(at[3]));
        bool century = (at[0] == '1' && at[1] == '9') || (at[0] == '2' && at[1] == '0');
        bool stands_alone = at[-1] == ' ' && (i + 4 == line.len || at[4] == ' ');
        year =
            year || (stands_alone && century && g_ascii_isdigit(at[2]) && g_ascii_isdigit(at[3]));
    }
    return time && year;
}

/* --- a conversation on the screen --- */

static const char *const arrows[] = {"<~ ", "<- ", "S: ", ""};

static bool take_arrow(Bytes *line, const char *arrow)
{
    size_t len = strlen(arrow);
    if (bytes_starts(*line, arrow)) {
        *line = bytes_sub(*line, len, SIZE_MAX);
        return true;
    }
    /* An empty line of the server: the blank behind the arrow may be lost. */
    Bytes bare = bytes_trim(*line);
    if (len > 0 && bare.len == len - 1 && memcmp(bare.data, arrow, len - 1) == 0) {
        *line = bytes_sub(*line, bare.len, SIZE_MAX);
        return true;
    }
    return false;
}

/* What was typed stands there too: "RETR 1", "-> RETR 1". */
static bool is_command(Bytes line)
{
    static const char *const verbs[] = {"RETR ", "TOP ", "-> ", "~> ", "C: "};
    for (size_t i = 0; i < G_N_ELEMENTS(verbs); i++) {
        if (bytes_starts_ci(line, verbs[i])) {
            return true;
        }
    }
    return false;
}

static bool is_fetch(Bytes line)
{
    line = bytes_trim(line);
    Bytes rest = line;
    bool untagged = bytes_equal(bytes_word(&rest), BYTES_LITERAL("*"));
    bytes_word(&rest);
    return untagged && bytes_equal_ci(bytes_word(&rest), "FETCH") && line.data[line.len - 1] == '}';
}

static bool judge_transcript(Bytes beginning, Pasted *ret)
{
    Bytes rest = beginning, line;
    for (size_t n = 0; n < 8 && next_line(&rest, &line); n++) {
        for (size_t i = 0; i < G_N_ELEMENTS(arrows); i++) {
            Bytes said = line;
            bool here = take_arrow(&said, arrows[i]);
            bool pop = here && bytes_starts_ci(said, "+OK") &&
                       (said.len == 3 || g_ascii_isspace(said.data[3]));
            if (pop || (here && is_fetch(said))) {
                *ret = (Pasted){
                    .kind = PASTED_TRANSCRIPT, .arrow = arrows[i], .is_imap = !pop, .skip = n + 1};
                return true;
            }
        }
        if (bytes_trim(line).len > 0 && !is_command(line)) {
            return false;
        }
    }
    return false;
}

/* The notes of `postern talk` about a message stand between its lines. */
static bool is_note(Bytes line)
{
    return bytes_starts(line, "=== ") || bytes_starts(line, "*** ");
}

bool pasted_line(const Pasted *pasted, size_t number, Bytes *line)
{
    bool own = number >= pasted->skip && (*pasted->arrow == '\0' || !is_note(*line));
    bool of_server = take_arrow(line, pasted->arrow);
    if (!own || !of_server) {
        *line = BYTES_NONE;
        return true;
    }
    Bytes bare = bytes_trim(*line);
    if (pasted->is_imap) {
        bool flags = bytes_starts(bare, "FLAGS (") || bytes_starts(bare, "UID ");
        return !bytes_equal(bare, BYTES_LITERAL(")")) && !(flags && bare.data[bare.len - 1] == ')');
    }
    if (bytes_equal(bare, BYTES_LITERAL("."))) {
        return false;
    }
    if (line->len > 1 && line->data[0] == '.') {
        *line = bytes_sub(*line, 1, SIZE_MAX);
    }
    return true;
}

/* --- a body without its header --- */

static bool is_header_line(Bytes line)
{
    gssize colon = bytes_index(line, ':');
    if (colon < 1) {
        return false;
    }
    for (gssize i = 0; i < colon; i++) {
        uint8_t c = (uint8_t)line.data[i];
        if (c <= ' ' || c >= 0x7f) {
            return false;
        }
    }
    return true;
}

/* "--BOUNDARY", and a header of a part below it. */
static char *find_boundary(Bytes text)
{
    Bytes rest = text, line, below;
    while (next_line(&rest, &line)) {
        Bytes bare = bytes_trim(line), behind = rest;
        bool may_be = bytes_starts(line, "--") && bare.len > 2 && bare.len <= 72;
        if (may_be && next_line(&behind, &below) && bytes_starts_ci(below, "Content-")) {
            return bytes_dup(bytes_sub(bare, 2, SIZE_MAX));
        }
    }
    return NULL;
}

static Bytes without_blank_lines(Bytes text)
{
    Bytes line, rest = text;
    while (next_line(&rest, &line) && bytes_trim(line).len == 0) {
        text = rest;
    }
    return text;
}

/* A header that begins after blanks would be none for a parser. Only where another one follows is
 * it one that was pasted with them. */
static size_t indent_of_header(Bytes first, Bytes rest)
{
    size_t indent = 0;
    while (indent < first.len && (first.data[indent] == ' ' || first.data[indent] == '\t')) {
        indent++;
    }
    Bytes second = BYTES_NONE;
    return is_header_line(bytes_sub(first, indent, SIZE_MAX)) && next_line(&rest, &second) &&
                   is_header_line(second)
               ? indent
               : 0;
}

/* --- base64 --- */

static const struct {
    const char *magic;
    size_t len;
    const char *type;
} magics[] = {
    {"\x89PNG\r\n\x1a\n", 8, "image/png"},
    {"\xff\xd8\xff", 3, "image/jpeg"},
    {"GIF8", 4, "image/gif"},
    {"%PDF-", 5, "application/pdf"},
    {"PK\x03\x04", 4, "application/zip"},
    {"\x1f\x8b", 2, "application/gzip"},
    {"BM", 2, "image/bmp"},
    {"ID3", 3, "audio/mpeg"},
    {"{\\rtf", 5, "application/rtf"},
    {"\x78\x9f\x3e\x22", 4, "application/ms-tnef"},
    {"\xd0\xcf\x11\xe0", 4, "application/msword"},
};

static const char *guess_type(Bytes base64)
{
    g_autofree char *text = bytes_dup(bytes_sub(base64, 0, base64.len / 4 * 4));
    gsize len;
    g_autofree guchar *octets = g_base64_decode(text, &len);
    for (size_t i = 0; i < G_N_ELEMENTS(magics); i++) {
        if (len >= magics[i].len && memcmp(octets, magics[i].magic, magics[i].len) == 0) {
            return magics[i].type;
        }
    }
    bool text_like = len > 0 && g_utf8_validate_len((char *)octets, len, NULL);
    return text_like ? "text/plain; charset=utf-8" : "application/octet-stream";
}

static bool is_base64_line(Bytes line)
{
    size_t i = 0;
    while (i < line.len && (g_ascii_isalnum(line.data[i]) || strchr("+/", line.data[i]) != NULL)) {
        i++;
    }
    while (i < line.len && line.data[i] == '=') {
        i++;
    }
    return i == line.len;
}

/* Lines of nothing but its digits; the first one long enough to be no word. The last line looked at
 * may be cut. */
static bool judge_base64(Bytes beginning, Pasted *ret)
{
    Bytes rest = beginning, line, first = BYTES_NONE;
    while (next_line(&rest, &line)) {
        Bytes bare = bytes_trim(line);
        if (!is_base64_line(bare)) {
            return false;
        }
        first = first.len > 0 ? first : bare;
    }
    if (first.len < 8 || (first.len < 20 && first.len % 4 != 0)) {
        return false;
    }
    *ret = (Pasted){.kind = PASTED_BASE64, .type = guess_type(bytes_sub(first, 0, 64))};
    return true;
}

/* --- all of it --- */

void pasted_judge(Bytes beginning, Pasted *ret)
{
    beginning = bytes_sub(beginning, 0, PASTED_LOOK);
    Bytes text = without_blank_lines(beginning), rest = text, first = BYTES_NONE;
    next_line(&rest, &first);
    *ret = (Pasted){.kind = PASTED_MESSAGE, .lead = beginning.len - text.len};
    if (pasted_is_from_line(first)) {
        ret->kind = PASTED_MBOX;
        return;
    }
    if (judge_transcript(text, ret)) {
        /* Blank lines in front count as lines of the conversation. */
        for (size_t i = 0; i < beginning.len - text.len; i++) {
            ret->skip += beginning.data[i] == '\n' ? 1 : 0;
        }
        return;
    }
    size_t indent = indent_of_header(first, rest);
    ret->lead += indent;
    if (is_header_line(bytes_sub(first, indent, SIZE_MAX)) || judge_base64(text, ret)) {
        return;
    }
    char *boundary = find_boundary(text);
    if (boundary != NULL) {
        *ret = (Pasted){.kind = PASTED_BODY, .boundary = boundary};
    } else if (first.len > 0) {
        ret->kind = PASTED_TEXT;
    }
}

void pasted_clear(Pasted *pasted)
{
    g_clear_pointer(&pasted->boundary, g_free);
}

char *pasted_header(const Pasted *pasted)
{
    if (pasted->kind == PASTED_BASE64) {
        return g_strdup_printf("MIME-Version: 1.0\nContent-Type: %s\n"
                               "Content-Transfer-Encoding: base64\n\n",
                               pasted->type);
    }
    if (pasted->kind == PASTED_BODY) {
        g_autofree char *escaped = g_strescape(pasted->boundary, "\200\201\377");
        return g_strdup_printf("MIME-Version: 1.0\n"
                               "Content-Type: multipart/mixed; boundary=\"%s\"\n\n",
                               escaped);
    }
    return g_strdup(pasted->kind == PASTED_TEXT ? "MIME-Version: 1.0\n\n" : "");
}

char *pasted_words(const Pasted *pasted)
{
    switch (pasted->kind) {
    case PASTED_MESSAGE:
        return pasted->lead > 0 ? g_strdup("the blanks before the header are passed over") : NULL;
    case PASTED_TRANSCRIPT:
        return g_strdup(
            pasted->is_imap
                ? "a FETCH as it was on the screen: what is not the message is taken off"
                : "a RETR as it was on the screen: its first line, the stuffed dots "
                  "and the last dot are taken off");
    case PASTED_BODY:
        return g_strdup_printf("the header is missing: read as multipart/mixed with the boundary "
                               "\"%s\", which is a guess",
                               pasted->boundary);
    case PASTED_TEXT:
        return g_strdup("there is no header: all of it is read as text");
    case PASTED_BASE64:
        return g_strdup_printf("nothing but base64: read as one part, by its first octets %.*s",
                               (int)strcspn(pasted->type, ";"), pasted->type);
    default:
        return NULL;
    }
}
