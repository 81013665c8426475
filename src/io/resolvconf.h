/* resolvconf.h: what resolv.conf(5) says. */
#pragma once

#include "base/bytes.h"

typedef struct {
    GPtrArray *servers; /* of char *: addresses, as written; at most 3, as in the C library */
    GPtrArray *search;  /* of char *: domains without the dot at the end; at most 6 */
} ResolvConf;

/* Never fails: what it does not know it skips, as the C library does. */
ResolvConf *resolvconf_parse(Bytes text);
void resolvconf_free(ResolvConf *conf);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ResolvConf, resolvconf_free)
