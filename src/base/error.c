#include "base/error.h"

static const struct {
    PosternErrorCode code;
    int exit_status;
    const char *word;
} kinds[] = {
    {POSTERN_ERROR_USAGE, 64, "usage"},
    {POSTERN_ERROR_DATA, 65, "data"},
    {POSTERN_ERROR_NO_INPUT, 66, "no-input"},
    {POSTERN_ERROR_NO_HOST, 68, "no-host"},
    {POSTERN_ERROR_UNAVAILABLE, 69, "unavailable"},
    {POSTERN_ERROR_BUG, 70, "bug"},
    {POSTERN_ERROR_CANT_CREATE, 73, "cant-create"},
    {POSTERN_ERROR_IO, 74, "io"},
    {POSTERN_ERROR_TEMPFAIL, 75, "tempfail"},
    {POSTERN_ERROR_TIMEOUT, 75, "timeout"},
    {POSTERN_ERROR_EOF, 76, "eof"},
    {POSTERN_ERROR_PROTOCOL, 76, "protocol"},
    {POSTERN_ERROR_LIMIT, 76, "limit"},
    {POSTERN_ERROR_INSECURE, 76, "insecure"},
    {POSTERN_ERROR_AUTH, 77, "auth"},
    {POSTERN_ERROR_CONFIG, 78, "config"},
    {POSTERN_ERROR_CANCELLED, 130, "cancelled"},
};

G_DEFINE_QUARK(postern - error - quark, postern_error)

bool error_fail(GError **error, PosternErrorCode code, const char *format, ...)
{
    if (error == NULL) {
        return false;
    }
    va_list args;
    va_start(args, format);
    g_propagate_error(error, g_error_new_valist(POSTERN_ERROR, (int)code, format, args));
    va_end(args);
    return false;
}

bool error_prefix(GError **error, const char *format, ...)
{
    if (error == NULL || *error == NULL) {
        return false;
    }
    va_list args;
    va_start(args, format);
    g_autofree char *prefix = g_strdup_vprintf(format, args);
    va_end(args);
    g_prefix_error(error, "%s: ", prefix);
    return false;
}

/* The row of an error's code, or of BUG when the error is of a domain that should have been
 * translated. */
static size_t kind_of(const GError *error)
{
    PosternErrorCode code =
        error->domain == POSTERN_ERROR ? (PosternErrorCode)error->code : POSTERN_ERROR_BUG;
    size_t bug = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (kinds[i].code == code) {
            return i;
        }
        if (kinds[i].code == POSTERN_ERROR_BUG) {
            bug = i;
        }
    }
    return bug;
}

int error_exit_status(const GError *error)
{
    return error == NULL ? 0 : kinds[kind_of(error)].exit_status;
}

const char *error_word(const GError *error)
{
    return error == NULL ? "none" : kinds[kind_of(error)].word;
}
