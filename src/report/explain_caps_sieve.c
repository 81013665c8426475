/* explain_caps_sieve.c: what a ManageSieve server tells of itself (RFC 5804 1.7), and Sieve's
 * extensions. */
#include <string.h>

#include "base/escape.h"
#include "report/explain_tables.h"

static const WordMeaning sieve_extensions[] = {
    {"body", "tests the body", "RFC 5173"},
    {"comparator-", "a way to compare text", "RFC 5228"},
    {"convert", "converts parts", "RFC 6558"},
    {"copy", "keeps a copy when redirecting or filing", "RFC 3894"},
    {"date", "tests dates", "RFC 5260"},
    {"index", "tests one of several equal fields", "RFC 5260"},
    {"duplicate", "finds duplicates", "RFC 7352"},
    {"editheader", "changes the header", "RFC 5293"},
    {"enclose", "encloses a message", "RFC 5703"},
    {"encoded-character", "characters by number", "RFC 5228"},
    {"enotify", "notifies", "RFC 5435"},
    {"envelope", "tests the envelope", "RFC 5228"},
    {"environment", "tests the surroundings", "RFC 5183"},
    {"ereject", "refuses while the sender is still there", "RFC 5429"},
    {"extlists", "tests against lists", "RFC 6134"},
    {"extracttext", "takes text out of parts", "RFC 5703"},
    {"fcc", "files a copy of what is sent", "RFC 8580"},
    {"fileinto", "files into mailboxes", "RFC 5228"},
    {"foreverypart", "goes through parts", "RFC 5703"},
    {"ihave", "tests for extensions", "RFC 5463"},
    {"imap4flags", "sets flags", "RFC 5232"},
    {"imapsieve", "runs on IMAP events", "RFC 6785"},
    {"include", "includes scripts", "RFC 6609"},
    {"mailbox", "tests and creates mailboxes", "RFC 5490"},
    {"mailboxid", "mailboxes by id", "RFC 9042"},
    {"mboxmetadata", "tests metadata", "RFC 5490"},
    {"mime", "tests parts", "RFC 5703"},
    {"notify", "notifies (of old)", NULL},
    {"redirect-deliverby", "redirects with a time limit", "RFC 6009"},
    {"redirect-dsn", "redirects with delivery reports", "RFC 6009"},
    {"regex", "regular expressions", NULL},
    {"reject", "refuses", "RFC 5429"},
    {"relational", "compares numbers and order", "RFC 5231"},
    {"replace", "replaces parts", "RFC 5703"},
    {"servermetadata", "tests the server's metadata", "RFC 5490"},
    {"snooze", "brings mail back later", NULL},
    {"spamtest", "tests the spam score", "RFC 5235"},
    {"spamtestplus", "tests the spam score in per cent", "RFC 5235"},
    {"special-use", "files by special use", "RFC 8579"},
    {"subaddress", "user+detail addresses", "RFC 5233"},
    {"vacation", "answers while one is away", "RFC 5230"},
    {"vacation-seconds", "answers again after seconds", "RFC 6131"},
    {"variables", "variables", "RFC 5229"},
    {"virustest", "tests the virus verdict", "RFC 5235"},
    {"vnd.dovecot.", "of Dovecot's own", NULL},
    {NULL},
};

static const char *extension_phrase(const char *name)
{
    for (size_t i = 0; sieve_extensions[i].name != NULL; i++) {
        const char *known = sieve_extensions[i].name;
        size_t len = strlen(known);
        bool prefix = known[len - 1] == '-' || known[len - 1] == '.';
        if (prefix ? g_str_has_prefix(name, known) : strcmp(name, known) == 0) {
            return sieve_extensions[i].phrase;
        }
    }
    return NULL;
}

static char *extensions(const char *arguments)
{
    GString *out = g_string_new(NULL);
    g_auto(GStrv) names = g_strsplit(arguments, " ", -1);
    for (size_t i = 0; names[i] != NULL; i++) {
        const char *phrase = extension_phrase(names[i]);
        g_autofree char *name = escape_line_max(bytes_of(names[i]), 40);
        g_string_append_printf(out, "%s%s", out->len > 0 ? ", " : "scripts may use ", name);
        if (phrase != NULL) {
            g_string_append_printf(out, " (%s)", phrase);
        }
    }
    return g_string_free(out, FALSE);
}

static char *mechanisms(const char *arguments)
{
    char *phrase = explain_login_by(arguments);
    return phrase == NULL ? g_strdup("no login before TLS") : phrase;
}

static char *version(const char *arguments)
{
    return strcmp(arguments, "1.0") == 0
               ? g_strdup("the protocol as of 2010, with RENAMESCRIPT, CHECKSCRIPT, NOOP")
               : NULL;
}

static char *redirects(const char *arguments)
{
    g_autofree char *count = escape_line_max(bytes_of(arguments), 20);
    return arguments[0] == '\0'
               ? NULL
               : g_strdup_printf("a script may redirect a message %s times", count);
}

static char *owner(const char *arguments)
{
    g_autofree char *name = escape_line_max(bytes_of(arguments), 80);
    return arguments[0] == '\0' ? NULL : g_strdup_printf("logged in as %s", name);
}

const CapMeaning sieve_capabilities[] = {
    {"STARTTLS", GROUP_SECURITY, "the connection can be upgraded to TLS", "RFC 5804"},
    {"SASL", GROUP_AUTH, "one can log in", "RFC 5804", mechanisms},
    {"OWNER", GROUP_AUTH, "who is logged in", "RFC 5804", owner},
    {"UNAUTHENTICATE", GROUP_AUTH, "log out without closing the connection", "RFC 5804"},
    {"SIEVE", GROUP_MESSAGE, "which extensions scripts may use", "RFC 5804", extensions},
    {"NOTIFY", GROUP_MESSAGE, "ways a script can notify", "RFC 5804"},
    {"EXTLISTS", GROUP_MESSAGE, "kinds of lists a script can test against", "RFC 6134"},
    {"MAXREDIRECTS", GROUP_LIMIT, "how often a script may redirect a message", "RFC 5804",
     redirects},
    {"RENAME", GROUP_SERVER, "RENAMESCRIPT (of old; part of VERSION 1.0)", "RFC 5804"},
    {"NOOP", GROUP_SERVER, "NOOP (of old; part of VERSION 1.0)", "RFC 5804"},
    {"IMPLEMENTATION", GROUP_SERVER, "which server this is", "RFC 5804", explain_software},
    {"LANGUAGE", GROUP_SERVER, "language of the replies", "RFC 5804"},
    {"VERSION", GROUP_SERVER, "version of the protocol", "RFC 5804", version},
    {"XCLIENT", GROUP_SERVER, "a trusted proxy can tell who the client is", NULL},
    {NULL},
};
