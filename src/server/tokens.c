/* tokens.c: access tokens that the sandbox takes: a file with "USER TOKEN" a line. */
#include <string.h>
#include <time.h>

#include "server/sandbox_inside.h"

static void user_free(gpointer data)
{
    SandboxUser *user = data;
    g_free(user->name);
    secret_free(user->password);
    g_free(user);
}

bool sandbox_read_tokens(Sandbox *box, GError **error)
{
    const char *file = box->plan->token_file;
    g_autofree char *text = NULL;
    gsize len = 0;
    box->tokens = g_ptr_array_new_with_free_func(user_free);
    if (!sandbox_read_jwt_key(box, error)) {
        return false;
    }
    if (!file) {
        return true;
    }
    g_autoptr(GError) why = NULL;
    if (!g_file_get_contents(file, &text, &len, &why)) {
        return error_fail(error, POSTERN_ERROR_NO_INPUT, "the tokens: %s", why->message);
    }
    Bytes rest = {text, len};
    while (rest.len > 0) {
        gssize end = bytes_index(rest, '\n');
        Bytes line = bytes_trim(bytes_sub(rest, 0, end < 0 ? rest.len : (size_t)end));
        rest = bytes_sub(rest, end < 0 ? rest.len : (size_t)end + 1, SIZE_MAX);
        Bytes name = bytes_word(&line);
        if (name.len == 0 || name.data[0] == '#') {
            continue;
        }
        SandboxUser *user = g_new0(SandboxUser, 1);
        user->name = bytes_dup(name);
        user->password = secret_new(line.data ? line.data : "", line.len);
        g_ptr_array_add(box->tokens, user);
        if (line.len == 0) {
            error_fail(error, POSTERN_ERROR_DATA, "%s: a line is USER TOKEN; %s has no token", file,
                       user->name);
            secret_wipe(text, len);
            return false;
        }
    }
    secret_wipe(text, len);
    return true;
}

bool sandbox_token_is_good(Sandbox *box, const char *name, const Secret *token, char **ret_name,
                           char **ret_why)
{
    for (guint i = 0; i < box->tokens->len; i++) {
        const SandboxUser *user = box->tokens->pdata[i];
        if (secret_equal(user->password, token) && (!*name || strcmp(name, user->name) == 0)) {
            *ret_name = g_strdup(user->name);
            return true;
        }
    }
    return sandbox_jwt_is_good(box, name, token, (int64_t)time(NULL), ret_name, ret_why);
}
