/* probe_injection.c: is a command that came in the clear behind STARTTLS executed inside TLS
 * (CVE-2011-0411)? Both go out in one write, a harmless one the second; inside TLS only the goodbye
 * is said, and whatever is answered beside it, was injected. */
#include <string.h>

#include "audit/probe_session.h"
#include "base/escape.h"

enum { SHOWN_MAX = 120, LINES_MAX = 600, SECONDS = 8 };

/* A dialect: what is sent, and how its lines are told apart. IMAP's tags never occur elsewhere
 * here. */
typedef struct {
    const char *name;
    const char *request, *goodbye;
    /* Does this line agree to TLS (1), refuse (-1), or neither (0)? */
    int (*agrees)(Bytes line);
    /* Is it the last line of an answer? */
    bool (*ends)(Bytes line);
    /* Is it what the injected command alone can have caused, given how many answers there were
     * before? */
    bool (*betrays)(Bytes line, unsigned before);
} Dialect;

/* --- SMTP and LMTP --- */

static bool code_ends(Bytes line)
{
    return line.len >= 3 && (line.len == 3 || line.data[3] == ' ');
}

static int code_agrees(Bytes line)
{
    return !code_ends(line) ? 0 : bytes_starts(line, "220") ? 1 : -1;
}

static bool code_betrays(Bytes line, unsigned before)
{
    return before == 0 && !bytes_starts(line, "221") && !bytes_starts(line, "421");
}

/* --- POP3: the answer to QUIT is one line, that to CAPA many, or a refusal --- */

static bool every_line(Bytes line)
{
    (void)line;
    return true;
}

static int pop3_agrees(Bytes line)
{
    return bytes_starts_ci(line, "+OK") ? 1 : -1;
}

static bool pop3_betrays(Bytes line, unsigned before)
{
    return before > 0 || bytes_starts_ci(line, "-ERR");
}

/* --- IMAP --- */

static int imap_agrees(Bytes line)
{
    return bytes_starts_ci(line, "pc1 ") ? (bytes_starts_ci(line, "pc1 OK") ? 1 : -1) : 0;
}

static bool imap_betrays(Bytes line, unsigned before)
{
    (void)before;
    return bytes_starts_ci(line, "pc2 ");
}

/* --- ManageSieve: after TLS its capabilities come by themselves, with an OK behind them --- */

static bool sieve_ends(Bytes line)
{
    return bytes_starts_ci(line, "OK") || bytes_starts_ci(line, "NO") ||
           bytes_starts_ci(line, "BYE");
}

static int sieve_agrees(Bytes line)
{
    return !sieve_ends(line) ? 0 : bytes_starts_ci(line, "OK") ? 1 : -1;
}

static bool sieve_betrays(Bytes line, unsigned before)
{
    return before > 1 || bytes_starts_ci(line, "NO");
}

#define SMTP_ROW(name)                                                                             \
    {                                                                                              \
        name, "STARTTLS\r\nNOOP\r\n", "QUIT", code_agrees, code_ends, code_betrays                 \
    }

static const Dialect dialects[] = {
    SMTP_ROW("smtp"),
    SMTP_ROW("submission"),
    SMTP_ROW("lmtp"),
    {"pop3", "STLS\r\nCAPA\r\n", "QUIT", pop3_agrees, every_line, pop3_betrays},
    {"imap", "pc1 STARTTLS\r\npc2 NOOP\r\n", "pc3 LOGOUT", imap_agrees, every_line, imap_betrays},
    {"sieve", "STARTTLS\r\nNOOP\r\n", "LOGOUT", sieve_agrees, sieve_ends, sieve_betrays},
};

static const Dialect *dialect_of(const Session *s)
{
    for (size_t i = 0; i < G_N_ELEMENTS(dialects); i++) {
        if (strcmp(dialects[i].name, s->proto->name) == 0) {
            return &dialects[i];
        }
    }
    return NULL;
}

/* --- the three steps --- */

/* Both commands in one write, and the answer to the first. True: TLS is next. Suspends. */
static bool agreed(const Dialect *d, Session *s, Fact *fact)
{
    g_autoptr(GError) error = NULL;
    Bytes line = BYTES_NONE;
    int answer = 0;
    if (!wire_send_bytes(s->wire, bytes_of(d->request), false, &error)) {
        fact_set(fact, UNKNOWN, "%s", error->message);
        return false;
    }
    for (int i = 0; i < LINES_MAX && answer == 0; i++) {
        if (!wire_line(s->wire, &line, &error)) {
            break;
        }
        answer = d->agrees(line);
    }
    if (error) {
        fact_set(fact, UNKNOWN, "with another command behind the request for TLS: %s",
                 error->message);
    } else if (answer <= 0) {
        g_autofree char *shown = escape_line_max(line, SHOWN_MAX);
        fact_set(fact, answer < 0 ? NO : UNKNOWN,
                 "with another command behind it, the request is answered: \"%s\"", shown);
    }
    return answer > 0;
}

/* A server that spoils the handshake, or gives up, has at least executed nothing inside TLS: that
 * it can do better has been seen (facts->peer). Suspends. */
static bool encrypted(const Facts *f, Session *s, Fact *fact)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TlsPeer) peer = NULL;
    size_t injected = 0;
    const char *host = f->target->host ? f->target->host : "localhost";
    if (wire_start_tls(s->wire, &s->plan->tls, host, &injected, &peer, &error)) {
        return true;
    }
    if (injected) {
        fact_set(fact, NO, "the command is answered before TLS, in the clear");
        return false;
    }
    bool closed = g_error_matches(error, POSTERN_ERROR, POSTERN_ERROR_EOF) ||
                  g_error_matches(error, POSTERN_ERROR, POSTERN_ERROR_IO);
    bool undecided = g_error_matches(error, POSTERN_ERROR, POSTERN_ERROR_TIMEOUT) ||
                     g_error_matches(error, POSTERN_ERROR, POSTERN_ERROR_CANCELLED);
    if (!f->peer || undecided) {
        fact_set(fact, UNKNOWN, "%s", error->message);
    } else {
        fact_set(fact, NO, "the server gives the connection up%s%s", closed ? "" : ": ",
                 closed ? "" : error->message);
    }
    return false;
}

/* Says goodbye and listens until the end. Suspends. */
static void say_goodbye(const Dialect *d, Session *s, Fact *fact)
{
    g_autoptr(GError) error = NULL;
    unsigned answers = 0;
    Bytes line;
    wire_set_deadline(s->wire, deadline_in(SECONDS));
    bool good = wire_sendf(s->wire, &error, "%s", d->goodbye);
    for (int i = 0; good && i < LINES_MAX && wire_line(s->wire, &line, &error); i++) {
        if (!d->ends(line)) {
            continue;
        }
        if (d->betrays(line, answers)) {
            g_autofree char *shown = escape_line_max(line, SHOWN_MAX);
            fact_set(fact, YES, "a command sent in the clear is answered inside TLS: \"%s\"",
                     shown);
            return;
        }
        answers++;
    }
    if (answers > 0) {
        fact_set(fact, NO, NULL);
    } else {
        fact_set(fact, UNKNOWN, "nothing was answered inside TLS%s%s", error ? ": " : "",
                 error ? error->message : "");
    }
}

void probe_command_injection(Prober *p, Session *s)
{
    Fact *fact = &p->facts->command_injection;
    const Dialect *d = dialect_of(s);
    if (!d) {
        fact_set(fact, UNKNOWN, "Postern knows no harmless command of %s", s->proto->title);
        return;
    }
    if (agreed(d, s, fact) && encrypted(p->facts, s, fact)) {
        say_goodbye(d, s, fact);
    }
}
