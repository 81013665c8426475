/* resolvconf.c: reading resolv.conf(5). */
#include "io/resolvconf.h"

#include <string.h>

#define SERVERS_MAX 3
#define SEARCH_MAX 6

static void add(GPtrArray *list, Bytes word, size_t max)
{
    if (word.len > 0 && list->len < max) {
        g_ptr_array_add(list, bytes_dup(word));
    }
}

static void add_search(ResolvConf *conf, Bytes rest)
{
    g_ptr_array_set_size(conf->search, 0); /* the last line counts */
    while (rest.len > 0) {
        Bytes word = bytes_word(&rest);
        while (word.len > 0 && word.data[word.len - 1] == '.') {
            word.len--;
        }
        add(conf->search, word, SEARCH_MAX);
    }
}

static void parse_line(ResolvConf *conf, Bytes line)
{
    Bytes rest = bytes_trim(line);
    Bytes keyword = bytes_word(&rest);
    if (bytes_equal(keyword, BYTES_LITERAL("nameserver"))) {
        add(conf->servers, bytes_word(&rest), SERVERS_MAX);
    } else if (bytes_equal(keyword, BYTES_LITERAL("search")) ||
               bytes_equal(keyword, BYTES_LITERAL("domain"))) {
        add_search(conf, rest);
    }
}

ResolvConf *resolvconf_parse(Bytes text)
{
    ResolvConf *conf = g_new0(ResolvConf, 1);
    conf->servers = g_ptr_array_new_with_free_func(g_free);
    conf->search = g_ptr_array_new_with_free_func(g_free);
    while (text.len > 0) {
        gssize end = bytes_index(text, '\n');
        Bytes line = bytes_sub(text, 0, end < 0 ? text.len : (size_t)end);
        text = bytes_sub(text, line.len + 1, text.len);
        parse_line(conf, line);
    }
    return conf;
}

void resolvconf_free(ResolvConf *conf)
{
    if (!conf) {
        return;
    }
    g_ptr_array_unref(conf->servers);
    g_ptr_array_unref(conf->search);
    g_free(conf);
}
