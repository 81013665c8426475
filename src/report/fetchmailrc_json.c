#include "report/fetchmailrc_json.h"

#include <jansson.h>
#include <stdlib.h>

#include "base/escape.h"
#include "config/fetchmailrc_words.h"

/* A file may hold any bytes: escaped, they are UTF-8. */
static json_t *text(const char *value)
{
    if (!value) {
        return json_null();
    }
    g_autofree char *shown = escape_text(bytes_of(value));
    return json_string(shown);
}

static json_t *list(char **strings)
{
    json_t *array = json_array();
    for (char **s = strings; s && *s; s++) {
        json_array_append_new(array, text(*s));
    }
    return array;
}

static json_t *numbers(const GArray *values)
{
    json_t *array = json_array();
    for (guint i = 0; values && i < values->len; i++) {
        json_array_append_new(array, json_integer(g_array_index(values, int, i)));
    }
    return array;
}

static json_t *value_of(const FetchmailWord *w, const void *slot)
{
    switch (w->kind) {
    case WORD_FLAG:
        return json_boolean(*(const int *)slot);
    case WORD_BAD_HEADER:
        return json_string(*(const int *)slot ? "accept" : "reject");
    case WORD_NUMBER:
        return json_integer(*(const int *)slot);
    case WORD_NUMBERS:
        return numbers(*(GArray *const *)slot);
    case WORD_LIST:
        return list(*(char **const *)slot);
    case WORD_SECRET:
        return *(Secret *const *)slot ? json_string("*****") : json_null();
    default:
        return text(*(const char *const *)slot);
    }
}

/* All options of a scope, by the table of words. */
static json_t *block(const void *data, FetchmailScope scope)
{
    json_t *object = json_object();
    for (const FetchmailWord *w = fetchmail_words; w->word; w++) {
        if (w->scope == scope && !w->meaning) {
            json_object_set_new(object, w->word, value_of(w, (const char *)data + w->offset));
        }
    }
    return object;
}

static json_t *mapping(const FetchmailMapping *m)
{
    return m->local ? json_pack("[o, o]", text(m->name), text(m->local)) : text(m->name);
}

static json_t *user_json(const FetchmailUser *user)
{
    json_t *local = json_array();
    for (guint i = 0; i < user->local->len; i++) {
        json_array_append_new(local, mapping(g_ptr_array_index(user->local, i)));
    }
    json_t *object = block(user, SCOPE_USER);
    json_object_set_new(object, "user", text(user->remote));
    json_object_set_new(object, "is", local);
    json_object_set_new(object, "multidrop", json_boolean(user->wildcard || user->local->len > 1));
    json_object_set_new(object, "line", json_integer(user->line));
    return object;
}

static json_t *server_json(const FetchmailServer *server)
{
    json_t *users = json_array();
    for (guint i = 0; i < server->users->len; i++) {
        json_array_append_new(users, user_json(g_ptr_array_index(server->users, i)));
    }
    json_t *object = block(server, SCOPE_SERVER);
    json_object_set_new(object, "poll", text(server->name));
    json_object_set_new(object, "active", json_boolean(server->active));
    json_object_set_new(object, "envelope-skip", json_integer(server->envskip));
    json_object_set_new(object, "line", json_integer(server->line));
    json_object_set_new(object, "users", users);
    return object;
}

char *fetchmailrc_json(const FetchmailRc *rc)
{
    json_t *servers = json_array();
    for (guint i = 0; i < rc->servers->len; i++) {
        json_array_append_new(servers, server_json(g_ptr_array_index(rc->servers, i)));
    }
    json_t *object = block(rc, SCOPE_SET);
    json_object_set_new(object, "properties", text(rc->properties));
    json_object_set_new(object, "servers", servers);
    char *dumped = json_dumps(object, JSON_INDENT(2));
    json_decref(object);
    char *copy = g_strdup(dumped);
    free(dumped);
    return copy;
}
