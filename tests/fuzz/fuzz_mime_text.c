/* Character sets, HTML, format=flowed, files inside a text, names of files: what a text part may
 * hold, cut at any place. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mime/charset.h"
#include "mime/embedded.h"
#include "mime/flowed.h"
#include "mime/html.h"
#include "mime/names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take(void *user, const EmbeddedFile *file, Bytes piece)
{
    *(uint64_t *)user += piece.len + (file->ended ? 1 : 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const sets[] = {"utf-8", "iso-2022-jp", "utf-7", "shift_jis", NULL};
    size_t cut = size > 0 ? data[0] % 64 + 1 : 1;
    Charset *charset = charset_new(sets[size % G_N_ELEMENTS(sets)]);
    Html *html = html_new();
    uint64_t found = 0;
    Flowed *flowed = flowed_new(size % 2);
    EmbeddedScan *scan = embedded_new(take, &found);
    g_autoptr(GString) utf8 = g_string_new(NULL);
    g_autoptr(GString) text = g_string_new(NULL);
    for (Bytes rest = {(const char *)data, size}; rest.len > 0;
         rest = bytes_sub(rest, cut, SIZE_MAX)) {
        g_string_truncate(utf8, 0);
        charset_feed(charset, bytes_sub(rest, 0, cut), utf8);
        html_feed(html, bytes_of_string(utf8), text);
        flowed_feed(flowed, bytes_of_string(utf8), text);
        embedded_feed(scan, bytes_sub(rest, 0, cut));
    }
    charset_end(charset, utf8);
    html_end(html, text);
    flowed_end(flowed, text);
    embedded_end(scan);
    g_autofree char *given = g_strndup((const char *)data, size);
    g_autofree char *name = names_safe(given, "1", "text/plain");
    if (strchr(name, '/') != NULL || strlen(name) > NAMES_MAX + 1 || *name == '\0' ||
        *name == '.') {
        abort();
    }
    charset_free(charset);
    html_free(html);
    flowed_free(flowed);
    embedded_free(scan);
    return 0;
}
