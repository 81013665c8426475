/* Where a fetchmailrc's mail goes: to an mda, or to the first mail server of a list that answers;
 * to localhost by SMTP where nothing is said. */
#include <string.h>

#include "cmd/fetch_rc.h"

/* Who it is here: one name, else the caller. */
static const char *local_name(const RcEntry *e)
{
    const FetchmailMapping *first =
        e->user->local->len > 0 ? g_ptr_array_index(e->user->local, 0) : NULL;
    return first ? first->name : g_get_user_name();
}

static char **list_of_one(char *text)
{
    char **list = g_new0(char *, 2);
    list[0] = text;
    return list;
}

/* "HOST", "HOST/PORT" or "/SOCKET" as an address. */
static char *smtp_address(const RcEntry *e, const char *host)
{
    const char *scheme = e->user->lmtp ? "lmtp" : "smtp";
    if (*host == '/') {
        return g_strdup_printf("%s://%s", scheme, host);
    }
    g_auto(GStrv) parts = g_strsplit(host, "/", 2);
    bool brackets = strchr(parts[0], ':') && parts[0][0] != '[';
    return g_strdup_printf("%s://%s%s%s%s%s", scheme, brackets ? "[" : "", parts[0],
                           brackets ? "]" : "", parts[1] ? ":" : "", parts[1] ? parts[1] : "");
}

/* smtpname is the whole address; smtpaddress its domain; else it is the mail server's name. */
static char *recipient(const RcEntry *e)
{
    const FetchmailUser *user = e->user;
    const char *local = local_name(e);
    if (user->smtpname) {
        return g_strdup(user->smtpname);
    }
    if (strchr(local, '@')) {
        return g_strdup(local);
    }
    const char *host = user->smtphost[0];
    g_autofree char *name = *host == '/' ? g_strdup("localhost") : g_strdup(host);
    name[strcspn(name, "/")] = '\0';
    return g_strdup_printf("%s@%s", local, user->smtpaddress ? user->smtpaddress : name);
}

static void take_mda(const RcEntry *e, DeliverPlan *d)
{
    d->to = g_strconcat("|", e->user->mda, NULL);
    d->shell = true;
    d->fetchmail_mda = true;
    d->crlf = !e->user->stripcr;
    d->recipients = list_of_one(g_strdup(local_name(e)));
}

static void take_hosts(const RcEntry *e, DeliverPlan *d)
{
    char **hosts = e->user->smtphost;
    g_autoptr(GPtrArray) more = g_ptr_array_new();
    d->to = smtp_address(e, hosts[0]);
    for (char **host = hosts + 1; *host; host++) {
        g_ptr_array_add(more, smtp_address(e, *host));
    }
    if (more->len > 0) {
        g_ptr_array_add(more, NULL);
        d->hunt = (char **)g_ptr_array_steal(more, NULL);
    }
    d->recipients = list_of_one(recipient(e));
}

/* Its own options: what leads to the mailbox does not lead to the mail server. On loopback none are
 * needed. */
static bool take_smtp(RcEntry *e, const FetchOptions *options, FetchJob *job, GError **error)
{
    const char *to = job->deliver.to;
    bool is_address = strstr(to, "://") && *to != '|';
    g_autoptr(Target) target = is_address ? target_parse(to, NULL, error) : NULL;
    if (is_address && !target) {
        return false;
    }
    bool near = !target || !target->host || strcmp(target->host, "localhost") == 0 ||
                g_str_has_prefix(target->host, "127.") || strcmp(target->host, "::1") == 0;
    if (near) {
        return true;
    }
    e->smtp_options = (ConnectOptions){.ca_file = options->connect.ca_file,
                                       .ca_path = options->connect.ca_path,
                                       .dns = options->connect.dns,
                                       .config = (char *)"/dev/null",
                                       .timeout = options->connect.timeout};
    e->smtp = connection_new(&e->smtp_options, to, NULL, error);
    if (e->smtp) {
        job->deliver.smtp_plan = connection_plan(e->smtp);
    }
    return e->smtp != NULL;
}

bool rc_entry_deliver(RcEntry *e, const FetchOptions *options, FetchJob *job, GError **error)
{
    DeliverPlan *d = &job->deliver;
    d->invisible = options->invisible || e->rc->invisible;
    if (options->to) {
        d->to = g_strdup(options->to);
        d->shell = options->shell;
        d->crlf = options->crlf;
        d->lone_folder = options->flat;
        d->recipients =
            options->recipients ? g_strdupv(options->recipients) : list_of_one(recipient(e));
    } else if (e->user->mda) {
        take_mda(e, d);
    } else {
        take_hosts(e, d);
    }
    const char *word = options->to ? "poll" : e->user->mda ? "mda" : "smtphost";
    return (take_smtp(e, options, job, error) && deliver_check(d, error)) ||
           rc_fail_at(e, word, error);
}
