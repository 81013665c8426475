/* embedded.c: finding and decoding uuencode and yEnc in a text. */
#include "mime/embedded.h"

#include <string.h>

#define LINE_MAX_KEPT 4096 /* longer lines are no part of either encoding (yEnc: 997 at most) */
#define NAME_MAX_KEPT 1024

struct EmbeddedScan {
    EmbeddedFunc func;
    void *user;
    GString *partial; /* a line of which the end has not come yet */
    bool overlong;    /* it outgrew the cap: skipped up to its end */
    bool inside;
    EmbeddedFile file;
    uint32_t crc;
    unsigned bad_lines;
    GString *out;
};

static uint32_t crc_step(uint32_t crc, const uint8_t *data, size_t len)
{
    static uint32_t table[256];
    if (table[1] == 0) {
        for (uint32_t i = 0; i < 256; i++) {
            uint32_t c = i;
            for (int bit = 0; bit < 8; bit++) {
                c = c & 1 ? 0xedb88320u ^ (c >> 1) : c >> 1;
            }
            table[i] = c;
        }
    }
    for (size_t i = 0; i < len; i++) {
        crc = table[(crc ^ data[i]) & 0xff] ^ (crc >> 8);
    }
    return crc;
}

EmbeddedScan *embedded_new(EmbeddedFunc func, void *user)
{
    EmbeddedScan *scan = g_new0(EmbeddedScan, 1);
    scan->func = func;
    scan->user = user;
    scan->partial = g_string_new(NULL);
    scan->out = g_string_new(NULL);
    return scan;
}

static void clear_file(EmbeddedScan *scan)
{
    g_clear_pointer(&scan->file.name, g_free);
    g_clear_pointer(&scan->file.problem, g_free);
}

void embedded_free(EmbeddedScan *scan)
{
    if (scan != NULL) {
        clear_file(scan);
        g_string_free(scan->partial, TRUE);
        g_string_free(scan->out, TRUE);
        g_free(scan);
    }
}

static void begin(EmbeddedScan *scan, EmbeddedKind kind, Bytes name)
{
    clear_file(scan);
    name = bytes_sub(bytes_trim(name), 0, NAME_MAX_KEPT);
    scan->file =
        (EmbeddedFile){.kind = kind, .number = scan->file.number + 1, .name = bytes_dup(name)};
    scan->inside = true;
    scan->crc = 0xffffffffu;
    scan->bad_lines = 0;
}

static void finish(EmbeddedScan *scan, const char *problem)
{
    scan->inside = false;
    scan->file.ended = true;
    if (problem == NULL && scan->bad_lines > 0) {
        scan->file.problem = g_strdup_printf("%u of its lines are broken", scan->bad_lines);
    } else {
        scan->file.problem = g_strdup(problem);
    }
    scan->func(scan->user, &scan->file, BYTES_NONE);
}

static void give(EmbeddedScan *scan)
{
    if (scan->out->len > 0) {
        scan->crc = crc_step(scan->crc, (const uint8_t *)scan->out->str, scan->out->len);
        scan->file.bytes += scan->out->len;
        scan->func(scan->user, &scan->file, bytes_of_string(scan->out));
        g_string_truncate(scan->out, 0);
    }
}

/* --- uuencode --- */

/* "begin", an octal mode of three or four digits, a name. */
static bool is_uu_begin(Bytes line, Bytes *ret_name)
{
    if (!bytes_starts(line, "begin ")) {
        return false;
    }
    Bytes rest = bytes_sub(line, 6, SIZE_MAX);
    Bytes mode = bytes_word(&rest);
    bool octal = mode.len == 3 || mode.len == 4;
    for (size_t i = 0; i < mode.len; i++) {
        octal = octal && mode.data[i] >= '0' && mode.data[i] <= '7';
    }
    *ret_name = rest;
    return octal && bytes_trim(rest).len > 0;
}

static bool uu_digit(Bytes line, size_t at, uint8_t *ret)
{
    /* Blanks at the end of a line get lost: they are zeros. */
    char c = at < line.len ? line.data[at] : ' ';
    *ret = (uint8_t)((c - ' ') & 0x3f);
    return c >= ' ' && c <= '`';
}

static bool uu_line(EmbeddedScan *scan, Bytes line)
{
    uint8_t count;
    bool good = line.len > 0 && uu_digit(line, 0, &count);
    if (!good || line.len > 1 + ((size_t)count + 2) / 3 * 4 + 2) {
        return false;
    }
    for (size_t at = 1, left = count; left > 0 && good; at += 4) {
        uint8_t d[4];
        for (size_t i = 0; i < 4; i++) {
            good = uu_digit(line, at + i, &d[i]) && good;
        }
        char octets[] = {(char)(d[0] << 2 | d[1] >> 4), (char)(d[1] << 4 | d[2] >> 2),
                         (char)(d[2] << 6 | d[3])};
        size_t n = MIN(left, 3);
        g_string_append_len(scan->out, octets, (gssize)n);
        left -= n;
    }
    return good;
}

static void take_uu(EmbeddedScan *scan, Bytes line)
{
    if (bytes_equal(bytes_trim(line), BYTES_LITERAL("end"))) {
        finish(scan, NULL);
    } else if (!uu_line(scan, line)) {
        g_string_truncate(scan->out, 0);
        scan->bad_lines++;
    }
    if (scan->inside) {
        give(scan);
    }
}

/* --- yEnc --- */

/* The value of "key=" in a "=y" line, up to a blank ("name=" goes to the line's end). */
static Bytes y_value(Bytes line, const char *key)
{
    g_autofree char *wanted = g_strdup_printf(" %s=", key);
    const char *at = memmem(line.data, line.len, wanted, strlen(wanted));
    if (at == NULL) {
        return BYTES_NONE;
    }
    Bytes value = bytes_sub(line, (size_t)(at - line.data) + strlen(wanted), SIZE_MAX);
    return strcmp(key, "name") == 0 ? value : bytes_word(&value);
}

static void y_end(EmbeddedScan *scan, Bytes line)
{
    uint64_t size;
    Bytes crc = y_value(line, y_value(line, "pcrc32").len > 0 ? "pcrc32" : "crc32");
    g_autofree char *told = bytes_dup(bytes_trim(crc));
    uint32_t ours = ~scan->crc;
    bool sized = bytes_number(bytes_trim(y_value(line, "size")), UINT64_MAX, &size);
    if (sized && size != scan->file.bytes) {
        finish(scan, "it is not as long as it says");
    } else if (*told != '\0' && g_ascii_strtoull(told, NULL, 16) != ours) {
        finish(scan, "its checksum differs");
    } else {
        finish(scan, NULL);
    }
}

static void take_y(EmbeddedScan *scan, Bytes line)
{
    if (bytes_starts(line, "=yend")) {
        y_end(scan, line);
        return;
    }
    if (bytes_starts(line, "=ypart ") || bytes_starts(line, "=ybegin ")) {
        return;
    }
    if (line.len > 0 && line.data[line.len - 1] == '\r') {
        line.len--;
    }
    for (size_t i = 0; i < line.len; i++) {
        bool escaped = line.data[i] == '=' && i + 1 < line.len;
        i += escaped ? 1 : 0;
        g_string_append_c(scan->out, (char)((uint8_t)line.data[i] - (escaped ? 106 : 42)));
    }
    give(scan);
}

/* --- both --- */

static void take_line(EmbeddedScan *scan, Bytes line)
{
    Bytes name;
    if (scan->inside && scan->file.kind == EMBEDDED_YENC) {
        take_y(scan, line);
        return;
    }
    if (line.len > 0 && line.data[line.len - 1] == '\r') {
        line.len--;
    }
    if (scan->inside) {
        take_uu(scan, line);
    } else if (line.len > 6 && line.data[0] == 'b' && is_uu_begin(line, &name)) {
        begin(scan, EMBEDDED_UUENCODE, name);
    } else if (line.len > 8 && line.data[0] == '=' && bytes_starts(line, "=ybegin ") &&
               y_value(line, "size").len > 0) {
        begin(scan, EMBEDDED_YENC, y_value(line, "name"));
    }
}

static void keep(EmbeddedScan *scan, Bytes piece)
{
    scan->overlong = scan->overlong || scan->partial->len + piece.len > LINE_MAX_KEPT;
    if (scan->overlong) {
        g_string_truncate(scan->partial, 0);
    } else {
        g_string_append_len(scan->partial, piece.data, (gssize)piece.len);
    }
}

static void end_line(EmbeddedScan *scan, Bytes piece)
{
    if (scan->partial->len == 0 && !scan->overlong) {
        take_line(scan, piece);
        return;
    }
    keep(scan, piece);
    if (!scan->overlong) {
        take_line(scan, bytes_of_string(scan->partial));
    } else if (scan->inside) {
        scan->bad_lines++;
    }
    g_string_truncate(scan->partial, 0);
    scan->overlong = false;
}

void embedded_feed(EmbeddedScan *scan, Bytes text)
{
    while (text.len > 0) {
        gssize at = bytes_index(text, '\n');
        if (at < 0) {
            keep(scan, text);
            return;
        }
        end_line(scan, bytes_sub(text, 0, (size_t)at));
        text = bytes_sub(text, (size_t)at + 1, SIZE_MAX);
    }
}

void embedded_end(EmbeddedScan *scan)
{
    if (scan->partial->len > 0 || scan->overlong) {
        end_line(scan, BYTES_NONE);
    }
    if (scan->inside) {
        finish(scan, "its end is missing");
    }
}

const char *embedded_word(EmbeddedKind kind)
{
    return kind == EMBEDDED_YENC ? "yEnc" : "uuencode";
}
