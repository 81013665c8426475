/* fault.c: reads --fault, and decides when one is to be done. */
#include "server/fault.h"

#include <string.h>

#include "base/nearest.h"
#include "server/sandbox.h"

static const FaultRow *find_row(Bytes name)
{
    for (const FaultRow *row = fault_rows; row->name; row++) {
        if (bytes_equal_ci(name, row->name)) {
            return row;
        }
    }
    return NULL;
}

static const char *nearest_name(const char *name)
{
    Nearest near = {.word = name};
    for (const FaultRow *row = fault_rows; row->name; row++) {
        nearest_offer(&near, row->name);
    }
    return near.best;
}

/* --- WHEN --- */

static const char *const protocols[] = {"smtp", "pop3", "imap"};

static bool set_nth(Fault *f, const char *text, GError **error)
{
    uint64_t n;
    if (!bytes_number(bytes_of(text), 1000000, &n) || n == 0) {
        return error_fail(error, POSTERN_ERROR_USAGE, "--fault %s: nth=%s is no number from 1 on",
                          f->row->name, text);
    }
    f->nth = (unsigned)n;
    return true;
}

/* One word: "imap", "cmd=FETCH". */
static bool read_condition(Fault *f, const char *word, GError **error)
{
    const struct {
        const char *key;
        char **value;
    } keys[] = {{"cmd=", &f->command},
                {"from=", &f->from},
                {"to=", &f->to},
                {"user=", &f->user},
                {"service=", &f->service}};
    for (size_t i = 0; i < G_N_ELEMENTS(protocols); i++) {
        if (g_ascii_strcasecmp(word, protocols[i]) == 0) {
            g_free(f->protocol);
            f->protocol = g_strdup(protocols[i]);
            return true;
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (g_str_has_prefix(word, keys[i].key)) {
            g_free(*keys[i].value);
            *keys[i].value = g_strdup(word + strlen(keys[i].key));
            return true;
        }
    }
    if (g_str_has_prefix(word, "nth=")) {
        return set_nth(f, word + strlen("nth="), error);
    }
    return error_fail(error, POSTERN_ERROR_USAGE,
                      "--fault %s: behind the @ stand smtp, pop3, imap, service=, cmd=, nth=, "
                      "from=, to=, user=, not '%s'",
                      f->row->name, word);
}

static bool speaks(const FaultRow *row, const char *protocol)
{
    return !row->protocols || (protocol && strstr(row->protocols, protocol));
}

/* What would never happen is asked for by mistake. */
static bool check_when(const Fault *f, GError **error)
{
    if (f->row->kind == FAULT_OF_TLS) {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "--fault %s is the whole server's: nothing stands behind it",
                          f->row->name);
    }
    if (f->protocol && !speaks(f->row, f->protocol)) {
        return error_fail(error, POSTERN_ERROR_USAGE, "--fault %s is for %s, not for %s",
                          f->row->name, f->row->protocols, f->protocol);
    }
    const Service *s = services;
    while (f->service && s->name && g_ascii_strcasecmp(s->name, f->service) != 0) {
        s++;
    }
    return s->name || error_fail(error, POSTERN_ERROR_USAGE,
                                 "--fault %s: there is no service '%s'; there are smtp, "
                                 "submission, submissions, lmtp, pop3, pop3s, imap, imaps",
                                 f->row->name, f->service);
}

static bool read_when(Fault *f, const char *when, GError **error)
{
    g_auto(GStrv) words = g_strsplit(when, ",", -1);
    for (size_t i = 0; words[i]; i++) {
        if (!read_condition(f, g_strstrip(words[i]), error)) {
            return false;
        }
    }
    return check_when(f, error);
}

/* "imap", "imap,nth=2", "cmd=RCPT"; "cdm=RCPT" too, so that a slip is told of. */
static bool begins_condition(const char *text)
{
    size_t word = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ34");
    for (size_t i = 0; i < G_N_ELEMENTS(protocols); i++) {
        if (bytes_equal_ci((Bytes){text, word}, protocols[i]) && strchr(",", text[word])) {
            return true;
        }
    }
    return word > 0 && text[word] == '=';
}

/* Where WHEN begins: at the "@" behind the name, else at the first behind which a condition stands,
 * because addresses in ARGS have one too. NULL: nowhere. */
static const char *find_when(const char *text)
{
    size_t name = strcspn(text, "=@");
    if (text[name] == '@') {
        return text + name;
    }
    const char *at = strchr(text, '@');
    while (at && !begins_condition(at + 1)) {
        at = strchr(at + 1, '@');
    }
    return at;
}

/* --- ARGS --- */

static bool is_seconds(const char *text)
{
    char *end;
    double seconds = g_ascii_strtod(text, &end);
    return end > text && *end == '\0' && seconds >= 0 && seconds <= 86400;
}

static bool is_octets(const char *text)
{
    uint64_t octets;
    return bytes_number(bytes_of(text), G_MAXINT64, &octets);
}

/* Those that are a number are one. */
static bool check_arguments(const Fault *f, GError **error)
{
    static const struct {
        const char *arguments, *wanted;
        bool (*good)(const char *text);
    } kinds[] = {
        {"SECONDS", "seconds, at most 86400", is_seconds},
        {"OCTETS", "a number of octets", is_octets},
        {"[OCTETS]", "a number of octets", is_octets},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (*f->arguments && g_strcmp0(f->row->arguments, kinds[i].arguments) == 0 &&
            !kinds[i].good(f->arguments)) {
            return error_fail(error, POSTERN_ERROR_USAGE, "--fault %s takes %s, not '%s'",
                              f->row->name, kinds[i].wanted, f->arguments);
        }
    }
    return true;
}

Fault *fault_parse(const char *text, GError **error)
{
    const char *when = find_when(text);
    g_autofree char *what = when ? g_strndup(text, (gsize)(when - text)) : g_strdup(text);
    char *equals = strchr(what, '=');
    if (equals) {
        *equals = '\0';
    }
    const FaultRow *row = find_row(bytes_of(what));
    if (!row) {
        const char *near = nearest_name(what);
        error_fail(error, POSTERN_ERROR_USAGE,
                   "there is no fault '%s'%s%s%s: postern serve --list-faults shows them", what,
                   near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
        return NULL;
    }
    g_autoptr(Fault) f = g_new0(Fault, 1);
    f->row = row;
    f->said = g_strdup(text);
    f->arguments = g_strdup(equals ? equals + 1 : "");
    if (*f->arguments && !row->arguments) {
        error_fail(error, POSTERN_ERROR_USAGE, "--fault %s takes no argument", row->name);
        return NULL;
    }
    if (!*f->arguments && row->arguments && *row->arguments != '[') {
        error_fail(error, POSTERN_ERROR_USAGE, "--fault %s takes an argument: %s=%s", row->name,
                   row->name, row->arguments);
        return NULL;
    }
    return check_arguments(f, error) && (!when || read_when(f, when + 1, error))
               ? g_steal_pointer(&f)
               : NULL;
}

void fault_free(Fault *f)
{
    if (f) {
        g_free(f->said);
        g_free(f->arguments);
        g_free(f->protocol);
        g_free(f->service);
        g_free(f->command);
        g_free(f->from);
        g_free(f->to);
        g_free(f->user);
        g_free(f);
    }
}

static bool fits(const char *wanted, const char *found)
{
    return !wanted || (found && g_ascii_strcasecmp(wanted, found) == 0);
}

const Fault *fault_find(GPtrArray *faults, const char *name, const FaultMoment *m)
{
    for (guint i = 0; faults && i < faults->len; i++) {
        Fault *f = faults->pdata[i];
        bool here = strcmp(f->row->name, name) == 0 && speaks(f->row, m->protocol) &&
                    fits(f->protocol, m->protocol) && fits(f->service, m->service) &&
                    fits(f->command, m->command) && fits(f->from, m->from) && fits(f->to, m->to) &&
                    fits(f->user, m->user);
        if (here && (++f->seen == f->nth || f->nth == 0)) {
            f->done++;
            return f;
        }
    }
    return NULL;
}
