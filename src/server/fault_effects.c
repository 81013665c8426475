/* fault_effects.c: what faults do in place of, before or behind any command. */
#include <string.h>

#include "base/digest.h"
#include "server/sandbox_inside.h"

enum { NOISE = 512, ENDLESS_PIECE = 16 * 1024, ENDLESS_MAX = 64 * 1024 * 1024 };

/* Does the fault; *ret starts as FAULT_NOTHING. */
typedef bool (*Effect)(Guest *g, const Fault *f, const char *tag, FaultEffect *ret, GError **error);

static bool delay(Guest *g, const Fault *f, const char *tag, FaultEffect *ret, GError **error)
{
    double seconds = g_ascii_strtod(f->arguments, NULL);
    (void)tag;
    (void)ret;
    return guest_flush(g, error) && io_sleep(deadline_in(CLAMP(seconds, 0, 86400)), error);
}

static bool tarpit(Guest *g, const Fault *f, const char *tag, FaultEffect *ret, GError **error)
{
    (void)tag;
    (void)ret;
    bool ok = guest_flush(g, error);
    g->tarpit = CLAMP(g_ascii_strtod(f->arguments, NULL), 0, 3600);
    return ok;
}

static bool reply(Guest *g, const Fault *f, const char *tag, FaultEffect *ret, GError **error)
{
    (void)error;
    guest_reply(g, "%s%s%s", tag ? tag : "", tag ? " " : "", f->arguments);
    bool over = strcmp(g->service->protocol, "smtp") == 0 && g_str_has_prefix(f->arguments, "421");
    *ret = over ? FAULT_CLOSE : FAULT_REPLIED;
    return true;
}

static bool silent(Guest *g, const Fault *f, const char *tag, FaultEffect *ret, GError **error)
{
    (void)f;
    (void)tag;
    *ret = FAULT_CLOSE;
    return guest_flush(g, error) && guest_wait_until_gone(g, error);
}

static bool drop(Guest *g, const Fault *f, const char *tag, FaultEffect *ret, GError **error)
{
    (void)g;
    (void)f;
    (void)tag;
    (void)error;
    *ret = FAULT_CLOSE;
    return true;
}

static bool drop_after(Guest *g, const Fault *f, const char *tag, FaultEffect *ret, GError **error)
{
    (void)f;
    (void)tag;
    (void)ret;
    (void)error;
    g->drop_after = true;
    return true;
}

static bool drop_at(Guest *g, const Fault *f, const char *tag, FaultEffect *ret, GError **error)
{
    (void)tag;
    (void)ret;
    bool ok = guest_flush(g, error);
    g->cut = (int64_t)g_ascii_strtoull(f->arguments, NULL, 10);
    return ok;
}

static bool garbage(Guest *g, const Fault *f, const char *tag, FaultEffect *ret, GError **error)
{
    char noise[NOISE];
    (void)f;
    (void)tag;
    digest_random((uint8_t *)noise, sizeof(noise) - 2);
    noise[0] |= (char)0x80; /* by no chance the beginning of an answer */
    for (size_t i = 1; i < sizeof(noise) - 2; i++) {
        noise[i] = noise[i] == '\n' ? '\0' : noise[i]; /* one line, then */
    }
    memcpy(noise + sizeof(noise) - 2, "\r\n", 2);
    *ret = FAULT_REPLIED;
    return guest_send(g, (Bytes){noise, sizeof(noise)}, error);
}

/* The piece over and over, until the client leaves, or there was enough. */
static bool send_endlessly(Guest *g, const Fault *f, const char *piece, GError **error)
{
    guint64 asked = g_ascii_strtoull(f->arguments, NULL, 10);
    guint64 most = asked ? asked : ENDLESS_MAX;
    g_autoptr(GString) many = g_string_new(NULL);
    while (many->len < ENDLESS_PIECE) {
        g_string_append(many, piece);
    }
    for (guint64 sent = 0; sent < most; sent += many->len) {
        if (!guest_flush(g, error) ||
            !wire_send_bytes(g->wire, bytes_of_string(many), false, error)) {
            return false;
        }
    }
    return error_fail(error, POSTERN_ERROR_CANCELLED, "the client took it all and wants more");
}

static bool endless_line(Guest *g, const Fault *f, const char *tag, FaultEffect *ret,
                         GError **error)
{
    (void)tag;
    *ret = FAULT_CLOSE;
    return send_endlessly(g, f, "2", error);
}

static bool endless_lines(Guest *g, const Fault *f, const char *tag, FaultEffect *ret,
                          GError **error)
{
    bool imap = strcmp(g->service->protocol, "imap") == 0;
    bool pop3 = strcmp(g->service->protocol, "pop3") == 0;
    (void)tag;
    *ret = FAULT_CLOSE;
    if (pop3) {
        guest_reply(g, "+OK");
    }
    return send_endlessly(g, f, imap ? "* OK more\r\n" : pop3 ? "more\r\n" : "250-more\r\n", error);
}

static bool huge_literal(Guest *g, const Fault *f, const char *tag, FaultEffect *ret,
                         GError **error)
{
    (void)tag;
    *ret = FAULT_CLOSE;
    guest_reply(g, "* 1 FETCH (UID 1 BODY[] {4294967295}");
    return send_endlessly(g, f, "no message is that long\r\n", error);
}

/* In the order in which they are done, when several are asked for. */
static const struct {
    const char *name;
    Effect run;
} effects[] = {
    {"delay", delay},
    {"tarpit", tarpit},
    {"drop", drop},
    {"drop-at", drop_at},
    {"drop-after", drop_after},
    {"reply", reply},
    {"silent", silent},
    {"garbage", garbage},
    {"endless-line", endless_line},
    {"endless-lines", endless_lines},
    {"huge-literal", huge_literal},
};

bool guest_fault_at_command(Guest *g, const char *tag, FaultEffect *ret, GError **error)
{
    *ret = FAULT_NOTHING;
    if (!guest_judge_command(g, error)) {
        return false;
    }
    if (g->box->plan->faults == NULL || g->box->plan->faults->len == 0) {
        return true;
    }
    bool ok = true;
    for (size_t i = 0; ok && *ret == FAULT_NOTHING && i < G_N_ELEMENTS(effects); i++) {
        const Fault *f = guest_fault(g, effects[i].name);
        ok = !f || effects[i].run(g, f, tag, ret, error);
    }
    return ok;
}
