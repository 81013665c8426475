/* imap_source_list.c: what lies in a folder: UIDs, sizes, dates and flags, streamed into a listing.
 */
#include <string.h>
#include <time.h>

#include "fetch/imap_source.h"

/* Longer answers to SEARCH come in one line: servers without ESEARCH are asked for everything
 * instead, which comes in lines of its own, and it is sifted here. */
enum { SEARCH_MAX = 50 * 1000, DAY = 86400 };

static const char ITEMS[] = "(UID FLAGS INTERNALDATE RFC822.SIZE)";

typedef struct {
    const SourceListPlan *plan;
    SourceListing *listing;
    uint32_t above; /* only UIDs above this one */
} List;

/* --- one message --- */

static bool wanted(const List *list, const ImapFetch *fetch)
{
    return fetch->has_uid && fetch->has_size && fetch->uid > list->above &&
           !(list->plan->unseen && fetch->seen) &&
           !(list->plan->since && fetch->received && fetch->received < list->plan->since);
}

static bool take_message(ImapSource *s, const ImapResponse *response, void *user, GError **error)
{
    List *list = user;
    ImapFetch fetch;
    (void)s;
    if (!bytes_equal_ci(response->word, "FETCH") || !imap_parse_fetch(response->rest, &fetch) ||
        !wanted(list, &fetch)) {
        return true;
    }
    return source_listing_add(list->listing,
                              (SourceMessage){
                                  .number = fetch.uid,
                                  .size = fetch.size,
                                  .received = fetch.received,
                                  .seen = fetch.seen,
                                  .answered = fetch.answered,
                                  .flagged = fetch.flagged,
                                  .draft = fetch.draft,
                                  .deleted = fetch.deleted,
                              },
                              error);
}

static bool fetch_items(ImapSource *s, List *list, const char *set, GError **error)
{
    ImapTag tag = imap_next_tag(s->base.session);
    return wire_sendf(s->wire, error, "%s UID FETCH %s %s", tag.text, set, ITEMS) &&
           imap_source_await_ok(s, tag, take_message, list, "listing the folder", error);
}

/* --- SEARCH --- */

static bool take_esearch(Bytes rest, ImapSet *found)
{
    while (rest.len) {
        Bytes word = bytes_word(&rest);
        if (bytes_equal_ci(word, "ALL")) {
            return imap_set_parse(found, bytes_word(&rest), IMAP_SET_RANGES_MAX);
        }
    }
    return true;
}

static bool take_search(ImapSource *s, const ImapResponse *response, void *user, GError **error)
{
    ImapSet *found = user;
    Bytes rest = response->rest;
    bool ok = true;
    if (bytes_equal_ci(response->word, "ESEARCH")) {
        ok = take_esearch(rest, found);
    } else if (bytes_equal_ci(response->word, "SEARCH")) {
        while (rest.len && ok && !bytes_starts(rest, "(")) { /* "(MODSEQ 5)" may stand behind */
            ok = imap_set_parse(found, bytes_word(&rest), IMAP_SET_RANGES_MAX);
        }
    }
    if (!ok) {
        g_autofree char *words = imap_source_words(s);
        return error_fail(error, POSTERN_ERROR_PROTOCOL, "\"%s\" is no answer to a search", words);
    }
    return true;
}

/* A day earlier than asked for: servers compare days in time zones of their own. */
static void append_since(GString *command, int64_t since)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct tm day;
    time_t when = (time_t)(since - DAY);
    if (gmtime_r(&when, &day)) {
        g_string_append_printf(command, " SINCE %d-%s-%d", day.tm_mday, months[day.tm_mon],
                               day.tm_year + 1900);
    }
}

static bool search(ImapSource *s, const List *list, ImapSet *found, GError **error)
{
    ImapTag tag = imap_next_tag(s->base.session);
    g_autoptr(GString) command = g_string_new(NULL);
    g_string_printf(command, "%s UID SEARCH%s", tag.text,
                    imap_source_has(s, "ESEARCH") ? " RETURN (ALL)" : "");
    if (list->above) {
        g_string_append_printf(command, " UID %u:*", list->above + 1);
    }
    if (list->plan->unseen) {
        g_string_append(command, " UNSEEN");
    }
    if (list->plan->since) {
        append_since(command, list->plan->since);
    }
    if (!wire_send_line(s->wire, bytes_of_string(command), error) ||
        !imap_source_await_ok(s, tag, take_search, found, "searching the folder", error)) {
        return false;
    }
    imap_set_tidy(found);
    return true;
}

static bool list_found(ImapSource *s, List *list, GError **error)
{
    g_autoptr(ImapSet) found = imap_set_new();
    if (!search(s, list, found, error)) {
        return false;
    }
    size_t at = 0;
    char *text;
    bool ok = true;
    while (ok && (text = imap_set_text(found, &at, IMAP_COMMAND_MAX))) {
        ok = fetch_items(s, list, text, error);
        g_free(text);
    }
    return ok;
}

/* --- the whole --- */

static bool sifts(const SourceListPlan *plan)
{
    return plan->unseen || plan->since > DAY;
}

static int by_uid(const void *a, const void *b)
{
    const SourceMessage *one = a, *other = b;
    return (one->number > other->number) - (one->number < other->number);
}

/* Ascending, each once: what was told last holds. */
static void set_in_order(GArray *messages)
{
    guint kept = 0;
    SourceMessage *all = (SourceMessage *)(void *)messages->data;
    bool ordered = true;
    for (guint i = 1; i < messages->len && ordered; i++) {
        ordered = all[i - 1].number < all[i].number;
    }
    if (ordered) {
        return;
    }
    g_array_sort(messages, by_uid);
    for (guint i = 0; i < messages->len; i++) {
        kept -= kept && all[kept - 1].number == all[i].number;
        all[kept++] = all[i];
    }
    g_array_set_size(messages, kept);
}

static bool nothing_can_be_new(const ImapSource *s, const List *list)
{
    return s->exists == 0 || list->above == UINT32_MAX ||
           (s->uid_next && list->above && s->uid_next <= list->above + 1);
}

static bool fill(ImapSource *s, List *list, GError **error)
{
    if (nothing_can_be_new(s, list)) {
        return true;
    }
    if (sifts(list->plan) && (imap_source_has(s, "ESEARCH") || s->exists <= SEARCH_MAX)) {
        return list_found(s, list, error);
    }
    g_autofree char *set = g_strdup_printf("%u:*", list->above + 1);
    return fetch_items(s, list, set, error);
}

/* Opening the folder and asking for what is new in it go in one packet, for it mostly is the folder
 * it was. *done when the listing is filled. Suspends. */
static bool open_and_ask(ImapSource *s, List *list, bool *done, GError **error)
{
    ImapTag select, fetch = {""};
    ImapResponse response = {.status = IMAP_OK};
    const SourceListPlan *plan = list->plan;
    bool together = plan->only_new && plan->known_validity && plan->known_uid &&
                    plan->known_uid < UINT32_MAX && !sifts(plan);
    const char *folder = list->listing->folder;
    wire_hold(s->wire);
    if (!imap_source_ask_select(s, folder, plan->read_only, &select, error)) {
        return false;
    }
    if (together) {
        fetch = imap_next_tag(s->base.session);
        if (!wire_sendf(s->wire, error, "%s UID FETCH %u:* %s", fetch.text, plan->known_uid + 1,
                        ITEMS)) {
            return false;
        }
    }
    if (!imap_source_take_select(s, folder, plan->read_only, select, error)) {
        /* the other command's refusal is taken too: the session stays usable */
        return together && imap_source_await(s, fetch, NULL, NULL, &response, NULL) && false;
    }
    bool same = plan->known_validity && plan->known_validity == s->validity;
    list->above = plan->only_new && same ? plan->known_uid : 0;
    *done = together && same;
    return !together ||
           (imap_source_await(s, fetch, same ? take_message : NULL, list, &response, error) &&
            (response.status == IMAP_OK || !same || !s->exists ||
             imap_source_refused(s, &response, "listing the folder", error)));
}

/* LIST told that there is nothing new in it. That holds once: later it would be old. */
static bool is_known_unchanged(ImapSource *s, const SourceListPlan *plan, SourceListing *listing)
{
    g_autofree char *raw = imap_source_raw_name(s, listing->folder, NULL);
    const ImapReached *reached = raw ? g_hash_table_lookup(s->statuses, raw) : NULL;
    bool same = reached && plan->only_new && plan->may_skip && plan->known_validity &&
                reached->validity == plan->known_validity && plan->known_uid && reached->uid_next &&
                reached->uid_next - 1 <= plan->known_uid;
    if (same) {
        listing->delimiter = s->delimiter;
        listing->validity = reached->validity;
        listing->uid_next = reached->uid_next;
    }
    if (raw) {
        g_hash_table_remove(s->statuses, raw);
    }
    return same;
}

SourceListing *imap_source_list(Source *source, const SourceListPlan *plan, GError **error)
{
    ImapSource *s = (ImapSource *)source;
    g_autoptr(SourceListing) listing = source_listing_new(plan->folder ? plan->folder : "INBOX");
    List list = {plan, listing, 0};
    bool done = false;
    if (is_known_unchanged(s, plan, listing)) {
        return g_steal_pointer(&listing);
    }
    if (!open_and_ask(s, &list, &done, error) || (!done && !fill(s, &list, error))) {
        return NULL;
    }
    set_in_order(listing->messages);
    listing->delimiter = s->delimiter;
    listing->validity = s->validity;
    listing->uid_next = s->uid_next;
    listing->modseq = s->modseq;
    return g_steal_pointer(&listing);
}
