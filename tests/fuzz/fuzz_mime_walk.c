/* Messages, as the sandbox takes them apart for IMAP: parts, ENVELOPE, BODYSTRUCTURE, sections,
 * and text for SEARCH. */
#include <string.h>

#include "server/imapd_section.h"
#include "server/imapd_structure.h"
#include "server/mime_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Parts lie in the text, in order, and children within their parents. */
static void check_tree(const MimeParts *tree)
{
    for (uint32_t p = 0; p < tree->parts->len; p++) {
        const MimePart *part = mime_part(tree, p);
        g_assert_cmpuint(part->header, <=, part->body);
        g_assert_cmpuint(part->body, <=, part->end);
        g_assert_cmpuint(part->end, <=, tree->text.len);
        g_assert_cmpuint(part->depth, <=, MIME_DEPTH_MAX);
        if (part->parent != MIME_NO_PART) {
            const MimePart *parent = mime_part(tree, part->parent);
            g_assert_cmpuint(part->parent, <, p);
            g_assert_cmpuint(part->header, >=, parent->body);
            g_assert_true(parent->kind != MIME_LEAF);
        }
        g_assert_true(part->kind != MIME_MESSAGE || part->first != MIME_NO_PART);
    }
}

static void check_sections(Bytes text)
{
    static const char *const asked[] = {"BODY[1.2.MIME]",   "BODY[1]<3.10>",
                                        "BODY[2.HEADER]",   "BODY[HEADER.FIELDS (FROM SUBJECT)]",
                                        "BODY[1.1.1.TEXT]", "BODY[TEXT]"};
    ImapMessage message = {.text = text};
    for (size_t i = 0; i < G_N_ELEMENTS(asked); i++) {
        g_autoptr(GArray) items = imap_parse_fetch_items(bytes_of(asked[i]));
        Bytes octets;
        GString *own;
        if (imap_section(&message, &g_array_index(items, ImapFetchItem, 0), &octets, &own)) {
            g_assert_cmpuint(octets.len, <=, text.len + 2);
            if (own) {
                g_string_free(own, TRUE);
            }
        }
    }
    imap_message_clear(&message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Bytes text = {(const char *)data, size};
    g_autoptr(MimeParts) tree = mime_walk(text);
    g_autoptr(GString) out = g_string_new(NULL);
    check_tree(tree);
    imap_put_envelope(out, mime_header_of(text));
    imap_put_structure(out, tree, true);
    imap_put_structure(out, tree, false);
    g_assert_null(memchr(out->str, '\0', out->len));
    check_sections(text);
    for (uint32_t p = 0; p < tree->parts->len && p < 20; p++) {
        mime_part_has(tree, mime_part(tree, p), "needle");
        mime_header_has(mime_part_header(tree, mime_part(tree, p)), "needle");
    }
    Bytes value;
    if (mime_field(mime_header_of(text), "Date", &value)) {
        g_assert_cmpuint(mime_date(value), <, 100000000);
    }
    return 0;
}
