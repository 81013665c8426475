/* explain_caps_other.c: stream features of XMPP and capability flags of MySQL in a phrase. */
#include "report/explain_tables.h"

static const CapMeaning xmpp_capabilities[] = {
    {"starttls", GROUP_SECURITY, "the connection can be upgraded to TLS", "RFC 6120"},
    {"SASL", GROUP_AUTH, "one can log in", "RFC 6120", explain_login_by},
    {"authentication", GROUP_AUTH, "login in fewer round trips", "XEP-0388"},
    {"sasl-channel-binding", GROUP_AUTH, "kinds of channel binding the server has", "XEP-0440"},
    {"auth", GROUP_AUTH, "login without SASL (of old)", "XEP-0078"},
    {"register", GROUP_AUTH, "accounts can be made here", "XEP-0077"},
    {"dialback", GROUP_AUTH, "servers prove themselves by calling back", "XEP-0220"},
    {"bidi", GROUP_TRANSPORT, "one connection serves both directions between servers", "XEP-0288"},
    {"compression", GROUP_TRANSPORT, "the connection can be compressed", "XEP-0138"},
    {"sm", GROUP_TRANSPORT, "a broken session can be resumed", "XEP-0198"},
    {"csi", GROUP_TRANSPORT, "the client tells whether somebody looks", "XEP-0352"},
    {"bind", GROUP_SERVER, "a resource is bound after login", "RFC 6120"},
    {"session", GROUP_SERVER, "a session is begun after login (of old)", "RFC 3921"},
    {"ver", GROUP_SERVER, "the roster has versions", "RFC 6121"},
    {"sub", GROUP_SERVER, "subscriptions can be approved beforehand", "RFC 6121"},
    {"c", GROUP_SERVER, "what the server can do, as a digest", "XEP-0115"},
    {"limits", GROUP_LIMIT, "limits of the stream are told", "XEP-0478"},
    {NULL},
};

static const char *const xmpp_protos[] = {"xmpp", "xmpp-server", NULL};
const Vocabulary vocabulary_xmpp = {.protos = xmpp_protos, .capabilities = xmpp_capabilities};

static const CapMeaning mysql_capabilities[] = {
    {"SSL", GROUP_SECURITY, "the connection can be upgraded to TLS", NULL},
    {"SECURE_CONNECTION", GROUP_AUTH, "login by challenge and response", NULL},
    {"PLUGIN_AUTH", GROUP_AUTH, "login by plugins", NULL},
    {"COMPRESS", GROUP_TRANSPORT, "the connection can be compressed", NULL},
    {"PROTOCOL_41", GROUP_SERVER, "the protocol as of version 4.1", NULL},
    {NULL},
};

static const char *const mysql_protos[] = {"mysql", NULL};
const Vocabulary vocabulary_mysql = {.protos = mysql_protos, .capabilities = mysql_capabilities};
