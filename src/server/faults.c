/* faults.c: the faults there are, and what those of TLS and those of any command do. */
#include <string.h>
#include <time.h>

#include "server/sandbox_inside.h"

const FaultRow fault_rows[] = {
    {"cert-expired", FAULT_OF_TLS, NULL, NULL, "the certificate has expired", true},
    {"cert-not-yet", FAULT_OF_TLS, NULL, NULL, "the certificate is not valid yet", true},
    {"cert-wrong-host", FAULT_OF_TLS, NULL, NULL, "the certificate is for another name", true},
    {"cert-self-signed", FAULT_OF_TLS, NULL, NULL, "the certificate has signed itself", true},
    {"cert-revoked", FAULT_OF_TLS, NULL, NULL,
     "the stapled OCSP answer says that the certificate is revoked", true},
    {"cert-short-chain", FAULT_OF_TLS, NULL, NULL, "the intermediate certificate is not sent",
     true},
    {"cert-weak-key", FAULT_OF_TLS, NULL, NULL, "the certificate's RSA key has 1024 bits", true},
    {"auth-always-fails", FAULT_OF_SESSION, NULL, NULL, "every login is refused", false},
    {"auth-wrong-proof", FAULT_OF_SESSION, NULL, NULL,
     "the server's own proof (SCRAM, DIGEST-MD5) is wrong: a client must not go on", true},
    {"in-use", FAULT_OF_SESSION, NULL, "pop3", "another session has the maildrop", false},
    {"wrong-size", FAULT_OF_MAIL, NULL, "pop3 imap", "sizes are not those of the messages", false},
    {"list-lies", FAULT_OF_MAIL, NULL, "pop3", "LIST names a message there is not", false},
    {"duplicate-uidl", FAULT_OF_MAIL, NULL, "pop3", "all messages have one UIDL", false},
    {"bad-dot", FAULT_OF_MAIL, NULL, "pop3", "a body ends in LF dot LF, without CR", false},
    {"delay", FAULT_OF_COMMAND, "SECONDS", NULL, "the answer to a command comes late", false},
    {"reply", FAULT_OF_COMMAND, "TEXT", NULL, "a command is answered with TEXT and not done",
     false},
    {"drop", FAULT_OF_COMMAND, NULL, NULL, "the connection ends instead of an answer", false},
    {NULL},
};

static bool is_asked(const Sandbox *box, const char *name)
{
    const FaultMoment anywhere = {0};
    return fault_find(box->plan->faults, name, &anywhere) != NULL;
}

bool sandbox_fault_revoked(const Sandbox *box)
{
    return is_asked(box, "cert-revoked");
}

bool sandbox_fault_tls(const Sandbox *box, TlsMintPlan *mint, TlsServerPlan *tls, GError **error)
{
    static const char *const elsewhere[] = {"elsewhere.sandbox.test", NULL};
    gint64 now = (gint64)time(NULL);
    (void)error;
    if (is_asked(box, "cert-expired")) {
        mint->not_before = now - 60 * 86400;
        mint->not_after = now - 86400;
    }
    if (is_asked(box, "cert-not-yet")) {
        mint->not_before = now + 86400;
    }
    if (is_asked(box, "cert-wrong-host")) {
        mint->names = elsewhere;
    }
    mint->self_signed = is_asked(box, "cert-self-signed");
    mint->without_intermediate = is_asked(box, "cert-short-chain");
    if (is_asked(box, "cert-weak-key")) {
        mint->rsa_bits = 1024;
        tls->weak = true;
    }
    return true;
}

bool guest_fault_at_command(Guest *g, const char *tag, FaultEffect *ret, GError **error)
{
    *ret = FAULT_NOTHING;
    const Fault *f = guest_fault(g, "delay");
    if (f) {
        double seconds = g_ascii_strtod(f->arguments, NULL);
        if (!guest_flush(g, error) || !io_sleep(deadline_in(CLAMP(seconds, 0, 86400)), error)) {
            return false;
        }
    }
    if (guest_fault(g, "drop")) {
        *ret = FAULT_CLOSE;
        return true;
    }
    f = guest_fault(g, "reply");
    if (f) {
        guest_reply(g, "%s%s%s", tag ? tag : "", tag ? " " : "", f->arguments);
        *ret = FAULT_REPLIED;
    }
    return true;
}
