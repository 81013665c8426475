/* mpop's and msmtp's configurations as accounts. */
#include <string.h>

#include "config/accounts_keys.h"
#include "config/mpoprc.h"

/* --- TLS: off unless `tls on`; STARTTLS then unless `tls_starttls off` --- */

static bool has_tls_first(const ImportMove *m)
{
    return import_block_is_on(m->block, "tls", false) &&
           !import_block_is_on(m->block, "tls_starttls", true);
}

/* "AA:BB:..." of SHA-256 is a pin; shorter ones are of broken digests. */
static void take_fingerprint(const ImportMove *m)
{
    const char *said = import_said(m, "tls_fingerprint");
    if (!said) {
        return;
    }
    g_autoptr(GByteArray) raw = bytes_from_hex(bytes_of(said));
    if (!raw || raw->len != 32) {
        import_remark(m, "tls_fingerprint", "MD5 and SHA-1 can be forged; give pin = sha256:HEX");
        return;
    }
    g_autofree char *hex = bytes_hex(bytes_of_array(raw));
    g_autofree char *pin = g_strconcat("sha256:", hex, NULL);
    m->account->pin = import_list(pin);
}

static void take_tls(const ImportMove *m)
{
    Account *a = m->account;
    const char *trust = import_said(m, "tls_trust_file");
    if (!import_block_is_on(m->block, "tls", false)) {
        a->tls = g_strdup("off");
        import_note(m->to, m->block->line,
                    "%s: it goes without TLS (tls = off); remove that if "
                    "the server has it",
                    a->name);
    }
    if (!import_block_is_on(m->block, "tls_certcheck", true)) {
        import_remark(m, "tls_certcheck",
                      "certificates are verified; where that cannot be, give "
                      "--no-verify, or better pin = sha256:HEX");
    }
    if (trust && *trust && strcmp(trust, "system") != 0) {
        a->ca_file = g_strdup(trust);
    }
    a->client_cert = g_strdup(import_said(m, "tls_cert_file"));
    a->client_key = g_strdup(import_said(m, "tls_key_file"));
    take_fingerprint(m);
    import_remark(m, "tls_priorities", "give --ciphers, --groups, --tls-max, or tls-min");
    import_remark(m, "tls_host_override",
                  "it has no counterpart: use the name that is in the certificate");
    import_remark(m, "tls_crl_file", "it has no counterpart");
}

/* --- who one is, and the way --- */

static void take_login(const ImportMove *m)
{
    Account *a = m->account;
    const char *auth = import_said(m, "auth");
    const char *command = import_said(m, "passwordeval");
    g_autofree char *upper = auth ? g_ascii_strup(auth, -1) : NULL;
    bool is_switch = !upper || !strcmp(upper, "ON") || !strcmp(upper, "OFF") || !*upper;
    bool token = upper && (!strcmp(upper, "OAUTHBEARER") || !strcmp(upper, "XOAUTH2"));
    a->user = g_strdup(import_said(m, "user"));
    if (!is_switch) {
        a->auth = import_list(strcmp(upper, "USER") == 0 ? "USER/PASS" : upper);
    }
    if (command) {
        *(token ? &a->token_command : &a->password_command) = g_strdup(command);
    } else if (m->block->password) {
        a->password = secret_copy(m->block->password);
    }
    const char *proxy = import_said(m, "proxy_host");
    const char *port = import_said(m, "proxy_port");
    if (proxy && *proxy) {
        g_autofree char *via = import_url("socks5", proxy, port ? port : "1080");
        a->via = import_list(via);
    }
    import_remark(m, "socket", "a socket file is only reached by lmtp:///PATH");
    import_remark(m, "source_ip", "it has no counterpart");
    import_remark(m, "ntlmdomain", "write DOMAIN\\USER as the user");
}

static bool has_host(const ImportMove *m)
{
    const char *host = import_said(m, "host");
    if (!host || !*host) {
        import_note(m->to, m->block->line, "%s: no host is said, so it is left out",
                    m->account->name);
        g_ptr_array_remove_index(m->to->accounts, m->to->accounts->len - 1);
        return false;
    }
    return true;
}

/* --- mpop --- */

static void take_delivery(const ImportMove *m)
{
    Bytes rest = bytes_of(import_said(m, "delivery"));
    Bytes how = bytes_word(&rest);
    g_autofree char *where = bytes_dup(bytes_trim(rest));
    if (bytes_equal(how, bytes_of("maildir"))) {
        m->account->to = g_strdup(where);
    } else if (bytes_equal(how, bytes_of("mbox"))) {
        m->account->to = g_strconcat("mbox:", where, NULL);
    } else if (bytes_equal(how, bytes_of("mda"))) {
        m->account->to = g_strconcat("|", where, NULL);
        import_remark(m, "delivery",
                      "a program is run without a shell; give --shell where it needs one "
                      "(%F is %f now)");
    } else {
        import_remark(m, "delivery", "it has no counterpart");
    }
}

static void take_sizes(const ImportMove *m)
{
    const char *skip = import_said(m, "skipsize");
    int64_t kibibytes;
    g_autofree char *size = skip ? g_strconcat(skip, "k", NULL) : NULL;
    if (size && account_size_parse(size, &kibibytes)) {
        m->account->max_size = kibibytes;
    }
    import_remark(m, "killsize", "nothing is deleted unread; --max-size leaves it there");
}

static void move_mpop(const ImportMove *m)
{
    bool first = has_tls_first(m);
    m->account->url =
        import_url(first ? "pop3s" : "pop3", import_said(m, "host"), import_said(m, "port"));
    take_tls(m);
    take_login(m);
    take_delivery(m);
    take_sizes(m);
    bool keep = import_block_is_on(m->block, "keep", false);
    m->account->after = g_strdup(keep ? "keep" : "delete");
    if (!import_block_is_on(m->block, "only_new", true)) {
        import_remark(m, "only_new", "give --all for what was fetched before");
    }
    if (!import_block_is_on(m->block, "received_header", true)) {
        import_remark(m, "received_header", "give --invisible");
    }
    const char *uidls = import_said(m, "uidls_file");
    if (uidls) {
        import_note(m->to, import_block_line(m->block, "uidls_file"),
                    "uidls_file: what was fetched is taken over once by --adopt-from=%s", uidls);
    }
    import_remark(m, "filter", "filter with the program that mail is given to");
}

/* --- msmtp --- */

static const char *smtp_scheme(const ImportMove *m)
{
    const char *port = import_said(m, "port");
    const char *protocol = import_said(m, "protocol");
    if (protocol && g_ascii_strcasecmp(protocol, "lmtp") == 0) {
        return "lmtp";
    }
    if (has_tls_first(m)) {
        return "submissions";
    }
    return port && strcmp(port, "587") == 0 ? "submission" : "smtp";
}

static void move_msmtp(const ImportMove *m)
{
    static const char *const unneeded[] = {"auto_from",
                                           "maildomain",
                                           "aliases",
                                           "logfile",
                                           "syslog",
                                           "logfile_time_format",
                                           "set_from_header",
                                           "set_date_header",
                                           "set_msgid_header",
                                           "undisclosed_recipients",
                                           "remove_bcc_headers",
                                           "add_missing_from_header",
                                           "add_missing_date_header",
                                           "allow_from_override",
                                           "dsn_return"};
    const char *scheme = smtp_scheme(m);
    const char *port = import_said(m, "port");
    bool usual = g_strcmp0(port, "587") == 0 || (g_strcmp0(port, "465") == 0 && has_tls_first(m)) ||
                 (g_strcmp0(port, "25") == 0 && strcmp(scheme, "smtp") == 0);
    m->account->url =
        import_url(scheme, import_said(m, "host"), usual && *scheme == 's' ? NULL : port);
    take_tls(m);
    take_login(m);
    m->account->from = import_said(m, "from") ? import_list(import_said(m, "from")) : NULL;
    m->account->ehlo = g_strdup(import_said(m, "domain"));
    const char *dsn = import_said(m, "dsn_notify");
    if (dsn && strcmp(dsn, "off") != 0) {
        m->account->dsn = g_strdup(dsn);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(unneeded); i++) {
        import_remark(m, unneeded[i], "it has no counterpart in accounts.conf");
    }
}

/* --- both --- */

static bool move_all(Import *to, Bytes text, void (*move)(const ImportMove *m), GError **error)
{
    g_autoptr(GPtrArray) accounts = mpoprc_parse(text, to->file, error);
    if (!accounts) {
        return false;
    }
    for (guint i = 0; i < accounts->len; i++) {
        const MpopAccount *read = g_ptr_array_index(accounts, i);
        if (read->same_as) {
            import_note(to, read->block->line, "%s: it is the account %s; say that name",
                        read->name, read->same_as);
            continue;
        }
        ImportMove m = {to, read->block, import_account(to, read->name)};
        if (has_host(&m)) {
            move(&m);
        }
    }
    return true;
}

bool import_mpoprc(Import *to, Bytes text, GError **error)
{
    return move_all(to, text, move_mpop, error);
}

bool import_msmtprc(Import *to, Bytes text, GError **error)
{
    return move_all(to, text, move_msmtp, error);
}
