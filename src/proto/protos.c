/* protos.c: the registry. A new protocol is a file and a line here. */
#include "proto/protos.h"

#include <string.h>

const Proto *const protos[] = {
    &proto_smtp,     &proto_submission, &proto_lmtp,  &proto_pop3, &proto_imap,        &proto_sieve,
    &proto_ftp,      &proto_nntp,       &proto_irc,   &proto_xmpp, &proto_xmpp_server, &proto_ldap,
    &proto_postgres, &proto_mysql,      &proto_https, &proto_tls,  &proto_tcp,         NULL,
};

const Proto *proto_find(const char *name)
{
    for (size_t i = 0; protos[i]; i++) {
        if (!strcmp(protos[i]->name, name)) {
            return protos[i];
        }
    }
    return NULL;
}
