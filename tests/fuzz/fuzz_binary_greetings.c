/* LDAP's ExtendedResponse, MySQL's greeting, XMPP's tags, IRC's messages: small parsers share a
 * target. */
#include "proto/irc_parse.h"
#include "proto/ldap_parse.h"
#include "proto/mysql_parse.h"
#include "proto/xmpp_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ldap(Bytes all)
{
    LdapResponse response;
    uint64_t total;
    if (ldap_parse_extended(all, &response)) {
        g_assert_true(ldap_message_length(all, &total) && total && total <= all.len);
        g_assert_true(response.words.len < all.len);
    }
}

static void xmpp(Bytes all)
{
    XmppTag tag;
    xmpp_tag_unfinished(all);
    xmpp_parse_tag(all, &tag);
    g_assert_true(tag.kind != XMPP_OPEN || tag.name.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Bytes all = {(const char *)data, size};
    MysqlGreeting greeting;
    IrcMessage message;
    ldap(all);
    xmpp(all);
    mysql_parse_greeting(all, &greeting);
    g_assert_true(greeting.version.len <= size && greeting.words.len <= size);
    if (irc_parse(all, &message)) {
        g_assert_true(message.count <= IRC_PARAMS_MAX && irc_last(&message).len < size);
    }
    return 0;
}
