/* explain_caps_ftp.c: lines of FTP's FEAT (RFC 2389) in a phrase. */
#include <string.h>

#include "report/explain_tables.h"

/* Only what names a mechanism says that TLS can be had. */
static char *auth(const char *arguments)
{
    bool tls = strstr(arguments, "TLS") != NULL;
    bool ssl = strstr(arguments, "SSL") != NULL;
    return tls || ssl
               ? g_strdup_printf("the connection can be upgraded with AUTH %s", tls ? "TLS" : "SSL")
               : NULL;
}

const CapMeaning ftp_capabilities[] = {
    {"AUTH", GROUP_SECURITY, "the connection can be secured", "RFC 4217", auth},
    {"PBSZ", GROUP_SECURITY, "protection buffer size, needed before PROT", "RFC 4217"},
    {"PROT", GROUP_SECURITY, "data connections can be encrypted (PROT P)", "RFC 4217"},
    {"CCC", GROUP_SECURITY, "the control connection can go back to plain text", "RFC 4217"},
    {"CDC", GROUP_SECURITY, "data connections can go back to plain text", NULL},
    {"CPSV", GROUP_SECURITY, "encrypted transfers from server to server", NULL},
    {"SSCN", GROUP_SECURITY, "encrypted transfers from server to server", NULL},
    {"ADAT", GROUP_SECURITY, "security data", "RFC 2228"},
    {"HOST", GROUP_SERVER, "virtual hosts by name", "RFC 7151"},
    {"CLNT", GROUP_SERVER, "the client can tell which program it is", NULL},
    {"CSID", GROUP_SERVER, "client and server can tell which program they are", NULL},
    {"LANG", GROUP_SERVER, "replies in another language", "RFC 2640"},
    {"SITE", GROUP_SERVER, "the server's own commands", "RFC 959"},
    {"STAT", GROUP_SERVER, "status over the control connection", "RFC 959"},
    {"UTF8", GROUP_SERVER, "file names in UTF-8", "RFC 2640"},
    {"EPRT", GROUP_TRANSPORT, "active data connections, IPv6 too", "RFC 2428"},
    {"EPSV", GROUP_TRANSPORT, "passive data connections, IPv6 too", "RFC 2428"},
    {"PASV", GROUP_TRANSPORT, "passive data connections", "RFC 959"},
    {"PRET", GROUP_TRANSPORT, "the transfer is announced before PASV", NULL},
    {"ESTP", GROUP_TRANSPORT, "striped data connections", NULL},
    {"ESTA", GROUP_TRANSPORT, "extended status", NULL},
    {"MODE", GROUP_TRANSPORT, "transfers can be compressed (MODE Z)", NULL},
    {"REST", GROUP_TRANSPORT, "a broken transfer can go on where it stopped", "RFC 3659"},
    {"RANG", GROUP_TRANSPORT, "a range of a file", NULL},
    {"MLST", GROUP_MESSAGE, "listings for programs (MLSD, MLST)", "RFC 3659"},
    {"MLSD", GROUP_MESSAGE, "listings for programs", "RFC 3659"},
    {"SIZE", GROUP_MESSAGE, "the size of a file", "RFC 3659"},
    {"MDTM", GROUP_MESSAGE, "when a file was changed", "RFC 3659"},
    {"MFMT", GROUP_MESSAGE, "the time of a file can be set", NULL},
    {"MFCT", GROUP_MESSAGE, "the creation time of a file can be set", NULL},
    {"MFF", GROUP_MESSAGE, "facts of a file can be set", NULL},
    {"TVFS", GROUP_MESSAGE, "paths work as in one file tree", "RFC 3659"},
    {"COMB", GROUP_MESSAGE, "parts can be joined to one file", NULL},
    {"AVBL", GROUP_MESSAGE, "how much room there is", NULL},
    {"HASH", GROUP_MESSAGE, "digest of a file", NULL},
    {"XCRC", GROUP_MESSAGE, "checksum of a file", NULL},
    {"XMD5", GROUP_MESSAGE, "checksum of a file", NULL},
    {"XSHA", GROUP_MESSAGE, "checksum of a file", NULL},
    {"XSHA1", GROUP_MESSAGE, "checksum of a file", NULL},
    {"XSHA256", GROUP_MESSAGE, "checksum of a file", NULL},
    {"XSHA512", GROUP_MESSAGE, "checksum of a file", NULL},
    {NULL},
};
