/* The file itself: where it is, and who may read it. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "config/fetchmailrc.h"
#include "config/file.h"

#define FETCHMAILRC_MAX (1024 * 1024)

/* /dev/null and standard input are exempt, as with fetchmail. */
static bool check_owner(const char *path, const char *shown, const FileText *text, GError **error)
{
    if (strcmp(path, "/dev/null") == 0 || strcmp(path, "-") == 0) {
        return true;
    }
    if (!S_ISREG(text->mode)) {
        return error_fail(error, POSTERN_ERROR_CONFIG, "%s must be a regular file", shown);
    }
    if (!file_text_is_private(text)) {
        return error_fail(error, POSTERN_ERROR_CONFIG,
                          "%s must be closed to group and others, as fetchmail wants it: chmod 600 "
                          "%s",
                          shown, shown);
    }
    return text->owner == geteuid() ||
           error_fail(error, POSTERN_ERROR_CONFIG, "%s must be your own file", shown);
}

FetchmailRc *fetchmailrc_load(const char *path, FetchmailrcFailure *ret_failure, GError **error)
{
    bool is_input = strcmp(path, "-") == 0;
    FetchmailrcFailure unused;
    FetchmailrcFailure *failure = ret_failure ? ret_failure : &unused;
    g_autofree char *absolute = is_input ? g_strdup("-") : g_canonicalize_filename(path, NULL);
    g_autofree char *shown = escape_line(bytes_of(absolute));
    g_auto(FileText) text = {0};
    *failure = FETCHMAILRC_PERMISSIONS;
    if (!file_text_read(is_input ? "/dev/stdin" : absolute, FETCHMAILRC_MAX, &text, error) ||
        !check_owner(path, shown, &text, error)) {
        return NULL;
    }
    *failure = FETCHMAILRC_SYNTAX;
    return fetchmailrc_parse((Bytes){text.data, text.len}, shown, g_get_user_name(), error);
}
