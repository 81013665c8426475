/* check_reach.c: does anybody answer, and properly? */
#include "audit/family.h"

#include "base/escape.h"

enum { MISSING_SHOWN = 8 };

static void connects(const Facts *f, Findings *out)
{
    findings_from_fact(out, &f->reachable, NO, "");
}

static void greets(const Facts *f, Findings *out)
{
    if (f->reachable.known == NO) {
        findings_unknown(out, "the service was not reached: %s", fact_why(&f->reachable));
        return;
    }
    if (f->greeted.known == YES && f->greeting != NULL) {
        g_autofree char *greeting = escape_line_max(bytes_of(f->greeting), 200);
        findings_pass(out, "%s", greeting);
        return;
    }
    findings_from_fact(out, &f->greeted, NO, "");
}

static void greets_at_once(const Facts *f, Findings *out)
{
    g_autofree char *delay =
        g_strdup_printf("after %.1f s", (double)f->greeting_us / G_USEC_PER_SEC);
    findings_from_fact(out, &f->greet_delayed, YES, f->greeting_us > 0 ? delay : "");
}

/* What could not be asked is named here once; the checks that need it are unknown each by itself.
 */
static void everything_asked(const Facts *f, Findings *out)
{
    if (f->missing->len > 0) {
        g_autoptr(GString) text = g_string_new(NULL);
        for (guint i = 0; i < f->missing->len && i < MISSING_SHOWN; i++) {
            evidence_add(text, "%s", (const char *)g_ptr_array_index(f->missing, i));
        }
        if (f->missing->len > MISSING_SHOWN) {
            g_string_append_printf(text, " and %u more", f->missing->len - MISSING_SHOWN);
        }
        findings_unknown(out, "%s (used %u of %u connections)", text->str, f->connections,
                         f->budget);
    } else if (f->connections == 0) {
        findings_unknown(out, "no connection was made");
    } else {
        findings_pass(out, "used %u of %u connections", f->connections, f->budget);
    }
}

static const Check checks[] = {
    {
        .id = "reach.connect",
        .title = "Nobody answers",
        .severity = ALWAYS(HIGH),
        .run = connects,
        .why = "Mail for this address waits at the sender, or users cannot get at theirs. A dead "
               "address among "
               "living ones costs every client that tries it first a delay.",
        .reference = "RFC 5321 5.1",
        .fix = {.dns =
                    "; remove the A, AAAA, MX or SRV record of an address that no longer serves"},
    },
    {
        .id = "reach.greeting",
        .title = "No proper greeting",
        .severity = ALWAYS(HIGH),
        .run = greets,
        .why = "A client waits for the greeting before it says anything, and gives up without one. "
               "Something else than "
               "a mail server may be listening, or the server refuses this client.",
        .reference = "RFC 5321 4.3.1",
    },
    {
        .id = "reach.greet_delay",
        .title = "The greeting is delayed",
        .severity = ALWAYS(INFO),
        .run = greets_at_once,
        .why = "Delays of this kind (postscreen, tarpits) are meant for spam senders. Software "
               "with short timeouts "
               "gives up on them, and programs that monitor the server report it as down.",
        .reference = "RFC 5321 4.5.3.2",
        .fix = {.postfix = "postscreen_greet_wait = 2s"},
    },
    {
        .id = "reach.complete",
        .title = "Not everything could be asked",
        .severity = ALWAYS(INFO),
        .run = everything_asked,
        .why = "The server ended connections, or the budget of connections did not suffice. What "
               "was not asked is "
               "unknown, which is not the same as good.",
        .reference = "postern-check(1), --max-connections and --rate",
    },
    {0},
};

const Family family_reach = {"reach", "Reachability and greeting", checks, NEEDS_NOTHING};
