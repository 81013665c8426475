#include "config/fetchmailrc_words.h"

#include <string.h>

#define RC(member) SCOPE_SET, offsetof(FetchmailRc, member)
#define SERVER(member) SCOPE_SERVER, offsetof(FetchmailServer, member)
#define USER(member) SCOPE_USER, offsetof(FetchmailUser, member)
#define GLUED .glued = true
#define LATER .later = true

const FetchmailWord fetchmail_words[] = {
    {"poll", WORD_POLL},
    {"server", WORD_POLL},
    {"skip", WORD_SKIP},
    {"defaults", WORD_DEFAULTS},
    {"set", WORD_SET},
    {"no", WORD_NO},
    {"user", WORD_USER},
    {"username", WORD_USER},
    {"is", WORD_IS},
    {"to", WORD_TO},
    {"here", WORD_HERE},
    {"there", WORD_THERE},
    {"and", WORD_NOISE},
    {"with", WORD_NOISE},
    {"has", WORD_NOISE},
    {"wants", WORD_NOISE},
    {"options", WORD_NOISE},

    {"auto", WORD_PROTOCOL_NAME},
    {"pop2", WORD_PROTOCOL_NAME},
    {"pop3", WORD_PROTOCOL_NAME},
    {"apop", WORD_PROTOCOL_NAME},
    {"rpop", WORD_PROTOCOL_NAME},
    {"kpop", WORD_PROTOCOL_NAME},
    {"sdps", WORD_PROTOCOL_NAME},
    {"imap", WORD_PROTOCOL_NAME},
    {"etrn", WORD_PROTOCOL_NAME},
    {"odmr", WORD_PROTOCOL_NAME},
    {"AUTO", WORD_PROTOCOL_NAME, .meaning = "auto"},
    {"POP2", WORD_PROTOCOL_NAME, .meaning = "pop2"},
    {"POP3", WORD_PROTOCOL_NAME, .meaning = "pop3"},
    {"APOP", WORD_PROTOCOL_NAME, .meaning = "apop"},
    {"RPOP", WORD_PROTOCOL_NAME, .meaning = "rpop"},
    {"KPOP", WORD_PROTOCOL_NAME, .meaning = "kpop"},
    {"SDPS", WORD_PROTOCOL_NAME, .meaning = "sdps"},
    {"IMAP", WORD_PROTOCOL_NAME, .meaning = "imap"},
    {"ETRN", WORD_PROTOCOL_NAME, .meaning = "etrn"},
    {"ODMR", WORD_PROTOCOL_NAME, .meaning = "odmr"},

    {"any", WORD_AUTH_NAME},
    {"kerberos", WORD_AUTH_NAME, .meaning = "kerberos_v4"},
    {"kerberos4", WORD_AUTH_NAME, .meaning = "kerberos_v4"},
    {"kerberos_v4", WORD_AUTH_NAME},
    {"kerberos5", WORD_AUTH_NAME, .meaning = "kerberos_v5"},
    {"kerberos_v5", WORD_AUTH_NAME},
    {"gssapi", WORD_AUTH_NAME},
    {"cram", WORD_AUTH_NAME, .meaning = "cram-md5"},
    {"cram-md5", WORD_AUTH_NAME},
    {"otp", WORD_AUTH_NAME},
    {"opie", WORD_AUTH_NAME, .meaning = "otp"},
    {"ntlm", WORD_AUTH_NAME},
    {"msn", WORD_AUTH_NAME},
    {"external", WORD_AUTH_NAME},
    {"ssh", WORD_AUTH_NAME},
    {"oauthbearer", WORD_AUTH_NAME, LATER},
    {"xoauth2", WORD_AUTH_NAME, LATER},
    {"accept", WORD_ACCEPT},
    {"reject", WORD_REJECT},

    {"daemon", WORD_NUMBER, RC(daemon)},
    {"logfile", WORD_PATH, RC(logfile)},
    {"idfile", WORD_PATH, RC(idfile)},
    {"pidfile", WORD_PATH, RC(pidfile)},
    {"postmaster", WORD_STRING, RC(postmaster)},
    {"bouncemail", WORD_FLAG, RC(bouncemail), 1, GLUED},
    {"spambounce", WORD_FLAG, RC(spambounce), 0, GLUED},
    {"softbounce", WORD_FLAG, RC(softbounce), 1},
    {"syslog", WORD_FLAG, RC(syslog)},
    {"invisible", WORD_FLAG, RC(invisible)},
    {"showdots", WORD_FLAG, RC(showdots)},

    {"protocol", WORD_PROTOCOL, SERVER(protocol)},
    {"proto", WORD_PROTOCOL, SERVER(protocol), .meaning = "protocol"},
    {"port", WORD_SERVICE, SERVER(service)},
    {"service", WORD_SERVICE, SERVER(service), .meaning = "port"},
    {"via", WORD_STRING, SERVER(via)},
    {"aka", WORD_LIST, SERVER(aka), .own = true},
    {"localdomains", WORD_LIST, SERVER(localdomains)},
    {"local", WORD_LIST, SERVER(localdomains), .meaning = "localdomains"},
    {"uidl", WORD_FLAG, SERVER(uidl), 0, GLUED},
    {"auth", WORD_AUTH, SERVER(auth)},
    {"authenticate", WORD_AUTH, SERVER(auth), .meaning = "auth"},
    {"timeout", WORD_NUMBER, SERVER(timeout), 300},
    {"interval", WORD_NUMBER, SERVER(interval)},
    {"envelope", WORD_ENVELOPE, SERVER(envelope), 0, GLUED},
    {"qvirtual", WORD_STRING, SERVER(qvirtual)},
    {"dns", WORD_FLAG, SERVER(dns), 1, GLUED},
    {"checkalias", WORD_FLAG, SERVER(checkalias), 0, GLUED},
    {"plugin", WORD_STRING, SERVER(plugin)},
    {"plugout", WORD_STRING, SERVER(plugout)},
    {"interface", WORD_STRING, SERVER(interface)},
    {"monitor", WORD_STRING, SERVER(monitor)},
    {"principal", WORD_STRING, SERVER(principal)},
    {"esmtpname", WORD_STRING, SERVER(esmtpname)},
    {"esmtppassword", WORD_SECRET, SERVER(esmtppassword)},
    {"tracepolls", WORD_FLAG, SERVER(tracepolls)},
    {"bad-header", WORD_BAD_HEADER, SERVER(bad_header)},

    {"password", WORD_SECRET, USER(password)},
    {"pass", WORD_SECRET, USER(password), .meaning = "password"},
    {"folder", WORD_LIST, USER(folders)},
    {"folders", WORD_LIST, USER(folders), .meaning = "folder"},
    {"keep", WORD_FLAG, USER(keep), 0, GLUED},
    {"fetchall", WORD_FLAG, USER(fetchall), 0, GLUED},
    {"flush", WORD_FLAG, USER(flush), 0, GLUED},
    {"limitflush", WORD_FLAG, USER(limitflush), 0, GLUED},
    {"limit", WORD_NUMBER, USER(limit)},
    {"warnings", WORD_NUMBER, USER(warnings), 3600},
    {"batchlimit", WORD_NUMBER, USER(batchlimit)},
    {"fetchlimit", WORD_NUMBER, USER(fetchlimit)},
    {"fetchsizelimit", WORD_NUMBER, USER(fetchsizelimit), 100},
    {"fastuidl", WORD_NUMBER, USER(fastuidl), 4},
    {"expunge", WORD_NUMBER, USER(expunge)},
    {"mda", WORD_STRING, USER(mda)},
    {"bsmtp", WORD_PATH, USER(bsmtp)},
    {"lmtp", WORD_FLAG, USER(lmtp)},
    {"smtphost", WORD_LIST, USER(smtphost)},
    {"smtp", WORD_LIST, USER(smtphost), .meaning = "smtphost"},
    {"fetchdomains", WORD_LIST, USER(fetchdomains)},
    {"smtpaddress", WORD_STRING, USER(smtpaddress)},
    {"smtpname", WORD_STRING, USER(smtpname)},
    {"antispam", WORD_NUMBERS, USER(antispam)},
    {"preconnect", WORD_STRING, USER(preconnect)},
    {"pre", WORD_STRING, USER(preconnect), .meaning = "preconnect"},
    {"postconnect", WORD_STRING, USER(postconnect)},
    {"post", WORD_STRING, USER(postconnect), .meaning = "postconnect"},
    {"rewrite", WORD_FLAG, USER(rewrite), 1, GLUED},
    {"stripcr", WORD_FLAG, USER(stripcr), FETCHMAIL_UNSET, GLUED},
    {"forcecr", WORD_FLAG, USER(forcecr), 0, GLUED},
    {"pass8bits", WORD_FLAG, USER(pass8bits), 0, GLUED},
    {"pass8", WORD_FLAG, USER(pass8bits), 0, GLUED, .meaning = "pass8bits"},
    {"dropstatus", WORD_FLAG, USER(dropstatus), 0, GLUED},
    {"dropdelivered", WORD_FLAG, USER(dropdelivered), 0, GLUED},
    {"mimedecode", WORD_FLAG, USER(mimedecode), 0, GLUED},
    {"mimedec", WORD_FLAG, USER(mimedecode), 0, GLUED, .meaning = "mimedecode"},
    {"idle", WORD_FLAG, USER(idle), 0, GLUED},
    {"ssl", WORD_FLAG, USER(ssl)},
    {"sslproto", WORD_STRING, USER(sslproto)},
    {"sslcertck", WORD_FLAG, USER(sslcertck), 1},
    {"sslcertfile", WORD_PATH, USER(sslcertfile)},
    {"sslcertpath", WORD_PATH, USER(sslcertpath)},
    {"sslfingerprint", WORD_STRING, USER(sslfingerprint)},
    {"sslcommonname", WORD_STRING, USER(sslcommonname)},
    {"sslcert", WORD_PATH, USER(sslcert)},
    {"sslkey", WORD_PATH, USER(sslkey)},
    {"properties", WORD_STRING, USER(properties)}, /* in `set` too: the parser knows */
    {"passwordfile", WORD_PATH, USER(passwordfile), LATER},
    {"passwordfd", WORD_NUMBER, USER(passwordfd), -1, LATER},
    {"forceidle", WORD_FLAG, USER(forceidle), LATER},
    {"moveto", WORD_STRING, USER(moveto), LATER},
    {"retrieve-error", WORD_STRING, USER(retrieve_error), LATER},
    {NULL},
};

static const FetchmailWord *find_exact(Bytes text)
{
    for (const FetchmailWord *w = fetchmail_words; w->word; w++) {
        if (bytes_equal(text, bytes_of(w->word))) {
            return w;
        }
    }
    return NULL;
}

/* "nokeep" is found as "keep". */
static const FetchmailWord *find_glued(Bytes text)
{
    bool is_glued = text.len > 2 && bytes_starts(text, "no");
    const FetchmailWord *w = is_glued ? find_exact(bytes_sub(text, 2, text.len)) : NULL;
    bool can = w && (w->kind == WORD_FLAG || w->kind == WORD_ENVELOPE);
    return can ? w : NULL;
}

const FetchmailWord *fetchmail_word_find(Bytes text, bool *negated)
{
    *negated = false;
    const FetchmailWord *w = find_exact(text);
    if (w) {
        return w->later ? NULL : w;
    }
    w = find_glued(text);
    *negated = w && w->glued;
    return *negated ? w : NULL;
}

const FetchmailWord *fetchmail_word_find_lenient(Bytes text, bool *negated)
{
    const FetchmailWord *w = find_exact(text);
    *negated = !w;
    return w ? w : find_glued(text);
}

const char *fetchmail_word_canonical(const FetchmailWord *word)
{
    return word->meaning ? word->meaning : word->word;
}
