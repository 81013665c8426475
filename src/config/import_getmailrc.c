/* getmail's configuration as an account. */
#include <string.h>

#include "base/escape.h"
#include "config/accounts_keys.h"
#include "config/getmailrc.h"

static const struct {
    const char *type, *scheme;
} retrievers[] = {
    {"SimplePOP3Retriever", "pop3"},     {"SimplePOP3SSLRetriever", "pop3s"},
    {"BrokenUIDLPOP3Retriever", "pop3"}, {"BrokenUIDLPOP3SSLRetriever", "pop3s"},
    {"SimpleIMAPRetriever", "imap"},     {"SimpleIMAPSSLRetriever", "imaps"},
};

static bool fail(const Import *to, const ImportBlock *block, const char *name, GError **error,
                 const char *words)
{
    return error_fail(error, POSTERN_ERROR_CONFIG, "%s:%u: %s", to->file,
                      import_block_line(block, name), words);
}

/* "~/Mail/" without the slash at its end. */
static char *path_of(const char *value)
{
    size_t len = strlen(value);
    return g_strndup(value, len > 1 && value[len - 1] == '/' ? len - 1 : len);
}

/* ("pass", "show", "mail") as a command line. */
static char *command_of(const char *value)
{
    g_auto(GStrv) words = getmailrc_tuple(value);
    GString *line = g_string_new(NULL);
    for (char **word = words; word && *word; word++) {
        g_autofree char *quoted = escape_shell(*word);
        g_string_append_printf(line, "%s%s", line->len ? " " : "", quoted);
    }
    return g_string_free(line, FALSE);
}

static void take_login(const ImportMove *m)
{
    Account *a = m->account;
    static const struct {
        const char *name, *mechanism;
    } ways[] = {{"retriever.use_cram_md5", "CRAM-MD5"},
                {"retriever.use_apop", "APOP"},
                {"retriever.use_kerberos", "GSSAPI"},
                {"retriever.use_xoauth2", "XOAUTH2"}};
    a->user = g_strdup(import_said(m, "retriever.username"));
    for (size_t i = 0; i < G_N_ELEMENTS(ways); i++) {
        if (import_block_is_on(m->block, ways[i].name, false) && !a->auth) {
            a->auth = import_list(ways[i].mechanism);
        }
    }
    const char *command = import_said(m, "retriever.password_command");
    bool token = import_block_is_on(m->block, "retriever.use_xoauth2", false);
    if (command) {
        *(token ? &a->token_command : &a->password_command) = command_of(command);
    } else if (m->block->password) {
        a->password = secret_copy(m->block->password);
    }
}

static void take_tls(const ImportMove *m, const char *scheme)
{
    Account *a = m->account;
    a->ca_file = g_strdup(import_said(m, "retriever.ca_certs"));
    a->client_cert = g_strdup(import_said(m, "retriever.certfile"));
    a->client_key = g_strdup(import_said(m, "retriever.keyfile"));
    import_remark(m, "retriever.ssl_fingerprints", "give pin = sha256:HEX");
    import_remark(m, "retriever.ssl_ciphers", "give --ciphers");
    import_remark(m, "retriever.ssl_version", "give tls-min");
    if (!g_str_has_suffix(scheme, "s")) {
        import_remark(m, "retriever.type",
                      "TLS is demanded now, by STARTTLS; for a server without it: tls = off");
    } else if (!a->ca_file) {
        import_remark(m, "retriever.type", "the server's certificate is verified now");
    }
}

/* Arguments of a program, with what getmail puts into them as `fetch --to` has it. */
static char *arguments_of(const char *value)
{
    static const char *const words[][2] = {
        {"%%(sender)", "%f"}, {"%%(recipient)", "%r"}, {"%%(mailbox)", "%m"}};
    g_autofree char *line = command_of(value);
    g_autoptr(GString) text = g_string_new(line);
    g_string_replace(text, "%", "%%", 0);
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        g_string_replace(text, words[i][0], words[i][1], 0);
    }
    return g_strdup(text->str);
}

static void take_destination(const ImportMove *m)
{
    const char *type = import_said(m, "destination.type");
    const char *path = import_said(m, "destination.path");
    if (g_strcmp0(type, "Maildir") == 0 && path) {
        m->account->to = path_of(path);
    } else if (g_strcmp0(type, "Mboxrd") == 0 && path) {
        g_autofree char *file = path_of(path);
        m->account->to = g_strconcat("mbox:", file, NULL);
    } else if (g_strcmp0(type, "MDA_external") == 0 && path) {
        const char *arguments = import_said(m, "destination.arguments");
        g_autofree char *program = escape_shell(path);
        g_autofree char *words = arguments ? arguments_of(arguments) : g_strdup("");
        m->account->to = g_strdup_printf("|%s%s%s", program, *words ? " " : "", words);
        if (strstr(words, "%%(")) {
            import_remark(m, "destination.arguments",
                          "of what getmail puts in, only sender, recipient and mailbox are known");
        }
    } else {
        import_remark(m, "destination.type",
                      "it has no counterpart: only one Maildir, Mboxrd or "
                      "MDA_external; without it mail goes to ~/Maildir");
    }
}

static void take_options(const ImportMove *m)
{
    Account *a = m->account;
    const char *days = import_said(m, "options.delete_after");
    const char *size = import_said(m, "options.max_message_size");
    uint64_t number = 0;
    bool has_days = days && bytes_number(bytes_of(days), 100000, &number) && number > 0;
    a->keep_days = has_days ? (int)number : -1;
    bool deletes = import_block_is_on(m->block, "options.delete", false) || has_days;
    a->after = g_strdup(deletes ? "delete" : "keep");
    int64_t octets;
    a->max_size = size && account_size_parse(size, &octets) && octets > 0 ? octets : -1;
    import_remark(m, "options.read_all",
                  "what was fetched is not fetched again; give --all for that");
    import_remark(m, "options.max_messages_per_session", "give --limit=N");
    import_remark(m, "options.message_log",
                  "it is not written; use --syslog, or redirect standard error");
    if (!import_block_is_on(m->block, "options.received", true)) {
        import_remark(m, "options.received", "give --invisible");
    }
    import_remark(m, "options.delivered_to", "no Delivered-To: is added");
}

static const char *scheme_of(const char *type)
{
    for (size_t i = 0; i < G_N_ELEMENTS(retrievers); i++) {
        if (g_strcmp0(type, retrievers[i].type) == 0) {
            return retrievers[i].scheme;
        }
    }
    return NULL;
}

bool import_getmailrc(Import *to, Bytes text, GError **error)
{
    g_autoptr(ImportBlock) block = getmailrc_parse(text, to->file, error);
    if (!block) {
        return false;
    }
    const char *scheme = scheme_of(import_block_get(block, "retriever.type"));
    const char *host = import_block_get(block, "retriever.server");
    if (!scheme) {
        return fail(to, block, "retriever.type", error,
                    "only getmail's Simple... retrievers can be carried over: mail for several "
                    "users in one mailbox cannot");
    }
    if (!host || !*host) {
        return fail(to, block, "retriever.server", error, "[retriever] names no server");
    }
    g_autofree char *base = g_path_get_basename(to->file);
    bool plain = strcmp(base, "getmailrc") == 0;
    ImportMove m = {to, block, import_account(to, plain ? host : base)};
    m.account->url = import_url(scheme, host, import_block_get(block, "retriever.port"));
    const char *mailboxes = import_block_get(block, "retriever.mailboxes");
    m.account->folders = mailboxes ? getmailrc_tuple(mailboxes) : NULL;
    take_login(&m);
    take_tls(&m, scheme);
    take_destination(&m);
    take_options(&m);
    import_remark(&m, "filter-1.type", "filter with the program that mail is given to");
    return true;
}
