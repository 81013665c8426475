/* imap_source_change.c: removing, flagging and moving messages, in sets of UIDs. */
#include <string.h>

#include "fetch/imap_source.h"

static ImapSet *set_of(const SourceMessage *const *messages, size_t n)
{
    ImapSet *set = imap_set_new();
    for (size_t i = 0; i < n; i++) {
        imap_set_add(set, messages[i]->number);
    }
    imap_set_tidy(set);
    return set;
}

static bool may_change(const ImapSource *s, GError **error)
{
    if (!s->folder) {
        return error_fail(error, POSTERN_ERROR_USAGE, "no folder is open");
    }
    return !s->read_only ||
           error_fail(error, POSTERN_ERROR_UNAVAILABLE,
                      "the folder %s can only be read: nothing in it can be changed", s->folder);
}

/* One command for each part of the set; `format` has the set's place. Suspends. */
static bool for_each_part(ImapSource *s, const ImapSet *set, const char *before, const char *after,
                          const char *what, GError **error)
{
    size_t at = 0;
    char *text;
    bool ok = true;
    while (ok && (text = imap_set_text(set, &at, IMAP_COMMAND_MAX))) {
        ImapTag tag = imap_next_tag(s->base.session);
        ok = wire_sendf(s->wire, error, "%s %s %s%s", tag.text, before, text, after) &&
             imap_source_await_ok(s, tag, NULL, NULL, what, error);
        g_free(text);
    }
    return ok;
}

/* --- removing --- */

/* Are others marked as deleted than those of the set? EXPUNGE would take them too. */
typedef struct {
    const ImapSet *ours;
    bool others;
} Marked;

static bool take_marked(ImapSource *s, const ImapResponse *response, void *user, GError **error)
{
    Marked *marked = user;
    Bytes rest = response->rest;
    uint64_t uid;
    (void)s, (void)error;
    if (bytes_equal_ci(response->word, "SEARCH")) {
        while (rest.len && !bytes_starts(rest, "(")) {
            bool known = bytes_number(bytes_word(&rest), UINT32_MAX, &uid) &&
                         imap_set_has(marked->ours, (uint32_t)uid);
            marked->others |= !known;
        }
    }
    return true;
}

static bool expunge_all(ImapSource *s, const ImapSet *set, bool *only_marked, GError **error)
{
    Marked marked = {set, false};
    ImapTag tag = imap_next_tag(s->base.session);
    if (!wire_sendf(s->wire, error, "%s UID SEARCH DELETED", tag.text) ||
        !imap_source_await_ok(s, tag, take_marked, &marked, "looking for marked messages", error)) {
        return false;
    }
    *only_marked = marked.others;
    if (marked.others) {
        return true;
    }
    tag = imap_next_tag(s->base.session);
    return wire_sendf(s->wire, error, "%s EXPUNGE", tag.text) &&
           imap_source_await_ok(s, tag, NULL, NULL, "removing messages", error);
}

static bool remove_set(ImapSource *s, const ImapSet *set, bool *only_marked, GError **error)
{
    if (!for_each_part(s, set, "UID STORE", " +FLAGS.SILENT (\\Deleted)", "marking messages",
                       error)) {
        return false;
    }
    return imap_source_has(s, "UIDPLUS")
               ? for_each_part(s, set, "UID EXPUNGE", "", "removing messages", error)
               : expunge_all(s, set, only_marked, error);
}

/* --- moving --- */

static bool create(ImapSource *s, const char *raw, GError **error)
{
    ImapTag tag = imap_next_tag(s->base.session);
    return imap_source_send_name(s, tag, "CREATE", raw, "", error) &&
           imap_source_await_ok(s, tag, NULL, NULL, "making the folder", error);
}

static bool transfer_part(ImapSource *s, const char *command, const char *raw, bool *missing,
                          GError **error)
{
    ImapResponse response;
    ImapTag tag = imap_next_tag(s->base.session);
    *missing = false;
    if (!imap_source_send_name(s, tag, command, raw, "", error) ||
        !imap_source_await(s, tag, NULL, NULL, &response, error)) {
        return false;
    }
    /* RFC 3501 6.4.7: it is not there, and could be made */
    *missing = response.status == IMAP_NO && !strcmp(response.code, "TRYCREATE");
    return response.status == IMAP_OK || *missing ||
           imap_source_refused(s, &response, "moving messages", error);
}

static bool transfer(ImapSource *s, const ImapSet *set, const char *verb, const char *raw,
                     GError **error)
{
    size_t at = 0;
    char *text;
    bool ok = true, missing;
    while (ok && (text = imap_set_text(set, &at, IMAP_COMMAND_MAX))) {
        g_autofree char *command = g_strdup_printf("%s %s", verb, text);
        ok = transfer_part(s, command, raw, &missing, error);
        if (ok && missing) {
            ok = create(s, raw, error) && transfer_part(s, command, raw, &missing, error) &&
                 (!missing || error_fail(error, POSTERN_ERROR_UNAVAILABLE,
                                         "the folder to move to cannot be made"));
        }
        g_free(text);
    }
    return ok;
}

/* MOVE (RFC 6851), or what it stands for. *only_marked as in source_delete(). */
static bool move_set(ImapSource *s, const ImapSet *set, const char *raw, bool *only_marked,
                     GError **error)
{
    return imap_source_has(s, "MOVE")
               ? transfer(s, set, "UID MOVE", raw, error)
               : transfer(s, set, "UID COPY", raw, error) && remove_set(s, set, only_marked, error);
}

/* "/" for the server's own delimiter. */
static char *target_name(ImapSource *s, const char *folder, GError **error)
{
    if (strchr(folder, '/') && !imap_source_learn_folders(s, error)) {
        return NULL;
    }
    g_autofree char *name = g_strdup(folder);
    if (s->delimiter) {
        g_strdelimit(name, "/", s->delimiter);
    }
    return imap_source_raw_name(s, name, error);
}

bool imap_source_move(Source *source, const SourceMessage *const *messages, size_t n,
                      const char *folder, GError **error)
{
    ImapSource *s = (ImapSource *)source;
    bool only_marked = false;
    if (!may_change(s, error)) {
        return false;
    }
    g_autofree char *raw = target_name(s, folder, error);
    g_autoptr(ImapSet) set = set_of(messages, n);
    if (!raw || !move_set(s, set, raw, &only_marked, error)) {
        return false;
    }
    if (only_marked) {
        wire_note(s->wire, WIRE_NOTE,
                  "what was copied to %s is marked as deleted here, and not removed: others are "
                  "marked too",
                  folder);
    }
    return true;
}

/* At Gmail EXPUNGE takes a label away and leaves the message in All Mail: what is to be removed
 * goes to its trash. */
bool imap_source_remove(Source *source, const SourceMessage *const *messages, size_t n,
                        bool *ret_only_marked, GError **error)
{
    ImapSource *s = (ImapSource *)source;
    if (!may_change(s, error) || (s->gmail && !imap_source_learn_folders(s, error))) {
        return false;
    }
    g_autoptr(ImapSet) set = set_of(messages, n);
    if (s->gmail && s->trash) {
        g_autofree char *here = imap_source_raw_name(s, s->folder, error);
        if (!here) {
            return false;
        }
        if (strcmp(here, s->trash) != 0) {
            return move_set(s, set, s->trash, ret_only_marked, error);
        }
    }
    return remove_set(s, set, ret_only_marked, error);
}

/* --- flags --- */

/* "\*" lets any keyword be kept (RFC 3501 7.1). A server that tells nothing keeps what it will. */
static bool is_kept(const ImapSource *s, const char *flag)
{
    if (!s->permanent) {
        return true;
    }
    Bytes rest = bytes_trim(bytes_of(s->permanent));
    rest = bytes_sub(rest, bytes_starts(rest, "("), rest.len);
    while (rest.len) {
        Bytes word = bytes_word(&rest);
        if (word.len && word.data[word.len - 1] == ')') {
            word.len--;
        }
        if (bytes_equal_ci(word, flag) || (flag[0] != '\\' && bytes_equal_ci(word, "\\*"))) {
            return true;
        }
    }
    return false;
}

static bool is_flag(const char *flag)
{
    const char *name = flag + (flag[0] == '\\');
    for (const char *p = name; *p; p++) {
        if (!g_ascii_isgraph(*p) || strchr("(){%*\"\\]", *p)) {
            return false;
        }
    }
    return *name != 0;
}

bool imap_source_flag(Source *source, const SourceMessage *const *messages, size_t n,
                      const char *flag, GError **error)
{
    ImapSource *s = (ImapSource *)source;
    if (!is_flag(flag)) {
        return error_fail(error, POSTERN_ERROR_USAGE, "\"%s\" is no flag: write \\Seen or $Fetched",
                          flag);
    }
    if (!may_change(s, error)) {
        return false;
    }
    if (!is_kept(s, flag)) {
        return error_fail(error, POSTERN_ERROR_UNAVAILABLE,
                          "the server does not keep the flag %s in %s: it keeps %s", flag,
                          s->folder, s->permanent);
    }
    g_autoptr(ImapSet) set = set_of(messages, n);
    g_autofree char *after = g_strdup_printf(" +FLAGS.SILENT (%s)", flag);
    return for_each_part(s, set, "UID STORE", after, "flagging messages", error);
}
