/* explain_caps_imap.c: IMAP capabilities in a phrase. */
#include <string.h>

#include "base/escape.h"
#include "report/explain_tables.h"

static char *mechanism(const char *arguments)
{
    const char *const names[] = {arguments, NULL};
    g_autofree char *list = explain_mechanisms(names);
    return arguments[0] == '\0' ? NULL : g_strdup_printf("log in by %s", list);
}

static char *append_limit(const char *arguments)
{
    uint64_t octets;
    if (!explain_number(arguments, &octets)) {
        return g_strdup("a limit for uploads, told for each mailbox");
    }
    g_autofree char *size = explain_size_short(octets);
    return g_strdup_printf("uploads up to %s", size);
}

static char *message_limit(const char *arguments)
{
    uint64_t count;
    return explain_number(arguments, &count)
               ? g_strdup_printf("a command handles at most %" G_GUINT64_FORMAT " messages", count)
               : NULL;
}

static char *save_limit(const char *arguments)
{
    uint64_t count;
    return explain_number(arguments, &count)
               ? g_strdup_printf("a saved search holds at most %" G_GUINT64_FORMAT " messages",
                                 count)
               : NULL;
}

static char *quota_resource(const char *arguments)
{
    static const struct {
        const char *name, *words;
    } known[] = {
        {"RES-STORAGE", "quota of storage, in kB"},
        {"RES-MESSAGE", "quota by number of messages"},
        {"RES-MAILBOX", "quota by number of mailboxes"},
        {"RES-ANNOTATION-STORAGE", "quota of annotations, in kB"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
        if (g_ascii_strcasecmp(arguments, known[i].name) == 0) {
            return g_strdup(known[i].words);
        }
    }
    return NULL;
}

const CapMeaning imap_capabilities[] = {
    {"STARTTLS", GROUP_SECURITY, "the connection can be upgraded to TLS", "RFC 9051"},
    {"LOGINDISABLED", GROUP_SECURITY, "LOGIN is refused (until TLS is up, usually)", "RFC 9051"},
    {"AUTH=", GROUP_AUTH, "one can log in with AUTHENTICATE", "RFC 9051", mechanism},
    {"SASL-IR", GROUP_AUTH, "AUTHENTICATE may carry the first response: a round trip less",
     "RFC 4959"},
    {"UNAUTHENTICATE", GROUP_AUTH, "log out without closing the connection", "RFC 8437"},
    {"LOGIN-REFERRALS", GROUP_AUTH, "at login, another server may be named", "RFC 2221"},
    {"IMAP4", GROUP_SERVER, "the protocol before 1996", "RFC 1730"},
    {"IMAP4REV1", GROUP_SERVER, "the protocol as of 1996 and 2003", "RFC 3501"},
    {"IMAP4REV2", GROUP_SERVER, "the protocol as of 2021", "RFC 9051"},
    {"ENABLE", GROUP_SERVER, "extensions can be switched on", "RFC 5161"},
    {"ID", GROUP_SERVER, "client and server can tell which program they are", "RFC 2971"},
    {"LANGUAGE", GROUP_SERVER, "replies in another language", "RFC 5255"},
    {"INPROGRESS", GROUP_SERVER, "long commands tell how far they are", "RFC 9585"},
    {"JMAPACCESS", GROUP_SERVER, "the same mail is to be had by JMAP, with the same ids",
     "RFC 9698"},
    {"XAPPLEPUSHSERVICE", GROUP_SERVER, "push to Apple's devices", NULL},
    {"XCLIENT", GROUP_SERVER, "a trusted proxy can tell who the client is", NULL},
    {"X-GM-EXT-1", GROUP_SERVER, "Gmail's labels, threads and search", NULL},
    {"XYMHIGHESTMODSEQ", GROUP_SERVER, "Yahoo's change numbers", NULL},
    {"COMPRESS=DEFLATE", GROUP_TRANSPORT, "the connection can be compressed", "RFC 4978"},
    {"LITERAL+", GROUP_TRANSPORT, "literals of any size without waiting for the go-ahead",
     "RFC 7888"},
    {"LITERAL-", GROUP_TRANSPORT, "literals of up to 4096 octets without waiting for the go-ahead",
     "RFC 7888"},
    {"IDLE", GROUP_TRANSPORT, "the server tells of new mail by itself", "RFC 2177"},
    {"NOTIFY", GROUP_TRANSPORT, "the server tells of events in many mailboxes by itself",
     "RFC 5465"},
    {"ACL", GROUP_MAILBOX, "access rights can be seen and set", "RFC 4314"},
    {"RIGHTS=", GROUP_MAILBOX, "which access rights there are beyond the standard ones",
     "RFC 4314"},
    {"CHILDREN", GROUP_MAILBOX, "LIST tells which mailboxes have others below", "RFC 3348"},
    {"CREATE-SPECIAL-USE", GROUP_MAILBOX, "mailboxes can be made for a special use", "RFC 6154"},
    {"SPECIAL-USE", GROUP_MAILBOX, "LIST tells which is Sent, Drafts, Trash ...", "RFC 6154"},
    {"XLIST", GROUP_MAILBOX, "the draft before SPECIAL-USE (Gmail)", NULL},
    {"LIST-EXTENDED", GROUP_MAILBOX, "LIST with selections and options", "RFC 5258"},
    {"LIST-METADATA", GROUP_MAILBOX, "LIST gives metadata too", "RFC 9590"},
    {"LIST-MYRIGHTS", GROUP_MAILBOX, "LIST gives one's rights too", "RFC 8440"},
    {"LIST-STATUS", GROUP_MAILBOX, "LIST gives STATUS too: many mailboxes in one command",
     "RFC 5819"},
    {"STATUS=SIZE", GROUP_MAILBOX, "STATUS tells a mailbox's size", "RFC 8438"},
    {"MAILBOX-REFERRALS", GROUP_MAILBOX, "a mailbox may be on another server", "RFC 2193"},
    {"METADATA", GROUP_MAILBOX, "notes on mailboxes and the server", "RFC 5464"},
    {"METADATA-SERVER", GROUP_MAILBOX, "notes on the server only", "RFC 5464"},
    {"ANNOTATEMORE", GROUP_MAILBOX, "the draft before METADATA", NULL},
    {"NAMESPACE", GROUP_MAILBOX, "where one's own, others' and shared mailboxes are", "RFC 2342"},
    {"QUOTA", GROUP_MAILBOX, "quotas can be seen", "RFC 9208"},
    {"QUOTASET", GROUP_MAILBOX, "quotas can be set", "RFC 9208"},
    {"QUOTA=", GROUP_MAILBOX, "a kind of quota", "RFC 9208", quota_resource},
    {"UNSELECT", GROUP_MAILBOX, "close a mailbox without expunging", "RFC 3691"},
    {"OBJECTID", GROUP_MAILBOX, "ids of mailboxes and messages that outlive renaming and moving",
     "RFC 8474"},
    {"UTF8=ACCEPT", GROUP_MAILBOX, "mailbox names and headers in UTF-8", "RFC 9755"},
    {"UTF8=ALL", GROUP_MAILBOX, "of the experiment before UTF8=ACCEPT", "RFC 5738"},
    {"UTF8=APPEND", GROUP_MAILBOX, "of the experiment before UTF8=ACCEPT", "RFC 5738"},
    {"UTF8=USER", GROUP_MAILBOX, "of the experiment before UTF8=ACCEPT", "RFC 5738"},
    {"UTF8=ONLY", GROUP_MAILBOX, "nothing works without UTF-8", "RFC 9755"},
    {"IMAPSIEVE=", GROUP_MAILBOX, "Sieve scripts run on changes in mailboxes", "RFC 6785"},
    {"ANNOTATE-EXPERIMENT-1", GROUP_MESSAGE, "notes on messages", "RFC 5257"},
    {"BINARY", GROUP_MESSAGE, "parts decoded by the server", "RFC 3516"},
    {"CATENATE", GROUP_MESSAGE, "a message put together from parts the server has", "RFC 4469"},
    {"CONVERT", GROUP_MESSAGE, "parts converted by the server", "RFC 5259"},
    {"CONDSTORE", GROUP_MESSAGE, "change numbers: only what has changed, no lost updates",
     "RFC 7162"},
    {"QRESYNC", GROUP_MESSAGE, "a mailbox is synchronised in one round trip", "RFC 7162"},
    {"MOVE", GROUP_MESSAGE, "messages can be moved in one step", "RFC 6851"},
    {"MULTIAPPEND", GROUP_MESSAGE, "several messages in one APPEND", "RFC 3502"},
    {"REPLACE", GROUP_MESSAGE, "a message can be replaced (drafts)", "RFC 8508"},
    {"PARTIAL", GROUP_MESSAGE, "results of SEARCH and FETCH by page", "RFC 9394"},
    {"PREVIEW", GROUP_MESSAGE, "the first words of a message", "RFC 8970"},
    {"PREVIEW=FUZZY", GROUP_MESSAGE, "the first words of a message (draft)", NULL},
    {"SNIPPET=FUZZY", GROUP_MESSAGE, "the first words of a message (draft)", NULL},
    {"SAVEDATE", GROUP_MESSAGE, "when a message came into this mailbox", "RFC 8514"},
    {"UIDPLUS", GROUP_MESSAGE, "UIDs of what was added, and UID EXPUNGE", "RFC 4315"},
    {"UIDONLY", GROUP_MESSAGE, "a mode without message numbers", "RFC 9586"},
    {"UIDBATCHES", GROUP_MESSAGE, "UIDs by ranges of equal size", NULL},
    {"URLAUTH", GROUP_MESSAGE, "URLs that give others access to a message", "RFC 4467"},
    {"URLAUTH=BINARY", GROUP_MESSAGE, "such URLs give decoded parts", "RFC 5524"},
    {"URLFETCH=BINARY", GROUP_MESSAGE, "such URLs give decoded parts", "RFC 5524"},
    {"URL-PARTIAL", GROUP_MESSAGE, "URLs of a part of a message", "RFC 5550"},
    {"CONTEXT=SEARCH", GROUP_SEARCH, "searches that stay up to date", "RFC 5267"},
    {"CONTEXT=SORT", GROUP_SEARCH, "sorted searches that stay up to date", "RFC 5267"},
    {"ESEARCH", GROUP_SEARCH, "SEARCH gives lowest, highest, count", "RFC 4731"},
    {"ESORT", GROUP_SEARCH, "SORT gives lowest, highest, count", "RFC 5267"},
    {"FILTERS", GROUP_SEARCH, "searches stored on the server", "RFC 5466"},
    {"FUZZY", GROUP_SEARCH, "inexact search", "RFC 6203"},
    {"SEARCH=FUZZY", GROUP_SEARCH, "inexact search", "RFC 6203"},
    {"MULTISEARCH", GROUP_SEARCH, "search in several mailboxes", "RFC 7377"},
    {"SEARCHRES", GROUP_SEARCH, "the last search's result can be used as $", "RFC 5182"},
    {"SORT", GROUP_SEARCH, "the server sorts", "RFC 5256"},
    {"SORT=DISPLAY", GROUP_SEARCH, "the server sorts by displayed name", "RFC 5957"},
    {"THREAD=ORDEREDSUBJECT", GROUP_SEARCH, "the server groups by subject", "RFC 5256"},
    {"THREAD=REFERENCES", GROUP_SEARCH, "the server builds threads", "RFC 5256"},
    {"THREAD=REFS", GROUP_SEARCH, "the server builds threads by References only (draft)", NULL},
    {"WITHIN", GROUP_SEARCH, "search by age in seconds", "RFC 5032"},
    {"I18NLEVEL=1", GROUP_SEARCH, "searching compares by Unicode rules", "RFC 5255"},
    {"I18NLEVEL=2", GROUP_SEARCH, "searching compares by rules that can be chosen", "RFC 5255"},
    {"APPENDLIMIT", GROUP_LIMIT, "a limit for uploads", "RFC 7889", append_limit},
    {"APPENDLIMIT=", GROUP_LIMIT, "a limit for uploads", "RFC 7889", append_limit},
    {"MESSAGELIMIT=", GROUP_LIMIT, "a limit of messages a command", "RFC 9738", message_limit},
    {"SAVELIMIT=", GROUP_LIMIT, "a limit of messages a saved search", "RFC 9738", save_limit},
    {NULL},
};
