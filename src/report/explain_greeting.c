/* explain_greeting.c: what a greeting gives away: the product, the host, an APOP challenge,
 * capabilities, a refusal. */
#include <string.h>

#include "base/escape.h"
#include "proto/code_parse.h"
#include "report/explain_tables.h"

#define HOST_MAX 120

/* What greetings say, and whose words they are. The first that is found counts: the specific ones
 * stand first. */
static const struct {
    const char *words, *product;
} products[] = {
    {"Dovecot", "Dovecot"},
    {"Pigeonhole", "Dovecot Pigeonhole"},
    {"Postfix", "Postfix"},
    {"Exim", "Exim"},
    {"OpenSMTPD", "OpenSMTPD"},
    {"Sendmail", "Sendmail"},
    {"Microsoft ESMTP MAIL Service", "Microsoft Exchange or IIS"},
    {"Microsoft Exchange", "Microsoft Exchange"},
    {"The Microsoft Exchange IMAP4 service", "Microsoft Exchange"},
    {"gsmtp", "Google"},
    {"Gimap", "Gmail"},
    {"Gpop ready", "Gmail"},
    {"Cyrus", "Cyrus"},
    {"Courier-IMAP", "Courier"},
    {"Courier", "Courier"},
    {"UW IMAP", "UW imapd"},
    {"IMAP4rev1 v12", "UW imapd"},
    {"Stalwart", "Stalwart"},
    {"maddy", "maddy"},
    {"Haraka", "Haraka"},
    {"JAMES", "Apache James"},
    {"Zimbra", "Zimbra"},
    {"hMailServer", "hMailServer"},
    {"MDaemon", "MDaemon"},
    {"MailEnable", "MailEnable"},
    {"IceWarp", "IceWarp"},
    {"Kerio", "Kerio Connect"},
    {"CommuniGate", "CommuniGate Pro"},
    {"Axigen", "Axigen"},
    {"Lotus Domino", "HCL (Lotus) Domino"},
    {"Domino", "HCL (Lotus) Domino"},
    {"GroupWise", "GroupWise"},
    {"Oracle Communications Messaging", "Oracle Communications Messaging Server"},
    {"Sun Java", "Sun Java Messaging Server"},
    {"InterMail", "Openwave InterMail"},
    {"PowerMTA", "PowerMTA"},
    {"ecelerity", "Momentum (Ecelerity)"},
    {"Halon", "Halon"},
    {"ZoneMTA", "ZoneMTA"},
    {"KumoMTA", "KumoMTA"},
    {"qpsmtpd", "qpsmtpd"},
    {"netqmail", "netqmail"},
    {"qmail", "qmail"},
    {"Mercury/32", "Mercury"},
    {"Mailpit", "Mailpit (a test server)"},
    {"MailHog", "MailHog (a test server)"},
    {"GreenMail", "GreenMail (a test server)"},
    {"smtp4dev", "smtp4dev (a test server)"},
    {"Proton Mail Bridge", "Proton Mail Bridge"},
    {"DavMail", "DavMail (a gateway to Exchange)"},
    {"popa3d", "popa3d"},
    {"Qpopper", "Qpopper"},
    {"Teapop", "Teapop"},
    {"InterNetNews", "INN"},
    {"INN ", "INN"},
    {"Leafnode", "Leafnode"},
    {"DNEWS", "DNEWS"},
    {"ProFTPD", "ProFTPD"},
    {"Pure-FTPd", "Pure-FTPd"},
    {"vsFTPd", "vsftpd"},
    {"FileZilla Server", "FileZilla Server"},
    {"Serv-U", "Serv-U"},
    {"Microsoft FTP Service", "Microsoft IIS"},
    {"InspIRCd", "InspIRCd"},
};

static bool contains(Bytes line, const char *words)
{
    size_t len = strlen(words);
    for (size_t i = 0; i + len <= line.len; i++) {
        if (g_ascii_strncasecmp(line.data + i, words, len) == 0) {
            return true;
        }
    }
    return false;
}

static const char *product_of(Bytes line)
{
    for (size_t i = 0; i < G_N_ELEMENTS(products); i++) {
        if (contains(line, products[i].words)) {
            return products[i].product;
        }
    }
    return NULL;
}

static void add(GString *out, const char *text)
{
    g_string_append_printf(out, "%s%s", out->len > 0 ? "\n" : "", text);
}

/* SMTP names its host first (RFC 5321 4.2); "220 *****" is a middlebox that hides it, and breaks
 * extensions. */
static void smtp_greeting(GString *out, Bytes line)
{
    CodeLine code;
    if (!code_parse_line(line, &code) || code.code != 220) {
        return;
    }
    Bytes rest = code.text;
    Bytes host = bytes_word(&rest);
    bool stars = host.len > 3;
    for (size_t i = 0; i < host.len; i++) {
        stars = stars && (host.data[i] == '*' || host.data[i] == '2' || host.data[i] == '0');
    }
    if (stars) {
        add(out, "the banner is starred out: a firewall rewrites this connection, and will hide "
                 "STARTTLS too");
        return;
    }
    if (bytes_index(host, '.') > 0 || bytes_starts(host, "[")) {
        g_autofree char *name = escape_line_max(host, HOST_MAX);
        g_autofree char *text =
            g_strdup_printf("the server calls itself %s%s", name,
                            contains(rest, "ESMTP") ? ", and speaks ESMTP" : "");
        add(out, text);
    }
}

static void pop3_greeting(GString *out, Bytes line)
{
    Bytes challenge = bytes_starts_ci(line, "+OK") ? sasl_apop_challenge(line) : BYTES_NONE;
    if (challenge.len == 0) {
        return;
    }
    g_autofree char *shown = escape_line_max(challenge, HOST_MAX);
    g_autofree char *text = g_strdup_printf(
        "%s is a challenge for APOP (RFC 1939 7): /apop answers it; weak, MD5", shown);
    add(out, text);
}

static void imap_greeting(GString *out, Bytes line)
{
    if (bytes_starts_ci(line, "* PREAUTH")) {
        add(out, "PREAUTH: logged in already by other means; STARTTLS is no longer possible (RFC "
                 "9051 7.1.4)");
    } else if (bytes_starts_ci(line, "* BYE")) {
        add(out, "BYE: the server gives no service and closes (RFC 9051 7.1.5)");
    }
    if (contains(line, "LOGINDISABLED")) {
        add(out, "LOGINDISABLED: no LOGIN before STARTTLS (RFC 9051 6.2.3)");
    }
}

static const struct {
    const Vocabulary *vocabulary;
    void (*explain)(GString *out, Bytes line);
} by_protocol[] = {
    {&vocabulary_smtp, smtp_greeting},
    {&vocabulary_pop3, pop3_greeting},
    {&vocabulary_imap, imap_greeting},
};

char *explain_greeting(const Proto *proto, Bytes line)
{
    const Vocabulary *vocabulary = explain_vocabulary(proto);
    if (vocabulary == NULL || line.len == 0) {
        return NULL;
    }
    GString *out = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(by_protocol); i++) {
        if (by_protocol[i].vocabulary == vocabulary) {
            by_protocol[i].explain(out, line);
        }
    }
    const char *product = product_of(line);
    if (product != NULL) {
        g_autofree char *text = g_strdup_printf("the software is %s, it says", product);
        add(out, text);
    }
    return g_string_free(out, out->len == 0);
}
