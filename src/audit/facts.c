/* facts.c: making, naming and freeing what probes see. */
#include "audit/facts.h"

void fact_set(Fact *fact, Known known, const char *format, ...)
{
    g_free(fact->why);
    fact->known = known;
    fact->why = NULL;
    if (format != NULL) {
        va_list args;
        va_start(args, format);
        fact->why = g_strdup_vprintf(format, args);
        va_end(args);
    }
}

void fact_clear(Fact *fact)
{
    g_clear_pointer(&fact->why, g_free);
    fact->known = UNKNOWN;
}

const char *role_name(Role role)
{
    static const char *const names[] = {"MX", "submission", "mailbox access", "other"};
    return names[role];
}

static const struct {
    const char *name;
    uint16_t wire;
} versions[V_COUNT] = {
    {"SSLv2", 0x0002},   {"SSLv3", 0x0300},   {"TLS 1.0", 0x0301},
    {"TLS 1.1", 0x0302}, {"TLS 1.2", 0x0303}, {"TLS 1.3", 0x0304},
};

const char *version_index_name(VersionIndex v)
{
    return versions[v].name;
}

uint16_t version_index_wire(VersionIndex v)
{
    return versions[v].wire;
}

const char *suite_class_name(SuiteClass c)
{
    static const char *const names[CLASS_COUNT] = {
        "NULL",      "anonymous", "EXPORT", "RC4",   "single DES", "3DES",
        "CBC mode",  "static RSA", "DHE",   "ECDHE", "AEAD",
    };
    return names[c];
}
