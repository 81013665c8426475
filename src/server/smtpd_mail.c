/* smtpd_mail.c: MAIL, RCPT, DATA and BDAT (RFC 5321, 3030, 1870, 3461), and what becomes of the
 * message. */
#include <string.h>

#include "proto/dot_text.h"
#include "server/smtpd.h"

enum { RCPT_MAX = 1000, ADDRESS_MAX = 1000 };
#define CATCH_ALL "catch-all"

/* --- the envelope --- */

/* "FROM:<a@b> X=1 ..." -> the address; the parameters stay in *args. NULL when malformed. */
static char *take_path(Guest *g, Bytes *args, const char *word)
{
    if (!bytes_starts_ci(*args, word)) {
        return NULL;
    }
    Bytes rest = bytes_trim(bytes_sub(*args, strlen(word), SIZE_MAX));
    if (bytes_starts(rest, "<")) {
        gssize end = bytes_index(rest, '>');
        if (end < 0 || end > ADDRESS_MAX) {
            return NULL;
        }
        *args = bytes_trim(bytes_sub(rest, (size_t)end + 1, SIZE_MAX));
        return bytes_dup(bytes_sub(rest, 1, (size_t)end - 1));
    }
    Bytes bare = bytes_word(&rest);
    if (bare.len == 0 || bare.len > ADDRESS_MAX) {
        return NULL;
    }
    guest_conduct(g, true, "no-brackets", "wrote an address without angle brackets");
    *args = rest;
    return bytes_dup(bare);
}

/* "550+anything@..." is answered with 550, as sender and as recipient: whoever writes a test needs
 * no option for that. */
static bool refused_by_address(Smtpd *s, const char *address)
{
    Guest *g = s->g;
    bool code = strlen(address) > 4 && (address[0] == '4' || address[0] == '5') &&
                g_ascii_isdigit(address[1]) && g_ascii_isdigit(address[2]) && address[3] == '+';
    if (!code) {
        return false;
    }
    guest_tell(g, SANDBOX_FAULT, "the address says %.3s", address);
    guest_reply(g, "%.3s %c.0.0 as the address says", address, address[0]);
    g->closing = strncmp(address, "421", 3) == 0;
    return true;
}

/* Takes "KEY=VALUE" parameters one by one; false at the end. */
static bool take_parameter(Bytes *args, Bytes *key, Bytes *value)
{
    Bytes word = bytes_word(args);
    gssize equals = bytes_index(word, '=');
    *key = bytes_sub(word, 0, equals < 0 ? word.len : (size_t)equals);
    *value = bytes_sub(word, equals < 0 ? word.len : (size_t)equals + 1, SIZE_MAX);
    return word.len > 0;
}

/* RFC 6531 section 3.5. */
static bool wants_utf8(Smtpd *s, const char *address)
{
    bool beyond = false;
    for (const char *c = address; *c; c++) {
        beyond = beyond || (guchar)*c >= 0x80;
    }
    if (beyond && !s->utf8) {
        guest_reply(s->g, "553 5.6.7 an address beyond ASCII wants SMTPUTF8 at MAIL");
    }
    return beyond && !s->utf8;
}

/* The reply to a bad parameter of MAIL, or NULL. */
static const char *mail_parameter(Smtpd *s, Bytes key, Bytes value)
{
    static const char *const known[] = {"BODY", "SMTPUTF8", "RET", "ENVID", "AUTH"};
    if (bytes_equal_ci(key, "SIZE")) {
        if (!bytes_number(value, G_MAXINT64, &s->declared)) {
            return "501 5.5.4 SIZE is a number";
        }
        return s->declared > sandbox_max_size(s->g->box)
                   ? "552 5.3.4 that is more than is taken here"
                   : NULL;
    }
    if (bytes_equal_ci(key, "REQUIRETLS")) {
        s->require_tls = true;
        return s->g->encrypted ? NULL : "530 5.7.10 REQUIRETLS outside TLS";
    }
    s->utf8 = s->utf8 || bytes_equal_ci(key, "SMTPUTF8");
    s->binary = s->binary || bytes_equal_ci(value, "BINARYMIME");
    if (bytes_equal_ci(key, "BODY") && !bytes_equal_ci(value, "7BIT") &&
        !bytes_equal_ci(value, "8BITMIME") && !bytes_equal_ci(value, "BINARYMIME")) {
        return "501 5.5.4 BODY is 7BIT, 8BITMIME or BINARYMIME";
    }
    if (bytes_equal_ci(key, "RET") && !bytes_equal_ci(value, "FULL") &&
        !bytes_equal_ci(value, "HDRS")) {
        return "501 5.5.4 RET is FULL or HDRS";
    }
    for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
        if (bytes_equal_ci(key, known[i])) {
            return NULL;
        }
    }
    return "555 5.5.4 no such parameter";
}

/* The address within MAIL's or RCPT's arguments, however badly they are written. */
static char *address_within(Bytes args)
{
    gssize colon = bytes_index(args, ':');
    Bytes rest = bytes_trim(bytes_sub(args, (size_t)(colon + 1), SIZE_MAX));
    if (bytes_starts(rest, "<")) {
        gssize end = bytes_index(rest, '>');
        return bytes_dup(bytes_sub(rest, 1, end > 0 ? (size_t)end - 1 : SIZE_MAX));
    }
    return bytes_dup(bytes_word(&rest));
}

void smtpd_note_address(Smtpd *s, Bytes args)
{
    Guest *g = s->g;
    bool mail = strcmp(g->command, "MAIL") == 0;
    if (mail || strcmp(g->command, "RCPT") == 0) {
        char **place = mail ? &g->from : &g->to;
        g_free(*place);
        *place = address_within(args);
    }
}

bool smtpd_mail(Smtpd *s, Bytes args, GError **error)
{
    Guest *g = s->g;
    (void)error;
    if (!s->greeted || s->mail) {
        guest_reply(g, s->mail ? "503 5.5.1 there is a sender" : "503 5.5.1 hello first");
        return true;
    }
    g_autofree char *from = take_path(g, &args, "FROM:");
    if (!from) {
        guest_reply(g, "501 5.5.4 MAIL FROM:<ADDRESS>");
        return true;
    }
    Bytes key, value;
    s->utf8 = s->binary = false;
    while (take_parameter(&args, &key, &value)) {
        const char *wrong = mail_parameter(s, key, value);
        if (wrong) {
            guest_reply(g, "%s", wrong);
            return true;
        }
    }
    if (wants_utf8(s, from) || refused_by_address(s, from)) {
        return true;
    }
    s->mail = true;
    s->from = g_strdup(from);
    guest_reply(g, "250 2.1.0 the sender is fine");
    return true;
}

/* RFC 3461 sections 4.1 and 4.2. */
static bool is_notify(Bytes value)
{
    static const char *const words[] = {"SUCCESS", "FAILURE", "DELAY"};
    if (bytes_equal_ci(value, "NEVER")) {
        return true;
    }
    while (value.len > 0) {
        gssize comma = bytes_index(value, ',');
        Bytes word = bytes_sub(value, 0, comma < 0 ? value.len : (size_t)comma);
        value = bytes_sub(value, comma < 0 ? value.len : (size_t)comma + 1, SIZE_MAX);
        bool known = false;
        for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
            known = known || bytes_equal_ci(word, words[i]);
        }
        if (!known || (comma >= 0 && value.len == 0)) {
            return false;
        }
    }
    return true;
}

static bool rcpt_parameter(Bytes key, Bytes value, char **notify, char **orcpt)
{
    if (bytes_equal_ci(key, "NOTIFY")) {
        g_free(*notify);
        *notify = bytes_dup(value);
        return value.len > 0 && is_notify(value);
    }
    if (bytes_equal_ci(key, "ORCPT")) {
        g_free(*orcpt);
        *orcpt = bytes_dup(value);
        return bytes_index(value, ';') > 0;
    }
    return false;
}

bool smtpd_rcpt(Smtpd *s, Bytes args, GError **error)
{
    Guest *g = s->g;
    (void)error;
    g_autofree char *to = s->mail ? take_path(g, &args, "TO:") : NULL;
    if (!to || !*to || s->rcpts->len >= RCPT_MAX) {
        guest_reply(g, !s->mail    ? "503 5.5.1 MAIL first"
                       : to && *to ? "452 4.5.3 too many recipients"
                                   : "501 5.5.4 RCPT TO:<ADDRESS>");
        return true;
    }
    g_autofree char *notify = NULL, *orcpt = NULL;
    Bytes key, value;
    while (take_parameter(&args, &key, &value)) {
        if (!rcpt_parameter(key, value, &notify, &orcpt)) {
            guest_reply(g, "%s",
                        "501 5.5.4 NOTIFY=NEVER, or SUCCESS,FAILURE,DELAY; "
                        "ORCPT=TYPE;ADDRESS");
            return true;
        }
    }
    if (wants_utf8(s, to) || refused_by_address(s, to)) {
        return true;
    }
    SmtpRcpt *rcpt = g_new0(SmtpRcpt, 1);
    *rcpt = (SmtpRcpt){to, orcpt, notify};
    to = orcpt = notify = NULL; /* they are the recipient's */
    g_ptr_array_add(s->rcpts, rcpt);
    guest_reply(g, "250 2.1.5 the recipient is fine");
    return true;
}

/* --- what becomes of it --- */

/* The user an address is of: itself, or its local part; else nobody's: the catch-all. */
static MailUser *owner_of(Smtpd *s, const char *address)
{
    const SandboxPlan *plan = s->g->box->plan;
    const char *at = strrchr(address, '@');
    g_autofree char *local = at ? g_strndup(address, (gsize)(at - address)) : g_strdup(address);
    const char *plus = strchr(local, '+');
    g_autofree char *base = plus ? g_strndup(local, (gsize)(plus - local)) : g_strdup(local);
    for (guint i = 0; plan->users && i < plan->users->len; i++) {
        const SandboxUser *user = plan->users->pdata[i];
        if (g_ascii_strcasecmp(user->name, address) == 0 ||
            g_ascii_strcasecmp(user->name, local) == 0 ||
            g_ascii_strcasecmp(user->name, base) == 0) {
            return mailstore_user(s->g->box->store, user->name, NULL);
        }
    }
    MailUser *known = mailstore_find_user(s->g->box->store, local);
    return known ? known
                 : mailstore_user(s->g->box->store, plan->accept_any ? local : CATCH_ALL, NULL);
}

static bool deliver(Smtpd *s, const SmtpRcpt *rcpt, GBytes *text, GError **error)
{
    Sandbox *box = s->g->box;
    const Mail as = {.from = s->from, .to = rcpt->address};
    MailUser *user = owner_of(s, rcpt->address);
    MailFolder *inbox = user ? mail_find_folder(user, "INBOX") : NULL;
    Mail *mail = inbox ? mail_add(box->store, inbox, text, &as, error) : NULL;
    if (!mail) {
        return false;
    }
    sandbox_remember(box, inbox, mail);
    return true;
}

/* Puts it into every recipient's mailbox; LMTP answers for each. For faults this moment is the
 * command ".". Suspends. */
static bool finish(Smtpd *s, GBytes *text, GError **error)
{
    Guest *g = s->g;
    unsigned stored = 0;
    FaultEffect effect;
    g_strlcpy(g->command, ".", sizeof(g->command));
    if (!guest_fault_at_command(g, NULL, &effect, error)) {
        return false;
    }
    if (effect != FAULT_NOTHING) {
        g->closing = effect == FAULT_CLOSE;
        smtpd_reset(s);
        return true;
    }
    for (guint i = 0; i < s->rcpts->len; i++) {
        const SmtpRcpt *rcpt = s->rcpts->pdata[i];
        g_autoptr(GError) why = NULL;
        bool ok = g->box->plan->discard || deliver(s, rcpt, text, &why);
        stored += ok;
        if (s->lmtp) {
            guest_reply(g, ok ? "250 2.0.0 <%s> has it" : "451 4.3.0 <%s> cannot be written",
                        rcpt->address);
        }
    }
    if (!s->lmtp) {
        guest_reply(g,
                    stored == s->rcpts->len ? "250 2.0.0 taken" : "451 4.3.0 it cannot be written");
    }
    guest_tell(g, SANDBOX_MAIL, "from <%s> to %u recipient%s, %zu octets", s->from, s->rcpts->len,
               s->rcpts->len == 1 ? "" : "s", g_bytes_get_size(text));
    if (stored) {
        sandbox_took_mail(g->box);
    }
    smtpd_reset(s);
    return true;
}

/* --- DATA --- */

/* Reads up to the dot; what is above the limit is read and thrown away. Suspends. */
static bool read_text(Smtpd *s, GByteArray *text, bool *too_much, GError **error)
{
    DotReader reader;
    Bytes there, piece;
    dot_reader_begin(&reader);
    while (!dot_reader_ended(&reader)) {
        if (!wire_peek(s->g->wire, &there, error)) {
            return false;
        }
        Bytes rest = there;
        while (dot_reader_text(&reader, &rest, &piece)) {
            *too_much = *too_much || text->len + piece.len > sandbox_max_size(s->g->box);
            if (!*too_much) {
                g_byte_array_append(text, (const guint8 *)piece.data, (guint)piece.len);
            }
        }
        wire_take(s->g->wire, there.len - rest.len);
    }
    return true;
}

bool smtpd_data(Smtpd *s, Bytes args, GError **error)
{
    Guest *g = s->g;
    bool by_chunks = s->chunking || s->binary; /* RFC 3030 section 3 */
    if (args.len > 0 || s->rcpts->len == 0 || by_chunks) {
        guest_reply(g, args.len      ? "501 5.5.4 DATA takes no argument"
                       : s->chunking ? "503 5.5.1 BDAT was begun"
                       : s->binary   ? "503 5.5.1 BINARYMIME goes by BDAT"
                                     : "503 5.5.1 no recipients");
        return true;
    }
    guest_reply(g, "354 up to a line with a dot");
    g_autoptr(GByteArray) text = g_byte_array_new();
    bool too_much = false;
    if (!guest_flush(g, error)) {
        return false;
    }
    if (g->drop_after) {
        return error_fail(error, POSTERN_ERROR_CANCELLED, "closed on purpose");
    }
    if (!g->box->plan->discard) {
        mailstore_prepare(g->box->store); /* while the client reads our answer */
    }
    if (!read_text(s, text, &too_much, error)) {
        return false;
    }
    guest_tell_payload(g, bytes_of_array(text));
    if (too_much) {
        guest_reply(g, "552 5.3.4 that is more than is taken here");
        smtpd_reset(s);
        return true;
    }
    g_autoptr(GBytes) bytes = g_byte_array_free_to_bytes(g_steal_pointer(&text));
    return finish(s, bytes, error);
}

/* --- BDAT (RFC 3030) --- */

/* A chunk comes whatever the answer will be. */
static bool read_chunk(Smtpd *s, uint64_t octets, bool keep, GError **error)
{
    while (octets > 0) {
        Bytes there;
        if (!wire_peek(s->g->wire, &there, error)) {
            return false;
        }
        size_t n = (size_t)MIN(there.len, octets);
        if (keep) {
            g_byte_array_append(s->chunks, (const guint8 *)there.data, (guint)n);
        }
        wire_take(s->g->wire, n);
        octets -= n;
    }
    return true;
}

bool smtpd_bdat(Smtpd *s, Bytes args, GError **error)
{
    Guest *g = s->g;
    uint64_t octets;
    Bytes size = bytes_word(&args);
    bool last = bytes_equal_ci(args, "LAST");
    if (!bytes_number(size, G_MAXINT64, &octets) || (args.len > 0 && !last)) {
        guest_reply(g, "501 5.5.4 BDAT OCTETS [LAST]");
        g->closing = true; /* where the next command begins cannot be told */
        return true;
    }
    bool fits = octets <= sandbox_max_size(s->g->box) &&
                s->chunks->len + octets <= sandbox_max_size(s->g->box);
    bool wanted = s->rcpts->len > 0;
    if (!guest_flush(g, error) || !read_chunk(s, octets, wanted && fits, error)) {
        return false;
    }
    guest_tell_payload(g, bytes_sub(bytes_of_array(s->chunks), s->chunks->len - (size_t)octets,
                                    fits && wanted ? (size_t)octets : 0));
    FaultEffect effect;
    if (!guest_fault_at_command(g, NULL, &effect, error)) {
        return false;
    }
    if (effect != FAULT_NOTHING) {
        g->closing = effect == FAULT_CLOSE;
        smtpd_reset(s);
        return true;
    }
    if (!wanted || !fits) {
        guest_reply(g, wanted ? "552 5.3.4 that is more than is taken here"
                              : "503 5.5.1 no recipients");
        smtpd_reset(s);
        return true;
    }
    s->chunking = true;
    if (!last) {
        guest_reply(g, "250 2.0.0 %" G_GUINT64_FORMAT " octets", octets);
        return true;
    }
    g_autoptr(GBytes) bytes = g_bytes_new(s->chunks->data, s->chunks->len);
    return finish(s, bytes, error);
}
