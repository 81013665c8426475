/* sendmail.c: the command line that programs know: `sendmail -t -i < MESSAGE`. The account is the
 * one whose `from` patterns fit the sender. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/command.h"
#include "cmd/help.h"
#include "cmd/send.h"
#include "cmd/sendmail.h"
#include "config/accounts.h"
#include "mime/address.h"
#include "mime/compose_header.h"
#include "send/header.h"

/* --- the words --- */

static void set_text(char **to, const char *value, bool upper)
{
    g_free(*to);
    *to = upper ? g_ascii_strup(value, -1) : g_strdup(value);
}

static void take_sender(Sendmail *s, const char *value)
{
    s->sender = !*value || !strcmp(value, "<>") ? "<>" : value;
}

static void take_name(Sendmail *s, const char *value)
{
    s->full_name = value;
}

static void take_mode(Sendmail *s, const char *value)
{
    s->mode = *value;
}

static void take_flush(Sendmail *s, const char *value)
{
    (void)value;
    s->mode = 'q';
}

/* -oi, -odq; the other -o are ignored. */
static void take_old_option(Sendmail *s, const char *value)
{
    s->dot_is_text |= *value == 'i';
    s->put_aside |= !strcmp(value, "dq");
}

/* How a letter takes its value. */
typedef enum { ALONE, ATTACHED, VALUE } Shape;

/* What comes of it: a bool or a string at `at`, or a call. */
typedef struct {
    char letter;
    Shape shape;
    enum { FLAG, TEXT, UPPER, CALL } kind;
    size_t at;
    void (*take)(Sendmail *s, const char *value);
} Letter;

#define AT(member) offsetof(Sendmail, member)
static const Letter letters[] = {
    {'t', ALONE, FLAG, AT(take_recipients), NULL},
    {'i', ALONE, FLAG, AT(dot_is_text), NULL},
    {'v', ALONE, FLAG, AT(send.connect.verbose), NULL},
    {'N', VALUE, UPPER, AT(send.notify), NULL},
    {'R', VALUE, UPPER, AT(send.ret), NULL},
    {'V', VALUE, TEXT, AT(send.envid), NULL},
    {'X', VALUE, TEXT, AT(send.connect.transcript), NULL},
    {'a', VALUE, TEXT, AT(send.connect.account), NULL},
    {'f', VALUE, CALL, 0, take_sender},
    {'r', VALUE, CALL, 0, take_sender},
    {'F', VALUE, CALL, 0, take_name},
    {'b', ATTACHED, CALL, 0, take_mode},
    {'q', ATTACHED, CALL, 0, take_flush},
    {'o', ATTACHED, CALL, 0, take_old_option},
};
#undef AT

/* Those that other programs have, and that mean nothing here. */
static const char *const ignored[] = {
    [ALONE] = "mnsxUGET", [ATTACHED] = "Ade", [VALUE] = "BCOLhpM"};

/* False when there is no such letter. *ret stays NULL for one that is ignored. */
static bool find_letter(char letter, Shape *shape, const Letter **ret)
{
    *ret = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(letters); i++) {
        if (letters[i].letter == letter) {
            *ret = &letters[i];
            *shape = letters[i].shape;
            return true;
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(ignored); i++) {
        if (strchr(ignored[i], letter)) {
            *shape = (Shape)i;
            return true;
        }
    }
    return false;
}

static void take(Sendmail *s, const Letter *l, const char *value)
{
    char *field = (char *)s + l->at;
    if (l->kind == CALL) {
        l->take(s, value);
    } else if (l->kind == FLAG) {
        *(bool *)field = true;
    } else {
        set_text((char **)(void *)field, value, l->kind == UPPER);
    }
}

static bool take_letters(Sendmail *s, char **argv, int *next, GError **error)
{
    const char *word = argv[*next - 1];
    for (const char *at = word + 1; *at; at++) {
        Shape shape;
        const Letter *letter;
        if (!find_letter(*at, &shape, &letter)) {
            return error_fail(error, POSTERN_ERROR_USAGE,
                              "unknown option %s (man postern-sendmail)", word);
        }
        const char *value = shape == ALONE               ? NULL
                            : at[1] || shape == ATTACHED ? at + 1
                                                         : argv[*next];
        if (shape == VALUE && !value && *at == 'h') { /* a hop count; alone it asks for help */
            s->mode = '?';
            return true;
        }
        if (shape == VALUE && !value) {
            return error_fail(error, POSTERN_ERROR_USAGE, "-%c needs a value", *at);
        }
        if (letter) {
            take(s, letter, value);
        }
        if (shape != ALONE) {
            *next += value == argv[*next];
            return true;
        }
    }
    return true;
}

static bool take_words(Sendmail *s, char **argv, GError **error)
{
    bool over = false;
    for (int next = 1; argv[next];) {
        char *word = argv[next++];
        if (over || word[0] != '-' || !word[1]) {
            g_ptr_array_add(s->recipients, word);
        } else if (!strcmp(word, "--")) {
            over = true;
        } else if (g_str_has_prefix(word, "--account=")) {
            set_text(&s->send.connect.account, strchr(word, '=') + 1, false);
        } else if (!strcmp(word, "--help")) {
            s->mode = '?';
        } else if (!take_letters(s, argv, &next, error)) {
            return false;
        }
    }
    return true;
}

/* --- who --- */

/* "root" is somebody here. The caller frees it. */
static char *qualified(const char *address)
{
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    bool whole = strpbrk(address, "@<, ") || !*address;
    return whole ? g_strdup(address) : g_strconcat(address, "@", host, NULL);
}

static bool is_for_sending(const Account *a)
{
    g_autoptr(Target) target = a->url ? target_parse(a->url, NULL, NULL) : NULL;
    const Proto *proto = target ? target->scheme->proto : NULL;
    return proto == &proto_smtp || proto == &proto_submission || proto == &proto_lmtp;
}

static bool fits(const Account *a, const char *sender)
{
    g_autofree char *low = g_ascii_strdown(sender ? sender : "", -1);
    for (char **pattern = a->from; pattern && *pattern; pattern++) {
        g_autofree char *glob = g_ascii_strdown(*pattern, -1);
        if (g_pattern_match_simple(glob, low)) {
            return true;
        }
    }
    return false;
}

/* By a pattern; else the one called "default"; else the first that can send. */
static bool choose_account(Sendmail *s, const char *sender, GError **error)
{
    if (s->send.connect.account) {
        return true;
    }
    g_autoptr(GPtrArray) accounts = accounts_load(s->send.connect.config, error);
    if (!accounts) {
        return false;
    }
    const Account *fitting = NULL, *named = NULL, *first = NULL;
    for (guint i = accounts->len; i-- > 0;) {
        const Account *a = g_ptr_array_index(accounts, i);
        bool sends = is_for_sending(a);
        fitting = sends && fits(a, sender) ? a : fitting;
        named = sends && !strcmp(a->name, "default") ? a : named;
        first = sends ? a : first;
    }
    const Account *chosen = fitting ? fitting : named ? named : first;
    if (!chosen) {
        return error_fail(error, POSTERN_ERROR_CONFIG,
                          "no account of accounts.conf can send: one needs url = "
                          "submissions://HOST (man postern-accounts)");
    }
    set_text(&s->send.connect.account, chosen->name, false);
    return true;
}

/* --- the message --- */

/* A line with a dot alone ends it, unless -i says otherwise. */
static void end_at_dot(GByteArray *raw)
{
    Bytes rest = bytes_of_array(raw);
    size_t at = 0;
    while (at < raw->len) {
        Bytes line = bytes_sub(rest, at, raw->len);
        gssize lf = bytes_index(line, '\n');
        size_t len = lf < 0 ? line.len : (size_t)lf;
        bool dot = (len == 1 || (len == 2 && line.data[1] == '\r')) && line.data[0] == '.';
        if (dot) {
            g_byte_array_set_size(raw, (guint)at);
            return;
        }
        at += len + 1;
    }
}

static char *header_sender(Bytes raw)
{
    HeaderField field;
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
    bool good = header_find(header_split(raw, NULL), "From", &field) &&
                address_list(field.value, found, NULL) && found->len;
    return good ? qualified(g_ptr_array_index(found, 0)) : NULL;
}

static char **recipient_lists(const Sendmail *s)
{
    g_autoptr(GStrvBuilder) lists = g_strv_builder_new();
    for (guint i = 0; i < s->recipients->len; i++) {
        g_autofree char *one = qualified(g_ptr_array_index(s->recipients, i));
        g_strv_builder_add(lists, one);
    }
    return g_strv_builder_end(lists);
}

/* "Joe <joe@example.org>" where -F names Joe. The caller frees it. */
static char *from_field(const Sendmail *s, const char *sender)
{
    g_autofree char *mailbox = compose_mailbox(s->full_name, sender);
    g_auto(GStrv) lines = g_strsplit(mailbox, "\n", -1);
    return g_strjoinv("\r\n", lines);
}

/* "To: joe" in a header means somebody here, too: the envelope says so, the header stays. */
static void qualify_envelope(Outgoing *message)
{
    GPtrArray *to = message->recipients;
    for (guint i = 0; i < to->len; i++) {
        char *whole = qualified(to->pdata[i]);
        g_free(to->pdata[i]);
        to->pdata[i] = whole;
    }
    if (message->sender && *message->sender) {
        char *whole = qualified(message->sender);
        g_free(message->sender);
        message->sender = whole;
    }
}

static Outgoing *make_message(Sendmail *s, GByteArray *raw, GError **error)
{
    if (s->full_name &&
        (strpbrk(s->full_name, "\r\n") || !g_utf8_validate(s->full_name, -1, NULL))) {
        error_fail(error, POSTERN_ERROR_USAGE, "-F takes a name in UTF-8, on one line");
        return NULL;
    }
    g_autofree char *own = send_default_from(NULL, NULL);
    g_autofree char *sender = s->sender ? qualified(s->sender) : NULL;
    g_autofree char *from = from_field(s, sender && strcmp(sender, "<>") != 0 ? sender : own);
    g_auto(GStrv) lists = recipient_lists(s);
    OutgoingPlan plan = {.add_from = true,
                         .take_recipients = s->take_recipients,
                         .from = from,
                         .host = strrchr(own, '@') + 1,
                         .sender = sender,
                         .recipients = (const char *const *)lists};
    g_autoptr(Outgoing) message = outgoing_new(bytes_of_array(raw), &plan, error);
    if (message && !message->sender && !outgoing_set_sender(message, own, error)) {
        return NULL;
    }
    if (message) {
        qualify_envelope(message);
    }
    if (message && !message->recipients->len) {
        error_fail(error, POSTERN_ERROR_USAGE, "nobody is named to send it to%s",
                   s->take_recipients ? " in the header" : " (-t takes them from the header)");
        return NULL;
    }
    return g_steal_pointer(&message);
}

/* Takes the message. */
static int hand_over(Sendmail *s, Outgoing *message)
{
    GError *error = NULL;
    SendOptions *o = &s->send;
    o->connect.quiet = !o->connect.verbose;
    if (!send_take_account(o, &error)) {
        outgoing_free(message);
        return command_fail(error);
    }
    if (!s->put_aside && o->queue_wish != QUEUE_ALWAYS) {
        return send_one(o, NULL, message);
    }
    g_autofree char *id = send_enqueue(o, NULL, message, NULL, NULL, &error);
    outgoing_free(message);
    return id ? 0 : command_fail(error);
}

int sendmail_message(Sendmail *s, GByteArray *raw)
{
    GError *error = NULL;
    g_autofree char *from = s->sender && strcmp(s->sender, "<>") != 0
                                ? qualified(s->sender)
                                : header_sender(bytes_of_array(raw));
    Outgoing *message = choose_account(s, from, &error) ? make_message(s, raw, &error) : NULL;
    return message ? hand_over(s, message) : command_fail(error);
}

/* --- what it is to do --- */

static int deliver(Sendmail *s)
{
    GError *error = NULL;
    g_autoptr(GByteArray) raw = send_read("-", "the message", &error);
    if (!raw) {
        return command_fail(error);
    }
    if (!s->dot_is_text) {
        end_at_dot(raw);
    }
    return sendmail_message(s, raw);
}

static int list_queue(Sendmail *s)
{
    s->send.queue_list = true;
    return send_queue_manage(&s->send);
}

static int flush_queue(Sendmail *s)
{
    s->send.connect.quiet = !s->send.connect.verbose;
    s->send.now = true;
    return send_flush(&s->send);
}

static int do_nothing(Sendmail *s)
{
    (void)s;
    return 0;
}

static int help(Sendmail *s)
{
    (void)s;
    help_print_command(&cmd_sendmail);
    return 0;
}

static const struct {
    char mode;
    int (*run)(Sendmail *s);
} modes[] = {
    {'m', deliver},    {'p', list_queue},       {'q', flush_queue},
    {'i', do_nothing}, {'s', sendmail_session}, {'?', help},
};

static char mode_by_name(const char *name)
{
    g_autofree char *base = g_path_get_basename(name);
    return !strcmp(base, "mailq") ? 'p' : !strcmp(base, "newaliases") ? 'i' : 'm';
}

static int run_mode(Sendmail *s)
{
    for (size_t i = 0; i < G_N_ELEMENTS(modes); i++) {
        if (modes[i].mode == s->mode) {
            return modes[i].run(s);
        }
    }
    GError *error = NULL;
    error_fail(&error, POSTERN_ERROR_USAGE,
               "-b%c: it is no server and knows no aliases: -bm, -bs "
               "and -bp are what it does",
               s->mode);
    return command_fail(error);
}

static int run_words(char **argv)
{
    Sendmail s = {.mode = mode_by_name(argv[0])};
    s.recipients = g_ptr_array_new();
    GError *error = NULL;
    int status = take_words(&s, argv, &error) ? run_mode(&s) : command_fail(error);
    g_ptr_array_unref(s.recipients);
    sendmail_clear(&s);
    return status;
}

void sendmail_clear(Sendmail *s)
{
    g_free(s->send.notify);
    g_free(s->send.ret);
    g_free(s->send.envid);
    g_free(s->send.connect.account);
    g_free(s->send.connect.transcript);
}

const Command cmd_sendmail = {
    .name = "sendmail",
    .summary = "hand over mail as programs do, by sendmail's command line",
    .arguments = "[-t] [-i] [-f SENDER] [RECIPIENT...]",
    .text = "Reads a message and hands it to the account whose \"from\" patterns fit its\n"
            "sender. Installed as sendmail, mailq or newaliases it is those. Its options are\n"
            "those of sendmail: man postern-sendmail.",
    .examples = "  postern sendmail -t < message.eml\n"
                "  postern sendmail -bp              what waits in the spool\n",
    .run_words = run_words,
};
