/* What clients send to the sandbox's IMAP server: commands, APPEND, FETCH, SEARCH, STORE's flags,
 * sets and dates. */
#include <string.h>

#include "server/imap_fetch_args.h"
#include "server/imap_search_args.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a label says is what was asked. */
static void fetch(Bytes args)
{
    g_autoptr(GArray) items = imap_parse_fetch_items(args);
    for (guint n = 0; items && n < items->len; n++) {
        const ImapFetchItem *item = &g_array_index(items, ImapFetchItem, n);
        if (item->kind == IMAP_FETCH_SECTION) {
            g_autofree char *label = imap_fetch_label(item);
            g_assert_true(g_str_has_prefix(label, item->label ? "RFC822" : "BODY["));
            g_assert_cmpuint(item->section.depth, <=, IMAP_SECTION_DEPTH);
        }
    }
}

static void search(Bytes args)
{
    ImapSearch s;
    if (imap_parse_search(args, 10, 100, &s)) {
        g_assert_true(s.bad_charset || s.key->kind == IMAP_SEARCH_AND);
        imap_search_clear(&s);
    }
}

static void small_things(Bytes in)
{
    Bytes rest = in;
    g_autoptr(ImapSet) set = imap_set_new();
    if (imap_scan_set(&rest, 10, set)) {
        g_assert_cmpuint(set->ranges->len, >, 0);
        g_assert_cmpuint(rest.len, <, in.len);
    }
    Mail flags = {0};
    rest = in;
    imap_scan_flags(&rest, &flags);
    imap_flags_clear(&flags);
    int64_t when;
    uint32_t day;
    rest = in;
    imap_scan_date_time(&rest, &when);
    rest = in;
    if (imap_scan_date(&rest, &day)) {
        g_assert_cmpuint(day % 100, >, 0);
    }
    rest = in;
    g_autofree char *mailbox = imap_scan_mailbox(&rest);
    g_assert_true(!mailbox || g_utf8_validate(mailbox, -1, NULL));
}

static void append(Bytes args)
{
    ImapAppend a;
    if (imap_parse_append(args, &a)) {
        g_assert_nonnull(a.mailbox);
        imap_append_clear(&a);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Bytes in = {(const char *)data, size};
    ImapCommandLine line;
    if (imap_command_line(in, &line)) {
        Bytes args = line.args;
        g_autoptr(ImapSet) set = imap_set_new();
        g_assert_cmpuint(line.tag.len, >, 0);
        append(args);
        search(args);
        if (imap_scan_set(&args, 10, set) && imap_scan_space(&args)) {
            fetch(args);
            small_things(args);
        }
    }
    fetch(in);
    search(in);
    small_things(in);
    return 0;
}
