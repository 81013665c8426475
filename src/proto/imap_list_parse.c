#include "proto/imap_list_parse.h"

#include <string.h>

#include "proto/tokens.h"

static const struct {
    const char *name;
    size_t offset;
} attributes[] = {
    {"\\Noselect", offsetof(ImapFolder, no_select)},
    {"\\NonExistent", offsetof(ImapFolder, no_select)},
    {"\\All", offsetof(ImapFolder, all)},
    {"\\AllMail", offsetof(ImapFolder, all)}, /* Gmail's XLIST */
    {"\\Flagged", offsetof(ImapFolder, flagged)},
    {"\\Important", offsetof(ImapFolder, important)},
    {"\\Trash", offsetof(ImapFolder, trash)},
};

static void take_attribute(ImapFolder *folder, Bytes word)
{
    for (size_t i = 0; i < G_N_ELEMENTS(attributes); i++) {
        if (bytes_equal_ci(word, attributes[i].name)) {
            *(bool *)((char *)folder + attributes[i].offset) = true;
        }
    }
}

static bool take_attributes(Tokens *t, ImapFolder *folder)
{
    Token token = token_next(t);
    if (token.kind != TOKEN_OPEN) {
        return false;
    }
    while ((token = token_next(t)).kind == TOKEN_ATOM) {
        take_attribute(folder, token.text);
    }
    return token.kind == TOKEN_CLOSE;
}

static bool take_delimiter(Tokens *t, ImapFolder *folder)
{
    Token token = token_next(t);
    if (token.kind == TOKEN_ATOM) {
        return bytes_equal_ci(token.text, "NIL");
    }
    g_autofree char *text = token.kind == TOKEN_QUOTED ? token_text(token) : NULL;
    if (!text || strlen(text) > 1) {
        return false;
    }
    folder->delimiter = text[0];
    return true;
}

static char *take_name(Tokens *t)
{
    Token name = token_next(t);
    bool is_name =
        name.kind == TOKEN_ATOM || name.kind == TOKEN_QUOTED || name.kind == TOKEN_LITERAL;
    bool usable = is_name && name.text.len && !memchr(name.text.data, '\0', name.text.len);
    return usable ? token_text(name) : NULL;
}

bool imap_parse_list(Bytes rest, ImapFolder *ret)
{
    Tokens t = tokens_of(rest);
    *ret = (ImapFolder){0};
    if (!take_attributes(&t, ret) || !take_delimiter(&t, ret)) {
        return false;
    }
    ret->name = take_name(&t);
    return ret->name != NULL;
}

/* "UIDNEXT 7 UIDVALIDITY 1)", in any order, with others between them. */
static bool take_status(Tokens *t, ImapStatusLine *status)
{
    Token word = token_next(t);
    for (; word.kind == TOKEN_ATOM; word = token_next(t)) {
        uint64_t number = 0;
        Token value = token_next(t);
        if (value.kind != TOKEN_ATOM || !bytes_number(value.text, UINT64_MAX, &number)) {
            return false;
        }
        bool fits = number <= UINT32_MAX;
        if (fits && bytes_equal_ci(word.text, "UIDNEXT")) {
            status->uid_next = (uint32_t)number;
        } else if (fits && bytes_equal_ci(word.text, "UIDVALIDITY")) {
            status->validity = (uint32_t)number;
        }
    }
    return word.kind == TOKEN_CLOSE;
}

bool imap_parse_status(Bytes rest, ImapStatusLine *ret)
{
    Tokens t = tokens_of(rest);
    *ret = (ImapStatusLine){0};
    g_autofree char *name = take_name(&t);
    if (!name || token_next(&t).kind != TOKEN_OPEN || !take_status(&t, ret)) {
        return false;
    }
    ret->name = g_steal_pointer(&name);
    return true;
}

void imap_folder_clear(ImapFolder *folder)
{
    g_clear_pointer(&folder->name, g_free);
}
