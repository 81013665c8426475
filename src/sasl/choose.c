/* choose.c: the strongest way that the server offers, we can go, and the policy allows; and why
 * each other one is not it. */
#include "sasl/sasl.h"

#include "base/escape.h"

#include <string.h>

/* A server may name a thousand; a message need not. */
#define TOLD_MAX 40

/* NULL: it can be taken. */
static const char *why_not(const SaslMechanism *m, const SaslPolicy *p, bool forced)
{
    const struct {
        bool stands_against;
        const char *reason;
    } reasons[] = {
        {m == NULL, "Postern does not know it"},
        {m && !m->supported, m ? m->verdict : NULL},
        {m && m->needs_certificate && !p->have_certificate && !forced,
         "no client certificate (--client-cert)"},
        {m && m->needs_ticket && !(p->have_ticket && p->have_ticket()),
         "no Kerberos ticket (kinit)"},
        {m && m->needs_token && !p->have_token, "no access token (--token-command)"},
        {m && m->needs_binding && !p->have_binding, "this connection gives no channel binding"},
        {m && m->needs_user && !p->have_user, "no user name (--user)"},
        {m && m->needs_password && !p->have_password, "no password (--password-command)"},
        {m && m->cleartext && !p->encrypted && !p->allow_cleartext,
         m && m->needs_token ? "would send the token where others can read it"
                             : "would send the password where others can read it"},
        {m && strcmp(m->name, "ANONYMOUS") == 0 && !forced,
         "only when asked for (--auth=ANONYMOUS)"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(reasons); i++) {
        if (reasons[i].stands_against) {
            return reasons[i].reason;
        }
    }
    return NULL;
}

/* Only the missing encryption stands against it. */
static bool is_exposed(const SaslMechanism *m, const SaslPolicy *p, bool forced)
{
    SaslPolicy encrypted = *p;
    encrypted.encrypted = true;
    return why_not(m, p, forced) && !why_not(m, &encrypted, forced);
}

/* A word of --auth names a way: case does not matter, a hyphen stands for a blank
 * ("login-command"), "user" for "USER/PASS". */
static bool names(const char *word, const char *way)
{
    size_t i = 0;
    while (word[i] && way[i] &&
           (g_ascii_toupper(word[i]) == g_ascii_toupper(way[i]) ||
            (word[i] == '-' && way[i] == ' '))) {
        i++;
    }
    return !word[i] && (!way[i] || way[i] == '/');
}

typedef struct {
    GPtrArray *ways; /* of const char*: offered, then also */
    const SaslPolicy *policy;
} Choice;

static const char *strongest(const Choice *c)
{
    const char *best = NULL;
    int best_rank = -1;
    for (guint i = 0; i < c->ways->len; i++) {
        const SaslMechanism *m = sasl_mechanism_find(bytes_of(c->ways->pdata[i]));
        if (!why_not(m, c->policy, false) && m->rank > best_rank) {
            best = m->own_way ? c->ways->pdata[i] : m->name;
            best_rank = m->rank;
        }
    }
    return best;
}

static const char *find_way(const Choice *c, const char *word)
{
    for (guint i = 0; i < c->ways->len; i++) {
        if (names(word, c->ways->pdata[i])) {
            return c->ways->pdata[i];
        }
    }
    /* --auth=LOGIN on an IMAP server that has only the command of that name. */
    return strcasecmp(word, "LOGIN") == 0 ? find_way(c, "LOGIN-command") : NULL;
}

static const char *first_forced(const Choice *c)
{
    for (const char *const *word = c->policy->forced; *word; word++) {
        const char *way = find_way(c, *word);
        const SaslMechanism *m = way ? sasl_mechanism_find(bytes_of(way)) : NULL;
        if (m && !why_not(m, c->policy, true)) {
            return m->own_way ? way : m->name;
        }
    }
    return NULL;
}

static void tell(GString *out, const char *name, const char *reason)
{
    g_autofree char *shown = escape_line_max(bytes_of(name), 40);
    g_string_append_printf(out, "\n  %s: %s", shown, reason);
}

/* Says of each way why it is not taken; true when encryption is all that one of them lacks. */
static bool tell_all(const Choice *c, GString *out)
{
    bool exposed = false;
    for (guint i = 0; i < c->ways->len; i++) {
        const char *name = c->ways->pdata[i];
        const SaslMechanism *m = sasl_mechanism_find(bytes_of(name));
        exposed = exposed || is_exposed(m, c->policy, false);
        if (i < TOLD_MAX) {
            tell(out, name, why_not(m, c->policy, false));
        }
    }
    if (c->ways->len > TOLD_MAX) {
        g_string_append_printf(out, "\n  and %u more", c->ways->len - TOLD_MAX);
    }
    return exposed;
}

static bool tell_forced(const Choice *c, GString *out)
{
    bool exposed = false;
    for (const char *const *word = c->policy->forced; *word; word++) {
        const char *way = find_way(c, *word);
        const SaslMechanism *m = way ? sasl_mechanism_find(bytes_of(way)) : NULL;
        exposed = exposed || (way && is_exposed(m, c->policy, true));
        tell(out, *word, way ? why_not(m, c->policy, true) : "the server does not offer it");
    }
    g_string_append(out, c->ways->len > 0 ? "\n  (it offers" : "\n  (it offers nothing");
    for (guint i = 0; i < c->ways->len && i < TOLD_MAX; i++) {
        g_autofree char *shown = escape_line_max(bytes_of(c->ways->pdata[i]), 40);
        g_string_append_printf(out, "%s %s", i > 0 ? "," : "", shown);
    }
    g_string_append_c(out, ')');
    return exposed;
}

static void fail(const Choice *c, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    bool exposed = c->policy->forced ? tell_forced(c, text) : tell_all(c, text);
    if (exposed) {
        error_fail(
            error, POSTERN_ERROR_INSECURE,
            "nothing was sent: what could log in here needs verified TLS (or, at your own risk, "
            "--allow-cleartext-auth):%s",
            text->str);
    } else if (c->policy->forced) {
        error_fail(error, POSTERN_ERROR_AUTH, "what --auth asks for cannot be used:%s", text->str);
    } else if (c->ways->len == 0) {
        error_fail(error, POSTERN_ERROR_AUTH,
                   "the server offers no way to authenticate here (some offer it only inside TLS, "
                   "or only on "
                   "another port, as 587 instead of 25)");
    } else {
        error_fail(error, POSTERN_ERROR_AUTH,
                   "none of the ways that the server offers can be used:%s", text->str);
    }
}

static void collect(GPtrArray *ways, const char *const *list)
{
    for (; list && *list; list++) {
        g_ptr_array_add(ways, (void *)*list);
    }
}

const char *sasl_choose(const char *const *offered, const char *const *also,
                        const SaslPolicy *policy, GError **error)
{
    g_autoptr(GPtrArray) ways = g_ptr_array_new();
    collect(ways, offered);
    collect(ways, also);
    Choice choice = {ways, policy};
    const char *way = policy->forced ? first_forced(&choice) : strongest(&choice);
    if (!way) {
        fail(&choice, error);
    }
    return way;
}
