/* explain_caps_irc.c: what a server names after CAP LS (IRCv3). */
#include "report/explain_tables.h"

const CapMeaning irc_capabilities[] = {
    {"tls", GROUP_SECURITY, "the connection can be upgraded to TLS", "IRCv3 tls"},
    {"sts", GROUP_SECURITY, "the server demands TLS from now on", "IRCv3 sts"},
    {"sts=", GROUP_SECURITY, "the server demands TLS from now on", "IRCv3 sts"},
    {"sasl", GROUP_AUTH, "one can log in with AUTHENTICATE", "IRCv3 sasl"},
    {"sasl=", GROUP_AUTH, "one can log in with AUTHENTICATE", "IRCv3 sasl", explain_login_by},
    {"account-notify", GROUP_MESSAGE, "tells when others log in or out", "IRCv3"},
    {"account-tag", GROUP_MESSAGE, "messages tell the sender's account", "IRCv3"},
    {"away-notify", GROUP_MESSAGE, "tells when others go away", "IRCv3"},
    {"batch", GROUP_MESSAGE, "messages that belong together", "IRCv3"},
    {"cap-notify", GROUP_SERVER, "tells when capabilities change", "IRCv3"},
    {"chghost", GROUP_MESSAGE, "tells when others' host changes", "IRCv3"},
    {"echo-message", GROUP_MESSAGE, "one's own messages come back", "IRCv3"},
    {"extended-join", GROUP_MESSAGE, "JOIN tells the account", "IRCv3"},
    {"invite-notify", GROUP_MESSAGE, "tells of invitations", "IRCv3"},
    {"labeled-response", GROUP_MESSAGE, "answers name the command they belong to", "IRCv3"},
    {"message-tags", GROUP_MESSAGE, "messages carry tags", "IRCv3"},
    {"multi-prefix", GROUP_MESSAGE, "all prefixes of a nickname", "IRCv3"},
    {"server-time", GROUP_MESSAGE, "messages carry the time", "IRCv3"},
    {"setname", GROUP_MESSAGE, "the real name can be changed", "IRCv3"},
    {"userhost-in-names", GROUP_MESSAGE, "NAMES gives user and host", "IRCv3"},
    {NULL},
};
