#include "proto/smtp_offers.h"

#include <string.h>

enum { NUMBER_MAX = 1000 * 1000 };

/* "RCPTMAX=20 MAILMAX=5": a limit that is no number, or 0, is none (RFC 9422 3). */
static uint64_t limit(const char *args, const char *name)
{
    Bytes rest = bytes_of(args);
    while (rest.len) {
        Bytes word = bytes_word(&rest);
        gssize equals = bytes_index(word, '=');
        uint64_t value;
        if (equals > 0 && bytes_equal_ci(bytes_sub(word, 0, (size_t)equals), name) &&
            bytes_number(bytes_sub(word, (size_t)equals + 1, word.len), NUMBER_MAX, &value)) {
            return value;
        }
    }
    return 0;
}

#define EXTENSION(name, field)                                                                     \
    {                                                                                              \
        name, sizeof(name) - 1, offsetof(SmtpOffers, field)                                        \
    }

static const struct {
    const char *name;
    size_t len;    /* of the name: nearly all others differ in it */
    size_t offset; /* of a bool in SmtpOffers */
} extensions[] = {
    EXTENSION("PIPELINING", pipelining),
    EXTENSION("CHUNKING", chunking),
    EXTENSION("8BITMIME", eight_bit),
    EXTENSION("SMTPUTF8", smtputf8),
    EXTENSION("DSN", dsn),
    EXTENSION("REQUIRETLS", require_tls),
    EXTENSION("AUTH", auth),
    EXTENSION("ENHANCEDSTATUSCODES", enhanced_codes),
    EXTENSION("SIZE", size),
};

static void take_name(SmtpOffers *offers, Bytes name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(extensions); i++) {
        if (name.len == extensions[i].len && bytes_equal_ci(name, extensions[i].name)) {
            *(bool *)((char *)offers + extensions[i].offset) = true;
            return;
        }
    }
}

SmtpOffers smtp_offers(const Caps *caps)
{
    SmtpOffers offers = {0};
    for (size_t i = 0; i < caps_count(caps); i++) {
        take_name(&offers, bytes_of(caps_name(caps, i)));
    }
    Bytes size = bytes_trim(bytes_of(caps_args(caps, "SIZE")));
    if (!bytes_number(size, UINT64_MAX, &offers.size_max)) {
        offers.size_max = 0;
    }
    const char *limits = caps_args(caps, "LIMITS");
    offers.mail_max = limit(limits, "MAILMAX");
    offers.rcpt_max = limit(limits, "RCPTMAX");
    offers.rcpt_domain_max = limit(limits, "RCPTDOMAINMAX");
    return offers;
}
