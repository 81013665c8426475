/* exchange.h: for the tests of sasl/: one line a step. */
#pragma once

#include "sasl/sasl.h"

#include <string.h>

#define B BYTES_LITERAL

/* What the client answers, as it is; the error, if there is one, must not be. The caller frees it.
 */
static inline GString *answer(SaslClient *client, bool has_challenge, Bytes challenge)
{
    g_autoptr(GError) error = NULL;
    g_auto(SaslStep) step = {0};
    bool ok = sasl_client_step(client, has_challenge, challenge, &step, DEADLINE_NEVER, &error);
    g_assert_no_error(error);
    g_assert_true(ok);
    g_assert_nonnull(step.shown);
    Bytes text = secret_reveal(step.response);
    return g_string_new_len(text.data, (gssize)text.len);
}

static inline void assert_bytes(Bytes found, Bytes expected)
{
    g_assert_cmpmem(found.data, found.len, expected.data, expected.len);
}

static inline void assert_answer(SaslClient *client, Bytes challenge, Bytes expected)
{
    g_autoptr(GString) text = answer(client, true, challenge);
    assert_bytes(bytes_of_string(text), expected);
}

static inline void assert_begins(SaslClient *client, Bytes expected)
{
    g_autoptr(GString) text = answer(client, false, BYTES_NONE);
    assert_bytes(bytes_of_string(text), expected);
}

/* The step fails so, and the message has `words` in it. */
static inline void assert_step_fails(SaslClient *client, bool has_challenge, Bytes challenge,
                                     int code, const char *words)
{
    g_autoptr(GError) error = NULL;
    g_auto(SaslStep) step = {0};
    g_assert_false(
        sasl_client_step(client, has_challenge, challenge, &step, DEADLINE_NEVER, &error));
    g_assert_error(error, POSTERN_ERROR, code);
    g_assert_nonnull(strstr(error->message, words));
    g_assert_null(step.response);
}

static inline void assert_finishes(SaslClient *client, bool has_additional, Bytes additional)
{
    g_autoptr(GError) error = NULL;
    bool ok = sasl_client_finish(client, has_additional, additional, &error);
    g_assert_no_error(error);
    g_assert_true(ok);
}

static inline void assert_finish_fails(SaslClient *client, bool has_additional, Bytes additional,
                                       int code)
{
    g_autoptr(GError) error = NULL;
    g_assert_false(sasl_client_finish(client, has_additional, additional, &error));
    g_assert_error(error, POSTERN_ERROR, code);
}

static inline SaslClient *client_for(const char *mechanism, const SaslParams *params)
{
    g_autoptr(GError) error = NULL;
    SaslClient *client = sasl_client_new(mechanism, params, &error);
    g_assert_no_error(error);
    g_assert_nonnull(client);
    return client;
}

static inline void assert_no_client(const char *mechanism, const SaslParams *params, int code,
                                    const char *words)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(sasl_client_new(mechanism, params, &error));
    g_assert_error(error, POSTERN_ERROR, code);
    g_assert_nonnull(strstr(error->message, words));
}

static inline Secret *secret_of(const char *text)
{
    return secret_new(text, strlen(text));
}
