/* serve_control.c: talks to a sandbox that runs, by the socket in its directory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/serve.h"
#include "io/dial.h"
#include "server/control.h"

#define TIMEOUT_S 30
enum { REPORT_MAX = 64 * 1024 * 1024 };

Wire *serve_ask(const char *directory, double timeout, const char *question, GError **error)
{
    const char *where = directory ? directory : getenv("DIR");
    if (!where || !*where) {
        error_fail(error, POSTERN_ERROR_USAGE,
                   "which sandbox? Give its directory, or export DIR (serve --env prints it)");
        return NULL;
    }
    g_autofree char *path = g_build_filename(where, CONTROL_SOCKET, NULL);
    /* Where its path would be too long it is a link. */
    g_autofree char *target = g_file_read_link(path, NULL);
    const DialPlan plan = {.unix_path = target ? target : path};
    DialResult result = {0};
    g_autoptr(GError) why = NULL;
    Stream *stream = dial(&plan, &result, deadline_in(TIMEOUT_S), &why);
    dial_result_clear(&result);
    if (!stream) {
        error_fail(error, POSTERN_ERROR_UNAVAILABLE, "no sandbox runs in %s: %s", where,
                   why->message);
        return NULL;
    }
    g_autoptr(Wire) wire = wire_new(stream, timeout);
    return wire_sendf(wire, error, "%s", question) ? g_steal_pointer(&wire) : NULL;
}

static bool get_report(const ServeOptions *o, const char *directory, bool *ret_bad, GError **error)
{
    g_autoptr(Wire) wire =
        serve_ask(directory, TIMEOUT_S, o->json ? "report json" : "report text", error);
    Bytes line;
    uint64_t octets;
    if (!wire || !wire_line(wire, &line, error)) {
        return false;
    }
    *ret_bad = bytes_equal(line, BYTES_LITERAL("misbehaved 1"));
    if (!wire_line(wire, &line, error)) {
        return false;
    }
    Bytes text = BYTES_NONE;
    if (!bytes_number(line, REPORT_MAX, &octets) ||
        !wire_exact(wire, octets, REPORT_MAX, &text, error)) {
        return error_prefix(error, "the sandbox's report");
    }
    fwrite(text.data, 1, text.len, stdout);
    return true;
}

int serve_report(const ServeOptions *o, char **args)
{
    GError *error = NULL;
    bool bad = false;
    if (!get_report(o, args[0], &bad, &error)) {
        return command_fail(error);
    }
    return bad && o->assert_client ? 1 : 0;
}

int serve_stop(const ServeOptions *o, char **args)
{
    GError *error = NULL;
    Bytes line;
    (void)o;
    g_autoptr(Wire) wire = serve_ask(args[0], TIMEOUT_S, "stop", &error);
    return wire && wire_line(wire, &line, &error) ? 0 : command_fail(error);
}
