/* What the blocks of a fetchmailrc own, and how one inherits from `defaults`: by the rows of
 * fetchmail_words. */
#include <string.h>

#include "config/fetchmailrc_words.h"

static void *slot_of(const void *block, const FetchmailWord *w)
{
    return (char *)block + w->offset;
}

/* The rows of a scope, aliases left out. */
static bool is_row(const FetchmailWord *w, FetchmailScope scope)
{
    return w->scope == scope && !w->meaning;
}

static bool is_integer(const FetchmailWord *w)
{
    return w->kind == WORD_FLAG || w->kind == WORD_NUMBER || w->kind == WORD_BAD_HEADER;
}

static bool is_string(const FetchmailWord *w)
{
    return w->kind == WORD_STRING || w->kind == WORD_PATH || w->kind == WORD_SERVICE ||
           w->kind == WORD_ENVELOPE;
}

void fetchmail_block_init(void *block, FetchmailScope scope)
{
    for (const FetchmailWord *w = fetchmail_words; w->word; w++) {
        if (is_row(w, scope) && is_integer(w)) {
            *(int *)slot_of(block, w) = FETCHMAIL_UNSET;
        }
    }
}

void fetchmail_block_clear(void *block, FetchmailScope scope)
{
    for (const FetchmailWord *w = fetchmail_words; w->word; w++) {
        if (!is_row(w, scope)) {
            continue;
        }
        void *slot = slot_of(block, w);
        if (is_string(w)) {
            g_free(*(char **)slot);
        } else if (w->kind == WORD_LIST) {
            g_strfreev(*(char ***)slot);
        } else if (w->kind == WORD_SECRET) {
            secret_free(*(Secret **)slot);
        } else if (w->kind == WORD_NUMBERS) {
            g_clear_pointer((GArray **)slot, g_array_unref);
        }
    }
}

/* At a server, 0 counts as not said: that is fetchmail's way. */
static bool is_unset(const FetchmailWord *w, const void *slot)
{
    int number = is_integer(w) ? *(const int *)slot : 0;
    if (w->kind == WORD_NUMBER && w->scope == SCOPE_SERVER) {
        return number == FETCHMAIL_UNSET || number == 0;
    }
    return is_integer(w) ? number == FETCHMAIL_UNSET : *(void *const *)slot == NULL;
}

static void copy_slot(const FetchmailWord *w, void *to, const void *from)
{
    if (is_integer(w)) {
        *(int *)to = *(const int *)from;
    } else if (is_string(w)) {
        *(char **)to = g_strdup(*(char *const *)from);
    } else if (w->kind == WORD_LIST) {
        *(char ***)to = g_strdupv(*(char **const *)from);
    } else if (w->kind == WORD_SECRET) {
        *(Secret **)to = secret_copy(*(Secret *const *)from);
    } else if (w->kind == WORD_NUMBERS) {
        *(GArray **)to = g_array_ref(*(GArray *const *)from);
    } else {
        *(const char **)to = *(const char *const *)from; /* protocol, auth: words of the table */
    }
}

static void inherit(void *to, const void *from, FetchmailScope scope, GHashTable *to_lines,
                    GHashTable *from_lines)
{
    for (const FetchmailWord *w = fetchmail_words; w->word; w++) {
        bool wanted = is_row(w, scope) && !w->own && is_unset(w, slot_of(to, w));
        if (!wanted || is_unset(w, slot_of(from, w))) {
            continue;
        }
        copy_slot(w, slot_of(to, w), slot_of(from, w));
        g_hash_table_insert(to_lines, (char *)w->word, g_hash_table_lookup(from_lines, w->word));
    }
}

void fetchmail_server_inherit(FetchmailServer *to, const FetchmailServer *from)
{
    if (!from) {
        return;
    }
    bool says_none = to->no_envelope;
    inherit(to, from, SCOPE_SERVER, to->lines, from->lines);
    if (says_none) {
        g_clear_pointer(&to->envelope, g_free);
    }
    to->no_envelope |= !to->envelope && from->no_envelope;
    to->envskip = to->envskip ? to->envskip : from->envskip;
}

void fetchmail_user_inherit(FetchmailUser *to, const FetchmailUser *from)
{
    if (!from) {
        return;
    }
    inherit(to, from, SCOPE_USER, to->lines, from->lines);
    if (!to->remote) {
        to->remote = g_strdup(from->remote);
    }
    if (to->local->len > 0 || to->wildcard) {
        return;
    }
    to->wildcard = from->wildcard;
    for (guint i = 0; i < from->local->len; i++) {
        const FetchmailMapping *mapping = g_ptr_array_index(from->local, i);
        FetchmailMapping *copy = g_new0(FetchmailMapping, 1);
        *copy = (FetchmailMapping){g_strdup(mapping->name), g_strdup(mapping->local)};
        g_ptr_array_add(to->local, copy);
    }
}

void fetchmail_fill(void *block, FetchmailScope scope)
{
    for (const FetchmailWord *w = fetchmail_words; w->word; w++) {
        if (is_row(w, scope) && is_integer(w) && is_unset(w, slot_of(block, w))) {
            *(int *)slot_of(block, w) = w->fallback;
        }
    }
}

void fetchmail_mapping_free(FetchmailMapping *mapping)
{
    g_free(mapping->name);
    g_free(mapping->local);
    g_free(mapping);
}

FetchmailUser *fetchmail_user_new(void)
{
    FetchmailUser *user = g_new0(FetchmailUser, 1);
    fetchmail_block_init(user, SCOPE_USER);
    user->local = g_ptr_array_new_with_free_func((GDestroyNotify)fetchmail_mapping_free);
    user->lines = g_hash_table_new(g_str_hash, g_str_equal);
    return user;
}

FetchmailServer *fetchmail_server_new(void)
{
    FetchmailServer *server = g_new0(FetchmailServer, 1);
    fetchmail_block_init(server, SCOPE_SERVER);
    server->users = g_ptr_array_new_with_free_func((GDestroyNotify)fetchmail_user_free);
    server->lines = g_hash_table_new(g_str_hash, g_str_equal);
    return server;
}

void fetchmail_user_free(FetchmailUser *user)
{
    if (!user) {
        return;
    }
    fetchmail_block_clear(user, SCOPE_USER);
    g_free(user->remote);
    g_ptr_array_unref(user->local);
    g_hash_table_unref(user->lines);
    g_free(user);
}

void fetchmail_server_free(FetchmailServer *server)
{
    if (!server) {
        return;
    }
    fetchmail_block_clear(server, SCOPE_SERVER);
    g_free(server->name);
    g_ptr_array_unref(server->users);
    g_hash_table_unref(server->lines);
    g_free(server);
}

void fetchmailrc_free(FetchmailRc *rc)
{
    if (!rc) {
        return;
    }
    fetchmail_block_clear(rc, SCOPE_SET);
    g_free(rc->properties);
    g_free(rc->file);
    g_ptr_array_unref(rc->servers);
    g_hash_table_unref(rc->lines);
    g_free(rc);
}

unsigned fetchmail_line(const GHashTable *lines, const char *word, unsigned otherwise)
{
    gpointer found = g_hash_table_lookup((GHashTable *)lines, word);
    return found ? GPOINTER_TO_UINT(found) : otherwise;
}
