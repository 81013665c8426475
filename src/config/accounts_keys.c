#include "config/accounts_keys.h"

#include <string.h>

#include "base/bytes.h"
#include "io/dial.h"
#include "tls/plan.h"

static bool is_printable(const char *value)
{
    for (const char *c = value; *c; c = g_utf8_next_char(c)) {
        if (g_unichar_iscntrl(g_utf8_get_char(c))) {
            return false;
        }
    }
    return *value != '\0';
}

static bool is_demand(const char *value)
{
    TlsDemand demand;
    return tls_demand_parse(value, &demand, NULL);
}

static bool is_version(const char *value)
{
    TlsVersion version;
    return tls_version_parse(value, &version, NULL);
}

static bool is_pin(const char *value)
{
    uint8_t pin[32];
    return tls_pin_parse(value, pin, NULL);
}

static bool is_via(const char *value)
{
    const char *const via[] = {value, NULL};
    DialPlan plan = {.host = "localhost", .port = 25, .via = via};
    return dial_plan_check(&plan, NULL);
}

/* The names SASL allows (RFC 4422 section 3.1), and the protocols' own ways ("USER/PASS"). */
static bool is_mechanism(const char *value)
{
    size_t len =
        strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_/ ");
    return len > 0 && len <= 40 && value[len] == '\0';
}

static bool is_host_name(const char *value)
{
    return is_printable(value) && !strpbrk(value, " \t");
}

static bool is_after(const char *value)
{
    bool word = strcmp(value, "keep") == 0 || strcmp(value, "delete") == 0;
    bool move = g_str_has_prefix(value, "move:") && value[5];
    bool flag = g_str_has_prefix(value, "flag:") && value[5];
    return is_printable(value) && (word || move || flag);
}

/* RFC 3461 section 4.1: NEVER stands alone. */
static bool is_dsn(const char *value)
{
    static const char *const words[] = {"success", "failure", "delay", NULL};
    if (strcmp(value, "never") == 0) {
        return true;
    }
    g_auto(GStrv) list = g_strsplit(value, ",", -1);
    for (char **word = list; *word; word++) {
        if (!g_strv_contains(words, g_strstrip(*word))) {
            return false;
        }
    }
    return list[0] != NULL;
}

/* A word misspelt is no directory: one has a whole path. */
static bool is_queue(const char *value)
{
    static const char *const words[] = {"true", "yes", "1", "false", "no", "0", "always", NULL};
    bool path = *value == '/' || g_str_has_prefix(value, "~/");
    return g_strv_contains(words, value) || (path && is_printable(value));
}

#define AT(member) offsetof(Account, member)
const AccountKey account_keys[] = {
    {"url", AT(url), KEY_STRING, GROUP_NONE, is_printable, "an address such as imaps://HOST"},
    {"user", AT(user), KEY_STRING, GROUP_NONE, is_printable, "a user name"},
    {"auth", AT(auth), KEY_WORDS, GROUP_NONE, is_mechanism,
     "mechanisms such as SCRAM-SHA-256;PLAIN"},
    {"password-command", AT(password_command), KEY_STRING, GROUP_PASSWORD, is_printable,
     "a command"},
    {"password-file", AT(password_file), KEY_FILE, GROUP_PASSWORD, is_printable, "a file name"},
    {"password", AT(password), KEY_SECRET, GROUP_PASSWORD, NULL, "some text"},
    {"oauth", AT(oauth), KEY_STRING, GROUP_TOKEN, is_printable, "the name of an OAuth login"},
    {"token-command", AT(token_command), KEY_STRING, GROUP_TOKEN, is_printable, "a command"},
    {"from", AT(from), KEY_LIST, GROUP_NONE, is_printable, "patterns such as *@example.org;joe@*"},
    {"tls", AT(tls), KEY_STRING, GROUP_NONE, is_demand, "required, opportunistic or off"},
    {"tls-min", AT(tls_min), KEY_STRING, GROUP_NONE, is_version, "1.0, 1.1, 1.2 or 1.3"},
    {"ca-file", AT(ca_file), KEY_FILE, GROUP_NONE, is_printable, "a file name"},
    {"pin", AT(pin), KEY_WORDS, GROUP_NONE, is_pin, "sha256: and 64 hexadecimal digits"},
    {"dane", AT(dane), KEY_BOOL, GROUP_NONE, NULL, "true or false"},
    {"client-cert", AT(client_cert), KEY_FILE, GROUP_NONE, is_printable, "a file name"},
    {"client-key", AT(client_key), KEY_FILE, GROUP_NONE, is_printable, "a file name"},
    {"via", AT(via), KEY_LIST, GROUP_NONE, is_via,
     "hops such as ssh://[USER@]HOST[:PORT] or socks5://[USER@]HOST:PORT"},
    {"ehlo", AT(ehlo), KEY_STRING, GROUP_NONE, is_host_name, "a host name"},
    {"folders", AT(folders), KEY_LIST, GROUP_NONE, is_printable,
     "folder patterns such as INBOX;Lists/*"},
    {"to", AT(to), KEY_STRING, GROUP_NONE, is_printable,
     "where mail is put, such as maildir:~/Mail"},
    {"after", AT(after), KEY_STRING, GROUP_NONE, is_after,
     "keep, delete, move:FOLDER or flag:FLAG"},
    {"keep-days", AT(keep_days), KEY_DAYS, GROUP_NONE, NULL, "a number of days"},
    {"max-size", AT(max_size), KEY_SIZE, GROUP_NONE, NULL, "a size such as 500k, 25M or 1G"},
    {"queue", AT(queue), KEY_STRING, GROUP_NONE, is_queue,
     "true, false, always or the whole path of a directory"},
    {"dsn", AT(dsn), KEY_STRING, GROUP_NONE, is_dsn, "never, or a list of success,failure,delay"},
    {NULL},
};

const AccountKey *account_key_find(const char *key)
{
    for (const AccountKey *row = account_keys; row->key; row++) {
        if (strcmp(row->key, key) == 0) {
            return row;
        }
    }
    return NULL;
}

Account *account_new(void)
{
    Account *account = g_new0(Account, 1);
    account->dane = -1;
    account->keep_days = -1;
    account->max_size = -1;
    return account;
}

static void *slot_of(const Account *account, const AccountKey *key)
{
    return (char *)account + key->offset;
}

void account_free(Account *account)
{
    if (!account) {
        return;
    }
    for (const AccountKey *key = account_keys; key->key; key++) {
        void *slot = slot_of(account, key);
        if (key->kind == KEY_STRING || key->kind == KEY_FILE) {
            g_free(*(char **)slot);
        } else if (key->kind == KEY_LIST || key->kind == KEY_WORDS) {
            g_strfreev(*(char ***)slot);
        } else if (key->kind == KEY_SECRET) {
            secret_free(*(Secret **)slot);
        }
    }
    g_free(account->name);
    g_free(account->file);
    g_free(account);
}

bool account_key_is_set(const Account *account, const AccountKey *key)
{
    const void *slot = slot_of(account, key);
    switch (key->kind) {
    case KEY_BOOL:
    case KEY_DAYS:
        return *(const int *)slot != -1;
    case KEY_SIZE:
        return *(const int64_t *)slot != -1;
    default:
        return *(void *const *)slot != NULL;
    }
}

void account_key_copy(Account *to, const Account *from, const AccountKey *key)
{
    const void *source = slot_of(from, key);
    void *slot = slot_of(to, key);
    switch (key->kind) {
    case KEY_BOOL:
    case KEY_DAYS:
        *(int *)slot = *(const int *)source;
        break;
    case KEY_SIZE:
        *(int64_t *)slot = *(const int64_t *)source;
        break;
    case KEY_LIST:
    case KEY_WORDS:
        *(char ***)slot = g_strdupv(*(char **const *)source);
        break;
    case KEY_SECRET:
        *(Secret **)slot = secret_copy(*(Secret *const *)source);
        break;
    case KEY_STRING:
    case KEY_FILE:
        *(char **)slot = g_strdup(*(char *const *)source);
        break;
    }
}

bool account_size_parse(const char *text, int64_t *ret)
{
    size_t digits = strspn(text, "0123456789");
    static const char units[] = "kKmMgG";
    unsigned shift = 0;
    if (text[digits]) {
        const char *unit = strchr(units, text[digits]);
        if (!unit || text[digits + 1]) {
            return false;
        }
        shift = 10 * (unsigned)((unit - units) / 2 + 1);
    }
    uint64_t number;
    if (!bytes_number((Bytes){text, digits}, (uint64_t)INT64_MAX >> shift, &number)) {
        return false;
    }
    *ret = (int64_t)(number << shift);
    return true;
}
