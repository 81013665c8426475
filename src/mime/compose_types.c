/* compose_types.c: what a file is, by its name, for those that people send. */
#include <string.h>

#include "mime/compose.h"

static const struct {
    const char *ending, *type;
} types[] = {
    /* clang-format off */
    {"txt", "text/plain"}, {"text", "text/plain"}, {"log", "text/plain"}, {"md", "text/markdown"},
    {"html", "text/html"}, {"htm", "text/html"}, {"css", "text/css"}, {"csv", "text/csv"},
    {"diff", "text/x-diff"}, {"patch", "text/x-diff"}, {"ics", "text/calendar"},
    {"vcf", "text/vcard"}, {"xml", "application/xml"}, {"json", "application/json"},
    {"pdf", "application/pdf"}, {"zip", "application/zip"}, {"gz", "application/gzip"},
    {"bz2", "application/x-bzip2"}, {"xz", "application/x-xz"}, {"zst", "application/zstd"},
    {"tar", "application/x-tar"}, {"7z", "application/x-7z-compressed"},
    {"png", "image/png"}, {"jpg", "image/jpeg"}, {"jpeg", "image/jpeg"}, {"gif", "image/gif"},
    {"svg", "image/svg+xml"}, {"webp", "image/webp"}, {"avif", "image/avif"},
    {"tif", "image/tiff"}, {"tiff", "image/tiff"}, {"bmp", "image/bmp"}, {"ico", "image/x-icon"},
    {"mp3", "audio/mpeg"}, {"ogg", "audio/ogg"}, {"flac", "audio/flac"}, {"wav", "audio/x-wav"},
    {"mp4", "video/mp4"}, {"webm", "video/webm"}, {"mkv", "video/x-matroska"},
    {"doc", "application/msword"}, {"xls", "application/vnd.ms-excel"},
    {"ppt", "application/vnd.ms-powerpoint"}, {"rtf", "application/rtf"},
    {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
    {"odt", "application/vnd.oasis.opendocument.text"},
    {"ods", "application/vnd.oasis.opendocument.spreadsheet"},
    {"eml", "message/rfc822"}, {"p7s", "application/pkcs7-signature"},
    {"asc", "application/pgp-signature"}, {"pem", "application/x-pem-file"},
    /* clang-format on */
};

const char *compose_guess_type(const char *name, Bytes content)
{
    const char *dot = name ? strrchr(name, '.') : NULL;
    for (size_t i = 0; dot && i < G_N_ELEMENTS(types); i++) {
        if (!g_ascii_strcasecmp(dot + 1, types[i].ending)) {
            return types[i].type;
        }
    }
    bool text = g_utf8_validate(content.data, (gssize)content.len, NULL);
    return text ? "text/plain" : "application/octet-stream";
}
